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
from doubtcli.files.source import open_source, pack_bytes
from doubtcli.files.table import read_folder, read_table
from doubtcli.records import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CSV = b"text,label\n" + b"".join(b"row %d with words,%d\n" % (i, i % 3) for i in range(3_000))

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": zstandard.compress,
}

NOBODY = 65534
"""The user id that owns nothing."""


@contextmanager
def unprivileged(path: Path) -> Iterator[None]:
    """Run as somebody who may not read `path`."""
    user = os.geteuid()
    path.chmod(0)
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(0o700)


@pytest.mark.parametrize(("ending", "name"), [("gz", "gzip"), ("bz2", "bz2"), ("zst", "zstd")])
def test_packed_file_is_unpacked(tmp_path: Path, ending: str, name: str) -> None:
    """Each packing is told by its first bytes, whatever the file's name, and hashed as stored."""
    packed = PACKERS[ending](CSV)
    for path in (tmp_path / f"rows.csv.{ending}", tmp_path / "rows.csv"):
        path.write_bytes(packed)

        table = read_table(str(path))

        assert table.data.num_rows == 3_000
        assert table.source.compression == name
        assert (table.source.size, table.source.sha256) == (len(packed), hashlib.sha256(packed).hexdigest())


@pytest.mark.parametrize("ending", PACKERS)
def test_parts_packed_one_after_the_other_are_joined(tmp_path: Path, ending: str) -> None:
    """Packed files put together by `cat` unpack to all of their text."""
    path = tmp_path / f"rows.csv.{ending}"
    path.write_bytes(PACKERS[ending](CSV[:1000]) + PACKERS[ending](CSV[1000:]))

    with open_source(str(path)) as stored, stored.open() as file:
        assert file.read() == CSV


def test_ending_may_lie(tmp_path: Path) -> None:
    """A file that is called packed and isn't is read as it is."""
    (tmp_path / "rows.csv.gz").write_bytes(CSV)

    assert read_table(str(tmp_path / "rows.csv.gz")).source.compression is None


@pytest.mark.parametrize("ending", PACKERS)
def test_truncated_packing_is_refused(tmp_path: Path, ending: str) -> None:
    """Cut anywhere behind its first bytes, a packed file is damaged, never just shorter."""
    packed = PACKERS[ending](CSV)
    path = tmp_path / f"rows.csv.{ending}"

    for cut in [
        *range(4, 30),
        *range(30, len(packed), len(packed) // 25),
        *range(len(packed) - 12, len(packed)),
    ]:
        path.write_bytes(packed[:cut])
        with pytest.raises(InputError, match="data are truncated or damaged"):
            read_table(str(path))


def test_damaged_gzip_is_refused(tmp_path: Path) -> None:
    """A wrong checksum, or bytes behind the end that are no gzip, are damage."""
    packed = gzip.compress(CSV)
    path = tmp_path / "rows.csv.gz"

    for damaged in (packed[:-8] + b"\0\0\0\0" + packed[-4:], packed + b"junk"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="gzip data are truncated or damaged"):
            read_table(str(path))


@pytest.mark.parametrize("ending", PACKERS)
def test_packing_of_nothing_is_empty(tmp_path: Path, ending: str) -> None:
    """A packed file with nothing in it is empty."""
    path = tmp_path / f"rows.csv.{ending}"
    path.write_bytes(PACKERS[ending](b""))

    with pytest.raises(InputError, match="the file is empty"):
        read_table(str(path))


def test_missing_file_names_its_likeliest_neighbour(tmp_path: Path) -> None:
    """No such file: the nearest name in that folder is the hint."""
    (tmp_path / "tickets.csv").touch()
    (tmp_path / "other.txt").touch()

    with pytest.raises(InputError, match="no such file") as caught:
        read_table(str(tmp_path / "ticket.csv"))

    assert caught.value.where == str(tmp_path / "ticket.csv")
    assert caught.value.hint == f"did you mean {str(tmp_path / 'tickets.csv')!r}?"


def test_missing_file_with_no_like_neighbour_has_no_hint(tmp_path: Path) -> None:
    """Nothing is suggested where nothing is near."""
    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "rows.csv"))

    assert caught.value.hint is None


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """Where the folder is missing already, the hint says so."""
    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "no" / "rows.csv"))

    assert caught.value.hint == f"there is no readable folder {str(tmp_path / 'no')!r} either"


def test_file_used_as_a_folder_is_refused(tmp_path: Path) -> None:
    """A path that goes on below a file gets the system's own words."""
    (tmp_path / "rows.csv").touch()

    with pytest.raises(InputError, match="not a directory") as caught:
        read_table(str(tmp_path / "rows.csv" / "rows.csv"))

    assert caught.value.hint is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_file_without_read_permission_is_refused(tmp_path: Path) -> None:
    """A file that may not be read says so."""
    path = tmp_path / "rows.csv"
    path.write_bytes(CSV)

    with unprivileged(path), pytest.raises(InputError, match="permission denied") as caught:
        read_table(str(path))

    assert "ask for the right" in str(caught.value.hint)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_folder_without_read_permission_is_refused(tmp_path: Path) -> None:
    """A folder that may not be listed says so."""
    with unprivileged(tmp_path), pytest.raises(InputError, match="permission denied"):
        read_folder(str(tmp_path))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_file_that_fails_while_read_is_refused() -> None:
    """An input/output error gets the system's own words."""
    with pytest.raises(InputError, match="the file can't be read: input/output error"):
        read_table("/proc/self/mem")


# ------------------------------------------------------------------ streams


def test_process_standard_input_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `stdin`, "-" reads what is piped into the process."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(CSV)), encoding="utf-8"))

    table = read_table("-", ReadOptions(input_format="csv"))

    assert table.data.num_rows == 3_000
    assert table.source.compression == "gzip"


def test_empty_standard_input_is_refused() -> None:
    """Nothing piped in is no table."""
    with pytest.raises(InputError, match="standard input: the file is empty"):
        read_table("-", ReadOptions(input_format="csv"), stdin=io.BytesIO())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes")
def test_named_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    """A pipe with a path, as a shell's `<(...)` gives, is read to its end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(CSV,))
    writer.start()

    table = read_table(str(path))

    writer.join()
    assert table.data.num_rows == 3_000
    assert (table.source.path, table.source.size) == (str(path), len(CSV))


class FullDisk(io.RawIOBase):
    """A stream that fails as a full disk does."""

    def readable(self) -> bool:
        """As every stream to read from."""
        return True

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002  # as RawIOBase
        """Fail."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_stream_that_finds_no_room_is_refused() -> None:
    """A stream that can't be spooled says where to make room."""
    with pytest.raises(InputError, match="no space left") as caught:
        read_table("-", ReadOptions(input_format="csv"), stdin=FullDisk())  # type: ignore[arg-type]

    assert "TMPDIR" in str(caught.value.hint)


def test_bytes_can_be_read_again_and_in_any_order(tmp_path: Path) -> None:
    """Closing one pass over a file leaves it open for the next."""
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
def test_file_that_changes_while_read_is_refused(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Written to, touched, replaced or removed: the file is not the one that was read."""
    path = tmp_path / "rows.csv"
    path.write_bytes(CSV)

    with pytest.raises(InputError, match="the file changed while it was read") as caught:
        read_table(str(path), on_rows=lambda _: change(path))

    assert caught.value.where == str(path)


def test_change_is_the_likelier_cause_of_a_broken_row(tmp_path: Path) -> None:
    """Where rows break because the file changed, the change is what is told."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 60_000 + b"1\n")

    with pytest.raises(InputError, match="the file changed while it was read"):
        read_table(str(path), on_rows=lambda _: append(path))


def test_broken_row_of_an_unchanged_file_stays_the_cause(tmp_path: Path) -> None:
    """Where nothing changed, the broken row is what is told."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n1\n")

    with pytest.raises(InputError, match="the row has 1 field"):
        read_table(str(path))


# --------------------------------------------------------------- packed again


UNPACK = {
    "gzip": gzip.decompress,
    "bz2": bz2.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
}


@pytest.mark.parametrize("compression", UNPACK)
def test_packed(compression: str) -> None:
    """What is packed is unpacked by somebody else's code; the same content gives the same bytes."""
    content = b"label\nx\n" * 1000

    packed = pack_bytes(content, compression)

    assert UNPACK[compression](packed) == content
    assert len(packed) < len(content)
    assert pack_bytes(content, compression) == packed


def test_not_packed() -> None:
    """What was not packed stays as it is."""
    assert pack_bytes(b"x", None) == b"x"
