-- insights: what stands behind a theme in each call and in each segment ---------------------------

create table theme_call (               -- of whole themes; right unless the theme is stale
    theme_id        bigint not null references theme on delete cascade,
    call_id         bigint not null,    -- no reference: it would wait for whoever changes the call
    company_id      bigint not null,
    account_id      bigint,
    held_at         timestamptz not null,
    deal_value_usd  numeric(14, 2),
    mentions        integer not null,
    primary key (theme_id, call_id)
);

-- A company's last weeks, and an account's calls, without a look into the table.
create index theme_call_by_time on theme_call (company_id, held_at)
    include (theme_id, call_id, account_id, deal_value_usd, mentions);
create index theme_call_by_account on theme_call (account_id, held_at)
    include (theme_id, call_id, company_id, deal_value_usd, mentions);

delete from theme_tally;
alter table theme_tally
    drop constraint theme_tally_pkey,
    add column segment text,            -- of accounts, in small letters; null for all parties
    add constraint theme_tally_key unique nulls not distinct (theme_id, segment);

drop trigger theme_stale_by_account on account;
create trigger theme_stale_by_account after update on account
    for each row when ((old.value_usd, old.segment) is distinct from (new.value_usd, new.segment))
    execute function theme_of_account_changed();

insert into theme_stale select distinct theme_id from insight where theme_id is not null;
