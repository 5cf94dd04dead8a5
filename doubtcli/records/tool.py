"""What an annotation tool is: the files that we write for it, and the answers that we read back.

Each tool is one module with a `Tool`, found by an entry point of the group `doubtcli.tools`. The entry
point's name is the word that `doubt queue --to` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from doubtcli.records.answers import Answer
    from doubtcli.records.queue import Queue

AnswerRecord = Mapping[str, Any]
"""One record in a file of answers: a JSON object, or a row as a dict."""


@dataclass(frozen=True)
class AnswerShape:
    """One shape that a tool's answers come back in."""

    name: str
    """Its name in messages: "Label Studio JSON"."""
    known_by: str
    """How its records are recognised, in words: "'annotations' and 'data'"."""
    fits: Callable[[AnswerRecord], bool]
    """Whether a record has this shape."""
    read: Callable[[Sequence[AnswerRecord], str], list[Answer]]
    """Takes a file's records and its path, which is for messages; gives the answers.

    The caller fills in their fields `tool`, `file` and `column`.
    """
    note: str = ""
    """What the user should know about any file of this shape."""
    unconfirmed: str = ""
    """What the user should know unless they say that all rows of the file were looked at."""


class Tool(Protocol):
    """An annotation tool, or a kind of file that people fill in by hand."""

    name: str
    """The word that `--to` takes: "label-studio"."""
    title: str
    """Its name in a sentence: "Label Studio"."""
    how_to_export: tuple[str, ...]
    """How to get the answers out of it, step by step; a command starts with four spaces."""
    answers_file: str
    """An example of a name for the file of answers."""
    shapes: tuple[AnswerShape, ...]
    """The shapes that answers come back in."""
    verdict_column: str = "label"
    """The name of the chosen label in its answers."""
    apply_flags: str = ""
    """Options of `doubt apply` for such answers, each with a space before it."""
    folder_file: str = ""
    """The file with the answers where an export is a folder; empty where exports are files."""
    is_filled_in: bool = False
    """Whether people write their verdicts into the file that we wrote."""

    def hand_out(self, queue: Queue) -> Mapping[str, bytes]:
        """The files to write, by their path in the output folder.

        Raises:
            InputError: The tool can't hold these rows or labels.
        """
        ...

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:
        """How to get the files into the tool, step by step; a command starts with four spaces."""
        ...
