"""`doubt log` and `doubt undo`: list the batches of a ledger, and undo one."""

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
from doubtcli.files.source import check_exists, pack_bytes
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

NO_LEDGER_HINT = "name a file that `doubt apply` wrote: its ledger is next to it"


def read_log(path: str) -> tuple[Batch, ...]:
    """All batches of changes to a file, oldest first.

    Raises:
        InputError: There is no such file or no ledger, it is damaged, or a newer version of doubt wrote it.
    """
    with lock_and_recover(Path(path).resolve()):
        return _read_batches(path)


def _read_batches(path: str) -> tuple[Batch, ...]:
    batches = read_ledger(ledger_path(Path(path).resolve()))
    if not batches:
        check_exists(path)
        raise InputError("there is no ledger", where=_show_ledger(path), hint=NO_LEDGER_HINT)
    return batches


def _show_ledger(path: str) -> str:
    return str(ledger_path(Path(follow_link(path))))


def undo_batch(path: str, where: OutputOptions, *, batch: str | None = None, now: dt.datetime) -> UndoResult:
    """Undo a batch: the rows that it changed become what they were, byte for byte.

    Args:
        path: The corrected file.
        where: Where the result is written.
        batch: The id of the batch; the last one that is in effect if None.
        now: The time, for the ledger.

    Raises:
        DoubtError: There is no such batch, a row was edited since, or the result can't be written; then
            nothing was written.
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
        new, made = _undo_rows(chosen, batches, data)
        made = replace(made, applied=format_ledger_time(now), source=None if where.in_place else path)
        if target is None:
            return UndoResult(path, None, chosen, name_batch(made, batches))
        where.choose_target(path)  # again: another program may have written it meanwhile
        made = name_batch(made, read_ledger(ledger_path(target)))
        backup = keep_backup(target, data) if where.in_place and not has_backup(target, new) else None
        commit_file(target, new.stored, render_batch(made), like=source)
        output = follow_link(where.output or path)
        return UndoResult(path, output, chosen, made, show_backup_path(backup, output))


def _undo_rows(chosen: Batch, batches: Sequence[Batch], data: DataFile) -> tuple[DataFile, Batch]:
    """The new content of the file, and the batch that undoes the chosen one."""
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
            "the label column was removed or moved",
            where=data.path,
            column=form.column,
            hint="nothing was undone: restore the column, or edit the labels by hand",
        )
    if by_place and len(names) != form.n_columns:
        raise InputError(
            f"columns were added or removed since: there are {len(names)}",
            where=data.path,
            expected=f"the {form.n_columns} columns that were there after the batch",
            hint="nothing was undone: restore the columns, or edit the labels by hand",
        )
    return table


def _read_as_written(data: DataFile, form: FileLayout) -> Table:
    """The table, read with the encoding and so on of the batch: `doubt undo` has no options for these."""
    try:
        return read_table(data.path, form.read_options)
    except InputError as error:
        if "--" in (error.hint or ""):
            error.hint = (
                f"nothing was undone: save the file in {form.encoding} again, as it was, "
                "or edit the labels by hand"
            )
        raise


def _check_undone(plan: UndoPlan, rewritten: Rewritten, data: DataFile, stored: bytes, table: Table) -> None:
    """Make sure that the batch's rows are what they were, and that all others are unchanged."""
    batch = plan.batch
    is_as_left = hash_bytes(data.content) == batch.after and table.source.encoding is not None
    if is_as_left and hash_bytes(rewritten.content) != batch.before:
        raise OutputError(
            f"undoing batch {batch.id} would not give the file as it was before",
            where=data.path,
            hint="nothing was undone, since the ledger was edited: restore it, or edit labels by hand",
        )
    restored = {row for row, line in plan.rows.items() if line.action is LedgerAction.RESTORE}
    labels = dict.fromkeys(plan.rows.keys() - restored)
    changes = Changes(batch.form.column, labels, dropped=restored, added=plan.added.keys())
    check_unchanged(table, data.stored, stored, changes)
