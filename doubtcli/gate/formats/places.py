"""A data file's path -> the path and the URI by which a system that has the repository finds it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from doubtcli.wording.quoting import path_bytes, printable_path

STANDARD_INPUT = "-"


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
    encoded = quote(path_bytes(told))
    return (encoded, True) if is_relative else (f"file:///{encoded.lstrip('/')}", False)
