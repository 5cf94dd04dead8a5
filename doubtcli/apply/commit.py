"""A rewritten file and its batch -> both in their places, or neither, whatever happens in between.

The steps, each safe on disk before the next:

    hidden file ─▶ hidden batch ─▶ lines in the ledger ─▶ the file renamed into place ─▶ no hidden batch

Whatever may fail for want of room or rights comes before the renaming: an error on the way takes the lines
out of the ledger again. What a kill leaves the next command ends: the hidden file and the hidden batch say
together that the file is as it was, so that the lines go; the batch alone says that they stay. A batch
without lines says that the file is made anew and nothing changes in it: the old one's ledger is set aside.
"""

from __future__ import annotations

import errno
import stat
from typing import TYPE_CHECKING

from doubtcli.apply.backup import backup_paths
from doubtcli.apply.ledger import append, aside_path, ledger_path, retract
from doubtcli.disk.file import (
    OTHER_ERROR,
    UNFINISHED,
    os_errors_as_output_error,
    read_mode,
    sync_folder,
    unfinished_path,
    write_new_file,
)

if TYPE_CHECKING:
    from pathlib import Path

BATCH = ".doubt-batch"
"""The ending of a hidden file with the batch of a file that is complete."""

LEDGER = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    OTHER_ERROR: "make it writable: a file and its ledger are changed together, or not at all",
}
"""What to do about a ledger, by what the system says."""


def commit(path: Path, content: bytes, lines: bytes, *, like: Path) -> None:
    """Put a file and the lines of its batch into place, both or neither.

    Args:
        path: The file; no link. Nobody else writes it meanwhile, and what a killed run left of it is ended.
        content: All of it.
        lines: Of its batch; empty where there is none, and a ledger that is there tells of another file.
        like: A file whose rights the new one gets, where it replaces none; its ledger gets them, too.

    Raises:
        OutputError: The system won't let us write; the file and its ledger are as they were.
    """
    mode = read_mode(path) if path.exists() else read_mode(like)
    with os_errors_as_output_error(path):
        try:
            write_new_file(_hidden(path, UNFINISHED), content, mode)
            sync_folder(path.parent)
            if lines or ledger_path(path).exists():
                write_new_file(_hidden(path, BATCH), lines, mode)
                sync_folder(path.parent)
                _tell(path, lines, mode)
            _hidden(path, UNFINISHED).replace(path)
            sync_folder(path.parent)
        finally:
            recover_commit(path)


def recover_commit(path: Path) -> None:
    """End or undo what a run that was killed, or that failed, left of a file and its ledger.

    Nothing is touched where nothing was left.

    Raises:
        OSError: As the system had it.
        OutputError: The ledger can't be written.
    """
    unfinished, batch = _hidden(path, UNFINISHED), _hidden(path, BATCH)
    if batch.exists():
        if unfinished.exists():
            _take_back(path, batch.read_bytes())
        else:
            _end(path, batch.read_bytes(), read_mode(batch))
        batch.unlink()
        sync_folder(path.parent)  # without its file it would be taken for one whose file is in place
    *_, free_backup = backup_paths(path)
    for left in (unfinished, unfinished_path(free_backup)):
        if left.exists():
            left.unlink()


def _hidden(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}{ending}")


# ---------------------------------------------------------------------- the ledger


def _tell(path: Path, lines: bytes, mode: int | None) -> None:
    """Add the lines of a batch to the ledger; of one without lines, the ledger to what was set aside."""
    ledger, aside = ledger_path(path), aside_path(path)
    rights = None if mode is None else mode | stat.S_IWUSR  # more lines will come
    if lines:
        with os_errors_as_output_error(ledger, LEDGER):
            append(ledger, lines, rights)
    elif ledger.exists():
        with os_errors_as_output_error(ledger, LEDGER):
            old = ledger.read_bytes()
            ledger.open("r+b").close()  # it goes in the end: what keeps us from that is told now
        with os_errors_as_output_error(aside, LEDGER):
            append(aside, old, rights)
    sync_folder(path.parent)


def _end(path: Path, lines: bytes, mode: int | None) -> None:
    """Make sure that the ledger tells what became of the file."""
    _tell(path, lines, mode)
    if not lines:
        with os_errors_as_output_error(ledger_path(path), LEDGER):
            ledger_path(path).unlink(missing_ok=True)


def _take_back(path: Path, lines: bytes) -> None:
    """Make sure that the ledger is as it was."""
    ledger, aside = ledger_path(path), aside_path(path)
    if lines:
        with os_errors_as_output_error(ledger, LEDGER):
            retract(ledger, lines)
    elif ledger.exists():
        with os_errors_as_output_error(aside, LEDGER):
            retract(aside, ledger.read_bytes())
