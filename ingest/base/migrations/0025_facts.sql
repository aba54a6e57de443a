-- insights: what a call counts for, without its words, so that weeks of calls are one short range --

create table call_mentions (            -- one row a call, kind and label; rejected mentions left out
    call_id   bigint not null references mined_call on delete cascade,  -- who relabels holds no call
    kind      text not null,
    label     text not null,
    day       date not null,                -- as in mined_call
    mentions  integer not null check (mentions > 0),
    stances   text[],                       -- of those mentions that have one
    primary key (call_id, kind, label)
);
insert into call_mentions (call_id, kind, label, day, mentions, stances)
select i.call_id, i.kind, i.label, m.day, count(*),
       array_agg(i.stance order by i.stance) filter (where i.stance is not null)
  from mined_call m join insight i on i.call_id = m.call_id
 where i.review <> 'rejected' group by 1, 2, 3, 4;

-- One kind's rows of some weeks, and the calls that they are of, without a look into the tables.
create index call_mentions_by_kind on call_mentions (kind, day)
    include (call_id, label, mentions, stances);
create index mined_call_by_day on mined_call (day) include (call_id, company_id, account_id);
drop index call_by_time;
create index call_by_time on call (held_at desc, id desc)
    include (company_id, account_id, rep_id, stage, lead_source, campaign, lead_created_at);
drop index call_by_account;
create index call_by_account on call (account_id, held_at desc)
    include (id, company_id, lead_created_at);

analyze call_mentions;
