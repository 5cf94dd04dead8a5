from __future__ import annotations

import errno
import os
import random
import re
import stat
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import pytest

import doubtcli
from doubtcli.disk import folder as folder_module
from doubtcli.disk.folder import check_folder_writable, recover_folder, replace_folder
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Sentences

NAMES = ("b.bin", "a.json")


@contextmanager
def raises_os_error(number: int) -> Iterator[pytest.ExceptionInfo[OutputError]]:
    """The block must end in an OutputError that the system caused, with this error number."""
    with pytest.raises(OutputError) as caught:
        yield caught
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == number


def content(generation: int) -> dict[str, bytes]:
    """Files whose content shows which write they are from."""
    return dict.fromkeys(NAMES, b"%d" % generation)


def held(folder: Path) -> dict[str, bytes]:
    """The files in a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A path where there is no folder yet."""
    return tmp_path / "out"


# --------------------------------------------------------------------- it writes


def test_new_folder(folder: Path) -> None:
    """A missing folder is made with the files, and nothing else is left next to it."""
    replace_folder(folder, content(1))

    assert held(folder) == content(1)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_missing_parents(folder: Path) -> None:
    """Missing parents are made."""
    replace_folder(folder / "a" / "b", content(1))

    assert held(folder / "a" / "b") == content(1)


def test_replaced_at_once(folder: Path) -> None:
    """A folder that has no other files is exchanged as a whole, and keeps its permissions."""
    replace_folder(folder, content(1))
    folder.chmod(0o750)
    before = folder.stat()

    replace_folder(folder, content(2))

    assert held(folder) == content(2)
    assert folder.stat().st_mode == before.st_mode
    assert (folder.stat().st_ino == before.st_ino) == (sys.platform != "linux")
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
@pytest.mark.parametrize("others", [(), ("notes.txt",)], ids=["replaced as a whole", "with others"])
def test_private_from_the_first_byte(
    folder: Path, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What replaces a private file or a private folder is private all the time."""
    replace_folder(folder, content(1) | dict.fromkeys(others, b""))
    folder.chmod(0o700)
    (folder / "b.bin").chmod(0o600)
    for_others: set[int] = set()
    honest = os.fsync

    def watch(descriptor: int) -> None:
        seen = [*folder.parent.iterdir(), *folder.parent.rglob("b.bin")]
        for_others.update(path.stat().st_mode & 0o077 for path in seen)
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", watch)

    replace_folder(folder, content(2))

    assert for_others == {0}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "b.bin").stat().st_mode) == 0o600


def test_others_stay(folder: Path) -> None:
    """Other files in the folder stay as they are."""
    replace_folder(folder, content(1))
    (folder / "notes.txt").write_bytes(b"mine")

    replace_folder(folder, content(2))

    assert held(folder) == content(2) | {"notes.txt": b"mine"}


def test_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory is not exchanged: it stays the same folder."""
    replace_folder(folder, content(1))
    monkeypatch.chdir(folder)

    replace_folder(Path(), content(2))

    assert held(Path()) == content(2)
    assert Path().stat().st_ino == folder.stat().st_ino


def test_link(folder: Path) -> None:
    """A link to a folder stays a link."""
    replace_folder(folder, content(1))
    link = folder.with_name("link")
    link.symlink_to(folder)

    replace_folder(link, content(2))

    assert link.is_symlink()
    assert held(folder) == content(2)


def test_without_exchange(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where folders can't be exchanged, the files are replaced one by one."""

    def refuse(one: Path, other: Path) -> None:
        raise OSError(22, "Invalid argument", str(one), None, str(other))

    replace_folder(folder, content(1))
    monkeypatch.setattr(folder_module, "_exchange_folders", refuse)

    replace_folder(folder, content(2))

    assert held(folder) == content(2)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_exchange_refused(folder: Path) -> None:
    """An exchange with a folder that doesn't exist raises the system's error."""
    folder.mkdir()

    with pytest.raises(FileNotFoundError):
        folder_module._exchange_folders(folder, folder.with_name("none"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_old_c_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old C library without renameat2 is an error, after which files are replaced one by one."""
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    replace_folder(folder, content(1))

    replace_folder(folder, content(2))

    assert held(folder) == content(2)
    with pytest.raises(OSError, match=re.escape(os.strerror(errno.ENOSYS))):
        folder_module._exchange_folders(folder, folder.with_name("none"))


def test_two_at_once(folder: Path) -> None:
    """When several runs write at the same time, all files are from the same run."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda generation: replace_folder(folder, content(generation)), range(12)))

    assert len(set(held(folder).values())) == 1
    assert set(held(folder)) == set(NAMES)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def tree(folder: Path) -> dict[str, bytes | None]:
    """What is in a folder and in those below it; None for a folder."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def nested(generation: int) -> dict[str, bytes]:
    """Files, one of them two folders down."""
    return {"a.json": b"%d" % generation, "x/y/b.bin": b"%d" % generation, "x/c.bin": b""}


NESTED = {"a.json": b"2", "x": None, "x/y": None, "x/y/b.bin": b"2", "x/c.bin": b""}


@pytest.mark.parametrize(
    "before",
    [{}, nested(1), nested(1) | {"notes.txt": b"mine"}, {"x/notes.txt": b"mine"}],
    ids=["new", "replaced", "with others", "with others below"],
)
def test_folders_below(folder: Path, before: dict[str, bytes]) -> None:
    """Files may be in folders below; other files there stay."""
    for name, content_ in before.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content_)

    replace_folder(folder, nested(2))

    assert tree(folder) == NESTED | {name: b"mine" for name in before if "notes" in name}
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_folders_below_are_exchanged(folder: Path) -> None:
    """A folder that has no other files is exchanged as a whole, with the folders below it."""
    replace_folder(folder, nested(1))
    before = folder.stat()

    replace_folder(folder, nested(2))

    assert tree(folder) == NESTED
    assert (folder.stat().st_ino == before.st_ino) == (sys.platform != "linux")


def test_an_empty_folder_below_stays(folder: Path) -> None:
    """Another folder below stays, even if it is empty."""
    (folder / "mine").mkdir(parents=True)

    replace_folder(folder, content(1))

    assert tree(folder) == {**content(1), "mine": None}


def test_recovered_below(folder: Path) -> None:
    """Complete files of a killed run are moved up into the folders below."""
    for name, content_ in nested(2).items():
        (folder / folder_module.COMPLETE / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / folder_module.COMPLETE / name).write_bytes(content_)

    recover_folder(folder, nested(2))

    assert tree(folder) == NESTED


# --------------------------------------------------------------- it doesn't write


def test_half_made_below(folder: Path) -> None:
    """Unfinished files of a killed run are removed, even where a folder below was not yet made."""
    (folder / folder_module.UNFINISHED / "x").mkdir(parents=True)
    (folder / folder_module.UNFINISHED / "x" / "c.bin").touch()

    recover_folder(folder, nested(2))

    assert tree(folder) == {}


def test_file_in_the_way_of_a_folder(folder: Path) -> None:
    """Where a folder is needed and a file is in its place, no file is replaced."""
    folder.mkdir()
    (folder / "x").write_bytes(b"mine")
    (folder / "a.json").write_bytes(b"old")

    with raises_os_error(errno.ENOTDIR):
        replace_folder(folder, nested(2))

    assert tree(folder) == {"x": b"mine", "a.json": b"old"}


@pytest.mark.parametrize("kept", [(), ("notes.txt",)], ids=["replaced as a whole", "with others"])
def test_directory_in_the_way(folder: Path, kept: tuple[str, ...]) -> None:
    """Where a file is written and a directory is in its place, no file is replaced."""
    (folder / "a.json").mkdir(parents=True)
    (folder / "b.bin").write_bytes(b"old")
    for name in kept:
        (folder / name).touch()

    with raises_os_error(errno.EISDIR):
        replace_folder(folder, content(2))

    assert (folder / "b.bin").read_bytes() == b"old"
    assert {path.name for path in folder.iterdir()} == {*NAMES, *kept}


def test_parents_are_removed(folder: Path, sentences: Sentences) -> None:
    """Parents that were made for a folder that can't be written are removed again."""
    name = "x" * 300  # longer than on any file system

    with raises_os_error(errno.ENAMETOOLONG) as caught:
        replace_folder(folder / "a" / name, content(1))

    assert caught.value.where == str(folder / "a" / name)
    sentences.check(caught.value)
    assert not folder.exists()


def test_interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt in the middle of writing leaves the folder unchanged, and nothing next to it."""

    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    replace_folder(folder, content(1))
    monkeypatch.setattr(folder_module, "sync_folder", interrupt)

    with pytest.raises(KeyboardInterrupt):
        replace_folder(folder, content(2))

    assert held(folder) == content(1)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


START = f"""
import sys, types
sys.path[:0] = {[str(Path(package.__file__).parents[1]) for package in (doubtcli, filelock)]}
package = sys.modules["doubtcli.disk"] = types.ModuleType("doubtcli.disk")
package.__path__ = [{str(Path(folder_module.__file__).parent)!r}]
from doubtcli.disk.folder import replace_folder
from doubtcli.errors import OutputError
"""


def run(script: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python process with `disk` alone: it loads fast, and leaves nothing when it is killed."""
    return subprocess.Popen(
        [sys.executable, "-S", "-c", START + textwrap.dedent(script), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )


LIMITED = """
    import resource
    from pathlib import Path
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        replace_folder(Path(sys.argv[1]), {"b.bin": b"2", "a.json": bytes(5000)})
    except OutputError as error:
        print(error.__cause__.errno)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("before", [{}, content(1), content(1) | {"notes.txt": b"mine"}])
def test_no_room(folder: Path, before: dict[str, bytes]) -> None:
    """A full disk leaves the folder unchanged, and nothing next to it."""
    if before:
        replace_folder(folder, before)

    printed, _ = run(LIMITED, str(folder)).communicate()

    assert int(printed) == errno.EFBIG
    assert (held(folder) if before else {}) == before
    assert [path.name for path in folder.parent.iterdir()] == (["out"] if before else [])


KEEP_WRITING = """
    from pathlib import Path
    folder = Path(sys.argv[1])
    print("ready", flush=True)
    for generation in range(2, 100_000):
        replace_folder(folder, {"b.bin": b"%d" % generation * 1000, "a.json": b"%d" % generation * 1000})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("others", [(), ("notes.txt",)], ids=["replaced as a whole", "with others"])
def test_killed(folder: Path, others: tuple[str, ...]) -> None:
    """A kill at any moment leaves the old files or the new ones, never a mixture."""
    replace_folder(folder, dict.fromkeys(NAMES, b"1" * 1000))
    for name in others:
        (folder / name).touch()
    moments = random.Random(1)

    for _ in range(12):
        process = run(KEEP_WRITING, str(folder))
        assert process.stdout.readline() == "ready\n"  # type: ignore[union-attr]
        time.sleep(moments.uniform(0, 0.02))
        process.kill()
        process.communicate()
        if others:  # as the next reader does
            recover_folder(folder, NAMES)
        generations = {(folder / name).read_bytes() for name in NAMES}
        assert len(generations) == 1

    replace_folder(folder, content(7))
    assert set(held(folder)) == {*NAMES, *others}
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


# ------------------------------------------------------------------ after a kill


def test_unfinished_is_removed(folder: Path) -> None:
    """Unfinished files of a killed run are removed by the next one, inside the folder and next to it."""
    replace_folder(folder, content(1))
    for begun in (folder / ".doubt-unfinished", folder.with_name(".out.doubt-unfinished")):
        begun.mkdir()
        (begun / "b.bin").write_bytes(b"half")

    recover_folder(folder, NAMES)

    assert held(folder) == content(1)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_complete_is_moved_up(folder: Path) -> None:
    """Complete files of a killed run are moved up."""
    replace_folder(folder, {"b.bin": b"2", "a.json": b"1"})
    (folder / ".doubt-complete").mkdir()
    (folder / ".doubt-complete" / "a.json").write_bytes(b"2")

    recover_folder(folder, NAMES)

    assert held(folder) == content(2)


def test_files_of_others_are_not_removed(folder: Path) -> None:
    """A hidden folder that has other files in it is not removed."""
    hidden = folder.with_name(".out.doubt-unfinished")
    hidden.mkdir()
    (hidden / "mine.txt").touch()

    with raises_os_error(errno.ENOTEMPTY):
        replace_folder(folder, content(1))

    assert (hidden / "mine.txt").exists()


# ------------------------------------------------------------------- planted links

PLANTED = (".out.doubt-unfinished", "out/.doubt-unfinished", "out/.doubt-complete")


@pytest.mark.parametrize("name", PLANTED)
def test_planted_link(folder: Path, name: str, sentences: Sentences) -> None:
    """A link at a hidden name is not followed: what it points to stays, and the message names the link."""
    replace_folder(folder, content(1) | {"notes.txt": b"mine"})
    victim = folder.parent / "victim"
    replace_folder(victim, content(7))
    (folder.parent / name).symlink_to(victim)

    with pytest.raises(OutputError) as caught:
        replace_folder(folder, content(2))

    assert held(victim) == content(7)
    assert {name: (folder / name).read_bytes() for name in NAMES} == content(1)
    assert caught.value.where == str(folder.parent / name)
    if name == PLANTED[0]:
        sentences.check(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other owners")
def test_leftovers_of_another_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hidden folder that belongs to somebody else than us and its folder's owner is not touched."""
    replace_folder(folder, content(1) | {"notes.txt": b"mine"})
    hidden = folder / ".doubt-complete"
    replace_folder(hidden, content(2))
    honest = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        found = honest(path)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:])) if path == hidden else found

    monkeypatch.setattr(Path, "lstat", lstat)

    with pytest.raises(OutputError) as caught:
        recover_folder(folder, NAMES)

    assert caught.value.where == str(hidden)
    assert held(hidden) == content(2)


# ------------------------------------------------------------------- as private as the data


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
@pytest.mark.parametrize(
    ("data", "file", "directory"),
    [(0o600, 0o600, 0o700), (0o400, 0o600, 0o700), (0o640, 0o640, 0o750), (0o666, 0o644, 0o755)],
)
def test_no_less_private(folder: Path, data: int, file: int, directory: int) -> None:
    """Nobody may read what is made from a file but who may read that file; its owner may write it."""
    source = folder.parent / "data.csv"
    source.touch()
    source.chmod(data)
    before = os.umask(0o022)

    try:
        replace_folder(folder, {"a.json": b"1", "x/b.json": b"2"}, made_from=[str(source), "-"])
    finally:
        os.umask(before)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert modes == {"out": directory, "x": directory, "a.json": file, "b.json": file}


# ------------------------------------------------------------------- tried first


@pytest.mark.parametrize("place", ["out", "out/a/b"])
def test_writable(folder: Path, place: str) -> None:
    """A place that can be written to passes, and nothing is left there."""
    check_folder_writable(folder.parent / place)

    assert list(folder.parent.iterdir()) == []


def test_not_writable(folder: Path) -> None:
    """A place below a file is refused before anything is written."""
    (folder.parent / "file").touch()

    with pytest.raises(NotADirectoryError):
        check_folder_writable(folder.parent / "file" / "out")
