"""An audit -> `report.html`: one page that opens offline and sends nothing anywhere."""

from __future__ import annotations

import html
from collections import Counter
from importlib.resources import files
from itertools import zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from doubtcli.rank.combine import list_counted_reasons
from doubtcli.rank.figures import (
    count_doubts,
    list_queued_rows,
    list_rows_to_decide,
    list_top_rows,
)
from doubtcli.records import REASON_SPEAKS, Role
from doubtcli.report.findings import explain_why_look
from doubtcli.report.one_file import fill_page, join_scripts
from doubtcli.report.page_rows import row_content
from doubtcli.report.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import Codes, ScanResult
    from doubtcli.report.summary import Summary

MAX_ROWS = 1_000
"""More than a person checks in one session; `doubts.parquet` has all rows."""
MAX_RULES = 10
"""How many of the user's rules have a line; `audit.json` has all."""
_SCRIPTS = (
    "page_data.js",
    "page_parts.js",
    "page_matrix.js",
    "page_charts.js",
    "page_evidence.js",
    "page_table.js",
    "page.js",
)
"""In the order in which they are put together: the first has the data, the last one draws the page."""
RATE_DECIMALS = 4
"""Of rates and accuracies, enough to show a tenth of a percent."""
STANDARD_INPUT_NAME = "standard input"


def render_html(audit: ScanResult, *, max_rows: int = MAX_ROWS) -> str:
    """The whole page, which needs no network and no other file; the same bytes for the same audit.

    Args:
        audit: What a scan found.
        max_rows: How many of the doubted rows are in the table, most doubted first; the figures are of all.
    """
    return fill_page(
        _read_resource("page.html"),
        title=html.escape(f"{file_name(audit)} - doubt"),
        style=_read_resource("page.css"),
        data=page_content(audit, max_rows),
        script=join_scripts(_read_resource(name) for name in _SCRIPTS),
    )


def _read_resource(name: str) -> str:
    return files("doubtcli.report").joinpath(name).read_text(encoding="utf-8")


# ------------------------------------------------------------------------- content


def file_name(audit: ScanResult) -> str:
    """The last part of the input's path."""
    path = audit.source.path
    return STANDARD_INPUT_NAME if path == "-" else PurePath(path).name or path


def page_content(audit: ScanResult, max_rows: int) -> dict[str, Any]:
    """All data of the page: the figures of the whole audit, and the first `max_rows` entries of the queue.

    The queue's figures count rows: those of an entry are equal, and shown together.
    """
    summary, listed = summarize(audit), list_rows_to_decide(audit)
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
            "contradicted": summary.n_contradicted,
            "listed": len(listed),
            "entries": len(audit.ranking.queue),
            "toCheck": len(list_queued_rows(audit, audit.settings.get("queue_size"))),
        },
        "noise": _noise_content(audit, summary),
        "skill": summary.skill_sentence,
        "whyLook": explain_why_look(audit.skill),
        "precision": summary.strongest_sentence,
        "power": summary.power_sentence,
        "notes": list(audit.notes),
        "roles": [[column.name, column.role, column.used, column.why] for column in audit.roles.columns],
        "skipped": [[reason.name, reason.why] for reason in audit.skipped],
        "rules": list(summary.rule_sentences[:MAX_RULES]),
        "voices": list(audit.ranking.voices),
        "histogram": {
            "all": list(summary.histogram),
            "listed": list(count_doubts(audit.ranking.doubt[listed])),
        },
        "classes": _class_counts(audit, summary, listed),
        "matrix": _count_pairs(audit, listed),
        "reasons": _reason_content(audit, listed),
        "annotators": list(annotations.annotators) if annotations else [],
        "modelNames": list(audit.model_names),
        "hasIds": bool(audit.roles.names(Role.IDENTIFIER)),
        "textColumns": len(audit.examples.columns_of(Role.TEXT)),
        **({} if audit.labels.are_classes else {"areClasses": False}),
        **row_content(audit, list_top_rows(audit, max_rows)),
    }


def _noise_content(audit: ScanResult, summary: Summary) -> dict[str, Any]:
    """The sentences, and the shares to draw, as far as they are known."""
    noise = audit.noise_rate
    figures = {
        "atLeast": noise.at_least,
        "contradicted": noise.contradicted,
        "rate": noise.rate,
        "low": noise.low,
        "high": noise.high,
    }
    drawn = figures if noise.assessable else {}
    sentences = (summary.noise_sentence, summary.expected_sentence, summary.flags_sentence)
    return {"sentence": " ".join(filter(None, sentences))} | _round_known(drawn)


def _class_counts(audit: ScanResult, summary: Summary, rows: Codes) -> list[list[Any]]:
    """`[name, rows with this label, how many of them are in the queue]`, in the order of the codes."""
    listed = Counter(audit.examples.given_labels[rows].tolist())
    given = [known.n_given for known in summary.by_class]
    named = zip_longest(audit.label_names, given, fillvalue=0)
    return [[name, n_given, listed[code]] for code, (name, n_given) in enumerate(named)]


def _count_pairs(audit: ScanResult, rows: Codes) -> list[list[int]]:
    """`[given, suggested, how many rows of the queue]`, in the order of the classes."""
    given, suggested = audit.examples.given_labels[rows], audit.ranking.suggested_labels[rows]
    pairs = Counter(zip(given.tolist(), suggested.tolist(), strict=True))
    return [[*pair, pairs[pair]] for pair in sorted(pairs)]


def _reason_content(audit: ScanResult, rows: Codes) -> list[dict[str, Any]]:
    """The reasons in the order of each row's scores, each with how many rows of the queue it doubts."""
    return [
        {
            "name": reason.name,
            "because": reason.because,
            "isContext": reason.family != "error",
            "listed": int((reason.scores[rows] >= REASON_SPEAKS).sum()),
        }
        for reason in list_counted_reasons(audit.reasons, audit.skill)
    ]


def _round_known(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: round(value, RATE_DECIMALS) for name, value in figures.items() if value is not None}
