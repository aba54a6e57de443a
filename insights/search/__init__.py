"""Words and phrases found again in what was said, with the call and the second."""
