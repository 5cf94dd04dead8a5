"""The results of commands -> the JSON that they print; docs/cli.md says what each key means.

Keys are in a fixed order. New keys are added, and none is renamed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from doubtcli.rank.figures import describe_power
from doubtcli.records.stored import COMPARISON_SCHEMA_VERSION
from doubtcli.wording.numbers import round_figure
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.plugins import LoadedReason
    from doubtcli.records import AuditComparison, ComparedAudit, Gain, Power, RelabelScore, RowOutcomes
    from doubtcli.records.relabelling import ApplyResult, Batch, UndoResult


def render_applied(applied: ApplyResult) -> str:
    """What was done with each verdict."""
    return json_document(
        {
            "path": applied.path,
            "output": applied.output,
            "dry_run": applied.is_dry_run,
            "batch": applied.batch and applied.batch.id,
            "changed": _ledger_lines(applied.batch),
            "kept": [asdict(one) for one in applied.kept],
            "unusable": [asdict(one) for one in applied.unusable],
            "done_before": [asdict(one) for one in applied.done_before],
            "offered": [asdict(one) for one in applied.settled.offered],
            "not_applied": [asdict(one) for one in applied.settled.unapplied],
            "new_labels": list(applied.settled.new_labels),
            "waivers": applied.waivers,
            "waived": applied.n_waived,
            "backup": applied.backup,
            "accepted": applied.acceptance and asdict(applied.acceptance),
            "notes": list(applied.notes),
        }
    )


def render_undone(undone: UndoResult) -> str:
    """Which changes were undone."""
    return json_document(
        {
            "path": undone.path,
            "output": undone.output,
            "undone": undone.undone.id,
            "batch": undone.batch.id,
            "changed": _ledger_lines(undone.batch),
            "backup": undone.backup,
        }
    )


def render_log(batches: Sequence[Batch]) -> str:
    """The lines of a ledger as a list, the newest batch first."""
    return json_document([line for batch in reversed(batches) for line in _ledger_lines(batch)])


def _ledger_lines(batch: Batch | None) -> list[Any]:
    from doubtcli.apply.ledger import describe_batch  # `doubt reasons` needs none of what it loads

    return describe_batch(batch) if batch else []


def render_power(power: Power, class_names: Sequence[str]) -> str:
    """How many planted errors were found: in all, by class and by reason."""
    by_class = {class_names[code]: found for code, found in power.by_class.items()}
    return json_document(describe_power(power) | {"by_class": by_class, "by_reason": dict(power.by_reason)})


def render_reasons(loaded: Sequence[LoadedReason]) -> str:
    """The reasons that are installed."""
    keys = ("name", "family", "package", "because", "needs")
    return json_document([{key: getattr(reason, key) for key in keys} for reason in loaded])


def render_comparison(comparison: AuditComparison) -> str:
    """The text of the JSON, equal to the byte for equal comparisons."""
    return json_document(_comparison_fields(comparison))


def _comparison_fields(comparison: AuditComparison) -> dict[str, Any]:
    return {
        "schema_version": COMPARISON_SCHEMA_VERSION,
        "nothing_changed": comparison.nothing_changed,
        "before": _compared_audit(comparison.before),
        "after": _compared_audit(comparison.after),
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
        "fates": _count_by_outcome(comparison.outcomes),
        "by_class": [
            {"name": name} | _count_by_outcome(outcomes) for name, outcomes in comparison.by_class.items()
        ],
        "by_annotator": [
            {"name": name} | _count_by_outcome(outcomes) for name, outcomes in comparison.by_annotator.items()
        ],
        "score": _score_fields(comparison.score),
        "notes": list(comparison.notes),
    }


def _compared_audit(one: ComparedAudit) -> dict[str, Any]:
    return {
        "audit": one.folder,
        "path": one.path,
        "rows": one.n_rows,
        "judged": one.n_labelled,
        "doubted": one.n_doubted,
        "noise_rate": asdict(one.noise_rate),
        "skill": asdict(one.skill),
        "expected": None if one.expected is None else asdict(one.expected),
    }


def _count_by_outcome(outcomes: RowOutcomes) -> dict[str, int]:
    return {name.removeprefix("n_"): figure for name, figure in asdict(outcomes).items()}


def _score_fields(score: RelabelScore) -> dict[str, Any]:
    return {
        "assessable": score.assessable,
        "why": score.why,
        "model": score.model or None,
        "folds": score.n_folds,
        "repeats": score.n_repeats,
        "trained_on": score.n_trained,
        "judged_on": score.n_judged,
        "level": score.level,
        "accuracy": _gain_figures(score.accuracy),
        "balanced_accuracy": _gain_figures(score.balanced_accuracy),
    }


def _gain_figures(gain: Gain | None) -> dict[str, float] | None:
    if gain is None:
        return None
    figures = asdict(gain) | {"difference": gain.difference}
    names = ("before", "after", "difference", "low", "high")
    return {name: round_figure(figures[name]) for name in names}
