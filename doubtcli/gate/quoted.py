"""A text -> the same text between double quotes, as JSON and TOML both write it."""

from __future__ import annotations

import json
import re

_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What an editor or a web page shows as nothing, as a new line, or by turning around the text beside it; and
halves of characters, which UTF-8 has no bytes for."""

_LONGEST = 60


def quoted(text: str) -> str:
    """The text on one line, what nobody could see of it escaped.

    JSON reads it back as it was; so does TOML, but for halves of characters (lone surrogates), which it has
    no way to write.
    """
    return _HIDDEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def shortly(text: str) -> str:
    """The text in single quotes as a sentence has it, its end left out where it is long."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
