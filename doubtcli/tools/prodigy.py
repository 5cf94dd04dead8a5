"""Prodigy: writes `queue.jsonl`, one choice task for each line; reads the output of `db-out`.

Prodigy makes the hashes of a task itself. It may skip a task whose text it has seen, but the queue has only
one of several equal rows anyway, and their number is in `meta`. The answer of an accepted task is
what was selected in `accept`, or the `label` of a binary task; rejected and ignored tasks correct nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from doubtcli.records.answers import Answer
from doubtcli.records.tool import AnswerShape, Tool
from doubtcli.tools import values
from doubtcli.tools.values import IMAGE, TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.queue import Queue, QueueRow
    from doubtcli.records.tool import AnswerRecord

PRODIGY_FILE = "queue.jsonl"
PRODIGY_DATASET = "doubt_queue"
ACCEPT, OPTIONS, META = "accept", "options", "meta"
GIVEN = "given"
"""The name of the given label in a card's corner."""
TYPED_NOTE = "user_input"
"""The field for typed text, unless a recipe names another one."""
TASK_KEYS = frozenset(
    {TEXT, IMAGE, "html", "audio", "video", OPTIONS, ACCEPT, "answer", META, "label", "spans", "tokens"}
    | {"relations", "config", "style", "path", "priority", "view_id", "field_id", "field_label", "images"}
    | {"_input_hash", "_task_hash", "_session_id", "_view_id", "_annotator_id", "_timestamp", "_is_binary"}
)
"""Names with a meaning in a Prodigy task."""
TASK_STATUSES = {"accept": "", "reject": "rejected", "ignore": "ignored"}
_WEB_IMAGES = (
    "Prodigy shows only images that a browser can open: serve images on this machine by a web server, or "
    "turn them into data URIs first."
)


def _make_choice_task(queue: Queue, row: QueueRow, own: dict[str, Any]) -> dict[str, Any]:
    ours = {name: "" if value is None else value for name, value in queue.cells(row).items()}
    return {
        **_make_card(queue, row),
        OPTIONS: [_make_option(row, name) for name in queue.class_names],
        ACCEPT: [] if row.suggestion is None else [row.suggestion],
        META: _make_corner(row),
        **ours,
        **own,
    }


def _make_card(queue: Queue, row: QueueRow) -> dict[str, str]:
    """The images, or else the whole row as one text: Prodigy can't show both."""
    if not queue.parts.images:
        return {TEXT: row.shown.all_text}
    return dict(zip(values.name_image_keys(queue), row.shown.images, strict=True))


def _make_option(row: QueueRow, name: str) -> dict[str, str]:
    remarks = {row.given_label: "given"}
    if row.suggestion is not None:
        remarks[row.suggestion] = f"suggested, doubt {row.score:.2f}"
    return {"id": name, "text": name} | ({"meta": remarks[name]} if name in remarks else {})


def _make_corner(row: QueueRow) -> dict[str, str | float]:
    """The details in a corner of the card."""
    corner: dict[str, str | float] = {
        "doubt_id": row.doubt_id,
        GIVEN: row.given_label,
        "score": row.score,
        "reasons": ", ".join(row.reasons),
        "why": row.why,
        "equal rows": str(row.equal_rows) if row.equal_rows > 1 else "",
        "conflicts": ", ".join(row.conflicts),
    }
    if row.shown.images:
        corner |= {"text": row.shown.text or "", "row": row.shown.card or ""}
    return {name: value for name, value in corner.items() if value != ""}


def _is_answered(record: AnswerRecord) -> bool:
    if values.read_answer_text(record.get("answer")) not in TASK_STATUSES:
        return False
    is_binary = isinstance(record.get("label"), str)
    return is_binary or any(name in record for name in (ACCEPT, OPTIONS, "_task_hash"))


def _read_answered(records: Sequence[AnswerRecord], path: str) -> list[Answer]:
    return [_read_choice_task(record, row, path) for row, record in enumerate(records, start=1)]


def _read_choice_task(record: AnswerRecord, row: int, path: str) -> Answer:
    meta = record.get(META)
    meta = meta if isinstance(meta, dict) else {}
    labels = _read_accepted(record, row, path)
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        other_verdicts=labels[1:],
        status=TASK_STATUSES[record["answer"]],
        annotator=values.read_answer_text(record.get("_annotator_id") or record.get("_session_id")),
        time=_read_timestamp(record.get("_timestamp")),
        why=values.read_answer_text(record.get(TYPED_NOTE)),
        **values.read_our_columns({"given_label": meta.get(GIVEN), **meta, **record}),
    )


def _read_accepted(record: AnswerRecord, row: int, path: str) -> tuple[str, ...]:
    if ACCEPT not in record and OPTIONS not in record:
        return (record["label"],) if isinstance(record.get("label"), str) else ()
    accepted = record.get(ACCEPT) or []
    if not isinstance(accepted, list):
        expected = "a list with the ids of the selected options"
        raise values.explain_malformed_record(f"{ACCEPT!r} is not a list", path, row, ACCEPT, expected)
    return values.read_answer_texts(accepted)


def _read_timestamp(seconds: object) -> str:
    """Seconds since 1970 as ISO 8601; empty where they are not a valid time."""
    if not isinstance(seconds, (int, float)):
        return ""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


class Prodigy(Tool):
    """Prodigy: writes choice tasks, reads the tasks with their answers."""

    name = "prodigy"
    title = "Prodigy"
    verdict_column = ACCEPT
    answers_file = "prodigy.jsonl"
    how_to_export = ("Run:", f"    prodigy db-out {PRODIGY_DATASET} > prodigy.jsonl")
    shapes = (AnswerShape("Prodigy JSON Lines", "'answer' and 'accept'", _is_answered, _read_answered),)

    def hand_out(self, queue: Queue) -> dict[str, bytes]:
        """The one file."""
        rows = zip(queue.rows, values.list_own_columns_as_json(queue, TASK_KEYS), strict=True)
        return {
            PRODIGY_FILE: values.write_json_lines(_make_choice_task(queue, row, own) for row, own in rows)
        }

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:
        """The settings, and the command that opens the queue."""
        return (
            "Go to this folder. To answer each row with one key, put this into prodigy.json:",
            '    {"choice_style": "single", "choice_auto_accept": true}',
            "Then run:",
            f"    prodigy mark {PRODIGY_DATASET} {PRODIGY_FILE} --view-id choice",
            "The suggestion is already selected.",
            *([_WEB_IMAGES] if queue.parts.images else ()),
        )
