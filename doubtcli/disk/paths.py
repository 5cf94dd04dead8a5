"""Where a file is: as seen from the working directory, or from a file beside which it is kept."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

STANDARD_INPUT = "-"
"""The name for what is read from a pipe."""


def name_in_memory(kind: str) -> str:
    """The name in place of a path for a Python object of this kind: "<pandas.DataFrame>"."""
    return f"<{kind}>"


def is_in_memory(path: str) -> bool:
    """Whether a path is the name of an object in memory, as `name_in_memory` gives it."""
    return path.startswith("<") and path.endswith(">")


def names_a_file(path: str) -> bool:
    """Whether a command can read the file at a path again: not a pipe, nor an object in memory."""
    return path != STANDARD_INPUT and not is_in_memory(path)


def resolve_parents(path: str | Path) -> Path:
    """The absolute path, with the links of its folders followed.

    A link that is the file itself is not followed, since large files in a repository are often links.
    """
    path = Path(path)
    return path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name


def with_slashes(path: str) -> str:
    """A path with "/" between its parts, which Windows reads too: what is kept is found on any system."""
    return path.replace(os.sep, "/")


def relative_path(path: str | Path, start: str | Path = os.curdir) -> str:
    """A path relative to a folder, with "/" between its parts.

    It is the absolute path where no relative one leads there: on Windows, to another drive.
    """
    try:
        return with_slashes(os.path.relpath(path, start))
    except ValueError:
        return with_slashes(os.path.abspath(path))  # noqa: PTH100  # links are kept


def is_same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two paths lead to the same file.

    They may differ in case, or in how accents are written, where the file system ignores that, as those of
    macOS do. Two names of one file that differ in more are not the same: one may be replaced without the
    other.
    """
    first, second = Path(one).resolve(), Path(other).resolve()
    if first == second:
        return True
    return _fold(first) == _fold(second) and first.exists() and second.exists() and first.samefile(second)


def _fold(path: Path) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


def path_beside(path: str | Path, file: str | Path) -> str:
    """A path relative to the folder that `file` is in, with "/" between its parts."""
    return relative_path(resolve_parents(path), resolve_parents(file).parent)


def path_from_here(path: str) -> str:
    """A path as it is shown: relative to the working directory if it is below that, however it was typed."""
    if not names_a_file(path):
        return path
    seen = relative_path(path)
    return with_slashes(os.path.normpath(path)) if seen.startswith(os.pardir) else seen
