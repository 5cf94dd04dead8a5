"""doccano: writes `queue.jsonl`, and `labels.json` with all labels; reads its JSONL, JSON and CSV exports.

doccano has no suggestions: a row has its given label, and the suggested one is in its metadata. A row that
was drawn at random has no label, because the noise rate is measured on such rows, and a given label that was
kept would look like one that nobody checked. doccano refuses rows with different keys or missing values, so
all rows have the same keys, and all values except the score are text.

The exports are those of a text or image classification, tested with version 1.8.4. They don't record whether
anybody looked at a row. So a row that still has its given label counts as undecided, unless the user knows
that only confirmed rows were exported. For a row that was drawn at random, each label was chosen by a person.
"""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING, Any

from doubtcli.records.answers import Answer
from doubtcli.records.tool import AnswerShape, Tool
from doubtcli.tools import values
from doubtcli.tools.values import TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.queue import Queue, QueueRow
    from doubtcli.records.tool import AnswerRecord

DATA_FILE, LABELS_FILE = "queue.jsonl", "labels.json"
LABELS, COMMENTS = "label", "Comments"
DOCCANO_KEYS = frozenset({"id", LABELS, "meta", COMMENTS, "filename", "upload_name", "data"})
"""Names that doccano's imports and exports use."""
LABEL_HOTKEYS = "1234567890" + string.ascii_lowercase
"""Keys that doccano accepts as shortcuts for labels."""
LABEL_COLOR = "#1976d2"
_NOT_LOOKED_AT = (
    "doccano does not record which rows were looked at: rows that still have their given label count as "
    "undecided"
)
_IMPORT = (
    f"Under Dataset, choose Actions, then Import Dataset, then JSONL; leave Column Data at {TEXT} and Column "
    f"Label at {LABELS}; pick {DATA_FILE}."
)
_EXPORT_APPROVED = (
    "Under Dataset, choose Actions, then Export Dataset, then JSONL, and tick Export only approved "
    "documents: otherwise rows that nobody looked at would count as if their label was confirmed. "
    "Unzip the download. It holds all.jsonl or, if annotations aren't shared, one file for each person (give "
    "--verdicts for each)."
)
_SHOWN_LABELS = "Each row has its given label; the suggested one, and why, are in its metadata."
_SHOWN_LABELS_SAMPLED = (
    "Rows that were drawn at random have no label: choose the given one where it is right, to show that you "
    "looked at it. All other rows have their given label. The suggested label, and why, are in a row's "
    "metadata."
)
_APPROVE = (
    "Approve each row that you have decided: click the cross above it, so that it becomes a check mark. Rows "
    "that are not approved are left out of the export."
)


def _make_document(queue: Queue, row: QueueRow, own: dict[str, str]) -> dict[str, Any]:
    ours = {name: "" if value is None else value for name, value in queue.cells(row).items()}
    labels = [row.given_label] if row.stratum is None else []
    return {"id": row.doubt_id, TEXT: row.shown.all_text, LABELS: labels, **ours, **own}


def _make_label_types(queue: Queue) -> list[dict[str, str | None]]:
    keys = [*LABEL_HOTKEYS, *[None] * len(queue.class_names)]
    return [
        {
            "text": name,
            "prefix_key": None,
            "suffix_key": key,
            "background_color": LABEL_COLOR,
            "text_color": "#ffffff",
        }
        for name, key in zip(queue.class_names, keys, strict=False)
    ]


def _is_listed(record: AnswerRecord) -> bool:
    labels = record.get(LABELS)
    is_list = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    return is_list and "doubt_id" in record


def _is_joined(record: AnswerRecord) -> bool:
    has_all = LABELS in record and COMMENTS in record and "doubt_id" in record
    return has_all and isinstance(record[LABELS], (str, type(None)))


def _read_listed(records: Sequence[AnswerRecord], path: str) -> list[Answer]:  # noqa: ARG001  # as shapes are read
    return [
        _read_classified(record, row, values.read_answer_texts(record[LABELS]), is_joined=False)
        for row, record in enumerate(records, start=1)
    ]


def _read_joined(records: Sequence[AnswerRecord], path: str) -> list[Answer]:  # noqa: ARG001  # as shapes are read
    return [
        _read_classified(record, row, (values.read_answer_text(record[LABELS]),), is_joined=True)
        for row, record in enumerate(records, start=1)
    ]


def _read_classified(record: AnswerRecord, row: int, labels: tuple[str, ...], *, is_joined: bool) -> Answer:
    comments, ours = record.get(COMMENTS), values.read_our_columns(record)
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        other_verdicts=labels[1:],
        joined=is_joined,
        prefilled=not ours["stratum"],
        why="\n".join(values.read_answer_texts(comments))
        if isinstance(comments, list)
        else values.read_answer_text(comments),
        **ours,
    )


class Doccano(Tool):
    """doccano: writes rows with their given labels, reads its classifications."""

    name = "doccano"
    title = "doccano"
    answers_file = "all.jsonl"
    apply_flags = " --confirmed"
    how_to_export = (_EXPORT_APPROVED,)
    shapes = (
        AnswerShape(
            "doccano JSONL or JSON",
            "'doubt_id' and a list 'label'",
            _is_listed,
            _read_listed,
            unconfirmed=_NOT_LOOKED_AT,
        ),
        AnswerShape(
            "doccano CSV",
            "'doubt_id', 'label' and 'Comments'",
            _is_joined,
            _read_joined,
            unconfirmed=_NOT_LOOKED_AT,
        ),
    )

    def hand_out(self, queue: Queue) -> dict[str, bytes]:
        """Both files."""
        rows = zip(queue.rows, values.list_own_columns_as_text(queue, DOCCANO_KEYS), strict=True)
        labels = json.dumps(_make_label_types(queue), ensure_ascii=False, indent=1)
        return {
            DATA_FILE: values.write_json_lines(_make_document(queue, row, own) for row, own in rows),
            LABELS_FILE: (labels + "\n").encode(),
        }

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:
        """The steps from a new project to approved rows."""
        return (
            "In doccano, choose Create, then Text Classification, and tick Allow single label.",
            f"Under Labels, choose Actions, then Import Labels, and pick {LABELS_FILE}. Do this first.",
            _IMPORT,
            _SHOWN_LABELS_SAMPLED if queue.is_sampled else _SHOWN_LABELS,
            _APPROVE,
            *(
                ["doccano shows the paths of images, not the images themselves."]
                if queue.parts.images
                else ()
            ),
        )
