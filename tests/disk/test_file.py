from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.disk.file import remove_unfinished, try_file, write_file
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


def test_new_file(tmp_path: Path) -> None:
    """A file is made, its folder too, and nothing is left beside it."""
    write_file(tmp_path / "a" / "b" / "out.json", b"one")

    assert (tmp_path / "a" / "b" / "out.json").read_bytes() == b"one"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["out.json"]


def test_replaces(tmp_path: Path) -> None:
    """What was there is replaced, and keeps its mode."""
    path = tmp_path / "out.json"
    path.write_bytes(b"a long first version")
    path.chmod(0o640)

    write_file(path, b"two")

    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640


def test_private_from_the_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What replaces a private file is private before the first byte stands in it."""
    path = tmp_path / "out.json"
    path.write_bytes(b"one")
    path.chmod(0o600)
    seen = []
    honest = os.fsync

    def watch(descriptor: int) -> None:
        seen.append(os.fstat(descriptor).st_mode & 0o777)
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", watch)

    write_file(path, b"two")

    assert seen == [0o600]


def test_try(tmp_path: Path) -> None:
    """A trial leaves all as it was; where nothing can be written it says so."""
    path = tmp_path / "out.json"
    path.write_bytes(b"one")

    try_file(path, b"two")
    try_file(path.parent / "other.json", b"two")
    if os.name == "posix":
        try_file(type(path)("/dev/null"), b"two")

    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"out.json": b"one"}
    with pytest.raises(OutputError, match="can't be written"):
        try_file(path / "below", b"two")


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What a link leads to is replaced, and the link stays one."""
    (tmp_path / "real").write_bytes(b"one")
    (tmp_path / "link").symlink_to("real")

    write_file(tmp_path / "link", b"two")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"two"


@pytest.mark.skipif(os.name != "posix", reason="needs /dev/stdout")
def test_no_regular_file() -> None:
    """A pipe is written to, not replaced."""
    script = (
        "from pathlib import Path; from doubtcli.disk.file import write_file\n"
        "write_file(Path('/dev/stdout'), b'x')"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout == b"x"


def test_trouble(tmp_path: Path) -> None:
    """What can't be written is told, and what was there stays."""
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)

    with pytest.raises(OutputError) as caught:
        write_file(folder, b"x")

    assert caught.value.where == str(folder)
    assert "can't be written" in caught.value.found
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """If the bytes don't all go in, the old file stays and nothing lies beside it."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    script = (
        "import resource, signal, sys; from pathlib import Path; from doubtcli.disk.file import write_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "write_file(Path(sys.argv[1]), b'x' * 100)"
    )

    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)

    assert "OutputError" in done.stderr
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["out.json", "o[u]t*.json"])
def test_remove_unfinished(tmp_path: Path, name: str) -> None:
    """What killed runs left of a file goes; the file itself and what belongs to others stay."""
    stays = {name, f".{name}.x.12.doubt-unfinished", ".out.12.doubt-unfinished", f".{name}.12"}
    for one in (*stays, f".{name}.12.doubt-unfinished", f".{name}.3.doubt-unfinished"):
        (tmp_path / one).write_bytes(b"")

    remove_unfinished(tmp_path / name)
    remove_unfinished(tmp_path / "none" / name)

    assert {path.name for path in tmp_path.iterdir()} == stays


def test_unfinished_that_stays(tmp_path: Path) -> None:
    """What can't be taken away is told."""
    (tmp_path / ".out.json.12.doubt-unfinished").mkdir()

    with pytest.raises(OutputError, match="can't be written"):
        remove_unfinished(tmp_path / "out.json")
