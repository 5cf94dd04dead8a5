"""The pictures that a file names: read from its own folder alone, and only if they are pictures."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import names_a_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

MOST_PICTURE_BYTES = 20_000_000
"""Of one picture."""
_HEAD_BYTES = 16
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NOT_A_DEVICE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class NoPictureError(Exception):
    """There is no picture to show; the message says why."""


@dataclass(frozen=True)
class Picture:
    """A picture's content, and what kind it is."""

    content: bytes
    media_type: str


@dataclass(frozen=True, eq=False)
class Pictures:
    """The columns of a file that hold paths of pictures.

    A path is relative to the folder of the file. Addresses and absolute paths are not followed, nor is what
    leads out of the folder, also by a link.
    """

    folder: Path
    columns: Mapping[str, pa.ChunkedArray]
    """The paths, by the column's name."""

    @classmethod
    def beside(cls, source_path: str, columns: Mapping[str, pa.ChunkedArray]) -> Pictures:
        """The pictures of a file; none of what comes from a pipe, which has no folder.

        Args:
            source_path: The file, or a folder of its parts.
            columns: Those with paths of pictures.
        """
        path = Path(source_path)
        folder = path if path.is_dir() else path.parent
        return cls(folder.resolve(), columns if names_a_file(source_path) else {})

    def describe(self, position: int) -> list[dict[str, Any]]:
        """The pictures of a row: each with its column and number, its path, and why it can't be shown, if so.

        Args:
            position: Of the row in the file, from 0.
        """
        return [
            {"column": name, "number": number, "path": path, "why": self._find_trouble(path)}
            for number, name in enumerate(self.columns)
            if (path := self._read_path(name, position))
        ]

    def read(self, position: int, number: int) -> Picture:
        """A picture of a row.

        Args:
            position: Of the row in the file, from 0.
            number: Of its column, as `describe` has it.

        Raises:
            NoPictureError: There is no such column, or no path in it, or it is not that of a picture in the
                folder.
        """
        if not 0 <= number < len(self.columns):
            raise NoPictureError("there is no such column of pictures")
        path = self._read_path(list(self.columns)[number], position)
        if not path:
            raise NoPictureError("the row has no such picture")
        return Picture(*self._open(path, MOST_PICTURE_BYTES))

    def _read_path(self, column: str, position: int) -> str:
        return (self.columns[column][position].as_py() or "").strip()

    def _find_trouble(self, path: str) -> str:
        try:
            self._open(path, _HEAD_BYTES)
        except NoPictureError as error:
            return str(error)
        return ""

    def _open(self, path: str, n_bytes: int) -> tuple[bytes, str]:
        """The first bytes of a picture, and its media type."""
        place = self._find_place(path)
        try:
            with open(place, "rb", opener=lambda name, flags: os.open(name, flags | _NOT_A_DEVICE)) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise NoPictureError("it is not a file")
                if status.st_size > MOST_PICTURE_BYTES:
                    raise NoPictureError(f"it has more than {MOST_PICTURE_BYTES // 1_000_000} MB")
                content = file.read(n_bytes)
        except FileNotFoundError as error:
            raise NoPictureError("there is no such file") from error
        except IsADirectoryError as error:
            raise NoPictureError("it is not a file") from error
        except OSError as error:
            raise NoPictureError(f"it can't be read: {error.strerror}") from error
        kind = find_media_type(content)
        if kind is None:
            raise NoPictureError("it is not a PNG, JPEG, GIF, WebP or BMP picture")
        return content, kind

    def _find_place(self, path: str) -> Path:
        if _SCHEME.match(path) and not PureWindowsPath(path).drive:
            raise NoPictureError("addresses are not opened")
        if Path(path).is_absolute() or PureWindowsPath(path).anchor:
            raise NoPictureError("only paths relative to the file's folder are opened")
        try:
            place = (self.folder / path).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise NoPictureError("it is not a path") from error
        if not place.is_relative_to(self.folder):
            raise NoPictureError("it leads out of the file's folder")
        return place


def find_media_type(content: bytes) -> str | None:
    """The media type of a picture, by its first bytes; None if it is none that browsers just draw."""
    for start, kind in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    ):
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/bmp" if content[:2] == b"BM" and content[6:10] == bytes(4) else None
