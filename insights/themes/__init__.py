"""The same wish in other words: one theme across a company's calls."""
