"""`doubt log` and `doubt undo`: what a ledger tells, and a batch of it taken back."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.backup import is_kept, keep, shown
from doubtcli.apply.commit import commit
from doubtcli.apply.data import Data, located, read_data, sha256, time_told
from doubtcli.apply.ledger import Action, Batch, ledger_path, named, read_ledger, render
from doubtcli.apply.result import Undone
from doubtcli.apply.revert import check_untouched, choose_batch, plan_undo, undone_lines
from doubtcli.apply.target import check_name, held, real, room_for
from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import find_format, rewrite_content
from doubtcli.files.source import check_there, pack
from doubtcli.files.table import check_unchanged, read_table
from doubtcli.records.edits import Changes
from doubtcli.records.file_format import ColumnsBy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from doubtcli.apply.revert import Undo
    from doubtcli.apply.target import Where
    from doubtcli.records import Table
    from doubtcli.records.edits import FileLayout, Rewritten

NOTHING = "`doubt apply` writes one beside each file that it makes; it bears that file's name"


def log(path: str) -> tuple[Batch, ...]:
    """All that was done to a file, oldest batch first.

    Raises:
        InputError: There is no such file or no ledger, it is damaged, or a newer doubt wrote it.
    """
    with held(Path(path).resolve()):
        return _batches(path)


def _batches(path: str) -> tuple[Batch, ...]:
    batches = read_ledger(ledger_path(Path(path).resolve()))
    if not batches:
        check_there(path)
        raise InputError("there is no ledger", where=str(ledger_path(Path(real(path)))), hint=NOTHING)
    return batches


def undo(path: str, where: Where, *, batch: str | None = None, now: dt.datetime) -> Undone:
    """Take a batch back: the rows that it changed become what they were, to the byte.

    Args:
        path: The corrected file.
        where: Where the result goes.
        batch: The id of the batch; the last one that is in effect if None.
        now: The time, which the ledger tells.

    Raises:
        DoubtError: There is no such batch, a row was edited since, or something is in the way; nothing was
            written.
    """
    target, source = where.target(path), Path(path).resolve()
    with room_for(target) if target else nullcontext(), held(source, *filter(None, [target])):
        batches = _batches(path)
        chosen = choose_batch(batches, batch, str(ledger_path(Path(real(path)))))
        data = read_data(path)
        if target:
            check_name(target, path, chosen.form.format, data.compression)
        made, new = _take_back(chosen, batches, data)
        made = replace(made, applied=time_told(now), source=None if where.in_place else path)
        if target is None:
            return Undone(path, None, chosen, named(made, batches))
        where.target(path)  # again: somebody may have been faster
        made = named(made, read_ledger(ledger_path(target)))
        backup = keep(target, data) if where.in_place and not is_kept(target, new) else None
        commit(target, new.stored, render(made), like=source)
        output = real(where.output or path)
        return Undone(path, output, chosen, made, shown(backup, output))


def _take_back(chosen: Batch, batches: Sequence[Batch], data: Data) -> tuple[Batch, Data]:
    """The batch that takes another one back, and what the file will hold."""
    table = _read(data, chosen.form)
    plan = plan_undo(batches, chosen, table.data.num_rows, data.path)
    with located(data.path):
        rewritten = rewrite_content(data.content, chosen.form, plan.edits, plan.records)
    check_untouched(plan, rewritten, data.path)
    stored = pack(rewritten.content, data.compression)
    _check(plan, rewritten, data, stored, table)
    new = Data(data.path, stored, rewritten.content, data.compression, sha256(stored))
    return Batch(
        id="",
        applied="",
        lines=undone_lines(plan, rewritten),
        form=chosen.form,
        rows=rewritten.n_rows,
        before=sha256(data.content),
        after=sha256(rewritten.content),
        source=None,
        undoes=chosen.id,
    ), new


def _read(data: Data, form: FileLayout) -> Table:
    table = _as_written(data, form)
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


def _as_written(data: Data, form: FileLayout) -> Table:
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


def _check(plan: Undo, rewritten: Rewritten, data: Data, stored: bytes, table: Table) -> None:
    """Make sure that the rows are what they were, and all others what they are."""
    batch = plan.batch
    is_as_left = sha256(data.content) == batch.after and table.source.encoding is not None
    if is_as_left and sha256(rewritten.content) != batch.before:
        raise OutputError(
            f"taking batch {batch.id} back would not give the file as it was",
            where=data.path,
            hint="nothing was taken back: the ledger was changed",
        )
    came = {row for row, line in plan.rows.items() if line.action is Action.RESTORE}
    labels = dict.fromkeys(plan.rows.keys() - came)
    changes = Changes(batch.form.column, labels, dropped=came, added=plan.added.keys())
    check_unchanged(table, data.stored, stored, changes, quoting=batch.form.read_options.quoting)
