"""A labelled file -> a table, what each of its columns is, and its rows ready to be judged."""
