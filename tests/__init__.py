"""Earshot's tests, room by room; tests/system starts the real thing."""
