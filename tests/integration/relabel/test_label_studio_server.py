"""A real Label Studio server (label-studio 1.23.2): import a queue, decide, and export the answers."""

from __future__ import annotations

import csv
import json
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.relabel.conftest import Data, Person, Project

pytestmark = pytest.mark.integration

KINDS = ["JSON", "JSON_MIN", "CSV"]
ANA, BEN = "1", "2"
"""The names of people in exports: numbers in the order in which they signed up."""


@dataclass(frozen=True)
class Decided:
    """A queue of tickets, some of them decided."""

    data: Data
    queue: Path
    project: Project
    changed: dict[str, tuple[str, list[str], str]]
    """The rows that must change: the new label, who chose it, and why."""
    kept: str
    """The row whose given label was chosen."""
    skipped: str
    disputed: str
    """The row on which the two chose different labels."""


@pytest.fixture(scope="module")
def decided(tickets: Data, people: tuple[Person, Person]) -> Decided:
    """People answer eight of ten tasks in the server, each in a different way."""
    (ana, ben), queue = people, tickets.queue("label-studio", "--size", "10")
    project = ana.project(queue)
    task = list(project.tasks)
    given, suggested = (
        [one["data"][key] for one in project.tasks.values()] for key in ("given_label", "doubt_suggested")
    )
    third = [another(*labels) for labels in zip(given, suggested, strict=True)]

    project.accept(task[0], ana)
    project.choose(task[1], given[1], ana, 'It "is"\nso, I think.')
    project.choose(task[2], third[2], ben, "neither")
    project.skip(task[3], ana)
    project.accept(task[4], ana)
    project.choose(task[4], suggested[4], ben)
    project.accept(task[5], ana)
    project.choose(task[5], third[5], ben)
    project.change(project.choose(task[6], third[6], ana), suggested[6], ana)
    project.skip(task[7], ana)
    project.accept(task[7], ben)
    changed = {
        task[0]: (suggested[0], [ANA], ""),
        task[2]: (third[2], [BEN], "neither"),
        task[4]: (suggested[4], [ANA, BEN], ""),
        task[6]: (suggested[6], [ANA], ""),
        task[7]: (suggested[7], [BEN], ""),
    }
    return Decided(tickets, queue, project, changed, kept=task[1], skipped=task[3], disputed=task[5])


def another(*labels: str) -> str:
    """A label of the tickets other than these."""
    return next(name for name in ("billing", "delivery", "refund") if name not in labels)


@dataclass(frozen=True)
class Applied:
    """The result of `doubt apply` with an export."""

    output: str
    waivers: Path
    result: dict[str, Any]


@pytest.fixture(scope="module", params=KINDS)
def applied(request: pytest.FixtureRequest, decided: Decided) -> Applied:
    """An export of each kind, applied."""
    name = str(request.param).lower()
    export = decided.project.export(request.param, decided.data.shell.folder)
    files = ["--output", f"{name}.csv", "--waivers", f"{name}.toml"]
    printed = decided.data.doubt(
        "apply", decided.data.name, "--verdicts", export, *files, "--output-format", "json"
    )
    return Applied(f"{name}.csv", decided.data.shell.folder / f"{name}.toml", json.loads(printed))


def test_tasks(decided: Decided) -> None:
    """All tasks are imported in order, with all their data and suggestions."""
    sent = json.loads((decided.queue / "tasks.json").read_bytes())
    arrived = list(decided.project.tasks.values())

    assert len(sent) == 10
    assert [task["data"] for task in arrived] == [task["data"] for task in sent]
    assert [[made["result"] for made in task["predictions"]] for task in arrived] == [
        [made["result"] for made in task["predictions"]] for task in sent
    ]


def test_order(decided: Decided, people: tuple[Person, Person]) -> None:
    """The server shows the most doubted row that is left."""
    shown = people[0].ask("GET", f"/api/projects/{decided.project.number}/next")

    assert shown["data"]["doubt_id"] == list(decided.project.tasks)[8]


def test_cells(decided: Decided, applied: Applied) -> None:
    """Exactly the labels that people changed differ; all other bytes are those of the input."""
    folder = decided.data.shell.folder
    expected = (folder / decided.data.name).read_bytes()
    for row_id, (label, _, _) in decided.changed.items():
        row = decided.data.rows()[row_id]
        old, new = (f"{row['opened_at']},{one},".encode() for one in (row["intent"], label))
        assert expected.count(old) == 1
        expected = expected.replace(old, new)

    assert (folder / applied.output).read_bytes() == expected


def test_ledger(decided: Decided, applied: Applied) -> None:
    """The ledger has who changed what, why, and in which tool; `doubt log` prints it."""
    rows = decided.data.rows()

    lines = json.loads(decided.data.doubt("log", applied.output, "--output-format", "json"))

    assert {line["tool"] for line in lines} == {"label-studio"}
    assert all(line["when"].endswith("Z") for line in lines)
    assert {line["row_id"]: (line["old"], line["new"], line["who"], line["why"]) for line in lines} == {
        row_id: (rows[row_id]["intent"], *change) for row_id, change in decided.changed.items()
    }


def test_kept_label(decided: Decided, applied: Applied) -> None:
    """Only the doubted label that a person kept gets a waiver."""
    [waiver] = tomllib.loads(applied.waivers.read_text(encoding="utf-8"))["waive"]

    assert (waiver["id"], waiver["label"]) == (decided.kept, decided.data.rows()[decided.kept]["intent"])
    assert waiver["why"].startswith(f"{ANA} kept its label (label-studio, ")
    assert waiver["why"].endswith('): It "is"\nso, I think.')


def test_undecided_rows(decided: Decided, applied: Applied) -> None:
    """A row on which two people disagree is reported and not changed, and so is a skipped one."""
    found = {(one["kind"], one["row_id"]) for one in applied.result["not_applied"]}

    assert found - {("undecided", decided.skipped)} == {("conflict", decided.disputed)}


def test_skipped(decided: Decided) -> None:
    """JSON has the skipped task; with all tasks, also those that nobody opened."""
    name = decided.project.export("JSON", decided.data.shell.folder, download_all_tasks="true")

    printed = decided.data.doubt(
        "apply", decided.data.name, "--verdicts", name, "--dry-run", "--output-format", "json"
    )

    found = {one["row_id"]: one["why"] for one in json.loads(printed)["not_applied"]}
    left = list(decided.project.tasks)[8:]
    assert set(found) == {decided.skipped, decided.disputed, *left}
    assert found[decided.skipped] == "skipped"


def test_undo(decided: Decided, applied: Applied) -> None:
    """The changes can be undone, byte for byte."""
    back = f"back-{applied.output}"

    decided.data.doubt("undo", applied.output, "--output", back)

    folder = decided.data.shell.folder
    assert (folder / back).read_bytes() == (folder / decided.data.name).read_bytes()


# ------------------------------------------------------- values that are hard to export

OWN_NAMES = ["id", "text", "label", "note", "annotator", "annotation_id", "lead_time", "created_at"]
"""Columns with the names that the server uses in its exports."""
HARD = [
    *("1", "NA", 'a, "b"; c', '["x", "y"]', '{"choices": ["x"]}', "$given_label", "{{text}}"),
    *("<b>&amp;</b>", " a space before", "two\nlines", "#a#", "\u202e\u05e9\u05dc\u05d5\u05dd \U0001f388"),
]


@pytest.fixture(scope="module")
def hard(scanned: Callable[..., Data], tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Five rows of each label that is hard to export; lines end with CR and LF."""
    path = tmp_path_factory.mktemp("hard") / "hard.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(OWN_NAMES)
        for number in range(5 * len(HARD)):
            kind = number % len(HARD)
            text = f"word{kind} word{kind} again, number {number}"
            table.writerow([f"r{number:02}", text, HARD[kind], "a note", "zoe", "x1", "7", "2026-01-01"])
    own = ",".join(OWN_NAMES[3:])
    return scanned(path, label="label", arguments=("--id", "id", "--text", "text", "--ignore", own, "--fast"))


@pytest.fixture(scope="module")
def hard_project(hard: Data, people: tuple[Person, Person]) -> tuple[Project, dict[str, str]]:
    """A project in which one row of each label got the next label, and the chosen labels."""
    project = people[0].project(hard.queue("label-studio", "--size", str(len(hard.rows()))))
    chosen = {f"r{number:02}": label for number, label in enumerate([*HARD[1:], HARD[0]])}
    for row_id, label in chosen.items():
        project.choose(row_id, label, people[0])
    return project, chosen


@pytest.mark.parametrize("kind", KINDS)
def test_hard_labels(hard: Data, hard_project: tuple[Project, dict[str, str]], kind: str) -> None:
    """Labels that look like markup, JSON or nothing come back unchanged, with columns of any name."""
    project, chosen = hard_project

    export = project.export(kind, hard.shell.folder)
    hard.doubt("apply", hard.name, "--verdicts", export, "--output", f"{kind}.csv")

    assert hard.rows(f"{kind}.csv") == hard.relabelled(chosen)
