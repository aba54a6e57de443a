-- transcribe: what is heard of a call so far, so that a hearing that broke off goes on from there ---

create table heard_batch (              -- windows heard together; gone once the transcript is saved
    call_id  bigint not null references call on delete cascade,
    ear      text not null check (ear ~ '^[0-9a-f]{64}$'),  -- SHA-256 of what decides the words
    number   integer not null check (number >= 0),          -- in the order of the recording
    content  jsonb not null,
    primary key (call_id, ear, number)
);
