"""The way of doubted rows to the people who decide them, and of their verdicts back into the file."""
