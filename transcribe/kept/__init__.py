"""What is heard of a call so far: kept for the next worker, and shown meanwhile."""
