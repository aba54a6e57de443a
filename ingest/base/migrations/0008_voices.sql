-- transcribe: a call's voices, told apart by channel or by sound, and whose they are --------------

alter table turn add column voice integer not null default 0;  -- below 0: nothing tells whose it is
update turn set voice = channel;

create table voice (
    call_id     bigint not null references transcript on delete cascade,
    number      integer not null check (number >= 0),
    speaker     text not null check (speaker in ('seller', 'buyer', 'unknown')),
    confidence  double precision check (confidence between 0 and 1),  -- that the side is right
    by_person   boolean not null default false,                       -- somebody set the side
    primary key (call_id, number)
);

insert into voice (call_id, number, speaker)  -- of the calls heard so far; others were brought so
select distinct turn.call_id, turn.channel, turn.speaker
  from turn join call on call.id = turn.call_id
 where call.audio_sha256 is not null and turn.speaker <> 'unknown'
    on conflict do nothing;
