"""Bytes -> a file that is replaced whole or not at all.

    a hidden file beside its place, safe on disk ─▶ renamed into its place ─▶ its name safe on disk

A killed run leaves the old file and, at most, the hidden one, which the next run for the same file removes.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from doubtcli.disk.lock import lock_folders_of
from doubtcli.disk.paths import is_same_file
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

UNFINISHED = ".doubt-unfinished"
"""The ending of hidden files and folders that are still being written."""

CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS)
"""The errors of file systems that can't sync folders, such as some network drives."""

IN_USE = (5, 32)
"""Windows' own numbers (ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION) for a file that a program has open."""

ABANDONED_AFTER = 24 * 60 * 60
"""Seconds: no run writes one file for so long."""

ANYBODY, OWNER = 0o666, 0o600
"""The permissions of a file that all may read and write, and of one that only its owner may."""

OTHER_ERROR = 0
"""In hints: every system error that has no hint of its own."""
TOO_BIG = "raise the limit on file sizes (ulimit -f)"


def make_hints(
    *, other: str, full: str = "", too_big: str = TOO_BIG, too_long: str = ""
) -> Mapping[int, str]:
    """What to do about what can't be written, by the system's error number.

    Args:
        other: For all errors that have no hint of their own.
        full: When the disk is full, or the user's quota is used up.
        too_big: When the system limits the size of files.
        too_long: When the name is too long.
    """
    hints = {
        errno.ENOSPC: full,
        errno.EDQUOT: full,
        errno.EFBIG: too_big,
        errno.ENAMETOOLONG: too_long,
    }
    return {number: hint for number, hint in hints.items() if hint} | {OTHER_ERROR: other}


FILE_HINTS = make_hints(
    other="name a file that you can write to",
    full="free some space, or name a file on another disk",
    too_long="use a shorter file name",
)
"""What to do about a file that the user chose."""


@contextmanager
def os_errors_as_output_error(where: Path, hints: Mapping[int, str] = FILE_HINTS) -> Iterator[None]:
    """Turn an error of the operating system into an OutputError.

    Args:
        where: The file or folder that is written.
        hints: What to do about it, by the system's error number.
    """
    try:
        yield
    except OSError as error:
        hint = hints.get(error.errno or OTHER_ERROR, hints[OTHER_ERROR])
        if getattr(error, "winerror", None) in IN_USE:
            hint = f"close the program that has it open, such as a spreadsheet; or {hint}"
        raise OutputError(
            f"can't be written: {error.strerror or error}", where=str(where), hint=hint
        ) from error


# ------------------------------------------------------------------ a whole file


def replace_file(
    path: Path,
    content: bytes,
    *,
    mode: int | None = None,
    made_from: Iterable[str] = (),
    overwrite: bool = True,
    never: Iterable[str] = (),
    hints: Mapping[int, str] = FILE_HINTS,
) -> None:
    """Write a file, replacing the one that was there in one step.

    A missing folder is made. Anything but a regular file (`/dev/stdout`, a pipe) is written to directly. A
    link is followed: the file that it points to is replaced. Of two runs at once, one waits for the other.

    Args:
        path: The file to write.
        content: The whole file.
        mode: Its permissions; None: those of the file that it replaces, else the system's default.
        made_from: The files that its content is from: a new file is no less private than they are.
        overwrite: Whether a file that is there already is replaced.
        never: Files that were read, and must not be replaced.
        hints: What to do about errors, by the system's error number.

    Raises:
        OutputError: It is one of those, or must not be replaced, or the system refuses; the old file is
            unchanged.
    """
    if any(is_same_file(read, path) for read in never):
        raise OutputError(
            "it is one of the files that are read, so it is not overwritten",
            where=str(path),
            hint="name another file",
        )
    with os_errors_as_output_error(path, hints):
        if _is_special(path):
            path.write_bytes(content)
            return
        with _stage_file(path, content, mode, limit_mode(made_from)) as hidden:
            if not overwrite and path.exists():  # another run was faster
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            hidden.replace(path.resolve())
            sync_folder(hidden.parent)


def check_writable(path: Path, content: bytes, *, hints: Mapping[int, str] = FILE_HINTS) -> None:
    """Make sure that `replace_file` can write a file, by doing everything but the rename.

    Raises:
        OutputError: The system refuses.
    """
    missing = [parent for parent in path.parents if not parent.exists()]
    with os_errors_as_output_error(path, hints):
        if not _is_special(path):
            with _stage_file(path, content, None):
                pass
    _remove_empty(missing)


def _is_special(path: Path) -> bool:
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


def unfinished_path(path: Path) -> Path:
    """The hidden file that `replace_file` writes first.

    Args:
        path: The file; not a link.
    """
    return path.with_name(f".{path.name}.new{UNFINISHED}")


@contextmanager
def _stage_file(path: Path, content: bytes, mode: int | None, at_most: int = ANYBODY) -> Iterator[Path]:
    """The hidden file, safe on disk; removed after the block unless it was renamed."""
    path = path.resolve()
    hidden = unfinished_path(path)
    with make_parents(path), lock_folders_of(path):
        for left in (hidden, *_list_abandoned(path.parent)):
            if was_left_over(left):
                remove_file(left)
        try:
            write_new_file(hidden, content, read_mode(path) if mode is None else mode, at_most=at_most)
            keep_owner(hidden, like=path)
            yield hidden
        finally:
            remove_file(hidden)


def _list_abandoned(folder: Path) -> Iterator[Path]:
    """The hidden files of runs that were killed long ago, and that wrote other files in this folder."""
    oldest = time.time() - ABANDONED_AFTER
    for path in folder.glob(f".*.new{UNFINISHED}"):
        with suppress(OSError):  # another run has just removed it
            if path.lstat().st_mtime < oldest and path.lstat().st_uid == folder.stat().st_uid:
                yield path


# ----------------------------------------------------------------------- steps


def write_new_file(path: Path, content: bytes, mode: int | None = None, *, at_most: int = ANYBODY) -> None:
    """Write a file that doesn't exist yet; its content is then safe on disk, its name not yet.

    Args:
        path: The file to write.
        content: The whole file.
        mode: Its permissions, set before the first byte is written; None: the system's default.
        at_most: The permissions that it may have by that default.

    Raises:
        OSError: As the system raises it.
    """
    with _open_new(path, at_most if mode is None else mode) as file:
        if mode is not None:
            path.chmod(mode)  # the umask may have removed some permissions
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def remove_file(path: Path) -> None:
    """Remove a file if it is there: a read-only one too, which Windows refuses to remove.

    Raises:
        OSError: As the system had it.
    """
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        if path.is_symlink() or (read_mode(path) or 0) & stat.S_IWUSR:
            raise
        path.chmod(stat.S_IWUSR)
        path.unlink()


def _open_new(path: Path, mode: int) -> BinaryIO:
    def with_mode(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    return open(path, "xb", opener=with_mode)  # Path.open has no `opener`


def was_left_over(path: Path) -> bool:
    """Whether a killed run left a file or a folder at one of our hidden names.

    Anybody who may write to a folder can plant a link there: following it would change files elsewhere. So
    a link is never ours, nor is what belongs to somebody else than us and the folder's owner.

    Raises:
        OutputError: Something is there that can't be ours.
    """
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    found = ""
    if stat.S_ISLNK(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink > 1):
        found = "is a link"
    elif sys.platform != "win32" and status.st_uid not in {os.geteuid(), path.parent.stat().st_uid}:
        found = "belongs to another user"
    if not found:
        return True
    raise OutputError(
        f"{found}, with a name that doubt uses for unfinished files",
        where=str(path),
        expected="nothing, or what a run of doubt left there",
        hint="remove it, and run the command again",
    )


def keep_owner(path: Path, *, like: Path) -> None:
    """Give a new file the owner and group of an old one, where the system allows it: to root.

    Others can't give files away, and theirs have the right owner anyway.
    """
    if sys.platform != "win32" and like.exists():
        status = like.stat()
        with suppress(PermissionError):
            os.chown(path, status.st_uid, status.st_gid)


def limit_mode(made_from: Iterable[str]) -> int:
    """The most permissions for a new file that is made from others: what nobody may do with one of those.

    Its owner may always read and write it. What the group of one may do only counts if new files get the
    same group. Names that are no file, such as `-`, are left out.
    """
    most = ANYBODY
    for name in made_from:
        with suppress(OSError, ValueError):
            status = Path(name).stat()
            mode = status.st_mode
            if sys.platform != "win32" and status.st_gid != os.getegid():
                mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
            most &= mode | OWNER
    return most


def read_mode(path: Path) -> int | None:
    """The permissions of a file; None if there is no such file."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are safe on disk.

    Not needed on Windows, where folders can't be opened. File systems that can't sync folders are tolerated.

    Raises:
        OSError: As the system raises it.
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
    """Make the missing parents of a path; those that were made are removed again if the block fails.

    Raises:
        OSError: As the system raises it.
    """
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        _remove_empty(missing)
        raise


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # another run uses it
            folder.rmdir()
