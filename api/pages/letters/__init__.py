"""A digest as a letter: for mail, Slack and Teams."""
