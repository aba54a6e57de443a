"""What rises and falls: shares of calls by day, week or month, and which changes are told."""
