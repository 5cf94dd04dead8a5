"""Files -> a folder in which they are replaced together or not at all.

The files are made in a hidden folder and are safe on disk before any of them is put into its place. There are
three ways to do so, for no system has one that suits all folders:

- A folder that isn't there: the hidden folder beside it is renamed.
- A folder of only these files: the hidden folder beside it and the old one change places in one step, so that
  nobody ever finds new files beside old ones, not even after a kill. A rename replaces no folder that holds
  anything, and Python has no other call, so Linux's renameat2 is called by `ctypes`.
- Any other folder, and on any other system: the hidden folder is inside, is renamed once it is complete, and
  its files are moved up one by one. A kill between the first move and the last, a fraction of a millisecond
  apart, leaves new files beside old ones; `recover_folder` moves the others up, and every reader and writer
  calls it first.

A file's name may lead into folders below ("x/y.json"); they are made.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from doubtcli.disk.file import (
    TOO_BIG,
    UNFINISHED,
    make_hints,
    make_parents,
    os_errors_as_output_error,
    read_mode,
    sync_folder,
    write_new_file,
)
from doubtcli.disk.lock import lock_folders_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

COMPLETE = ".doubt-complete"
"""A hidden folder of files that only need to be moved up."""

FOLDER_HINTS = make_hints(
    other="name a folder that you may write to with --output",
    full="free some space, or name a folder on another disk with --output",
    too_big=f"{TOO_BIG}, or lower --queue-size",
    too_long="name a shorter folder with --output",
)
"""What to do about a folder that the user has named."""

AT_FDCWD = -100
RENAME_EXCHANGE = 2
"""From Linux's fcntl.h and renameat2(2)."""


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the files into the folder, all of them or none; what else is in it stays as it is.

    Missing parents are made, and removed again if it fails. Of two runs at once, one waits for the other.

    Args:
        folder: Where to; a link is followed.
        files: Their content by name, "/" between the parts of a name on every system.

    Raises:
        OutputError: The system won't let us; the folder is as it was before.
    """
    place = Path(os.path.realpath(folder))
    with os_errors_as_output_error(folder, FOLDER_HINTS), make_parents(place), lock_folders_of(place):
        recover_folder(place, files)
        if not place.exists():
            _make_folder(place, files)
        elif not (_is_exchangeable(place, files) and _was_exchanged(place, files)):
            _replace_inside(place, files)


def recover_folder(folder: Path, names: Collection[str]) -> None:
    """End or undo what a killed run left of files with these names.

    Raises:
        OSError: As the system had it.
    """
    _discard(_hidden_beside(folder), names)
    _discard(folder / UNFINISHED, names)
    _move_up(folder / COMPLETE, names)


# ------------------------------------------------------------------ ways to write


def _make_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    with _stage_folder(_hidden_beside(folder), files, like=folder) as made:
        made.rename(folder)
        sync_folder(folder.parent)


def _is_exchangeable(folder: Path, names: Collection[str]) -> bool:
    """Whether the folder may be another one afterwards: all in it is replaced, and nobody stands in it."""
    ours_alone = all(_is_ours(path, folder, names) for path in folder.rglob("*"))  # stops at a stranger
    return sys.platform == "linux" and any(folder.iterdir()) and ours_alone and folder != Path.cwd()


def _is_ours(path: Path, folder: Path, names: Collection[str]) -> bool:
    name = path.relative_to(folder).as_posix()
    return name in names if path.is_file() else path.is_dir() and name in _folders(names)


def _was_exchanged(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Put a new folder into the place of the old; False where the system won't (a mount point)."""
    try:
        with _stage_folder(_hidden_beside(folder), files, like=folder) as made:
            made.chmod(folder.stat().st_mode)
            _exchange(made, folder)
            sync_folder(folder.parent)
    except OSError:  # writing inside comes next, and has its own say if the disk is full
        return False
    return True


def _replace_inside(folder: Path, files: Mapping[str, bytes]) -> None:
    for name in files:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(folder / name))
    for name in _folders(files):
        if (folder / name).exists() and not (folder / name).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder / name))
    with _stage_folder(folder / UNFINISHED, files, like=folder) as made:
        made.rename(folder / COMPLETE)
        sync_folder(folder)
        _move_up(folder / COMPLETE, files)


# ---------------------------------------------------------------------- steps


@contextmanager
def _stage_folder(hidden: Path, files: Mapping[str, bytes], *, like: Path) -> Iterator[Path]:
    """A hidden folder with the files, each as private as in `like`; gone after the block unless renamed."""
    try:
        hidden.mkdir(mode=stat.S_IRWXU if like.exists() else 0o777)
        for name in reversed(_folders(files)):
            (hidden / name).mkdir()
        for name, content in files.items():
            write_new_file(hidden / name, content, read_mode(like / name))
        for name in _folders(files):
            sync_folder(hidden / name)
        sync_folder(hidden)
        yield hidden
    finally:
        _discard(hidden, files)


def _hidden_beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{UNFINISHED}")


def _discard(folder: Path, names: Collection[str]) -> None:
    """Remove a hidden folder and the files of ours in it; one that holds anything else is not removed."""
    if folder.is_dir():
        for name in names:
            (folder / name).unlink(missing_ok=True)
        _remove_folders(folder, names)


def _move_up(folder: Path, names: Collection[str]) -> None:
    if folder.is_dir():
        for name in names:
            if (folder / name).exists():
                (folder.parent / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).replace(folder.parent / name)
        _remove_folders(folder, names)
        sync_folder(folder.parent)


def _folders(names: Collection[str]) -> list[str]:
    """The folders that names of files lead into, the deepest first."""
    parents = {str(parent) for name in names for parent in PurePosixPath(name).parents} - {"."}
    return sorted(parents, key=lambda name: (-name.count("/"), name))


def _remove_folders(folder: Path, names: Collection[str]) -> None:
    """Remove a folder and those below it that names of files led into; they hold no file any more."""
    for name in _folders(names):
        if (folder / name).is_dir():
            (folder / name).rmdir()
    folder.rmdir()


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change places in a single step."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:  # in older C libraries
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(other))
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
