from __future__ import annotations

import errno
import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doubtcli.apply import commit as commit_module
from doubtcli.apply.commit import (
    commit_file,
    has_backup,
    keep_backup,
    list_backup_paths,
    lock_and_recover,
    make_room_for,
    recover_commit,
    show_backup_path,
)
from doubtcli.apply.labelled import DataFile, read_data_file
from doubtcli.errors import OutputError

OLD, NEW = b"old\n", b"new\n"
LINES = b'{"line": 1}\n{"line": 2}\n'
FILE, LEDGER = "data.csv", "data.csv.ledger.jsonl"
ASIDE = f"{LEDGER}.old"
UNFINISHED, BATCH = f".{FILE}.doubt-unfinished", f".{FILE}.doubt-batch"


def held(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, hidden things too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def modes(folder: Path) -> set[int]:
    """Who may do what with the files in a folder."""
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a file that isn't there."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / FILE


@pytest.fixture
def old(path: Path) -> Path:
    """A file that is there, and a ledger with a line."""
    path.write_bytes(OLD)
    path.with_name(LEDGER).write_bytes(b"0\n")
    return path


# -------------------------------------------------------------------- it writes


def test_new_file(path: Path) -> None:
    """A file and its lines are written, and nothing else is left."""
    commit_file(path, NEW, LINES, like=path)

    assert held(path.parent) == {FILE: NEW, LEDGER: LINES}


def test_without_lines(path: Path) -> None:
    """Where nothing was changed, there is no ledger."""
    commit_file(path, NEW, b"", like=path)

    assert held(path.parent) == {FILE: NEW}


def test_made_anew(old: Path) -> None:
    """A file made anew with nothing changed has no ledger: the old one joins what was set aside before."""
    old.with_name(ASIDE).write_bytes(b"first\n")

    commit_file(old, NEW, b"", like=old)

    assert held(old.parent) == {FILE: NEW, ASIDE: b"first\n0\n"}


def test_old_file(old: Path) -> None:
    """A file is replaced, and its lines are added to those that are there."""
    commit_file(old, NEW, LINES, like=old)

    assert held(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_rights_of_a_new_file(path: Path) -> None:
    """A new file and its ledger may be read by whoever may read what it was made from, and by nobody else."""
    source = path.parents[1] / "private.csv"
    source.write_bytes(OLD)
    source.chmod(0o600)

    commit_file(path, NEW, LINES, like=source)

    assert modes(path.parent) == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_rights_of_an_old_file(old: Path) -> None:
    """A file that replaces another has its rights; a ledger that is there keeps its own."""
    source = old.parents[1] / "public.csv"
    source.write_bytes(OLD)
    old.chmod(0o640)
    old.with_name(LEDGER).chmod(0o604)

    commit_file(old, NEW, LINES, like=source)

    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.with_name(LEDGER).stat().st_mode) == 0o604


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_ledger_of_a_file_that_may_not_be_written(path: Path) -> None:
    """The ledger of a file that nobody may write to can be written, for more lines will come."""
    path.write_bytes(OLD)
    path.chmod(0o440)

    commit_file(path, NEW, LINES, like=path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert stat.S_IMODE(path.with_name(LEDGER).stat().st_mode) == 0o640


@pytest.mark.parametrize("fails", [False, True])
def test_names_persist_in_order(old: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    """The system writes each name down before the next one comes or goes, whether all goes well or not."""
    synced: list[set[str]] = []
    monkeypatch.setattr(
        commit_module, "sync_folder", lambda folder: synced.append({*held(folder)} - {FILE, LEDGER})
    )
    if fails:
        monkeypatch.setattr(Path, "replace", _refuse)
        with pytest.raises(OutputError):
            commit_file(old, NEW, LINES, like=old)
    else:
        commit_file(old, NEW, LINES, like=old)

    before, after = [{UNFINISHED}, {UNFINISHED, BATCH}, {UNFINISHED, BATCH}], [{BATCH}, {BATCH}, set()]
    assert synced == before + ([{UNFINISHED}] if fails else after)


# ------------------------------------------------------------------- it does not


def _refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("owner", "step"), [(commit_module, "sync_folder"), (Path, "replace")])
@pytest.mark.parametrize("lines", [LINES, b""])
def test_failed(old: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str, lines: bytes) -> None:
    """An error on the way leaves the file and its ledger as they were, and says what to do."""
    monkeypatch.setattr(owner, step, _refuse)

    with pytest.raises(OutputError, match="No space left") as caught:
        commit_file(old, NEW, lines, like=old)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n"}
    assert (caught.value.where, caught.value.hint) == (
        str(old),
        "free some space, or name a file on another disk",
    )


def test_failed_without_a_ledger(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was, an error on the way leaves nothing, and no empty ledger either."""
    monkeypatch.setattr(Path, "replace", _refuse)

    with pytest.raises(OutputError):
        commit_file(path, NEW, LINES, like=path)

    assert held(path.parent) == {}


@pytest.mark.parametrize(("lines", "name"), [(LINES, LEDGER), (b"", ASIDE)], ids=["added to", "set aside"])
def test_ledger_that_cannot_be_written(old: Path, lines: bytes, name: str) -> None:
    """Where the lines find no place, the file is not replaced, and what resists is named."""
    before = {FILE: OLD, LEDGER: b"0\n"}
    in_the_way = old.with_name(name)
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()

    with pytest.raises(OutputError, match="can't be written: Is a directory") as caught:
        commit_file(old, NEW, lines, like=old)

    assert caught.value.where == str(in_the_way)
    assert caught.value.hint == "make it writable: a file and its ledger are changed together, or not at all"
    in_the_way.rmdir()
    assert held(old.parent) == {one: content for one, content in before.items() if one != name}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_no_room_in_the_ledger(old: Path) -> None:
    """A ledger that takes no more lines keeps the file from being replaced."""
    import resource

    ledger = old.with_name(LEDGER)
    ledger.write_bytes(b"0\n" * 500)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (1010, limits[1]))
    try:
        with pytest.raises(OutputError, match="can't be written") as caught:
            commit_file(old, NEW, LINES, like=old)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert caught.value.where == str(ledger)
    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n" * 500}


def test_folder_that_cannot_be_synced(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where folders can't be opened, as on Windows, that is no error."""
    honest = os.open

    def refuse(name: Path, *arguments: int) -> int:
        if Path(name).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return honest(name, *arguments)

    monkeypatch.setattr(os, "open", refuse)

    commit_file(old, NEW, LINES, like=old)

    assert held(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES}


# ------------------------------------------------------------------------ a kill

KILLED = """
import json, os, sys
from pathlib import Path
from doubtcli.apply.commit import commit_file, keep_backup, recover_commit
from doubtcli.apply.labelled import read_data_file

path, lines = Path(sys.argv[1]), sys.argv[2].encode()
before = json.loads(sys.argv[3])
os.umask(0)

def held():
    return {one.name: [one.read_text(), one.stat().st_mode & 0o777] for one in path.parent.iterdir()}

def clear():
    for one in path.parent.iterdir():
        one.unlink()
    for name, content in before.items():
        (path.parent / name).write_text(content)
        (path.parent / name).chmod(0o600)

def run(moment):
    seen = 0
    def watch(event, arguments):
        # what changes files or opens them: the process is gone before it is done
        nonlocal seen
        if event == "open" or event.startswith("os."):
            seen += 1
            if seen == moment:
                os._exit(9)
    data = read_data_file(str(path))
    sys.addaudithook(watch)
    keep_backup(path, data)
    commit_file(path, b"new\\n", lines, like=path)
    os._exit(0)

code = moment = 1
while code:
    clear()
    child = os.fork() or run(moment)
    code = os.waitpid(child, 0)[1]
    killed = held()
    recover_commit(path)
    print(json.dumps([killed, held()]))
    moment += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize(
    ("lines", "after"),
    [(LINES, {LEDGER: "0\n" + LINES.decode()}), (b"", {ASIDE: "first\n0\n"})],
    ids=["corrected", "made anew"],
)
def test_killed_at_every_step(old: Path, lines: bytes, after: dict[str, str]) -> None:
    """Whatever step is the last, the next command makes it all old or all new, and no file is ever public."""
    backup = {f"{FILE}.bak": OLD.decode()}
    before = {FILE: OLD.decode(), LEDGER: "0\n", ASIDE: "first\n"}
    command = [sys.executable, "-c", KILLED, str(old), lines.decode(), json.dumps(before)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    runs: list[list[dict[str, Any]]] = [json.loads(line) for line in done.stdout.splitlines()]
    whole = {ASIDE: "first\n", FILE: NEW.decode()} | after | backup

    ends = []
    for killed, settled in runs:
        told = {name: content for name, (content, _) in settled.items()}
        is_new = killed[FILE][0] == NEW.decode()
        assert told == (whole if is_new else before | {name: backup[name] for name in backup if name in told})
        assert {mode for _, mode in (*killed.values(), *settled.values())} == {0o600}
        ends.append(is_new)
    assert len(ends) > 20
    assert ends == sorted(ends)
    assert {True, False} == set(ends)


def test_half_written_batch(old: Path) -> None:
    """A batch that was being written when the run was killed is forgotten, for its file isn't in place."""
    old.with_name(UNFINISHED).write_bytes(NEW)
    old.with_name(BATCH).write_bytes(LINES[:-5])

    recover_commit(old)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n"}


@pytest.mark.parametrize("n_bytes", [0, 5, 12, 20, len(LINES)])
def test_lines_of_a_file_that_never_came(old: Path, n_bytes: int) -> None:
    """Lines in the ledger of which the file was not yet in place are taken out, whole or torn."""
    old.with_name(UNFINISHED).write_bytes(NEW)
    old.with_name(BATCH).write_bytes(LINES)
    old.with_name(LEDGER).write_bytes(b"0\n" + LINES[:n_bytes])

    recover_commit(old)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n"}


def test_half_added_lines(old: Path) -> None:
    """Lines that were being added when the run was killed are added once, and whole."""
    old.with_name(BATCH).write_bytes(LINES)
    old.with_name(LEDGER).write_bytes(b"0\n" + LINES[:-5])

    recover_commit(old)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n" + LINES}


def test_made_anew_by_a_killed_run(old: Path) -> None:
    """A ledger that was being set aside when the run was killed is set aside once."""
    old.with_name(BATCH).write_bytes(b"")
    old.with_name(ASIDE).write_bytes(b"0\n")

    recover_commit(old)
    recover_commit(old)

    assert held(old.parent) == {FILE: OLD, ASIDE: b"0\n"}


def test_set_aside_already(old: Path) -> None:
    """Where a killed run had moved the ledger, its trace goes, and nothing else is done."""
    old.with_name(LEDGER).unlink()
    old.with_name(BATCH).write_bytes(b"")

    recover_commit(old)

    assert held(old.parent) == {FILE: OLD}


def test_ledger_that_somebody_took_away(old: Path) -> None:
    """Where the ledger is gone that was to be set aside, its trace goes."""
    old.with_name(UNFINISHED).write_bytes(NEW)
    old.with_name(BATCH).write_bytes(b"")
    old.with_name(LEDGER).unlink()

    recover_commit(old)

    assert held(old.parent) == {FILE: OLD}


def test_nothing_was_left(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was left, nothing is touched: a folder that can't be written to is no trouble."""
    for step in ("unlink", "replace", "chmod"):
        monkeypatch.setattr(Path, step, _refuse)

    recover_commit(old)

    assert held(old.parent) == {FILE: OLD, LEDGER: b"0\n"}


ROWS = b"text,label\ngood,pos\n"


# ----------------------------------------------------------------------- a backup


def file_with(path: Path, content: bytes) -> DataFile:
    """A file, and what it holds."""
    path.write_bytes(content)
    return read_data_file(str(path))


def others(folder: Path, name: str) -> dict[str, bytes]:
    """What lies in a folder beside a file, hidden things too."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != name}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_kept(tmp_path: Path) -> None:
    """What a file holds is kept beside it, with the rights that the file has."""
    path = tmp_path / "data.csv"
    data = file_with(path, ROWS)
    path.chmod(0o600)

    backup = keep_backup(path, data)

    assert others(tmp_path, "data.csv") == {"data.csv.bak": ROWS}
    assert backup == tmp_path / "data.csv.bak"
    assert backup.stat().st_mode & 0o777 == 0o600


def test_next_free_name(tmp_path: Path) -> None:
    """Where anything else has the name, the next free one is taken, and nothing is lost."""
    path = tmp_path / "data.csv"
    data = file_with(path, ROWS)
    (tmp_path / "data.csv.bak").write_bytes(b"mine")
    (tmp_path / "data.csv.bak2").mkdir()
    (tmp_path / "data.csv.bak3").symlink_to("data.csv")
    (tmp_path / "data.csv.bak4").symlink_to("nowhere")
    (tmp_path / "data.csv.bak5").touch()

    assert keep_backup(path, data) == tmp_path / "data.csv.bak6"
    assert (tmp_path / "data.csv.bak6").read_bytes() == ROWS
    assert (tmp_path / "data.csv.bak").read_bytes() == b"mine"
    assert (tmp_path / "data.csv.bak4").is_symlink()


def test_kept_once(tmp_path: Path) -> None:
    """What any backup holds already is not kept again."""
    path = tmp_path / "data.csv"
    data = file_with(path, ROWS)
    (tmp_path / "data.csv.bak").write_bytes(b"mine")
    (tmp_path / "data.csv.bak2").write_bytes(ROWS)

    assert keep_backup(path, data) == tmp_path / "data.csv.bak2"
    assert has_backup(path, data)
    assert len(others(tmp_path, "data.csv")) == 2


@pytest.mark.parametrize(
    ("backup", "again"),
    [(gzip.compress(ROWS, 1), True), (ROWS, False), (gzip.compress(ROWS)[:-9], False)],
    ids=["packed otherwise", "not packed", "damaged"],
)
def test_packed(tmp_path: Path, backup: bytes, *, again: bool) -> None:
    """Of packed files what is packed counts, not how well."""
    path = tmp_path / "data.csv.gz"
    data = file_with(path, gzip.compress(ROWS, 9))
    (tmp_path / "data.csv.gz.bak").write_bytes(backup)

    assert has_backup(path, data) is again
    assert keep_backup(path, data).name == ("data.csv.gz.bak" if again else "data.csv.gz.bak2")


def test_names(tmp_path: Path) -> None:
    """The names are those that are taken, and the next one."""
    for name in ("data.csv.bak", "data.csv.bak3"):
        (tmp_path / name).touch()

    assert [path.name for path in list_backup_paths(tmp_path / "data.csv")] == [
        "data.csv.bak",
        "data.csv.bak2",
    ]


def test_shown(tmp_path: Path) -> None:
    """A backup is told beside the file as the user has named it."""
    assert show_backup_path(tmp_path / "data.csv.bak2", "in/data.csv") == "in/data.csv.bak2"
    assert show_backup_path(None, "in/data.csv") is None


def test_no_place(tmp_path: Path) -> None:
    """Where it can't be kept, it is said where it should have been."""
    data = file_with(tmp_path / "data.csv", ROWS)
    (tmp_path / "other").touch()

    with pytest.raises(OutputError, match="can't be written") as caught:
        keep_backup(tmp_path / "other" / "data.csv", data)

    assert caught.value.where == str(tmp_path / "other" / "data.csv.bak")
    assert caught.value.hint == "let doubt write to its folder, or write a new file: -o FILE"


# ----------------------------------------------------------------------- other runs


def test_held_ends_what_a_killed_run_left(tmp_path: Path) -> None:
    """Whoever holds a file next ends what a killed run left of it."""
    (tmp_path / ".data.csv.doubt-batch").write_bytes(b"1\n")

    with lock_and_recover(tmp_path / "data.csv"):
        assert [path.name for path in tmp_path.iterdir()] == ["data.csv.ledger.jsonl"]


def test_held_without_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system doesn't let us end is told."""

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(commit_module, "recover_commit", refuse)

    with (
        pytest.raises(OutputError, match="can't be written: Permission denied") as caught,
        lock_and_recover(tmp_path / "a"),
    ):
        raise AssertionError
    assert (
        caught.value.hint
        == "let doubt write to its folder: what a run that was killed left there is to be ended"
    )


def test_ledger_that_a_killed_run_left_behind(tmp_path: Path) -> None:
    """Where lines are still to be added to a ledger that can't be written, it is the ledger that is named."""
    (tmp_path / ".data.csv.doubt-batch").write_bytes(b"1\n")
    (tmp_path / "data.csv.ledger.jsonl").mkdir()

    with (
        pytest.raises(OutputError, match="can't be written") as caught,
        lock_and_recover(tmp_path / "data.csv"),
    ):
        raise AssertionError

    assert caught.value.where == str(tmp_path / "data.csv.ledger.jsonl")
    assert "make it writable" in str(caught.value.hint)
    assert (tmp_path / ".data.csv.doubt-batch").read_bytes() == b"1\n"


def test_room_for(tmp_path: Path) -> None:
    """A folder is made for a file, and goes again if nothing comes of it; what resists is told."""
    with pytest.raises(ZeroDivisionError), make_room_for(tmp_path / "a" / "new.csv"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []

    with make_room_for(tmp_path / "a" / "new.csv"):
        pass
    (tmp_path / "a" / "file").touch()
    with (
        pytest.raises(OutputError, match="can't be written"),
        make_room_for(tmp_path / "a" / "file" / "new.csv"),
    ):
        raise AssertionError
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "file"]
