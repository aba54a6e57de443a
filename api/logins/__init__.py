"""Who logs in, by password or through a provider."""
