from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records import ClassCount, Confusion, NoiseRate, Power, Skill, Verdicts
from doubtcli.report.summary import (
    expected_precision,
    histogram,
    noise_sentence,
    power_sentence,
    skill_sentence,
    speaking_reasons,
    summarize,
    top_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import Audit

    Make = Callable[..., Audit]


def test_counts(make_audit: Make) -> None:
    """The rows of the file, labelled and not, and the doubted share of the labelled ones."""
    summary = summarize(make_audit())

    assert (summary.n_rows, summary.n_labelled, summary.n_unlabelled) == (10, 8, 2)
    assert (summary.n_doubted, summary.share) == (3, 0.375)


def test_classes(make_audit: Make) -> None:
    """Every class is counted, in the order of the class names, those without doubt too."""
    assert summarize(make_audit()).by_class == (
        ClassCount("billing", "billing", n_given=4, n_doubted=2),
        ClassCount("bug", "bug", n_given=3, n_doubted=1),
        ClassCount("delivery", "delivery", n_given=1, n_doubted=0),
    )


def test_reasons(make_audit: Make) -> None:
    """A reason counts where it scores at least 0.5 on a doubted row; equal counts stand by name."""
    told = [(reason.name, reason.n_doubted, reason.family) for reason in summarize(make_audit()).by_reason]

    assert told == [
        ("low-self-confidence", 3, "error"),
        ("annotator-disagreement", 1, "error"),  # 0.6 * 0.97; 0.6 * 0.80 stays below
        ("duplicate-conflict", 1, "error"),
        ("outlier", 0, "context"),
    ]


def test_reason_on_quiet_rows(make_audit: Make) -> None:
    """A reason that speaks on a row which is not doubted isn't counted."""
    audit = make_audit(doubt=(0.9,) * 8, doubted=[False] * 8)

    assert {reason.n_doubted for reason in summarize(audit).by_reason} == {0}


def test_confusions(make_audit: Make) -> None:
    """Pairs are ranked by how often they meet, then by name; rows with nothing better stand aside."""
    audit = make_audit(
        given=(0, 0, 1, 1, 2, 2, 0, 0), suggested=(1, 1, 2, 0, 2, 1, 2, 1), doubt=(0.9,) * 7 + (0.1,)
    )

    assert summarize(audit).confusions == (
        Confusion("billing", "bug", 2),
        Confusion("billing", "delivery", 1),
        Confusion("bug", "billing", 1),
        Confusion("bug", "delivery", 1),
        Confusion("delivery", "bug", 1),
    )


def test_histogram() -> None:
    """A border belongs to the bin above it, 0.3 as well, and 1 to the last bin."""
    bins = histogram(np.array([0.0, 0.049, 0.05, 0.3, 0.55, 0.95, 1.0]))

    assert {place: n for place, n in enumerate(bins) if n} == {0: 2, 1: 1, 6: 1, 11: 1, 19: 2}
    assert len(bins) == 20


@given(st.lists(st.floats(0, 1), max_size=50))
def test_histogram_counts_all(doubt: list[float]) -> None:
    """Every doubt falls in exactly one bin."""
    assert sum(histogram(np.array(doubt))) == len(doubt)


def test_top_rows(make_audit: Make) -> None:
    """The doubted rows come most doubted first, each with its place in the file and what speaks on it."""
    first, second, third = top_rows(make_audit(), 10)

    assert (first.row_id, first.row, first.given, first.suggested) == ("t0007", 1, "billing", "delivery")
    assert (first.doubt, first.suggested_confidence, first.why) == (0.97, 0.75, "models give 'delivery' more")
    assert first.reasons == ("low-self-confidence", "annotator-disagreement", "duplicate-conflict")
    assert (second.row_id, second.row) == ("t0004", 4)
    assert (third.row_id, third.given, third.suggested) == ("t0005", "billing", "billing")


def test_top_rows_cut(make_audit: Make) -> None:
    """No more rows come than were asked for."""
    assert [row.index for row in top_rows(make_audit(), 2)] == [7, 4]


def test_speaking_reasons(make_audit: Make) -> None:
    """Context comes after errors however strong it is, and silence doesn't speak."""
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

    assert speaking_reasons(audit, [5, 0]) == [
        ("annotator-disagreement", "low-self-confidence", "outlier"),
        ("outlier",),
    ]


@pytest.mark.parametrize("rows", [[], [0, 1]])
def test_no_reasons(make_audit: Make, rows: list[int]) -> None:
    """Where no reason ran, none speaks."""
    assert speaking_reasons(replace(make_audit(), reasons=()), rows) == [()] * len(rows)


def test_noise_sentence(make_audit: Make) -> None:
    """The rate never stands without its interval and what it rests on."""
    audit = make_audit(
        noise=NoiseRate(assessable=True, why="by models alone.", rate=0.041, low=0.0221, high=0.06)
    )

    assert summarize(audit).noise_sentence == (
        "Suspected label noise: 4.1% of rows (90% interval 2.2% to 6.0%), by models alone."
    )


@pytest.mark.parametrize(
    "missing", [{"assessable": False}, {"rate": None}, {"low": None}, {"high": None}], ids=str
)
def test_not_assessable(missing: dict[str, Any]) -> None:
    """Without skill or without an interval there is no rate, only the cause."""
    noise = replace(NoiseRate(assessable=True, why="too few rows", rate=0.1, low=0.0, high=0.2), **missing)

    assert noise_sentence(noise) == "Suspected label noise: not assessable. Too few rows."


def test_measured_noise() -> None:
    """A rate that was measured is no suspicion."""
    noise = NoiseRate(
        assessable=True, why="measured on 20 rows", rate=0.1, low=0.02, high=0.3, rests_on="verdicts"
    )

    assert noise_sentence(noise) == (
        "Label noise: 10.0% of rows (90% interval 2.0% to 30.0%), measured on 20 rows."
    )


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        ([0, 1, 0, -1, -1, -1, -1, -1], "3 rows are decided: 2 kept, 1 corrected; models learn from that."),
        ([1, *[-1] * 7], "1 row is decided: 0 kept, 1 corrected; models learn from that."),
        ([-1] * 8, "No row is decided in v.csv."),
    ],
)
def test_verdict_sentence(make_audit: Make, codes: list[int], sentence: str) -> None:
    """What people decided is counted; the labels of the first rows are 0, 1 and 2."""
    verdicts = Verdicts("v.csv", np.array(codes), (None,) * 8, np.full(8, np.nan))

    assert summarize(make_audit(verdicts=verdicts)).verdict_sentence == sentence


def test_power_sentence(make_audit: Make) -> None:
    """How many planted errors stand in the first twentieth, beside how many were planted."""
    power = Power(assessable=True, why="planted", n_planted=1_204, found_in_first={0.01: 0.2, 0.05: 0.715})

    assert summarize(make_audit(power=power)).power_sentence == (
        "What this audit can see: of 1,204 planted errors, 71.5% stand in the first 5% of rows."
    )


def test_no_power_sentence(make_audit: Make) -> None:
    """Why nothing was planted is a sentence of its own, and no part of a scan's report."""
    power = Power(assessable=False, why="a fast scan plants no errors")

    assert power_sentence(power) == ("What this audit can see: not assessable. A fast scan plants no errors.")
    assert summarize(make_audit(power=power)).power_sentence == ""
    assert summarize(make_audit()).power_sentence == ""


def test_expected_precision(make_audit: Make) -> None:
    """Doubts of .97, .80 and .55 are 2.32 wrong labels of 3."""
    audit = make_audit()

    assert expected_precision(audit) == pytest.approx(2.32 / 3)
    assert summarize(audit).precision_sentence == (
        "Expected precision, by the doubts: 77% of the doubted labels are wrong."
    )


def test_no_expected_precision(make_audit: Make) -> None:
    """Without a doubted row there is nothing to be right about."""
    audit = make_audit(doubt=(0.1,) * 8)

    assert expected_precision(audit) is None
    assert summarize(audit).precision_sentence == ""


def test_skill_sentence() -> None:
    """What the models know is told as a sentence, whatever it started and ended with."""
    skill = Skill(
        assessable=True,
        why="models predict 88% of the labels.",
        accuracy=0.88,
        balanced_accuracy=0.8,
        majority_accuracy=0.5,
        permuted_accuracy=0.4,
    )

    assert skill_sentence(skill) == "Models predict 88% of the labels."
