-- ingest: recordings that come in pieces, by the tus protocol --------------------------------------

create table upload (                   -- its bytes lie in a file, whose length says how many came
    id          text primary key default replace(gen_random_uuid()::text, '-', ''),
    user_id     bigint not null references app_user on delete cascade,
    bytes       bigint not null check (bytes > 0),     -- when it is whole
    metadata    text not null,                         -- the header Upload-Metadata, as it came
    expires_at  timestamptz not null,
    call_id     bigint references call on delete cascade,   -- that it became
    refusal     jsonb check (refusal is null or call_id is null)  -- or why it became none
);
create index upload_by_expiry on upload (expires_at);
create index upload_by_user on upload (user_id);
create index upload_by_call on upload (call_id) where call_id is not null;
