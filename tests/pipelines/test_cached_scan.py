"""A scan that uses what earlier scans kept finds what a fresh one finds."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from doubtcli.evidence import graph
from doubtcli.features import blocks
from doubtcli.pipelines.scan import make_audit
from doubtcli.predict import crossfit
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store import audit_key, describe_audit, tabulate_doubts
from doubtcli.store.cache import list_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = {
    "fruit": ("apple", "pear", "cherry", "plum", "peach", "quince"),
    "tool": ("hammer", "saw", "chisel", "plane", "rasp", "awl"),
}
N_ROWS = 108
QUICK: dict[str, Any] = {"folds": 2, "threads": 1}

Rows = list[dict[str, str]]


@pytest.fixture(autouse=True, scope="module")
def few_trees() -> Iterator[None]:
    """Ten trees are enough for two kinds that are far apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("doubtcli.predict.table_models._VOTES", 6)
        yield


def rows_of(seed: int = 0) -> Rows:
    """Texts and numbers of two kinds, a few of them twice, and a few with the other label."""
    chance = random.Random(seed)
    rows = []
    for number in range(N_ROWS):
        kind = ("fruit", "tool")[number % 2]
        words = " ".join(chance.choice(WORDS[kind]) for _ in range(4))
        label = kind if chance.random() > 0.08 else ("tool", "fruit")[number % 2]
        size = chance.gauss(3 if kind == "fruit" else 5, 1)
        row = {"text": f"the {words} of {number}", "size": f"{size:.3f}", "label": label}
        rows.append(rows[-4] | {"label": label} if number > 4 and chance.random() < 0.1 else row)
    return [{"id": f"r{number:03}"} | row for number, row in enumerate(rows)]


def write_rows(name: str, rows: Rows) -> str:
    """A CSV file with these rows."""
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return name


def outputs(*, cache: bool, **changes: Any) -> tuple[object, ...]:
    """All that a scan would write, but for its timings."""
    found, table = make_audit(
        ScanSettings(path="rows.csv", **{**QUICK, **changes}), progress=Silence(), cache=cache
    )
    found = replace(found, timings={})
    queue = write_scan_queue(found, table, changes.get("queue_size"))
    return describe_audit(found), tabulate_doubts(found).data, queue, render_html(found)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a labelled file."""
    monkeypatch.chdir(tmp_path)
    write_rows("rows.csv", rows_of())
    return tmp_path


CHANGES: list[dict[str, Any]] = [
    {},
    {"skip": ("outlier",)},
    {"skip": ("neighbor-disagreement",)},
    {"reasons": ("low-self-confidence", "confident-learning", "duplicate-conflict")},
    {"queue_size": 4},
    {"audit_sample": 10},
    {"stop_below": 0.3},
    {"seed": 1},
    {"fast": True},
    {"repeats": 1},
    {"folds": 3},
    {"ignore": ("size",)},
    {"group": "size"},
]


@st.composite
def scans(draw: st.DrawFn) -> tuple[dict[str, Any], dict[int, str], str]:
    """Settings, other labels of a few rows, and whether these are in the file or are verdicts."""
    rows = draw(st.lists(st.integers(0, N_ROWS - 1), max_size=4, unique=True))
    where = draw(st.sampled_from(["file", "verdicts"]))
    known = ["fruit", "tool", "weed"] if where == "file" else ["fruit", "tool"]
    return draw(st.sampled_from(CHANGES)), {row: draw(st.sampled_from(known)) for row in rows}, where


@settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],  # a scan takes a while: a failing example is not made smaller
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(scans(), min_size=1, max_size=2))
def test_cached_is_equal_to_fresh(changed: list[tuple[dict[str, Any], dict[int, str], str]]) -> None:
    """With other settings, other labels in the file, or verdicts, after any other scan."""
    for some_settings, labels, where in changed:
        rows, change = rows_of(), dict(some_settings)
        if where == "file":
            rows = [row | {"label": labels.get(number, row["label"])} for number, row in enumerate(rows)]
        elif labels:
            verdicts = [{"doubt_id": rows[row]["id"], "verdict": label} for row, label in labels.items()]
            change["verdicts"] = write_rows("verdicts.csv", verdicts)
        write_rows("rows.csv", rows)

        assert outputs(cache=True, **change) == outputs(cache=False, **change)


class Calls:
    """Counts how often functions are called."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch, self.counts = patch, dict[str, int]()

    def watch(self, module: Any, name: str) -> None:
        """Count the calls of a module's function."""
        function = getattr(module, name)
        self.counts[name] = 0

        def counted(*given: Any, **named: Any) -> Any:
            self.counts[name] += 1
            return function(*given, **named)

        self._patch.setattr(module, name, counted)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Counts of the work that a scan does."""
    from doubtcli.evidence import duplicates, neighbors

    found = Calls(monkeypatch)
    found.watch(blocks, "build_features")
    found.watch(duplicates, "find_duplicates")
    found.watch(neighbors, "find_neighbors")
    found.watch(crossfit, "cross_fit")
    return found


class TestNothingTwice:
    """What a second scan does not do again."""

    @pytest.mark.parametrize(
        "change",
        [{"queue_size": 3}, {"stop_below": 0.2}, {"skip": ("outlier", "ambiguous")}, {"audit_sample": 10}],
        ids=str,
    )
    def test_other_reasons_and_limits(self, change: dict[str, Any], calls: Calls) -> None:
        """With other reasons or limits no feature is made, and no model fitted."""
        outputs(cache=True)
        first = dict(calls.counts)

        outputs(cache=True, **change)

        assert first == {"build_features": 1, "find_duplicates": 1, "find_neighbors": 1, "cross_fit": 2}
        assert calls.counts == first

    def test_other_labels(self, calls: Calls) -> None:
        """With a changed label models are fitted again, but neighbours and duplicates stay."""
        outputs(cache=True)
        first = dict(calls.counts)
        rows = rows_of()
        write_rows(
            "rows.csv", [rows[0] | {"label": "fruit" if rows[0]["label"] == "tool" else "tool"}, *rows[1:]]
        )

        outputs(cache=True)

        again = {name: count - first[name] for name, count in calls.counts.items()}
        assert (again["find_duplicates"], again["find_neighbors"], again["cross_fit"]) == (0, 0, 2)

    def test_other_inputs(self, calls: Calls) -> None:
        """With one other text everything is made again."""
        outputs(cache=True)
        first = dict(calls.counts)
        rows = rows_of()
        write_rows("rows.csv", [rows[0] | {"text": "another text about pears"}, *rows[1:]])

        outputs(cache=True)

        assert calls.counts == {name: 2 * count for name, count in first.items()}

    def test_without_the_cache(self, calls: Calls) -> None:
        """Nothing is kept or used."""
        outputs(cache=False)
        first = dict(calls.counts)

        outputs(cache=False)

        assert calls.counts == {name: 2 * count for name, count in first.items()}
        assert list_kept() == []

    def test_another_version(self, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
        """What another version of the program kept is not used."""
        outputs(cache=True)
        first = dict(calls.counts)
        monkeypatch.setattr(audit_key, "identify_program", lambda: "another")

        outputs(cache=True)

        assert calls.counts == {name: 2 * count for name, count in first.items()}

    def test_damaged(self, calls: Calls) -> None:
        """What is damaged is made again, with the same result."""
        before = outputs(cache=True)
        first = dict(calls.counts)
        for entry in list_kept():
            content = entry.path.read_bytes()
            entry.path.write_bytes(content[:-40] + b"x" * 40)

        assert outputs(cache=True) == before
        assert calls.counts == {name: 2 * count for name, count in first.items()}


def test_features_of_another_package_are_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code may change under the same version: with such a block, no scan keeps anything."""
    from doubtcli.store import cache

    known = cache.find_installed
    monkeypatch.setattr(
        cache, "find_installed", lambda *which: [replace(one, is_ours=False) for one in known(*which)]
    )

    outputs(cache=True)

    assert list_kept() == []


def test_a_provider_that_is_kept_reads_only_the_settings_that_it_names() -> None:
    """The key has no others."""
    (duplicates,) = (one for one in graph.load_providers() if one.name == "duplicates")

    selected = duplicates.select_settings(ScanSettings(path="rows.csv", folds=3))

    assert vars(selected) == {"folds": 3}


def test_two_at_once(folder: Path) -> None:
    """Two scans of one file at the same time write what one alone writes."""
    flags = ["rows.csv", "--folds", "2", "--fast", "--threads", "1", "--quiet"]
    running = [
        subprocess.Popen([sys.executable, "-m", "doubtcli", "scan", *flags, "-o", name], env=os.environ)
        for name in ("one.doubt", "two.doubt")
    ]
    codes = [one.wait() for one in running]
    alone = [*flags, "-o", "alone.doubt", "--no-cache"]
    subprocess.run([sys.executable, "-m", "doubtcli", "scan", *alone], check=True)

    assert codes == [0, 0]
    for name in ("doubts.parquet", "queue.csv"):
        (content,) = {(folder / f"{one}.doubt" / name).read_bytes() for one in ("one", "two", "alone")}
        assert content
