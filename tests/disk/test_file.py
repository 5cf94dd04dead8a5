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
    TOO_BIG,
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

    from tests.conftest import Sentences

NO_STARS = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")


def test_new_file(tmp_path: Path) -> None:
    """A file is made, and its folder; nothing else is left there."""
    replace_file(tmp_path / "a" / "b" / "out.json", b"one")

    assert (tmp_path / "a" / "b" / "out.json").read_bytes() == b"one"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["out.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_replaces(tmp_path: Path) -> None:
    """A file that exists is replaced, and keeps its permissions."""
    path = tmp_path / "out.json"
    path.write_bytes(b"a long first version")
    path.chmod(0o640)

    replace_file(path, b"two")

    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_private_from_the_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What replaces a private file is private before its first byte is written."""
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


def test_files_that_were_read(tmp_path: Path, sentences: Sentences) -> None:
    """A file that was read is not overwritten, not even under another name."""
    (tmp_path / "read.csv").write_bytes(b"one")
    (tmp_path / "link").symlink_to("read.csv")

    with pytest.raises(OutputError) as caught:
        replace_file(tmp_path / "link", b"two", never=[str(tmp_path / "read.csv")])

    sentences.check(caught.value)
    assert (tmp_path / "read.csv").read_bytes() == b"one"


def test_check_writable(tmp_path: Path) -> None:
    """A trial changes nothing; where nothing can be written, it raises."""
    path = tmp_path / "out.json"
    path.write_bytes(b"one")

    check_writable(path, b"two")
    check_writable(path.parent / "other.json", b"two")
    if os.name == "posix":
        check_writable(type(path)("/dev/null"), b"two")

    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"out.json": b"one"}
    with pytest.raises(OutputError) as caught:
        check_writable(path / "below", b"two")
    assert caught.value.where == str(path / "below")


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The file that a link points to is replaced, and the link stays a link."""
    (tmp_path / "real").write_bytes(b"one")
    (tmp_path / "link").symlink_to("real")

    replace_file(tmp_path / "link", b"two")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"two"


@pytest.mark.skipif(os.name != "posix", reason="needs /dev/stdout")
def test_not_a_regular_file() -> None:
    """A pipe is written to, not replaced."""
    script = (
        "from pathlib import Path; from doubtcli.disk.file import replace_file\n"
        "replace_file(Path('/dev/stdout'), b'x')"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout == b"x"


def test_folder_in_the_way(tmp_path: Path) -> None:
    """A folder of that name is an error, and stays."""
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)

    with pytest.raises(OutputError) as caught:
        replace_file(folder, b"x")

    assert caught.value.where == str(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """If not all bytes can be written, the old file stays and nothing else is left there."""
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


@pytest.mark.parametrize("name", ["out.json", pytest.param("o[u]t*.json", marks=NO_STARS)])
def test_after_a_kill(tmp_path: Path, name: str) -> None:
    """What a killed run left of a file is removed by the next one; other files stay."""
    others = {f".{name}.x.new.doubt-unfinished", ".out.new.doubt-unfinished", f".{name}.new"}
    for one in (*others, unfinished_path(tmp_path / name).name):
        (tmp_path / one).write_bytes(b"half")

    replace_file(tmp_path / name, b"whole")

    assert {path.name for path in tmp_path.iterdir()} == {name, *others}
    assert (tmp_path / name).read_bytes() == b"whole"


def test_leftovers_that_stay(tmp_path: Path) -> None:
    """What a killed run left and can't be removed is an error."""
    unfinished_path(tmp_path / "out.json").mkdir()

    with pytest.raises(OutputError) as caught:
        replace_file(tmp_path / "out.json", b"x")

    assert caught.value.where == str(tmp_path / "out.json")


@pytest.mark.parametrize("plant", ["symlink_to", "hardlink_to"])
def test_planted_link_to_a_file(tmp_path: Path, plant: str) -> None:
    """A link at the hidden name is refused, and what it leads to is not changed."""
    path, victim = tmp_path / "data.json", tmp_path / "victim"
    victim.write_bytes(b"theirs")
    getattr(unfinished_path(path), plant)(victim)

    with pytest.raises(OutputError) as caught:
        replace_file(path, b"new")

    assert caught.value.where == str(unfinished_path(path))
    assert victim.read_bytes() == b"theirs"
    assert not path.exists()


def test_two_at_once(tmp_path: Path) -> None:
    """When several runs write one file at the same time, one run's whole file stays, and nothing else."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda run: replace_file(tmp_path / "out", bytes([run]) * 1000), range(12)))

    found = (tmp_path / "out").read_bytes()
    assert (len(found), len(set(found))) == (1000, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_own_mode(tmp_path: Path) -> None:
    """A file gets the permissions that are asked for, not those of the file that it replaces."""
    path = tmp_path / "out.json"
    path.touch(mode=0o644)

    replace_file(path, b"two", mode=0o600)

    assert read_mode(path) == 0o600


def test_own_hints(tmp_path: Path) -> None:
    """The caller may give its own hints."""
    (tmp_path / "file").touch()

    for write in (replace_file, check_writable):
        with pytest.raises(OutputError) as caught:
            write(tmp_path / "file" / "below", b"x", hints={OTHER_ERROR: "try this"})
        assert caught.value.hint == "try this"


# ----------------------------------------------------------------------- steps


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, errno.EFBIG, errno.ENAMETOOLONG, errno.EACCES],
    ids=["full", "too big", "too long", "other"],
)
def test_os_errors(tmp_path: Path, number: int, sentences: Sentences) -> None:
    """An error of the system becomes one message, with a hint."""
    with pytest.raises(OutputError) as caught, os_errors_as_output_error(tmp_path):
        raise OSError(number, os.strerror(number))

    assert caught.value.where == str(tmp_path)
    sentences.check(caught.value)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "reason"), OSError("reason")])
def test_other_hints(tmp_path: Path, error: OSError) -> None:
    """The hint for all other errors is given even where the system names no number."""
    with (
        pytest.raises(OutputError) as caught,
        os_errors_as_output_error(tmp_path, {OTHER_ERROR: "try this"}),
    ):
        raise error

    assert "reason" in caught.value.found
    assert caught.value.hint == "try this"


def test_hints() -> None:
    """An error without a hint gets that of all others; only too large files have a hint by default."""
    assert make_hints(other="try this") == {OTHER_ERROR: "try this", errno.EFBIG: TOO_BIG}
    assert make_hints(other="try this", full="free", too_big="", too_long="shorten") == {
        OTHER_ERROR: "try this",
        errno.ENOSPC: "free",
        errno.EDQUOT: "free",
        errno.ENAMETOOLONG: "shorten",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o400])
def test_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    """A new file never has more permissions than asked for, and in the end has all of them."""
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_usual_rights(tmp_path: Path) -> None:
    """By default a file gets the system's permissions; a file that doesn't exist has none."""
    before = os.umask(0o027)
    try:
        write_new_file(tmp_path / "new", b"1")
    finally:
        os.umask(before)

    assert read_mode(tmp_path / "new") == 0o640
    assert read_mode(tmp_path / "none") is None


def test_nothing_is_replaced(tmp_path: Path) -> None:
    """A file that exists is not replaced."""
    (tmp_path / "new").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        write_new_file(tmp_path / "new", b"1")

    assert (tmp_path / "new").read_bytes() == b"mine"


def test_synced_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is synced; where folders can't be opened, as on Windows, that is not an error."""
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
    """A file system that can't sync folders is tolerated; a defect of the disk is an error."""

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OSError, match=os.strerror(number)) if fails else nullcontext():
        sync_folder(tmp_path)


def test_made_parents(tmp_path: Path) -> None:
    """Missing folders are made."""
    with make_parents(tmp_path / "a" / "b" / "file"):
        assert (tmp_path / "a" / "b").is_dir()

    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b"]


def fail_in(path: Path, name: str | None = None) -> None:
    """Fail once a file's folder was made, and perhaps something in it."""
    with pytest.raises(ZeroDivisionError), make_parents(path):
        raise ZeroDivisionError(name and (path.parent / name).touch())


def test_made_parents_go_again(tmp_path: Path) -> None:
    """Folders that were made are removed again if the block fails, unless there is something in them."""
    fail_in(tmp_path / "a" / "b" / "file")
    fail_in(tmp_path / "a" / "c" / "file", "mine")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "c", "mine"]


def test_parents_of_a_check(tmp_path: Path) -> None:
    """A check leaves no folders that it made."""
    check_writable(tmp_path / "a" / "b" / "data.json", b"new")

    assert list(tmp_path.iterdir()) == []


def test_another_run_was_faster(tmp_path: Path) -> None:
    """A file that must be new is not written over one that is there by now."""
    path = tmp_path / "data.json"
    path.write_bytes(b"theirs")

    with pytest.raises(OutputError) as caught:
        replace_file(path, b"ours", overwrite=False)

    assert caught.value.where == str(path)
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away")
def test_owner(tmp_path: Path) -> None:
    """A file that root replaces keeps its owner and its group."""
    path = tmp_path / "data.json"
    path.write_bytes(b"old")
    os.chown(path, 1234, 4321)

    replace_file(path, b"new")

    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)
    assert path.read_bytes() == b"new"


def test_abandoned(tmp_path: Path) -> None:
    """What a run that was killed days ago has left of another file is removed; what is newer stays."""
    old, new = (unfinished_path(tmp_path / name) for name in ("old.json", "new.json"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))

    replace_file(tmp_path / "data.json", b"whole")

    assert {path.name for path in tmp_path.iterdir()} == {"data.json", new.name}
