-- ingest: how loud a recording is along its length, measured once ----------------------------------

create table waveform (
    audio_sha256  bytea primary key references audio on delete cascade,
    levels        bytea[] not null check (cardinality(levels) > 0)  -- one a channel, a byte a stretch
);
