-- transcribe: what was said can be searched ----------------------------------------------------

-- English stems without stop words: objections are made of them ("not now", "too much").
create text search dictionary spoken_stem (template = snowball, language = english);
create text search configuration spoken (copy = english);
alter text search configuration spoken alter mapping replace english_stem with spoken_stem;

alter table turn
    add column search tsvector generated always as (to_tsvector('spoken', text)) stored;
create index turn_search on turn using gin (search);

-- ingest: the calls' list in its other orders ---------------------------------------------------

create index call_by_value on call ((coalesce(deal_value_usd, 0)::float8) desc, held_at desc, id desc);
create index call_by_length on call (seconds desc, held_at desc, id desc);

-- api: questions to the list of calls that somebody asks again ----------------------------------

create table saved_view (
    id          bigint generated always as identity primary key,
    user_id     bigint not null references app_user on delete cascade,
    name        text not null check (name <> ''),
    query       text not null,          -- of the page's address, behind the question mark
    created_at  timestamptz not null default now()
);
create unique index saved_view_name on saved_view (user_id, lower(name));
