-- insights: one label's days, whatever else was said on them --------------------------------------

create index daily_company_mentions_by_label on daily_company_mentions (kind, label, day)
    include (company_id, mentions, calls);

-- insights: what is counted knows of its call what it is counted by, so that no call is looked up --

alter table mined_call
    add column rep_id       bigint,     -- of the call, also what is noted of it later
    add column stage        text,
    add column lead_source  text,
    add column campaign     text;
update mined_call m
   set rep_id = c.rep_id, stage = c.stage, lead_source = c.lead_source, campaign = c.campaign
  from call c where c.id = m.call_id;

create table call_facts (like call_mentions);
insert into call_facts select * from call_mentions;
drop table call_mentions;
create table call_mentions (            -- one row a call, kind and label; rejected mentions left out
    call_id      bigint not null references mined_call on delete cascade,  -- who relabels holds none
    kind         text not null,
    label        text not null,
    mentions     integer not null check (mentions > 0),
    stances      text[],                    -- of those mentions that have one
    day          date not null,             -- this and what follows: as in mined_call
    company_id   bigint not null,
    account_id   bigint,
    rep_id       bigint,
    stage        text,
    lead_source  text,
    campaign     text,
    primary key (call_id, kind, label)
);
insert into call_mentions
select f.call_id, f.kind, f.label, f.mentions, f.stances, m.day, m.company_id, m.account_id, m.rep_id,
       m.stage, m.lead_source, m.campaign
  from call_facts f join mined_call m on m.call_id = f.call_id order by m.day, m.call_id;
drop table call_facts;
create index call_mentions_by_kind on call_mentions (kind, day);

create function counted_by_changed() returns trigger language plpgsql
set search_path from current as $$
begin
    -- Whoever relabels a company's mentions writes them anew from what he saw of their calls.
    perform 1 from company where id = new.company_id for no key update;
    update mined_call
       set rep_id = new.rep_id, stage = new.stage,
           lead_source = new.lead_source, campaign = new.campaign
     where call_id = new.id;
    update call_mentions
       set rep_id = new.rep_id, stage = new.stage,
           lead_source = new.lead_source, campaign = new.campaign
     where call_id = new.id;
    return null;
end $$;
create trigger counted_by after update on call
    for each row when ((old.rep_id, old.stage, old.lead_source, old.campaign)
        is distinct from (new.rep_id, new.stage, new.lead_source, new.campaign))
    execute function counted_by_changed();

-- Names of 300 letters each, three of them in one index, were more than it takes: one is enough.
drop index call_by_time;
create index call_by_time on call (held_at desc, id desc)
    include (company_id, account_id, rep_id, stage, lead_created_at);

analyze mined_call;
analyze call_mentions;
