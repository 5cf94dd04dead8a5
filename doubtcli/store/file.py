"""Bytes -> a file, written whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

UNFINISHED = ".doubt-unfinished"


def write_file(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it into place; what was there before goes in that moment.

    Its folder is made if it is missing. What is no regular file (`/dev/stdout`, a pipe) is written to as it
    is. A link is followed: what it leads to is replaced.

    Raises:
        OutputError: The system won't let us; what was there before is as it was.
    """
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            path.write_bytes(content)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path.resolve(), content)
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}",
            where=str(path),
            hint="name a file that you may write to",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # the first time there is no mode to keep
            beside.chmod(path.stat().st_mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
