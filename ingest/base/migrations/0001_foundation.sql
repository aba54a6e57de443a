-- The whole model. Each table is written by one room only, named above it.
-- Nothing here needs an extension: a plain PostgreSQL 15 serves it.

-- ingest: who sells, who buys, who calls ---------------------------------------------------

create table company (                  -- the seller's own companies, each with its rivals
    id          bigint generated always as identity primary key,
    name        text not null check (name <> ''),
    product     text,
    pitch       text,
    created_at  timestamptz not null default now()
);
create unique index company_name on company (lower(name));

create table account (                  -- the buyers' companies
    id          bigint generated always as identity primary key,
    name        text not null check (name <> ''),
    value_usd   numeric(14, 2) check (value_usd >= 0),
    segment     text,
    created_at  timestamptz not null default now()
);
create unique index account_name on account (lower(name));
create index account_segment on account (segment);

create table rep (
    id          bigint generated always as identity primary key,
    name        text not null check (name <> ''),
    email       text,
    created_at  timestamptz not null default now()
);
create unique index rep_name on rep (lower(name));

-- ingest: recordings and calls -------------------------------------------------------------

create table audio (                    -- each recording once, whoever brings it
    sha256       bytea primary key check (octet_length(sha256) = 32),
    size_bytes   bigint not null check (size_bytes > 0),
    seconds      double precision not null check (seconds > 0),
    channels     integer not null check (channels > 0),
    sample_rate  integer not null check (sample_rate > 0),
    container    text not null,
    codec        text not null,
    created_at   timestamptz not null default now()
);

create table call (
    id               bigint generated always as identity primary key,
    audio_sha256     bytea unique references audio,     -- null: a transcript brought without sound
    company_id       bigint not null references company,
    account_id       bigint references account,
    rep_id           bigint references rep,
    title            text not null,
    filename         text not null,
    uploaded_at      timestamptz not null default now(),
    held_at          timestamptz not null,
    deal_value_usd   numeric(14, 2) check (deal_value_usd >= 0),
    stage            text,
    outcome          text,
    lead_source      text,
    campaign         text,
    lead_created_at  timestamptz,
    consent          text,
    language         text,
    seller_channel   integer not null default 0 check (seller_channel >= 0),
    seconds          double precision not null default 0 check (seconds >= 0),
    heard_seconds    double precision not null default 0 check (heard_seconds >= 0),
    missing_seconds  double precision not null default 0 check (missing_seconds >= 0),
    channels         integer not null default 0,
    state            text not null default 'waiting'
                     check (state in ('waiting', 'hearing', 'heard', 'mining', 'done', 'failed')),
    attempts         integer not null default 0,        -- of the present step
    failure          text check ((failure is not null) = (state = 'failed')),
    lease_owner      text,
    lease_until      timestamptz check ((lease_until is not null) = (lease_owner is not null)),
    state_since      timestamptz not null default now(),
    check ((lease_owner is not null) = (state in ('hearing', 'mining')))
);
create index call_by_time on call (held_at desc, id desc);
create index call_by_account on call (account_id, held_at desc);
create index call_by_rep on call (rep_id, held_at desc);
create index call_unfinished on call (state, lease_until) where state not in ('done', 'failed');

create table outbox (                   -- what the broker has to be told, after commit
    id          bigint generated always as identity primary key,
    task        text not null,
    call_id     bigint not null references call on delete cascade,
    created_at  timestamptz not null default now(),
    sent_at     timestamptz
);
create index outbox_unsent on outbox (id) where sent_at is null;
create index outbox_by_call on outbox (call_id);

-- transcribe -------------------------------------------------------------------------------

create table transcript (
    call_id          bigint primary key references call on delete cascade,
    engine           text not null,
    model            text not null,
    language         text,
    seconds          double precision not null,
    missing_seconds  double precision not null default 0,
    vocabulary       text[] not null default '{}',
    parameters       jsonb not null default '{}',
    created_at       timestamptz not null default now()
);

create table turn (
    call_id             bigint not null references transcript on delete cascade,
    position            integer not null check (position >= 0),
    speaker             text not null check (speaker in ('seller', 'buyer', 'unknown')),
    name                text,
    channel             integer not null default 0,
    start_s             double precision,
    end_s               double precision,
    text                text not null,          -- the words joined by one blank each
    words               text[] not null default '{}',
    word_starts         real[] not null default '{}',
    word_ends           real[] not null default '{}',
    word_probabilities  real[] not null default '{}',
    primary key (call_id, position),
    check (cardinality(words) = cardinality(word_starts)
           and cardinality(words) = cardinality(word_ends)
           and cardinality(words) = cardinality(word_probabilities))
);

-- insights ---------------------------------------------------------------------------------

create table competitor (               -- the catalogue: a company's rivals
    id          bigint generated always as identity primary key,
    company_id  bigint not null references company on delete cascade,
    name        text not null check (name <> ''),
    aliases     text[] not null default '{}',
    created_at  timestamptz not null default now()
);
create unique index competitor_name on competitor (company_id, lower(name));

create table theme (                    -- one wish, however it is worded
    id          bigint generated always as identity primary key,
    company_id  bigint not null references company on delete cascade,
    name        text not null check (name <> ''),
    created_at  timestamptz not null default now()
);
create unique index theme_name on theme (company_id, lower(name));

create table insight (
    id             bigint generated always as identity primary key,
    call_id        bigint not null references call on delete cascade,
    turn           integer not null check (turn >= 0),
    kind           text not null check (kind in ('objection', 'competitor', 'feature_request')),
    label          text not null,               -- category, rival's name, or theme
    stance         text check ((stance is not null) = (kind = 'competitor')),
    competitor_id  bigint references competitor on delete set null,
    theme_id       bigint references theme on delete set null,
    unlisted       boolean not null default false,
    quote          text not null check (quote <> ''),
    char_start     integer not null check (char_start >= 0),
    char_end       integer not null check (char_end > char_start),
    start_s        double precision,
    end_s          double precision,
    confidence     double precision not null check (confidence between 0 and 1),
    detector       text not null,
    version        text not null,
    review         text not null default 'unreviewed'
                   check (review in ('unreviewed', 'confirmed', 'rejected')),
    created_at     timestamptz not null default now(),
    unique (call_id, turn, kind, label, char_start)
);
create index insight_by_label on insight (kind, lower(label), id desc);
create index insight_by_theme on insight (theme_id) where theme_id is not null;

create table mined_call (               -- the calls that count in the roll-ups, and where
    call_id     bigint primary key references call on delete cascade,
    day         date not null,
    company_id  bigint not null references company on delete cascade,
    account_id  bigint references account on delete cascade,
    mined_at    timestamptz not null default now()
);

create table daily_mentions (           -- roll-up, written in the transaction of a call's insights
    day         date not null,                  -- of held_at, in UTC
    company_id  bigint not null references company on delete cascade,
    account_id  bigint references account on delete cascade,
    kind        text not null,
    label       text not null,
    mentions    integer not null check (mentions >= 0),
    calls       integer not null check (calls >= 0),     -- calls with at least one such mention
    unique nulls not distinct (day, company_id, account_id, kind, label)
);

create table daily_calls (              -- the denominator: calls mined
    day         date not null,
    company_id  bigint not null references company on delete cascade,
    account_id  bigint references account on delete cascade,
    calls       integer not null check (calls >= 0),
    unique nulls not distinct (day, company_id, account_id)
);

-- api --------------------------------------------------------------------------------------

create table app_user (
    id          bigint generated always as identity primary key,
    name        text not null check (name <> ''),
    role        text not null check (role in ('sales', 'marketing', 'product', 'admin')),
    created_at  timestamptz not null default now()
);
create unique index app_user_name on app_user (lower(name));

create table api_token (                -- shown once, kept as SHA-256
    id            bigint generated always as identity primary key,
    user_id       bigint not null references app_user on delete cascade,
    name          text not null,
    hash          bytea not null unique,
    created_at    timestamptz not null default now(),
    last_used_at  timestamptz,
    revoked_at    timestamptz
);

create table web_session (              -- a log-in in a browser; the cookie holds the secret
    hash        bytea primary key,
    user_id     bigint not null references app_user on delete cascade,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null
);

create table login_link (               -- a log-in link, good once
    hash        bytea primary key,
    user_id     bigint not null references app_user on delete cascade,
    expires_at  timestamptz not null,
    used_at     timestamptz
);
