-- ingest: a company's latest calls, which tell what names the next one may say ---------------------

create index call_by_company on call (company_id, held_at desc);

-- transcribe: names that Earshot itself puts right, kept and undone as a person's edits are --------

alter table turn_edit alter column user_id drop not null;   -- null: Earshot, a name nearly heard
