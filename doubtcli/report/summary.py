"""An audit -> the plain figures that the terminal, the page and `audit.json` all tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import REASON_SPEAKS, ClassCount, Confusion
from doubtcli.wording.numbers import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import Audit, Codes, Floats, NoiseRate, Power, Skill

_FIRST = 0.05
"""Of the rows, most doubted first, that the audit's power is told for in one sentence."""
HISTOGRAM_BINS = 20
"""Bins of 0.05: wide enough to be even on a few hundred rows, narrow enough to show two humps."""


@dataclass(frozen=True)
class ReasonCount:
    """On how many doubted rows a reason speaks."""

    name: str
    n_doubted: int
    because: str
    """Completes "doubted because …"."""
    family: str
    """"error" (ranked) or "context" (shown beside)."""


@dataclass(frozen=True)
class Summary:
    """What an audit found, in plain figures."""

    n_rows: int
    """Of the file: labelled and unlabelled."""
    n_labelled: int
    n_unlabelled: int
    n_unusable: int
    """Rows that a person judged unusable: set aside, too."""
    n_kept: int
    """Labelled rows whose label a person confirmed."""
    n_corrected: int
    n_doubted: int
    share: float
    """Doubted rows among the labelled ones, 0 to 1."""
    by_class: tuple[ClassCount, ...]
    """Every class, in the order of the class names."""
    by_reason: tuple[ReasonCount, ...]
    """Every reason that ran, the one that speaks most often first, ties by name."""
    confusions: tuple[Confusion, ...]
    """Pairs of unlike labels, most often first, ties by name; rows with nothing better stand aside."""
    histogram: tuple[int, ...]
    """Labelled rows by their doubt: see `histogram`."""
    verdict_sentence: str
    """Empty where no verdicts were given."""
    noise_sentence: str
    power_sentence: str
    """Empty where no errors were planted."""
    precision_sentence: str
    """Empty where no row is doubted."""
    skill_sentence: str
    """Empty where the noise sentence has said the same."""


@dataclass(frozen=True)
class RowSummary:
    """One row in plain values."""

    index: int
    """Its place in the audit's arrays (canonical order)."""
    row_id: str
    row: int
    """Its place in the file, from 1, the header left out."""
    given: str
    suggested: str
    """Equal to `given` where nothing better is seen."""
    suggested_confidence: float
    doubt: float
    doubted: bool
    """False for a row that only fills the queue up."""
    reasons: tuple[str, ...]
    """The reasons that speak: error reasons before context, strongest first."""
    why: str


def summarize(audit: Audit) -> Summary:
    """What an audit found, in plain figures."""
    n_labelled = audit.examples.n_rows
    n_unlabelled = len(audit.examples.unlabelled_row_ids)
    n_unusable = len(audit.examples.unusable_row_ids)
    n_kept, n_corrected = _decided(audit)
    n_doubted = int(np.count_nonzero(audit.ranking.doubted))
    return Summary(
        n_rows=n_labelled + n_unlabelled + n_unusable,
        n_labelled=n_labelled,
        n_unlabelled=n_unlabelled,
        n_unusable=n_unusable,
        n_kept=n_kept,
        n_corrected=n_corrected,
        n_doubted=n_doubted,
        share=n_doubted / n_labelled if n_labelled else 0.0,
        by_class=_by_class(audit),
        by_reason=_by_reason(audit),
        confusions=_confusions(audit),
        histogram=histogram(audit.ranking.doubt),
        verdict_sentence=verdict_sentence(audit),
        noise_sentence=noise_sentence(audit.noise_rate),
        power_sentence=power_sentence(audit.power) if audit.power and audit.power.assessable else "",
        precision_sentence=precision_sentence(audit),
        skill_sentence="" if _is_told_by(audit.noise_rate, audit.skill) else skill_sentence(audit.skill),
    )


def top_rows(audit: Audit, n: int) -> tuple[RowSummary, ...]:
    """The first `n` rows of the queue (fewer where it is shorter), most doubted first."""
    rows = audit.ranking.queue[:n].tolist()
    return tuple(
        _row_summary(audit, row, names)
        for row, names in zip(rows, speaking_reasons(audit, rows), strict=True)
    )


def queued_rows(audit: Audit, size: int | None = None) -> Codes:
    """The rows of `queue.csv`, at most `size`: an audit sample as it was drawn, then the most doubted."""
    ranked = audit.ranking.queue
    if audit.sample is None:
        return ranked[:size]
    rest = ranked[~np.isin(ranked, audit.sample.rows)]
    return np.concatenate([audit.sample.rows, rest])[:size]


def speaking_reasons(audit: Audit, rows: Sequence[int] | Codes) -> list[tuple[str, ...]]:
    """The reasons that speak on each row: error reasons before context, strongest first, ties by name."""
    told = sorted(audit.reasons, key=lambda reason: (reason.family != "error", reason.name))
    chosen = np.asarray(rows, dtype=np.intp)
    # All rows at once: the table of doubts asks for every row of the file.
    scores = np.array([reason.scores[chosen] for reason in told]).reshape(len(told), len(chosen)).T
    is_context = np.broadcast_to([reason.family != "error" for reason in told], scores.shape)
    strongest = np.lexsort((-scores, is_context), axis=1).tolist()
    speaks = (scores >= REASON_SPEAKS).tolist()
    return [
        tuple(told[place].name for place in places if heard[place])
        for places, heard in zip(strongest, speaks, strict=True)
    ]


def histogram(doubt: Floats) -> tuple[int, ...]:
    """How many doubts fall in each of 20 equal bins from 0 to 1."""
    return tuple(np.bincount(histogram_bins(doubt), minlength=HISTOGRAM_BINS).tolist())


def histogram_bins(doubt: Floats) -> Codes:
    """The bin of each doubt, 0 to 19; a border belongs to the bin above it, and 1 to the last."""
    # Not np.histogram: its borders are sums of 0.05, and 0.3 would fall below 0.30000000000000004.
    return np.minimum((doubt * HISTOGRAM_BINS).astype(np.intp), HISTOGRAM_BINS - 1)


def power_sentence(power: Power) -> str:
    """How many errors like the planted ones a person finds who checks the most doubted rows."""
    if not power.assessable:
        return f"What this audit can see: not assessable. {_sentence(power.why)}"
    found = power.found_in_first[_FIRST]
    return (
        f"What this audit can see: of {count(power.n_planted, 'planted error')}, "
        f"{percent(found)} stand in the first {_FIRST:.0%} of rows."
    )


def expected_precision(audit: Audit) -> float | None:
    """The share of doubted rows whose label is expected to be wrong: their mean doubt; None without any."""
    doubted = audit.ranking.doubt[audit.ranking.doubted]
    return float(doubted.mean()) if len(doubted) else None


def precision_sentence(audit: Audit) -> str:
    """What share of the doubted rows is expected to be wrong, as the doubts have it."""
    expected = expected_precision(audit)
    if expected is None:
        return ""
    return f"Expected precision, by the doubts: {expected:.0%} of the doubted labels are wrong."


def noise_sentence(noise: NoiseRate) -> str:
    """One sentence on the share of wrong labels and how sure it is, or why it can't be told."""
    if not noise.assessable or noise.rate is None or noise.low is None or noise.high is None:
        return f"Suspected label noise: not assessable. {_sentence(noise.why)}"
    interval = f"{noise.level:.0%} interval {percent(noise.low)} to {percent(noise.high)}"
    lead = "Label noise" if noise.rests_on == "verdicts" else "Suspected label noise"
    return f"{lead}: {percent(noise.rate)} of rows ({interval}), {_unstopped(noise.why)}."


def verdict_sentence(audit: Audit) -> str:
    """One sentence on what people have decided and what became of it; empty where no verdicts were given."""
    if audit.examples.verdicts is None:
        return ""
    n_kept, n_corrected = _decided(audit)
    if not n_kept + n_corrected:
        return f"No row is decided in {audit.examples.verdicts.path}."
    told = count(n_kept + n_corrected, "row")
    be = "is" if n_kept + n_corrected == 1 else "are"
    return (
        f"{told} {be} decided: {count(n_kept)} kept, {count(n_corrected)} corrected; models learn from that."
    )


def skill_sentence(skill: Skill) -> str:
    """One sentence on whether the models know anything about these labels."""
    return _sentence(skill.why)


# ----------------------------------------------------------------- parts


def _decided(audit: Audit) -> tuple[int, int]:
    """How many labels people kept, and how many they corrected."""
    if audit.examples.verdicts is None:
        return 0, 0
    n_decided = int(np.count_nonzero(audit.examples.verdicts.codes >= 0))
    n_corrected = int(np.count_nonzero(audit.examples.taught_labels != audit.examples.given_labels))
    return n_decided - n_corrected, n_corrected


def _by_class(audit: Audit) -> tuple[ClassCount, ...]:
    given, doubted = audit.examples.given_labels, audit.ranking.doubted
    n_given = np.bincount(given, minlength=audit.examples.n_classes)
    n_doubted = np.bincount(given[doubted], minlength=audit.examples.n_classes)
    return tuple(
        ClassCount(name, value, int(n_given[code]), int(n_doubted[code]))
        for code, (name, value) in enumerate(
            zip(audit.examples.class_names, audit.labels.class_values, strict=True)
        )
    )


def _by_reason(audit: Audit) -> tuple[ReasonCount, ...]:
    counts = (
        ReasonCount(
            name=reason.name,
            n_doubted=int(np.count_nonzero(audit.ranking.doubted & (reason.scores >= REASON_SPEAKS))),
            because=reason.because,
            family=reason.family,
        )
        for reason in audit.reasons
    )
    return tuple(sorted(counts, key=lambda reason: (-reason.n_doubted, reason.name)))


def _confusions(audit: Audit) -> tuple[Confusion, ...]:
    names, ranking = audit.examples.class_names, audit.ranking
    given = audit.examples.given_labels[ranking.doubted].tolist()
    suggested = ranking.suggested_labels[ranking.doubted].tolist()
    pairs = Counter((names[a], names[b]) for a, b in zip(given, suggested, strict=True) if a != b)
    ranked = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Confusion(a, b, n) for (a, b), n in ranked)


def _row_summary(audit: Audit, row: int, reasons: tuple[str, ...]) -> RowSummary:
    examples, ranking = audit.examples, audit.ranking
    return RowSummary(
        index=row,
        row_id=examples.row_ids[row],
        row=int(examples.positions[row]) + 1,
        given=examples.class_names[examples.given_labels[row]],
        suggested=examples.class_names[ranking.suggested_labels[row]],
        suggested_confidence=float(ranking.suggested_confidence[row]),
        doubt=float(ranking.doubt[row]),
        doubted=bool(ranking.doubted[row]),
        reasons=reasons,
        why=audit.why[row],
    )


def _is_told_by(noise: NoiseRate, skill: Skill) -> bool:
    return not noise.assessable and _unstopped(noise.why) == _unstopped(skill.why)


def _sentence(words: str) -> str:
    """Words as a sentence of their own."""
    unstopped = _unstopped(words)
    return f"{unstopped[:1].upper()}{unstopped[1:]}."


def _unstopped(sentence: str) -> str:
    """A sentence without its full stop, so that it can go on."""
    return sentence.strip().removesuffix(".")
