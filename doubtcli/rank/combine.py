"""What the reasons say of a row -> one doubt.

A reason's voice follows from what its needs are made of. Voices add up as log odds; reasons of one voice say
the same thing, and count once. Models and neighbours look at the same inputs, so they are one voice: their
probabilities are pooled (`pool_pred_probs`), and what these say against a label is weighed by the noise
model. Context reasons have no voice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.pooling import calibrate, learn_trust, pool
from doubtcli.rank.verdicts import fit_recalibration
from doubtcli.records import Evidence, Ranking, ReasonScores

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from doubtcli.rank.noise import NoiseModel
    from doubtcli.records import Verdicts
    from doubtcli.records.arrays import Bools, Codes, Floats


POOLED = frozenset({"models", "neighbors"})
"""The voices that are heard as one, by their pooled probabilities."""
DOUBTED_FROM = 0.5
"""A row is doubted when its label is likelier wrong than right."""

_SHORTEST_QUEUE, _LONGEST_FILLED_QUEUE = 10, 50
"""Where few rows are doubted outright, a twentieth of all are queued, so that whoever checks them learns
whether the models are blind here or the labels good; 10 at least and 50 at most."""
_LEAST_PROBABILITY = 1e-12
_OFFSET_TOLERANCE = 1e-12
"""How near the offset is found: it moves no doubt by more than a quarter of this."""
_TIE = 1e-9
"""A tie is broken for the given label."""
_TRUST = np.array([1.0, 0.25])
"""In the models together, and in the neighbours, where the labels tell nothing of either."""
_SURE = 0.7
"""A reason that only raises doubt is taken to be no surer than this: at .8 and more, texts that are nearly
equal but rightly bear two labels lowered AP."""
_LEAST_SCORE = 1e-3
"""A reason that also lowers doubt is taken to be surer than this neither way."""
_FEWEST_GROUPS = 3
"""Unlike rows a class needs before models judge its rows: with fewer, the fold left out leaves one
or none."""


def rank_rows(
    evidence: Evidence,
    reasons: Sequence[ReasonScores],
    pooled_pred_probs: Sequence[Floats],
    noise: NoiseModel,
    together: Codes,
    *,
    verdicts: Verdicts | None = None,
) -> Ranking:
    """One doubt a row.

    What models and neighbours say is set to add up to the noise rate they start from; other voices are
    added to that.

    Args:
        evidence: Of all rows.
        reasons: What each reason said.
        pooled_pred_probs: As `pool_pred_probs` gives them.
        noise: Weighs what they say against a label.
        together: Shape `(n_rows,)`: rows with the same number are held out together.
        verdicts: What people decided; the doubts are calibrated on it.
    """
    from scipy.special import expit

    given = evidence.given_labels
    others = _other_voices(reasons, len(given))
    too_small = np.isin(given, find_too_small_classes(given, together, evidence.n_classes))
    mean_probs = np.mean(pooled_pred_probs, axis=0) if pooled_pred_probs else None
    raw = _from_pred_probs(mean_probs, given, noise, too_small) + others
    calibrated = fit_recalibration(raw, given, verdicts)
    log_odds = calibrated(raw)
    doubt = expit(log_odds)
    repeats = [
        expit(calibrated(_from_pred_probs(probs, given, noise, too_small) + others))
        for probs in pooled_pred_probs
    ]
    suggested, confidence = _suggest(evidence, mean_probs, doubt, too_small)
    return Ranking(
        doubt=doubt,
        doubt_sd=np.std(repeats, axis=0) if len(repeats) > 1 else np.full(len(given), np.nan),
        suggested_labels=suggested,
        suggested_confidence=confidence,
        doubted=doubt >= DOUBTED_FROM,
        order=np.lexsort((np.arange(len(given)), -log_odds)),
        voices=_describe_voices(reasons, pooled_pred_probs),
        queue_at_least=min(_LONGEST_FILLED_QUEUE, max(_SHORTEST_QUEUE, len(given) // 20)),
    )


def sources_with_a_voice(reasons: Iterable[ReasonScores]) -> frozenset[str]:
    """What the reasons that are ranked were made of."""
    return frozenset(source for one in reasons if one.family == "error" for source in one.sources)


def _describe_voices(reasons: Sequence[ReasonScores], pooled_pred_probs: Sequence[Floats]) -> tuple[str, ...]:
    pooled = [reason.name for reason in reasons if reason.family == "error" and reason.voice in POOLED]
    described = [f"models and neighbours pooled ({', '.join(pooled)})"] if pooled_pred_probs else []
    for voice, same in _by_voice(reasons).items():
        names = ", ".join(reason.name for reason in same)
        described.append(names if len(same) == 1 else f"{voice} averaged ({names})")
    return tuple(described)


def _other_voices(reasons: Iterable[ReasonScores], n_rows: int) -> Floats:
    """Log odds from the error reasons that are not of the pooled voice, each voice once."""
    total = np.zeros(n_rows)
    for same in _by_voice(reasons).values():
        said = np.array([_from_scores(reason) for reason in same])
        n_speak = np.count_nonzero(~np.isnan(said), axis=0)
        total += np.nansum(said, axis=0) / np.maximum(n_speak, 1)
    return total


def _by_voice(reasons: Iterable[ReasonScores]) -> dict[str, list[ReasonScores]]:
    """The error reasons of each voice that is not pooled."""
    voices: dict[str, list[ReasonScores]] = {}
    for reason in reasons:
        if reason.family == "error" and reason.voice not in POOLED:
            voices.setdefault(reason.voice, []).append(reason)
    return voices


def _from_scores(reason: ReasonScores) -> Floats:
    """Log odds from one reason's scores; NaN where it has nothing to say.

    Most reasons only raise doubt: that a row has no fault of one kind is no sign that its label is right.
    """
    from scipy.special import logit

    scores = np.asarray(reason.scores, dtype=np.float64)
    if reason.lowers_doubt:
        return np.asarray(logit(np.clip(scores, _LEAST_SCORE, 1 - _LEAST_SCORE)))
    return np.where(scores > 0.5, logit(np.clip(scores, 0.5, _SURE)), np.nan)  # noqa: PLR2004


def _from_pred_probs(pred_probs: Floats | None, given: Codes, noise: NoiseModel, too_small: Bools) -> Floats:
    """Log odds against each label: the prior's, and what pooled probabilities add in classes large enough."""
    from scipy.special import logit

    prior = float(logit(noise.prior))
    if pred_probs is None or too_small.all():
        return np.full(len(given), prior)
    evidence = noise.log_odds(measure_contradiction(pred_probs, given))
    return np.where(too_small, prior, evidence + _offset(evidence[~too_small], noise.prior))


def _offset(log_odds: Floats, prior: float) -> float:
    """What to add so that the mean doubt is the prior: it rises with the offset."""
    from scipy.optimize import brentq
    from scipy.special import expit

    low, high = -60.0 - float(log_odds.max()), 60.0 - float(log_odds.min())
    return float(
        brentq(lambda offset: expit(log_odds + offset).mean() - prior, low, high, xtol=_OFFSET_TOLERANCE)
    )


# ----------------------------------------------------------------- one class of several


def pool_pred_probs(evidence: Evidence, sources: Collection[str]) -> list[Floats]:
    """What models and neighbours together make of each row, once a repeat; empty where neither was asked.

    Args:
        evidence: Of all rows.
        sources: Of the reasons that were run and that have a voice, as `sources_with_a_voice` gives them.

    Returns:
        Probabilities, each of shape `(n_rows, n_classes)`.
    """
    neighbors = None
    if "neighbors" in sources and evidence.neighbor_votes is not None:
        neighbors = _neighbor_pred_probs(evidence)
    if evidence.pred_probs is None or "models" not in sources:
        return [] if neighbors is None else [neighbors]
    repeats = (
        evidence.pred_probs[None] if evidence.pred_probs_by_repeat is None else evidence.pred_probs_by_repeat
    )
    by_repeat: list[Floats] = [np.asarray(probs, dtype=np.float64) for probs in repeats]
    if neighbors is None:
        return by_repeat
    trust = learn_trust([np.mean(by_repeat, axis=0), neighbors], evidence.given_labels, _TRUST)
    return [pool([probs, neighbors], evidence.given_labels, trust) for probs in by_repeat]


def _neighbor_pred_probs(evidence: Evidence) -> Floats:
    votes = np.asarray(evidence.neighbor_votes, dtype=np.float64)
    half_a_vote = 0.5 / evidence.neighbor_indices.shape[1] if evidence.neighbor_indices is not None else 0.05
    return np.asarray(calibrate(np.log(votes + half_a_vote), evidence.given_labels))


def measure_contradiction(pred_probs: Floats, given: Codes) -> Floats:
    """Log odds against each label: the mean of those of the best other class and of all other classes.

    With two classes these are one. With many, the best other class finds labels swapped between two like
    classes, all of them together find labels that fit nowhere; neither alone found both.
    """
    rows = np.arange(len(given))
    others = pred_probs.copy()
    others[rows, given] = 0.0
    own, best, rest = pred_probs[rows, given], others.max(axis=1), others.sum(axis=1)
    against = (
        np.log(np.maximum(best, _LEAST_PROBABILITY)) + np.log(np.maximum(rest, _LEAST_PROBABILITY))
    ) / 2
    return np.asarray(against - np.log(np.maximum(own, _LEAST_PROBABILITY)))


def find_too_small_classes(given_labels: Codes, together: Codes, n_classes: int) -> Codes:
    """The classes with too few rows that are held out apart for models to judge their labels."""
    apart = np.unique(np.stack([given_labels, together]), axis=1)[0]
    sizes = np.bincount(apart, minlength=n_classes)
    return np.flatnonzero((sizes > 0) & (sizes < _FEWEST_GROUPS))


def _suggest(
    evidence: Evidence, pred_probs: Floats | None, doubt: Floats, too_small: Bools
) -> tuple[Codes, Floats]:
    """The likeliest label and how sure it is; for a doubted row the likeliest one but the given."""
    n_rows, rows = len(doubt), np.arange(len(doubt))
    given = evidence.given_labels
    likely = (
        np.zeros((n_rows, evidence.n_classes))
        if pred_probs is None
        else np.log(pred_probs + _LEAST_PROBABILITY)
    )
    likely = np.where(too_small[:, None], 0.0, likely) + _annotators_log_shares(evidence)
    likely[rows, given] = np.where(doubt >= DOUBTED_FROM, -np.inf, likely[rows, given] + _TIE)
    suggested = likely.argmax(axis=1)
    among_others = np.exp(likely - likely.max(axis=1, keepdims=True))
    among_others[rows, given] = 0.0
    share = among_others[rows, suggested] / np.maximum(among_others.sum(axis=1), _LEAST_PROBABILITY)
    return suggested, np.where(suggested == given, 1 - doubt, doubt * share)


def _annotators_log_shares(evidence: Evidence) -> Floats:
    """The logarithm of each label's share of a row's answers, half an answer added to each."""
    counts = np.full((len(evidence.given_labels), evidence.n_classes), 0.5)
    if evidence.annotations is not None:
        for answers in evidence.annotations.T:
            asked = np.flatnonzero(answers >= 0)
            counts[asked, answers[asked]] += 1.0
    return np.asarray(np.log(counts / counts.sum(axis=1, keepdims=True)))
