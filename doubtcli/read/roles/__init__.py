"""A table -> the role of each of its columns; one file a role that models learn from."""
