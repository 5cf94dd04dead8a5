"""A rewritten file and its batch -> both written, or neither, even if the run is killed.

The steps, each safe on disk before the next:

    hidden file ─▶ hidden batch ─▶ lines in the ledger ─▶ the file renamed into place ─▶ no hidden batch

All steps that may fail, for lack of space or permissions, come before the renaming: after an error, the
lines are removed from the ledger again. If a run was killed, the next command cleans up. If both the hidden
file and the hidden batch are there, the file has not been replaced, so the lines are removed. If only the
hidden batch is there, the file has been replaced, so the lines stay. A batch without lines means that the
file is written again without changes: the ledger of the old one is set aside.

Before a file is replaced, a backup is kept under the first free name of DATA.bak, DATA.bak2, ...
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.labelled import read_data_file
from doubtcli.apply.ledger import append_lines, ledger_path, old_ledger_path, retract_lines
from doubtcli.disk.file import (
    UNFINISHED,
    keep_owner,
    make_hints,
    make_parents,
    os_errors_as_output_error,
    read_mode,
    remove_file,
    replace_file,
    sync_folder,
    unfinished_path,
    was_left_over,
    write_new_file,
)
from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from doubtcli.apply.labelled import DataFile

HIDDEN_BATCH = ".doubt-batch"
"""The ending of the hidden file with the batch; it is written once the hidden data file is complete."""
BACKUP_SUFFIX = ".bak"

LEDGER_HINTS = make_hints(
    other="make it writable: a file and its ledger are only changed together",
    full="free some space",
)
RECOVER_HINTS = make_hints(
    other="make its folder writable: an earlier run was killed, and left files that must be cleaned up",
    too_big="",
)
BACKUP_HINTS = make_hints(
    other="make its folder writable, or write a new file: -o FILE",
    full="free some space, or write a new file: -o FILE",
)


# --------------------------------------------------------------------- preparations


@contextmanager
def make_room_for(path: Path) -> Iterator[None]:
    """Make the folder for a file; it is removed again if the block fails.

    Raises:
        OutputError: The system doesn't allow it.
    """
    with ExitStack() as made:
        with os_errors_as_output_error(path):
            made.enter_context(make_parents(path))
        yield


@contextmanager
def lock_and_recover(*files: Path, others: Iterable[Path] = ()) -> Iterator[None]:
    """Lock files and their ledgers against other runs of doubt, and clean up after one that was killed.

    Args:
        files: The files; not links.
        others: Other files to lock, which have no ledger.

    Raises:
        OutputError: The system doesn't allow it.
    """
    with lock_folders_of(*files, *others):
        for file in files:
            with os_errors_as_output_error(file, RECOVER_HINTS):
                recover_commit(file)
        yield


# ---------------------------------------------------------------------- a backup


def list_backup_paths(path: Path) -> Iterator[Path]:
    """The paths of a file's backups, oldest first; the last path is free, for the next backup."""
    place, number = path.with_name(path.name + BACKUP_SUFFIX), 1
    yield place
    while os.path.lexists(place):
        number += 1
        place = path.with_name(f"{path.name}{BACKUP_SUFFIX}{number}")
        yield place


def keep_backup(path: Path, data: DataFile) -> Path:
    """Keep a backup next to a file, with the same permissions; equal content is not kept twice.

    The backup stays even if a later step fails: the next run uses it.

    Args:
        path: The file; not a link.
        data: Its content.

    Returns:
        The path of the backup.

    Raises:
        OutputError: The system doesn't allow it.
    """
    *taken, free = list_backup_paths(path)
    for backup in taken:
        if _is_backup_of(backup, data):
            return backup
    replace_file(free, data.stored, mode=read_mode(path), hints=BACKUP_HINTS)
    return free


def has_backup(path: Path, data: DataFile) -> bool:
    """Whether a backup of a file has the same decompressed bytes."""
    return any(_is_backup_of(backup, data) for backup in list_backup_paths(path))


def _is_backup_of(backup: Path, data: DataFile) -> bool:
    if backup.is_symlink() or not backup.is_file():  # a link may lead to the file itself
        return False
    try:
        found = read_data_file(str(backup))
    except InputError:  # it can't be decompressed, or is empty
        return False
    return (found.content, found.compression) == (data.content, data.compression)


def show_backup_path(backup: Path | None, output: str) -> str | None:
    """The path of a backup, relative like that of the file; None where there is no backup."""
    return None if backup is None else str(Path(output).with_name(backup.name))


# ---------------------------------------------------------------------- the commit


def commit_file(path: Path, content: bytes, lines: bytes, *, like: Path) -> None:
    """Write a file and the lines of its batch, both or neither.

    Args:
        path: The file; not a link. The caller has locked it, and cleaned up after a killed run.
        content: The new content.
        lines: The ledger lines of its batch; empty where there is no batch, so that a ledger that is there
            belongs to the old file.
        like: A file whose permissions the new file and its ledger get, if it doesn't replace one.

    Raises:
        OutputError: The system doesn't allow it; the file and its ledger are unchanged.
    """
    mode = read_mode(path) if path.exists() else read_mode(like)
    unfinished = _find_hidden_path(path, UNFINISHED)
    with os_errors_as_output_error(path):
        try:
            write_new_file(unfinished, content, mode)
            keep_owner(unfinished, like=path if path.exists() else like)
            sync_folder(path.parent)
            if lines or ledger_path(path).exists():
                write_new_file(_find_hidden_path(path, HIDDEN_BATCH), lines, _let_owner_write(mode))
                sync_folder(path.parent)
                _write_to_ledger(path, lines, mode)
            unfinished.replace(path)
            sync_folder(path.parent)
        finally:
            recover_commit(path)


def recover_commit(path: Path) -> None:
    """Complete or revert what a run that was killed, or that failed, has left of a file and its ledger.

    Does nothing if there is nothing left to clean up.

    Raises:
        OSError: The error of the system.
        OutputError: The ledger can't be written, or a link is in the way.
    """
    unfinished, batch = _find_hidden_path(path, UNFINISHED), _find_hidden_path(path, HIDDEN_BATCH)
    is_unfinished = was_left_over(unfinished)
    if was_left_over(batch):
        if is_unfinished:
            _restore_ledger(path, batch.read_bytes())
        else:
            _complete_ledger(path, batch.read_bytes(), read_mode(batch))
        batch.unlink()
        sync_folder(
            path.parent
        )  # before the hidden file is removed: a batch alone would mean that the file was replaced
    *_, free_backup = list_backup_paths(path)
    for left in (unfinished, unfinished_path(free_backup)):
        if was_left_over(left):
            remove_file(left)


def _find_hidden_path(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}{ending}")


def _let_owner_write(mode: int | None) -> int | None:
    return None if mode is None else mode | stat.S_IWUSR


def _write_to_ledger(path: Path, lines: bytes, mode: int | None) -> None:
    """Add the lines of a batch to the ledger. Without lines, set the ledger aside."""
    ledger, aside = ledger_path(path), old_ledger_path(path)
    permissions = _let_owner_write(mode)  # more lines will be added
    if lines:
        with os_errors_as_output_error(ledger, LEDGER_HINTS):
            append_lines(ledger, lines, permissions)
            unfinished = _find_hidden_path(path, UNFINISHED)
            keep_owner(ledger, like=unfinished if unfinished.exists() else path)
    elif ledger.exists():
        with os_errors_as_output_error(ledger, LEDGER_HINTS):
            old = ledger.read_bytes()
            ledger.open("r+b").close()  # checks now that it can be removed later
        with os_errors_as_output_error(aside, LEDGER_HINTS):
            append_lines(aside, old, permissions)
    sync_folder(path.parent)


def _complete_ledger(path: Path, lines: bytes, mode: int | None) -> None:
    """Make sure that the ledger has the lines of the batch."""
    _write_to_ledger(path, lines, mode)
    if not lines:
        with os_errors_as_output_error(ledger_path(path), LEDGER_HINTS):
            ledger_path(path).unlink(missing_ok=True)


def _restore_ledger(path: Path, lines: bytes) -> None:
    """Make sure that the ledger is as it was before the batch."""
    ledger, aside = ledger_path(path), old_ledger_path(path)
    if lines:
        with os_errors_as_output_error(ledger, LEDGER_HINTS):
            retract_lines(ledger, lines)
    elif ledger.exists():
        with os_errors_as_output_error(aside, LEDGER_HINTS):
            retract_lines(aside, ledger.read_bytes())
