"""Rows whose labels a person wants to keep: waivers are read, applied to findings, and written."""
