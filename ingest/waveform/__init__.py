"""How loud a recording is along its length: measured once, kept, and drawn above the player."""
