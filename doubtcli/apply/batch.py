"""Decisions and a file -> the batch that they are, and the file as it will be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.apply.labelled import format_time, hash_bytes, name_file_in_errors
from doubtcli.apply.ledger import Action, Batch, Line
from doubtcli.apply.plan_undo import plan_undo
from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import rewrite_content
from doubtcli.files.source import pack_bytes
from doubtcli.files.table import check_unchanged
from doubtcli.records.edits import Changes, Drop, Relabel

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from doubtcli.apply.labelled import LabelledFile
    from doubtcli.records import Decision
    from doubtcli.records.edits import Edit, Rewritten, Touched


def rewrite_file(
    file: LabelledFile,
    decisions: Sequence[Decision],
    *,
    audit_sha256: str,
    source: str | None,
    now: dt.datetime,
) -> tuple[Batch, bytes]:
    """What is done to a file, and the file as it will be stored.

    Args:
        file: As it is.
        decisions: All of them change a row.
        audit_sha256: Of the audit that the rows were queued by.
        source: The file, where another is made from it; None where it is changed in place.
        now: The time.

    Returns:
        The batch, which has no id yet, and the bytes.

    Raises:
        InputError: No row would be left.
        OutputError: The file can't hold a label, or can't be rewritten without changing anything else.
    """
    path, data = file.data.path, file.data
    edits = {decision.row - 1: file.edit(decision) for decision in decisions}
    with name_file_in_errors(path):
        made = rewrite_content(data.content, file.form, edits)
    _refuse_empty(edits, made, path)
    stored = pack_bytes(made.content, data.compression)
    check_unchanged(file.table, data.stored, stored, _changes(edits, file), quoting=file.quoting)
    batch = Batch(
        id="",
        applied=format_time(now),
        lines=tuple(_line(one, made.touched[one.row - 1], audit_sha256) for one in decisions),
        form=file.form,
        rows=made.n_rows,
        before=hash_bytes(data.content),
        after=hash_bytes(made.content),
        source=source,
    )
    _check_way_back(batch, made, file)
    return batch, stored


def _changes(edits: Mapping[int, Edit], file: LabelledFile) -> Changes:
    labels = {
        row: edit.label if edit.like is None else edit.like
        for row, edit in edits.items()
        if isinstance(edit, Relabel)
    }
    return Changes(file.form.column, labels, dropped=_dropped(edits))


def _dropped(edits: Mapping[int, Edit]) -> set[int]:
    return {row for row, edit in edits.items() if isinstance(edit, Drop)}


def _refuse_empty(edits: Mapping[int, Edit], made: Rewritten, path: str) -> None:
    if len(_dropped(edits)) == made.n_rows:
        raise InputError(
            "every row was judged unusable, and would be dropped", where=path, hint="leave out --drop"
        )


def _check_way_back(batch: Batch, made: Rewritten, file: LabelledFile) -> None:
    """Make sure that the batch can be taken back to the byte; of typed columns the values are enough."""
    if file.source.encoding is None:
        return
    n_dropped = sum(line.action is Action.DROP for line in batch.lines)
    plan = plan_undo([batch], batch, made.n_rows - n_dropped, file.data.path)
    way_back = rewrite_content(made.content, file.form, plan.edits, plan.records)
    if way_back.content != file.data.content:
        raise OutputError(
            f"what is changed in it could not be taken back to the byte: in {file.source.encoding} "
            "letters do not stand by themselves",
            where=file.data.path,
            hint="nothing was written: write the file anew as UTF-8, and decide on the audit of that one",
        )


def _line(decision: Decision, touched: Touched, audit_sha256: str) -> Line:
    return Line(
        action=Action.DROP if decision.unusable else Action.RELABEL,
        row_id=decision.row_id,
        row=decision.row,
        old=decision.given_label,
        new=decision.verdict,
        old_cell=touched.raw_old,
        new_cell=touched.raw_new,
        record=touched.record,
        rest=touched.rest,
        who=decision.annotators,
        when=decision.time,
        tool=decision.tool,
        why=decision.why,
        seen_as=decision.spread_from,
        audit=audit_sha256,
    )
