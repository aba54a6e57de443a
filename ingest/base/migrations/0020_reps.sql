-- api: who is bound to a rep sees that rep's calls alone ------------------------------------------

alter table app_user add column rep text check (btrim(rep) <> '');   -- null: sees every call
