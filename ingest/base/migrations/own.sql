-- What a viewer sees who is bound to a rep: views named like the tables, through which that rep's
-- calls are all there are. `ingest.base.db.narrow` puts this schema first in the search path and
-- says whose the calls are; who is not said sees none. Made anew at every migration, so that the
-- views have the tables' columns. tests/ingest/base/test_own.py knows the tables without a view.

create schema earshot_own;

create view earshot_own.rep as
select * from rep where lower(btrim(name)) = lower(btrim(current_setting('earshot.rep', true)));

-- An array, so that it is made once and the index call_by_rep serves.
create view earshot_own.call as
select * from call where rep_id = any (array(select id from earshot_own.rep));

-- All that has the id of a call, also in tables to come.
do $$
declare
    told text;
begin
    for told in
        select table_name from information_schema.columns join information_schema.tables
                 using (table_schema, table_name)
         where table_schema = current_schema() and table_type = 'BASE TABLE'
           and column_name = 'call_id'
    loop
        execute format(
            'create view earshot_own.%1$I as select * from %1$I
              where call_id in (select id from earshot_own.call) with cascaded check option', told);
    end loop;
end $$;

create view earshot_own.audio as
select * from audio where sha256 in (select audio_sha256 from earshot_own.call);

create view earshot_own.waveform as
select * from waveform where audio_sha256 in (select audio_sha256 from earshot_own.call)
with cascaded check option;

create view earshot_own.account as
select * from account where id in (select account_id from earshot_own.call);

-- Roll-ups know no rep: what they say of these calls is counted.
create view earshot_own.daily_calls as
select day, company_id, account_id, count(*)::integer as calls
  from earshot_own.mined_call group by 1, 2, 3;

create view earshot_own.daily_mentions as
select m.day, m.company_id, m.account_id, i.kind, i.label,
       count(*)::integer as mentions, count(distinct i.call_id)::integer as calls
  from earshot_own.mined_call m join earshot_own.insight i using (call_id)
 where i.review <> 'rejected' group by 1, 2, 3, 4, 5;

create view earshot_own.daily_company_calls as
select day, company_id, sum(calls)::integer as calls from earshot_own.daily_calls group by 1, 2;

create view earshot_own.daily_company_mentions as
select kind, day, company_id, label, sum(mentions)::integer as mentions,
       sum(calls)::integer as calls
  from earshot_own.daily_mentions group by 1, 2, 3, 4;

create view earshot_own.daily_versions as
select i.kind, m.day, m.company_id, i.version, count(*)::integer as mentions
  from earshot_own.mined_call m join earshot_own.insight i using (call_id)
 where i.review = 'unreviewed' and i.detector <> 'person' group by 1, 2, 3, 4;

-- Of a theme's earlier names those that were said in these calls.
create view earshot_own.theme as
select id, company_id, name, created_at,
       array(select alias from unnest(aliases) alias
              where lower(alias) in (select lower(mined_label) from earshot_own.insight)) as aliases,
       merged_into, settled, status, status_since, issue_url
  from theme
 where id in (select unnest(array[part.id, part.merged_into]) from theme part
               where part.id in (select theme_id from earshot_own.insight));

-- What was counted of whole themes counts others' calls as well: all are counted afresh.
create view earshot_own.theme_tally as select * from theme_tally where false;
create view earshot_own.theme_stale as
select theme_id from earshot_own.insight where theme_id is not null;

create view earshot_own.proposal as
select * from proposal where id in (select proposal_id from earshot_own.proposal_mention);

create view earshot_own.webhook_delivery as
select * from webhook_delivery where event_id in (select id from earshot_own.webhook_event);

-- These tell of all calls in words that were made once; what they would tell is made afresh, or is
-- not for who sees a part.
create view earshot_own.edition as select * from edition where false with cascaded check option;
create view earshot_own.theme_suggestion as select * from theme_suggestion where false;
create view earshot_own.theme_change as select * from theme_change where false;
create view earshot_own.idempotency_key as select * from idempotency_key where false;
