"""What came of verdicts, and ledgers -> JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from doubtcli.apply.ledger import render_batch
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.ledger import ApplyResult, Batch, UndoResult


def render_applied(applied: ApplyResult) -> bytes:
    """All that became of the verdicts."""
    return _as_json(
        {
            "path": applied.path,
            "output": applied.output,
            "dry_run": applied.is_dry_run,
            "batch": applied.batch and applied.batch.id,
            "changed": _lines(applied.batch),
            "kept": [asdict(one) for one in applied.kept],
            "unusable": [asdict(one) for one in applied.unusable],
            "done_before": [asdict(one) for one in applied.done_before],
            "offered": [asdict(one) for one in applied.settled.offered],
            "not_applied": [asdict(one) for one in applied.settled.unapplied],
            "new_labels": list(applied.settled.new_labels),
            "waivers": applied.waivers,
            "waived": applied.n_waived,
            "backup": applied.backup,
            "notes": list(applied.notes),
        }
    )


def render_undone(undone: UndoResult) -> bytes:
    """What was taken back."""
    return _as_json(
        {
            "path": undone.path,
            "output": undone.output,
            "undone": undone.undone.id,
            "batch": undone.batch.id,
            "changed": _lines(undone.batch),
            "backup": undone.backup,
        }
    )


def render_log(batches: Sequence[Batch]) -> bytes:
    """The lines of a ledger as a list, the newest batch first."""
    return _as_json([line for batch in reversed(batches) for line in _lines(batch)])


def _lines(batch: Batch | None) -> list[Any]:
    return [json.loads(line) for line in render_batch(batch).splitlines()] if batch else []


def _as_json(document: object) -> bytes:
    return json_document(document).encode()
