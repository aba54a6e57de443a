"""Recordings that come in pieces: kept as they come, and a call when they are whole."""
