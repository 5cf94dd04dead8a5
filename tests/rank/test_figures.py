from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.rank.figures import (
    count_audit,
    count_doubts,
    list_speaking_reasons,
    list_top_rows,
)
from doubtcli.records import ClassCount, Confusion

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult

    Make = Callable[..., ScanResult]


def test_counts(make_audit: Make) -> None:
    """The rows of the file, labelled and not, and the doubted share of the labelled ones."""
    summary = count_audit(make_audit())

    assert (summary.n_rows, summary.n_labelled, summary.n_unlabelled) == (10, 8, 2)
    assert (summary.n_doubted, summary.share) == (3, 0.375)


def test_classes(make_audit: Make) -> None:
    """Every class is counted, in the order of the class names, also those without doubted rows."""
    assert count_audit(make_audit()).by_class == (
        ClassCount("billing", "billing", n_given=4, n_doubted=2),
        ClassCount("bug", "bug", n_given=3, n_doubted=1),
        ClassCount("delivery", "delivery", n_given=1, n_doubted=0),
    )


def test_confusions(make_audit: Make) -> None:
    """Pairs are ordered by how often they occur, then by name; rows without a better label are left out."""
    audit = make_audit(
        given=(0, 0, 1, 1, 2, 2, 0, 0), suggested=(1, 1, 2, 0, 2, 1, 2, 1), doubt=(0.9,) * 7 + (0.1,)
    )

    assert count_audit(audit).confusions == (
        Confusion("billing", "bug", 2),
        Confusion("billing", "delivery", 1),
        Confusion("bug", "billing", 1),
        Confusion("bug", "delivery", 1),
        Confusion("delivery", "bug", 1),
    )


def test_histogram() -> None:
    """A border belongs to the bin above it, also 0.3, and 1 to the last bin."""
    bins = count_doubts(np.array([0.0, 0.049, 0.05, 0.3, 0.55, 0.95, 1.0]))

    assert {place: n for place, n in enumerate(bins) if n} == {0: 2, 1: 1, 6: 1, 11: 1, 19: 2}
    assert len(bins) == 20


@given(st.lists(st.floats(0, 1), max_size=50))
def test_histogram_counts_all(doubt: list[float]) -> None:
    """Every doubt falls in exactly one bin."""
    assert sum(count_doubts(np.array(doubt))) == len(doubt)


def test_list_top_rows(make_audit: Make) -> None:
    """The doubted rows come most doubted first, each with its row number and the reasons that raise doubt."""
    first, second, third = list_top_rows(make_audit(), 10)

    assert (first.row_id, first.row, first.given, first.suggested) == ("t0007", 1, "billing", "delivery")
    assert (first.doubt, first.suggested_confidence, first.why) == (0.97, 0.75, "models give 'delivery' more")
    assert first.reasons == ("low-self-confidence", "annotator-disagreement", "duplicate-conflict")
    assert (second.row_id, second.row) == ("t0004", 4)
    assert (third.row_id, third.given, third.suggested) == ("t0005", "billing", "billing")


def test_top_rows_cut(make_audit: Make) -> None:
    """There are no more rows than were asked for."""
    assert [row.index for row in list_top_rows(make_audit(), 2)] == [7, 4]


def test_speaking_reasons(make_audit: Make) -> None:
    """Context comes after errors however strong it is, and a score of NaN raises no doubt."""
    audit = make_audit()
    low, duplicates, outlier, annotators = audit.reasons
    audit = replace(
        audit,
        reasons=(
            replace(outlier, scores=np.ones(8)),
            low,
            duplicates,
            replace(annotators, scores=low.scores),
        ),
    )

    assert list_speaking_reasons(audit, [5, 0]) == [
        ("annotator-disagreement", "low-self-confidence", "outlier"),
        ("outlier",),
    ]


@pytest.mark.parametrize("rows", [[], [0, 1]])
def test_no_reasons(make_audit: Make, rows: list[int]) -> None:
    """Where no reason was run, none raises doubt."""
    assert list_speaking_reasons(replace(make_audit(), reasons=()), rows) == [()] * len(rows)


def test_reasons_of_models_without_skill_do_not_speak(make_audit: Make) -> None:
    """Without skill, what models and neighbours' labels say is no evidence; annotators' answers are."""
    audit = make_audit()
    unskilled = replace(audit, skill=replace(audit.skill, assessable=False))

    both = ("annotator-disagreement", "duplicate-conflict")
    assert list_speaking_reasons(audit, [7]) == [("low-self-confidence", *both)]
    assert list_speaking_reasons(unskilled, [7]) == [both]
