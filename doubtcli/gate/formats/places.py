"""A data file's path -> the path and the URI by which a system that has the repository finds it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

from doubtcli.wording.quoting import printable_path

STANDARD_INPUT = "-"
_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of characters; Python has those from DC80 to DCFF stand for bytes of a path that are not UTF-8."""


def repository_path(path: str) -> str:
    """The path as seen from the working directory, "/" between its parts; whole where it lies elsewhere."""
    if path == STANDARD_INPUT:
        return path
    seen = Path(os.path.relpath(path or "."))
    return (Path(os.path.abspath(path)) if seen.parts[:1] == ("..",) else seen).as_posix()  # noqa: PTH100  # links are kept


def shown_path(path: str) -> str:
    """As `repository_path`, what nobody could see of it shown as an escape."""
    return printable_path(repository_path(path))


def uri(path: str) -> tuple[str, bool]:
    """Percent-encoded, and whether it is relative to the working directory; else it is a `file:` URI."""
    told = repository_path(path)
    is_relative = not os.path.isabs(told)  # noqa: PTH117  # a text, not a path
    encoded = quote(_bytes(told))
    return (encoded, True) if is_relative else (f"file:///{encoded.lstrip('/')}", False)


def _bytes(path: str) -> bytes:
    """The path's own bytes; half a character that stands for none is replaced."""
    return _HALVES.sub(_known_byte, path).encode(errors="surrogateescape")


def _known_byte(half: re.Match[str]) -> str:
    return half[0] if "\udc80" <= half[0] <= "\udcff" else "\ufffd"
