"""Reasons' scores -> one ranking, and what is known of the share of wrong labels."""
