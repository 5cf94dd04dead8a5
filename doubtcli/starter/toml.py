"""Any text -> the same text as TOML writes it: strings, keys, comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
LARGEST_SHORT = 0xFFFF
LONGEST_COMMENT = 160
"""Characters; a column's name may be longer than a screen."""


def string(text: str) -> str:
    r"""A text in quotes, all that can't be seen in it escaped; YAML reads it alike.

    What turns the direction of writing is escaped, too: a name must not look like another in a review.

    Example:
        >>> print(string('a "b"\u202e'))
        "a \"b\"\u202e"
    """
    return f'"{"".join(map(_escaped, text))}"'


def strings(texts: Iterable[str]) -> str:
    """An array of texts in one line."""
    return f"[{', '.join(map(string, texts))}]"


def value(setting: object) -> str:
    """A setting: a text, several, a number, or on and off."""
    if isinstance(setting, tuple):
        return strings(setting)
    if isinstance(setting, str):
        return string(setting)
    return str(setting).lower()


def key(text: str) -> str:
    """A key: bare where TOML allows it, else in quotes."""
    return text if BARE_KEY.fullmatch(text) else string(text)


def comment(text: str) -> str:
    """A text that may stand behind "# ": one line, nothing unseen in it, cut where it is too long."""
    line = "".join(_escaped(character) if not character.isprintable() else character for character in text)
    return line if len(line) <= LONGEST_COMMENT else line[: LONGEST_COMMENT - 1] + "…"


def _escaped(character: str) -> str:
    if character in SHORT:
        return SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= LARGEST_SHORT else f"\\U{code:08X}"
