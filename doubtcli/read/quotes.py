"""Where a quote opened that the CSV reader could not make sense of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

QUOTE = '"'


def opening_line(lines: Iterable[str], delimiter: str) -> tuple[int, bool]:
    """The line, from 0, on which the quoted field opened that breaks a record, and whether it is ever closed.

    Args:
        lines: Physical lines from the start of the record that the CSV reader refused.
        delimiter: What keeps fields apart.
    """
    opened, inside = 0, False
    for number, line in enumerate(lines):
        at = 0
        while at < len(line):
            if inside:
                at, inside = _after_quoted(line, at)
                if not inside and not line.startswith((delimiter, "\r", "\n"), at) and at < len(line):
                    return opened, True
            elif line.startswith(QUOTE, at):
                opened, inside = number, True
                at += 1
            else:
                at = _next_field(line, at, delimiter)
    return opened, False


def _after_quoted(line: str, at: int) -> tuple[int, bool]:
    """The place after the closing quote, or the line's end and that the field goes on."""
    while (quote := line.find(QUOTE, at)) >= 0:
        if not line.startswith(QUOTE, quote + 1):
            return quote + 1, False
        at = quote + 2  # a doubled quote stands for itself
    return len(line), True


def _next_field(line: str, at: int, delimiter: str) -> int:
    end = line.find(delimiter, at)
    return len(line) if end < 0 else end + 1
