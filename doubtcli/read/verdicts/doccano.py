"""doccano's exports of a text or image classification: JSONL, JSON and CSV.

Measured on version 1.8.4. A queue goes out with the given label filled in, and nothing in the file tells
whether anybody looked at a row. So one that still bears its given label is taken for undecided, unless the
user knows that only confirmed rows were exported. What was drawn at random went out without a label: there
any label was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.read.verdicts.shape import Shape
from doubtcli.records.answers import Answer
from doubtcli.tools.values import list_texts, read_own_columns, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.read.verdicts.shape import Record

TOOL = "doccano"
LABEL, COMMENTS = "label", "Comments"
NOT_TOLD = (
    "doccano does not tell which rows were looked at: those that still bear their given label count as "
    "undecided"
)


def _is_listed(record: Record) -> bool:
    labels = record.get(LABEL)
    is_list = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    return is_list and "doubt_id" in record


def _is_joined(record: Record) -> bool:
    named = LABEL in record and COMMENTS in record and "doubt_id" in record
    return named and isinstance(record[LABEL], (str, type(None)))


def _read_listed(records: Sequence[Record], path: str) -> list[Answer]:
    return [
        _answer(record, row, path, list_texts(record[LABEL]), joined=False)
        for row, record in enumerate(records, start=1)
    ]


def _read_joined(records: Sequence[Record], path: str) -> list[Answer]:
    return [
        _answer(record, row, path, (value_text(record[LABEL]),), joined=True)
        for row, record in enumerate(records, start=1)
    ]


def _answer(record: Record, row: int, path: str, labels: tuple[str, ...], *, joined: bool) -> Answer:
    comments, about = record.get(COMMENTS), read_own_columns(record)
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        also=labels[1:],
        joined=joined,
        prefilled=not about.get("stratum"),
        why="\n".join(list_texts(comments)) if isinstance(comments, list) else value_text(comments),
        tool=TOOL,
        file=path,
        **about,
    )


SHAPES = (
    Shape("doccano JSONL or JSON", "'doubt_id' and a list 'label'", TOOL, _is_listed, _read_listed, NOT_TOLD),
    Shape("doccano CSV", "'doubt_id', 'label' and 'Comments'", TOOL, _is_joined, _read_joined, NOT_TOLD),
)
