"""What settings and options name of the records: it loads fast, as the command line needs it to start."""

from __future__ import annotations

from enum import StrEnum

DOUBTED_FROM = 0.5
"""A row is doubted when its label is likelier wrong than right."""


class OnConflict(StrEnum):
    """What happens to a row on which people's answers differ."""

    MAJORITY = "majority"
    """The answer of more than half of them counts; without one the row is left."""
    UNANIMOUS = "unanimous"
    """The row is left unless all answers are equal and nobody skipped it."""
    NEWEST = "newest"
    """The newest answer counts; where times don't show which it is, the row is left."""
    SKIP = "skip"
    """The row is left."""
    FAIL = "fail"
    """It is an error, and nothing is decided."""
