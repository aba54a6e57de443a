"""What becomes of insights when the words that they quote are put right."""
