"""Writes that are sent twice and done once: the header Idempotency-Key."""
