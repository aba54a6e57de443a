"""Digests that come by themselves: who gets which, when, and how they are handed over."""
