"""Bytes and names -> safe on disk; what the system says against it -> OutputError."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

OTHER = 0
"""Stands in hints for whatever else the system may say."""
FULL = "free some space, or name a file on another disk"
FILE = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.ENAMETOOLONG: "name a shorter file",
    OTHER: "name a file that you may write to",
}
"""What to do about a file that the user has named, by what the system says."""


@contextmanager
def told(where: Path, hints: Mapping[int, str] = FILE) -> Iterator[None]:
    """Turn what the system says into an OutputError.

    Args:
        where: What is written.
        hints: What to do about it, by the system's number; `OTHER` for all that are not named.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}",
            where=str(where),
            hint=hints.get(error.errno or OTHER, hints[OTHER]),
        ) from error


def mode_of(path: Path) -> int | None:
    """Who may do what with a file; None where there is none."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


def write_new(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file that isn't there, safe on disk but for its name.

    Args:
        path: Where to.
        content: All that is to stand in it.
        mode: Who may do what with it, before the first byte stands in it; None: as the system has it.

    Raises:
        OSError: As the system had it.
    """
    with _created(path, mode) as file:
        if mode is not None:
            path.chmod(mode)  # the system may have taken rights away, and gave none
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _created(path: Path, mode: int | None) -> BinaryIO:
    def with_mode(name: str, flags: int) -> int:
        return os.open(name, flags, 0o666 if mode is None else mode)

    return open(path, "xb", opener=with_mode)  # a Path takes no opener


def sync(folder: Path) -> None:
    """Have the system write down which names stand in a folder; needless where folders can't be opened."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def parents(path: Path) -> Iterator[None]:
    """Make the folders that a file or a folder is to stand in; what was made goes again if the block fails.

    Raises:
        OSError: As the system had it.
    """
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in missing:
            with suppress(OSError):  # what kept us from making it is being raised
                parent.rmdir()
        raise
