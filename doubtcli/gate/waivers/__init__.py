"""Rows that a person wants left as they are: read from their file, held against findings, added to it."""
