"""Where a queue may be written: never over something else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDING = ".queue"
AUDIT_ENDING = ".doubt"


def default_place(audit: Path) -> Path:
    """Where the queue of an audit goes when nothing was said: beside it, `data.doubt` -> `data.queue`."""
    named = audit.resolve() if audit.name in ("", "..") else audit
    place = named.with_name(named.name.removesuffix(AUDIT_ENDING) + ENDING)
    return Path(os.path.relpath(place)) if place.is_absolute() and not audit.is_absolute() else place


def check_named(output: str | None) -> None:
    """Refuse standard output, which no folder goes to.

    Raises:
        SettingsError: It says what to name.
    """
    if output == "-":
        raise SettingsError(
            "a queue is a folder, and can't go to standard output",
            where="-o -",
            hint="name a folder: -o FOLDER; or one that is called so: -o ./-",
        )


def check_place(folder: Path, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Refuse a folder in which these files would be written over others, or among them.

    Free to use: no folder, an empty one, one that holds these very files. With `force`, any folder: files of
    the same names are replaced, all others stay.

    Raises:
        OSError: The system won't let us look.
        OutputError: It says what is in the way.
    """
    hint = "name another folder with --output"
    if folder.exists() and not folder.is_dir():
        raise OutputError("a file is in the way", where=str(folder), hint=hint)
    if force or not folder.exists():
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not (name in files and path.read_bytes() == files[name]):
            harm = "be replaced by this queue" if name in files else "be mixed up with this queue"
            raise OutputError(
                f"{name} in it would {harm}",
                where=str(folder),
                hint=f"{hint}, or write into it all the same with --force",
            )
