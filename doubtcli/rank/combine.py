"""What the reasons say of a row -> one doubt.

A reason's voice follows from what its needs are made of. Voices add up as log odds; reasons of one voice say
the same thing, and count once. Models and neighbours look at the same inputs, so they are one voice: their
opinions are pooled, and what these say against a label is weighed by the noise model: how, is a matter of the
task. Context reasons have no voice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.verdicts import fit_recalibration
from doubtcli.records import DOUBTED_FROM, Evidence, Ranking, ReasonScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from doubtcli.records import NoiseModel, Task, Verdicts
    from doubtcli.records.arrays import Bools, Codes, Floats


POOLED = frozenset({"models", "neighbors"})
"""The voices that are heard as one, by their pooled probabilities."""

_SHORTEST_QUEUE, _LONGEST_FILLED_QUEUE = 10, 50
"""Where few rows are doubted outright, a twentieth of all are queued, so that whoever checks them learns
whether the models are blind here or the labels good; 10 at least and 50 at most."""
_OFFSET_TOLERANCE = 1e-12
"""How near the offset is found: it moves no doubt by more than a quarter of this."""
_SURE = 0.7
"""A reason that only raises doubt is taken to be no surer than this: at .8 and more, texts that are nearly
equal but rightly bear two labels lowered AP."""
_LEAST_SCORE = 1e-3
"""A reason that also lowers doubt is taken to be surer than this neither way."""


def rank_rows(  # noqa: PLR0917  # all that a doubt is made of
    task: Task,
    evidence: Evidence,
    reasons: Sequence[ReasonScores],
    opinions: Sequence[Floats],
    noise: NoiseModel,
    together: Codes,
    *,
    n_labels: int,
    verdicts: Verdicts | None = None,
) -> Ranking:
    """One doubt a row.

    What models and neighbours say is set to add up to the noise rate they start from; other voices are
    added to that.

    Args:
        task: What the labels are.
        evidence: Of all rows.
        reasons: What each reason said.
        opinions: What models and neighbours make of the rows, once a repeat, as the task pools it.
        noise: Weighs what they say against a label.
        together: Shape `(n_rows,)`: rows with the same number are held out together.
        n_labels: How many different labels the file has.
        verdicts: What people decided; the doubts are calibrated on it.
    """
    from scipy.special import expit

    given = evidence.given_labels
    others = _other_voices(reasons, len(given))
    judgeable = task.find_judgeable(evidence, together)
    mean_opinion = np.mean(opinions, axis=0) if opinions else None

    def weigh(opinion: Floats | None) -> Floats:
        against = None if opinion is None else task.contradict(opinion, evidence)
        return _weigh_contradiction(against, noise, judgeable) + others

    raw = weigh(mean_opinion)
    calibrated = fit_recalibration(raw, given, verdicts)
    log_odds = calibrated(raw)
    doubt = expit(log_odds)
    repeats = [expit(calibrated(weigh(opinion))) for opinion in opinions]
    suggestions = task.suggest(evidence, mean_opinion, doubt, judgeable, n_labels)
    return Ranking(
        doubt=doubt,
        doubt_sd=np.std(repeats, axis=0) if len(repeats) > 1 else np.full(len(given), np.nan),
        suggested_labels=suggestions.labels,
        suggested_confidence=suggestions.confidence,
        doubted=doubt >= DOUBTED_FROM,
        order=np.lexsort((np.arange(len(given)), -log_odds)),
        voices=_describe_voices(reasons, is_pooled=bool(opinions)),
        queue_at_least=min(_LONGEST_FILLED_QUEUE, max(_SHORTEST_QUEUE, len(given) // 20)),
        further_labels=suggestions.further,
    )


def find_ranked_sources(reasons: Iterable[ReasonScores]) -> frozenset[str]:
    """What the reasons that are ranked were made of."""
    return frozenset(source for one in reasons if one.family == "error" for source in one.sources)


def _describe_voices(reasons: Sequence[ReasonScores], *, is_pooled: bool) -> tuple[str, ...]:
    pooled = [reason.name for reason in reasons if reason.family == "error" and reason.voice in POOLED]
    described = [f"models and neighbours pooled ({', '.join(pooled)})"] if is_pooled else []
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


def _weigh_contradiction(against: Floats | None, noise: NoiseModel, judgeable: Bools) -> Floats:
    """Log odds against each label: the prior's, and what contradicts it where opinions may judge."""
    from scipy.special import logit

    prior = float(logit(noise.prior))
    if against is None or not judgeable.any():
        return np.full(len(judgeable), prior)
    evidence = noise.log_odds(against)
    return np.where(judgeable, evidence + _offset(evidence[judgeable], noise.prior), prior)


def _offset(log_odds: Floats, prior: float) -> float:
    """What to add so that the mean doubt is the prior: it rises with the offset."""
    from scipy.optimize import brentq
    from scipy.special import expit

    low, high = -60.0 - float(log_odds.max()), 60.0 - float(log_odds.min())
    return float(
        brentq(lambda offset: expit(log_odds + offset).mean() - prior, low, high, xtol=_OFFSET_TOLERANCE)
    )
