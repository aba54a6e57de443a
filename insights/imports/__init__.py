"""Calls brought as transcripts: read with care, kept once, mined like those that were heard."""
