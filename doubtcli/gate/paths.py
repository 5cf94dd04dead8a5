"""Where a file stands, said so that it holds on every machine that has the repository."""

from __future__ import annotations

import os
from pathlib import Path


def settled(path: str | Path) -> Path:
    """The whole path, its folders' links followed.

    A link that is the file itself is not followed: so large files are kept in a repository.
    """
    path = Path(path)
    return path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name


def seen_beside(path: str | Path, file: str | Path) -> str:
    """A path as seen from the folder that `file` stands in, with "/" between its parts."""
    return Path(os.path.relpath(settled(path), settled(file).parent)).as_posix()
