"""People's answers become decisions on rows."""
