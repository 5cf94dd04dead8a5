"""Bytes -> a file that is replaced whole or not at all.

    a hidden file beside its place, safe on disk ─▶ renamed into its place ─▶ its name safe on disk

A kill leaves what was there and, at most, the hidden file: the next run that writes the same file removes it.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

UNFINISHED = ".doubt-unfinished"
"""The ending of hidden files and folders that are still being written."""

CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS)
"""What file systems say that don't sync folders: some network drives."""

OTHER_ERROR = 0
"""In hints: all errors of the system that have no number of their own there."""
TOO_BIG = "raise the limit on file sizes (ulimit -f)"


def make_hints(
    *, other: str, full: str = "", too_big: str = TOO_BIG, too_long: str = ""
) -> Mapping[int, str]:
    """What to do about what can't be written, by the system's error number.

    Args:
        other: About all errors that have no hint of their own.
        full: Where the disk is full, or the user's share of it.
        too_big: Where the system has a limit on the size of files.
        too_long: Where it is the name that is too long.
    """
    hints = {
        errno.ENOSPC: full,
        errno.EDQUOT: full,
        errno.EFBIG: too_big,
        errno.ENAMETOOLONG: too_long,
    }
    return {number: hint for number, hint in hints.items() if hint} | {OTHER_ERROR: other}


FILE_HINTS = make_hints(
    other="name a file that you may write to",
    full="free some space, or name a file on another disk",
    too_long="name a shorter file",
)
"""What to do about a file that the user has named."""


@contextmanager
def os_errors_as_output_error(where: Path, hints: Mapping[int, str] = FILE_HINTS) -> Iterator[None]:
    """Turn what the system says into an OutputError.

    Args:
        where: What is written.
        hints: What to do about it, by the system's error number.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}",
            where=str(where),
            hint=hints.get(error.errno or OTHER_ERROR, hints[OTHER_ERROR]),
        ) from error


# ------------------------------------------------------------------ a whole file


def replace_file(
    path: Path,
    content: bytes,
    *,
    mode: int | None = None,
    never: Iterable[str] = (),
    hints: Mapping[int, str] = FILE_HINTS,
) -> None:
    """Put a file into its place; what was there before is gone in that moment.

    Its folder is made if it is missing. What is no regular file (`/dev/stdout`, a pipe) is written to as it
    is. A link is followed: what it leads to is replaced. Of two runs at once, one waits for the other.

    Args:
        path: Where to.
        content: All of the file.
        mode: Who may do what with it; None: as with the file that it replaces, or as the system has it.
        never: Files that were read, and must stay.
        hints: What to do about errors, by the system's error number.

    Raises:
        OutputError: It is one of those, or the system won't let us; what was there before is as it was.
    """
    if any(Path(read).resolve() == path.resolve() for read in never):
        raise OutputError("it is read, and is not written over", where=str(path), hint="name another file")
    with os_errors_as_output_error(path, hints):
        if _is_special(path):
            path.write_bytes(content)
            return
        with _stage_file(path, content, mode) as hidden:
            hidden.replace(path.resolve())
            sync_folder(hidden.parent)


def check_writable(path: Path, content: bytes, *, hints: Mapping[int, str] = FILE_HINTS) -> None:
    """Make sure that `replace_file` can write a file: do all of it but the renaming.

    Raises:
        OutputError: The system won't let us.
    """
    with os_errors_as_output_error(path, hints):
        if not _is_special(path):
            with _stage_file(path, content, None):
                pass


def _is_special(path: Path) -> bool:
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


def unfinished_path(path: Path) -> Path:
    """The hidden file that `replace_file` writes first.

    Args:
        path: The file; no link.
    """
    return path.with_name(f".{path.name}.new{UNFINISHED}")


@contextmanager
def _stage_file(path: Path, content: bytes, mode: int | None) -> Iterator[Path]:
    """The hidden file, safe on disk; it is gone after the block unless it was renamed."""
    path = path.resolve()
    hidden = unfinished_path(path)
    with make_parents(path), lock_folders_of(path):
        try:
            hidden.unlink(missing_ok=True)  # what a killed run left
            write_new_file(hidden, content, read_mode(path) if mode is None else mode)
            yield hidden
        finally:
            hidden.unlink(missing_ok=True)


# ----------------------------------------------------------------------- steps


def write_new_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file that isn't there; its content is safe on disk then, its name not yet.

    Args:
        path: Where to.
        content: All of the file.
        mode: Who may do what with it, from before its first byte; None: as the system has it.

    Raises:
        OSError: As the system had it.
    """
    with _open_new(path, mode) as file:
        if mode is not None:
            path.chmod(mode)  # the system may have taken rights away, and gave none
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _open_new(path: Path, mode: int | None) -> BinaryIO:
    def with_mode(name: str, flags: int) -> int:
        return os.open(name, flags, 0o666 if mode is None else mode)

    return open(path, "xb", opener=with_mode)  # a Path takes no opener


def read_mode(path: Path) -> int | None:
    """Who may do what with a file; None where there is none."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder safe on disk.

    Windows, which opens no folders, does so by itself; where a file system can't, it is left to it.

    Raises:
        OSError: As the system had it.
    """
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in CANNOT_SYNC:
                raise
        finally:
            os.close(descriptor)


@contextmanager
def make_parents(path: Path) -> Iterator[None]:
    """Make the folders that a file or a folder needs; those that were made go again if the block fails.

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
