"""A table -> the role of each column; one file a role: the label, and those that models learn from."""
