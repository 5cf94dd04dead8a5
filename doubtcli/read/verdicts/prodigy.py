"""Prodigy's export (`db-out`): JSON Lines, a task and its answer a line.

An accepted task counts by what was selected in `accept`, or by its `label` in a binary one; rejected and
ignored ones are no corrections.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from doubtcli.read.verdicts.shape import Shape, malformed
from doubtcli.records.answers import Answer
from doubtcli.tools.values import list_texts, read_own_columns, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.read.verdicts.shape import Record

TOOL = "prodigy"
NOTE = "user_input"
"""Where Prodigy puts what is typed, unless a recipe names another field."""
STATUSES = {"accept": "", "reject": "rejected", "ignore": "ignored"}


def _fits(record: Record) -> bool:
    if value_text(record.get("answer")) not in STATUSES:
        return False
    is_binary = isinstance(record.get("label"), str)
    return is_binary or any(name in record for name in ("accept", "options", "_task_hash"))


def _read(records: Sequence[Record], path: str) -> list[Answer]:
    return [_of_task(record, row, path) for row, record in enumerate(records, start=1)]


def _of_task(record: Record, row: int, path: str) -> Answer:
    meta = record.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    labels = _labels(record, row, path)
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        also=labels[1:],
        status=STATUSES[record["answer"]],
        annotator=value_text(record.get("_annotator_id") or record.get("_session_id")),
        time=_time(record.get("_timestamp")),
        why=value_text(record.get(NOTE)),
        tool=TOOL,
        file=path,
        **read_own_columns({"given_label": meta.get("given"), **meta, **record}),
    )


def _labels(record: Record, row: int, path: str) -> tuple[str, ...]:
    if "accept" not in record and "options" not in record:
        return (record["label"],) if isinstance(record.get("label"), str) else ()
    accepted = record.get("accept") or []
    if not isinstance(accepted, list):
        raise malformed("'accept' is no list", path, row, "accept", "the ids of the options selected")
    return list_texts(accepted)


def _time(seconds: object) -> str:
    """Seconds since 1970 in ISO 8601; empty where they make no time."""
    if not isinstance(seconds, (int, float)):
        return ""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


SHAPES = (Shape("Prodigy JSON Lines", "'answer' and 'accept'", TOOL, _fits, _read),)
