-- transcribe: what is private in the words of a call -------------------------------------------

alter table transcript                  -- which version of the rules has masked it; 0: none yet,
    add column masked_by  integer not null default 0;   -- which its first reader makes up for

create table mask (                     -- the raw words stay in `turn`; these are hidden when shown
    call_id     bigint not null,
    turn        integer not null,
    char_start  integer not null check (char_start >= 0),
    char_end    integer not null check (char_end > char_start),
    what        text not null check (what in ('card', 'bank', 'email', 'phone')),
    primary key (call_id, turn, char_start),
    foreign key (call_id, turn) references turn on delete cascade
);
