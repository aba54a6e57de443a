-- ingest: what happens is told to other programs over HTTP -------------------------------------

create table webhook_endpoint (
    id                bigint generated always as identity primary key,
    company_id        bigint references company on delete cascade,   -- null: of every company
    url               text not null check (url <> ''),
    description       text not null default '',
    events            text[] not null check (cardinality(events) > 0),
    secret            text not null,            -- in the clear: each message is signed with it
    old_secret        text,                     -- signs beside it for a day after a rotation
    old_secret_until  timestamptz check ((old_secret_until is null) = (old_secret is null)),
    state             text not null default 'active' check (state in ('active', 'paused')),
    notice            text check (notice is null or state = 'paused'),  -- why Earshot paused it
    failing_since     timestamptz,              -- since when nothing got through
    created_at        timestamptz not null default now()
);

create table webhook_event (            -- what happened, written in the transaction that made it so
    id           text primary key       -- the webhook-id, the same at every attempt
                 default 'evt_' || replace(gen_random_uuid()::text, '-', ''),
    type         text not null,
    call_id      bigint references call on delete cascade,
    body         text not null,         -- as it is sent, byte by byte
    occurred_at  timestamptz not null default now()
);
create index webhook_event_by_call on webhook_event (call_id) where call_id is not null;
create index webhook_event_by_time on webhook_event (occurred_at);

create table webhook_delivery (         -- an event on its way to an endpoint
    id            bigint generated always as identity primary key,
    event_id      text not null references webhook_event on delete cascade,
    endpoint_id   bigint not null references webhook_endpoint on delete cascade,
    state         text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    attempts      integer not null default 0 check (attempts >= 0),
    next_try_at   timestamptz default now() check ((next_try_at is not null) = (state = 'pending')),
    tried_at      timestamptz,
    status        integer,              -- the last answer's; null where there was none
    said          text not null default '',     -- the beginning of that answer, or why there was none
    unique (endpoint_id, event_id)
);
create index webhook_delivery_due on webhook_delivery (endpoint_id, next_try_at)
    where state = 'pending';
create index webhook_delivery_by_endpoint on webhook_delivery (endpoint_id, id desc);
create index webhook_delivery_by_event on webhook_delivery (event_id);

-- api: writes that are sent twice and done once ------------------------------------------------

create table idempotency_key (
    key         bytea primary key,      -- SHA-256 of who asks and the key
    request     bytea,                  -- SHA-256 of the request; null while it is at work
    status      integer check (status is null or request is not null),
    headers     jsonb,
    body        bytea,                  -- null where the answer held a secret, which is shown once
    created_at  timestamptz not null default now()
);
create index idempotency_key_by_time on idempotency_key (created_at);
