"""One file an annotation tool, both ways: how a queue goes out to it, and how its answers come back."""
