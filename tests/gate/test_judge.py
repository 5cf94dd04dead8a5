from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.errors import InputError
from doubtcli.gate.baseline.section import make_section
from doubtcli.gate.judge import (
    PriorKnowledge,
    find_conflicts,
    find_contradicted,
    find_doubted,
    find_unlabelled,
    judge_file,
)
from doubtcli.gate.result import Change
from doubtcli.records import ClassCount, DoubtTable
from doubtcli.settings import GateSettings, Limit
from doubtcli.store.describe import DOUBT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import AuditDocument


def row(
    row_id: str, row: int, row_hash: str, label: str | None = "ham", doubt: float | None = 0.1
) -> dict[str, Any]:
    """A row of `doubts.parquet`."""
    return {
        "row_id": row_id,
        "row": row,
        "row_hash": row_hash,
        "given_label": label,
        "suggested_label": None if doubt is None else "spam",
        "doubt": doubt,
        "doubted": doubt is not None and doubt >= 0.5,
        "tier": {0.9: "doubted", 0.6: "doubted", 0.2: "contradicted"}.get(doubt or 0.0),
        "reasons": ["low-self-confidence", "outlier"] if doubt == 0.9 else [],
        "why": "models give spam 0.90" if doubt == 0.9 else "",
    }


ROWS = [
    row("a", 4, "h1", "ham", 0.9),
    row("b", 2, "h2", "spam", 0.6),
    row("c", 1, "h1", "spam", 0.2),
    row("d", 3, "h2", "spam", 0.1),
    row("e", 6, "h3", "ham", 0.1),
    row("u", 5, "h3", None, None),
]


def table(rows: list[dict[str, Any]] = ROWS) -> DoubtTable:
    """`doubts.parquet` of these rows."""
    return DoubtTable(pa.Table.from_pylist(rows, pa.schema(DOUBT_COLUMNS)))


def test_doubted() -> None:
    """Doubted rows come most doubted first, each under its strongest reason, or under none."""
    first, second = find_doubted(table(), "a.csv")

    assert (first.row_id, first.row, first.given_label, first.suggested_label) == ("a", 4, "ham", "spam")
    assert (first.doubt, first.why) == (0.9, "models give spam 0.90")
    assert (first.rule, first.reasons) == ("low-self-confidence", ("low-self-confidence", "outlier"))
    assert (second.row_id, second.rule, second.reasons) == ("b", "doubted", ())


def test_contradicted() -> None:
    """Contradicted rows are reported under a rule of their own; doubted ones are not among them."""
    (found,) = find_contradicted(table(), "a.csv")

    assert (found.row_id, found.rule, found.tier, found.doubt) == ("c", "contradicted", "contradicted", 0.2)


def test_conflicts() -> None:
    """Rows of one content with different labels are in conflict; with equal labels, or none, they are not."""
    found = find_conflicts(table(), "a.csv")

    assert [(one.row_id, one.row, one.rule) for one in found] == [
        ("c", 1, "label-conflict"),
        ("a", 4, "label-conflict"),
    ]


def test_a_conflict_can_be_waived_by_its_reason() -> None:
    """A conflict has the reason that finds conflicts, so that a waiver can name it."""
    assert {one.reasons for one in find_conflicts(table(), "a.csv")} == {("duplicate-conflict",)}


def test_unlabelled() -> None:
    """Rows without a label are found."""
    (found,) = find_unlabelled(table(), "a.csv")

    assert (found.row_id, found.rule, found.given_label, found.doubt) == ("u", "unlabelled", None, None)


class TestFingerprints:
    """How a CI system recognises a finding."""

    def test_form(self) -> None:
        """A fingerprint is 16 hexadecimal digits, and a row that is doubted and in conflict has two."""
        doubted = {one.row_id: one.fingerprint for one in find_doubted(table(), "a.csv")}
        conflicts = {one.row_id: one.fingerprint for one in find_conflicts(table(), "a.csv")}

        assert len(doubted["a"]) == 16
        assert set(doubted["a"]) <= set("0123456789abcdef")
        assert doubted["a"] != conflicts["a"]

    def test_place_does_not_matter(self) -> None:
        """It stays the same when the row moves in the file, and when other rows are added or removed."""
        moved = [{**ROWS[0], "row": 77}, row("new", 1, "h9", "ham", 0.9)]

        before = find_doubted(table(), "a.csv")[0]

        assert find_doubted(table(moved), "a.csv")[0].fingerprint == before.fingerprint

    @pytest.mark.parametrize("change", [{"row_hash": "h8"}, {"given_label": "eggs"}])
    def test_content_and_label_matter(self, change: dict[str, str]) -> None:
        """It changes with the row's content, with its label, and with the file."""
        before = find_doubted(table(), "a.csv")[0].fingerprint

        assert find_doubted(table([ROWS[0] | change]), "a.csv")[0].fingerprint != before
        assert find_doubted(table(), "b.csv")[0].fingerprint != before

    def test_equal_rows(self) -> None:
        """Equal rows with equal labels have one each, in any order."""
        two = [row("h.2", 1, "h", "ham", 0.9), row("h", 2, "h", "ham", 0.9)]
        swapped = [{**two[0], "row": 2}, {**two[1], "row": 1}]

        prints = {one.row_id: one.fingerprint for one in find_doubted(table(two), "a.csv")}
        after = {one.row_id: one.fingerprint for one in find_doubted(table(swapped), "a.csv")}

        assert len({*prints.values()}) == 2
        assert after == prints


@pytest.mark.parametrize(("known_row", "changes"), [("h9", [Change.NEW]), ("h3", [])])
def test_a_rare_label(
    a_document: Callable[..., AuditDocument], known_row: str, changes: list[Change]
) -> None:
    """A row with a label that too few rows have is new, unless the baseline has the row."""
    rare = a_document(classes=(ClassCount("ham", "ham", 2, 0),))
    section = make_section("a.csv", "b.json", rare, table([ROWS[4] | {"row_hash": known_row}]))
    known = PriorKnowledge((), "", dt.date(2026, 11, 21), section, "b.json")
    settings = GateSettings(max_new=Limit(0, is_share=False))

    found, _ = judge_file(rare, table([ROWS[4]]), "a.csv", settings, known)

    assert [one.change for one in found.findings] == changes
    assert found.passed is not bool(changes)


def test_an_old_audit() -> None:
    """An audit without hashes of its rows can't be gated."""
    old = table([row | {"row_hash": None} for row in ROWS])

    for find in (find_doubted, find_conflicts, find_unlabelled):
        with pytest.raises(InputError) as caught:
            find(old, "a.csv")
        assert caught.value.hint
