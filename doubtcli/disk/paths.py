"""Where a file is: as seen from the working directory, or from a file beside which it is kept."""

from __future__ import annotations

import os
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


def path_beside(path: str | Path, file: str | Path) -> str:
    """A path relative to the folder that `file` is in, with "/" between its parts."""
    return Path(os.path.relpath(resolve_parents(path), resolve_parents(file).parent)).as_posix()


def path_from_here(path: str) -> str:
    """A path as it is shown: relative to the working directory if it is below that, however it was typed."""
    if not names_a_file(path):
        return path
    seen = os.path.relpath(path)
    return os.path.normpath(path) if seen.startswith(os.pardir) else seen
