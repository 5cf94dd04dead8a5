from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.plugins import load_our_reasons, wrap_reason
from doubtcli.rank.why import explain_rows
from doubtcli.records import Evidence, Examples, Ranking, ReasonScores, Rule, RuleLabels

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.plugins import LoadedReason
    from tests.conftest import Sentences

TEXTS = (
    "paid twice",
    "it closes",
    "where is it?",
    "an invoice",
    "it is broken",
    "paid",
    "no login",
    "where is it?",
)
"""Row 7 has the text of row 2."""
GIVEN = np.array([0, 1, 2, 0, 1, 0, 1, 0])
SUGGESTED = np.array([0, 1, 2, 0, 2, 0, 1, 2])
"""Rows 4 and 7 look like deliveries."""
ANSWERS = np.array([(0, 0), (1, 1), (2, 2), (0, -1), (2, 1), (0, 1), (1, 1), (2, 0)])
PROBS = np.full((8, 3), 0.125) + 0.625 * np.eye(3)[SUGGESTED]
"""Models give the suggested label .75 and each other one .125."""
OURS = {one.name: one for one in load_our_reasons()}


@dataclass(frozen=True)
class PlugIn:
    """A reason of a plug-in that can't explain itself."""

    name: str
    because = "it looks odd"

    def score(self, given_labels: Any) -> Any:
        """No scores."""


@dataclass(frozen=True)
class Explaining(PlugIn):
    """A reason of a plug-in that reads the models and explains itself."""

    def score(self, pred_probs: Any) -> Any:
        """No scores."""

    def explain(self, rows: Any, pred_probs: Any, class_names: Any) -> list[str]:
        """The likeliest class."""
        return [f"rather {class_names[code]}" for code in pred_probs[rows].argmax(axis=1)]


def examples_of(class_names: tuple[str, ...] = ("billing", "bug", "delivery"), **parts: Any) -> Examples:
    """Eight support tickets."""
    return Examples(
        row_ids=tuple(f"t{row}" for row in range(8)),
        positions=np.arange(8),
        given_labels=GIVEN,
        class_names=class_names,
        inputs=pa.table({"text": TEXTS}),
        **parts,
    )


EVIDENCE = Evidence(
    given_labels=GIVEN,
    n_classes=3,
    pred_probs=PROBS,
    pred_probs_by_model=np.stack([PROBS, PROBS]),
    pred_probs_by_repeat=np.stack([PROBS, PROBS]),
    neighbor_distances=np.ones((8, 3)),
    annotations=ANSWERS,
)
RANKING = Ranking(
    doubt=np.zeros(8),
    doubt_sd=np.zeros(8),
    suggested_labels=SUGGESTED,
    suggested_confidence=np.zeros(8),
    doubted=np.zeros(8, dtype=bool),
    contradicted=np.zeros(8, dtype=bool),
    order=np.arange(8),
    voices=(),
    margins=np.zeros(8),
)


def explain_row(
    row: int,
    scores: dict[str, float],
    plug_in: Callable[[str], Any] = PlugIn,
    examples: Examples | None = None,
    **evidence: Any,
) -> str:
    """Why one row is doubted, given the score and the evidence of each reason."""
    loaded = OURS | {name: wrap_reason(plug_in(name), "own 1.0") for name in scores if name not in OURS}
    reasons = [scores_of(loaded[name], score) for name, score in scores.items()]
    changed = {name: None if value is None else np.asarray(value) for name, value in evidence.items()}
    (text,) = explain_rows(
        list(loaded.values()),
        reasons,
        examples or examples_of(),
        Evidence(EVIDENCE, **changed),
        RANKING,
        [row],
    )
    return text


def scores_of(one: LoadedReason, score: float) -> ReasonScores:
    """The same score on all eight rows."""
    return ReasonScores(
        one.name, one.package, one.family, "it looks odd", np.full(8, score), sources=one.sources
    )


def every(row: Any) -> list[Any]:
    """The same evidence on all eight rows."""
    return [row] * 8


@pytest.mark.parametrize(("row", "reason"), [(0, "low-self-confidence"), (1, "confident-learning")])
def test_probabilities(row: int, reason: str, sentences: Sentences) -> None:
    """Models are shown by the probabilities of the best other class and of the given one, likelier first."""
    probs = every([0.04, 0.91, 0.05])

    sentences.check(explain_row(row, {reason: 1}, pred_probs=probs))


def test_probabilities_of_the_user(sentences: Sentences) -> None:
    """Probabilities that the user gave are shown as those of their model."""
    own = examples_of(given_pred_probs=PROBS)

    sentences.check(explain_row(4, {"low-self-confidence": 1}, examples=own))


@pytest.mark.parametrize(
    "answers",
    [
        [2, 2, 0],
        [2, 2, 1],
        [2, 2, -1],
        [2, -1, 0],
        [2, -1, -1],
        [1, 2, 0],  # a tie, which the suggested label wins
        [0, 0, 1],
        [0, 0, -1],
        [-1, -1, -1],
    ],
    ids=str,
)
def test_annotators(answers: list[int], sentences: Sentences) -> None:
    """Annotators are shown by their commonest answer but the given label, and by how many gave each."""
    sentences.check(explain_row(7, {"annotator-disagreement": 1}, annotations=every(answers)))


@pytest.mark.parametrize("nearest", [[0, 2, 1, 4], [3, 2, -1, -1], [2, 1, 4, -1], [2, -1, -1, -1]], ids=str)
def test_neighbors(nearest: list[int], sentences: Sentences) -> None:
    """Neighbours are shown by their commonest label but the given one, and by how many have each."""
    sentences.check(explain_row(7, {"neighbor-disagreement": 1}, neighbor_indices=every(nearest)))


BUG, DELIVERY = every([0.1, 0.8, 0.1]), every([0.2, 0.2, 0.6])


@pytest.mark.parametrize(
    "probs", [[BUG, BUG, DELIVERY], [BUG, DELIVERY], [BUG]], ids=["2 of 3", "1 of 2", "1 of 1"]
)
def test_repeats(probs: list[Any], sentences: Sentences) -> None:
    """Repeats are shown by what most of them predict."""
    sentences.check(explain_row(7, {"cross-val-flip": 1}, pred_probs_by_repeat=probs))


@pytest.mark.parametrize(
    "probs", [[BUG, BUG, BUG], [BUG, DELIVERY], [DELIVERY]], ids=["3 of 3", "1 of 2", "1 of 1"]
)
def test_models(probs: list[Any], sentences: Sentences) -> None:
    """Models are shown by what most of them predict."""
    sentences.check(explain_row(7, {"model-disagreement": 1}, pred_probs_by_model=probs))


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param([0, 1, 7, 3, 4, 5, 6, 7], id="one, identical"),
        pytest.param([0, 7, 2, 3, 4, 5, 6, 7], id="one, nearly identical"),
        pytest.param([0, 7, 7, 3, 7, 7, 6, 7], id="four"),
        pytest.param([0, 1, 7, 7, 4, 5, 6, 7], id="two"),
        pytest.param([0, 1, 2, 7, 4, 5, 6, 7], id="one with the same label"),
        pytest.param([0, 1, 2, 3, 4, 5, 6, 7], id="none"),
    ],
)
def test_duplicates(groups: list[int], sentences: Sentences) -> None:
    """Duplicates are shown by their commonest other label; a single one also by how similar it is."""
    sentences.check(explain_row(7, {"duplicate-conflict": 1}, duplicate_groups=groups))


def test_ambiguous(sentences: Sentences) -> None:
    """A row that fits two labels is explained by both, the likelier first."""
    sentences.check(explain_row(7, {"ambiguous": 1}, pred_probs=every([0.44, 0.1, 0.46])))


def test_reasons_that_can_not_explain_themselves(sentences: Sentences) -> None:
    """Without `explain`, or without the evidence for it, a reason is shown by `because` and its score."""
    sentences.check(explain_row(7, {"too-short": 0.875}))
    sentences.check(explain_row(7, {"low-self-confidence": 0.6}, pred_probs=None))


def test_a_plug_in_that_explains_itself(sentences: Sentences) -> None:
    """A plug-in that reads the models is shown where no reason of ours that reads them raises doubt."""
    plug_in = {"plug-in": 0.9}

    sentences.check(explain_row(7, plug_in, Explaining))
    sentences.check(explain_row(7, plug_in | {"outlier": 1.0}, Explaining))
    sentences.check(explain_row(7, {"low-self-confidence": 0.8} | plug_in, Explaining))


def test_the_plainest_evidence_first() -> None:
    """Of several reasons that read the models, pooled probabilities come first, then repeats, then models."""
    scores = {"cross-val-flip": 0.9, "confident-learning": 0.6, "model-disagreement": 1.0}

    assert explain_row(7, scores) == explain_row(7, {"confident-learning": 0.6})


def test_strongest_first() -> None:
    """At most three reasons are shown, the strongest first, context after all that look at the label."""
    scores = {"a": 0.6, "outlier": 1.0, "b": 0.9, "c": 0.49, "d": 0.7, "e": 0.5}

    assert explain_row(7, scores).split("; ") == [explain_row(7, {name: scores[name]}) for name in "bda"]
    assert explain_row(7, {"a": 0.6, "outlier": 1.0}).split("; ") == [
        explain_row(7, {"a": 0.6}),
        explain_row(7, {"outlier": 1.0}),
    ]


def test_shown_once() -> None:
    """The evidence that two reasons share is shown once."""
    scores = {"confident-learning": 0.9, "low-self-confidence": 0.8, "annotator-disagreement": 0.7}

    assert explain_row(7, scores).split("; ") == [explain_row(7, {name: 1}) for name in list(scores)[1:]]


def test_one_text_for_each_voice() -> None:
    """Any number of reasons that read the models have one text, at the place of the strongest of them."""
    scores = {
        "cross-val-flip": 0.9,
        "annotator-disagreement": 0.8,
        "low-self-confidence": 0.7,
        "ambiguous": 1,
    }
    without = {"model-disagreement": 0.9, "cross-val-flip": 0.8, "ambiguous": 1}

    assert explain_row(7, scores).split("; ") == [
        explain_row(7, {"low-self-confidence": 1}),
        explain_row(7, {"annotator-disagreement": 1}),
    ]
    assert explain_row(7, without) == explain_row(7, {"cross-val-flip": 1})


def test_never_certain(sentences: Sentences) -> None:
    """No probability is shown as 0 or 1, however near it is."""
    probs = every([0.0004, 0.9996, 0.0])

    sentences.check(explain_row(0, {"low-self-confidence": 1}, pred_probs=probs))


def test_no_reason_raises_doubt() -> None:
    """Where no error reason raises doubt the strongest one is shown; none where all scores are 0 or NaN."""
    nan = float("nan")

    assert explain_row(7, {"a": 0.1, "b": 0.3, "c": nan}) == explain_row(7, {"b": 0.3})
    assert "0.30" in explain_row(7, {"b": 0.3})
    assert explain_row(7, {"a": 0.0, "b": nan, "outlier": 0.4}) == ""
    assert "0.80" in explain_row(7, {"outlier": 0.8})
    assert explain_row(7, {}) == ""


def test_rows_in_any_order() -> None:
    """Each row has its own text, in the order in which the rows are given."""
    one = OURS["low-self-confidence"]

    def explained(rows: Any) -> list[str]:
        return explain_rows([one], [scores_of(one, 1.0)], examples_of(), EVIDENCE, RANKING, rows)

    assert explained(np.array([4, 0])) == [explain_row(row, {one.name: 1.0}) for row in (4, 0)]
    assert explained(np.array([4])) != explained(np.array([0]))
    assert explained([]) == []


def test_class_names(sentences: Sentences) -> None:
    """A class without a letter in its name is shown as "class 0"; other names are shown as they are."""
    numbered = examples_of(class_names=("0", "1", "naïve; [b]"))

    sentences.check(explain_row(7, {"low-self-confidence": 1}, examples=numbered))


def test_evidence_for_the_label_is_left_out_beside_evidence_against_it() -> None:
    """Models give the label of row 0 .75, and that of row 7 .125; annotators contradict both."""
    scores, answers = {"low-self-confidence": 0.6, "annotator-disagreement": 0.9}, [[1, 1]] * 8

    assert explain_row(0, scores, annotations=answers) == "2 of 2 annotators say bug"
    assert "models give delivery 0.75" in explain_row(7, scores, annotations=answers)
    assert "models give billing 0.75" in explain_row(0, {"low-self-confidence": 0.6})


def test_neighbours_that_mostly_have_the_label_are_left_out_beside_evidence_against_it() -> None:
    """Of three nearest rows two have the label of row 7, billing."""
    near = {"neighbor_indices": [[0, 3, 1]] * 8, "neighbor_votes": [[2 / 3, 1 / 3, 0]] * 8}
    scores = {"low-self-confidence": 0.9, "neighbor-disagreement": 0.6}

    assert "nearest" not in explain_row(7, scores, **near)
    assert "nearest" in explain_row(7, {"neighbor-disagreement": 0.6}, **near)


def test_labels_that_are_not_classes_are_explained() -> None:
    """Without classes it is not known which evidence is for the label."""
    assert explain_row(0, {"odd": 0.9}, n_classes=None) == "it looks odd (0.90)"


RULES = (Rule("loss", 'contains(text, "where")', "delivery", "they miss it"), Rule("b", "n > 1", "billing"))
STRONG = {"annotator-disagreement": 1.0, "low-self-confidence": 1.0, "duplicate-conflict": 1.0}


def explain_ruled_row(says: tuple[int, int], score: float) -> list[str]:
    """Why row 7, billing, is doubted where two rules say this, and three other reasons raise more doubt."""
    ruled = examples_of(rule_labels=RuleLabels(RULES, np.array(every(says), dtype=np.int32)))
    more = {"rule_labels": every(says), "duplicate_groups": [0, 1, 7, 3, 4, 5, 6, 7]}
    return explain_row(7, {**STRONG, "rule-conflict": score}, examples=ruled, **more).split("; ")


def test_a_rule_against_the_label_comes_first() -> None:
    """It is among the three reasons that are shown, also where another rule outvotes it."""
    assert explain_ruled_row((2, -1), 0.9)[0] == "the rule 'loss' says delivery (they miss it)"
    assert explain_ruled_row((2, 0), 0.1)[0] == (
        "the rule 'loss' says delivery (they miss it), rule 'b' says billing"
    )
    assert [len(explain_ruled_row(says, 0.9)) for says in [(2, -1), (2, 2)]] == [3, 3]
    assert not any("rule" in text for text in explain_ruled_row((-1, 0), 0.1))
