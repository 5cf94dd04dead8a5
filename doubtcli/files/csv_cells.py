"""CSV, TSV and the like: where the rows and their labels stand, and how a label is written.

The same fields as the csv module finds, which reads these files: a field that starts with a quote ends with
one, quotes in it are doubled, and every other field is taken as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from doubtcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.files.edits import Form
    from doubtcli.files.text import Span

QUOTE = '"'
LINE_END = r"(?:\r\n?|\n|\Z)"
BLANK_LINES = re.compile(r"[\r\n]*+")


def rows(text: str, form: Form) -> Iterator[Span]:
    """Each row with the blank lines before it and its own line end, the header left out.

    Where there is but one column, a blank line is a row.

    Raises:
        InputError: A row has other fields than the header.
    """
    between, field = re.escape(form.delimiter), _field(form)
    row = re.compile(rf"{field}(?:{between}{field}){{{form.n_columns - 1}}}{LINE_END}")
    number, end, place = 0, 0, _after_blank_lines(text, 0)  # the header is number 0
    while place < len(text):
        found = row.match(text, place)
        if found is None:
            raise InputError("the row has other fields than the header", row=number or None)
        if number:
            yield end, found.end()
        number, end = number + 1, found.end()
        place = _first_field(text, end, form)


def label(text: str, row: Span, form: Form) -> Span:
    """The label's cell within a row, its quotes included."""
    field = _field(form)
    cell = re.compile(rf"(?:{field}{re.escape(form.delimiter)}){{{form.place}}}({field})")
    found = cell.match(text, _first_field(text, row[0], form))
    assert found is not None, "`rows` has matched the same fields"  # noqa: S101
    return found.span(1)


def written(label: str, old: str, like: str | None, form: Form) -> str:  # noqa: ARG001  # as every format's
    """A label in quotes if the cell was, or if it needs them.

    Raises:
        ValueError: Quotes are plain characters here, and the label can't do without.
    """
    breaks = [mark for mark in (form.delimiter, "\r", "\n") if mark in label]
    if form.quoted:
        in_quotes = old.startswith(QUOTE) or QUOTE in label or breaks
        return f"{QUOTE}{label.replace(QUOTE, QUOTE * 2)}{QUOTE}" if in_quotes else label
    if breaks:
        raise ValueError(f"without quotes, {breaks[0]!r} would end the field")
    return label


def _field(form: Form) -> str:
    """A pattern for one field; nothing in it is tried twice, however long the field."""
    plain = rf"[^{re.escape(form.delimiter)}\r\n]"
    if not form.quoted:
        return f"{plain}*+"
    return rf"(?:{QUOTE}[^{QUOTE}]*+(?:{QUOTE}{QUOTE}[^{QUOTE}]*+)*+{QUOTE}|(?!{QUOTE}){plain}*+)"


def _first_field(text: str, start: int, form: Form) -> int:
    """Where a row's own text starts."""
    return start if form.n_columns == 1 else _after_blank_lines(text, start)


def _after_blank_lines(text: str, start: int) -> int:
    found = BLANK_LINES.match(text, start)
    return start if found is None else found.end()
