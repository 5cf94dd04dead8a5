"""The doubts that are known already: kept in a file for review, and compared with those of today."""
