from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import doubtcli
from doubtcli.apply import commit as commit_module
from doubtcli.apply.commit import backup_path, commit, settle, told
from doubtcli.errors import OutputError

OLD, NEW = b"old\n", b"new\n"
LINES = b'{"line": 1}\n{"line": 2}\n'
FILE, LEDGER, BACKUP = "data.csv", "data.csv.ledger.jsonl", "data.csv.bak"


def held(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, hidden things too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a file that isn't there."""
    return tmp_path / "data" / FILE


@pytest.fixture
def old(path: Path) -> Path:
    """A file that is there, and a ledger with a line."""
    path.parent.mkdir()
    path.write_bytes(OLD)
    path.with_name(LEDGER).write_bytes(b"0\n")
    return path


# -------------------------------------------------------------------- it writes


def test_new_file(path: Path) -> None:
    """A file and its lines are written, missing folders too, and nothing else is left."""
    commit(path, NEW, LINES)

    assert held(path.parent) == {FILE: NEW, LEDGER: LINES}


def test_without_lines(path: Path) -> None:
    """Where nothing was changed, there is no ledger."""
    commit(path, NEW, b"")

    assert held(path.parent) == {FILE: NEW}


def test_made_anew(old: Path) -> None:
    """A file made anew with nothing changed has no ledger: the old one joins what was set aside before."""
    old.with_name(f"{LEDGER}.old").write_bytes(b"first\n")

    commit(old, NEW, b"")

    assert held(old.parent) == {FILE: NEW, f"{LEDGER}.old": b"first\n0\n"}


def test_made_anew_by_a_killed_run(old: Path) -> None:
    """A ledger that was being set aside when the run was killed is set aside once."""
    (old.parent / f".{FILE}.doubt-batch").write_bytes(b"")
    old.with_name(f"{LEDGER}.old").write_bytes(b"0\n")

    settle(old)
    settle(old)

    assert held(old.parent) == {FILE: OLD, f"{LEDGER}.old": b"0\n"}


def test_set_aside_already(old: Path) -> None:
    """Where a killed run had moved the ledger, its trace goes, and nothing else is done."""
    old.with_name(LEDGER).unlink()
    (old.parent / f".{FILE}.doubt-batch").write_bytes(b"")

    settle(old)

    assert held(old.parent) == {FILE: OLD}


def test_old_file(old: Path) -> None:
    """A file is replaced, keeps who may read it, and its lines are added to those that are there."""
    old.chmod(0o640)

    commit(old, NEW, LINES)

    assert held(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES}
    assert old.stat().st_mode & 0o777 == 0o640


def test_backup(old: Path) -> None:
    """What the file held is kept beside it."""
    commit(old, NEW, LINES, backup=OLD)

    assert held(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES, BACKUP: OLD}


def test_same_backup(old: Path) -> None:
    """A backup that holds the very same is as good as a new one: a killed run may have left it."""
    backup_path(old).write_bytes(OLD)

    commit(old, NEW, LINES, backup=OLD)

    assert held(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES, BACKUP: OLD}


# ------------------------------------------------------------------- it does not


def test_other_backup(old: Path) -> None:
    """A backup of something else is not replaced, and nothing is written."""
    backup_path(old).write_bytes(b"mine")

    with pytest.raises(OutputError, match="a backup of something else is there"):
        commit(old, NEW, LINES, backup=OLD)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n", BACKUP: b"mine"}


def _refuse(*_: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("owner", "step"), [(commit_module, "_sync"), (Path, "replace")])
def test_failed(old: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str) -> None:
    """An error on the way leaves the file and its ledger as they were, and says what to do."""
    monkeypatch.setattr(owner, step, _refuse)

    with pytest.raises(OutputError, match="No space left") as caught:
        commit(old, NEW, LINES)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n"}
    assert str(old) in str(caught.value)


def test_folder_that_cannot_be_synced(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where folders can't be opened, as on Windows, that is no error."""

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    commit(old, NEW, LINES)

    assert held(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES}


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ENOSPC, "free some space"), (errno.EACCES, "that you may write to")],
)
def test_told(path: Path, number: int, hint: str) -> None:
    """What the system says becomes one message with what may help."""
    with pytest.raises(OutputError, match="can't be written") as caught, told(path):
        raise OSError(number, os.strerror(number))

    assert hint in str(caught.value)


# ------------------------------------------------------------------------ a kill

KILLED = """
import os, sys
from pathlib import Path
from doubtcli.apply.commit import commit
path, moment = Path(sys.argv[1]), int(sys.argv[2])
seen = 0
def watch(event, arguments):
    # what changes files or opens them: the process is gone before it is done
    global seen
    if event == "open" or event.startswith("os."):
        seen += 1
        if seen == moment:
            os._exit(9)
sys.addaudithook(watch)
commit(path, b"new\\n", b'{"line": 1}\\n{"line": 2}\\n', backup=b"old\\n")
"""


def test_killed_at_every_step(old: Path) -> None:
    """Whatever step is the last, the file is the old or the new one; the next command ends the rest."""
    environment = {"PYTHONPATH": str(Path(doubtcli.__file__).parents[1])}
    before, after = {FILE: OLD, LEDGER: b"0\n"}, {FILE: NEW, LEDGER: b"0\n" + LINES, BACKUP: OLD}
    ends = []

    for moment in range(1, 100):
        for name in {*held(old.parent)} - before.keys():
            (old.parent / name).unlink()
        for name, content in before.items():
            (old.parent / name).write_bytes(content)
        code = subprocess.run(
            [sys.executable, "-S", "-c", KILLED, str(old), str(moment)], env=environment, check=False
        ).returncode
        is_new = old.read_bytes() == NEW
        assert is_new or old.read_bytes() == OLD
        assert backup_path(old).exists() or not is_new
        settle(old)
        left = held(old.parent)
        assert left == (after if is_new else before | {name: left[name] for name in {BACKUP} & left.keys()})
        assert left.get(BACKUP, OLD) == OLD
        ends.append(is_new)
        if code == 0:
            break

    assert code == 0
    assert len(ends) > 15
    assert ends == sorted(ends)
    assert {True, False} == set(ends)


def test_half_written_batch(old: Path) -> None:
    """A batch that was being written when the run was killed is forgotten, for its file isn't in place."""
    (old.parent / f".{FILE}.doubt-unfinished").write_bytes(NEW)
    (old.parent / f".{FILE}.doubt-batch").write_bytes(LINES[:-5])

    settle(old)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n"}


def test_half_added_lines(old: Path) -> None:
    """Lines that were being added when the run was killed are added once, and whole."""
    (old.parent / f".{FILE}.doubt-batch").write_bytes(LINES)
    old.with_name(LEDGER).write_bytes(b"0\n" + LINES[:-5])

    settle(old)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n" + LINES}
