from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from doubtcli.disk import lock
from doubtcli.disk.lock import lock_folders_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Sentences

fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")

HOLD = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def another(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has locked the folder."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "locked\n"  # type: ignore[union-attr]
        yield process


def is_free(folder: Path) -> bool:
    """Whether no process has locked the folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_locked(tmp_path: Path) -> None:
    """The folder of a file is locked in the block, and only there."""
    with lock_folders_of(tmp_path / "data.csv"):
        assert not is_free(tmp_path)

    assert is_free(tmp_path)


def test_two_folders(tmp_path: Path) -> None:
    """The folders of all files are locked; one folder under two names is locked once."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "link").symlink_to("a")

    with lock_folders_of(
        tmp_path / "b" / "x", tmp_path / "a" / "y", tmp_path / "link" / "z", tmp_path / "a" / "v"
    ):
        assert not is_free(tmp_path / "a")
        assert not is_free(tmp_path / "b")

    assert is_free(tmp_path / "a")
    assert is_free(tmp_path / "b")


def test_no_deadlock(tmp_path: Path) -> None:
    """Two runs that lock the same two folders in different order both finish, one after the other."""
    one, other = tmp_path / "a" / "x", tmp_path / "b" / "x"
    one.parent.mkdir()
    other.parent.mkdir()
    inside: list[int] = []

    def work(*paths: Path) -> None:
        for _ in range(20):
            with lock_folders_of(*paths):
                inside.append(1)
                assert len(inside) == 1
                inside.pop()

    threads = [Thread(target=work, args=paths, daemon=True) for paths in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not any(thread.is_alive() for thread in threads)


def test_what_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A run that waits for another one logs it once, in one line, with the folder, and then goes on."""
    folder = tmp_path / "a\nb"
    folder.mkdir()
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    logged = Event()

    class Listener(logging.Handler):
        """Lets the other run end once the line was logged."""

        def emit(self, _: logging.LogRecord) -> None:
            """Note that it was logged."""
            logged.set()

    def end(process: subprocess.Popen[str]) -> None:
        logged.wait(60)
        process.stdin.close()  # type: ignore[union-attr]

    monkeypatch.setattr(logging.getLogger("doubtcli"), "handlers", [Listener()])
    with another(folder) as process:
        Thread(target=end, args=[process]).start()
        with lock_folders_of(folder / "data.csv"):
            pass

    place = str(folder.resolve()).replace("\n", "\\n")
    (line,) = caplog.messages
    assert place in line


def test_a_short_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A short wait is not logged."""
    with another(tmp_path) as process:
        process.stdin.close()  # type: ignore[union-attr]
        with lock_folders_of(tmp_path / "data.csv"):
            assert not is_free(tmp_path)

    assert caplog.messages == []


WAIT = """
import sys
from pathlib import Path
from doubtcli.disk import lock
lock.PATIENCE = 0
with lock.lock_folders_of(Path(sys.argv[1])):
    print("done")
"""


def test_on_stderr(tmp_path: Path, sentences: Sentences) -> None:
    """Where nobody handles the log, the line appears on stderr."""
    with another(tmp_path) as process:
        waiting = subprocess.Popen(
            [sys.executable, "-c", WAIT, str(tmp_path / "data.csv")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = waiting.stderr.readline()  # type: ignore[union-attr]
        process.stdin.close()  # type: ignore[union-attr]
        out, err = waiting.communicate()

    sentences.check(line.replace(str(tmp_path.resolve()), "the folder"))
    assert (out, err) == ("done\n", "")


def test_locked_already(tmp_path: Path) -> None:
    """A folder that this run has locked is not waited for, and stays locked until the outer block ends."""
    (tmp_path / "a").mkdir()

    with lock_folders_of(tmp_path / "a" / "x"):
        with lock_folders_of(tmp_path / "a" / "y", tmp_path / "z"):
            assert not is_free(tmp_path)
        assert is_free(tmp_path)
        assert not is_free(tmp_path / "a")

    assert is_free(tmp_path / "a")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """On a file system or a platform without locks nothing is locked."""

    def refuse(_: int, __: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)

    with lock_folders_of(tmp_path / "data.csv"):
        (tmp_path / "data.csv").touch()


def test_folders_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where folders can't be opened, as on Windows, an empty temporary file is locked instead."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    honest = os.open
    inside = []

    def refuse(name: Path, *arguments: int) -> int:
        if name.is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return honest(name, *arguments)

    def wait() -> None:
        with lock_folders_of(tmp_path / "link" / "y"):
            inside.append("other")

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    other = Thread(target=wait, daemon=True)

    with lock_folders_of(tmp_path / "a" / "x"):
        other.start()
        other.join(0.1)
        inside.append("one")
    other.join(60)

    assert inside == ["one", "other"]
    assert list((tmp_path / "a").iterdir()) == []
    assert [path.read_bytes() for path in (tmp_path / "temporary").iterdir()] == [b""]


def test_missing_folder(tmp_path: Path) -> None:
    """A folder that doesn't exist can't be locked, and is not made."""
    with lock_folders_of(tmp_path / "none" / "data.csv"):
        assert list(tmp_path.iterdir()) == []
