"""A task of another package: numbers as labels, in a scan, its report, a queue, and the verdicts."""

from __future__ import annotations

import ast
import csv
import io
import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from jsonschema import validate
from rich.console import Console

from doubtcli.cli import main
from doubtcli.errors import SettingsError
from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.report.page import render_html
from doubtcli.report.terminal import print_found
from doubtcli.settings import ScanSettings
from doubtcli.store import describe_audit, render_document, write_audit
from doubtcli.store.audit_key import make_audit_key
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.records import ScanResult

PACKAGE = Path(str(files("doubtcli")))

NUMBERS = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict

from doubtcli.records import Labels, Need, NoiseEstimate, NoiseRate, Skill, Suggestions


def parse_number(text):
    try:
        return text if np.isfinite(float(text)) else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Residuals:
    """The number that a ridge regression predicts, which never saw the row."""

    makes: ClassVar = {
        name: Need("Shape `(n_rows,)`.", "the labels are not numbers", source="models", axes=("rows",))
        for name in ("given_numbers", "predicted_numbers")
    }
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, examples, given_labels, training_labels):
        if examples.are_classes:
            return {}
        numbers = np.array([float(name) for name in examples.class_names])
        names = examples.columns_of("numeric")
        columns = np.column_stack([examples.inputs[name].to_numpy() for name in names])
        predicted = cross_val_predict(Ridge(), columns, numbers[training_labels], cv=5)
        return {"given_numbers": numbers[given_labels], "predicted_numbers": predicted}


@dataclass(frozen=True)
class FarFromPrediction:
    """Far from what is predicted.

    **Why doubt.** The other columns predict another number.
    **How it is scored.** By the residual in typical residuals; five of them are a half.
    **When it misleads.** Where the relation is not linear.
    **Source.** None.
    """

    name = "far-from-prediction"
    because = "it is far from what the other columns predict"

    def score(self, given_numbers, predicted_numbers):
        off = np.abs(given_numbers - predicted_numbers)
        return off / (off + 5 * np.median(off))


class Numbers:
    name = "numbers"
    why_nothing_is_planted = "nothing is planted in numbers yet"

    def parse_labels(self, table, column, *, to_judge=True):
        texts = table.data.column(column).to_pylist()
        names = tuple(sorted({text for text in texts if text}, key=float))
        code = {name: number for number, name in enumerate(names)}
        codes = np.array([code.get(text, -1) for text in texts], dtype=np.intp)
        return Labels(codes, names, names, are_classes=False, parse_other=parse_number)

    def pool_opinions(self, evidence, sources):
        return [np.asarray(evidence["predicted_numbers"])] if "models" in sources else []

    def measure_skill(self, opinions, evidence, predictions, seed):
        explained = np.corrcoef(opinions[0], evidence["given_numbers"])[0, 1] ** 2
        return Skill(True, f"predictions explain {explained:.0%} of the variance", None, None, 0.0, None)

    def find_judgeable(self, evidence, together):
        return np.ones(len(together), dtype=bool)

    def explain_unjudged(self, judgeable, evidence, class_names):
        return []

    def estimate_noise(self, opinions, evidence, together, seed):
        rate = NoiseRate(assessable=False, why="nobody has measured it for numbers")
        return NoiseEstimate(rate, curve_rate=0.0)

    def contradict(self, opinion, evidence):
        off = np.abs(evidence["given_numbers"] - opinion)
        return (off / np.median(off) / 2) ** 2 / 2

    def find_contradicted(self, opinion, evidence):
        return self.contradict(opinion, evidence) > 3

    def limit_doubt(self, evidence):
        return np.full(len(evidence["given_numbers"]), np.inf)

    def plant(self, evidence, opinion, judgeable, seed):
        raise NotImplementedError

    def suggest(self, evidence, opinion, doubt, judgeable, n_labels):
        rows = np.flatnonzero(doubt >= 0.5)
        labels = np.array(evidence.given_labels)
        labels[rows] = n_labels + np.arange(len(rows))
        further = tuple(f"{opinion[row]:.1f}" for row in rows)
        return Suggestions(labels, np.where(doubt >= 0.5, doubt, 1 - doubt), further)
'''
ENTRY_POINTS = """
[doubtcli.tasks]
numbers = doubt_numbers:Numbers
[doubtcli.evidence]
residuals = doubt_numbers:Residuals
[doubtcli.reasons]
far-from-prediction = doubt_numbers:FarFromPrediction
"""
N_ROWS = 200
OFF = (7, 31, 64, 120, 188)
"""Rows, from 0, whose number is 40 too high."""


def write_prices(path: Path) -> None:
    """Flats whose price depends on two columns, except for five of them."""
    rng = np.random.default_rng(0)
    size, age = rng.uniform(20, 120, N_ROWS), rng.uniform(0, 50, N_ROWS)
    price = 3 * size - age + rng.normal(0, 1, N_ROWS)
    price[list(OFF)] += 40
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "size", "age", "price"])
        for number, row in enumerate(zip(size, age, price, strict=True), start=1):
            writer.writerow([f"f{number:03}", *(f"{value:.2f}" for value in row)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with prices, while the package with the task is installed."""
    folder = tmp_path_factory.mktemp("numbers")
    info = folder / "site" / "doubt_numbers-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubt-numbers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "site" / "doubt_numbers.py").write_text(NUMBERS)
    write_prices(folder / "prices.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "site"))
        patch.chdir(folder)
        yield folder
    sys.modules.pop("doubt_numbers", None)


@pytest.fixture(scope="module")
def audit(folder: Path) -> ScanResult:  # noqa: ARG001  # it is where the prices are
    """The audit of the prices as numbers, written next to them."""
    settings = ScanSettings(path="prices.csv", label="price", id="id")
    found, table = make_audit(settings, progress=Silence(), task=find_task("numbers"))
    queue = write_scan_queue(found, table)
    write_audit(found, Path("prices.doubt"), queue_csv=queue, report_html=render_html(found))
    return found


def read_rows(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text)))


class TestScan:
    """Numbers that are far from the prediction are doubted."""

    def test_numbers_that_are_off_come_first(self, audit: ScanResult) -> None:
        """The five wrong prices are the five most doubted rows, and no other row is doubted."""
        assert sorted(audit.ranking.order[:5].tolist()) == list(OFF)
        assert np.flatnonzero(audit.ranking.doubted).tolist() == list(OFF)

    def test_suggestions_are_near_the_truth(self, audit: ScanResult) -> None:
        """The suggested numbers are within 5 of the right ones."""
        names = audit.label_names
        for row in OFF:
            given, suggested = audit.examples.given_labels[row], audit.ranking.suggested_labels[row]
            assert abs(float(names[suggested]) - (float(names[given]) - 40)) < 5

    def test_reasons_about_classes_are_skipped(self, audit: ScanResult) -> None:
        """There are no models that predict classes."""
        assert "low-self-confidence" in {skipped.name for skipped in audit.skipped}
        assert {reason.name for reason in audit.reasons} == {"far-from-prediction", "outlier"}

    def test_the_document_keeps_its_schema(self, audit: ScanResult) -> None:
        """`audit.json` names the task, and lists no classes."""
        document = json.loads(render_document(describe_audit(audit)))
        schema = json.loads((PACKAGE / "store" / "audit.schema.json").read_text(encoding="utf-8"))

        validate(document, schema)
        assert (document["task"], document["classes"], document["confusions"]) == ("numbers", [], [])

    def test_an_audit_of_another_task_has_another_key(self, audit: ScanResult) -> None:
        """So the audit of the same file as classes is not mistaken for it."""
        settings = ScanSettings(path="prices.csv", label="price", id="id")

        assert audit.audit_key == make_audit_key(settings, audit.source.sha256, {}, "numbers")
        assert audit.audit_key != make_audit_key(settings, audit.source.sha256, {})

    def test_the_report_shows_numbers(self, audit: ScanResult) -> None:
        """The report on the terminal has the number of the first row and its suggestion."""
        console = Console(file=io.StringIO(), width=100)
        print_found(console, audit, folder=Path("prices.doubt"), top=1)
        first = audit.ranking.order[0]

        printed = console.file.getvalue()  # type: ignore[attr-defined]
        assert audit.label_names[audit.examples.given_labels[first]] in printed
        assert audit.label_names[audit.ranking.suggested_labels[first]] in printed
        assert "5 of 200" in printed


@pytest.mark.usefixtures("audit")
class TestRelabel:
    """Numbers are handed out to people, and their verdicts are read back."""

    def test_a_queue_suggests_numbers(self, folder: Path) -> None:
        """`doubt queue` writes the five rows, each with its own suggested number."""
        assert main.run(["queue", "prices.doubt", "--size", "5", "--to", "csv", "-o", "queue"]) == 0
        rows = read_rows((folder / "queue" / "queue.csv").read_text(encoding="utf-8"))

        assert {row["doubt_id"] for row in rows} == {f"f{row + 1:03}" for row in OFF}
        assert all(float(row["doubt_suggested"]) != float(row["given_label"]) for row in rows)

    def test_a_tool_without_choices_is_refused(self) -> None:
        """An annotation tool that lets people choose a label can't ask for a number."""
        assert main.run(["queue", "prices.doubt", "--to", "label-studio", "-o", "no-queue"]) == 2
        assert not Path("no-queue").exists()

    def test_a_new_number_is_applied_and_undone(self, folder: Path) -> None:
        """A number that no row has is written into that cell alone; undoing it gives the same bytes."""
        before = (folder / "prices.csv").read_bytes()
        (folder / "done.csv").write_text("doubt_id,verdict\nf008,123.45\n")

        assert main.run(["apply", "prices.csv", "--verdicts", "done.csv", "-o", "fixed.csv"]) == 0
        assert main.run(["undo", "fixed.csv", "-o", "undone.csv"]) == 0
        old, new = (read_rows(path.read_text()) for path in (folder / "prices.csv", folder / "fixed.csv"))
        assert [row for row, other in zip(new, old, strict=True) if row != other] == [
            {**old[7], "price": "123.45"}
        ]
        assert (folder / "undone.csv").read_bytes() == before

    def test_a_verdict_that_is_not_a_number_is_not_applied(self, folder: Path) -> None:
        """A word changes nothing, and a run that can use no verdict ends with 2."""
        (folder / "words.csv").write_text("doubt_id,verdict\nf008,cheap\n")

        assert main.run(["apply", "prices.csv", "--verdicts", "words.csv", "-o", "same.csv"]) == 2
        assert not (folder / "same.csv").exists()

    def test_a_scan_learns_from_new_numbers(self, folder: Path) -> None:
        """A row with a new number from a person is not doubted any more, and models learn this number."""
        (folder / "learned.csv").write_text("doubt_id,verdict\nf008,123.45\n")
        settings = ScanSettings(path="prices.csv", label="price", id="id", verdicts="learned.csv")

        again, _ = make_audit(settings, progress=Silence(), task=find_task("numbers"))

        assert again.ranking.doubted.sum() == 4
        assert again.label_names[again.examples.training_labels[7]] == "123.45"


def test_an_unknown_task() -> None:
    """If a task is not installed, the error lists the tasks that are."""
    with pytest.raises(SettingsError) as error:
        find_task("tokens")

    assert "'classification'" in str(error.value.expected)


def test_no_module_depends_on_the_name_of_a_task() -> None:
    """No module compares a task, or its name, with anything."""
    comparing = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any("task" in ast.unparse(side).split(".")[-1] for side in (node.left, *node.comparators))
        and path.parent.name != "tasks"
    ]

    assert comparing == []
