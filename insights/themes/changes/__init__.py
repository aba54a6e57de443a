"""What people change about themes: kept as history, and undone exactly."""
