"""What was said found again by what it means, in whatever words."""
