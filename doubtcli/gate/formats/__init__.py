"""One file a format: what a gate found -> the text that a person or a CI system reads."""
