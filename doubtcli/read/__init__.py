"""A labelled file -> a table, the role of each column, and its rows ready to be judged."""
