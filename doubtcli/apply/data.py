"""A data file -> all of its bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.errors import DoubtError, InputError
from doubtcli.files.source import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Data:
    """All that a file holds."""

    path: str
    stored: bytes
    """As it lies on disk."""
    content: bytes
    """Unpacked."""
    compression: str | None
    sha256: str
    """Of `stored`."""


def sha256(content: bytes) -> str:
    """The hash as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def time_told(now: dt.datetime) -> str:
    """A time as ledgers tell it: "2026-11-21T14:05:00Z"."""
    return now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_data(path: str) -> Data:
    """All that a file holds, read at once.

    Raises:
        InputError: It can't be read, changes meanwhile, or is no single file.
    """
    if path == "-":
        raise _no_file("standard input", "save it to a file, and scan that one")
    if Path(path).is_dir():
        raise _no_file(path, "its parts can't be rewritten together: scan one of them, and apply to that one")
    if Path(path).exists() and not stat.S_ISREG(Path(path).stat().st_mode):
        raise _no_file(path, "save what comes out of it to a file, and scan that one")
    with open_source(path) as stored:
        with stored.open_stored() as file:
            as_stored = content = file.read()
        if stored.compression is not None:
            with stored.open() as unpacked:
                content = unpacked.read()
        return Data(path, as_stored, content, stored.compression, stored.sha256)


def _no_file(where: str, hint: str) -> InputError:
    return InputError("verdicts can be written back into a single file only", where=where, hint=hint)


@contextmanager
def located(path: str) -> Iterator[None]:
    """Name the file in errors that know but the row."""
    try:
        yield
    except DoubtError as error:
        error.where = error.where or path
        raise
