"""What differs on Windows and macOS, simulated on the system that the tests run on."""

from __future__ import annotations

import errno
import ntpath
import os
import stat
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from doubtcli.apply.commit import commit_file
from doubtcli.apply.ledger import render_batch
from doubtcli.cli.main import run
from doubtcli.disk import folder as folder_module
from doubtcli.disk import paths
from doubtcli.disk.file import FILE_HINTS, os_errors_as_output_error, remove_file, replace_file
from doubtcli.disk.folder import COMPLETE, replace_folder
from doubtcli.errors import OutputError
from doubtcli.files import source as source_module
from doubtcli.files.table import read_table
from doubtcli.gate.sentences import make_repository_path
from doubtcli.records import ReadOptions
from doubtcli.records.file_format import FileLayout
from doubtcli.records.relabelling import Batch, LedgerAction, LedgerLine
from doubtcli.settings import load_settings
from doubtcli.store.folder import read_audit
from doubtcli.tools import values
from doubtcli.wording import quoting
from doubtcli.wording.quoting import quote_word, shell_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sentences

SHARING_VIOLATION = 32
"""Windows' number for a file that another program has open."""


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disk and shell behave as if the system were Windows."""
    for module in (folder_module, quoting):
        monkeypatch.setattr(module, "sys", SimpleNamespace(platform="win32"))


@pytest.fixture
def windows_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths behave as on Windows."""
    names = SimpleNamespace(path=ntpath, sep="\\", curdir=".", pardir="..")
    monkeypatch.setattr(paths, "os", names)


@pytest.fixture
def kept_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are read-only can't be removed."""
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path.exists() and not path.stat().st_mode & stat.S_IWUSR:
            raise PermissionError(errno.EACCES, "Access is denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)


def used_elsewhere(path: object) -> OSError:
    """The error of Windows for a file that another program has open."""
    error = PermissionError(errno.EACCES, "used by another process", str(path))
    error.winerror = SHARING_VIOLATION  # type: ignore[attr-defined]
    return error


# -------------------------------------------------------------------- modules


POSIX_MODULES = ("fcntl", "grp", "pwd", "resource", "termios", "tty")
POSIX_FUNCTIONS = (
    *("chown", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid", "getuid", "killpg", "lchown"),
    *("mkfifo", "pread", "sched_getaffinity", "setsid", "statvfs", "uname", "wait4"),
)
NOT_LOADED = ("doubtcli.__main__", "doubtcli.records.arrays", "doubtcli.review.terminal")
"""The last of them loads Textual, a library that looks for itself which system this is."""
LOAD_ALL = f"""
import importlib, os, pathlib, pkgutil, sys
import pandas, pyarrow.parquet, typer
for name in {POSIX_MODULES}:
    sys.modules[name] = None
for name in {POSIX_FUNCTIONS}:
    if hasattr(os, name):
        delattr(os, name)
import doubtcli
for module in pkgutil.walk_packages(doubtcli.__path__, "doubtcli."):
    if module.name not in {NOT_LOADED}:
        importlib.import_module(module.name)
print(len([name for name in sys.modules if name.startswith("doubtcli.")]))
"""


def test_no_module_of_posix_is_needed() -> None:
    """Every module loads where Python lacks the modules and functions that only POSIX has."""
    done = subprocess.run([sys.executable, "-c", LOAD_ALL], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert int(done.stdout) > 150


# ---------------------------------------------------------------------- paths


@pytest.mark.usefixtures("windows_paths")
@pytest.mark.parametrize(
    ("path", "start", "expected"),
    [
        (r"C:\work\data\rows.csv", r"C:\work", "data/rows.csv"),
        (r"C:\work\rows.csv", r"C:\work\ci", "../rows.csv"),
        (r"c:\Work\rows.csv", r"C:\work", "rows.csv"),
        (r"D:\rows.csv", r"C:\work", "D:/rows.csv"),
        (r"\\server\share\rows.csv", r"C:\work", "//server/share/rows.csv"),
    ],
    ids=["below", "beside", "case", "drive", "share"],
)
def test_relative_paths(path: str, start: str, expected: str) -> None:
    """Paths are relative with "/", and absolute where they lead to another drive."""
    assert paths.relative_path(path, start) == expected


@pytest.mark.usefixtures("windows_paths")
def test_paths_from_here() -> None:
    r"""A path is shown with "/" where it was typed with "\"."""
    assert paths.path_from_here(r"data\rows.csv") == "data/rows.csv"
    assert paths.path_from_here(r"..\rows.csv") == "../rows.csv"
    assert make_repository_path(r"data\rows.csv") == "data/rows.csv"


@pytest.mark.usefixtures("windows_paths")
def test_paths_of_flags(tmp_path: Path) -> None:
    r"""Settings hold paths with "/", so that audits and settings files are found on any system."""
    flags = {"path": r"data\rows.csv", "embeddings": r"data\e.npy", "label": r"a\b"}

    settings = load_settings(flags, start=tmp_path, isolated=True)

    assert (settings.path, settings.embeddings, settings.label) == ("data/rows.csv", "data/e.npy", r"a\b")


@pytest.mark.usefixtures("windows_paths")
def test_path_in_a_ledger() -> None:
    r"""A ledger has the file that another was made from with "/"."""
    line = LedgerLine(LedgerAction.RELABEL, "1", 1, "x", "y", b"x", b"y", b"", "0")
    layout = FileLayout("csv", "label", 1, 2)
    batch = Batch("b1", "2026-11-21T14:05:00Z", (line,), layout, 60, "before", "after", r"data\rows.csv")

    assert b'"from": "data/rows.csv"' in render_batch(batch)


@pytest.mark.parametrize(
    ("name", "other"),
    [("rows.csv", "Rows.CSV"), ("café.csv", unicodedata.normalize("NFD", "café.csv"))],
    ids=["case", "accent"],
)
class TestOneFileTwoNames:
    """macOS and Windows ignore case in names, and macOS how an accent is written."""

    def test_is_the_same(self, tmp_path: Path, name: str, other: str) -> None:
        """Both names lead to the same file."""
        _name_twice(tmp_path, name, other)

        assert paths.is_same_file(tmp_path / name, tmp_path / other)

    def test_other_file(self, tmp_path: Path, name: str, other: str) -> None:
        """Where only one of them exists, they are two files."""
        (tmp_path / name).write_bytes(b"")
        if (tmp_path / other).exists():
            pytest.skip("this file system takes both names for one")

        assert not paths.is_same_file(tmp_path / name, tmp_path / other)

    def test_is_not_written_over(self, tmp_path: Path, name: str, other: str) -> None:
        """A file that was read under one name is not replaced under the other."""
        _name_twice(tmp_path, name, other)

        with pytest.raises(OutputError):
            replace_file(tmp_path / other, b"new", never=[str(tmp_path / name)])

        assert (tmp_path / name).read_bytes() == b"old"


def _name_twice(folder: Path, name: str, other: str) -> None:
    (folder / name).write_bytes(b"old")
    if not (folder / other).exists():
        (folder / other).hardlink_to(folder / name)


# ---------------------------------------------------------------------- words


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("data/rows.csv", "data/rows.csv"),
        ("C:/rows.csv", "C:/rows.csv"),
        ("my rows.csv", '"my rows.csv"'),
        ("a&b", '"a&b"'),
        ('say "a"', r'"say \"a\""'),
        ("", '""'),
    ],
)
def test_words(text: str, word: str) -> None:
    """A word for PowerShell and cmd is in double quotes if it needs quotes."""
    assert quote_word(text) == word


@pytest.mark.usefixtures("windows")
def test_path_as_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    r"""A path in a command has "/", which needs no quotes."""
    monkeypatch.setattr(os, "sep", "\\")

    assert shell_word(r"data\rows.csv") == "data/rows.csv"


# ----------------------------------------------------------------------- disk


@pytest.mark.usefixtures("kept_read_only")
class TestReadOnlyFiles:
    """Windows refuses to remove a read-only file."""

    def test_is_removed(self, tmp_path: Path) -> None:
        """It is made writable first."""
        path = tmp_path / "rows.csv"
        path.write_bytes(b"")
        path.chmod(0o444)

        remove_file(path)

        assert not path.exists()

    def test_nothing_hidden_is_left(self, tmp_path: Path) -> None:
        """A read-only file is corrected, and nothing hidden is left beside the new one."""
        old = tmp_path / "old.csv"
        old.write_bytes(b"old")
        old.chmod(0o444)

        commit_file(tmp_path / "new.csv", b"new", b"line\n", like=old)

        assert {path.name for path in tmp_path.iterdir()} == {"old.csv", "new.csv", "new.csv.ledger.jsonl"}


def test_file_that_is_not_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that can't be removed for another reason is an error."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"")
    monkeypatch.setattr(Path, "unlink", _refuse)

    with pytest.raises(PermissionError):
        remove_file(path)


def _refuse(path: Path, *_: object, **__: object) -> None:
    raise used_elsewhere(path)


def test_file_in_use(tmp_path: Path, sentences: Sentences) -> None:
    """A file that another program has open says so."""
    with pytest.raises(OutputError) as caught, os_errors_as_output_error(tmp_path, FILE_HINTS):
        raise used_elsewhere(tmp_path)

    sentences.check(caught.value)


class TestFolder:
    """A folder of files, where Windows can't exchange folders."""

    @pytest.mark.usefixtures("windows")
    def test_is_replaced(self, tmp_path: Path) -> None:
        """The files are moved up one by one."""
        replace_folder(tmp_path / "out", {"a": b"1", "b": b"1"})
        replace_folder(tmp_path / "out", {"a": b"2", "b": b"2"})

        assert _held(tmp_path / "out") == {"a": b"2", "b": b"2"}

    @pytest.mark.usefixtures("windows")
    def test_file_in_use(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where a program has one of the files open, all stay as they were."""
        replace_folder(tmp_path / "out", {"a": b"1", "b": b"1"})
        monkeypatch.setattr(Path, "rename", _refuse_to_move("b"))
        monkeypatch.setattr(Path, "replace", _refuse_to_move("b"))

        with pytest.raises(OutputError):
            replace_folder(tmp_path / "out", {"a": b"2", "b": b"2"})

        assert _held(tmp_path / "out") == {"a": b"1", "b": b"1"}

    @pytest.mark.usefixtures("windows")
    def test_rights(self, tmp_path: Path) -> None:
        """Files get their folder's permissions: on Windows a private folder would keep others out."""
        assert folder_module._choose_mode(tmp_path) == 0o777

    def test_reader_of_a_half_moved_audit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An audit whose last step was interrupted, and can't be finished yet, is an OutputError."""
        (tmp_path / "data.doubt" / COMPLETE).mkdir(parents=True)
        (tmp_path / "data.doubt" / COMPLETE / "queue.csv").write_bytes(b"")
        monkeypatch.setattr(Path, "replace", _refuse)

        with pytest.raises(OutputError) as caught:
            read_audit(tmp_path / "data.doubt")

        assert caught.value.where == str(tmp_path / "data.doubt")


def _refuse_to_move(name: str) -> Callable[[Path, Path], Path]:
    rename = os.rename

    def move(path: Path, target: Path) -> Path:
        if Path(target).name == name:
            raise used_elsewhere(target)
        rename(path, target)
        return target

    return move


def _held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_wrapped_temporary_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Standard input is read by way of a temporary file of Windows, which is wrapped."""
    monkeypatch.setattr(source_module.tempfile, "TemporaryFile", tempfile.NamedTemporaryFile)
    (tmp_path / "rows.csv").write_bytes(b"text,label\na,x\nb,y\n")

    with (tmp_path / "rows.csv").open("rb") as piped:
        table = read_table("-", ReadOptions("csv"), stdin=piped)

    assert table.data.num_rows == 2


# -------------------------------------------------------------------- streams


@pytest.mark.parametrize(("platform", "silent"), [("win32", True), ("linux", False)])
def test_nobody_reads(
    platform: str, silent: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Windows calls a pipe that nobody reads an invalid argument: the process ends without a word."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("doubtcli.cli.main._abandon", lambda _: None)
    monkeypatch.setattr("doubtcli.cli.main.app", _fail_to_write)

    assert run([]) == 2
    assert (capsys.readouterr().err == "") == silent


def _fail_to_write(*_: object, **__: object) -> None:
    raise OSError(errno.EINVAL, "Invalid argument")


# ---------------------------------------------------------------------- times


def test_times_without_a_database_of_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Arrow finds no time zones, as older ones on Windows do, a time is still a plain text."""
    times = pa.chunked_array([pa.array([0, None], pa.timestamp("s", "UTC"))])
    monkeypatch.setattr(values.pc, "cast", _find_no_zone)

    assert values.to_csv_texts(times).to_pylist() == ["1970-01-01 00:00:00+00:00", None]


def _find_no_zone(*_: object) -> None:
    raise pa.ArrowInvalid("Cannot locate timezone 'UTC'")
