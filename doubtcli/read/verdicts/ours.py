"""Files of ours: CSV, JSON Lines or Parquet with `doubt_id` and `verdict`, such as a filled-in queue.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.read.verdicts.shape import Shape
from doubtcli.records.answers import UNUSABLE_STATUS, Answer
from doubtcli.tools.values import read_own_columns, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.read.verdicts.shape import Record

ID, VERDICT, STATUS = "doubt_id", "verdict", "verdict_status"
STATUSES = {"": "", "skip": "skipped", UNUSABLE_STATUS: UNUSABLE_STATUS}
"""What may stand in the column, and what it is called once read."""


def _fits(record: Record) -> bool:
    return ID in record and (VERDICT in record or STATUS in record)


def _read(records: Sequence[Record], path: str) -> list[Answer]:
    return [
        Answer(
            row,
            verdict=value_text(record.get(VERDICT)),
            status=_status(record, row, path),
            annotator=value_text(record.get("annotator")).strip(),
            time=value_text(record.get("time")).strip(),
            why=value_text(record.get("why")),
            file=path,
            **read_own_columns(record),
        )
        for row, record in enumerate(records, start=1)
    ]


def _status(record: Record, row: int, path: str) -> str:
    found = value_text(record.get(STATUS))
    status = STATUSES.get(found.strip().lower())
    if status is None:
        raise InputError(
            f"{found!r} is no status",
            where=path,
            row=row,
            column=STATUS,
            expected="one of skip, unusable, or nothing",
        )
    return status


SHAPES = (Shape("doubt's own queue", "'doubt_id' and 'verdict'", "doubt", _fits, _read),)
