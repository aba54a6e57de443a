"""How fast the API answers when there is much to ask about: `earshot bench api`."""
