"""A path -> the hash that its `Source` would bear, without reading what is in it."""

from __future__ import annotations

from pathlib import Path

from doubtcli.read.folder import folder_sha256
from doubtcli.read.source import open_source


def sha256_of(path: str) -> str:
    """The SHA-256 of a file as it is stored, or of a folder of parts: as `Source.sha256` has it.

    Raises:
        InputError: It can't be read.
    """
    if Path(path).is_dir():
        return folder_sha256(path)
    with open_source(path) as stored:
        return stored.sha256
