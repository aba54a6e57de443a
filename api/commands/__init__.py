"""The command line's commands, by theme. Heavy libraries are imported inside them: help is fast."""
