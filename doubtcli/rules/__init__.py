"""Rules of the user's own: a small language of conditions on columns, of which nothing is executed."""
