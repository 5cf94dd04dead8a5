"""What the reasons say about a row -> one doubt.

A reason's voice follows from the sources of its evidence. Voices add up as log odds; reasons of one voice
repeat each other, and count once. Models and neighbours look at the same inputs, so they are one voice: their
opinions are pooled, and labelled sets show how likely a label is wrong that they contradict this much
(`rank.prior`). The task decides how opinions are pooled. Context reasons have no voice.

Rows that are equal are one entry of the queue, so that a person decides once on what looks the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.prior import BASE_RATE
from doubtcli.records import DOUBTED_FROM, Evidence, Ranking, ReasonScores
from doubtcli.records.arrays import average_opinions, find_first_of_each, number_alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from doubtcli.rank.prior import ErrorCurves
    from doubtcli.records import AuditSample, Examples, Skill, Task
    from doubtcli.records.arrays import Bools, Codes, Floats


POOLED = frozenset({"models", "neighbors"})
"""The voices that count as one, by their pooled probabilities."""

_SURE = 0.7
"""The highest score that a reason which only raises doubt counts with: at .8 and more, average precision was
lower, as nearly equal texts sometimes rightly have two labels."""
_LEAST_SCORE = 1e-3
"""The least score that a reason which also lowers doubt counts with; one minus this is the highest."""


@dataclass(frozen=True)
class Margins:
    """How much all voices together speak against each label, on the scale of models' log odds."""

    mean: Floats
    """Shape `(n_rows,)`, of the mean opinion."""
    by_repeat: tuple[Floats, ...]
    """The same for the opinion of each repeat."""


@dataclass(frozen=True)
class Voices:
    """All that speaks for or against the labels."""

    task: Task
    """What kind of labels the file has."""
    evidence: Evidence
    """The evidence about all rows."""
    reasons: Sequence[ReasonScores]
    """The scores of each reason."""
    opinions: Sequence[Floats]
    """The opinions of models and neighbours, pooled by the task, one for each repeat."""
    together: Codes
    """Shape `(n_rows,)`: rows with the same number are held out together."""


def measure_margins(voices: Voices, curves: ErrorCurves) -> Margins:
    """How much all voices together speak against each label.

    Where only models and neighbours speak, the margin is their log odds against the label. Other voices are
    added as log odds that the label is wrong, and shown as the margin that would mean as much.

    Args:
        voices: All of them.
        curves: How likely a label is wrong at each margin, before any verdict.
    """
    from scipy.special import logit

    task, evidence, opinions = voices.task, voices.evidence, voices.opinions
    others = _add_other_voices(voices.reasons, len(evidence.given_labels))
    judgeable = task.find_judgeable(evidence, voices.together)
    most = task.limit_doubt(evidence)
    base = float(logit(BASE_RATE))

    def measure(opinion: Floats | None) -> Floats:
        if opinion is None:
            return curves.to_margins(base + others)
        against = task.contradict(opinion, evidence)
        alone = curves.to_log_odds(against)
        log_odds = np.where(judgeable, np.minimum(alone, most), base)
        # not there and back again, so that equal margins stay equal to the last digit
        is_alone = judgeable & (alone <= most) & (others == 0)
        return np.where(is_alone, against, curves.to_margins(log_odds + others))

    mean = measure(average_opinions(opinions) if opinions else None)
    return Margins(mean, (mean,) if len(opinions) == 1 else tuple(map(measure, opinions)))


def rank_rows(
    voices: Voices, margins: Margins, curves: ErrorCurves, *, has_skill: bool, n_labels: int
) -> Ranking:
    """One doubt for each row, and the rows in order.

    Args:
        voices: All that speaks for or against the labels.
        margins: What all voices say.
        curves: How likely a label is wrong at each margin.
        has_skill: Whether models can predict the labels; if not, they suggest none.
        n_labels: How many different labels the file has.
    """
    from scipy.special import expit

    task, evidence, opinions = voices.task, voices.evidence, voices.opinions
    n_rows = len(evidence.given_labels)
    judgeable = task.find_judgeable(evidence, voices.together)
    mean_opinion = average_opinions(opinions) if opinions and has_skill else None
    doubt = expit(curves.to_log_odds(margins.mean))
    repeats = [expit(curves.to_log_odds(one)) for one in margins.by_repeat] if len(opinions) > 1 else []
    suggestions = task.suggest(evidence, mean_opinion, doubt, judgeable, n_labels)
    contradicted = np.zeros(n_rows, dtype=np.bool_)
    if mean_opinion is not None:
        contradicted = task.find_contradicted(mean_opinion, evidence) & judgeable
    return Ranking(
        doubt=doubt,
        doubt_sd=np.std(repeats, axis=0) if len(repeats) > 1 else np.full(n_rows, np.nan),
        suggested_labels=suggestions.labels,
        suggested_confidence=suggestions.confidence,
        doubted=doubt >= DOUBTED_FROM,
        contradicted=contradicted,
        order=np.argsort(-margins.mean, kind="stable"),
        voices=_describe_voices(voices.reasons, is_pooled=bool(opinions)),
        margins=margins.mean,
        further_labels=suggestions.further,
    )


def find_ranked_sources(reasons: Iterable[ReasonScores]) -> frozenset[str]:
    """The sources of the evidence that the ranked reasons read."""
    return frozenset(source for one in reasons if one.family == "error" for source in one.sources)


def list_counted_reasons(reasons: Iterable[ReasonScores], skill: Skill) -> tuple[ReasonScores, ...]:
    """The reasons that count as evidence: without skill, none that read models, nor neighbours' labels."""
    return tuple(
        one
        for one in reasons
        if skill.assessable or (one.voice != "models" and (one.voice not in POOLED or one.family != "error"))
    )


def _describe_voices(reasons: Sequence[ReasonScores], *, is_pooled: bool) -> tuple[str, ...]:
    pooled = [reason.name for reason in reasons if reason.family == "error" and reason.voice in POOLED]
    described = [f"models and neighbours pooled ({', '.join(pooled)})"] if is_pooled else []
    for voice, same in _group_by_voice(reasons).items():
        names = ", ".join(reason.name for reason in same)
        described.append(names if len(same) == 1 else f"{voice} averaged ({names})")
    return tuple(described)


def _add_other_voices(reasons: Iterable[ReasonScores], n_rows: int) -> Floats:
    """The log odds from error reasons of other voices than the pooled one; each voice counts once."""
    total = np.zeros(n_rows)
    for same in _group_by_voice(reasons).values():
        log_odds = np.array([_convert_to_log_odds(reason) for reason in same])
        n_known = np.count_nonzero(~np.isnan(log_odds), axis=0)
        total += np.nansum(log_odds, axis=0) / np.maximum(n_known, 1)
    return total


def _group_by_voice(reasons: Iterable[ReasonScores]) -> dict[str, list[ReasonScores]]:
    """The error reasons of each voice that is not pooled."""
    voices: dict[str, list[ReasonScores]] = {}
    for reason in reasons:
        if reason.family == "error" and reason.voice not in POOLED:
            voices.setdefault(reason.voice, []).append(reason)
    return voices


def _convert_to_log_odds(reason: ReasonScores) -> Floats:
    """The scores of one reason as log odds; NaN where it has nothing to say.

    Most reasons only raise doubt: if a row does not have one kind of fault, its label may still be wrong.
    """
    from scipy.special import logit

    scores = np.asarray(reason.scores, dtype=np.float64)
    if reason.lowers_doubt:
        return np.asarray(logit(np.clip(scores, _LEAST_SCORE, 1 - _LEAST_SCORE)))
    return np.where(scores > 0.5, logit(np.clip(scores, 0.5, _SURE)), np.nan)  # noqa: PLR2004


# ---------------------------------------------------- equal rows, as one entry of the queue


def number_entries(ranking: Ranking, examples: Examples) -> Ranking:
    """The ranking with its rows grouped into entries of the queue.

    The rows of an entry have equal inputs, cell by cell, the same given and the same suggested label, and
    either all have a verdict or none has. Entries are numbered by their most doubted row, from 0.
    """
    n_rows = len(ranking.doubt)
    inputs = np.arange(n_rows) if examples.equal_inputs is None else examples.equal_inputs
    decided = np.zeros(n_rows, dtype=np.bool_) if ranking.decided is None else ranking.decided
    found = number_alike(inputs, examples.given_labels, ranking.suggested_labels, decided.astype(np.intp))
    in_order = found[ranking.order]
    number = np.empty(n_rows, dtype=np.intp)
    heads = in_order[find_first_of_each(in_order)]
    number[heads] = np.arange(len(heads))
    return replace(ranking, entries=number[found])


def choose_free_heads(rows: Codes, entries: Codes, heads: Codes, taken: Bools) -> Codes:
    """The rows that stand for some entries where some of their rows are taken: the first that is not.

    An entry of which all rows are taken has none.

    Args:
        rows: The rows that may stand for an entry, most doubted first.
        entries: Shape `(n_rows,)`: the entry of each row.
        heads: One row of each of these entries.
        taken: Shape `(n_rows,)`.
    """
    free = rows[np.isin(entries[rows], entries[heads]) & ~taken[rows]]
    return free[find_first_of_each(entries[free])]


def count_equal_rows(entries: Codes, rows: Codes, drawn: Bools) -> Codes:
    """How many rows each of some rows stands for, itself counted.

    Args:
        entries: Shape `(n_rows,)`: the entry of each row that may be queued.
        rows: Row numbers.
        drawn: Shape `(n_rows,)`: whether a row was drawn at random, and stands for itself alone.
    """
    sizes = np.bincount(entries[~drawn], minlength=int(entries.max(initial=0)) + 1)
    return np.where(drawn[rows], 1, sizes[entries[rows]])


def list_queue_rows(ranking: Ranking, sample: AuditSample | None, size: int | None = None) -> Codes:
    """The rows of `queue.csv`, at most `size`: the audit sample as drawn, then the most doubted entries.

    A row of the sample is an entry of its own, since each row had its own odds of being drawn: its equal rows
    are an entry without it.
    """
    if sample is None:
        return ranking.queue[:size]
    drawn = mark_drawn_rows(ranking, sample)
    rest = choose_free_heads(ranking.undecided, list_entries(ranking), ranking.queue, drawn)
    return np.concatenate([sample.rows, rest])[:size]


def find_equal_rows(ranking: Ranking, rows: Codes) -> list[Codes]:
    """The rows of the entry of each of some rows: itself and its equal ones, in canonical order."""
    members, starts, ends = _find_members(list_entries(ranking), rows)
    return [members[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def join_equal_rows(ranking: Ranking, rows: Codes) -> Codes:
    """The same in one array."""
    members, starts, ends = _find_members(list_entries(ranking), rows)
    sizes = ends - starts
    return members[np.repeat(ends - np.cumsum(sizes), sizes) + np.arange(sizes.sum())]


def _find_members(entries: Codes, rows: Codes) -> tuple[Codes, Codes, Codes]:
    """The rows of the entries of some rows, by entry; and where those of each of these begin and end."""
    is_member = np.zeros(int(entries.max(initial=-1)) + 1, dtype=np.bool_)
    is_member[entries[rows]] = True
    members = np.flatnonzero(is_member[entries])
    members = members[np.argsort(entries[members], kind="stable")]
    starts, ends = (np.searchsorted(entries[members], entries[rows], side=side) for side in ("left", "right"))
    return members, starts, ends


def list_entries(ranking: Ranking) -> Codes:
    """The entry of each row; without entries, each row is one."""
    return np.arange(len(ranking.doubt)) if ranking.entries is None else ranking.entries


def mark_drawn_rows(ranking: Ranking, sample: AuditSample | None) -> Bools:
    """Shape `(n_rows,)`: whether a row was drawn for the audit sample."""
    drawn = np.zeros(len(ranking.doubt), dtype=np.bool_)
    if sample is not None:
        drawn[sample.rows] = True
    return drawn
