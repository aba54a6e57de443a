"""What people say of insights: kept as history, and counted as each detector's figures."""
