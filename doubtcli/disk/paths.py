"""Where a file is: as seen from the working directory, or from a file beside which it is kept."""

from __future__ import annotations

import os
from pathlib import Path

STANDARD_INPUT = "-"
"""What a file is called that is read from a pipe."""


def resolve_parents(path: str | Path) -> Path:
    """The whole path, its folders' links followed.

    A link that is the file itself is not followed: so large files are kept in a repository.
    """
    path = Path(path)
    return path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name


def path_beside(path: str | Path, file: str | Path) -> str:
    """A path as seen from the folder that `file` stands in, with "/" between its parts."""
    return Path(os.path.relpath(resolve_parents(path), resolve_parents(file).parent)).as_posix()


def path_from_here(path: str) -> str:
    """A path as it is shown: below the working directory as seen from there, however it was typed."""
    if path == STANDARD_INPUT:
        return path
    seen = os.path.relpath(path)
    return os.path.normpath(path) if seen.startswith(os.pardir) else seen
