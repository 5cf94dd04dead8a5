"""Find the suspicious labels in any labelled file."""
