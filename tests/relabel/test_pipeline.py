from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from doubtcli import audit
from doubtcli.errors import InputError, OutputError
from doubtcli.progress import Silence
from doubtcli.relabel.choose.choose import Choice
from doubtcli.relabel.pipeline import Request, write_queue
from doubtcli.report.html import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store import write_audit

ROWS = [
    f"{kind} number {n},{label}" for n in range(15) for kind, label in (("pear", "fruit"), ("saw", "tool"))
]
REQUEST = Request("data.doubt", Choice({"top": 100}, size=3), "csv")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a labelled file and its audit."""
    folder = tmp_path_factory.mktemp("audited")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("data.csv").write_text("\n".join(["text,label", *ROWS]) + "\n")
        found, table = audit.scan(ScanSettings(path="data.csv", fast=True, folds=2), progress=Silence())
        write_audit(found, table, Path("data.doubt"), report_html=render_html(found))
    return folder


@pytest.fixture(autouse=True)
def folder(audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to work in."""
    copy = shutil.copytree(audited, tmp_path / "work")
    monkeypatch.chdir(copy)
    return Path(copy)


def names(folder: Path) -> set[str]:
    """The files in a folder."""
    return {path.name for path in folder.iterdir()}


def test_written(folder: Path) -> None:
    """The queue is written beside the audit with its head, and given back."""
    queue = write_queue(REQUEST)

    assert (len(queue.tasks), queue.notes) == (3, ("3 of these rows are not doubted",))
    assert names(folder) == {"data.csv", "data.doubt", "data.queue"}
    assert names(folder / "data.queue") == {"queue.csv", "README.txt"}
    assert (REQUEST.folder, REQUEST.format.title) == (Path("data.queue"), "CSV")


def test_another_place_and_tool() -> None:
    """It goes where it is wanted, in the form that is wanted."""
    request = replace(REQUEST, to="doccano", output="a/b")

    write_queue(request)

    assert names(Path("a/b")) == {"queue.jsonl", "labels.json", "README.txt"}
    assert request.folder == Path("a/b")


def test_in_the_way() -> None:
    """What lies in the way is replaced only by force."""
    write_queue(REQUEST)
    other = replace(REQUEST, choice=replace(REQUEST.choice, size=4))
    before = Path("data.queue/queue.csv").read_bytes()

    with pytest.raises(OutputError, match="would be replaced by this queue"):
        write_queue(other)
    assert Path("data.queue/queue.csv").read_bytes() == before

    assert len(write_queue(replace(other, force=True)).tasks) == 4
    assert Path("data.queue/queue.csv").read_bytes() != before


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_backup(*, is_gone: bool) -> None:
    """A backup is told of; verdicts go into the data file, or into the backup where there is no other."""
    Path("data.csv").rename("data.csv.bak")
    if not is_gone:
        Path("data.csv").write_text("text,label\npear,fruit\n")

    queue = write_queue(REQUEST)

    told = Path("data.queue/README.txt").read_text(encoding="utf-8")
    assert queue.notes[-1] == "data.csv.bak is read, a backup of data.csv, which is no longer what was judged"
    assert f"    doubt apply {'data.csv.bak' if is_gone else 'data.csv'} --" in told


@pytest.mark.parametrize(
    ("named", "to_do"),
    [("data.csv", "name its audit: data.doubt"), ("x.csv", "scan it first: `doubt scan` writes one")],
)
def test_data_in_place_of_an_audit(named: str, to_do: str) -> None:
    """Who names the data is told which audit is theirs, or how to get one."""
    Path("x.csv").write_text("text,label\n")

    with pytest.raises(InputError) as error:
        write_queue(replace(REQUEST, audit=named))

    assert (error.value.where, error.value.found, error.value.hint) == (named, "is no audit", to_do)


def test_no_audit() -> None:
    """Where nothing is, what an audit lacks is told."""
    with pytest.raises(InputError, match=r"nothing\.doubt.audit\.json"):
        write_queue(replace(REQUEST, audit="nothing.doubt"))
