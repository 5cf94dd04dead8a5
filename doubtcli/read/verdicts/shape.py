"""What makes a file of verdicts one tool's: the record that each tool's module fills in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from doubtcli.records.answers import Answer

    Record = Mapping[str, Any]
    Reader = Callable[[Sequence[Record], str], list[Answer]]


@dataclass(frozen=True)
class Shape:
    """One shape that verdicts come in."""

    name: str
    """As a message calls it: "Label Studio JSON"."""
    told_by: str
    """What a record of it is told by, in words."""
    tool: str
    fits: Callable[[Record], bool]
    """Whether a record has this shape."""
    read: Reader
    """The answers in all records of a file, whose name goes into messages."""
    note: str = ""
    """What the user should know of every file of this shape."""


def malformed(found: str, path: str, row: int, column: str | None = None, expected: str = "") -> InputError:
    """The error for a record that has its tool's shape, but not what belongs into it."""
    return InputError(
        found,
        where=path,
        row=row,
        column=column,
        expected=expected or None,
        hint="export it again, and leave the file as the tool wrote it",
    )
