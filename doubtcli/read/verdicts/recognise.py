"""A file of verdicts -> its answers: which tool wrote it is told by its shape, never by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.read.verdicts import argilla, doccano, label_studio, ours, prodigy
from doubtcli.read.verdicts.load import load_records
from doubtcli.records.answers import AnswerFile, newest_of_each
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from doubtcli.read.verdicts.load import Records
    from doubtcli.read.verdicts.shape import Shape

SHAPES = (*ours.SHAPES, *label_studio.SHAPES, *argilla.SHAPES, *prodigy.SHAPES, *doccano.SHAPES)
"""In the order they are tried: a queue of ours may hold columns that are called as a tool calls its own."""

MOST_KEYS = 12


def read_answers(path: str, *, confirmed: bool = False) -> AnswerFile:
    """What people said, from an annotation tool's export or a file of ours.

    Known are Label Studio (JSON, JSON_MIN, CSV, TSV), Argilla (nested and flat, also the folder of
    `to_disk`), Prodigy, doccano (JSONL, JSON, CSV) and our own CSV, JSON Lines and Parquet.

    Args:
        path: The file or folder; "-" for standard input.
        confirmed: Whether all rows in it were looked at, where the tool itself doesn't tell (doccano).

    Raises:
        InputError: The file can't be read or has none of these shapes, no record has an id of ours, one
            differs from the others, or a part of one makes no sense; names the record.
    """
    records = load_records(path)
    shape = _shape(records)
    told = shape.read(records.rows, records.path)
    if not any(answer.row_id for answer in told):
        raise _nameless(records, shape)
    if confirmed:
        told = [replace(answer, prefilled=False) for answer in told]
    answers = tuple(newest_of_each(told))
    note = "" if confirmed and shape.tool == doccano.TOOL else shape.note
    return AnswerFile(
        records.path,
        shape.tool,
        answers,
        records.sha256,
        n_older=len(told) - len(answers),
        notes=(*records.notes, *filter(None, [note])),
    )


def _shape(records: Records) -> Shape:
    """The one shape that all records have."""
    shape = next((shape for shape in SHAPES if shape.fits(records.rows[0])), None)
    if shape is None:
        raise _unknown(records)
    for row, record in enumerate(records.rows, start=1):
        if not shape.fits(record):
            raise InputError(
                "the record is not like those before it",
                where=records.path,
                row=row,
                expected=f"{shape.name}, told by {shape.told_by}; it has {listed(record, MOST_KEYS)}",
                hint="give one export as its tool wrote it, not several in one file",
            )
    return shape


def _unknown(records: Records) -> InputError:
    record = records.rows[0]
    if ours.VERDICT in record and ours.ID not in record:
        return InputError(
            f"there is no column {ours.ID!r}",
            where=records.path,
            expected=f"the columns {ours.ID!r} and {ours.VERDICT!r}; it has {listed(record, MOST_KEYS)}",
            hint="give a queue.csv with its verdicts filled in, or a file with these two columns",
        )
    known = "; ".join(f"{shape.name} ({shape.told_by})" for shape in SHAPES)
    return InputError(
        f"there are no verdicts of a shape that we know: it has {listed(record, MOST_KEYS)}",
        where=records.path,
        row=1,
        expected=f"one of: {known}",
        hint="give a tool's export, a queue.csv with its verdicts filled in, or a file with its two columns",
    )


def _nameless(records: Records, shape: Shape) -> InputError:
    return InputError(
        f"{shape.name} in which no record has a 'doubt_id'",
        where=records.path,
        expected="tasks that were made by `doubt queue`: their ids tell which rows they are of",
        hint="export the project that the queue was brought into",
    )
