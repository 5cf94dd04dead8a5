"""The versions of the JSON that other programs read; a change that breaks a reader raises the version."""

TOOL = "doubt"
"""The name of the tool in our files."""
AUDIT_SCHEMA_VERSION = 1
"""Of `audit.json`."""
BASELINE_SCHEMA_VERSION = 1
"""Of the file that `doubt baseline` writes."""
GATE_SCHEMA_VERSION = 1
"""Of what `doubt gate --output-format json` prints."""
COMPARISON_SCHEMA_VERSION = 1
"""Of what `doubt compare --output-format json` prints."""
