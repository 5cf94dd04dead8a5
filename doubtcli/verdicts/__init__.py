"""People's answers -> decisions on rows."""
