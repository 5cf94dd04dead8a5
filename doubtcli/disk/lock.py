"""Files -> their folders, locked against other runs; a lock ends with its process, even if that is killed."""

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
"""Seconds: most runs write for less, and nobody needs to know that we wait for these."""
BETWEEN_TRIES = 0.02
"""Seconds."""

_LOCKED: ContextVar[frozenset[tuple[int, int]]] = ContextVar("_LOCKED", default=frozenset())
"""The folders that are locked here: to wait for them would be to wait for ourselves for ever."""


@contextmanager
def lock_folders_of(*paths: Path) -> Iterator[None]:
    """Keep other runs from writing these files or folders meanwhile.

    What is locked is the folder that each of them is in. A run that has to wait for long says on stderr what
    it waits for. File systems without such locks (some network drives) are used without, and so is a folder
    that isn't there.
    """
    with ExitStack() as opened:
        found = _open_folders([path.parent for path in paths], opened)
        for place in sorted(found.keys() - _LOCKED.get()):  # of two runs, none waits for the other then
            with suppress(OSError):
                _wait_for_lock(*found[place])
        before = _LOCKED.set(_LOCKED.get() | found.keys())
        try:
            yield
        finally:
            _LOCKED.reset(before)


def _open_folders(folders: Iterable[Path], opened: ExitStack) -> dict[tuple[int, int], tuple[int, Path]]:
    """Each folder once, whatever it is called: a descriptor to lock and a name, by its place on disk."""
    found = {}
    for folder in folders:
        with suppress(OSError):
            descriptor = _open_lockable(folder)
            opened.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            found[status.st_dev, status.st_ino] = descriptor, folder
    return found


def _open_lockable(folder: Path) -> int:
    """What all runs lock for a folder: itself; or, for Windows opens no folders, a file that stays empty."""
    try:
        return os.open(folder, os.O_RDONLY)
    except PermissionError:
        import hashlib
        import tempfile

        name = os.path.normcase(os.path.realpath(folder))
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()
        return os.open(Path(tempfile.gettempdir(), f"doubt-{digest[:32]}.lock"), os.O_RDWR | os.O_CREAT)


def _wait_for_lock(descriptor: int, folder: Path) -> None:
    from filelock import lock_descriptor

    until = time.monotonic() + PATIENCE
    while not lock_descriptor(descriptor, blocking=False):
        if time.monotonic() >= until:
            _say_what_we_wait_for(folder)
            lock_descriptor(descriptor, poll_interval=BETWEEN_TRIES)
            return
        time.sleep(BETWEEN_TRIES)


def _say_what_we_wait_for(folder: Path) -> None:
    """On stderr, unless whoever has called us listens to our log."""
    import logging

    from doubtcli.wording.quoting import printable_path

    name = printable_path(str(folder.resolve()))
    logging.getLogger("doubtcli").warning("doubt: waiting for another doubt that is writing to %s", name)
