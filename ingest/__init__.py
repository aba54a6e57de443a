"""A recording arrives, is checked, kept once, and queued."""
