"""An audit -> its figures: counts of rows, labels and confusions, and the rows at the top of its queue.

The terminal, the page, the queue and `audit.json` all show them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.rank.combine import (
    count_equal_rows,
    find_equal_rows,
    join_equal_rows,
    list_counted_reasons,
    list_entries,
    list_queue_rows,
    mark_drawn_rows,
)
from doubtcli.records import (
    CONTRADICTED,
    DOUBTED,
    REASON_SPEAKS,
    TIERS,
    ClassCount,
    Confusion,
    RuleCount,
)
from doubtcli.records.arrays import split_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import Codes, Examples, Floats, Power, ScanResult

HISTOGRAM_BINS = 20
"""Bins of 0.05: wide enough to be even on a few hundred rows, narrow enough to show two humps."""


@dataclass(frozen=True)
class AuditFigures:
    """What an audit found, counted."""

    n_rows: int
    """All rows of the file, labelled and unlabelled."""
    n_labelled: int
    n_unlabelled: int
    n_unusable: int
    """Rows that a person marked as unusable; they are set aside, too."""
    n_kept: int
    """Labelled rows whose label a person confirmed."""
    n_corrected: int
    n_doubted: int
    n_doubted_entries: int
    """How many entries of the queue they are: equal rows are one."""
    n_contradicted: int
    """Contradicted rows that are not doubted, in the queue or not."""
    n_contradicted_entries: int
    """How many entries of the queue are contradicted, and not doubted."""
    share: float
    """Doubted rows among the labelled ones, 0 to 1."""
    by_class: tuple[ClassCount, ...]
    """Every class, in the order of the class names."""
    confusions: tuple[Confusion, ...]
    """Given and suggested labels of the doubted rows where they differ, most frequent first, ties by name."""
    histogram: tuple[int, ...]
    """Labelled rows by their doubt: see `count_doubts`."""


@dataclass(frozen=True)
class RowSummary:
    """One row in plain values."""

    index: int
    """Its index in the arrays of the audit (canonical order)."""
    row_id: str
    row: int
    """Its row number in the file, from 1, without the header."""
    equal: tuple[int, ...]
    """The indices of all rows that it stands for, itself among them, in file order."""
    given: str
    suggested: str
    """Equal to `given` where no label is better."""
    suggested_confidence: float
    doubt: float
    tier: str | None
    """None only in the queue of models without skill, which is made of the first rows by rank."""
    reasons: tuple[str, ...]
    """The reasons that raise doubt: error reasons before context, the strongest first."""
    why: str

    @property
    def doubted(self) -> bool:
        """Whether its label is likelier wrong than right."""
        return self.tier == DOUBTED


def count_audit(audit: ScanResult) -> AuditFigures:
    """What an audit found, counted."""
    n_labelled = audit.examples.n_rows
    n_unlabelled = len(audit.examples.unlabelled_row_ids)
    n_unusable = len(audit.examples.unusable_row_ids)
    n_kept, n_corrected = count_decided(audit)
    n_doubted = int(np.count_nonzero(audit.ranking.doubted))
    is_contradicted = audit.ranking.tiers == TIERS.index(CONTRADICTED)
    return AuditFigures(
        n_rows=n_labelled + n_unlabelled + n_unusable,
        n_labelled=n_labelled,
        n_unlabelled=n_unlabelled,
        n_unusable=n_unusable,
        n_kept=n_kept,
        n_corrected=n_corrected,
        n_doubted=n_doubted,
        n_doubted_entries=int(np.count_nonzero(audit.ranking.doubted[audit.ranking.queue])),
        n_contradicted=int(np.count_nonzero(is_contradicted)),
        n_contradicted_entries=int(np.count_nonzero(is_contradicted[audit.ranking.queue])),
        share=n_doubted / n_labelled if n_labelled else 0.0,
        by_class=_count_classes(audit),
        confusions=_count_confusions(audit),
        histogram=count_doubts(audit.ranking.doubt),
    )


def count_rules(examples: Examples) -> tuple[RuleCount, ...]:
    """On how many rows each of the user's rules is true: those that fit the file, then the others."""
    found = examples.rule_labels
    if found is None:
        return ()
    fitting = tuple(
        RuleCount(rule, int((codes >= 0).sum()), int(((codes >= 0) & (codes != examples.given_labels)).sum()))
        for rule, codes in zip(found.rules, found.codes.T, strict=True)
    )
    return fitting + tuple(RuleCount(rule, left_out=why) for rule, why in found.left_out)


def count_decided(audit: ScanResult) -> tuple[int, int]:
    """How many labels people have kept, and how many they have corrected."""
    if audit.examples.verdicts is None:
        return 0, 0
    n_decided = int(np.count_nonzero(audit.examples.verdicts.codes >= 0))
    n_corrected = int(np.count_nonzero(audit.examples.training_labels != audit.examples.given_labels))
    return n_decided - n_corrected, n_corrected


def _count_classes(audit: ScanResult) -> tuple[ClassCount, ...]:
    if not audit.labels.are_classes:
        return ()
    given, doubted = audit.examples.given_labels, audit.ranking.doubted
    n_given = np.bincount(given, minlength=audit.examples.n_classes)
    n_doubted = np.bincount(given[doubted], minlength=audit.examples.n_classes)
    return tuple(
        ClassCount(name, value, int(n_given[code]), int(n_doubted[code]))
        for code, (name, value) in enumerate(
            zip(audit.examples.class_names, audit.labels.class_values, strict=True)
        )
    )


def _count_confusions(audit: ScanResult) -> tuple[Confusion, ...]:
    if not audit.labels.are_classes:
        return ()
    names, ranking = audit.examples.class_names, audit.ranking
    given = audit.examples.given_labels[ranking.doubted].tolist()
    suggested = ranking.suggested_labels[ranking.doubted].tolist()
    pairs = Counter((names[a], names[b]) for a, b in zip(given, suggested, strict=True) if a != b)
    ranked = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Confusion(a, b, n) for (a, b), n in ranked)


def count_doubts(doubt: Floats) -> tuple[int, ...]:
    """How many doubts fall in each of 20 equal bins from 0 to 1."""
    return tuple(np.bincount(find_bins(doubt), minlength=HISTOGRAM_BINS).tolist())


def find_bins(doubt: Floats) -> Codes:
    """The bin of each doubt, 0 to 19; a border belongs to the bin above it, and 1 to the last bin."""
    # Not np.histogram: its borders are sums of 0.05, so that 0.3 would be below 0.30000000000000004.
    return np.minimum((doubt * HISTOGRAM_BINS).astype(np.intp), HISTOGRAM_BINS - 1)


def describe_power(power: Power) -> dict[str, Any]:
    """The power as JSON has it, without its parts by class and by reason."""
    found = [{"share": share, "found": found} for share, found in power.found_in_first.items()]
    return {
        "assessable": power.assessable,
        "why": power.why,
        "planted": power.n_planted,
        "found_in_first": found,
    }


# ------------------------------------------------------------------------ rows


def list_top_rows(audit: ScanResult, n: int) -> tuple[RowSummary, ...]:
    """The first `n` entries of the queue (fewer where it is shorter), most doubted first."""
    return summarize_rows(audit, audit.ranking.queue[:n])


def summarize_rows(audit: ScanResult, rows: Codes) -> tuple[RowSummary, ...]:
    """Some rows in plain values, in the order of `rows`."""
    reasons, equal = list_speaking_reasons(audit, rows), find_equal_rows(audit.ranking, rows)
    return tuple(
        _summarize_row(audit, row, names, same)
        for row, names, same in zip(rows.tolist(), reasons, equal, strict=True)
    )


def _summarize_row(audit: ScanResult, row: int, reasons: tuple[str, ...], equal: Codes) -> RowSummary:
    examples, ranking = audit.examples, audit.ranking
    return RowSummary(
        index=row,
        row_id=examples.row_ids[row],
        row=int(examples.positions[row]) + 1,
        equal=tuple(equal[np.argsort(examples.positions[equal])].tolist()),
        given=examples.class_names[examples.given_labels[row]],
        suggested=audit.label_names[ranking.suggested_labels[row]],
        suggested_confidence=float(ranking.suggested_confidence[row]),
        doubt=float(ranking.doubt[row]),
        tier=TIERS[ranking.tiers[row]],
        reasons=reasons,
        why=audit.why[row],
    )


def list_queued_rows(audit: ScanResult, size: int | None = None) -> Codes:
    """The rows of `queue.csv`, at most `size`: the audit sample as drawn, then the most doubted entries."""
    return list_queue_rows(audit.ranking, audit.sample, size)


def count_rows_to_decide(audit: ScanResult, queued: Codes) -> int:
    """How many rows are decided by verdicts on the rows of a queue, which may stand for equal ones."""
    drawn = mark_drawn_rows(audit.ranking, audit.sample)
    return int(count_equal_rows(list_entries(audit.ranking), queued, drawn).sum())


def list_rows_to_decide(audit: ScanResult) -> Codes:
    """All rows of the entries in the queue: those that are queued, and those that are equal to them."""
    return join_equal_rows(audit.ranking, audit.ranking.queue)


@dataclass(frozen=True)
class SpeakingReasons:
    """The reasons that raise doubt about some rows: errors before context, strongest first, ties by name."""

    names: tuple[str, ...]
    """Of all reasons that count."""
    ends: Codes
    """Shape `(n_rows,)`: where the reasons of each row end in `places`; they begin where those before end."""
    places: Codes
    """The reasons of all rows, one row after the other, by their places in `names`."""


def find_speaking_reasons(audit: ScanResult, rows: Sequence[int] | Codes) -> SpeakingReasons:
    """The reasons that raise doubt about each row."""
    counted = list_counted_reasons(audit.reasons, audit.skill)
    ordered = sorted(counted, key=lambda reason: (reason.family != "error", reason.name))
    is_context = [reason.family != "error" for reason in ordered]
    chosen, counts, places = np.asarray(rows, dtype=np.intp), [], []
    for block in split_rows(len(chosen), len(ordered)):
        some = chosen[block]
        table = np.array([reason.scores[some] for reason in ordered]).reshape(len(ordered), len(some)).T
        speaks = table >= REASON_SPEAKS
        several = np.flatnonzero(speaks.sum(axis=1) > 1)  # few rows have to be sorted
        strongest = np.tile(np.arange(len(ordered)), (len(some), 1))
        of_several = -table[several], np.broadcast_to(is_context, (len(several), len(ordered)))
        strongest[several] = np.lexsort(of_several, axis=1)
        speaks[several] = np.take_along_axis(speaks[several], strongest[several], axis=1)
        counts.append(speaks.sum(axis=1))
        places.append(strongest[speaks])
    nothing = np.zeros(0, dtype=np.intp)
    ends = np.cumsum(np.concatenate([nothing, *counts]))
    return SpeakingReasons(tuple(reason.name for reason in ordered), ends, np.concatenate([nothing, *places]))


def list_speaking_reasons(audit: ScanResult, rows: Sequence[int] | Codes) -> list[tuple[str, ...]]:
    """The same as names, for each row."""
    found = find_speaking_reasons(audit, rows)
    names = [found.names[place] for place in found.places.tolist()]
    ends = found.ends.tolist()
    return [tuple(names[start:end]) for start, end in zip([0, *ends][:-1], ends, strict=True)]
