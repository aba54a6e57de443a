-- ingest: a call brought as a transcript, without sound, is known again by its words --------------

alter table call
    add column words_sha256 bytea unique check (octet_length(words_sha256) = 32),
    add check (audio_sha256 is null or words_sha256 is null);  -- a recording is known by its sound
