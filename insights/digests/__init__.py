"""What the digest reads from the database."""
