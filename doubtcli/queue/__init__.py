"""Which rows people are asked about, in which order, and what is written beside them."""
