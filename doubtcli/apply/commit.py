"""A rewritten file and its batch -> both in their places, or neither, whatever happens in between.

The steps, each safe on disk before the next:

    backup ─▶ hidden file ─▶ hidden batch ─▶ the file renamed into place ─▶ lines in the ledger

A kill before the renaming leaves all as it was, and hidden files that the next command does away with. After
it, the next command finds the hidden batch alone and adds its lines. A batch without lines says that the file
was made anew and nothing changed in it: the ledger that told of it is set aside.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from doubtcli.apply.ledger import append, ledger_path, set_aside
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKUP = ".bak"
UNFINISHED, BATCH = ".doubt-unfinished", ".doubt-batch"
"""Endings of hidden files: one that is still being written, and the batch of one that is complete."""


def commit(path: Path, content: bytes, lines: bytes, *, backup: bytes | None = None) -> None:
    """Put a file and the lines of its batch into place, both or neither.

    Args:
        path: The file; no link.
        content: All of it.
        lines: Of its batch; empty where there is none, and a ledger that is there tells of another file.
        backup: What the file holds now, to be kept beside it; None: it is not kept.

    Raises:
        OutputError: Another backup is in the way, or the system won't let us write; the file is as it was.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        settle(path)
        if backup is not None:
            _keep(path, backup)  # it stays if the rest fails: the next try finds that it is the same
        try:
            _write(_hidden(path, UNFINISHED), content, like=path)
            if lines or ledger_path(path).exists():
                _write(_hidden(path, BATCH), lines)
            _sync(path.parent)
            _hidden(path, UNFINISHED).replace(path)
            _sync(path.parent)
        finally:
            settle(path)


def settle(path: Path) -> None:
    """End or undo what a run that was killed, or that failed, left of a file and its ledger.

    Raises:
        OSError: As the system had it.
    """
    unfinished, batch = _hidden(path, UNFINISHED), _hidden(path, BATCH)
    if batch.exists() and not unfinished.exists():
        _tell(path, batch.read_bytes())
        _sync(path.parent)
    # the batch goes first: without its file it would be taken for one whose file is in place
    for left in (batch, unfinished, _hidden(backup_path(path), UNFINISHED)):
        left.unlink(missing_ok=True)


def _tell(path: Path, lines: bytes) -> None:
    if lines:
        append(ledger_path(path), lines)
    else:
        set_aside(path)


def backup_path(path: Path) -> Path:
    """Where the backup of a file stands."""
    return path.with_name(path.name + BACKUP)


def _keep(path: Path, content: bytes) -> None:
    backup = backup_path(path)
    if backup.exists():
        if backup.read_bytes() == content:
            return
        raise OutputError(
            "a backup of something else is there",
            where=str(backup),
            expected=f"nothing, or what {path.name} holds now",
            hint="move it away, or write a new file: -o FILE",
        )
    hidden = _hidden(backup, UNFINISHED)
    _write(hidden, content, like=path)
    hidden.replace(backup)
    _sync(path.parent)


def _hidden(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}{ending}")


def _write(path: Path, content: bytes, like: Path | None = None) -> None:
    """Write a file, safe on disk, with the rights that another has."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        if like is not None and like.exists():
            path.chmod(like.stat().st_mode)
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Have the system write down which names stand in the folder; needless where folders can't be opened."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


FULL = "free some space, or name a file on another disk"
HINTS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.ENAMETOOLONG: "name a shorter file",
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the system says into an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}",
            where=str(path),
            hint=HINTS.get(error.errno or 0, "name a file that you may write to"),
        ) from error
