-- insights: digests as they were told, so that all who get one read the same and a link stays ----

create table edition (
    week      text not null check (week ~ '^\d{4}-W\d{2}$'),
    audience  text not null check (audience in ('sales', 'marketing', 'product')),
    told      jsonb not null,           -- numbers and sentences; quotes by their insights' ids only
    made_at   timestamptz not null default now(),
    primary key (week, audience)
);

-- api: who gets which digest, by what way and when -----------------------------------------------

create table subscription (
    id          bigint generated always as identity primary key,
    user_id     bigint not null references app_user on delete cascade,
    audience    text not null check (audience in ('sales', 'marketing', 'product')),
    channel     text not null check (channel in ('mail', 'slack', 'teams')),
    address     text not null check (address <> ''),    -- a mail address, or a webhook's
    zone        text not null,                          -- of the IANA database: Europe/London
    hour        integer not null check (hour between 0 and 23),    -- of Monday, in the zone
    created_at  timestamptz not null,
    ended_at    timestamptz                             -- unsubscribed
);
create unique index subscription_once on subscription (user_id, audience, channel, lower(address))
    where ended_at is null;

create table delivery (                 -- one row a subscription and week: claimed, then handed over
    subscription_id  bigint not null references subscription on delete cascade,
    week             text not null check (week ~ '^\d{4}-W\d{2}$'),
    state            text not null check (state in
                         ('waiting', 'claimed', 'handing_over', 'sent', 'unsure', 'failed', 'missed')),
    attempts         integer not null default 0,
    owner            text check ((owner is not null) or state in ('waiting', 'missed')),
    until            timestamptz check ((until is not null)
                                        = (state in ('waiting', 'claimed', 'handing_over'))),
    note             text,              -- why it waits, failed or is unsure
    sent_at          timestamptz check ((sent_at is not null) = (state = 'sent')),
    primary key (subscription_id, week)
);
create index delivery_open on delivery (until) where state in ('waiting', 'claimed', 'handing_over');

create table signing_key (              -- of the links that unsubscribe without a log-in
    single  boolean primary key default true check (single),
    key     bytea not null check (octet_length(key) >= 30)
);
insert into signing_key (key)           -- PostgreSQL's strong random numbers: 244 bits
values (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
