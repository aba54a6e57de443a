"""The trained reader of turns, and how it was trained."""
