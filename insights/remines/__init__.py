"""Mining old calls again: compared first, and applied when a person says so."""
