"""Earshot as its users meet it: these tests start the real thing and import nothing of its code."""
