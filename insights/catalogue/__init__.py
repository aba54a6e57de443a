"""The rivals that a company knows of, and what a catalogue may hold."""
