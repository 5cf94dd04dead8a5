"""Files -> a folder, written whole or not at all, whatever happens in between.

A file's name may lead into folders below it (".argilla/settings.json"); they are made.
A new folder is made beside its place under a hidden name and renamed into place. A folder that holds only
files of the same names is exchanged for the new one in a single step, where the system can (Linux). Every
other folder keeps what else lies in it: the files are made in a hidden folder inside, which is renamed once
complete, and then moved up one by one. A kill between the first move and the last, a fraction of a
millisecond apart, leaves new files beside old ones; `recover` then ends the work: the next reader or writer
calls it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from doubtcli.disk.disk import parents, sync, write_new
from doubtcli.disk.lock import alone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

UNFINISHED = ".doubt-unfinished"
COMPLETE = ".doubt-complete"
"""Hidden folders: of files still being written, and of files that only need to be moved up."""

AT_FDCWD = -100
RENAME_EXCHANGE = 2
"""From Linux's fcntl.h and renameat2(2)."""


def write_whole(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into the folder, all of them or none; what else lies in it stays as it is.

    Missing parents are made, and taken away again if it fails. Of two runs at once, one waits for the other.

    Raises:
        OSError: As the system had it; the folder is as it was before.
    """
    folder = Path(os.path.realpath(folder))
    with parents(folder), alone(folder):
        recover(folder, files)
        if not folder.exists():
            _write_new(folder, files)
        elif not (_is_exchangeable(folder, files) and _exchanged(folder, files)):
            _write_inside(folder, files)


def recover(folder: Path, names: Collection[str]) -> None:
    """End or undo what a killed run left of files with these names."""
    _discard(_beside(folder), names)
    _discard(folder / UNFINISHED, names)
    _move_up(folder / COMPLETE, names)


# ------------------------------------------------------------------ ways to write


def _write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    with _staged(_beside(folder), files) as made:
        made.rename(folder)
        sync(folder.parent)


def _is_exchangeable(folder: Path, names: Collection[str]) -> bool:
    """Whether the folder may be another one afterwards: all in it is replaced, and nobody stands in it."""
    ours_alone = all(_is_ours(path, folder, names) for path in folder.rglob("*"))  # stops at a stranger
    return sys.platform == "linux" and any(folder.iterdir()) and ours_alone and folder != Path.cwd()


def _is_ours(path: Path, folder: Path, names: Collection[str]) -> bool:
    name = path.relative_to(folder).as_posix()
    return name in names if path.is_file() else path.is_dir() and name in _folders(names)


def _exchanged(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Put a new folder into the place of the old; False where the system won't (a mount point)."""
    try:
        with _staged(_beside(folder), files) as made:
            made.chmod(folder.stat().st_mode)
            _exchange(made, folder)
            sync(folder.parent)
    except OSError:  # writing inside comes next, and has its own say if the disk is full
        return False
    return True


def _write_inside(folder: Path, files: Mapping[str, bytes]) -> None:
    for name in files:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(folder / name))
    for name in _folders(files):
        if (folder / name).exists() and not (folder / name).is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder / name))
    with _staged(folder / UNFINISHED, files) as made:
        made.rename(folder / COMPLETE)
        sync(folder)
        _move_up(folder / COMPLETE, files)


# ---------------------------------------------------------------------- steps


@contextmanager
def _staged(folder: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    """A hidden folder with the files, safe on disk; whatever bears its name afterwards is done away with."""
    try:
        folder.mkdir()
        for name in reversed(_folders(files)):
            (folder / name).mkdir()
        for name, content in files.items():
            write_new(folder / name, content)
        for name in _folders(files):
            sync(folder / name)
        sync(folder)
        yield folder
    finally:
        _discard(folder, files)


def _beside(folder: Path) -> Path:
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
        sync(folder.parent)


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
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
