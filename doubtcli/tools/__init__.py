"""One file for each annotation tool: how a queue is handed out to it, and how its answers are read back."""
