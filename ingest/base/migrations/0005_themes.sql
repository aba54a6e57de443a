-- insights: the same wish in other words is one theme across a company's calls ----------------

drop index theme_name;
alter table theme
    add unique (company_id, id),
    add column aliases      text[] not null default '{}',   -- earlier names, which still mean it
    add column merged_into  bigint check (merged_into <> id),   -- the theme that it is part of
    add column settled      boolean not null default false,     -- a person named, merged or split it
    add foreign key (company_id, merged_into) references theme (company_id, id);
create unique index theme_name on theme (company_id, lower(name)) where merged_into is null;
create index theme_parts on theme (merged_into) where merged_into is not null;

alter table insight                     -- of requests only
    add column mined_label  text,               -- the theme in the words of who found it
    add column meaning      real[];             -- what is wished, as the model of `version` reads it
update insight set mined_label = coalesce(found_label, label) where kind = 'feature_request';

-- A merge may bring two requests of one place under one name; mining makes no doubles.
alter table insight drop constraint insight_call_id_turn_kind_label_char_start_key;
create unique index insight_place on insight (call_id, turn, kind, label, char_start)
    where kind <> 'feature_request';
create index insight_by_call on insight (call_id);

create table theme_suggestion (         -- two themes that may be one: a person decides
    id          bigint generated always as identity primary key,
    company_id  bigint not null references company on delete cascade,
    theme_id    bigint not null,                    -- the newer of the two
    other_id    bigint not null check (other_id <> theme_id),
    likeness    real not null,                      -- cosine, as it was when they were found alike
    state       text not null default 'open' check (state in ('open', 'accepted', 'refused')),
    created_at  timestamptz not null default now(),
    decided_at  timestamptz check ((decided_at is null) = (state = 'open')),
    decided_by  bigint references app_user check ((decided_by is null) = (state = 'open')),
    foreign key (company_id, theme_id) references theme (company_id, id) on delete cascade,
    foreign key (company_id, other_id) references theme (company_id, id) on delete cascade
);
create unique index theme_suggestion_pair
    on theme_suggestion (least(theme_id, other_id), greatest(theme_id, other_id));
create index theme_suggestion_open on theme_suggestion (company_id) where state = 'open';

create table theme_change (             -- every change by a person; only added to
    id          bigint generated always as identity primary key,
    company_id  bigint not null references company on delete cascade,
    user_id     bigint not null references app_user,
    at          timestamptz not null default now(),
    act         text not null check (act in ('rename', 'merge', 'split', 'same', 'different', 'undo')),
    told        text not null,          -- what was done, in words
    before      jsonb not null,         -- of the themes, mentions and suggestions that it touched
    after       jsonb not null,
    undoes      bigint unique references theme_change check ((undoes is not null) = (act = 'undo'))
);
create index theme_change_by_company on theme_change (company_id, id);

create function theme_changes_are_kept() returns trigger language plpgsql as $$
begin
    raise exception 'A change of themes is history: undo it, change none.';
end $$;
create trigger theme_changes_are_kept before update on theme_change
    for each statement execute function theme_changes_are_kept();
