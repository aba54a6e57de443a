"""How long recordings and calls are kept: the rule, what is past it, and what was let go."""
