"""Bytes -> a file, written whole or not at all."""

from __future__ import annotations

import glob
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.disk import mode_of, told, write_new
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UNFINISHED = ".doubt-unfinished"


def write_file(path: Path, content: bytes, *, never: Iterable[str] = ()) -> None:
    """Write a file beside its place and rename it into place; what was there before goes in that moment.

    Its folder is made if it is missing. What is no regular file (`/dev/stdout`, a pipe) is written to as it
    is. A link is followed: what it leads to is replaced.

    Args:
        path: Where to.
        content: All that is to stand in it.
        never: Files that were read, and must stay.

    Raises:
        OutputError: It is one of those, or the system won't let us; what was there before is as it was.
    """
    if any(Path(read).resolve() == path.resolve() for read in never):
        raise OutputError("it is read, and is not written over", where=str(path), hint="name another file")
    with told(path):
        if _is_special(path):
            path.write_bytes(content)
        else:
            with _beside(path, content) as beside:
                beside.replace(path.resolve())


def try_file(path: Path, content: bytes) -> None:
    """Make sure that a file can be written: it is, beside its place, and is taken away again.

    Raises:
        OutputError: The system won't let us.
    """
    with told(path):
        if not _is_special(path):
            with _beside(path, content):
                pass


def remove_unfinished(path: Path) -> None:
    """Take away what runs that were killed left while they wrote a file; no other run may be writing it.

    Raises:
        OutputError: The system won't let us.
    """
    path = path.resolve()
    for beside in path.parent.glob(f".{glob.escape(path.name)}.*{UNFINISHED}"):
        if beside.name.removeprefix(f".{path.name}.").removesuffix(UNFINISHED).isdigit():
            with told(beside):
                beside.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


@contextmanager
def _beside(path: Path, content: bytes) -> Iterator[Path]:
    """The content in a hidden file beside the place, gone afterwards unless it is renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        write_new(beside, content, mode_of(path))
        yield beside
    finally:
        beside.unlink(missing_ok=True)
