"""A verdict on a row that stands for equal rows decides all of them, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records import Examples, Labels, RowSnapshot, Settled, UnappliedKind
from doubtcli.records.answers import Answer
from doubtcli.verdicts.corrections import make_lenient_terms, settle_answers
from doubtcli.verdicts.examples import judge_examples
from doubtcli.verdicts.rows import VerdictRows
from doubtcli.verdicts.spelling import Spellings

LABELS = Spellings({"ham": "ham", "spam": "spam"})
NAMED = (
    RowSnapshot("a", 1, "ham", "h1", entry=1),
    RowSnapshot("b", 2, "ham", "h1", entry=1),
    RowSnapshot("c", 3, "spam", "h1", entry=2),
    RowSnapshot("d", 4, "ham", "h1", entry=1),
    RowSnapshot("e", 5, "ham", "h2", entry=3),
)
"""Rows with ids of the user's: a, b and d are equal."""
HASHED = (
    RowSnapshot("f1", 1, "ham", "f1", entry=1),
    RowSnapshot("f1.2", 2, "ham", "f1", entry=1),
    RowSnapshot("f1.3", 3, "ham", "f1", entry=1),
    RowSnapshot("f1.4", 4, "spam", "f1", entry=2),
)
"""Rows whose ids are hashes: the first three are equal."""


def make_answer(row_id: str, verdict: str = "", equal: int = 1, **more: Any) -> Answer:
    """An answer on a row that stands for so many rows."""
    fields = {"given_label": "ham", "file": "v.csv"} | more
    return Answer(1, row_id, verdict, equal_rows=equal, **fields)


def settle(
    *answers: Answer,
    audited: tuple[RowSnapshot, ...] = NAMED,
    now: tuple[RowSnapshot, ...] | None = None,
    spread: bool = False,
) -> Settled:
    """What these answers decide."""
    rows = VerdictRows.of(audited if now is None else now, LABELS, audited=audited)
    return settle_answers(answers, rows, make_lenient_terms(), spread=spread)


def decided(found: Settled) -> dict[str, str | None]:
    """The verdict on each decided row."""
    return {one.row_id: one.verdict for one in found.decisions}


class TestDecided:
    """What a verdict decides."""

    def test_all_equal_rows(self) -> None:
        """All equal rows are decided; those that nobody looked at name the row that was looked at."""
        found = settle(make_answer("b", "spam", 3, annotator="ana"))

        assert [(one.row_id, one.row, one.verdict, one.spread_from) for one in found.decisions] == [
            ("a", 1, "spam", "b"),
            ("b", 2, "spam", ""),
            ("d", 4, "spam", "b"),
        ]
        assert {one.annotators for one in found.decisions} == {("ana",)}
        assert found.unapplied == found.offered == ()

    def test_counted(self, sentences: Any) -> None:
        """A note says how many rows the verdicts decide."""
        sentences.check("\n".join(settle(make_answer("b", "spam", 3)).notes))

    def test_a_kept_label(self) -> None:
        """A label that is kept is kept on all equal rows."""
        assert [one.keeps for one in settle(make_answer("a", "ham", 3)).decisions] == [True] * 3

    def test_unusable(self) -> None:
        """If no label fits one of them, none fits the others."""
        assert [one.unusable for one in settle(make_answer("a", status="unusable", equal=3)).decisions] == [
            True,
            True,
            True,
        ]

    @pytest.mark.parametrize("equal", [1, 0])
    def test_a_row_for_itself(self, equal: int) -> None:
        """A row that stands for itself is decided alone; its equal rows are offered."""
        found = settle(make_answer("a", "spam", equal))

        assert decided(found) == {"a": "spam"}
        assert [one.row_id for one in found.offered] == ["b", "d"]
        assert decided(settle(make_answer("a", "spam", equal), spread=True)) == dict.fromkeys("abd", "spam")

    def test_a_row_with_its_own_answer(self) -> None:
        """A row of the random sample, which has a line of its own, is decided by that line alone."""
        own = make_answer("b", "ham", stratum="1 of 1 (5 rows)", inclusion="0.2")

        assert decided(settle(make_answer("a", "spam", 2), own)) == {"a": "spam", "b": "ham", "d": "spam"}
        skipped = replace(own, verdict="", status="skipped")
        assert decided(settle(make_answer("a", "spam", 2), skipped)) == {"a": "spam", "d": "spam"}

    def test_an_audit_of_an_earlier_version(self) -> None:
        """Where an audit doesn't know which rows are equal, a row is decided alone."""
        rows = tuple(replace(row, entry=None) for row in NAMED)

        assert decided(settle(make_answer("a", "spam", 3), audited=rows)) == {"a": "spam"}


class TestProblems:
    """Verdicts that can't be used on all or some of the rows."""

    def test_an_edited_row(self) -> None:
        """A row that was edited since is not decided and reported; the others are decided."""
        now = tuple(replace(row, row_hash="other") if row.row_id == "b" else row for row in NAMED)

        found = settle(make_answer("a", "spam", 3), now=now)

        assert decided(found) == {"a": "spam", "d": "spam"}
        assert [(one.kind, one.row_id) for one in found.unapplied] == [(UnappliedKind.CHANGED, "b")]

    def test_the_row_that_was_seen_is_edited(self) -> None:
        """If that is the row that people looked at, the others are decided all the same."""
        now = tuple(replace(row, row_hash="other") if row.row_id == "a" else row for row in NAMED)

        found = settle(make_answer("a", "spam", 3), now=now)

        assert decided(found) == {"b": "spam", "d": "spam"}
        assert [one.row_id for one in found.unapplied] == ["a"]

    def test_another_label_since(self) -> None:
        """A row that got another label since is reported, and one that has the chosen label is done."""
        now = (
            replace(NAMED[0], given_label="spam"),
            *NAMED[1:3],
            replace(NAMED[3], given_label=None),
            NAMED[4],
        )

        found = settle(make_answer("a", "spam", 3), now=now)

        assert decided(found) == {"b": "spam"}
        assert {one.row_id: one.kind for one in found.unapplied} == {
            "a": UnappliedKind.ALREADY,
            "d": UnappliedKind.CHANGED,
        }

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (make_answer("a", "eggs", 3), UnappliedKind.NEW_LABEL),
            (make_answer("a", "", 3), UnappliedKind.UNDECIDED),
            (make_answer("a", "spam", 3, given_label="spam"), UnappliedKind.CHANGED),
        ],
    )
    def test_reported_once(self, answer: Answer, kind: UnappliedKind) -> None:
        """A verdict that can't be used is reported once, with the number of its rows."""
        [one] = settle(answer).unapplied

        assert (one.kind, one.row_id, one.equal_rows, one.n_rows, one.n_verdicts) == (kind, "a", 3, 3, 1)

    def test_people_disagree(self) -> None:
        """Two people who contradict each other decide on none of the rows."""
        answers = (
            make_answer("a", "spam", 3, annotator="ana"),
            make_answer("a", "ham", 3, annotator="bob"),
        )

        found = settle(*answers)

        assert found.decisions == ()
        assert [(one.kind, one.equal_rows) for one in found.unapplied] == [(UnappliedKind.CONFLICT, 3)]

    def test_people_disagree_in_two_queues(self) -> None:
        """That is so, too, if two queues show different ones of the equal rows."""
        answers = (
            make_answer("a", "spam", 3, annotator="ana"),
            make_answer("d", "ham", 3, annotator="bob", file="w.csv"),
        )

        assert settle(*answers).decisions == ()

    def test_a_contradiction_on_one_row(self) -> None:
        """If another file has one of the rows alone, only that row is in conflict."""
        answers = (make_answer("a", "spam", 3), make_answer("b", "ham", file="w.csv"))

        assert decided(settle(*answers)) == {"a": "spam", "d": "spam"}

    def test_the_newest_answer_counts(self) -> None:
        """A person's newest answer counts, whichever of the equal rows it was given on."""
        answers = (
            make_answer("a", "spam", 3, annotator="ana", time="2026-01-02T00:00:00Z"),
            make_answer("d", "ham", 3, annotator="ana", time="2026-01-01T00:00:00Z", file="w.csv"),
        )

        assert decided(settle(*answers)) == dict.fromkeys("abd", "spam")


class TestHashedIds:
    """Rows whose ids are hashes change their ids when others are edited."""

    @pytest.mark.parametrize("lost", [0, 1, 2])
    def test_a_lost_row(self, lost: int) -> None:
        """If one of the rows is gone or was edited, the others are decided, and one is reported."""
        left = [row for row in HASHED if row.row != lost + 1]
        now = tuple(replace(row, row_id=name.row_id) for row, name in zip(left, HASHED, strict=False))

        found = settle(make_answer("f1", "spam", 3), audited=HASHED, now=now)

        assert sorted(one.row for one in found.decisions) == [
            row.row for row in left if row.given_label == "ham"
        ]
        assert [(one.kind, one.n_rows) for one in found.unapplied] == [(UnappliedKind.CHANGED, 1)]

    def test_an_added_row(self) -> None:
        """If an equal row was added since, as many are decided as there were."""
        added = RowSnapshot("f1.4", 5, "ham", "f1")
        now = (*HASHED[:3], added, replace(HASHED[3], row_id="f1.5"))

        found = settle(make_answer("f1", "spam", 3), audited=HASHED, now=now)

        assert [one.row for one in found.decisions] == [1, 2, 3]

    def test_not_all_are_decided(self) -> None:
        """If only some of them were decided, it can't be known which ones are left."""
        own = make_answer("f1.2", "ham", stratum="1 of 1 (5 rows)", inclusion="0.2")

        found = settle(make_answer("f1", "spam", 2), own, audited=HASHED, now=(HASHED[0], HASHED[3]))

        assert found.decisions == ()

    def test_swapped_labels(self) -> None:
        """Rows that may have got their label by these very verdicts are not changed once more."""
        audited = (*HASHED, RowSnapshot("f1.5", 5, "spam", "f1", entry=2))
        answers = (make_answer("f1", "spam", 3), make_answer("f1.4", "ham", 2, given_label="spam"))
        swapped = [
            ("f1", 4, "ham"),
            ("f1.2", 5, "ham"),
            ("f1.3", 1, "spam"),
            ("f1.4", 2, "spam"),
            ("f1.5", 3, "spam"),
        ]
        now = tuple(RowSnapshot(*row, "f1") for row in swapped)

        assert settle(*answers, audited=audited, now=now).decisions == ()


EXAMPLES = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.array([0, 1, 2, 3]),
    given_labels=np.array([0, 0, 1, 0]),
    class_names=("ham", "spam"),
    inputs=pa.table({}),
    row_hashes=("h1", "h1", "h2", "h1"),
    equal_inputs=np.array([0, 0, 1, 0]),
)


class TestScan:
    """The verdicts that a scan takes, without the audit of the queue."""

    def judge(self, *answers: Answer, rows: Examples = EXAMPLES) -> Any:
        """The verdicts on four rows, of which the first two and the last are equal."""
        labels = Labels(np.array([0, 0, 1, 0]), ("ham", "spam"), ("ham", "spam"))
        return judge_examples(answers, "v.csv", rows, labels, "data.csv")

    def test_equal_rows(self) -> None:
        """All equal rows have the verdict; of which people saw only an equal one is known."""
        found = self.judge(make_answer("b", "spam", 3, seen_hash="h1"))

        assert found.codes.tolist() == [1, 1, -1, 1]
        assert found.from_equal.tolist() == [True, False, False, True]

    @pytest.mark.parametrize("changed", [0, 1])
    def test_a_changed_row(self, changed: int, sentences: Any) -> None:
        """A row that has changed since has no verdict, and a note counts it, also if people saw that row."""
        hashes = tuple("other" if row == changed else name for row, name in enumerate(EXAMPLES.row_hashes))
        equal = np.array([9 if row == changed else number for row, number in enumerate([0, 0, 1, 0])])
        rows = replace(EXAMPLES, row_hashes=hashes, equal_inputs=equal)

        found = self.judge(make_answer("a", "spam", 3, seen_hash="h1"), rows=rows)

        assert found.codes.tolist() == [
            -1 if row == changed else code for row, code in enumerate([1, 1, -1, 1])
        ]
        sentences.check("\n".join(found.notes))

    def test_corrected_since(self) -> None:
        """Rows that got the chosen label since are kept."""
        rows = replace(EXAMPLES, given_labels=np.array([1, 1, 1, 1]))

        assert self.judge(make_answer("a", "spam", 3, seen_hash="h1"), rows=rows).codes.tolist() == [
            1,
            1,
            -1,
            1,
        ]

    def test_the_sample_stays_a_sample(self) -> None:
        """Only the row that was drawn has a stratum, and equal rows don't change its verdict."""
        own = make_answer("b", "ham", seen_hash="h1", stratum="1 of 1 (4 rows)", inclusion="0.25")

        found = self.judge(make_answer("a", "spam", 2, seen_hash="h1"), own)

        assert found.codes.tolist() == [1, 0, -1, 1]
        assert [str(one) for one in found.strata] == ["None", "1 of 1 (4 rows)", "None", "None"]


ROWS = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(["ham", "spam"])), min_size=1, max_size=12)


@given(ROWS, st.sampled_from(["ham", "spam"]), st.data())
def test_exactly_the_equal_rows(rows: list[tuple[str, str]], verdict: str, data: st.DataObject) -> None:
    """With any rows in any order now, a verdict decides exactly the equal rows."""
    entries: dict[tuple[str, str], int] = {}
    audited = tuple(
        RowSnapshot(f"r{number}", number, label, text, entry=entries.setdefault((text, label), len(entries)))
        for number, (text, label) in enumerate(rows, start=1)
    )
    order = list(audited)
    data.draw(st.randoms(use_true_random=False)).shuffle(order)
    now = tuple(replace(row, row=place, entry=None) for place, row in enumerate(order, start=1))
    seen = data.draw(st.sampled_from(audited))
    equal = [row.row_id for row in audited if row.entry == seen.entry]

    found = settle(
        make_answer(seen.row_id, verdict, len(equal), given_label=seen.given_label or ""),
        audited=audited,
        now=now,
    )

    assert sorted(decided(found)) == sorted(equal)
    assert all(order[one.row - 1].row_id == one.row_id for one in found.decisions)
