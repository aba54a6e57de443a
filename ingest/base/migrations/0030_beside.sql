-- insights: a rival's row knows the objections of its call, so that calls are counted in one go ----

alter table call_mentions
    add column objections integer;      -- of rivals: a bit each, as insights/counting.py has them
update call_mentions m
   set objections = o.objections
  from (select call_id,
               bit_or(1 << array_position(array['price', 'authority', 'need', 'timing', 'incumbent',
                   'trust', 'security', 'integration', 'product_gap', 'effort', 'terms'], label) - 1)
                   as objections
          from call_mentions where kind = 'objection' group by call_id) o
 where o.call_id = m.call_id and m.kind = 'competitor';
analyze call_mentions;
