"""An audit -> `audit.json`: what was judged, how, and what came of it, in a fixed order of keys.

`audit.schema.json` beside this file is its published JSON Schema. Keys are added, never renamed.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.records import REASON_SPEAKS
from doubtcli.report.power import power_figures
from doubtcli.report.summary import expected_precision, summarize

if TYPE_CHECKING:
    from doubtcli.records import Audit, ReasonScores
    from doubtcli.report.summary import Summary

SCHEMA_VERSION = 1
TOOL = "doubt"
SIGNIFICANT_DIGITS = 6
"""More than any of these figures is good for, and few enough to be read."""


def render_json(audit: Audit) -> str:
    """The text of `audit.json`, equal to the byte for equal audits but for the numbers under "timings"."""
    text = json.dumps(_document(audit), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A path may hold bytes that are no UTF-8 (lone surrogates in Python): JSON has an escape for them.
    return text.encode(errors="backslashreplace").decode()


def _document(audit: Audit) -> dict[str, Any]:
    summary = summarize(audit)
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": TOOL, "version": version("doubtcli")},
        "input": _input(audit, summary),
        "recipe": audit.recipe,
        "side_files": {name: _fields(file, "path", "sha256") for name, file in audit.side_files.items()},
        "columns": [_fields(column, "name", "role", "used", "why") for column in audit.roles.columns],
        "settings": _plain(_sorted(audit.settings)),
        "seed": audit.seed,
        "versions": _plain(_sorted(audit.versions)),
        "models": list(audit.model_names),
        "skill": _skill(audit),
        "noise_rate": _fields(
            audit.noise_rate, "assessable", "why", "rate", "low", "high", "level", "rests_on", "n_checked"
        ),
        "power": _plain(power_figures(audit.power)) if audit.power else None,
        "expected_precision": _plain(expected_precision(audit)),
        "verdicts": _verdicts(audit, summary),
        "audit_sample": _sample(audit),
        "counts": _counts(summary),
        "classes": _classes(audit, summary),
        "confusions": _confusions(summary),
        "doubt_made_of": list(audit.ranking.voices),
        "reasons": {
            "run": [_reason(reason, audit) for reason in audit.reasons],
            "skipped": [_fields(reason, "name", "package", "why") for reason in audit.skipped],
        },
        "notes": list(audit.notes),
        "timings": _plain(audit.timings),
    }


def _input(audit: Audit, summary: Summary) -> dict[str, Any]:
    source = _fields(audit.source, "path", "format", "size", "sha256", "compression", "encoding", "delimiter")
    return source | {"rows": summary.n_rows}


def _skill(audit: Audit) -> dict[str, Any]:
    accuracies = ("accuracy", "balanced_accuracy", "majority_accuracy", "permuted_accuracy")
    return _fields(audit.skill, "assessable", "why", *accuracies, "by_model")


def _verdicts(audit: Audit, summary: Summary) -> dict[str, Any] | None:
    if audit.examples.verdicts is None:
        return None
    return {
        "path": audit.examples.verdicts.path,
        "kept": summary.n_kept,
        "corrected": summary.n_corrected,
        "unusable": summary.n_unusable,
    }


def _sample(audit: Audit) -> dict[str, Any] | None:
    """How the sample in this queue was drawn."""
    if audit.sample is None:
        return None
    drawn = Counter(audit.sample.strata)
    strata = sorted(drawn, key=lambda stratum: stratum.number)
    return {
        "rows": len(audit.sample.rows),
        "strata": [{"rows": stratum.n_rows, "drawn": drawn[stratum]} for stratum in strata],
    }


def _counts(summary: Summary) -> dict[str, int]:
    return {
        "rows": summary.n_rows,
        "labelled": summary.n_labelled,
        "unlabelled": summary.n_unlabelled,
        "unusable": summary.n_unusable,
        "doubted": summary.n_doubted,
    }


def _classes(audit: Audit, summary: Summary) -> list[dict[str, Any]]:
    return [
        {"name": count.name, "value": _plain(value), "given": count.n_given, "doubted": count.n_doubted}
        for count, value in zip(summary.by_class, audit.labels.class_values, strict=True)
    ]


def _confusions(summary: Summary) -> list[dict[str, Any]]:
    return [
        {"given": pair.given, "suggested": pair.suggested, "doubted": pair.n_doubted}
        for pair in summary.confusions
    ]


def _reason(reason: ReasonScores, audit: Audit) -> dict[str, Any]:
    speaks = reason.scores >= REASON_SPEAKS
    return _fields(reason, "name", "package", "family", "because") | {
        "scored": int(np.count_nonzero(~np.isnan(reason.scores))),
        "speaks": int(np.count_nonzero(speaks)),
        "speaks_on_doubted": int(np.count_nonzero(speaks & audit.ranking.doubted)),
    }


# ------------------------------------------------------------- ready for JSON


def _fields(record: object, *names: str) -> dict[str, Any]:
    return {name: _plain(getattr(record, name)) for name in names}


def _sorted(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: settings[key] for key in sorted(settings)}


def _plain(value: object) -> Any:  # noqa: ANN401  # JSON is anything
    """A value as JSON has it: numbers rounded, what is no number null, other types as their text."""
    match value:
        case np.generic():
            return _plain(value.item())
        case None | bool() | int() | str():
            return value
        case float():
            return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes):
            return [_plain(item) for item in value]
        case _:
            return str(value)
