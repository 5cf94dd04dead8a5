from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from doubtcli.disk import disk
from doubtcli.disk.disk import OTHER, mode_of, parents, told, write_new
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free some space, or name a file on another disk"),
        (errno.EFBIG, "raise the limit on file sizes (ulimit -f)"),
        (errno.ENAMETOOLONG, "name a shorter file"),
        (errno.EACCES, "name a file that you may write to"),
    ],
)
def test_told(tmp_path: Path, number: int, hint: str) -> None:
    """What the system says becomes one message with what may help."""
    with pytest.raises(OutputError) as caught, told(tmp_path):
        raise OSError(number, os.strerror(number))

    assert caught.value.found == f"can't be written: {os.strerror(number)}"
    assert (caught.value.where, caught.value.hint) == (str(tmp_path), hint)


@pytest.mark.parametrize(("error", "hint"), [(OSError(errno.EIO, "x"), "else"), (OSError("x"), "else")])
def test_other_hints(tmp_path: Path, error: OSError, hint: str) -> None:
    """What to do may be another thing, and is told of whatever the system says."""
    with pytest.raises(OutputError, match="can't be written: x") as caught, told(tmp_path, {OTHER: "else"}):
        raise error

    assert caught.value.hint == hint


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o400])
def test_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    """A new file never has other rights than it is to have, whatever the system takes away."""
    seen = []
    honest = os.open

    def watch(name: str, flags: int, mode: int) -> int:
        descriptor = honest(name, flags, mode)
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", watch)
    before = os.umask(0o022)
    try:
        write_new(tmp_path / "new", b"1", mode)
    finally:
        os.umask(before)

    assert seen == [mode & ~0o022]
    assert mode_of(tmp_path / "new") == mode
    assert (tmp_path / "new").read_bytes() == b"1"


def test_usual_rights(tmp_path: Path) -> None:
    """Where nobody says so, a file has the rights that the system gives; where there is none it has none."""
    before = os.umask(0o027)
    try:
        write_new(tmp_path / "new", b"1")
    finally:
        os.umask(before)

    assert mode_of(tmp_path / "new") == 0o640
    assert mode_of(tmp_path / "none") is None


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """A file that is there is in the way."""
    (tmp_path / "new").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        write_new(tmp_path / "new", b"1")

    assert (tmp_path / "new").read_bytes() == b"mine"


def test_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is written down; where folders can't be opened, as on Windows, that is no error."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))

    disk.sync(tmp_path)

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    disk.sync(tmp_path)
    assert synced == [tmp_path.stat().st_ino]


def test_parents(tmp_path: Path) -> None:
    """Missing folders are made."""
    with parents(tmp_path / "a" / "b" / "file"):
        assert (tmp_path / "a" / "b").is_dir()

    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b"]


def fail_in(path: Path, name: str | None = None) -> None:
    """Fail where a file's folder was made, and perhaps something in it."""
    with pytest.raises(ZeroDivisionError), parents(path):
        raise ZeroDivisionError(name and (path.parent / name).touch())


def test_parents_of_nothing(tmp_path: Path) -> None:
    """Folders that were made go again if the block fails, unless they hold something by then."""
    fail_in(tmp_path / "a" / "b" / "file")
    fail_in(tmp_path / "a" / "c" / "file", "mine")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "c", "mine"]
