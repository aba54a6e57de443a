-- insights: what people say of what was found, and how it came to what it says now ------------

alter table insight                     -- as the detector had it, where a person set another
    add column found_label   text,
    add column found_stance  text check (found_stance is null or found_label is not null);
create index insight_reviewed on insight (call_id, kind) where review <> 'unreviewed';

create table reviews (                  -- every review ever made; only added to
    id             bigint generated always as identity primary key,
    insight_id     bigint not null,     -- no reference: one undone may later be found no more
    call_id        bigint not null references call on delete cascade,
    user_id        bigint not null references app_user,
    at             timestamptz not null default now(),
    before_review  text check (before_review in ('unreviewed', 'confirmed', 'rejected')),
    before_label   text check ((before_label is null) = (before_review is null)),
    before_stance  text,                -- all three null: added by the person
    review         text not null check (review in ('unreviewed', 'confirmed', 'rejected')),
    label          text not null,
    stance         text
);
create index reviews_by_insight on reviews (insight_id, id);
create index reviews_by_call on reviews (call_id);

create function reviews_are_kept() returns trigger language plpgsql as $$
begin
    raise exception 'A review is history: add another, change none.';
end $$;
create trigger reviews_are_kept before update on reviews
    for each statement execute function reviews_are_kept();
