"""What can go wrong, and the exit code of each kind of error.

    DoubtError                 2  anything that keeps `doubt` from judging the labels
    ├── InputError             2  a file that can't be read or used
    │   └── UnclearLabelError  2  no column is clearly the label
    ├── SettingsError          2  a flag or a settings key that is not valid
    ├── ConditionError         2  the condition of a rule can't be read, or reads a column that is not there
    ├── OutputError            2  a file can't be written where it should be
    ├── ReasonError            2  a reason, ours or a plug-in's, crashed or broke its contract
    ├── ToolError              2  an annotation tool, ours or a plug-in's, crashed or broke its contract
    ├── FormatError            2  a file format, ours or a plug-in's, crashed or broke its contract
    ├── FeatureError           2  a role or a block, ours or a plug-in's, crashed or broke its contract
    └── ModelError             2  no model can be fitted to the rows

An *error* is always one of these; a row is *doubted*, never an error.
Only `doubtcli.cli.main` turns an error into a message and an exit code.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ExitCode(IntEnum):
    """The exit code of the process, with the same meanings as in `diff`, `grep`, `ruff` and `mypy`."""

    DONE = 0
    """Done, and the gate (if any) passed."""
    GATE_FAILED = 1
    """The gate did not pass."""
    TROUBLE = 2
    """Wrong usage, unusable input or settings, a failed reason, a crash."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; nothing half written is left behind."""


class DoubtError(Exception):
    """Something keeps `doubt` from judging the labels; has all that a message needs.

    Args:
        found: What is wrong, as one sentence without the place ("the file is empty").
        where: The file, setting or reason that it is about.
        row: The row in the file, counted from 1 without the header.
        line: The physical line in a text file, counted from 1.
        column: The column's name.
        expected: What was expected.
        hint: What to do now.
    """

    def __init__(
        self,
        found: str,
        *,
        where: str | None = None,
        row: int | None = None,
        line: int | None = None,
        column: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(found)
        self.found = found
        self.where = where
        self.row = row
        self.line = line
        self.column = column
        self.expected = expected
        self.hint = hint

    @property
    def place(self) -> str:
        """Where it happened, from the file to the column: "data.csv, row 7 (line 9), column 'text'"."""
        row = f"row {self.row}" if self.row is not None else None
        if self.line is not None:
            row = f"{row} (line {self.line})" if row else f"line {self.line}"
        column = f"column {self.column!r}" if self.column is not None else None
        return ", ".join(part for part in (self.where, row, column) if part)

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.found}" if self.place else self.found]
        if self.expected:
            lines.append(f"expected: {self.expected}")
        if self.hint:
            lines.append(f"to do: {self.hint}")
        return "\n".join(lines)


class InputError(DoubtError):
    """A file that can't be read, or whose content can't be used."""


class UnclearLabelError(InputError):
    """No column of a file is clearly the label.

    Args:
        found: What is wrong, as one sentence without the place.
        candidates: The columns that could be the label, best first, each with a description of its values.
        where: The file.
        expected: What was expected.
        hint: What to do now.
    """

    def __init__(
        self, found: str, candidates: Mapping[str, str], *, where: str, expected: str, hint: str
    ) -> None:
        super().__init__(found, where=where, expected=expected, hint=hint)
        self.candidates = candidates


class SettingsError(DoubtError):
    """A flag or a settings key that is not valid."""


class ConditionError(DoubtError):
    """A rule's condition that can't be read, or that reads a column which a table does not have."""


class OutputError(DoubtError):
    """A file can't be written where it should be."""


class ReasonError(DoubtError):
    """A reason crashed or broke its contract; `where` names it and its package."""


class ToolError(DoubtError):
    """An annotation tool's part crashed or broke its contract; `where` names it."""


class FormatError(DoubtError):
    """A file format crashed or broke its contract; `where` names it."""


class FeatureError(DoubtError):
    """A role of columns or a block of features crashed or broke its contract; `where` names it."""


class ModelError(DoubtError):
    """No model can be fitted to the rows."""
