"""What an annotation tool is to us: files that go out to it, and answers that come back.

Each tool is one module that fills in a `Tool`, found by an entry point of the group `doubtcli.tools`. The
entry point's name is the word that `doubt queue --to` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from doubtcli.records.answers import Answer
    from doubtcli.records.queue import Queue

AnswerRecord = Mapping[str, Any]
"""One record of a file of answers: a JSON object, or a row by its columns."""


@dataclass(frozen=True)
class AnswerShape:
    """One shape that a tool's answers come back in."""

    name: str
    """As a message calls it: "Label Studio JSON"."""
    known_by: str
    """What a record of it is recognised by, in words: "'annotations' and 'data'"."""
    fits: Callable[[AnswerRecord], bool]
    """Whether a record has this shape."""
    read: Callable[[Sequence[AnswerRecord], str], list[Answer]]
    """The answers in all records of a file, whose path is for messages; see `Answer`.

    Their fields `tool`, `file` and `column` are filled in by whoever calls this.
    """
    note: str = ""
    """What the user should know of every file of this shape."""
    unconfirmed: str = ""
    """What the user should know unless they say that all rows of the file were looked at."""


class Tool(Protocol):
    """An annotation tool, or a kind of file that people fill in by hand."""

    name: str
    """The word that `--to` takes: "label-studio"."""
    title: str
    """As a sentence calls it: "Label Studio"."""
    how_to_export: tuple[str, ...]
    """How to get the answers out of it, step by step; a step to be typed starts with four blanks."""
    answers_file: str
    """The file that then holds the answers, as it may be called."""
    shapes: tuple[AnswerShape, ...]
    """The shapes that answers come back in."""
    verdict_column: str = "label"
    """What its answers call the chosen label."""
    apply_flags: str = ""
    """What `doubt apply` needs for such answers, each option with a blank before it."""
    folder_file: str = ""
    """The file that holds the answers where an export is a folder; empty where none is."""
    is_filled_in: bool = False
    """Whether people write their verdicts into the very file that goes out."""

    def hand_out(self, queue: Queue) -> Mapping[str, bytes]:
        """The files that go out, by their path in the output folder.

        Raises:
            InputError: The tool has no way to hold these rows or labels.
        """
        ...

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:
        """How to get the files into the tool, step by step; a step to be typed starts with four blanks."""
        ...
