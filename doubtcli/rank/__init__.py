"""Reasons' scores -> one ranking, and the suspected noise rate with its interval."""
