"""A transcript becomes insights; many become trends, themes and digests."""
