from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.cli.main import run
from doubtcli.pipelines.review import ReviewRequest, open_review
from doubtcli.progress import Silence
from doubtcli.settings import ScanSettings
from doubtcli.tools.verdict_lines import is_verdict_file

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.review.desk import Desk

FLAGS = ("--label", "intent", "--id", "ticket_id", "--fast", "--isolated")


def read_cells(path: Path) -> list[list[str]]:
    """All cells of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> tuple[Path, Desk]:
    """A folder with the tickets, their audit, and verdicts on the first 20 rows: ten kept, ten corrected."""
    folder = tmp_path_factory.mktemp("reviewed")
    data = folder / "tickets.csv"
    shutil.copy(pytestconfig.rootpath / "fixtures" / "tickets.csv", data)
    settings = ScanSettings(path=str(data), label="intent", id="ticket_id", fast=True)
    desk = open_review(ReviewRequest(settings, "ana"), progress=Silence())
    rows = desk.session.audit.ranking.queue[:20].tolist()
    desk.decide("keep", rows[:10], "keep")
    desk.decide("accept", rows[10:], "accept")
    return data, desk


def test_review_scans_first(reviewed: tuple[Path, Desk]) -> None:
    """A file without an audit is scanned, and its audit is beside it as after a scan."""
    data, _ = reviewed

    assert {path.name for path in (data.parent / "tickets.doubt").iterdir()} >= {"audit.json", "queue.csv"}


def test_apply(reviewed: tuple[Path, Desk], tmp_path: Path) -> None:
    """`doubt apply` takes the folder of verdicts, and writes the labels that were chosen."""
    data, desk = reviewed
    output, waivers = tmp_path / "new.csv", tmp_path / "waivers.toml"

    verdicts = ["--verdicts", str(desk.session.journal.folder), "--waivers", str(waivers)]

    code = run(["apply", str(data), *verdicts, "-o", str(output), "-q"])

    before, after = ({row[0]: row[5] for row in read_cells(path)} for path in (data, output))
    changed = {row_id: label for row_id, label in after.items() if label != before[row_id]}
    said = desk.session.verdicts
    assert code == 0
    assert changed == {row_id: one.label for row_id, one in said.items() if one.label != before[row_id]}
    assert waivers.read_text(encoding="utf-8").count("[[waive]]") == 10


def test_scan_with_verdicts(reviewed: tuple[Path, Desk], tmp_path: Path) -> None:
    """`doubt scan --verdicts` takes the folder, and counts what was kept and corrected."""
    data, desk = reviewed
    audit = tmp_path / "again.doubt"
    flags = ["--verdicts", str(desk.session.journal.folder), "-o", str(audit), "-q", *FLAGS]

    code = run(["scan", str(data), *flags])

    counts = json.loads((audit / "audit.json").read_text(encoding="utf-8"))["verdicts"]
    assert code == 0
    assert (counts["kept"], counts["corrected"]) == (10, 10)


def test_gate_with_verdicts(reviewed: tuple[Path, Desk], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A gate that is given the folder waives the doubted rows that people kept, and no others."""
    data, desk = reviewed
    flags = ["--max-doubted", "0", "--waivers", str(desk.session.journal.folder), "--output-format", "json"]

    run(["gate", str(data.parent / "tickets.doubt"), *flags, "--isolated"])

    (file,) = json.loads(capsysbinary.readouterr().out)["files"]
    waived = {one["row_id"] for one in file["findings"] if one.get("waiver")}
    audit = desk.session.audit
    doubted = {audit.examples.row_ids[row] for row in np.flatnonzero(audit.ranking.doubted)}
    kept = {audit.examples.row_ids[row] for row in np.flatnonzero(desk.session.states == 1)}
    assert waived == kept & doubted
    assert waived


def test_gate_with_one_file(
    reviewed: tuple[Path, Desk], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A gate takes one file of verdicts as their folder, also elsewhere, and says how to waive more rows."""
    data, desk = reviewed
    file = shutil.copy(desk.session.journal.path, tmp_path / "ana.jsonl")
    flags = ["--max-doubted", "0", "--isolated"]

    waived = []
    for source in (file, desk.session.journal.folder):
        run(
            [
                "gate",
                str(data.parent / "tickets.doubt"),
                *flags,
                "--waivers",
                str(source),
                "--output-format",
                "json",
            ]
        )
        (found,) = json.loads(capsysbinary.readouterr().out)["files"]
        waived.append({one["row_id"] for one in found["findings"] if one.get("waiver")})
    run(["gate", str(data.parent / "tickets.doubt"), *flags, "--waivers", str(file)])

    said = capsysbinary.readouterr().out.decode()
    assert waived[0] == waived[1] != set()
    assert "keep it in a review, and give the gate its folder" in " ".join(said.split())


@pytest.mark.parametrize("content", ["", "{}\n", '[[waive]]\nid = "1"\n'])
def test_other_files_are_no_verdicts(tmp_path: Path, content: str) -> None:
    """A file that is not of verdicts is not taken for one, even with their ending."""
    path = tmp_path / "waivers.jsonl"
    path.write_text(content, encoding="utf-8")

    assert not is_verdict_file(str(path))
    assert not is_verdict_file(str(tmp_path))


def test_changed_row_is_not_waived(
    reviewed: tuple[Path, Desk], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A verdict does not waive a row whose content has changed since, though it has its id and label."""
    data, desk = reviewed
    audit = desk.session.audit
    row = int(np.flatnonzero((desk.session.states == 1) & audit.ranking.doubted)[0])
    row_id = audit.examples.row_ids[row]
    changed = tmp_path / "tickets.csv"
    rows = read_cells(data)
    for cells in rows:
        if cells[0] == row_id:
            cells[2] += " (edited)"
    with changed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    flags = ["--max-doubted", "0", "--waivers", str(desk.session.journal.folder), "--output-format", "json"]

    run(["gate", str(changed), *flags, *FLAGS])

    document = json.loads(capsysbinary.readouterr().out)
    waived = {one["row_id"] for one in document["files"][0]["findings"] if one.get("waiver")}
    assert row_id not in waived
    assert waived


@pytest.mark.parametrize("others", [(), (".DS_Store", "about.json")])
def test_folder_of_downloads(
    reviewed: tuple[Path, Desk], tmp_path: Path, others: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of any name that has verdicts only is one of verdicts."""
    data, desk = reviewed
    folder = tmp_path / "from ana"
    folder.mkdir()
    (own,) = desk.session.journal.folder.glob("*.jsonl")
    shutil.copy(own, folder / "ana-20261201-101500.jsonl")
    for name in others:
        (folder / name).write_text("{}", encoding="utf-8")

    code = run(["apply", str(data), "--verdicts", str(folder), "--dry-run"])

    assert code == 0
    assert "would change: 10 labels" in capsys.readouterr().out


def test_folder_with_other_files(
    reviewed: tuple[Path, Desk], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with verdicts and other files is refused, and it is said what is expected."""
    data, desk = reviewed
    (own,) = desk.session.journal.folder.glob("*.jsonl")
    shutil.copy(own, tmp_path / "ana.jsonl")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")

    code = run(["apply", str(data), "--verdicts", str(tmp_path), "--dry-run"])

    said = capsys.readouterr().err
    assert code == 2
    assert "the folder has verdicts of `doubt review` in it, and other files, too" in said
    assert "a folder with verdicts only, or one whose name ends in .verdicts" in said
