"""Daily counts of mentions and of calls, kept in the transaction of what they count."""
