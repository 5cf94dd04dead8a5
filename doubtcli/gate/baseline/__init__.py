"""The doubts that are known: written to a file for review, and told from new ones."""
