"""A file or a folder, replaced whole or not at all; and the lock that keeps other runs from it."""
