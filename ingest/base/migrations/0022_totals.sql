-- insights: the roll-ups of all accounts together, so that years of them are few rows ------------

create table daily_company_mentions (   -- daily_mentions, whatever the account
    kind        text not null,
    day         date not null,
    company_id  bigint not null references company on delete cascade,
    label       text not null,
    mentions    integer not null check (mentions >= 0),
    calls       integer not null check (calls >= 0),
    primary key (kind, day, company_id, label)
);
insert into daily_company_mentions (kind, day, company_id, label, mentions, calls)
select kind, day, company_id, label, sum(mentions), sum(calls) from daily_mentions group by 1, 2, 3, 4;

create table daily_company_calls (      -- daily_calls, whatever the account
    day         date not null,
    company_id  bigint not null references company on delete cascade,
    calls       integer not null check (calls >= 0),
    primary key (day, company_id)
);
insert into daily_company_calls (day, company_id, calls)
select day, company_id, sum(calls) from daily_calls group by 1, 2;

create table daily_versions (           -- which detectors were at work
    kind        text not null,
    day         date not null,
    company_id  bigint not null references company on delete cascade,
    version     text not null,
    mentions    integer not null check (mentions >= 0),  -- that a detector found and nobody reviewed
    primary key (kind, day, company_id, version)
);
insert into daily_versions (kind, day, company_id, version, mentions)
select i.kind, m.day, m.company_id, i.version, count(*)
  from mined_call m join insight i on i.call_id = m.call_id
 where i.review = 'unreviewed' and i.detector <> 'person' group by 1, 2, 3, 4;

-- What stands behind a theme, so that a list of thousands need not look through their mentions.

create table theme_tally (              -- of a whole theme; right unless the theme is stale
    theme_id           bigint primary key references theme on delete cascade,
    mentions           integer not null,
    calls              integer not null,
    accounts           integer not null,
    value_usd          numeric not null,
    account_value_usd  numeric not null,
    last_heard         timestamptz not null
);

create table theme_stale (              -- added to by whoever changes what a theme counts
    theme_id  bigint not null           -- of a whole or of a part; any number of times
);
insert into theme_stale select distinct theme_id from insight where theme_id is not null;

create function theme_of_insight_changed() returns trigger language plpgsql
set search_path from current as $$
begin
    if tg_op <> 'INSERT' then
        insert into theme_stale select distinct theme_id from gone where theme_id is not null;
    end if;
    if tg_op <> 'DELETE' then
        insert into theme_stale select distinct theme_id from come where theme_id is not null;
    end if;
    return null;
end $$;
create trigger theme_stale_by_insert after insert on insight
    referencing new table as come for each statement execute function theme_of_insight_changed();
create trigger theme_stale_by_update after update on insight
    referencing old table as gone new table as come
    for each statement execute function theme_of_insight_changed();
create trigger theme_stale_by_delete after delete on insight
    referencing old table as gone for each statement execute function theme_of_insight_changed();

create function theme_parts_changed() returns trigger language plpgsql
set search_path from current as $$
begin
    insert into theme_stale
    select distinct unnest(array[new.id, new.merged_into, old.merged_into]) except select null;
    return null;
end $$;
create trigger theme_stale_by_merge after update on theme
    for each row when (old.merged_into is distinct from new.merged_into
                       or old.company_id is distinct from new.company_id)
    execute function theme_parts_changed();

create function theme_of_call_changed() returns trigger language plpgsql
set search_path from current as $$
begin
    insert into theme_stale
    select distinct theme_id from insight where call_id = new.id and theme_id is not null;
    return null;
end $$;
create trigger theme_stale_by_call after update on call
    for each row when ((old.account_id, old.company_id, old.held_at, old.deal_value_usd)
        is distinct from (new.account_id, new.company_id, new.held_at, new.deal_value_usd))
    execute function theme_of_call_changed();

create function theme_of_account_changed() returns trigger language plpgsql
set search_path from current as $$
begin
    insert into theme_stale
    select distinct i.theme_id from call c join insight i on i.call_id = c.id
     where c.account_id = new.id and i.theme_id is not null;
    return null;
end $$;
create trigger theme_stale_by_account after update on account
    for each row when (old.value_usd is distinct from new.value_usd)
    execute function theme_of_account_changed();

-- A theme's mentions, the surest first.
drop index insight_by_theme;
create index insight_by_theme on insight (theme_id, confidence desc, id) include (call_id, review)
    where theme_id is not null;

-- One kind's rows of some weeks, without a look into the table.
create index daily_mentions_by_kind on daily_mentions (kind, day)
    include (company_id, account_id, label, mentions, calls);

-- What is counted of some calls' insights is in their index.
drop index insight_by_call;
create index insight_by_call on insight (call_id, kind)
    include (label, review, stance, detector, version);

-- ingest: how common a stage is, case aside: without knowing, PostgreSQL takes all for rare ---------

create statistics account_segments on (lower(segment)) from account;
create statistics call_stages on (lower(stage)) from call;
create statistics call_outcomes on (lower(outcome)) from call;
create statistics call_lead_sources on (lower(lead_source)) from call;
create statistics call_campaigns on (lower(campaign)) from call;
analyze account;
analyze call;

-- ingest: how many calls are in which state, heard or read -----------------------------------------

create index call_by_state on call (state) include (audio_sha256);
