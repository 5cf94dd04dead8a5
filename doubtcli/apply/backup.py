"""What a file holds -> a copy of it beside it, under the first free name: DATA.bak, DATA.bak2, ..."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.data import read_data
from doubtcli.disk.file import OTHER_ERROR, read_mode, replace_file
from doubtcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.apply.data import Data

BACKUP = ".bak"
NEW = "write a new file: -o FILE"
BACKUP_HINTS = {
    errno.ENOSPC: f"free some space, or {NEW}",
    errno.EDQUOT: f"free some space, or {NEW}",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    OTHER_ERROR: f"let doubt write to its folder, or {NEW}",
}
"""What to do about a backup, by what the system says."""


def backup_paths(path: Path) -> Iterator[Path]:
    """Where backups of a file stand, one after the other; at the last place is none yet."""
    place, number = path.with_name(path.name + BACKUP), 1
    yield place
    while os.path.lexists(place):
        number += 1
        place = path.with_name(f"{path.name}{BACKUP}{number}")
        yield place


def keep(path: Path, data: Data) -> Path:
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
    *taken, free = backup_paths(path)
    for backup in taken:
        if _holds(backup, data):
            return backup
    replace_file(free, data.stored, mode=read_mode(path), hints=BACKUP_HINTS)
    return free


def shown(backup: Path | None, output: str) -> str | None:
    """A backup's path as the file's is given; None where there is no backup."""
    return None if backup is None else str(Path(output).with_name(backup.name))


def is_kept(path: Path, data: Data) -> bool:
    """Whether a backup of a file holds this already: the same bytes once both are unpacked."""
    return any(_holds(backup, data) for backup in backup_paths(path))


def _holds(backup: Path, data: Data) -> bool:
    if backup.is_symlink() or not backup.is_file():  # a link may lead to the file itself
        return False
    try:
        found = read_data(str(backup))
    except InputError:  # what can't be unpacked, or is empty, is something else
        return False
    return (found.content, found.compression) == (data.content, data.compression)
