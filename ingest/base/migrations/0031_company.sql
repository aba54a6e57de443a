-- insights: one company's rows of some weeks, without those of the others -------------------------

create index daily_mentions_by_company on daily_mentions (kind, company_id, day)
    include (account_id, label, mentions, calls);
create index call_mentions_by_company on call_mentions (kind, company_id, day);
