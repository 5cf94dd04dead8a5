"""Any text -> the same text for a terminal, a shell or JSON, with invisible characters escaped."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tomlkit.items import Item, SingleKey

LONGEST = 2000
"""How many characters of a text are read, so that a text of megabytes costs no time."""
JOINERS = "\u200c\u200d"
"""Not printable to Python, but part of Persian words and of emoji, and harmless."""
BLANKS = " \u200b\u200c\u200d\u2060\ufeff"
"""Invisible at either end of a text: editors and web pages leave them there."""

_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Characters that editors and web pages don't show, show as a new line, or that turn around the text
next to them; and lone surrogates, for which UTF-8 has no bytes."""
_TOML_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_SHORT = 0xFFFF
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_WORD = re.compile(r"[\w./:=+-]+")
_LONGEST_NAMED = 60
ANYWHERE_COMMAND = "##["
"""What begins a command of GitHub's runner anywhere in a line."""
_LINE_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)
_HALVES = re.compile("[\ud800-\udfff]")
"""Lone surrogates; in Python those from DC80 to DCFF are bytes of a path that are not UTF-8."""


def printable(text: str) -> str:
    r"""Text on one line: white space becomes one space, and control characters are escaped, as in `\x1b`."""
    return printable_path(" ".join(text[:LONGEST].split()))


def printable_text(text: str) -> str:
    """A text of the data as `printable` gives it, without invisible characters at its ends."""
    return printable(text.strip().strip(BLANKS).strip())


def printable_path(path: str) -> str:
    """A path with its spaces as they are, and control characters escaped."""
    return escape_unprintable(path, keep=JOINERS)


def escape_unprintable(text: str, keep: str = "") -> str:
    r"""A text with an escape such as `\x1b` for each character that is not printable, except those to keep.

    Example:
        >>> print(escape_unprintable("a\x1b[31m"))
        a\x1b[31m
    """
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)


def break_runner_commands(text: str) -> str:
    """A text in which the runner of GitHub Actions finds no command, such as one that hides later lines.

    It reads commands in all that a step prints: `##[command]` anywhere, `::command::` where a line begins.

    Example:
        >>> print(break_runner_commands("::add-mask::a ##[group]"))
        : :add-mask::a # #[group]
    """
    return _LINE_COMMAND.sub(r"\1: :", text).replace(ANYWHERE_COMMAND, "# #[")


def shell_word(path: str) -> str:
    r"""A path as one word for a shell: not an option, on one line, and without invisible characters.

    Example:
        >>> print(shell_word("my data.csv"), shell_word("-x.csv"), shell_word("a\nb"))
        'my data.csv' ./-x.csv $'a\x0ab'
    """
    path = path.replace(os.sep, "/")
    path = f"./{path}" if path.startswith("-") else path
    if path.isprintable():
        return quote_word(path)
    plain = {code: chr(code) for code in range(ord(" "), 0x7F) if chr(code) not in "'\\"}
    return "$'" + "".join(plain.get(code, f"\\x{code:02x}") for code in path_bytes(path)) + "'"


def quote_word(text: str) -> str:
    """A text as one word of a shell; on Windows of PowerShell and of cmd, which share double quotes only."""
    if sys.platform != "win32":
        return shlex.quote(text)
    return text if _PLAIN_WORD.fullmatch(text) else '"' + text.replace('"', '\\"') + '"'


def path_bytes(path: str) -> bytes:
    """The bytes of a path; a lone surrogate that is not a byte of a path is replaced."""
    return os.fsencode(_HALVES.sub(_known_byte, path))


def _known_byte(half: re.Match[str]) -> str:
    return half[0] if "\udc80" <= half[0] <= "\udcff" else "\N{REPLACEMENT CHARACTER}"


def shorten_quoted(text: str) -> str:
    """The text in single quotes, for a sentence; the end of a long text is left out."""
    return repr(shorten(text))


def shorten(text: str) -> str:
    """The text, for a sentence; the end of a long text is left out."""
    return text if len(text) <= _LONGEST_NAMED else text[: _LONGEST_NAMED - 1] + "…"


def quote_json(text: str) -> str:
    """The text in double quotes on one line as in JSON, with invisible characters escaped."""
    return json_text(text)


def quote_toml(text: str) -> str:
    r"""The text in double quotes on one line as in TOML and YAML, with invisible characters escaped.

    Characters that change the direction of writing are escaped, too, so that a name can't look like another
    one in a review. TOML can't represent lone surrogates.

    Example:
        >>> print(quote_toml('a "b"\u202e'))
        "a \"b\"\u202E"
    """
    return f'"{"".join(map(_escape_for_toml, text))}"'


def _escape_for_toml(character: str) -> str:
    if character in _TOML_ESCAPES:
        return _TOML_ESCAPES[character]
    if character.isprintable() or character in JOINERS:
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= _LAST_SHORT else f"\\U{code:08X}"


def toml_item(setting: object) -> Item:
    """A text, number, boolean or list of these as an item for tomlkit, with texts as in `quote_toml`."""
    import tomlkit

    if isinstance(setting, str):
        return tomlkit.value(quote_toml(setting))
    if isinstance(setting, (list, tuple)):
        return tomlkit.value(f"[{', '.join(toml_item(one).as_string() for one in setting)}]")
    return tomlkit.item(setting)


def toml_key(name: str) -> SingleKey:
    """A key for tomlkit: without quotes where TOML allows it, else as in `quote_toml`."""
    from tomlkit.items import SingleKey

    return SingleKey(name, original=name if _BARE_KEY.fullmatch(name) else quote_toml(name))


def json_text(value: Any, indent: int | None = None) -> str:  # noqa: ANN401  # JSON is anything
    r"""A value as JSON, with non-ASCII characters as they are, and invisible ones escaped.

    So no control character reaches a terminal, no command in a text GitHub's runner, and UTF-8 has bytes for
    lone surrogates: in Python, bytes of a path that are not UTF-8.

    Raises:
        ValueError: A number in it is infinite or NaN.

    Example:
        >>> print(json_text(["größe", "\x9b[2J"]))
        ["größe", "\u009b[2J"]
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    text = text.replace(ANYWHERE_COMMAND, "#\\u0023[")
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def json_document(value: Any) -> str:  # noqa: ANN401  # JSON is anything
    """The text of a JSON file, indented by two spaces."""
    return json_text(value, indent=2) + "\n"
