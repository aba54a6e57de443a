"""Names outside the catalogue that are spoken of as rivals are: proposed, for a person to decide."""
