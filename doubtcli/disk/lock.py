"""Files -> their folders, kept from other runs; a lock goes with the process, however it ends."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PATIENCE = 1.0
"""Seconds: most runs write for less, and nobody needs to be told that we wait for these."""
BETWEEN_TRIES = 0.02
"""Seconds."""


@contextmanager
def alone(*paths: Path) -> Iterator[None]:
    """Keep other runs from writing these files or folders meanwhile.

    What is locked is the folder that each stands in: in one that is locked here already it would wait for
    itself for ever. Whoever has to wait for long is told on stderr what for.
    File systems and platforms without such locks (some network drives, Windows) are used without, and so is a
    folder that isn't there.
    """
    with ExitStack() as opened:
        for descriptor, folder in _opened([path.parent for path in paths], opened):
            with suppress(ImportError, OSError):
                _lock(descriptor, folder)
        yield


def _opened(folders: Iterable[Path], opened: ExitStack) -> list[tuple[int, Path]]:
    """Each folder once, in an order that all runs share: of two none waits for the other."""
    found = {}
    for folder in folders:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            opened.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            found[status.st_dev, status.st_ino] = descriptor, folder
    return [found[place] for place in sorted(found)]


def _lock(descriptor: int, folder: Path) -> None:
    import fcntl

    until = time.monotonic() + PATIENCE
    while not _is_locked(descriptor):
        if time.monotonic() >= until:
            _tell(folder)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return
        time.sleep(BETWEEN_TRIES)


def _is_locked(descriptor: int) -> bool:
    """Whether it is ours now; it is not where another run has it."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _tell(folder: Path) -> None:
    """Say what we wait for: on stderr, unless whoever has called us listens to our log."""
    import logging

    from doubtcli.wording.quoting import printable_path

    name = printable_path(str(folder.resolve()))
    logging.getLogger("doubtcli").warning("doubt: waiting for another doubt that is writing to %s", name)
