"""One class a row: the labels are names of classes, and each row has one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.pooling import calibrate_by_block, learn_trust, pool_probabilities
from doubtcli.predict.skill import make_unassessable_skill, measure_skill
from doubtcli.rank.noise import estimate_noise
from doubtcli.read.labels import encode_labels
from doubtcli.records import DOUBTED_FROM, PLANTED_SHARE, Planting, Suggestions
from doubtcli.records.arrays import (
    average_opinions,
    compute_by_block,
    find_first_of_each,
    number_alike,
    split_rows,
    take_rows,
)
from doubtcli.records.mapped import count_worked_cells
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Evidence, Labels, NoiseEstimate, Predictions, Skill, Table
    from doubtcli.records.arrays import Bools, Codes, Floats

_MOST_NAMED = 5
_LEAST_PROBABILITY = 1e-12
_TIE = 1e-9
"""Added to the given label, so that it wins ties."""
_TRUST = np.array([1.0, 0.25])
"""The prior trust in the pooled models and in the neighbours."""
_FEWEST_GROUPS = 3
"""The fewest different rows of a class that models can judge: with fewer, only one or none is left to learn
from when a fold is held out."""


class Classification:
    """One class a row. An opinion has a probability for each class: shape `(n_rows, n_classes)`."""

    name = "classification"
    why_nothing_is_planted = ""

    def parse_labels(self, table: Table, column: str, *, to_judge: bool = True) -> Labels:
        """The label of each row as the code of a class.

        Raises:
            InputError: See `encode_labels`.
        """
        return encode_labels(table, column, to_judge=to_judge)

    def pool_opinions(self, evidence: Evidence, sources: Collection[str]) -> Sequence[Floats]:
        """The pooled probabilities of models and neighbours, one array for each repeat."""
        return pool_pred_probs(evidence, sources)

    def measure_skill(
        self, opinions: Sequence[Floats], evidence: Evidence, predictions: Predictions | None, seed: int
    ) -> Skill:
        """Whether the predictions are better than the majority class and permuted labels."""
        given = evidence.given_labels
        if not opinions:
            return make_unassessable_skill(
                given, "there are no models, so only other reasons judge the labels"
            )
        by_model = (
            dict(zip(predictions.model_names, predictions.by_model, strict=True)) if predictions else {}
        )
        return measure_skill(average_opinions(opinions), by_model, given, evidence.n_classes, seed)

    def find_judgeable(self, evidence: Evidence, together: Codes) -> Bools:
        """The rows whose class is large enough."""
        given = evidence.given_labels
        return ~np.isin(given, find_too_small_classes(given, together, evidence.n_classes))

    def explain_unjudged(self, judgeable: Bools, evidence: Evidence, class_names: Sequence[str]) -> list[str]:
        """A note on the classes that are too small for models to judge their labels."""
        tiny = [class_names[code] for code in np.unique(evidence.given_labels[~judgeable])]
        shown = quote_names(tiny, _MOST_NAMED)
        if not tiny:
            return []
        return [f"classes with too few different rows for models to judge them (fewer than 3): {shown}"]

    def estimate_noise(
        self, opinions: Sequence[Floats], evidence: Evidence, together: Codes, seed: int
    ) -> NoiseEstimate:
        """The rate at which contradictions level off as models are surer."""
        support = measure_support(evidence)
        heeded = [HeededOpinion(opinion, evidence.given_labels, support) for opinion in opinions]
        return estimate_noise(heeded, evidence.given_labels, together, seed)

    def contradict(self, opinion: Floats, evidence: Evidence) -> Floats:
        """Log odds against each label by the probabilities of the other classes."""
        return measure_contradiction(opinion, evidence.given_labels)

    def find_contradicted(self, opinion: Floats, evidence: Evidence) -> Bools:
        """The rows of which another class is more probable, where no label is outvoted by equal rows."""
        given = evidence.given_labels
        heeded = HeededOpinion(opinion, given, measure_support(evidence))

        def find(rows: slice) -> Bools:
            probs = heeded[rows]
            own = probs[np.arange(len(probs)), given[rows]]
            return np.asarray(probs.max(axis=1) > own + _TIE)

        return np.asarray(compute_by_block(find, *opinion.shape))

    def limit_doubt(self, evidence: Evidence) -> Floats:
        """No label is doubted more than by the share of other labels to be expected among its equal rows."""
        from scipy.special import logit

        return -np.asarray(logit(measure_support(evidence)))

    def plant(self, evidence: Evidence, opinion: Floats, judgeable: Bools, seed: int) -> Planting:
        """Flip a twentieth of the labels the way the classes get confused."""
        return plant_errors(evidence.given_labels, opinion, judgeable, seed)

    def suggest(
        self,
        evidence: Evidence,
        opinion: Floats | None,
        doubt: Floats,
        judgeable: Bools,
        n_labels: int,  # noqa: ARG002  # as in Task
    ) -> Suggestions:
        """The likeliest class by opinion, annotators and rules; for a doubted row the likeliest other."""
        return Suggestions(*suggest_classes(evidence, opinion, doubt, judgeable))


def plant_errors(
    labels: Codes,
    pred_probs: Floats,
    may_be_planted: Bools,
    seed: int,
) -> Planting:
    """Flip a twentieth of the labels, each to a class that its own class gets confused with.

    The rows are drawn at random. The new class of a row is drawn in proportion to the mean out-of-fold
    probabilities of the other classes among the rows of its old class.

    Args:
        labels: Shape `(n_rows,)`.
        pred_probs: Out-of-fold, shape `(n_rows, n_classes)`.
        may_be_planted: Shape `(n_rows,)`.
        seed: Another seed draws other rows and classes.
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.flatnonzero(may_be_planted))[: max(1, round(PLANTED_SHARE * len(labels)))]
    shares = np.cumsum(measure_confusions(labels, pred_probs), axis=1)
    shares /= shares[:, -1:]  # exactly 1 at last: sums of shares may fall short of a draw
    draws = rng.random(len(rows))
    planted = labels.copy()
    planted[rows] = [
        np.searchsorted(shares[labels[row]], draw, side="right")
        for row, draw in zip(rows, draws, strict=True)
    ]
    return Planting(planted, planted != labels)


def measure_confusions(labels: Codes, pred_probs: Floats) -> Floats:
    """Which classes each class gets confused with.

    Returns:
        Shape `(n_classes, n_classes)`: each row is a class of the labels and sums to 1; the diagonal is 0.
    """
    n_classes = pred_probs.shape[1]
    sums = np.full((n_classes, n_classes), 1e-9)
    by_class = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=n_classes))
    for code, rows in enumerate(np.split(by_class, ends[:-1])):
        sums[code] += pred_probs[rows].sum(axis=0, dtype=np.float64)
        count_worked_cells(len(rows) * n_classes)
    np.fill_diagonal(sums, 0.0)
    return np.asarray(sums / sums.sum(axis=1, keepdims=True))


def pool_pred_probs(evidence: Evidence, sources: Collection[str]) -> list[Floats]:
    """The pooled probabilities of models and neighbours for each repeat; empty if no reason reads them.

    Args:
        evidence: The evidence about all rows.
        sources: The sources of the ranked reasons, as `find_ranked_sources` gives them.

    Returns:
        Probabilities, each of shape `(n_rows, n_classes)`.
    """
    neighbors = None
    if "neighbors" in sources and evidence.neighbor_votes is not None:
        neighbors = _convert_votes(evidence, evidence.neighbor_votes)
    if evidence.pred_probs is None or "models" not in sources:
        return [] if neighbors is None else [neighbors]
    repeats = (
        evidence.pred_probs[None] if evidence.pred_probs_by_repeat is None else evidence.pred_probs_by_repeat
    )
    if neighbors is None:
        return list(repeats)
    trust = learn_trust([average_opinions(list(repeats)), neighbors], evidence.given_labels, _TRUST)
    return [pool_probabilities([probs, neighbors], evidence.given_labels, trust) for probs in repeats]


def _convert_votes(evidence: Evidence, votes: Floats) -> Floats:
    half_a_vote = 0.5 / evidence.neighbor_indices.shape[1] if evidence.neighbor_indices is not None else 0.05

    def add_half_a_vote(rows: slice | Codes) -> Floats:
        logs = np.asarray(take_rows(votes, rows), dtype=np.float32) + np.float32(half_a_vote)
        return np.asarray(np.log(logs, out=logs))

    return calibrate_by_block(add_half_a_vote, votes.shape, np.float32, evidence.given_labels)


@dataclass(frozen=True)
class HeededOpinion:
    """The probabilities, where no label is outvoted whose row equals rows that mostly have the same label.

    Equal rows are held out together, so models never saw how they are labelled. The label of a majority of
    them, the row included, is given at least the share of it among the next equal rows that is to be expected
    by the rule of succession (Laplace, 1774): (3 + 1) / (4 + 2) if three of four have it. Copies of a text
    that all have one label are no majority: it may have been given once, and copied.

    They are computed for the rows that are asked for.
    """

    opinion: Floats
    """Shape `(n_rows, n_classes)`."""
    given_labels: Codes
    support: Floats
    """As `measure_support` gives it."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and classes."""
        n_rows, n_classes = self.opinion.shape
        return n_rows, n_classes

    def __getitem__(self, rows: slice) -> NDArray[np.float64]:
        """The probabilities of some rows, a new array."""
        heeded = np.array(self.opinion[rows], dtype=np.float64)
        given, support = self.given_labels[rows], self.support[rows]
        own = heeded[np.arange(len(heeded)), given]
        raised = np.flatnonzero(own < support)
        others = (1 - support[raised]) / np.maximum(1 - own[raised], _LEAST_PROBABILITY)
        heeded[raised] *= others[:, None]
        heeded[raised, given[raised]] = support[raised]
        return heeded


def measure_support(evidence: Evidence) -> Floats:
    """The least probability that equal rows give each label; 0 where most of them have another, or a tie.

    Returns:
        Shape `(n_rows,)`, 0 or more than 0.5.
    """
    groups, given = evidence.equal_groups, evidence.given_labels
    if groups is None:
        return np.zeros(len(given))
    kind = number_alike(groups, given)
    n_equal, n_same = np.bincount(groups)[groups], np.bincount(kind)[kind]
    is_majority = (n_equal > 1) & (2 * n_same > n_equal)
    if evidence.are_copies is not None:
        is_majority &= ~evidence.are_copies | (n_same < n_equal)
    return np.where(is_majority, (n_same + 1) / (n_equal + 2), 0.0)


def measure_contradiction(pred_probs: Floats, given: Codes) -> Floats:
    """Log odds against each label: the mean of those of the best other class and of all other classes.

    With two classes these are the same. With more, the best other class finds labels that were swapped
    between two similar classes, and all other classes together find labels that do not fit; neither found
    both alone.
    """

    def measure(rows: slice) -> Floats:
        others = np.array(pred_probs[rows], dtype=np.float64)
        at = np.arange(len(others)), given[rows]
        own = others[at]
        others[at] = 0.0
        best = np.maximum(others.max(axis=1), _LEAST_PROBABILITY)
        rest = np.maximum(others.sum(axis=1), _LEAST_PROBABILITY)
        against = (np.log(best) + np.log(rest)) / 2
        return np.asarray(against - np.log(np.maximum(own, _LEAST_PROBABILITY)))

    return np.asarray(compute_by_block(measure, *pred_probs.shape))


def find_too_small_classes(given_labels: Codes, together: Codes, n_classes: int) -> Codes:
    """The classes with too few rows, counting rows that are held out together once, for models to judge."""
    sizes = np.bincount(given_labels, minlength=n_classes)
    most_alike = int(np.bincount(together).max(initial=1))
    may_be = sizes < _FEWEST_GROUPS * most_alike  # all larger classes have enough different rows
    rows = np.flatnonzero(may_be[given_labels])
    first = rows[find_first_of_each(number_alike(given_labels[rows], together[rows]))]
    sizes = np.bincount(given_labels[first], minlength=n_classes)
    return np.flatnonzero(may_be & (sizes > 0) & (sizes < _FEWEST_GROUPS))


def suggest_classes(
    evidence: Evidence, pred_probs: Floats | None, doubt: Floats, judgeable: Bools
) -> tuple[Codes, Floats]:
    """The likeliest label and how sure it is; for a doubted row the likeliest other label."""
    given, support = evidence.given_labels, measure_support(evidence)
    suggested, confidence = np.empty(len(given), dtype=np.intp), np.empty(len(given))
    for rows in split_rows(len(given), evidence.n_classes):
        likely = np.zeros((len(given[rows]), evidence.n_classes))
        if pred_probs is not None:
            heeded = HeededOpinion(pred_probs, given, support)[rows]
            likely = np.where(judgeable[rows, None], np.log(heeded + _LEAST_PROBABILITY), 0.0)
        likely += _measure_log_shares(evidence.annotations, evidence.n_classes, rows)
        if evidence.rule_labels is not None:
            likely += _measure_log_shares(evidence.rule_labels, evidence.n_classes, rows)
        own = np.arange(len(likely)), given[rows]
        likely[own] = np.where(doubt[rows] >= DOUBTED_FROM, -np.inf, likely[own] + _TIE)
        best = likely.argmax(axis=1)
        among_others = np.exp(likely - likely.max(axis=1, keepdims=True))
        among_others[own] = 0.0
        share = among_others[own[0], best] / np.maximum(among_others.sum(axis=1), _LEAST_PROBABILITY)
        suggested[rows] = best
        confidence[rows] = np.where(best == given[rows], 1 - doubt[rows], doubt[rows] * share)
    return suggested, confidence


def _measure_log_shares(answers: Codes | None, n_classes: int, rows: slice) -> NDArray[np.float64]:
    """The logarithm of each label's share of the answers for a row; half an answer is added to each label.

    Without answers it is the same for all rows, and given once.
    """
    of_rows = None if answers is None else answers[rows]
    counts = np.full((1 if of_rows is None else len(of_rows), n_classes), 0.5)
    for one in () if of_rows is None else of_rows.T:
        asked = np.flatnonzero(one >= 0)
        counts[asked, one[asked]] += 1.0
    return np.asarray(np.log(counts / counts.sum(axis=1, keepdims=True)))
