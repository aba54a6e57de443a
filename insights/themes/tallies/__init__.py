"""What stands behind themes, counted before."""
