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


def list_files(folder: Path) -> dict[str, bytes]:
    """The files in a folder, including hidden ones."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def modes(folder: Path) -> set[int]:
    """The permissions of the files in a folder."""
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a file that does not exist."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / FILE


@pytest.fixture
def old(path: Path) -> Path:
    """A file and its ledger, with one line."""
    path.write_bytes(OLD)
    path.with_name(LEDGER).write_bytes(b"0\n")
    return path


# ----------------------------------------------------------------- it is written


def test_new_file(path: Path) -> None:
    """A file and its lines are written, and nothing else is left."""
    commit_file(path, NEW, LINES, like=path)

    assert list_files(path.parent) == {FILE: NEW, LEDGER: LINES}


def test_without_lines(path: Path) -> None:
    """Without changes, there is no ledger."""
    commit_file(path, NEW, b"", like=path)

    assert list_files(path.parent) == {FILE: NEW}


def test_written_again(old: Path) -> None:
    """If a file is written again without changes, its ledger is added to the one that was set aside."""
    old.with_name(ASIDE).write_bytes(b"first\n")

    commit_file(old, NEW, b"", like=old)

    assert list_files(old.parent) == {FILE: NEW, ASIDE: b"first\n0\n"}


def test_old_file(old: Path) -> None:
    """A file is replaced, and its lines are added to the ledger."""
    commit_file(old, NEW, LINES, like=old)

    assert list_files(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_permissions_of_a_new_file(path: Path) -> None:
    """A new file and its ledger have the permissions of the file that it was made from."""
    source = path.parents[1] / "private.csv"
    source.write_bytes(OLD)
    source.chmod(0o600)

    commit_file(path, NEW, LINES, like=source)

    assert modes(path.parent) == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_permissions_of_an_old_file(old: Path) -> None:
    """A file that replaces another one has its permissions; an existing ledger keeps its own."""
    source = old.parents[1] / "public.csv"
    source.write_bytes(OLD)
    old.chmod(0o640)
    old.with_name(LEDGER).chmod(0o604)

    commit_file(old, NEW, LINES, like=source)

    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.with_name(LEDGER).stat().st_mode) == 0o604


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_ledger_of_a_read_only_file(path: Path) -> None:
    """The ledger of a read-only file is writable, since more lines will be added."""
    path.write_bytes(OLD)
    path.chmod(0o440)

    commit_file(path, NEW, LINES, like=path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert stat.S_IMODE(path.with_name(LEDGER).stat().st_mode) == 0o640


@pytest.mark.parametrize("fails", [False, True])
def test_names_persist_in_order(old: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool) -> None:
    """The folder is synced after each change of a name, whether the commit succeeds or fails."""
    synced: list[set[str]] = []
    monkeypatch.setattr(
        commit_module, "sync_folder", lambda folder: synced.append({*list_files(folder)} - {FILE, LEDGER})
    )
    if fails:
        monkeypatch.setattr(Path, "replace", _refuse)
        with pytest.raises(OutputError):
            commit_file(old, NEW, LINES, like=old)
    else:
        commit_file(old, NEW, LINES, like=old)

    before, after = [{UNFINISHED}, {UNFINISHED, BATCH}, {UNFINISHED, BATCH}], [{BATCH}, {BATCH}, set()]
    assert synced == before + ([{UNFINISHED}] if fails else after)


# --------------------------------------------------------------- it is not written


def _refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("owner", "step"), [(commit_module, "sync_folder"), (Path, "replace")])
@pytest.mark.parametrize("lines", [LINES, b""])
def test_failed(old: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str, lines: bytes) -> None:
    """After an error, the file and its ledger are unchanged."""
    monkeypatch.setattr(owner, step, _refuse)

    with pytest.raises(OutputError) as caught:
        commit_file(old, NEW, lines, like=old)

    assert list_files(old.parent) == {FILE: OLD, LEDGER: b"0\n"}
    assert caught.value.where == str(old)
    assert isinstance(caught.value.__cause__, OSError)


def test_failed_without_a_ledger(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error with a new file, there is no file, and no empty ledger."""
    monkeypatch.setattr(Path, "replace", _refuse)

    with pytest.raises(OutputError):
        commit_file(path, NEW, LINES, like=path)

    assert list_files(path.parent) == {}


@pytest.mark.parametrize(("lines", "name"), [(LINES, LEDGER), (b"", ASIDE)], ids=["added to", "set aside"])
def test_ledger_that_cannot_be_written(old: Path, lines: bytes, name: str, sentences: Any) -> None:
    """If lines can't be written, the file is not replaced, and the error names the ledger."""
    before = {FILE: OLD, LEDGER: b"0\n"}
    in_the_way = old.with_name(name)
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()

    with pytest.raises(OutputError) as caught:
        commit_file(old, NEW, lines, like=old)

    assert caught.value.where == str(in_the_way)
    sentences.check(str(caught.value.hint))
    in_the_way.rmdir()
    assert list_files(old.parent) == {one: content for one, content in before.items() if one != name}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_no_room_in_the_ledger(old: Path) -> None:
    """If there is no space for more lines, the file is not replaced."""
    import resource

    ledger = old.with_name(LEDGER)
    ledger.write_bytes(b"0\n" * 500)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (1010, limits[1]))
    try:
        with pytest.raises(OutputError) as caught:
            commit_file(old, NEW, LINES, like=old)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert caught.value.where == str(ledger)
    assert list_files(old.parent) == {FILE: OLD, LEDGER: b"0\n" * 500}


def test_folder_that_cannot_be_synced(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If folders can't be opened, as on Windows, that is not an error."""
    honest = os.open

    def refuse(name: Path, *arguments: int) -> int:
        if Path(name).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return honest(name, *arguments)

    monkeypatch.setattr(os, "open", refuse)

    commit_file(old, NEW, LINES, like=old)

    assert list_files(old.parent) == {FILE: NEW, LEDGER: b"0\n" + LINES}


# ------------------------------------------------------------------------ a kill

KILLED = """
import gc, json, os, sys
from pathlib import Path
from doubtcli.apply.commit import commit_file, keep_backup, recover_commit
from doubtcli.apply.labelled import read_data_file

path, cases = Path(sys.argv[1]), sys.argv[2:4]
before = json.loads(sys.argv[4])
os.umask(0)

def held():
    return {one.name: [one.read_text(), one.stat().st_mode & 0o777] for one in path.parent.iterdir()}

def clear():
    for one in path.parent.iterdir():
        one.unlink()
    for name, content in before.items():
        (path.parent / name).write_text(content)
        (path.parent / name).chmod(0o600)

def run(lines, moment):
    seen = 0
    def watch(event, arguments):
        # before anything that changes files or opens them, the process ends
        nonlocal seen
        if event == "open" or event.startswith("os."):
            seen += 1
            if seen == moment:
                os._exit(9)
    sys.addaudithook(watch)
    keep_backup(path, data)
    commit_file(path, b"new\\n", lines, like=path)
    os._exit(0)

clear()
data = read_data_file(str(path))
keep_backup(path, data)
commit_file(path, b"new\\n", b"", like=path)  # once without a kill, so that all modules are loaded
gc.freeze()
for lines in cases:
    code = moment = 1
    while code:
        clear()
        child = os.fork() or run(lines.encode(), moment)
        code = os.waitpid(child, 0)[1]
        killed = held()
        recover_commit(path)
        print(json.dumps([lines, killed, held()]))
        moment += 1
"""


BEFORE = {FILE: OLD.decode(), LEDGER: "0\n", ASIDE: "first\n"}


@pytest.fixture(scope="module")
def killed_runs(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """For a kill at every step, with lines and without: the files then, and after the next command."""
    path = tmp_path_factory.mktemp("killed") / FILE
    command = [sys.executable, "-c", KILLED, str(path), LINES.decode(), "", json.dumps(BEFORE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize(
    ("lines", "after"),
    [(LINES, {LEDGER: "0\n" + LINES.decode()}), (b"", {ASIDE: "first\n0\n"})],
    ids=["corrected", "written again"],
)
def test_killed_at_every_step(killed_runs: list[list[Any]], lines: bytes, after: dict[str, str]) -> None:
    """After a kill at any step, the next command leaves all old or all new files, and none is ever public."""
    backup = {f"{FILE}.bak": OLD.decode()}
    whole = {ASIDE: "first\n", FILE: NEW.decode()} | after | backup

    ends = []
    for killed, recovered in [run for case, *run in killed_runs if case == lines.decode()]:
        files = {name: content for name, (content, _) in recovered.items()}
        is_new = killed[FILE][0] == NEW.decode()
        kept = {name: backup[name] for name in backup if name in files}
        assert files == (whole if is_new else BEFORE | kept)
        assert {mode for _, mode in (*killed.values(), *recovered.values())} == {0o600}
        ends.append(is_new)
    assert len(ends) > 20
    assert ends == sorted(ends)
    assert {True, False} == set(ends)


def test_half_written_batch(old: Path) -> None:
    """A half-written batch is removed, since the file was not replaced yet."""
    old.with_name(UNFINISHED).write_bytes(NEW)
    old.with_name(BATCH).write_bytes(LINES[:-5])

    recover_commit(old)

    assert list_files(old.parent) == {FILE: OLD, LEDGER: b"0\n"}


@pytest.mark.parametrize("n_bytes", [0, 5, 12, 20, len(LINES)])
def test_lines_of_a_file_that_was_not_replaced(old: Path, n_bytes: int) -> None:
    """Their lines are removed from the ledger, complete or not."""
    old.with_name(UNFINISHED).write_bytes(NEW)
    old.with_name(BATCH).write_bytes(LINES)
    old.with_name(LEDGER).write_bytes(b"0\n" + LINES[:n_bytes])

    recover_commit(old)

    assert list_files(old.parent) == {FILE: OLD, LEDGER: b"0\n"}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away")
def test_owner(path: Path, old: Path) -> None:
    """What root writes for somebody has that owner: the file and its ledger."""
    old.unlink()
    old.with_name(LEDGER).unlink()
    source = path.with_name("source.csv")
    source.touch()
    os.chown(source, 1234, 4321)

    commit_file(path, NEW, LINES, like=source)

    made = [path, path.with_name(LEDGER)]
    assert [(one.stat().st_uid, one.stat().st_gid) for one in made] == [(1234, 4321)] * 2


@pytest.mark.parametrize("ending", [".doubt-batch", ".doubt-unfinished"])
def test_planted_link(old: Path, ending: str) -> None:
    """A link at the name of the hidden batch or file is refused: no private file gets into the ledger."""
    secret = old.with_name("secret")
    secret.write_bytes(b"private")
    before = old.with_name(LEDGER).read_bytes()
    old.with_name(f".{old.name}{ending}").symlink_to(secret)

    with pytest.raises(OutputError) as caught:
        recover_commit(old)

    assert caught.value.where == str(old.with_name(f".{old.name}{ending}"))
    assert old.with_name(LEDGER).read_bytes() == before
    assert secret.read_bytes() == b"private"


def test_half_added_lines(old: Path) -> None:
    """Lines that were half added when the run was killed are added once, and in full."""
    old.with_name(BATCH).write_bytes(LINES)
    old.with_name(LEDGER).write_bytes(b"0\n" + LINES[:-5])

    recover_commit(old)

    assert list_files(old.parent) == {FILE: OLD, LEDGER: b"0\n" + LINES}


def test_ledger_half_set_aside(old: Path) -> None:
    """A ledger that a killed run was setting aside is set aside once."""
    old.with_name(BATCH).write_bytes(b"")
    old.with_name(ASIDE).write_bytes(b"0\n")

    recover_commit(old)
    recover_commit(old)

    assert list_files(old.parent) == {FILE: OLD, ASIDE: b"0\n"}


def test_set_aside_already(old: Path) -> None:
    """If a killed run has already moved the ledger, only its hidden file is removed."""
    old.with_name(LEDGER).unlink()
    old.with_name(BATCH).write_bytes(b"")

    recover_commit(old)

    assert list_files(old.parent) == {FILE: OLD}


def test_ledger_that_was_removed(old: Path) -> None:
    """If somebody has removed the ledger, the hidden files of a killed run are removed."""
    old.with_name(UNFINISHED).write_bytes(NEW)
    old.with_name(BATCH).write_bytes(b"")
    old.with_name(LEDGER).unlink()

    recover_commit(old)

    assert list_files(old.parent) == {FILE: OLD}


def test_nothing_was_left(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is nothing to clean up, nothing is written, so that a read-only folder is fine."""
    for step in ("unlink", "replace", "chmod"):
        monkeypatch.setattr(Path, step, _refuse)

    recover_commit(old)

    assert list_files(old.parent) == {FILE: OLD, LEDGER: b"0\n"}


ROWS = b"text,label\ngood,pos\n"


# ----------------------------------------------------------------------- a backup


def file_with(path: Path, content: bytes) -> DataFile:
    """Write a file, and read it."""
    path.write_bytes(content)
    return read_data_file(str(path))


def list_other_files(folder: Path, name: str) -> dict[str, bytes]:
    """The other files in a folder, including hidden ones."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != name}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_kept(tmp_path: Path) -> None:
    """A backup is next to the file, with the same content and permissions."""
    path = tmp_path / "data.csv"
    data = file_with(path, ROWS)
    path.chmod(0o600)

    backup = keep_backup(path, data)

    assert list_other_files(tmp_path, "data.csv") == {"data.csv.bak": ROWS}
    assert backup == tmp_path / "data.csv.bak"
    assert backup.stat().st_mode & 0o777 == 0o600


def test_next_free_name(tmp_path: Path) -> None:
    """If the name is taken, the next free one is used, and nothing is lost."""
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
    """Content that is already in a backup is not kept again."""
    path = tmp_path / "data.csv"
    data = file_with(path, ROWS)
    (tmp_path / "data.csv.bak").write_bytes(b"mine")
    (tmp_path / "data.csv.bak2").write_bytes(ROWS)

    assert keep_backup(path, data) == tmp_path / "data.csv.bak2"
    assert has_backup(path, data)
    assert len(list_other_files(tmp_path, "data.csv")) == 2


@pytest.mark.parametrize(
    ("backup", "again"),
    [(gzip.compress(ROWS, 1), True), (ROWS, False), (gzip.compress(ROWS)[:-9], False)],
    ids=["compressed otherwise", "not compressed", "damaged"],
)
def test_compressed(tmp_path: Path, backup: bytes, *, again: bool) -> None:
    """Two compressed files are the same if their decompressed bytes are."""
    path = tmp_path / "data.csv.gz"
    data = file_with(path, gzip.compress(ROWS, 9))
    (tmp_path / "data.csv.gz.bak").write_bytes(backup)

    assert has_backup(path, data) is again
    assert keep_backup(path, data).name == ("data.csv.gz.bak" if again else "data.csv.gz.bak2")


def test_names(tmp_path: Path) -> None:
    """The names are those that are taken, and the next free one."""
    for name in ("data.csv.bak", "data.csv.bak3"):
        (tmp_path / name).touch()

    assert [path.name for path in list_backup_paths(tmp_path / "data.csv")] == [
        "data.csv.bak",
        "data.csv.bak2",
    ]


def test_shown(tmp_path: Path) -> None:
    """The path of a backup is relative like that of the file."""
    assert show_backup_path(tmp_path / "data.csv.bak2", "in/data.csv") == "in/data.csv.bak2"
    assert show_backup_path(None, "in/data.csv") is None


def test_backup_that_cannot_be_written(tmp_path: Path, sentences: Any) -> None:
    """The error names the backup."""
    data = file_with(tmp_path / "data.csv", ROWS)
    (tmp_path / "other").touch()

    with pytest.raises(OutputError) as caught:
        keep_backup(tmp_path / "other" / "data.csv", data)

    assert caught.value.where == str(tmp_path / "other" / "data.csv.bak")
    sentences.check(str(caught.value.hint))


# ----------------------------------------------------------------------- other runs


def test_lock_cleans_up_after_a_killed_run(tmp_path: Path) -> None:
    """The next run that locks a file cleans up."""
    (tmp_path / ".data.csv.doubt-batch").write_bytes(b"1\n")

    with lock_and_recover(tmp_path / "data.csv"):
        assert [path.name for path in tmp_path.iterdir()] == ["data.csv.ledger.jsonl"]


def test_lock_without_permissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentences: Any) -> None:
    """If cleaning up is not allowed, that is an error."""

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(commit_module, "recover_commit", refuse)

    with pytest.raises(OutputError) as caught, lock_and_recover(tmp_path / "a"):
        raise AssertionError
    assert caught.value.where == str(tmp_path / "a")
    sentences.check(str(caught.value.hint))


def test_ledger_that_a_killed_run_left_behind(tmp_path: Path) -> None:
    """If a killed run's lines can't be added to the ledger, the error names the ledger."""
    (tmp_path / ".data.csv.doubt-batch").write_bytes(b"1\n")
    (tmp_path / "data.csv.ledger.jsonl").mkdir()

    with pytest.raises(OutputError) as caught, lock_and_recover(tmp_path / "data.csv"):
        raise AssertionError

    assert caught.value.where == str(tmp_path / "data.csv.ledger.jsonl")
    assert (tmp_path / ".data.csv.doubt-batch").read_bytes() == b"1\n"


def test_room_for(tmp_path: Path) -> None:
    """A folder is made for a file, and removed again after an error."""
    with pytest.raises(ZeroDivisionError), make_room_for(tmp_path / "a" / "new.csv"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []

    with make_room_for(tmp_path / "a" / "new.csv"):
        pass
    (tmp_path / "a" / "file").touch()
    with pytest.raises(OutputError), make_room_for(tmp_path / "a" / "file" / "new.csv"):
        raise AssertionError
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "file"]
