"""Words of a transcript that a person puts right."""
