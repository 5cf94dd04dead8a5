"""An audit -> all that `report.html` tells, ready for JSON."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from doubtcli.rank.figures import count_doubts, list_top_rows
from doubtcli.records import REASON_SPEAKS
from doubtcli.report.page_rows import row_details
from doubtcli.report.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import Audit
    from doubtcli.report.summary import Summary

DECIMALS = 4
STANDARD_INPUT = "standard input"


def file_name(audit: Audit) -> str:
    """The last part of the input's path."""
    path = audit.source.path
    return STANDARD_INPUT if path == "-" else PurePath(path).name or path


def page_data(audit: Audit, max_rows: int) -> dict[str, Any]:
    """All that the page tells: the figures of the whole audit, and the first `max_rows` rows of the queue."""
    summary = summarize(audit)
    annotations = audit.examples.annotations
    return {
        "file": file_name(audit),
        "counts": {
            "rows": summary.n_rows,
            "labelled": summary.n_labelled,
            "unlabelled": summary.n_unlabelled,
            "unusable": summary.n_unusable,
            "kept": summary.n_kept,
            "corrected": summary.n_corrected,
            "doubted": summary.n_doubted,
            "listed": len(audit.ranking.queue),
        },
        "noise": _noise(audit, summary),
        "skill": _skill(audit, summary),
        "precision": summary.precision_sentence,
        "power": summary.power_sentence,
        "notes": list(audit.notes),
        "roles": [[column.name, column.role, column.used, column.why] for column in audit.roles.columns],
        "skipped": [[reason.name, reason.why] for reason in audit.skipped],
        "voices": list(audit.ranking.voices),
        "histogram": {
            "all": list(summary.histogram),
            "listed": list(count_doubts(audit.ranking.doubt[audit.ranking.queue])),
        },
        "classes": _classes(audit, summary),
        "matrix": _matrix(audit),
        "reasons": _reasons(audit),
        "annotators": list(annotations.annotators) if annotations else [],
        "modelNames": list(audit.model_names),
        "textColumns": len(audit.examples.text_columns),
        **row_details(audit, list_top_rows(audit, max_rows)),
    }


def _noise(audit: Audit, summary: Summary) -> dict[str, Any]:
    """The sentence, and the interval to draw: none where it is not assessable."""
    noise = audit.noise_rate
    drawn = {"rate": noise.rate, "low": noise.low, "high": noise.high} if noise.assessable else {}
    return {"sentence": summary.noise_sentence} | _rounded(drawn)


def _skill(audit: Audit, summary: Summary) -> dict[str, Any]:
    """The sentence, and the accuracies to draw."""
    drawn = {"accuracy": audit.skill.accuracy, "majority": audit.skill.majority_accuracy}
    return {"sentence": summary.skill_sentence} | _rounded(drawn)


def _classes(audit: Audit, summary: Summary) -> list[list[Any]]:
    """`[name, rows that bear it, of them in the queue]`, in the order of the classes."""
    listed = Counter(audit.examples.given_labels[audit.ranking.queue].tolist())
    return [[known.name, known.n_given, listed[code]] for code, known in enumerate(summary.by_class)]


def _matrix(audit: Audit) -> list[list[int]]:
    """`[given, suggested, how many rows of the queue]`, in the order of the classes."""
    queue = audit.ranking.queue
    given, suggested = audit.examples.given_labels[queue], audit.ranking.suggested_labels[queue]
    pairs = Counter(zip(given.tolist(), suggested.tolist(), strict=True))
    return [[*pair, pairs[pair]] for pair in sorted(pairs)]


def _reasons(audit: Audit) -> list[dict[str, Any]]:
    """The reasons in the order of each row's scores, and on how many rows of the queue each speaks."""
    queue = audit.ranking.queue
    return [
        {
            "name": reason.name,
            "because": reason.because,
            "isContext": reason.family != "error",
            "listed": int((reason.scores[queue] >= REASON_SPEAKS).sum()),
        }
        for reason in audit.reasons
    ]


def _rounded(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: round(value, DECIMALS) for name, value in figures.items() if value is not None}
