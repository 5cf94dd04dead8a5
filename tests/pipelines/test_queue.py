from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from doubtcli.apply.target import OutputOptions
from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.pipelines import scan
from doubtcli.pipelines.apply import ApplyRequest, correct_labels
from doubtcli.pipelines.queue import QueueRequest, check_queue_folder, default_queue_folder, write_queue
from doubtcli.pipelines.undo import undo_batch
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.queue.strategies import QueueChoice
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store import write_audit

if TYPE_CHECKING:
    from tests.conftest import Sentences

ROWS = [
    f"{kind} number {n},{label}" for n in range(15) for kind, label in (("pear", "fruit"), ("saw", "tool"))
]
TODAY = dt.date(2026, 11, 21)
REQUEST = QueueRequest("data.doubt", QueueChoice({"top": 100}, size=3), "csv")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a labelled file and its audit."""
    folder = tmp_path_factory.mktemp("audited")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("data.csv").write_text("\n".join(["text,label", *ROWS]) + "\n", encoding="utf-8")
        found, table = scan.make_audit(ScanSettings(path="data.csv", fast=True, folds=2), progress=Silence())
        queue = write_scan_queue(found, table)
        write_audit(found, Path("data.doubt"), queue_csv=queue, report_html=render_html(found))
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
    """The queue is written beside the audit with its README.txt, and returned."""
    queue = write_queue(REQUEST, today=TODAY)

    assert (len(queue.rows), len(queue.notes)) == (3, 1)
    assert names(folder) == {"data.csv", "data.doubt", "data.queue"}
    assert names(folder / "data.queue") == {"queue.csv", "README.txt"}
    assert (REQUEST.folder, REQUEST.tool.title) == (Path("data.queue"), "CSV")


def write_repeated(path: Path) -> None:
    """Three texts and numbers, some of them repeated, with labels that don't always agree."""
    kinds = [("pear", "fruit")] * 8 + [("saw", "tool")] * 8 + [("pear", "tool")] * 2 + [("saw", "fruit")]
    lines = [f"a {name} is here,{label}" for name, label in kinds * 3]
    lines += [f"{name} number {n},{label}" for n in range(9) for name, label in kinds[7:9]]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "asked", "has_groups"),
    [
        ("repeated.csv", {}, True),
        ("repeated.csv", {"audit_sample": 30, "seed": 3}, True),
        ("repeated.csv", {"audit_sample": 30, "queue_size": 30}, False),
        ("repeated.csv", {"queue_size": 2}, True),
    ],
    ids=str,
)
def test_as_the_scan(name: str, asked: dict[str, int], *, has_groups: bool) -> None:
    """Without options, the queue has the rows of the scan's own queue."""
    write_repeated(Path("repeated.csv"))
    settings = ScanSettings(path=name, fast=True, folds=2, repeats=1, label="label", **asked)
    found, table = scan.make_audit(settings, progress=Silence())
    own = write_scan_queue(found, table, settings.queue_size)
    write_audit(found, Path("own.doubt"), queue_csv=own, report_html="<!doctype html>")

    write_queue(replace(REQUEST, audit="own.doubt", choice=QueueChoice({"top": 100})), today=TODAY)

    scanned, queued = (
        list(csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8"))))
        for path in ("own.doubt/queue.csv", "own.queue/queue.csv")
    )
    shared = set(scanned[0]) & set(queued[0])
    assert {"doubt_id", "doubt_score", "doubt_why", "doubt_equal_rows", "text"} <= shared
    assert [{key: row[key] for key in shared} for row in queued] == [
        {key: row[key] for key in shared} for row in scanned
    ]
    assert any(row["doubt_equal_rows"] != "1" for row in scanned) is has_groups


def test_another_place_and_tool() -> None:
    """The queue is written to the folder and for the tool that were asked for."""
    request = replace(REQUEST, to="doccano", output="a/b")

    write_queue(request, today=TODAY)

    assert names(Path("a/b")) == {"queue.jsonl", "labels.json", "README.txt"}
    assert request.folder == Path("a/b")


def test_safe_cells() -> None:
    """With safe cells, every row of the CSV file says so, and README.txt explains it."""
    write_queue(replace(REQUEST, safe_cells=True), today=TODAY)

    lines = Path("data.queue/queue.csv").read_text(encoding="utf-8").splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["doubt_cells", "safe", "safe", "safe"]
    assert "doubt_cells" in Path("data.queue/README.txt").read_text(encoding="utf-8")


def test_safe_cells_are_for_csv(folder: Path, sentences: Sentences) -> None:
    """No other file has cells that a spreadsheet takes for formulas."""
    with pytest.raises(SettingsError) as caught:
        write_queue(replace(REQUEST, to="xlsx", safe_cells=True), today=TODAY)

    assert names(folder) == {"data.csv", "data.doubt"}
    sentences.check(caught.value)


def test_in_the_way() -> None:
    """Another queue in the way is replaced only with force."""
    write_queue(REQUEST, today=TODAY)
    other = replace(REQUEST, choice=replace(REQUEST.choice, size=4))
    before = Path("data.queue/queue.csv").read_bytes()

    with pytest.raises(OutputError) as error:
        write_queue(other, today=TODAY)
    assert error.value.where == "data.queue"
    assert Path("data.queue/queue.csv").read_bytes() == before

    assert len(write_queue(replace(other, force=True), today=TODAY).rows) == 4
    assert Path("data.queue/queue.csv").read_bytes() != before


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_backup(sentences: Sentences, *, is_gone: bool) -> None:
    """A note names the backup; verdicts go into the data file, or into the backup if that is gone."""
    Path("data.csv").rename("data.csv.bak")
    if not is_gone:
        Path("data.csv").write_text("text,label\npear,fruit\n", encoding="utf-8")

    queue = write_queue(REQUEST, today=TODAY)

    readme = Path("data.queue/README.txt").read_text(encoding="utf-8")
    assert "data.csv.bak" in queue.notes[-1]
    sentences.check(queue.notes[-1])
    assert f"    doubt apply {'data.csv.bak' if is_gone else 'data.csv'} --" in readme


@pytest.mark.parametrize(("named", "suggested"), [("data.csv", "data.doubt"), ("x.csv", "`doubt scan`")])
def test_data_in_place_of_an_audit(sentences: Sentences, named: str, suggested: str) -> None:
    """If the data are named, the error names their audit, or the command that makes one."""
    Path("x.csv").write_text("text,label\n", encoding="utf-8")

    with pytest.raises(InputError) as error:
        write_queue(replace(REQUEST, audit=named), today=TODAY)

    assert error.value.where == named
    assert suggested in str(error.value.hint)
    sentences.check(error.value)


def test_no_audit() -> None:
    """If the folder does not exist, the error names the file that is missing."""
    with pytest.raises(InputError) as error:
        write_queue(replace(REQUEST, audit="nothing.doubt"), today=TODAY)

    assert error.value.where == str(Path("nothing.doubt/audit.json"))


# ----------------------------------------------------------------------- waived rows


def asked(request: QueueRequest = REQUEST) -> list[str]:
    """The ids of the rows in a queue."""
    return [row.doubt_id for row in write_queue(replace(request, force=True), today=TODAY).rows]


def waive(path: str, row_id: str, *more: str) -> None:
    """Write a file of waivers with one in it."""
    Path(path).write_text("\n".join(["[[waive]]", f'id = "{row_id}"', *more]) + "\n", encoding="utf-8")


def test_waived_as_a_gate_finds_them() -> None:
    """Rows waived in the file that a gate reads are left out; expired waivers don't count."""
    first, *rest = asked()

    waive("doubt-waivers.toml", first)
    assert asked()[:2] == rest
    waive("doubt-waivers.toml", first, "until = 2026-11-20")
    assert asked() == [first, *rest]
    Path("doubt.toml").write_text('[gate]\nwaivers = "keep.toml"\n', encoding="utf-8")
    waive("keep.toml", first)
    assert asked()[:2] == rest


def test_waived_in_a_file_that_is_named() -> None:
    """A file that is named replaces the one of the gate; one that does not exist is an error."""
    first, second, third = asked()
    waive("doubt-waivers.toml", first)
    waive("mine.toml", second)

    assert asked(replace(REQUEST, waivers="mine.toml"))[:2] == [first, third]
    with pytest.raises(InputError) as error:
        asked(replace(REQUEST, waivers="none.toml"))
    assert error.value.where == "none.toml"


def test_waived_for_a_file_of_which_a_backup_is_read() -> None:
    """Waivers for the data are for its backup, too."""
    first, *rest = asked()
    Path("data.csv").rename("data.csv.bak")
    waive("doubt-waivers.toml", first, 'file = "data.csv"')

    assert asked()[:2] == rest


def test_standard_output(folder: Path, sentences: Sentences) -> None:
    """A queue can't go to standard output, and a folder is not called "-" by mistake."""
    with pytest.raises(SettingsError) as error:
        write_queue(replace(REQUEST, output="-"), today=TODAY)
    assert error.value.where == "-o -"
    sentences.check(error.value)
    assert "-" not in names(folder)

    write_queue(replace(REQUEST, output="./-"), today=TODAY)
    assert "queue.csv" in names(folder / "-")


FILES = {"tasks.json": b"[]", ".hidden/settings.json": b"{}"}


@pytest.mark.parametrize(
    ("audit", "place"),
    [
        ("data.doubt", "data.queue"),
        ("a/b.doubt", "a/b.queue"),
        ("audit", "audit.queue"),
        ("/x/y.doubt/", "/x/y.queue"),
    ],
)
def test_default_place(audit: str, place: str) -> None:
    """The default place of a queue is beside its audit."""
    assert default_queue_folder(Path(audit)) == Path(place)


def test_default_place_of_the_folder_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the audit's folder the place is still beside it, as a relative path."""
    (tmp_path / "data.doubt" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "data.doubt")

    assert default_queue_folder(Path()) == Path("../data.queue")
    assert default_queue_folder(tmp_path / "data.doubt" / "sub" / "..") == tmp_path / "data.queue"
    monkeypatch.chdir("sub")
    assert default_queue_folder(Path("..")) == Path("../../data.queue")


@pytest.mark.parametrize(
    "held", [None, {}, FILES, {"tasks.json": b"[]"}], ids=["missing", "empty", "same", "some of the same"]
)
def test_free(tmp_path: Path, held: dict[str, bytes] | None) -> None:
    """A folder that is missing or empty, or has exactly this queue, may be written to."""
    folder = tmp_path / "queue"
    if held is not None:
        fill(folder, held)

    check_queue_folder(folder, FILES)


@pytest.mark.parametrize(
    "held",
    [{"tasks.json": b"[1]"}, {"notes.txt": b""}, {".hidden/settings.json": b"[]"}],
    ids=["other content", "other file", "hidden file"],
)
def test_what_is_in_the_way(tmp_path: Path, sentences: Sentences, held: dict[str, bytes]) -> None:
    """The error names the file that is in the way; with force it may be written over."""
    fill(tmp_path, held)

    with pytest.raises(OutputError) as error:
        check_queue_folder(tmp_path, FILES)

    assert set(held) <= set(error.value.found.split())
    sentences.check(error.value)
    check_queue_folder(tmp_path, FILES, force=True)


def test_file_in_the_way(tmp_path: Path) -> None:
    """A file is never replaced by a folder."""
    path = tmp_path / "queue"
    path.touch()

    with pytest.raises(OutputError) as error:
        check_queue_folder(path, FILES, force=True)
    assert error.value.where == str(path)


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


# ------------------------------------------------------------------- a spot check


@pytest.fixture(scope="module")
def spot_checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of which 48 of 240 labels are wrong, its audit, and a spot check that is decided.

    All rows of the queue are decided that were drawn, 12 of them.
    """
    folder = tmp_path_factory.mktemp("spot")
    kinds = [("fruit", FRUIT), ("tool", TOOLS)] * 120
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        rows = [
            f"{n},{words[n % 5]} and {words[n // 5 % 5]} n{n},{OTHER[kind] if n % 5 == 0 else kind}"
            for n, (kind, words) in enumerate(kinds)
        ]
        Path("data.csv").write_text("\n".join(["id,text,label", *rows]) + "\n", encoding="utf-8")
        found, table = scan.make_audit(SPOT_SETTINGS, progress=Silence())
        queue = write_scan_queue(found, table)
        write_audit(found, Path("data.doubt"), queue_csv=queue, report_html="<!doctype html>")
        write_queue(QueueRequest("data.doubt", QueueChoice({"spot-check": 100}, size=12), "csv"), today=TODAY)
        read = list(csv.DictReader(io.StringIO(Path("data.queue/queue.csv").read_text(encoding="utf-8"))))
        for row in read:
            if ", drawn " in row["doubt_stratum"]:
                row["verdict"] = "fruit" if row["text"].split()[0] in FRUIT else "tool"
        with Path("verdicts.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(read[0]))
            writer.writeheader()
            writer.writerows(read)
    return folder


FRUIT, TOOLS = ("pear", "plum", "apple", "fig", "lime"), ("saw", "axe", "rasp", "file", "awl")
OTHER = {"fruit": "tool", "tool": "fruit"}
SPOT_SETTINGS = ScanSettings(path="data.csv", fast=True, folds=2, repeats=1, label="label", id="id")


def test_flags(spot_checked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts on a spot check bound how many labels of its queue are wrong; they measure no noise rate."""
    monkeypatch.chdir(spot_checked)
    rows = list(csv.DictReader(io.StringIO(Path("verdicts.csv").read_text(encoding="utf-8"))))

    found, _ = scan.make_audit(replace(SPOT_SETTINGS, verdicts="verdicts.csv"), progress=Silence())

    checked = [row for row in rows if row["verdict"]]
    n_wrong = sum(row["verdict"] != row["given_label"] for row in checked)
    assert found.flags is not None
    assert (found.flags.n_flagged, found.flags.n_checked) == (len(rows), 12)
    assert found.flags.n_wrong == n_wrong
    assert n_wrong <= found.flags.at_least_wrong[len(rows)] <= 48
    assert not found.noise_rate.is_measured


def test_accepted_suggestions(spot_checked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suggestions of the same queue are accepted where the verdicts vouch for them, and can be undone."""
    monkeypatch.chdir(shutil.copytree(spot_checked, tmp_path / "accept"))
    before = Path("data.csv").read_bytes()
    request = ApplyRequest("data.csv", ("verdicts.csv",), OutputOptions(in_place=True), at_least=0.5)

    done = correct_labels(request, now=dt.datetime(2026, 11, 21, tzinfo=dt.UTC), progress=Silence())

    assert done.acceptance is not None
    assert done.acceptance.n_accepted > 0
    assert done.batch is not None
    assert Path("data.csv").read_bytes() != before
    undo_batch("data.csv", OutputOptions(in_place=True), now=dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    assert Path("data.csv").read_bytes() == before
