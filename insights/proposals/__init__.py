"""Names outside the catalogue that are spoken of as rivals are, for a person to decide."""
