from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from doubtcli.disk.file import (
    OTHER_ERROR,
    check_writable,
    make_hints,
    make_parents,
    os_errors_as_output_error,
    read_mode,
    replace_file,
    sync_folder,
    unfinished_path,
    write_new_file,
)
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


def test_new_file(tmp_path: Path) -> None:
    """A file is made, its folder too, and nothing is left beside it."""
    replace_file(tmp_path / "a" / "b" / "out.json", b"one")

    assert (tmp_path / "a" / "b" / "out.json").read_bytes() == b"one"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["out.json"]


def test_replaces(tmp_path: Path) -> None:
    """What was there is replaced, and keeps its mode."""
    path = tmp_path / "out.json"
    path.write_bytes(b"a long first version")
    path.chmod(0o640)

    replace_file(path, b"two")

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

    replace_file(path, b"two")

    assert seen[0] == 0o600


def test_files_that_were_read(tmp_path: Path) -> None:
    """A file that was read is not written over, under no name."""
    (tmp_path / "read.csv").write_bytes(b"one")
    (tmp_path / "link").symlink_to("read.csv")

    with pytest.raises(OutputError, match="it is read, and is not written over"):
        replace_file(tmp_path / "link", b"two", never=[str(tmp_path / "read.csv")])

    assert (tmp_path / "read.csv").read_bytes() == b"one"


def test_try(tmp_path: Path) -> None:
    """A trial leaves all as it was; where nothing can be written it says so."""
    path = tmp_path / "out.json"
    path.write_bytes(b"one")

    check_writable(path, b"two")
    check_writable(path.parent / "other.json", b"two")
    if os.name == "posix":
        check_writable(type(path)("/dev/null"), b"two")

    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"out.json": b"one"}
    with pytest.raises(OutputError, match="can't be written"):
        check_writable(path / "below", b"two")


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What a link leads to is replaced, and the link stays one."""
    (tmp_path / "real").write_bytes(b"one")
    (tmp_path / "link").symlink_to("real")

    replace_file(tmp_path / "link", b"two")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"two"


@pytest.mark.skipif(os.name != "posix", reason="needs /dev/stdout")
def test_no_regular_file() -> None:
    """A pipe is written to, not replaced."""
    script = (
        "from pathlib import Path; from doubtcli.disk.file import replace_file\n"
        "replace_file(Path('/dev/stdout'), b'x')"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout == b"x"


def test_folder_in_the_way(tmp_path: Path) -> None:
    """What can't be written is told, and what was there stays."""
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)

    with pytest.raises(OutputError) as caught:
        replace_file(folder, b"x")

    assert caught.value.where == str(folder)
    assert "can't be written" in caught.value.found
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """If the bytes don't all go in, the old file stays and nothing lies beside it."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from doubtcli.disk.file import replace_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "replace_file(Path(sys.argv[1]), b'x' * 100)"
    )

    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)

    assert "OutputError" in done.stderr
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["out.json", "o[u]t*.json"])
def test_after_a_kill(tmp_path: Path, name: str) -> None:
    """What a killed run left of a file goes with the next one; what belongs to others stays."""
    others = {f".{name}.x.new.doubt-unfinished", ".out.new.doubt-unfinished", f".{name}.new"}
    for one in (*others, unfinished_path(tmp_path / name).name):
        (tmp_path / one).write_bytes(b"half")

    replace_file(tmp_path / name, b"whole")

    assert {path.name for path in tmp_path.iterdir()} == {name, *others}
    assert (tmp_path / name).read_bytes() == b"whole"


def test_after_a_kill_that_stays(tmp_path: Path) -> None:
    """What can't be taken away is told."""
    unfinished_path(tmp_path / "out.json").mkdir()

    with pytest.raises(OutputError, match="can't be written"):
        replace_file(tmp_path / "out.json", b"x")


def test_two_at_once(tmp_path: Path) -> None:
    """Of runs that write one file at the same time each is whole, and nothing is left beside it."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda run: replace_file(tmp_path / "out", bytes([run]) * 1000), range(12)))

    found = (tmp_path / "out").read_bytes()
    assert (len(found), len(set(found))) == (1000, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_own_mode(tmp_path: Path) -> None:
    """A file has the mode that is asked for, whatever the one had that it replaces."""
    path = tmp_path / "out.json"
    path.touch(mode=0o644)

    replace_file(path, b"two", mode=0o600)

    assert read_mode(path) == 0o600


def test_own_hints(tmp_path: Path) -> None:
    """What to do about errors may be said by whoever writes."""
    (tmp_path / "file").touch()

    for write in (replace_file, check_writable):
        with pytest.raises(OutputError) as caught:
            write(tmp_path / "file" / "below", b"x", hints={OTHER_ERROR: "else"})
        assert caught.value.hint == "else"


# ----------------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free some space, or name a file on another disk"),
        (errno.EFBIG, "raise the limit on file sizes (ulimit -f)"),
        (errno.ENAMETOOLONG, "name a shorter file"),
        (errno.EACCES, "name a file that you may write to"),
    ],
)
def test_os_errors(tmp_path: Path, number: int, hint: str) -> None:
    """What the system says becomes one message with what may help."""
    with pytest.raises(OutputError) as caught, os_errors_as_output_error(tmp_path):
        raise OSError(number, os.strerror(number))

    assert caught.value.found == f"can't be written: {os.strerror(number)}"
    assert (caught.value.where, caught.value.hint) == (str(tmp_path), hint)


@pytest.mark.parametrize(("error", "hint"), [(OSError(errno.EIO, "x"), "else"), (OSError("x"), "else")])
def test_other_hints(tmp_path: Path, error: OSError, hint: str) -> None:
    """What to do may be another thing, and is told of whatever the system says."""
    with (
        pytest.raises(OutputError, match="can't be written: x") as caught,
        os_errors_as_output_error(tmp_path, {OTHER_ERROR: "else"}),
    ):
        raise error

    assert caught.value.hint == hint


def test_hints() -> None:
    """What is not said of an error is what is said of all others, but for the limit on file sizes."""
    assert make_hints(other="else") == {
        OTHER_ERROR: "else",
        errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    }
    assert make_hints(other="else", full="free", too_big="", too_long="shorten") == {
        OTHER_ERROR: "else",
        errno.ENOSPC: "free",
        errno.EDQUOT: "free",
        errno.ENAMETOOLONG: "shorten",
    }


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
        write_new_file(tmp_path / "new", b"1", mode)
    finally:
        os.umask(before)

    assert seen == [mode & ~0o022]
    assert read_mode(tmp_path / "new") == mode
    assert (tmp_path / "new").read_bytes() == b"1"


def test_usual_rights(tmp_path: Path) -> None:
    """Where nobody says so, a file has the rights that the system gives; where there is none it has none."""
    before = os.umask(0o027)
    try:
        write_new_file(tmp_path / "new", b"1")
    finally:
        os.umask(before)

    assert read_mode(tmp_path / "new") == 0o640
    assert read_mode(tmp_path / "none") is None


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """A file that is there is in the way."""
    (tmp_path / "new").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        write_new_file(tmp_path / "new", b"1")

    assert (tmp_path / "new").read_bytes() == b"mine"


def test_synced_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is written down; where folders can't be opened, as on Windows, that is no error."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))

    sync_folder(tmp_path)

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    sync_folder(tmp_path)
    assert synced == [tmp_path.stat().st_ino]


@pytest.mark.parametrize(("number", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_folder_that_does_not_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, fails: bool
) -> None:
    """A file system that doesn't sync folders is used without; a defect of the disk is an error."""

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OSError, match="rror") if fails else nullcontext():
        sync_folder(tmp_path)


def test_made_parents(tmp_path: Path) -> None:
    """Missing folders are made."""
    with make_parents(tmp_path / "a" / "b" / "file"):
        assert (tmp_path / "a" / "b").is_dir()

    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b"]


def fail_in(path: Path, name: str | None = None) -> None:
    """Fail where a file's folder was made, and perhaps something in it."""
    with pytest.raises(ZeroDivisionError), make_parents(path):
        raise ZeroDivisionError(name and (path.parent / name).touch())


def test_made_parents_go_again(tmp_path: Path) -> None:
    """Folders that were made go again if the block fails, unless they hold something by then."""
    fail_in(tmp_path / "a" / "b" / "file")
    fail_in(tmp_path / "a" / "c" / "file", "mine")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "c", "mine"]
