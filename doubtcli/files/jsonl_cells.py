"""JSON Lines: where the rows and their labels stand, and how a label is written."""

from __future__ import annotations

import json
import re
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.files.edits import Form
    from doubtcli.files.text import Span

LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n|\Z)")
BLANKS = re.compile(r"[ \t\r\n]*+")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""RFC 8259, section 6."""
DECODER = JSONDecoder()


def rows(text: str, form: Form) -> Iterator[Span]:  # noqa: ARG001  # as every format's
    """Each line that holds an object, with the blank lines before it."""
    start = 0
    for line in LINE.finditer(text):
        if line[0] and not line[0].isspace():
            yield start, line.end()
            start = line.end()


def label(text: str, row: Span, form: Form) -> Span | None:
    """The value of the label's key as it is written; None where the object lacks the key."""
    for name, value in _members(text[row[0] : row[1]]):
        if name == form.column:
            return row[0] + value[0], row[0] + value[1]
    return None


def written(label: str, old: str, like: str | None, form: Form) -> str:
    """A label as it stands elsewhere in the file; a new one of the type that the old one has.

    Raises:
        ValueError: The labels are numbers or true and false, and this one is neither.
    """
    if like is not None:
        return like
    if old.startswith('"'):
        return json.dumps(label, ensure_ascii=not _can_hold(form.encoding, label))
    is_switch = old in ("true", "false")
    if label in ("true", "false") if is_switch else NUMBER.fullmatch(label):
        return label
    raise ValueError(f"the labels are {'true and false' if is_switch else 'numbers'}")


def _members(line: str) -> Iterator[tuple[str, Span]]:
    """The keys of an object, and where the value of each stands."""
    at = _after_blanks(line, line.index("{") + 1)
    while line[at] != "}":
        name, at = scanstring(line, at + 1)
        start = _after_blanks(line, line.index(":", at) + 1)
        end = DECODER.raw_decode(line, start)[1]
        yield name, (start, end)
        at = _after_blanks(line, end)
        if line[at] == ",":
            at = _after_blanks(line, at + 1)


def _after_blanks(line: str, at: int) -> int:
    found = BLANKS.match(line, at)
    return at if found is None else found.end()


def _can_hold(encoding: str, label: str) -> bool:
    try:
        label.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
