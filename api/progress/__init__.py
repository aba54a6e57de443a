"""How far a call has come, told as it moves."""
