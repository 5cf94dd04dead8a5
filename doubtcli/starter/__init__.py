"""A data file -> a commented settings file for it, and the next steps."""
