"""What is private in a call's words: found, masked in text, silenced in sound."""
