"""Sound becomes a transcript."""
