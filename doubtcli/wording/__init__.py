"""How numbers, lists, names and lines are written, wherever something is printed."""
