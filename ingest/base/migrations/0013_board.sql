-- insights: what product makes of a theme ------------------------------------------------------

alter table theme
    add column status        text not null default 'new'
                             check (status in ('new', 'planned', 'shipped', 'declined')),
    add column status_since  timestamptz,   -- null: nobody has said anything yet
    add column issue_url     text check (issue_url ~ '^https?://');

alter table theme_change
    add column note text,               -- why, in the words of who did it
    drop constraint theme_change_act_check,
    add constraint theme_change_act_check check (act in (
        'rename', 'merge', 'split', 'same', 'different', 'status', 'link', 'undo'));

-- insights: the queue of what nobody has reviewed, least sure first -----------------------------

create index insight_to_review on insight (confidence, id) include (kind)
    where review = 'unreviewed';
