"""How numbers, lists, names and lines are written in everything that is printed."""
