"""What lies between two audits -> JSON, in a fixed order of keys; docs/cli.md says what each means.

Keys are added, never renamed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from doubtcli.wording.numbers import round_figure
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from doubtcli.records import AuditComparison, ComparedAudit, Fates, Gain, RelabelScore

SCHEMA_VERSION = 1


def render_comparison(comparison: AuditComparison) -> str:
    """The text of the JSON, equal to the byte for equal comparisons."""
    return json_document(_document(comparison))


def _document(comparison: AuditComparison) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "nothing_changed": comparison.nothing_changed,
        "before": _audit(comparison.before),
        "after": _audit(comparison.after),
        "rows": {
            "matched": comparison.n_matched,
            "edited": comparison.n_edited,
            "gone": comparison.n_gone,
            "gone_doubted": comparison.gone_doubted,
            "added": comparison.n_added,
            "added_doubted": comparison.added_doubted,
        },
        "label_changes": [
            {"from": change.before, "to": change.after, "rows": change.n_rows}
            for change in comparison.changes
        ],
        "fates": _fates(comparison.fates),
        "by_class": [{"name": name} | _fates(fates) for name, fates in comparison.by_class.items()],
        "by_annotator": [{"name": name} | _fates(fates) for name, fates in comparison.by_annotator.items()],
        "score": _score(comparison.score),
        "notes": list(comparison.notes),
    }


def _audit(one: ComparedAudit) -> dict[str, Any]:
    return {
        "audit": one.folder,
        "path": one.path,
        "rows": one.n_rows,
        "judged": one.n_labelled,
        "doubted": one.n_doubted,
        "noise_rate": asdict(one.noise_rate),
        "skill": asdict(one.skill),
    }


def _fates(fates: Fates) -> dict[str, int]:
    return {name.removeprefix("n_"): figure for name, figure in asdict(fates).items()}


def _score(score: RelabelScore) -> dict[str, Any]:
    return {
        "assessable": score.assessable,
        "why": score.why,
        "model": score.model or None,
        "folds": score.n_folds,
        "repeats": score.n_repeats,
        "trained_on": score.n_trained,
        "judged_on": score.n_judged,
        "level": score.level,
        "accuracy": _gain(score.accuracy),
        "balanced_accuracy": _gain(score.balanced_accuracy),
    }


def _gain(gain: Gain | None) -> dict[str, float] | None:
    if gain is None:
        return None
    told = asdict(gain) | {"difference": gain.difference}
    names = ("before", "after", "difference", "low", "high")
    return {name: round_figure(told[name]) for name in names}
