"""Vectors for the benchmark's turns."""
