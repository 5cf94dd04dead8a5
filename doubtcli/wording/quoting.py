"""Any text -> the same text for a terminal, a shell or JSON, with nothing unseen in it."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import Any

LONGEST = 2000
"""Characters of a text that are looked at, so that one of megabytes costs nothing."""
JOINERS = "\u200c\u200d"
"""Unprintable by the book, yet part of Persian words and of emoji, and harmless."""
BLANKS = " \u200b\u200c\u200d\u2060\ufeff"
"""Seen by nobody at either end of a text: editors and web pages leave them behind."""

_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of characters; Python has those from DC80 to DCFF stand for bytes of a path that are not UTF-8."""


def printable(text: str) -> str:
    r"""Text on one line: white space is one space, control and formatting characters show as `\x1b`."""
    return printable_path(" ".join(text[:LONGEST].split()))


def printable_text(text: str) -> str:
    """A text of the data as `printable` gives it, without what nobody sees at its ends."""
    return printable(text.strip().strip(BLANKS).strip())


def printable_path(path: str) -> str:
    """A path as it is, spaces too, but for what a terminal would obey."""
    return escape_unprintable(path, keep=JOINERS)


def escape_unprintable(text: str, keep: str = "") -> str:
    r"""A text with an escape such as `\x1b` for each character that is not printable, but for those to keep.

    Example:
        >>> print(escape_unprintable("a\x1b[31m"))
        a\x1b[31m
    """
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)


def shell_word(path: str) -> str:
    r"""A path as one word of a shell that is no option, on one line and with nothing unseen in it.

    Example:
        >>> print(shell_word("my data.csv"), shell_word("-x.csv"), shell_word("a\nb"))
        'my data.csv' ./-x.csv $'a\x0ab'
    """
    path = f"./{path}" if path.startswith("-") else path
    if path.isprintable():
        return shlex.quote(path)
    plain = {code: chr(code) for code in range(ord(" "), 0x7F) if chr(code) not in "'\\"}
    return "$'" + "".join(plain.get(code, f"\\x{code:02x}") for code in path_bytes(path)) + "'"


def path_bytes(path: str) -> bytes:
    """A path's own bytes; half a character that stands for no byte is replaced."""
    return os.fsencode(_HALVES.sub(_known_byte, path))


def _known_byte(half: re.Match[str]) -> str:
    return half[0] if "\udc80" <= half[0] <= "\udcff" else "\N{REPLACEMENT CHARACTER}"


def json_text(value: Any, indent: int | None = None) -> str:  # noqa: ANN401  # JSON is anything
    """A value as JSON, its characters as they are.

    Half of a character is escaped, since UTF-8 has no bytes for it: Python has some stand for the bytes of a
    path that are not UTF-8.

    Raises:
        ValueError: A number in it is infinite or NaN.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace").decode()


def json_document(value: Any) -> str:  # noqa: ANN401  # JSON is anything
    """The text of a JSON file, indented by two blanks."""
    return json_text(value, indent=2) + "\n"
