"""The versions of what doubt writes for others to read; a change that breaks a reader raises one of them."""

TOOL = "doubt"
"""What our files say they were made by."""
AUDIT_SCHEMA_VERSION = 1
"""Of `audit.json`."""
BASELINE_SCHEMA_VERSION = 1
"""Of the file that `doubt baseline` writes."""
GATE_SCHEMA_VERSION = 1
"""Of what `doubt gate --output-format json` prints."""
COMPARISON_SCHEMA_VERSION = 1
"""Of what `doubt compare --output-format json` prints."""
