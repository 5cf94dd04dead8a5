"""Files -> a folder, written whole or not at all, whatever happens in between.

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
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

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
    with _parents(folder), alone(folder):
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


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other runs from writing the folder meanwhile; the lock goes with the process, however it ends.

    File systems and platforms without such locks (some network drives, Windows) are used without.
    """
    descriptor = None
    with suppress(ImportError, OSError):
        import fcntl

        descriptor = os.open(folder.parent, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


# ------------------------------------------------------------------ ways to write


def _write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    with _staged(_beside(folder), files) as made:
        made.rename(folder)
        _sync(folder.parent)


def _is_exchangeable(folder: Path, names: Collection[str]) -> bool:
    """Whether the folder may be another one afterwards: all in it is replaced, and nobody stands in it."""
    held = list(folder.iterdir())
    ours_alone = all(path.is_file() and path.name in names for path in held)
    return sys.platform == "linux" and bool(held) and ours_alone and folder != Path.cwd()


def _exchanged(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Put a new folder into the place of the old; False where the system won't (a mount point)."""
    try:
        with _staged(_beside(folder), files) as made:
            made.chmod(folder.stat().st_mode)
            _exchange(made, folder)
            _sync(folder.parent)
    except OSError:  # writing inside comes next, and has its own say if the disk is full
        return False
    return True


def _write_inside(folder: Path, files: Mapping[str, bytes]) -> None:
    for name in files:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(folder / name))
    with _staged(folder / UNFINISHED, files) as made:
        made.rename(folder / COMPLETE)
        _sync(folder)
        _move_up(folder / COMPLETE, files)


# ---------------------------------------------------------------------- steps


@contextmanager
def _staged(folder: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    """A hidden folder with the files, safe on disk; whatever bears its name afterwards is done away with."""
    try:
        folder.mkdir()
        for name, content in files.items():
            with (folder / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(folder)
        yield folder
    finally:
        _discard(folder, files)


@contextmanager
def _parents(folder: Path) -> Iterator[None]:
    missing = [parent for parent in folder.parents if not parent.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in missing:
            with suppress(OSError):  # what kept us from making it is being raised
                parent.rmdir()
        raise


def _beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{UNFINISHED}")


def _discard(folder: Path, names: Collection[str]) -> None:
    """Remove a hidden folder and the files of ours in it; one that holds anything else is not removed."""
    if folder.is_dir():
        for name in names:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _move_up(folder: Path, names: Collection[str]) -> None:
    if folder.is_dir():
        for name in names:
            if (folder / name).exists():
                (folder / name).replace(folder.parent / name)
        folder.rmdir()
        _sync(folder.parent)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change places in a single step."""
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))


def _sync(folder: Path) -> None:
    """Have the system write down which names stand in the folder; needless where folders can't be opened."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
