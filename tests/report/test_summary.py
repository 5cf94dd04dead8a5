from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.records import NoiseRate, Power, Skill, Verdicts
from doubtcli.report.summary import (
    noise_sentence,
    power_sentence,
    skill_sentence,
    summarize,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult

    Make = Callable[..., ScanResult]


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
    assert summarize(make_audit()).precision_sentence == (
        "Expected precision, by the doubts: 77% of the doubted labels are wrong."
    )


def test_no_expected_precision(make_audit: Make) -> None:
    """Without a doubted row there is nothing to be right about."""
    audit = make_audit(doubt=(0.1,) * 8)

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
