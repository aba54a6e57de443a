-- insights: how the last mining of a call went ---------------------------------------------

alter table mined_call
    add column note     text,                           -- why not the chosen miner found them
    add column dropped  jsonb not null default '{}';    -- parts of an LLM's answer, by reason
