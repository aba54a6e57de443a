"""What the transcribe room learnt or brought along: files, and how they were made."""
