"""A path or a stream -> bytes that can be read again, hashed, unpacked and checked for changes."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from doubtcli.errors import DoubtError, InputError
from doubtcli.wording.lists import find_nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

HEAD_BYTES = 2**16
"""The bytes from which a file's format and encoding are detected."""

BUFFER_BYTES = 2**18

STDIN_NAME = "standard input"
"""The name for the path "-" in messages."""

MORE_SPACE = "set the environment variable TMPDIR to a folder with more space"

MOST_TIMES, ALWAYS_UNPACKED = 500, 2**30
"""A file that unpacks to more than so many times its size, and to more bytes than this, was made to fill a
disk: tables of text shrink 3 to 50 times."""

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
"""The first bytes of each compression (RFC 1952; the bzip2 format; RFC 8878), and Arrow's name for it."""


class SpoolError(InputError):
    """Bytes can't be copied to a temporary file; nothing is wrong with the bytes."""


@dataclass(frozen=True)
class Stored:
    """A file's bytes as they are on disk; a stream is copied to a nameless temporary file."""

    path: str
    descriptor: int
    size: int
    sha256: str
    compression: str | None

    def open_stored(self) -> io.BufferedReader:
        """The bytes as stored, from the start; closing it leaves the file open."""
        file = open(self.descriptor, "rb", closefd=False)  # noqa: SIM115
        file.seek(0)
        return file

    def open(self) -> BinaryIO:
        """The bytes unpacked, from the start."""
        return io.BufferedReader(_Unpacked(self), BUFFER_BYTES)

    @contextmanager
    def open_seekable(self) -> Iterator[BinaryIO]:
        """The bytes unpacked, to be read in any order."""
        if self.compression is None:
            with self.open_stored() as file:
                yield file
        else:
            with self.open() as packed, _spool(packed, self.path) as spool:
                yield spool

    def head(self) -> bytes:
        """The first bytes, unpacked."""
        with self.open() as file:
            return file.read(HEAD_BYTES)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a file; raises InputError if it can't be read or is damaged."""

    def __init__(self, stored: Stored) -> None:
        file = stored.open_stored()
        self._path = stored.path
        self._compression = stored.compression
        self._left = max(stored.size * MOST_TIMES, ALWAYS_UNPACKED) if stored.compression else sys.maxsize
        self._bytes = pa.input_stream(file, compression=stored.compression) if stored.compression else file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        try:
            n_bytes = int(self._bytes.readinto(buffer))
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(
                f"the {self._compression or 'file'} data are truncated or damaged ({error})",
                where=self._path,
                hint="download or write the file again",
            ) from error
        self._left -= n_bytes
        if self._left < 0:
            raise InputError(
                f"the {self._compression} data unpack to more than {MOST_TIMES:,} times their size",
                where=self._path,
                hint="unpack the file, if it is what you expect, and name the unpacked one",
            )
        return n_bytes


@contextmanager
def open_source(path: str, stdin: BinaryIO | None = None) -> Iterator[Stored]:
    """The bytes of the file at `path` ("-": standard input), which must not change while it is read.

    Raises:
        InputError: There is no such file, or it can't be opened; or, when the block ends, the file changed
            while it was read.
    """
    if path == "-":
        with _spool(stdin or sys.stdin.buffer, STDIN_NAME) as spool:
            yield _make_stored(STDIN_NAME, spool)
        return
    with _open_file(path) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):  # a pipe, as in `doubt scan <(zcat rows.gz)`
            with _spool(file, path) as spool:
                yield _make_stored(path, spool)
            return
        try:
            yield _make_stored(path, file)
        except DoubtError:
            _check_unchanged(path, before)  # a change is the likelier cause of a broken row
            raise
        _check_unchanged(path, before)


def check_exists(path: str) -> None:
    """Make sure that a path exists.

    Raises:
        InputError: It does not; the hint is the nearest name.
    """
    try:
        Path(path).stat()
    except OSError as error:
        raise unreadable_error(path, error) from error


def unreadable_error(path: str, error: OSError) -> InputError:
    """The error for a file that the system can't read, with a hint."""
    return InputError(
        f"the file can't be read: {_system_reason(error)}", where=path, hint=_find_hint(Path(path), error)
    )


def _make_stored(path: str, file: io.BufferedReader | io.BufferedRandom) -> Stored:
    try:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        file.seek(0)
        start = file.read(4)
    except OSError as error:
        raise unreadable_error(path, error) from error
    compression = next((name for magic, name in COMPRESSIONS.items() if start.startswith(magic)), None)
    return Stored(path, file.fileno(), size, sha256, compression)


@contextmanager
def _spool(stream: BinaryIO, path: str) -> Iterator[io.BufferedRandom]:
    with ExitStack() as opened:
        try:
            spool: Any = opened.enter_context(tempfile.TemporaryFile(prefix="doubt-"))  # Windows wraps it
            opened.callback(_close_quietly, spool)
            shutil.copyfileobj(stream, spool, BUFFER_BYTES)
            spool.flush()
        except OSError as error:
            raise SpoolError(
                f"it can't be copied to a temporary file: {_system_reason(error)}",
                where=path,
                hint="raise the limit on file sizes (ulimit -f)"
                if error.errno == errno.EFBIG
                else MORE_SPACE,
            ) from error
        spool.seek(0)
        yield spool


def _close_quietly(spool: io.BufferedRandom) -> None:
    with suppress(OSError):  # closing tries to write again, after the failure was reported
        spool.close()


def _open_file(path: str) -> io.BufferedReader:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise unreadable_error(path, error) from error


def _system_reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _find_hint(path: Path, error: OSError) -> str | None:
    if isinstance(error, PermissionError):
        return "get permission to read it, or copy it to a place where you can read it"
    if not isinstance(error, FileNotFoundError):
        return None
    if not os.access(path.parent, os.R_OK):
        return f"the folder {str(path.parent)!r} can't be read, either"
    near = find_nearest(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    return f"did you mean {str(path.parent / near)!r}?" if near else None


def _check_unchanged(path: str, before: os.stat_result) -> None:
    if fingerprint(path) != _change_marks(before):
        raise InputError(
            "the file changed while it was read",
            where=path,
            hint="run again when nothing is writing to it",
        )


def fingerprint(path: str) -> tuple[int, ...] | None:
    """What changes when a file is written to or replaced; None if it is gone."""
    try:
        return _change_marks(Path(path).stat())
    except OSError:
        return None


def _change_marks(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def pack_bytes(content: bytes, compression: str | None) -> bytes:
    """The bytes, compressed.

    Args:
        content: Unpacked.
        compression: "gzip", "bz2", "zstd" or None, as in `Source.compression`.
    """
    if compression is None:
        return content
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, compression) as packed:
        packed.write(content)
    return bytes(sink.getvalue())
