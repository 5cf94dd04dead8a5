"""Files -> a folder, in which all of them are replaced or none.

The files are written to a hidden folder and are safe on disk before any of them is moved to its place. There
are three ways to move them, since no single one suits all folders:

- The folder is new: the hidden folder next to it is renamed.
- The folder has these files and no others: the hidden folder next to it and the old one are exchanged in one
  step, so new and old files are never mixed, not even after a kill. A rename can't replace a folder that has
  anything in it, and Python has no other call, so Linux's renameat2 is called by `ctypes`.
- Any other folder, and any other system: the hidden folder is inside, is renamed once it is complete, and
  its files are moved up one by one. A kill between the first move and the last, a fraction of a millisecond
  apart, leaves new files next to old ones. `recover_folder` moves the rest up; every reader and writer calls
  it first.

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
    limit_mode,
    make_hints,
    make_parents,
    os_errors_as_output_error,
    read_mode,
    remove_file,
    sync_folder,
    was_left_over,
    write_new_file,
)
from doubtcli.disk.lock import lock_folders_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

COMPLETE = ".doubt-complete"
"""A hidden folder with all its files written, which only have to be moved up."""

FOLDER_HINTS = make_hints(
    other="name a folder that you can write to with --output",
    full="free some space, or name a folder on another disk with --output",
    too_big=f"{TOO_BIG}, or lower --queue-size",
    too_long="use a shorter folder name with --output",
)
"""What to do about a folder that the user chose."""

READ = 0o444
"""The permissions to read a file: its owner's, its group's and all others'."""

AT_FDCWD = -100
RENAME_EXCHANGE = 2
"""From Linux's fcntl.h and renameat2(2)."""


def replace_folder(folder: Path, files: Mapping[str, bytes], *, made_from: Iterable[str] = ()) -> None:
    """Write the files into the folder, all of them or none; other files in it are left alone.

    Missing parents are made, and removed again on failure. Of two runs at once, one waits for the other.

    Args:
        folder: The folder to write to; a link is followed.
        files: Their content by name; a name has "/" between its parts on every system.
        made_from: The files that their content is from: what is new is no less private than they are.

    Raises:
        OutputError: The system refuses, or a link is in the way; the folder is unchanged.
    """
    at_most = limit_mode(made_from)
    place = Path(os.path.realpath(folder))
    with os_errors_as_output_error(folder, FOLDER_HINTS), make_parents(place), lock_folders_of(place):
        recover_folder(place, files)
        if not place.exists():
            _make_folder(place, files, at_most)
        elif not (_is_exchangeable(place, files) and _was_exchanged(place, files, at_most)):
            _replace_inside(place, files, at_most)


def check_folder_writable(folder: Path) -> None:
    """Make sure that `replace_folder` can write, by making a hidden folder there and removing it.

    Where the folder doesn't exist yet, its nearest parent that does is tried.

    Raises:
        OSError: As the system raises it.
        OutputError: A link is in the way.
    """
    place = Path(os.path.realpath(folder))
    parent = next(one for one in (place, *place.parents) if one.exists())
    hidden = parent / UNFINISHED if parent == place else parent / f".{place.name}{UNFINISHED}"
    with lock_folders_of(place, hidden):
        if not was_left_over(hidden):
            hidden.mkdir()
            hidden.rmdir()


def recover_folder(folder: Path, names: Collection[str]) -> None:
    """Finish or undo what a killed run left of the files with these names.

    Raises:
        OSError: As the system raises it.
    """
    _remove_hidden_folder(_hidden_beside(folder), names)
    _remove_hidden_folder(folder / UNFINISHED, names)
    _move_up(folder / COMPLETE, names)


# ------------------------------------------------------------------ ways to write


def _make_folder(folder: Path, files: Mapping[str, bytes], at_most: int) -> None:
    with _stage_folder(_hidden_beside(folder), files, like=folder, at_most=at_most) as made:
        made.rename(folder)
        sync_folder(folder.parent)


def _is_exchangeable(folder: Path, names: Collection[str]) -> bool:
    """Whether a new folder may take its place: it has only our files, and is not the working directory."""
    ours_alone = all(_is_ours(path, folder, names) for path in folder.rglob("*"))  # stops at the first other
    return sys.platform == "linux" and any(folder.iterdir()) and ours_alone and folder != Path.cwd()


def _is_ours(path: Path, folder: Path, names: Collection[str]) -> bool:
    name = path.relative_to(folder).as_posix()
    return name in names if path.is_file() else path.is_dir() and name in _list_folders(names)


def _was_exchanged(folder: Path, files: Mapping[str, bytes], at_most: int) -> bool:
    """Put a new folder in the place of the old one; False if the system refuses (a mount point)."""
    try:
        with _stage_folder(_hidden_beside(folder), files, like=folder, at_most=at_most) as made:
            made.chmod(folder.stat().st_mode)
            _exchange_folders(made, folder)
            sync_folder(folder.parent)
    except OSError:  # writing inside the folder is tried next, and raises if the disk is full
        return False
    return True


def _replace_inside(folder: Path, files: Mapping[str, bytes], at_most: int) -> None:
    for name in files:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(folder / name))
    for name in _list_folders(files):
        if (folder / name).exists() and not (folder / name).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder / name))
    with _stage_folder(folder / UNFINISHED, files, like=folder, at_most=at_most) as made:
        _check_none_in_use(folder, files)
        made.rename(folder / COMPLETE)
        sync_folder(folder)
        _move_up(folder / COMPLETE, files)


# ---------------------------------------------------------------------- steps


@contextmanager
def _stage_folder(hidden: Path, files: Mapping[str, bytes], *, like: Path, at_most: int) -> Iterator[Path]:
    """A hidden folder with the files, with the permissions they have in `like`; removed unless renamed."""
    try:
        hidden.mkdir(mode=_choose_mode(like) & _let_enter(at_most))
        for name in reversed(_list_folders(files)):
            (hidden / name).mkdir(mode=_let_enter(at_most))
        for name, content in files.items():
            write_new_file(hidden / name, content, read_mode(like / name), at_most=at_most)
        for name in _list_folders(files):
            sync_folder(hidden / name)
        sync_folder(hidden)
        yield hidden
    finally:
        _remove_hidden_folder(hidden, files)


def _choose_mode(like: Path) -> int:
    """Who may do what with a hidden folder: its owner alone where its files may have to be that private.

    On Windows the files would keep those rights when they are moved out of it.
    """
    return stat.S_IRWXU if like.exists() and sys.platform != "win32" else 0o777


def _let_enter(mode: int) -> int:
    """The permissions of a folder: who may read its files may also enter it."""
    return mode | (mode & READ) >> 2


def _check_none_in_use(folder: Path, names: Collection[str]) -> None:
    """Before any file is moved, make sure that no program has one open: Windows would not replace it.

    Raises:
        OSError: As the system had it.
    """
    if sys.platform == "win32":
        for name in names:
            if (folder / name).exists():
                (folder / name).rename(folder / name)  # refused where replacing it would be


def _hidden_beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{UNFINISHED}")


def _remove_hidden_folder(folder: Path, names: Collection[str]) -> None:
    """Remove a hidden folder and our files in it; raises if it holds anything else, or is a link."""
    if was_left_over(folder) and folder.is_dir():
        for name in names:
            remove_file(folder / name)
        _remove_folders(folder, names)


def _move_up(folder: Path, names: Collection[str]) -> None:
    if was_left_over(folder) and folder.is_dir():
        for name in names:
            if (folder / name).exists():
                (folder.parent / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).replace(folder.parent / name)
        _remove_folders(folder, names)
        sync_folder(folder.parent)


def _list_folders(names: Collection[str]) -> list[str]:
    """The folders in the names of files, the deepest first."""
    parents = {str(parent) for name in names for parent in PurePosixPath(name).parents} - {"."}
    return sorted(parents, key=lambda name: (-name.count("/"), name))


def _remove_folders(folder: Path, names: Collection[str]) -> None:
    """Remove a folder and the folders below it, all of which are empty by now."""
    for name in _list_folders(names):
        if (folder / name).is_dir():
            (folder / name).rmdir()
    folder.rmdir()


def _exchange_folders(one: Path, other: Path) -> None:
    """Exchange two folders in a single step."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:  # in older C libraries
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(other))
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
