"""A rewritten file and its batch -> both in their places, or neither, whatever happens in between.

The steps, each safe on disk before the next:

    hidden file ─▶ hidden batch ─▶ lines in the ledger ─▶ the file renamed into place ─▶ no hidden batch

Whatever may fail for want of room or rights comes before the renaming: an error on the way takes the lines
out of the ledger again. What a kill leaves the next command ends: the hidden file and the hidden batch say
together that the file is as it was, so that the lines go; the batch alone says that they stay. A batch
without lines says that the file is new and nothing changes in it: the old one's ledger is set aside.

A file that is written over is kept before, as DATA.bak, DATA.bak2, ...: under the first free name.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.labelled import read_data_file
from doubtcli.apply.ledger import append_lines, aside_path, ledger_path, retract_lines
from doubtcli.disk.file import (
    UNFINISHED,
    make_hints,
    make_parents,
    os_errors_as_output_error,
    read_mode,
    remove_file,
    replace_file,
    sync_folder,
    unfinished_path,
    write_new_file,
)
from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from doubtcli.apply.labelled import DataFile

HIDDEN_BATCH = ".doubt-batch"
"""The ending of a hidden file with the batch of a file that is complete."""
BACKUP_SUFFIX = ".bak"

LEDGER_HINTS = make_hints(
    other="make it writable: a file and its ledger are changed together, or not at all",
    full="free some space",
)
RECOVER_HINTS = make_hints(
    other="let doubt write to its folder: what a run that was killed left there is to be ended", too_big=""
)
BACKUP_HINTS = make_hints(
    other="let doubt write to its folder, or write a new file: -o FILE",
    full="free some space, or write a new file: -o FILE",
)


# ------------------------------------------------------------------- before all else


@contextmanager
def make_room_for(path: Path) -> Iterator[None]:
    """Make the folder that a file needs; it goes again if the block fails.

    Raises:
        OutputError: The system won't let us.
    """
    with ExitStack() as made:
        with os_errors_as_output_error(path):
            made.enter_context(make_parents(path))
        yield


@contextmanager
def lock_and_recover(*files: Path, beside: Iterable[Path] = ()) -> Iterator[None]:
    """Keep other runs of doubt from files and their ledgers, and end what a killed one left of them.

    Args:
        files: No links.
        beside: Files without a ledger that no other run is to write either.

    Raises:
        OutputError: The system won't let us.
    """
    with lock_folders_of(*files, *beside):
        for file in files:
            with os_errors_as_output_error(file, RECOVER_HINTS):
                recover_commit(file)
        yield


# ---------------------------------------------------------------------- a backup


def list_backup_paths(path: Path) -> Iterator[Path]:
    """The backups of a file, one after the other; the last path is that of the next one."""
    place, number = path.with_name(path.name + BACKUP_SUFFIX), 1
    yield place
    while os.path.lexists(place):
        number += 1
        place = path.with_name(f"{path.name}{BACKUP_SUFFIX}{number}")
        yield place


def keep_backup(path: Path, data: DataFile) -> Path:
    """Keep what a file holds beside it, with the same rights; what is kept there already is not kept twice.

    It stays though all that follows may fail: the next try finds it.

    Args:
        path: The file; no link.
        data: What it holds.

    Returns:
        Where it is kept.

    Raises:
        OutputError: The system won't let us.
    """
    *taken, free = list_backup_paths(path)
    for backup in taken:
        if _is_backup_of(backup, data):
            return backup
    replace_file(free, data.stored, mode=read_mode(path), hints=BACKUP_HINTS)
    return free


def has_backup(path: Path, data: DataFile) -> bool:
    """Whether a backup of a file holds this already: the same bytes once both are unpacked."""
    return any(_is_backup_of(backup, data) for backup in list_backup_paths(path))


def _is_backup_of(backup: Path, data: DataFile) -> bool:
    if backup.is_symlink() or not backup.is_file():  # a link may lead to the file itself
        return False
    try:
        found = read_data_file(str(backup))
    except InputError:  # what can't be unpacked, or is empty, is something else
        return False
    return (found.content, found.compression) == (data.content, data.compression)


def show_backup_path(backup: Path | None, output: str) -> str | None:
    """A backup's path as the file's is given; None where there is no backup."""
    return None if backup is None else str(Path(output).with_name(backup.name))


# ---------------------------------------------------------------------- the commit


def commit_file(path: Path, content: bytes, lines: bytes, *, like: Path) -> None:
    """Put a file and the lines of its batch into place, both or neither.

    Args:
        path: The file; no link. Nobody else writes it meanwhile, and what a killed run left of it is ended.
        content: All of it.
        lines: Of its batch; empty where there is none, and a ledger that is there is of another file.
        like: A file whose rights the new one gets, where it replaces none; its ledger gets them, too.

    Raises:
        OutputError: The system won't let us write; the file and its ledger are as they were.
    """
    mode = read_mode(path) if path.exists() else read_mode(like)
    unfinished = _hidden_beside_file(path, UNFINISHED)
    with os_errors_as_output_error(path):
        try:
            write_new_file(unfinished, content, mode)
            sync_folder(path.parent)
            if lines or ledger_path(path).exists():
                write_new_file(_hidden_beside_file(path, HIDDEN_BATCH), lines, _let_owner_write(mode))
                sync_folder(path.parent)
                _write_to_ledger(path, lines, mode)
            unfinished.replace(path)
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
    unfinished, batch = _hidden_beside_file(path, UNFINISHED), _hidden_beside_file(path, HIDDEN_BATCH)
    if batch.exists():
        if unfinished.exists():
            _restore_ledger(path, batch.read_bytes())
        else:
            _complete_ledger(path, batch.read_bytes(), read_mode(batch))
        batch.unlink()
        sync_folder(path.parent)  # without its file it would be taken for one whose file is in place
    *_, free_backup = list_backup_paths(path)
    for left in (unfinished, unfinished_path(free_backup)):
        if left.exists():
            remove_file(left)


def _hidden_beside_file(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}{ending}")


def _let_owner_write(mode: int | None) -> int | None:
    return None if mode is None else mode | stat.S_IWUSR


def _write_to_ledger(path: Path, lines: bytes, mode: int | None) -> None:
    """Add the lines of a batch to the ledger; of one without lines, the ledger to what was set aside."""
    ledger, aside = ledger_path(path), aside_path(path)
    rights = _let_owner_write(mode)  # more lines will come
    if lines:
        with os_errors_as_output_error(ledger, LEDGER_HINTS):
            append_lines(ledger, lines, rights)
    elif ledger.exists():
        with os_errors_as_output_error(ledger, LEDGER_HINTS):
            old = ledger.read_bytes()
            ledger.open("r+b").close()  # it goes in the end: what keeps us from that is found out now
        with os_errors_as_output_error(aside, LEDGER_HINTS):
            append_lines(aside, old, rights)
    sync_folder(path.parent)


def _complete_ledger(path: Path, lines: bytes, mode: int | None) -> None:
    """Make sure that the ledger says what became of the file."""
    _write_to_ledger(path, lines, mode)
    if not lines:
        with os_errors_as_output_error(ledger_path(path), LEDGER_HINTS):
            ledger_path(path).unlink(missing_ok=True)


def _restore_ledger(path: Path, lines: bytes) -> None:
    """Make sure that the ledger is as it was."""
    ledger, aside = ledger_path(path), aside_path(path)
    if lines:
        with os_errors_as_output_error(ledger, LEDGER_HINTS):
            retract_lines(ledger, lines)
    elif ledger.exists():
        with os_errors_as_output_error(aside, LEDGER_HINTS):
            retract_lines(aside, ledger.read_bytes())
