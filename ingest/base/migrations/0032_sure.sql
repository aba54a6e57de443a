-- insights: what is sifted by confidence or review state is counted by call, too -------------------

alter table call_mentions
    add column confirmed    integer not null default 0,     -- of its mentions, by a person
    add column confidences  double precision[];             -- of its mentions, the surest first
update call_mentions m
   set confirmed = i.confirmed, confidences = i.confidences
  from (select call_id, kind, label, count(*) filter (where review = 'confirmed') as confirmed,
               array_agg(confidence order by confidence desc) as confidences
          from insight where review <> 'rejected' group by 1, 2, 3) i
 where (i.call_id, i.kind, i.label) = (m.call_id, m.kind, m.label);
alter table call_mentions
    alter column confirmed drop default,
    alter column confidences set not null;
analyze call_mentions;
