-- ingest: how a call's deal ended, as its outcome tells, else its stage: "won", "Closed Lost" ------

alter table call
    add column won boolean generated always as (
        case when lower(coalesce(outcome, stage)) ~ '\m(won|lost)\M'
             then lower(coalesce(outcome, stage)) !~ '\mlost\M' end
    ) stored;
create index call_ended on call (held_at) where won is not null;
analyze call;
