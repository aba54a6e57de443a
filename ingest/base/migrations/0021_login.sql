-- api: passwords, log-ins through an OpenID provider, users who may not log in ---------------------

alter table app_user
    add column password     text,           -- Argon2id, with its parameters in it; null: none
    add column issuer       text,           -- the OpenID provider who vouches for this person
    add column subject      text,           -- and what it calls them, for good
    add column disabled_at  timestamptz,    -- since when neither session nor token serves
    add check ((issuer is null) = (subject is null)),
    add check (issuer is null or password is null);     -- the provider alone lets them in
create unique index app_user_identity on app_user (issuer, subject) where issuer is not null;

alter table web_session
    add column browser   text not null default '',      -- as it calls itself, shown to its user
    add column token_id  bigint references api_token on delete cascade;  -- that it was opened with
create index web_session_by_user on web_session (user_id);
