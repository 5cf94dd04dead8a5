from __future__ import annotations

import bz2
import errno
import gzip
import hashlib
import io
import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard

from doubtcli.errors import InputError
from doubtcli.files import source as source_module
from doubtcli.files.source import STDIN_NAME, open_source, pack_bytes
from doubtcli.files.table import read_folder, read_table
from doubtcli.records import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Sentences

CSV = b"text,label\n" + b"".join(b"row %d with words,%d\n" % (i, i % 3) for i in range(3_000))

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": zstandard.compress,
}

ARROW_NAMES = {"gz": "gzip", "bz2": "bz2", "zst": "zstd"}

NOBODY = 65534
"""A user id that owns no files."""


@contextmanager
def unprivileged(path: Path) -> Iterator[None]:
    """Run as a user without permission to read `path`."""
    user = os.geteuid()
    path.chmod(0)
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(0o700)


@pytest.mark.parametrize(("ending", "name"), ARROW_NAMES.items())
def test_packed_file_is_unpacked(tmp_path: Path, ending: str, name: str) -> None:
    """Each compression is recognised by its first bytes, with any file name, and hashed as stored."""
    packed = PACKERS[ending](CSV)
    for path in (tmp_path / f"rows.csv.{ending}", tmp_path / "rows.csv"):
        path.write_bytes(packed)

        table = read_table(str(path))

        assert table.data.num_rows == 3_000
        assert table.source.compression == name
        assert (table.source.size, table.source.sha256) == (len(packed), hashlib.sha256(packed).hexdigest())


@pytest.mark.parametrize("ending", PACKERS)
def test_parts_packed_one_after_the_other_are_joined(tmp_path: Path, ending: str) -> None:
    """Compressed files that were joined by `cat` unpack to all of their text."""
    path = tmp_path / f"rows.csv.{ending}"
    path.write_bytes(PACKERS[ending](CSV[:1000]) + PACKERS[ending](CSV[1000:]))

    with open_source(str(path)) as stored, stored.open() as file:
        assert file.read() == CSV


def test_ending_may_be_wrong(tmp_path: Path) -> None:
    """A file that is not compressed, despite its ending, is read as it is."""
    (tmp_path / "rows.csv.gz").write_bytes(CSV)

    assert read_table(str(tmp_path / "rows.csv.gz")).source.compression is None


@pytest.mark.parametrize("ending", PACKERS)
def test_truncated_packing_is_refused(tmp_path: Path, ending: str) -> None:
    """A compressed file that is cut anywhere after its first bytes is damaged, never just shorter."""
    packed = PACKERS[ending](CSV)
    path = tmp_path / f"rows.csv.{ending}"

    for cut in [
        *range(4, 30),
        *range(30, len(packed), len(packed) // 25),
        *range(len(packed) - 12, len(packed)),
    ]:
        path.write_bytes(packed[:cut])
        with pytest.raises(InputError, match=ARROW_NAMES[ending]):
            read_table(str(path))


def test_damaged_gzip_is_refused(tmp_path: Path) -> None:
    """A wrong checksum, or bytes after the end that are not gzip, are damage."""
    packed = gzip.compress(CSV)
    path = tmp_path / "rows.csv.gz"

    for damaged in (packed[:-8] + b"\0\0\0\0" + packed[-4:], packed + b"junk"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="gzip") as caught:
            read_table(str(path))
        assert caught.value.where == str(path)


@pytest.mark.parametrize("ending", PACKERS)
def test_packing_of_nothing_is_empty(tmp_path: Path, ending: str, sentences: Sentences) -> None:
    """A compressed file with nothing in it is empty."""
    path = tmp_path / f"rows.csv.{ending}"
    path.write_bytes(PACKERS[ending](b""))

    with pytest.raises(InputError) as caught:
        read_table(str(path))

    assert caught.value.where == str(path)
    sentences.check(caught.value)


def test_missing_file_has_the_nearest_name_as_hint(tmp_path: Path) -> None:
    """If there is no such file, the hint is the nearest name in that folder."""
    (tmp_path / "tickets.csv").touch()
    (tmp_path / "other.txt").touch()

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "ticket.csv"))

    assert caught.value.where == str(tmp_path / "ticket.csv")
    assert repr(str(tmp_path / "tickets.csv")) in str(caught.value.hint)


def test_missing_file_without_a_near_name_has_no_hint(tmp_path: Path) -> None:
    """Without a similar name there is no hint."""
    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "rows.csv"))

    assert caught.value.hint is None


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """If the folder is missing, too, the hint says so."""
    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "no" / "rows.csv"))

    assert repr(str(tmp_path / "no")) in str(caught.value.hint)


def test_file_used_as_a_folder_is_refused(tmp_path: Path) -> None:
    """A path that continues below a file is refused with the system's message."""
    (tmp_path / "rows.csv").touch()

    with pytest.raises(InputError, match=os.strerror(errno.ENOTDIR).lower()) as caught:
        read_table(str(tmp_path / "rows.csv" / "rows.csv"))

    assert caught.value.hint is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_file_without_read_permission_is_refused(tmp_path: Path, sentences: Sentences) -> None:
    """A file that the user has no permission to read is refused."""
    path = tmp_path / "rows.csv"
    path.write_bytes(CSV)

    with unprivileged(path), pytest.raises(InputError) as caught:
        read_table(str(path))

    sentences.check(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_folder_without_read_permission_is_refused(tmp_path: Path) -> None:
    """A folder that the user has no permission to list is refused."""
    with unprivileged(tmp_path), pytest.raises(InputError, match=os.strerror(errno.EACCES).lower()):
        read_folder(str(tmp_path))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_file_that_fails_while_read_is_refused() -> None:
    """A file that fails while it is read is refused with the system's message."""
    with pytest.raises(InputError, match=os.strerror(errno.EIO).lower()):
        read_table("/proc/self/mem")


# ------------------------------------------------------------------ streams


def test_process_standard_input_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `stdin`, "-" reads what is piped into the process."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(CSV)), encoding="utf-8"))

    table = read_table("-", ReadOptions(input_format="csv"))

    assert table.data.num_rows == 3_000
    assert table.source.compression == "gzip"


def test_empty_standard_input_is_refused(sentences: Sentences) -> None:
    """Empty standard input is refused."""
    with pytest.raises(InputError) as caught:
        read_table("-", ReadOptions(input_format="csv"), stdin=io.BytesIO())

    assert caught.value.where == STDIN_NAME
    sentences.check(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes")
def test_named_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    """A pipe with a path, as from a shell's `<(...)`, is read to its end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(CSV,))
    writer.start()

    table = read_table(str(path))

    writer.join()
    assert table.data.num_rows == 3_000
    assert (table.source.path, table.source.size) == (str(path), len(CSV))


class FullDisk(io.RawIOBase):
    """A stream that fails like a full disk."""

    def readable(self) -> bool:
        """True, like every stream to read from."""
        return True

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002  # as RawIOBase
        """Fail."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_stream_without_space_is_refused(sentences: Sentences) -> None:
    """If a stream can't be copied to a temporary file, the hint says how to get more space."""
    with pytest.raises(InputError) as caught:
        read_table("-", ReadOptions(input_format="csv"), stdin=FullDisk())  # type: ignore[arg-type]

    assert "TMPDIR" in str(caught.value.hint)
    sentences.check(caught.value)


def test_bytes_can_be_read_again_and_in_any_order(tmp_path: Path) -> None:
    """A file can be read again after it was closed."""
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(CSV))

    with open_source(str(path)) as stored:
        passes = [stored.head(), stored.head()]
        with stored.open_seekable() as file:
            file.seek(-4, os.SEEK_END)
            end = file.read()

    assert passes == [CSV[: 2**16]] * 2
    assert end == CSV[-4:]


# ------------------------------------------------------------------ changes


def append(path: Path) -> None:
    """Add a row."""
    with path.open("ab") as file:
        file.write(b"more,1\n")


def touch(path: Path) -> None:
    """Write the same bytes again, later."""
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    """Put another file, of equal size and time, in its place."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [append, touch, replace, Path.unlink])
def test_file_that_changes_while_read_is_refused(
    tmp_path: Path, change: Callable[[Path], None], sentences: Sentences
) -> None:
    """A file that is written to, touched, replaced or removed while it is read is refused."""
    path = tmp_path / "rows.csv"
    path.write_bytes(CSV)

    with pytest.raises(InputError) as caught:
        read_table(str(path), on_rows=lambda _: change(path))

    assert (caught.value.where, caught.value.row) == (str(path), None)
    sentences.check(caught.value)


def test_change_is_the_likelier_cause_of_a_broken_row(tmp_path: Path, sentences: Sentences) -> None:
    """If a row is broken and the file changed, the error is about the change."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 60_000 + b"1\n")

    with pytest.raises(InputError) as caught:
        read_table(str(path), on_rows=lambda _: append(path))

    assert caught.value.row is None
    sentences.check(caught.value)


def test_broken_row_of_an_unchanged_file_stays_the_cause(tmp_path: Path) -> None:
    """If a row is broken and the file did not change, the error is about the row."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n1\n")

    with pytest.raises(InputError) as caught:
        read_table(str(path))

    assert caught.value.row == 1


# --------------------------------------------------------------- packed again


UNPACK = {
    "gzip": gzip.decompress,
    "bz2": bz2.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
}


@pytest.mark.parametrize("compression", UNPACK)
def test_packed(compression: str) -> None:
    """Other libraries can unpack what is packed; the same content gives the same bytes."""
    content = b"label\nx\n" * 1000

    packed = pack_bytes(content, compression)

    assert UNPACK[compression](packed) == content
    assert len(packed) < len(content)
    assert pack_bytes(content, compression) == packed


def test_not_packed() -> None:
    """Without compression the content is unchanged."""
    assert pack_bytes(b"x", None) == b"x"


@pytest.mark.parametrize("ending", PACKERS)
def test_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """A small file that unpacks to far more than tables do is refused, before it fills the disk."""
    monkeypatch.setattr(source_module, "ALWAYS_UNPACKED", 2**16)
    path = tmp_path / f"rows.parquet.{ending}"
    path.write_bytes(PACKERS[ending](bytes(2**24)))

    with pytest.raises(InputError) as caught, open_source(str(path)) as stored, stored.open_seekable():
        pass

    assert caught.value.where == str(path)
