-- transcribe: words that a person put right; what stood there before is kept ----------------------

create table turn_edit (                -- every edit ever made
    id                    bigint generated always as identity primary key,
    call_id               bigint not null,
    turn                  integer not null,
    user_id               bigint not null references app_user,
    at                    timestamptz not null default now(),
    after_text            text not null,
    before_text           text not null,        -- the turn as it was before, to be put back whole
    before_words          text[] not null,
    before_starts         real[] not null,
    before_ends           real[] not null,
    before_probabilities  real[] not null,
    undone_at             timestamptz,
    undone_by             bigint references app_user,
    check ((undone_at is null) = (undone_by is null)),
    foreign key (call_id, turn) references turn (call_id, position) on delete cascade
);
create index turn_edit_by_turn on turn_edit (call_id, turn, id);
