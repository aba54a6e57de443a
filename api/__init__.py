"""All that people and programs see: the HTTP API, the pages, the command line."""
