"""One file a detector, one shape."""
