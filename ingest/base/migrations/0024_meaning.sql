-- insights: the calls whose turns have vectors of their meaning; those are made by meaning.sql -----

create table meant_call (
    call_id  bigint primary key references transcript on delete cascade,
    version  text not null,             -- of what made the vectors, and of the masks in the words
    since    timestamptz not null       -- the call's state_since when its words were read: with
);                                      -- another one they were edited, or heard anew
