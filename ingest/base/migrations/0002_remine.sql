-- insights: calls mined again, by the present catalogue and model --------------------------

create table remine (                   -- one request to mine old calls again
    id              bigint generated always as identity primary key,
    asked_by        text not null,
    company_id      bigint references company on delete cascade,    -- null: all companies
    since           timestamptz,                    -- calls held at or after
    kind            text check (kind in ('objection', 'competitor', 'feature_request')),
    dry_run         boolean not null,               -- only to be looked at
    created_at      timestamptz not null default now(),
    apply_asked_at  timestamptz check (apply_asked_at is null or not dry_run)
);

create table remine_call (              -- how far it is with each call
    remine_id    bigint not null references remine on delete cascade,
    call_id      bigint not null references call on delete cascade,
    state        text not null default 'waiting'
                 check (state in ('waiting', 'looked', 'applied', 'skipped', 'failed')),
    basis        text,                              -- what `found` was found in, as a checksum
    found        jsonb,                             -- from looking until it is applied
    stays        integer not null default 0 check (stays >= 0),
    attempts     integer not null default 0,        -- of the present step
    failure      text check ((failure is not null) = (state = 'failed')),
    lease_owner  text,
    lease_until  timestamptz check ((lease_until is not null) = (lease_owner is not null)),
    primary key (remine_id, call_id)
);
create index remine_call_due on remine_call (remine_id, call_id) where state in ('waiting', 'looked');
create index remine_call_by_call on remine_call (call_id);

create table remine_change (            -- what appears or disappears, or did
    remine_id  bigint not null,
    call_id    bigint not null,
    way        text not null check (way in ('appears', 'disappears')),
    turn       integer not null,
    kind       text not null,
    label      text not null,
    quote      text not null,
    foreign key (remine_id, call_id) references remine_call on delete cascade
);
create index remine_change_by_call on remine_change (remine_id, call_id);
