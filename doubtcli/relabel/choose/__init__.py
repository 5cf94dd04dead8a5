"""Which rows people are asked about: one file a strategy, and what holds for all of them."""
