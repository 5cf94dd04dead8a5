"""Files -> their folders, locked against other runs; a lock ends with its process, even a killed one."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PATIENCE = 1.0
"""Seconds to wait without a message: most runs take less time to write."""
BETWEEN_TRIES = 0.02
"""Seconds."""

_LOCKED: ContextVar[frozenset[tuple[int, int]]] = ContextVar("_LOCKED", default=frozenset())
"""The folders that this run has locked: if it waited for them, it would wait for ever."""


@contextmanager
def lock_folders_of(*paths: Path) -> Iterator[None]:
    """Keep other runs from writing these files or folders until the block ends.

    Each file's folder is locked. A run that has to wait for long prints on stderr what it waits for. On file
    systems without such locks (some network drives) nothing is locked, nor for a folder that doesn't exist.
    """
    with ExitStack() as opened:
        found = _open_folders([path.parent for path in paths], opened)
        for place in sorted(found.keys() - _LOCKED.get()):  # in one order for all runs: no deadlock
            with suppress(OSError):
                _wait_for_lock(*found[place])
        before = _LOCKED.set(_LOCKED.get() | found.keys())
        try:
            yield
        finally:
            _LOCKED.reset(before)


def _open_folders(folders: Iterable[Path], opened: ExitStack) -> dict[tuple[int, int], tuple[int, Path]]:
    """Each folder once, even under several names: a descriptor to lock and a name, by its inode."""
    found = {}
    for folder in folders:
        with suppress(OSError):
            descriptor = _open_lockable(folder)
            opened.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            found[status.st_dev, status.st_ino] = descriptor, folder
    return found


def _open_lockable(folder: Path) -> int:
    """What all runs lock for a folder: the folder itself; on Windows, which can't open it, an empty file."""
    try:
        return os.open(folder, os.O_RDONLY)
    except PermissionError:
        import hashlib
        import tempfile

        name = os.path.normcase(os.path.realpath(folder))
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)  # in a folder that all may write to
        return os.open(Path(tempfile.gettempdir(), f"doubt-{digest[:32]}.lock"), flags)


def _wait_for_lock(descriptor: int, folder: Path) -> None:
    from filelock import lock_descriptor

    until = time.monotonic() + PATIENCE
    while not lock_descriptor(descriptor, blocking=False):
        if time.monotonic() >= until:
            _log_waiting(folder)
            lock_descriptor(descriptor, poll_interval=BETWEEN_TRIES)
            return
        time.sleep(BETWEEN_TRIES)


def _log_waiting(folder: Path) -> None:
    """Log what we wait for: it appears on stderr, unless the caller handles our log."""
    import logging

    from doubtcli.wording.quoting import printable_path

    name = printable_path(str(folder.resolve()))
    logging.getLogger("doubtcli").warning("doubt: waiting for another run that is writing to %s", name)
