from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.gate.result import Finding, LapsedWaiver, Waiver
from doubtcli.gate.waivers.apply import (
    AppliedWaivers,
    UnusedCause,
    UnusedWaiver,
    apply_waivers,
    explain_unused,
    find_ids_of_today,
    find_lapsed_waivers,
    find_waived_rows,
)
from doubtcli.records import DoubtTable
from doubtcli.store.describe import DOUBT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import Sentences

TODAY = dt.date(2026, 11, 21)
YESTERDAY = dt.date(2026, 11, 20)


def finding(**changes: Any) -> Finding:
    """Row "a", doubted for two reasons; with changes."""
    fields: dict[str, Any] = {
        "row_id": "a",
        "row": 1,
        "fingerprint": "f",
        "given_label": "spam",
        "suggested_label": "ham",
        "doubt": 0.9,
        "reasons": ("low-self-confidence", "outlier"),
        "why": "because",
        "rule": "low-self-confidence",
    }
    return Finding(**(fields | changes))


def applied(
    waivers: Sequence[Waiver],
    findings: Sequence[Finding],
    *,
    waivers_path: str = "w.toml",
    data_path: str = "data.csv",
) -> AppliedWaivers:
    """These findings, which are all rows of the file, after the waivers were applied."""
    rows = [{"row_id": one.row_id, "given_label": one.given_label} for one in findings]
    return apply_waivers(
        waivers,
        findings,
        DoubtTable(pa.Table.from_pylist(rows, schema=pa.schema(DOUBT_COLUMNS))),
        waivers_path=waivers_path,
        data_path=data_path,
        today=TODAY,
    )


def labelled(*rows: tuple[str, str | None]) -> DoubtTable:
    """`doubts.parquet` of rows with these ids and labels, the last row of the file first."""
    table = [
        {"row_id": row_id, "given_label": label, "row": len(rows) - place}
        for place, (row_id, label) in enumerate(rows)
    ]
    return DoubtTable(pa.Table.from_pylist(table, schema=pa.schema(DOUBT_COLUMNS)))


def find_applied(waivers: Sequence[Waiver], one: Finding) -> int | None:
    """The number of the waiver that waives this one finding."""
    waiver = applied(waivers, [one]).findings[0].waiver
    return waiver.number if waiver else None


class TestApplies:
    """When a waiver applies."""

    @pytest.mark.parametrize(
        ("waiver", "expected"),
        [
            (Waiver("a", 1), 1),
            (Waiver("b", 1), None),
            (Waiver("a", 1, label="spam"), 1),
            (Waiver("a", 1, label="ham"), None),
            (Waiver("a", 1, until=TODAY), 1),
            (Waiver("a", 1, until=YESTERDAY), None),
            (Waiver("a", 1, files=("data.csv",)), 1),
            (Waiver("a", 1, files=("other.csv",)), None),
            (Waiver("a", 1, files=("other.csv", "data.csv")), 1),
        ],
        ids=[
            "row",
            "another row",
            "label",
            "another label",
            "last day",
            "day after",
            "file",
            "another file",
            "one of its files",
        ],
    )
    def test_of_a_row(self, waiver: Waiver, expected: int | None) -> None:
        """It applies to its row, label and file, until the end of its last day."""
        assert find_applied([waiver], finding()) == expected

    def test_id_of_an_earlier_version(self) -> None:
        """It applies to its row also by the id that an earlier version of doubt gave the row."""
        rows = [
            {"row_id": name, "given_label": "spam", "row": row, "row_hash": "n1", "earlier_hashes": ["o1"]}
            for row, name in enumerate(["n1", "n1.2"], 1)
        ]
        doubts = DoubtTable(pa.Table.from_pylist(rows, schema=pa.schema(DOUBT_COLUMNS)))
        place = {"waivers_path": "w.toml", "data_path": "data.csv", "today": TODAY}

        judged = apply_waivers([Waiver("o1.2", 7)], [finding(row_id="n1.2")], doubts, **place)

        assert judged.findings[0].waiver == Waiver("n1.2", 7)
        assert judged.unused == {}
        assert find_waived_rows([Waiver("o1.2", 7)], doubts, **place) == {2}

    def test_name_by_content(self) -> None:
        """It applies to a row that was named by its content, and has an id of the user's now."""
        rows = [
            {"row_id": name, "given_label": label, "row": row, "row_hash": "c1"}
            for row, (name, label) in enumerate([("T1", "spam"), ("T2", None), ("T3", "ham")], 1)
        ]
        doubts = DoubtTable(pa.Table.from_pylist(rows, schema=pa.schema(DOUBT_COLUMNS)))

        names = find_ids_of_today({"c1", "c1.2", "c1.3", "c1.4", "T1"}, doubts)

        assert names == {"c1": "T3", "c1.2": "T1", "c1.3": "T2"}

    def test_name_in_the_baseline(self) -> None:
        """It applies to a row also by the id that the row has in the baseline."""
        now, then = labelled(("h1", "spam"), ("h2", "ham")), labelled(("T1", "spam"), ("T2", "ham"))
        place = {"waivers_path": "w.toml", "data_path": "data.csv", "today": TODAY}

        judged = apply_waivers([Waiver("T2", 7)], [finding(row_id="h2")], now, then, **place)

        assert judged.findings[0].waiver == Waiver("h2", 7)

    def test_file_beside_the_waivers(self, tmp_path: Path) -> None:
        """Its file is relative to the folder of the waivers file, however the path of the data is written."""
        waivers = [Waiver("a", 1, files=("../data/train.csv",))]

        judged = applied(
            waivers,
            [finding()],
            waivers_path=str(tmp_path / "ci" / "w.toml"),
            data_path=str(tmp_path / "data" / "." / "train.csv"),
        )

        assert judged.findings[0].waiver is waivers[0]

    @pytest.mark.parametrize("rule", ["label-conflict", "unlabelled", "doubted"])
    def test_without_reasons(self, rule: str) -> None:
        """Findings that are not reported under a single reason need a waiver without reasons."""
        one = finding(reasons=(), rule=rule)

        assert find_applied([Waiver("a", 1)], one) == 1
        assert find_applied([Waiver("a", 1, reasons=("outlier",))], one) is None

    def test_row_without_a_label(self) -> None:
        """A waiver for a label does not apply to a row without a label."""
        one = finding(given_label=None, reasons=(), rule="unlabelled")

        assert find_applied([Waiver("a", 1, label="spam")], one) is None

    def test_first_of_two(self) -> None:
        """Of several waivers that apply, the row gets the first that names no reason; all count as used."""
        waivers = [Waiver("a", 1, reasons=("outlier",)), Waiver("a", 2, label="spam"), Waiver("a", 3)]

        judged = applied(waivers, [finding()])

        assert judged.findings[0].waiver is waivers[1]
        assert judged.unused == {}

    def test_two_findings_on_a_row(self) -> None:
        """Two findings on one row are both waived."""
        judged = applied([Waiver("a", 1)], [finding(), finding(rule="label-conflict", reasons=())])

        assert [one.waiver is not None for one in judged.findings] == [True, True]

    def test_a_waived_finding_keeps_its_reasons(self) -> None:
        """The reasons of a waived row can still be shown."""
        (waived,) = applied([Waiver("a", 1)], [finding()]).findings

        assert waived == finding(waiver=Waiver("a", 1))


class TestReasons:
    """Waivers that name reasons."""

    def test_some(self) -> None:
        """A reason is removed; the finding is reported under the strongest reason that is left."""
        (judged,) = applied([Waiver("a", 1, reasons=("low-self-confidence",))], [finding()]).findings

        assert judged == finding(reasons=("outlier",), rule="outlier")

    def test_all(self) -> None:
        """If no reason is left the row is waived, and keeps its reasons for the record."""
        waiver = Waiver("a", 1, reasons=("outlier", "low-self-confidence", "ambiguous"))

        assert applied([waiver], [finding()]).findings == (finding(waiver=waiver),)

    def test_all_by_two(self) -> None:
        """Two waivers may remove one reason each."""
        waivers = [Waiver("a", 1, reasons=("outlier",)), Waiver("a", 2, reasons=("low-self-confidence",))]

        judged = applied(waivers, [finding()])

        assert judged.findings == (finding(waiver=waivers[0]),)
        assert judged.unused == {}

    def test_none_of_them(self) -> None:
        """A waiver for reasons that don't doubt the row changes nothing, and counts as unused."""
        judged = applied([Waiver("a", 1, reasons=("ambiguous",))], [finding()])

        assert judged.findings == (finding(),)
        assert list(judged.unused) == [1]

    def test_of_another_rule(self) -> None:
        """A conflict stays a conflict when one of its reasons is removed."""
        one = finding(rule="label-conflict")

        (judged,) = applied([Waiver("a", 1, reasons=("outlier",))], [one]).findings

        assert judged == finding(rule="label-conflict", reasons=("low-self-confidence",))


class TestLapsed:
    """Waivers that applied to no row of any file."""

    def lapsed(self, waivers: Sequence[Waiver], *files: AppliedWaivers) -> dict[int, str]:
        """Why each of them did not apply, by number."""
        assert all(isinstance(one, LapsedWaiver) for one in find_lapsed_waivers(waivers, files))
        return {one.waiver.number: one.why for one in find_lapsed_waivers(waivers, files)}

    def test_applied(self) -> None:
        """One that applied is not among them."""
        waivers = [Waiver("a", 1)]

        assert self.lapsed(waivers, applied(waivers, [finding()])) == {}

    def test_applied_somewhere(self) -> None:
        """One that applied in one of two files is not among them."""
        waivers = [Waiver("a", 1)]
        files = (applied(waivers, []), applied(waivers, [finding()]))

        assert self.lapsed(waivers, *files) == self.lapsed(waivers, *files[::-1]) == {}

    def test_expired(self, sentences: Sentences) -> None:
        """One that has expired shows when, whether its row exists or not."""
        waivers = [Waiver("a", 1, until=YESTERDAY), Waiver("gone", 2, until=YESTERDAY)]

        lapsed = self.lapsed(waivers, applied(waivers, [finding()]))

        assert lapsed[1] == lapsed[2]
        assert "2026-11-20" in lapsed[1]
        sentences.check(lapsed[1])

    def test_the_most_important_reason(self) -> None:
        """Over several files the most important reason is shown: here the row's new label."""
        waivers = [Waiver("a", 1, label="spam")]
        files = (applied(waivers, []), applied(waivers, [finding(given_label="ham")]))

        assert "'ham'" in self.lapsed(waivers, *files)[1]

    def test_no_such_file(self, tmp_path: Path, sentences: Sentences) -> None:
        """One for a file that does not exist says so."""
        waivers = [Waiver("a", 1, files=("other.csv",))]

        judged = applied(waivers, [finding()], waivers_path=str(tmp_path / "w.toml"))

        assert judged.unused[1].cause is UnusedCause.NO_FILE
        sentences.check(self.lapsed(waivers, judged)[1])

    def test_file_that_was_not_judged(self, tmp_path: Path) -> None:
        """One for files of which one exists and was not checked is left out, although it has expired."""
        (tmp_path / "other.csv").write_text("")
        waivers = [
            Waiver("a", 1, files=("gone.csv", "other.csv")),
            Waiver("a", 2, files=("other.csv",), until=YESTERDAY),
        ]

        judged = applied(waivers, [finding()], waivers_path=str(tmp_path / "w.toml"))

        assert self.lapsed(waivers, judged) == {}

    def test_no_files(self) -> None:
        """If no file was checked, no waiver is reported."""
        assert self.lapsed([Waiver("a", 1)]) == {}


class TestWaivedRows:
    """Which rows of a file are waived for all reasons, whether they are doubted or not."""

    @pytest.mark.parametrize(
        ("waiver", "expected"),
        [
            (Waiver("a", 1), {3, 1}),
            (Waiver("a", 1, label="spam"), {3}),
            (Waiver("a", 1, label="ham"), {1}),
            (Waiver("a", 1, label="eggs"), set()),
            (Waiver("c", 1), set()),
            (Waiver("b", 1, reasons=("outlier",)), set()),
            (Waiver("b", 1, until=TODAY), {2}),
            (Waiver("b", 1, until=YESTERDAY), set()),
            (Waiver("b", 1, files=("../data.csv",)), {2}),
            (Waiver("b", 1, files=("data.csv",)), set()),
        ],
        ids=str,
    )
    def test_applies(self, waiver: Waiver, expected: set[int]) -> None:
        """One applies to its id, its label, its days and its files; one that names reasons to none."""
        doubts = labelled(("a", "spam"), ("b", None), ("a", "ham"))

        rows = find_waived_rows(
            [waiver], doubts, waivers_path="conf/w.toml", data_path="data.csv", today=TODAY
        )

        assert rows == expected

    def test_any_of_several(self) -> None:
        """Of several waivers of a row it is enough that one applies."""
        doubts = labelled(("a", "spam"))
        waivers = [Waiver("a", 1, label="ham"), Waiver("a", 2, label="spam")]

        assert find_waived_rows(waivers, doubts, waivers_path="w", data_path="d", today=TODAY) == {1}
        assert find_waived_rows([], doubts, waivers_path="w", data_path="d", today=TODAY) == set()


LABELS = {"a": "spam", "b": "ham", "none": None, "Row-017": "ham", "00112233445566ff": "ham", "7": "ham"}


def doubted_finding(row_id: str) -> Finding:
    """A doubted row."""
    return Finding(row_id, 1, "f", "spam", "ham", 0.9, ("outlier",), "because", "outlier")


def why_unused(row_id: str, *, doubted_ids: Sequence[str] = (), **changes: Any) -> UnusedWaiver:
    """Why a waiver on a row does not apply."""
    rows = DoubtTable(pa.table({"row_id": list(LABELS), "given_label": list(LABELS.values())}))
    return explain_unused(
        [Waiver(row_id, 7, **changes)], [doubted_finding(one) for one in doubted_ids], rows
    )[7]


def test_no_unused() -> None:
    """Without unused waivers there is nothing to explain."""
    assert explain_unused([], [], DoubtTable(pa.table({"row_id": [], "given_label": []}))) == {}


def test_other_label(sentences: Sentences) -> None:
    """If the row has another label now, that label is shown."""
    unused = why_unused("b", label="spam")

    assert unused.cause is UnusedCause.CHANGED
    assert "'ham'" in unused.why
    sentences.check(unused.why)


def test_no_label(sentences: Sentences) -> None:
    """If the row has no label now, that is shown."""
    unused = why_unused("none", label="spam")

    assert unused.cause is UnusedCause.CHANGED
    sentences.check(unused.why)


@pytest.mark.parametrize("label", [None, "ham"])
def test_not_doubted(label: str | None, sentences: Sentences) -> None:
    """A row that is not doubted needs no waiver."""
    unused = why_unused("b", label=label)

    assert unused.cause is UnusedCause.NOT_NEEDED
    sentences.check(unused.why)


def test_reasons_that_do_not_doubt_the_row(sentences: Sentences) -> None:
    """A doubted row needs no waiver for reasons that raise no doubt about it."""
    unused = why_unused("a", doubted_ids=["a"], reasons=("ambiguous",))

    assert unused.cause is UnusedCause.NOT_NEEDED
    sentences.check(unused.why)


def test_reasons_on_a_row_that_is_not_doubted() -> None:
    """A waiver with reasons is not needed either on a row that is not doubted."""
    assert why_unused("a", reasons=("ambiguous",)) == why_unused("a")


@pytest.mark.parametrize(
    ("row_id", "near"),
    [
        ("row-017", "Row-017"),
        ("Row-17", "Row-017"),
        ("Row-071", "Row-017"),
        ("00112233445566ff.2", "00112233445566ff"),
        ("00112233445566fe", "00112233445566ff"),
    ],
    ids=["case", "missing digit", "swapped digits", "number among equals", "last digit"],
)
def test_near_id(row_id: str, near: str) -> None:
    """For an id that no row has, the nearest one that begins or ends like it is suggested."""
    unused = why_unused(row_id)

    assert unused.cause is UnusedCause.NO_ROW
    assert f"did you mean '{near}'?" in unused.why


@pytest.mark.parametrize("row_id", ["zzzzzz", "q", "x" * 300])
def test_no_near_id(row_id: str, sentences: Sentences) -> None:
    """Where none is near, none is suggested."""
    unused = why_unused(row_id)

    assert unused.cause is UnusedCause.NO_ROW
    sentences.check(unused.why)


def test_few_are_suggested() -> None:
    """A near id is looked for only for the first twenty unknown ids, because each search takes time."""
    rows = DoubtTable(pa.table({"row_id": ["row-100"], "given_label": ["ham"]}))

    unused = explain_unused([Waiver(f"row-1{n:02}", n) for n in range(1, 31)], [], rows)

    assert [n for n, one in unused.items() if "'row-100'" in one.why] == list(range(1, 21))


def test_two_rows_of_one_id() -> None:
    """If several rows have the id, a label that one of them has fits."""
    rows = DoubtTable(pa.table({"row_id": ["a", "a"], "given_label": ["ham", "spam"]}))

    assert explain_unused([Waiver("a", 1, label="spam")], [], rows)[1].cause is UnusedCause.NOT_NEEDED
