-- insights: names outside the catalogue that are spoken of as rivals are, for a person to decide --

create table proposal (
    id             bigint generated always as identity primary key,
    company_id     bigint not null references company on delete cascade,
    key            text not null check (key <> ''),     -- the name's letters and digits, case aside
    name           text not null check (name <> ''),    -- as first heard
    state          text not null default 'open' check (state in ('open', 'accepted', 'refused')),
    competitor_id  bigint references competitor on delete set null,    -- what it was accepted as
    alias          boolean not null default false,      -- as another name of a rival there already
    decided_by     bigint references app_user,
    decided_at     timestamptz,
    created_at     timestamptz not null default now(),
    unique (company_id, key),
    check ((decided_by is null) = (state = 'open')),
    check ((decided_at is null) = (state = 'open')),
    check (state = 'accepted' or (competitor_id is null and not alias))
);
create index proposal_by_competitor on proposal (competitor_id) where competitor_id is not null;

create table proposal_mention (         -- the evidence; a call's is replaced when it is mined again
    proposal_id  bigint not null references proposal on delete cascade,
    call_id      bigint not null references call on delete cascade,
    turn         integer not null check (turn >= 0),
    quote        text not null check (quote <> ''),
    start_s      double precision,
    score        double precision not null check (score between 0 and 1),
    primary key (proposal_id, call_id, turn)
);
create index proposal_mention_by_call on proposal_mention (call_id);
