"""`doubt log` and `doubt undo`: what a ledger tells, and a batch of it taken back."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.commit import (
    commit_file,
    has_backup,
    keep_backup,
    lock_and_recover,
    make_room_for,
    show_backup_path,
)
from doubtcli.apply.labelled import DataFile, hash_bytes, name_file_in_errors, read_data_file
from doubtcli.apply.ledger import format_ledger_time, ledger_path, name_batch, read_ledger, render_batch
from doubtcli.apply.plan_undo import check_untouched, choose_batch, list_undone_lines, plan_undo
from doubtcli.apply.target import check_ending, follow_link
from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import find_format, rewrite_content
from doubtcli.files.source import check_there, pack_bytes
from doubtcli.files.table import check_unchanged, read_table
from doubtcli.records.file_format import Changes, ColumnsBy
from doubtcli.records.relabelling import Batch, LedgerAction, UndoResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from doubtcli.apply.plan_undo import UndoPlan
    from doubtcli.apply.target import OutputOptions
    from doubtcli.records import Table
    from doubtcli.records.file_format import FileLayout, Rewritten

NO_LEDGER_HINT = "`doubt apply` writes one beside each file that it makes; it bears that file's name"


def read_log(path: str) -> tuple[Batch, ...]:
    """All that was done to a file, oldest batch first.

    Raises:
        InputError: There is no such file or no ledger, it is damaged, or a newer doubt wrote it.
    """
    with lock_and_recover(Path(path).resolve()):
        return _read_batches(path)


def _read_batches(path: str) -> tuple[Batch, ...]:
    batches = read_ledger(ledger_path(Path(path).resolve()))
    if not batches:
        check_there(path)
        raise InputError("there is no ledger", where=_show_ledger(path), hint=NO_LEDGER_HINT)
    return batches


def _show_ledger(path: str) -> str:
    return str(ledger_path(Path(follow_link(path))))


def undo_batch(path: str, where: OutputOptions, *, batch: str | None = None, now: dt.datetime) -> UndoResult:
    """Take a batch back: the rows that it changed become what they were, to the byte.

    Args:
        path: The corrected file.
        where: Where the result goes.
        batch: The id of the batch; the last one that is in effect if None.
        now: The time, for the ledger.

    Raises:
        DoubtError: There is no such batch, a row was edited since, or something is in the way; nothing was
            written.
    """
    target, source = where.choose_target(path), Path(path).resolve()
    with (
        make_room_for(target) if target else nullcontext(),
        lock_and_recover(source, *filter(None, [target])),
    ):
        batches = _read_batches(path)
        chosen = choose_batch(batches, batch, _show_ledger(path))
        data = read_data_file(path)
        if target:
            check_ending(target, path, chosen.form.format, data.compression)
        new, made = _take_back(chosen, batches, data)
        made = replace(made, applied=format_ledger_time(now), source=None if where.in_place else path)
        if target is None:
            return UndoResult(path, None, chosen, name_batch(made, batches))
        where.choose_target(path)  # again: somebody may have been faster
        made = name_batch(made, read_ledger(ledger_path(target)))
        backup = keep_backup(target, data) if where.in_place and not has_backup(target, new) else None
        commit_file(target, new.stored, render_batch(made), like=source)
        output = follow_link(where.output or path)
        return UndoResult(path, output, chosen, made, show_backup_path(backup, output))


def _take_back(chosen: Batch, batches: Sequence[Batch], data: DataFile) -> tuple[DataFile, Batch]:
    """The file as it will be, and the batch that takes another one back."""
    table = _read_as_left(data, chosen.form)
    plan = plan_undo(batches, chosen, table.data.num_rows, data.path)
    with name_file_in_errors(data.path):
        rewritten = rewrite_content(data.content, chosen.form, plan.edits, plan.records)
    check_untouched(plan, rewritten, data.path)
    stored = pack_bytes(rewritten.content, data.compression)
    _check_undone(plan, rewritten, data, stored, table)
    return DataFile(data.path, stored, rewritten.content, data.compression, hash_bytes(stored)), Batch(
        id="",
        applied="",
        lines=list_undone_lines(plan, rewritten),
        form=chosen.form,
        rows=rewritten.n_rows,
        before=hash_bytes(data.content),
        after=hash_bytes(rewritten.content),
        source=None,
        undoes=chosen.id,
    )


def _read_as_left(data: DataFile, form: FileLayout) -> Table:
    table = _read_as_written(data, form)
    names = table.data.column_names
    by_place = find_format(form.format).columns_by is ColumnsBy.PLACE
    if form.column not in names or (by_place and names.index(form.column) != form.place):
        raise InputError(
            "the column of the labels is gone, or stands elsewhere",
            where=data.path,
            column=form.column,
            hint="nothing was taken back: put it back as it was, or edit the labels by hand",
        )
    if by_place and len(names) != form.n_columns:
        raise InputError(
            f"columns came or went since: it has {len(names)} of them",
            where=data.path,
            expected=f"the {form.n_columns} columns that the batch left",
            hint="nothing was taken back: put the columns back as they were, or edit the labels by hand",
        )
    return table


def _read_as_written(data: DataFile, form: FileLayout) -> Table:
    """The file, read as it was written then: there is no option to say that it is written otherwise now."""
    try:
        return read_table(data.path, form.read_options)
    except InputError as error:
        if "--" in (error.hint or ""):
            error.hint = (
                f"nothing was taken back: write it again as it was, in {form.encoding}, "
                "or edit the labels by hand"
            )
        raise


def _check_undone(plan: UndoPlan, rewritten: Rewritten, data: DataFile, stored: bytes, table: Table) -> None:
    """Make sure that the rows are what they were, and all others what they are."""
    batch = plan.batch
    is_as_left = hash_bytes(data.content) == batch.after and table.source.encoding is not None
    if is_as_left and hash_bytes(rewritten.content) != batch.before:
        raise OutputError(
            f"taking batch {batch.id} back would not give the file as it was",
            where=data.path,
            hint="nothing was taken back: the ledger was changed",
        )
    came = {row for row, line in plan.rows.items() if line.action is LedgerAction.RESTORE}
    labels = dict.fromkeys(plan.rows.keys() - came)
    changes = Changes(batch.form.column, labels, dropped=came, added=plan.added.keys())
    check_unchanged(table, data.stored, stored, changes, quoting=batch.form.read_options.quoting)
