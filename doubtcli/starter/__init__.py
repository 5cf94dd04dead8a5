"""A file as it was read -> a commented settings file for it, and what to do with it next."""
