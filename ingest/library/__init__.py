"""The calls as a library: which of them, in which order."""
