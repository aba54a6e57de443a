-- ingest: how long recordings and calls are kept, and what became of those that were not -----------

alter table call
    add column recording_gone_at  timestamptz,      -- the rule let its sound go
    add column gone_sha256        bytea unique      -- by which it is known if it is brought again
        check (octet_length(gone_sha256) = 32),
    add column hold_since         timestamptz,      -- retention leaves it alone
    add column hold_by            text,
    add check ((gone_sha256 is null) = (recording_gone_at is null)),
    add check (gone_sha256 is null or audio_sha256 is null and words_sha256 is null),
    add check ((hold_since is null) = (hold_by is null));
create index call_with_sound on call (held_at) where audio_sha256 is not null;
create index call_on_hold on call (hold_since) where hold_since is not null;

-- How many calls are in which state, heard or read: the sound of some that were heard has gone.
drop index call_by_state;
create index call_by_state on call (state) include (audio_sha256, recording_gone_at);

create table retention (                -- the rule, in days since a call was held
    single          boolean primary key default true check (single),
    version         integer not null default 1,
    recording_days  integer check (recording_days between 1 and 36500),  -- null: as long as the call
    call_days       integer check (call_days between 1 and 36500),       -- null: for ever
    changed_at      timestamptz not null default now(),
    changed_by      text,
    sound_agreed    timestamptz,        -- an admin has said that the sound of calls held until then
    calls_agreed    timestamptz,        -- goes, and that those calls go: however many these are
    asked_by        text,               -- who wants a run now
    check (recording_days <= call_days)
);
insert into retention default values;

create table retention_change (         -- every rule there was; only added to
    version         integer primary key,
    recording_days  integer,
    call_days       integer,
    changed_at      timestamptz not null,
    changed_by      text not null
);

create table retention_run (
    id           bigint generated always as identity primary key,
    started_at   timestamptz not null,
    ended_at     timestamptz,
    asked_by     text,                  -- null: the clock
    sound_until  timestamptz,           -- the sound of calls held until then goes; null: of none
    calls_until  timestamptz,           -- and these calls
    stopped      text,                  -- why nothing went: an admin has to say that it may
    recordings   integer not null default 0,    -- that went, their calls stay
    calls        integer not null default 0,
    held         integer not null default 0,    -- that were past and stayed, as they are on hold
    busy         integer not null default 0,    -- or on their way
    troubles     jsonb not null default '[]'    -- [{"call_id": 7, "why": "…"}]: what failed
);
create unique index retention_run_open on retention_run ((true)) where ended_at is null;

create table leftover (                 -- sound in the store that no call needs any more, or may not
    sha256   bytea primary key check (octet_length(sha256) = 32),
    due_at   timestamptz not null,      -- when it is removed; a recording on its way is given a day
    trouble  text                       -- why it could not be
);
create index leftover_due on leftover (due_at);
