"""Texts -> lines of at most 80 characters: paragraphs, entries of a list, numbered steps."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 80
TYPED = "    "
"""Leads a line that is to be typed."""
_fill = partial(textwrap.fill, width=WIDTH, break_long_words=False, break_on_hyphens=False)


def paragraph(text: str) -> str:
    """A text in lines; a word that is longer than a line is left whole."""
    return _fill(text)


def hanging(lead: str, text: str) -> str:
    """A text behind what leads it, its further lines set in."""
    return _fill(lead + text, subsequent_indent=" " * min(len(lead), len(TYPED)))


def numbered(steps: Iterable[str]) -> str:
    """Steps with their numbers; lines to be typed belong to the step before, and stand apart."""
    number, lines, was_typed = 0, [""], False
    for step in steps:
        is_typed = step.startswith(TYPED)
        if is_typed is not was_typed:
            lines.append("")
        number += not is_typed
        lines.append(step if is_typed else hanging(f"{number}. ", step))
        was_typed = is_typed
    return "\n".join(lines[1:])
