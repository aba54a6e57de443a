"""Sound that no call needs any more, until it is out of the store."""
