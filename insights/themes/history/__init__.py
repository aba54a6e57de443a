"""What people did to themes, kept so that it can be told and undone."""
