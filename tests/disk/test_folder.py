from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

import doubtcli
from doubtcli.disk import folder as folder_module
from doubtcli.disk.folder import recover_folder, replace_folder
from doubtcli.errors import OutputError

NAMES = ("b.bin", "a.json")


def content(generation: int) -> dict[str, bytes]:
    """Files that tell which write they came from."""
    return dict.fromkeys(NAMES, b"%d" % generation)


def held(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, hidden things too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for a folder that isn't there."""
    return tmp_path / "out"


# --------------------------------------------------------------------- it writes


def test_new_folder(folder: Path) -> None:
    """A missing folder is made with the files, and nothing else is left beside it."""
    replace_folder(folder, content(1))

    assert held(folder) == content(1)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_missing_parents(folder: Path) -> None:
    """Missing parents are made."""
    replace_folder(folder / "a" / "b", content(1))

    assert held(folder / "a" / "b") == content(1)


def test_replaced_at_once(folder: Path) -> None:
    """A folder that holds nothing else is exchanged as a whole, and keeps who may read it."""
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
    """What replaces a private file is private, and so is all that replaces a private folder."""
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
    """A folder that somebody stands in stays the folder it was."""
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
    monkeypatch.setattr(folder_module, "_exchange", refuse)

    replace_folder(folder, content(2))

    assert held(folder) == content(2)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_exchange_refused(folder: Path) -> None:
    """An exchange with what isn't there raises what the system says."""
    folder.mkdir()

    with pytest.raises(FileNotFoundError):
        folder_module._exchange(folder, folder.with_name("none"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_old_c_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A C library that knows no exchange of folders is none that can do it."""
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    replace_folder(folder, content(1))

    replace_folder(folder, content(2))

    assert held(folder) == content(2)
    with pytest.raises(OSError, match="not implemented"):
        folder_module._exchange(folder, folder.with_name("none"))


def test_two_at_once(folder: Path) -> None:
    """Of runs that write at the same time each is whole, and the last one stays."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda generation: replace_folder(folder, content(generation)), range(12)))

    assert len(set(held(folder).values())) == 1
    assert set(held(folder)) == set(NAMES)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def tree(folder: Path) -> dict[str, bytes | None]:
    """What lies in a folder and in those below it; None for a folder."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def nested(generation: int) -> dict[str, bytes]:
    """Files of which one lies two folders down."""
    return {"a.json": b"%d" % generation, "x/y/b.bin": b"%d" % generation, "x/c.bin": b""}


NESTED = {"a.json": b"2", "x": None, "x/y": None, "x/y/b.bin": b"2", "x/c.bin": b""}


@pytest.mark.parametrize(
    "before",
    [{}, nested(1), nested(1) | {"notes.txt": b"mine"}, {"x/notes.txt": b"mine"}],
    ids=["new", "replaced", "with others", "with others below"],
)
def test_folders_below(folder: Path, before: dict[str, bytes]) -> None:
    """Files may lie in folders below; what else lies there stays."""
    for name, content_ in before.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content_)

    replace_folder(folder, nested(2))

    assert tree(folder) == NESTED | {name: b"mine" for name in before if "notes" in name}
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_folders_below_are_exchanged(folder: Path) -> None:
    """A folder that holds nothing else is exchanged as a whole, the folders below it, too."""
    replace_folder(folder, nested(1))
    before = folder.stat()

    replace_folder(folder, nested(2))

    assert tree(folder) == NESTED
    assert (folder.stat().st_ino == before.st_ino) == (sys.platform != "linux")


def test_an_empty_folder_below_stays(folder: Path) -> None:
    """A folder below that is not ours stays, even if it is empty."""
    (folder / "mine").mkdir(parents=True)

    replace_folder(folder, content(1))

    assert tree(folder) == {**content(1), "mine": None}


def test_recovered_below(folder: Path) -> None:
    """What a killed run left complete is moved up into the folders below."""
    for name, content_ in nested(2).items():
        (folder / folder_module.COMPLETE / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / folder_module.COMPLETE / name).write_bytes(content_)

    recover_folder(folder, nested(2))

    assert tree(folder) == NESTED


# --------------------------------------------------------------- it doesn't write


def test_half_made_below(folder: Path) -> None:
    """What a killed run left unfinished is done away with, even where a folder below was not yet made."""
    (folder / folder_module.UNFINISHED / "x").mkdir(parents=True)
    (folder / folder_module.UNFINISHED / "x" / "c.bin").touch()

    recover_folder(folder, nested(2))

    assert tree(folder) == {}


def test_file_in_the_way_of_a_folder(folder: Path) -> None:
    """A file that bears the name of a folder keeps all files from being replaced."""
    folder.mkdir()
    (folder / "x").write_bytes(b"mine")
    (folder / "a.json").write_bytes(b"old")

    with pytest.raises(OutputError, match="Not a directory"):
        replace_folder(folder, nested(2))

    assert tree(folder) == {"x": b"mine", "a.json": b"old"}


@pytest.mark.parametrize("kept", [(), ("notes.txt",)], ids=["replaced as a whole", "with others"])
def test_directory_in_the_way(folder: Path, kept: tuple[str, ...]) -> None:
    """A directory that bears the name of a file keeps all files from being replaced."""
    (folder / "a.json").mkdir(parents=True)
    (folder / "b.bin").write_bytes(b"old")
    for name in kept:
        (folder / name).touch()

    with pytest.raises(OutputError, match="Is a directory"):
        replace_folder(folder, content(2))

    assert (folder / "b.bin").read_bytes() == b"old"
    assert {path.name for path in folder.iterdir()} == {*NAMES, *kept}


def test_parents_taken_away(folder: Path) -> None:
    """Parents that were made for a folder that can't be written are taken away again."""
    name = "x" * 300  # longer than any file system has it

    with pytest.raises(OutputError, match="too long") as caught:
        replace_folder(folder / "a" / name, content(1))

    assert caught.value.where == str(folder / "a" / name)
    assert caught.value.hint == "name a shorter folder with --output"
    assert not folder.exists()


def test_interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt in the middle of writing leaves the folder as it was, and nothing beside it."""

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
    """Start a Python process on `disk` alone: it loads fast, and leaves nothing when it is killed."""
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
        print(error.found)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("before", [{}, content(1), content(1) | {"notes.txt": b"mine"}])
def test_no_room(folder: Path, before: dict[str, bytes]) -> None:
    """A disk that takes no more leaves the folder as it was, and nothing beside it."""
    if before:
        replace_folder(folder, before)

    said, _ = run(LIMITED, str(folder)).communicate()

    assert said == "can't be written: File too large\n"
    assert (held(folder) if before else {}) == before
    assert [path.name for path in folder.parent.iterdir()] == (["out"] if before else [])


KEEP_WRITING = """
    from pathlib import Path
    folder = Path(sys.argv[1])
    print("ready", flush=True)
    for generation in range(2, 100_000):
        replace_folder(folder, {"b.bin": b"%d" % generation * 1000, "a.json": b"%d" % generation * 1000})
"""


@pytest.mark.parametrize("others", [(), ("notes.txt",)], ids=["replaced as a whole", "with others"])
def test_killed(folder: Path, others: tuple[str, ...]) -> None:
    """A kill at any moment leaves the former files or the next ones, folder_module."""
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


def test_unfinished_is_undone(folder: Path) -> None:
    """What a killed run had begun is cleared away by the next one, within the folder and beside it."""
    replace_folder(folder, content(1))
    for begun in (folder / ".doubt-unfinished", folder.with_name(".out.doubt-unfinished")):
        begun.mkdir()
        (begun / "b.bin").write_bytes(b"half")

    recover_folder(folder, NAMES)

    assert held(folder) == content(1)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_complete_is_ended(folder: Path) -> None:
    """What a killed run had only to move up is moved up."""
    replace_folder(folder, {"b.bin": b"2", "a.json": b"1"})
    (folder / ".doubt-complete").mkdir()
    (folder / ".doubt-complete" / "a.json").write_bytes(b"2")

    recover_folder(folder, NAMES)

    assert held(folder) == content(2)


def test_strangers_are_not_removed(folder: Path) -> None:
    """A hidden folder that holds anything of somebody else's is not removed."""
    stranger = folder.with_name(".out.doubt-unfinished")
    stranger.mkdir()
    (stranger / "mine.txt").touch()

    with pytest.raises(OutputError, match="not empty"):
        replace_folder(folder, content(1))

    assert (stranger / "mine.txt").exists()
