from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.records import (
    ExpectedErrors,
    ExpectedWrong,
    FlagBound,
    NoiseRate,
    Power,
    Rule,
    RuleLabels,
    Skill,
    Verdicts,
)
from doubtcli.report.summary import (
    expected_sentence,
    flags_sentence,
    noise_sentence,
    power_sentence,
    skill_sentence,
    summarize,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult
    from tests.conftest import Sentences

    Make = Callable[..., ScanResult]


def test_noise_sentence(make_audit: Make, sentences: Sentences) -> None:
    """Models say how many labels are wrong at least, how many they contradict, and what they can't know."""
    noise = NoiseRate(assessable=True, why="only people can tell more", at_least=0.0121, contradicted=0.24)

    sentences.check(summarize(make_audit(noise=noise)).noise_sentence)
    sentences.check(noise_sentence(replace(noise, at_least=0.0)))
    sentences.check(noise_sentence(replace(noise, contradicted=None)))


def test_not_assessable(sentences: Sentences) -> None:
    """Without skill nothing is said of the noise but the cause."""
    noise = NoiseRate(assessable=False, why="too few rows")

    assert "%" not in noise_sentence(noise)
    sentences.check(noise_sentence(noise))


@pytest.mark.parametrize(
    "flags",
    [
        FlagBound(assessable=True, why="30 were", at_least_wrong={50: 39, 100: 77, 200: 141}),
        FlagBound(assessable=True, why="all were", at_least_wrong={1: 1}),
        FlagBound(assessable=False, why="none is decided"),
    ],
    ids=["many", "one", "not assessable"],
)
def test_flags(sentences: Sentences, flags: FlagBound) -> None:
    """It says how many labels of the queue and of its first quarter are wrong at least, or why not."""
    sentences.check(flags_sentence(flags))


def test_no_flags(make_audit: Make) -> None:
    """Without a spot check nothing is said of it."""
    assert summarize(make_audit()).flags_sentence == ""


def wrong(n_rows: int, mean: float = 0.0, low: int = 0, high: int = 0) -> ExpectedWrong:
    """So many rows, of which so many are wrong."""
    return ExpectedWrong(n_rows, mean, low, round(mean), high, 0.9)


NONE = wrong(0)


@pytest.mark.parametrize(
    "expected",
    [
        ExpectedErrors(0, 0, wrong(40, 30, 6, 39), wrong(100, 40, 10, 60), wrong(900, 60, 20, 90)),
        ExpectedErrors(50, 30, wrong(40, 30, 6, 39), wrong(100, 31.4, 20, 43), wrong(1900, 55.2, 30, 1000)),
        ExpectedErrors(50, 30, NONE, wrong(2, 0.8, 0, 2), wrong(900, 1.2, 0, 3)),
        ExpectedErrors(50, 30, NONE, wrong(1, 0.4, 0, 1), wrong(900, 5, 1, 9)),
        ExpectedErrors(50, 30, NONE, NONE, wrong(900, 5, 1, 9)),
    ],
    ids=["nobody has looked", "verdicts", "two rows left", "one row left", "no queue left"],
)
def test_expected_errors(sentences: Sentences, expected: ExpectedErrors) -> None:
    """Before any verdict it says how many doubted labels were wrong in other sets; then what is left."""
    sentences.check(expected_sentence(expected))


def test_nothing_is_expected(make_audit: Make) -> None:
    """Where models know nothing, no row is doubted and none decided, or all are, nothing is said."""
    assert summarize(make_audit()).expected_sentence == ""
    assert expected_sentence(ExpectedErrors(0, 0, NONE, NONE, wrong(900, 5, 1, 9))) == ""
    assert expected_sentence(ExpectedErrors(900, 30, NONE, NONE, NONE)) == ""


def test_measured_noise(sentences: Sentences) -> None:
    """A rate that was measured has its interval, and what models know follows."""
    noise = NoiseRate(
        assessable=True, why="measured on 20 rows", rate=0.1, low=0.02, high=0.3, rests_on="verdicts"
    )

    sentences.check(noise_sentence(noise))


@pytest.mark.parametrize(
    ("codes", "figures"),
    [([0, 1, 0, -1, -1, -1, -1, -1], [3, 2, 1]), ([1, *[-1] * 7], [1, 0, 1]), ([-1] * 8, [])],
    ids=["three", "one", "none"],
)
def test_verdict_sentence(
    make_audit: Make, sentences: Sentences, codes: list[int], figures: list[int]
) -> None:
    """Verdicts, labels kept and labels corrected are counted; the first rows have the labels 0, 1 and 2."""
    verdicts = Verdicts("v.csv", np.array(codes), (None,) * 8, np.full(8, np.nan))

    sentence = summarize(make_audit(verdicts=verdicts)).verdict_sentence

    assert [int(figure) for figure in re.findall(r"\d+", sentence)] == figures
    sentences.check(sentence)


def test_power_sentence(make_audit: Make, sentences: Sentences) -> None:
    """The share of planted errors in the first twentieth, and how many were planted."""
    power = Power(assessable=True, why="planted", n_planted=1_204, found_in_first={0.01: 0.2, 0.05: 0.715})

    sentences.check(summarize(make_audit(power=power)).power_sentence)


def test_no_power_sentence(make_audit: Make, sentences: Sentences) -> None:
    """If no errors were planted, one sentence says why; the report of a scan leaves it out."""
    power = Power(assessable=False, why="a fast scan plants no errors")

    sentences.check(power_sentence(power))
    assert summarize(make_audit(power=power)).power_sentence == ""
    assert summarize(make_audit()).power_sentence == ""


def test_skill_sentence() -> None:
    """The skill of the models is a whole sentence, with a capital letter and one full stop."""
    skill = Skill(
        assessable=True,
        why="models predict 88% of the labels.",
        accuracy=0.88,
        balanced_accuracy=0.8,
        majority_accuracy=0.5,
        permuted_accuracy=0.4,
    )

    assert skill_sentence(skill) == "Models predict 88% of the labels."


def test_the_column_that_predicts_nearly_all_labels_is_named(make_audit: Make, sentences: Sentences) -> None:
    """Where models predict at least 98% of the labels and doubt none, the strongest column is named."""
    calm = make_audit(doubt=(0.1,) * 8)
    strong = {"strongest_columns": ("batch",), "strongest_share": 0.973}
    sure = replace(calm, skill=replace(calm.skill, balanced_accuracy=0.99), **strong)

    sentences.check(summarize(sure).strongest_sentence)
    sentences.check(summarize(replace(sure, strongest_columns=("is_a", "is_b"))).strongest_sentence)
    assert summarize(replace(sure, strongest_columns=())).strongest_sentence == ""
    assert summarize(replace(calm, **strong)).strongest_sentence == ""
    assert summarize(replace(make_audit(), skill=sure.skill, **strong)).strongest_sentence == ""


def test_rules(make_audit: Make) -> None:
    """A sentence a rule that fits the file, the one that contradicts most labels first."""
    audit = make_audit()
    rules = tuple(
        Rule(name, "x > 1", label) for name, label in zip("abcd", ("bug", *["billing"] * 3), strict=True)
    )
    codes = np.full((8, 4), -1)
    codes[[1, 6], 0] = 1  # both are bugs
    codes[[0, 1, 2, 4], 1] = 0  # the first is a billing
    codes[1, 2] = 0
    found = RuleLabels(rules, codes, ((Rule("e", "y > 1", "bug"), "the file has no column 'y'"),))

    summary = summarize(replace(audit, examples=replace(audit.examples, rule_labels=found)))

    assert summary.rule_sentences == (
        "'b' says billing on 4 rows, of which 3 have another label",
        "'c' says billing on 1 row, of which 1 has another label",
        "'a' says bug on 2 rows, of which none has another label",
        "'d' is true on no row",
    )


def test_no_rules(make_audit: Make) -> None:
    """Without rules there is nothing to say."""
    assert summarize(make_audit()).rule_sentences == ()
