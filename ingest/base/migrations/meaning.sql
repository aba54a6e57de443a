-- insights: what each turn means, as a vector. Only this needs an extension, pgvector, which a
-- server may lack or this role may not create: so it is tried at every migration until it is there,
-- and again after the extension was dropped. Without it all but search by meaning works.

create extension if not exists vector;

do $$ begin
    if (select regexp_match(extversion, '^(\d+)\.(\d+)')::integer[] < '{0,8}'
          from pg_extension where extname = 'vector') then
        raise 'pgvector is older than 0.8' using errcode = 'feature_not_supported';
    end if;
end $$;

drop table if exists turn_meaning cascade;
delete from meant_call;

create table turn_meaning (             -- of turns that say something, as those read them to whom
    call_id   bigint not null,          -- what is private is masked
    position  integer not null,
    vector    halfvec(384) not null,    -- of length 1
    primary key (call_id, position),
    foreign key (call_id, position) references turn on delete cascade
);
create index turn_meaning_near on turn_meaning using hnsw (vector halfvec_cosine_ops);
