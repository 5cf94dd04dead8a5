"""The Python API: `scan` and `open_audit` give an `Audit`; `import doubtcli` has all three."""
