from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from doubtcli.errors import OutputError
from doubtcli.store import check_folder, default_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Writer


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("data.csv", "data.doubt"),
        ("a.csv.gz", "a.doubt"),
        ("rows/a.b.JSONL.zst", "rows/a.b.doubt"),
        ("parts", "parts.doubt"),
        ("parts/", "parts.doubt"),
        ("data.parquet/", "data.doubt"),
        ("v1.2", "v1.2.doubt"),
        (".csv", ".csv.doubt"),
        ("-", "stdin.doubt"),
    ],
)
def test_default_folder(source: str, folder: str) -> None:
    """An audit stands beside its file and bears its name without what says how it is stored."""
    assert default_folder(source) == Path(folder)


def test_default_folder_of_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit of the working directory stands beside it, not in it."""
    monkeypatch.chdir(tmp_path)

    assert default_folder(".") == tmp_path.with_name(f"{tmp_path.name}.doubt")


# ------------------------------------------------------------------ free to use


def test_free_folders(write: Writer) -> None:
    """No folder, an empty one and one that a killed run had just begun are free to use."""
    free = [write.folder / "none", write.folder / "empty", write.folder / "begun"]
    free[1].mkdir(parents=True)
    (free[2] / ".doubt-unfinished").mkdir(parents=True)

    for folder in free:
        check_folder(folder, "data/tickets.csv")


@pytest.mark.parametrize("path", ["data/tickets.csv", "./data/../data/tickets.csv", "-"])
def test_same_file(write: Writer, path: str) -> None:
    """An audit of the same file is free to be replaced, however its path is written."""
    write(path="data/tickets.csv" if path != "-" else path)

    check_folder(write.folder, path)


def test_same_file_from_elsewhere(write: Writer) -> None:
    """An audit at its default place is of the file beside it, from whatever folder it was scanned."""
    write(path="data/tickets.csv")

    check_folder(write.folder, str(write.folder.parent / "tickets.csv"))


# ------------------------------------------------------------------- in the way


@pytest.mark.parametrize("force", [False, True])
def test_verdicts_in_the_way(write: Writer, force: bool) -> None:
    """A queue that verdicts are read from is never replaced, not even by force; another one may be."""
    write()

    with pytest.raises(OutputError, match="holds the verdicts, and would be replaced"):
        check_folder(write.folder, "data/tickets.csv", force=force, verdicts=str(write.folder / "queue.csv"))
    check_folder(write.folder, "data/tickets.csv", force=force, verdicts="queue.csv")


def refusal(folder: Path, source: str = "data/tickets.csv", *, force: bool = False) -> OutputError:
    """How a folder is refused."""
    with pytest.raises(OutputError) as refused:
        check_folder(folder, source, force=force)
    assert refused.value.where == str(folder)
    assert refused.value.hint is not None
    return refused.value


@pytest.mark.parametrize("force", [False, True])
def test_file_in_the_way(tmp_path: Path, force: bool) -> None:
    """A file is never replaced."""
    (tmp_path / "x").touch()

    assert refusal(tmp_path / "x", force=force).found == "a file is in the way"


def test_audit_of_another_file(write: Writer) -> None:
    """An audit of another file is in the way, unless forced."""
    write(path="data/tickets.csv")

    assert refusal(write.folder, "mails.csv").found == "is the audit of another file, 'data/tickets.csv'"
    check_folder(write.folder, "mails.csv", force=True)


@pytest.mark.parametrize(
    "document",
    [None, "", "[]", "{}", '{"tool": {"name": "other"}}', '{"tool": {"name": "doubt"}, "input": 7}'],
)
def test_no_audit(tmp_path: Path, document: str | None) -> None:
    """A folder with anything in it that is no audit is in the way, unless forced."""
    (tmp_path / "notes.txt").touch()
    if document is not None:
        (tmp_path / "audit.json").write_text(document)

    assert refusal(tmp_path).found == "is no audit, and not empty"
    check_folder(tmp_path, "tickets.csv", force=True)


@pytest.mark.parametrize(
    "work",
    [
        lambda text: text.replace(",,", ",billing,", 1),
        lambda text: text.replace(",", ";"),
        lambda text: text + "one field too few\n",
        lambda _: "",
    ],
    ids=["a verdict", "another delimiter", "a broken line", "emptied"],
)
def test_queue_worked_on(write: Writer, work: Callable[[str], str]) -> None:
    """An audit whose queue a person has worked on is in the way, unless forced."""
    write()
    queue = write.folder / "queue.csv"
    queue.write_text(work(queue.read_text()))

    assert refusal(write.folder).found == "queue.csv in it has been worked on, and would be replaced"
    check_folder(write.folder, "data/tickets.csv", force=True)


@pytest.mark.parametrize(
    "changes", [{}, {"doubt": [0.0] * 8}, {"why": ["é\n,"] * 8}, {"texts": ["x" * 10**6] * 8}]
)
def test_queue_untouched(write: Writer, changes: dict[str, object]) -> None:
    """A queue as we wrote it, or none at all, is not in the way."""
    write(**changes)

    check_folder(write.folder, "data/tickets.csv")
    (write.folder / "queue.csv").unlink()
    check_folder(write.folder, "data/tickets.csv")


def test_unreadable(write: Writer) -> None:
    """A folder that the system won't let us look into is refused with what the system says."""
    write()
    document = write.folder / "audit.json"
    document.unlink()
    document.mkdir()

    assert refusal(write.folder).found == f"can't be written: {os.strerror(21)}"


def test_killed_at_the_last_step(write: Writer) -> None:
    """A run that was killed at its last step is ended before its folder is judged."""
    write()
    document = json.loads((write.folder / "audit.json").read_text())
    document["input"]["path"] = "newer.csv"
    (write.folder / ".doubt-complete").mkdir()
    (write.folder / ".doubt-complete" / "audit.json").write_text(json.dumps(document))

    check_folder(write.folder, "newer.csv")

    assert {path.name for path in write.folder.iterdir()} == {
        "audit.json",
        "doubts.parquet",
        "queue.csv",
        "report.html",
    }
