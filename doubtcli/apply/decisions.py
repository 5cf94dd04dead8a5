"""Decisions on rows -> the new file and its batch, and waivers for labels that were kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.labelled import DataFile, hash_bytes, name_file_in_errors
from doubtcli.apply.ledger import format_ledger_time
from doubtcli.apply.plan_undo import plan_undo
from doubtcli.apply.target import WAIVE_ELSEWHERE
from doubtcli.disk.file import FILE_HINTS, OTHER_ERROR, check_writable, replace_file
from doubtcli.disk.paths import path_beside
from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import rewrite_content
from doubtcli.files.source import pack_bytes
from doubtcli.files.table import check_unchanged
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers.write import add_waivers
from doubtcli.records.file_format import Changes, Drop, Relabel
from doubtcli.records.relabelling import Batch, LedgerAction, LedgerLine

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.apply.labelled import LabelledFile
    from doubtcli.records import Decision, DoubtTable
    from doubtcli.records.file_format import Edit, Touched


WAIVER_HINTS = {number: f"{hint}; or {WAIVE_ELSEWHERE}" for number, hint in FILE_HINTS.items()} | {
    OTHER_ERROR: WAIVE_ELSEWHERE
}
"""What to do if a file of waivers can't be written, by the system's error number."""


@dataclass(frozen=True)
class RewrittenFile:
    """The new content of a file."""

    data: DataFile
    batch: Batch | None = None
    """The changes; None where nothing changes."""


# ---------------------------------------------------------------------- the file


def rewrite_file(
    file: LabelledFile,
    decisions: Sequence[Decision],
    *,
    audit_sha256: str,
    source: str | None,
    now: dt.datetime,
) -> tuple[DataFile, Batch]:
    """The new content of a file, and the batch of its changes, which has no id yet.

    Args:
        file: The file as it is.
        decisions: Decisions that change a row.
        audit_sha256: The hash of the audit that the queue was made from.
        source: The file, if a new one is made from it; None if it is changed in place.
        now: The time.

    Raises:
        InputError: No row would be left.
        OutputError: A label can't be written to the file, or something else would change, too.
    """
    path, data = file.data.path, file.data
    edits = {decision.row - 1: file.edit(decision) for decision in decisions}
    with name_file_in_errors(path):
        made = rewrite_content(data.content, file.form, edits)
    refuse_empty(edits, made.n_rows, path)
    stored = pack_bytes(made.content, data.compression)
    check_unchanged(file.table, data.stored, stored, _list_changes(edits, file))
    return DataFile(path, stored, made.content, data.compression, hash_bytes(stored)), Batch(
        id="",
        applied=format_ledger_time(now),
        lines=tuple(_make_line(one, made.touched[one.row - 1], audit_sha256) for one in decisions),
        form=file.form,
        rows=made.n_rows,
        before=hash_bytes(data.content),
        after=hash_bytes(made.content),
        source=source,
    )


def check_way_back(file: LabelledFile, new: DataFile, batch: Batch) -> None:
    """Make sure that a batch can be undone byte for byte; in a file with typed columns, value for value.

    Args:
        file: The file as it is.
        new: The file as it will be.
        batch: The changes.

    Raises:
        OutputError: It can't be undone.
    """
    if file.source.encoding is None:
        return
    n_dropped = sum(line.action is LedgerAction.DROP for line in batch.lines)
    plan = plan_undo([batch], batch, batch.rows - n_dropped, file.data.path)
    if rewrite_content(new.content, file.form, plan.edits, plan.records).content != file.data.content:
        raise OutputError(
            f"the changes could not be undone byte for byte, because the bytes of a letter in "
            f"{file.source.encoding} depend on the letters around it",
            where=file.data.path,
            hint="nothing was written: convert the file to UTF-8, scan it, and apply the verdicts to it",
        )


def _list_changes(edits: Mapping[int, Edit], file: LabelledFile) -> Changes:
    labels = {
        row: edit.label if edit.like is None else edit.like
        for row, edit in edits.items()
        if isinstance(edit, Relabel)
    }
    return Changes(file.form.column, labels, dropped=_find_dropped(edits))


def _find_dropped(edits: Mapping[int, Edit]) -> set[int]:
    return {row for row, edit in edits.items() if isinstance(edit, Drop)}


def refuse_empty(edits: Mapping[int, Edit], n_rows: int, path: str) -> None:
    """Refuse to drop every row.

    Raises:
        InputError: No row would be left.
    """
    if len(_find_dropped(edits)) == n_rows:
        raise InputError(
            "all rows were judged unusable, and would be dropped", where=path, hint="leave out --drop"
        )


def _make_line(decision: Decision, touched: Touched, audit_sha256: str) -> LedgerLine:
    return LedgerLine(
        action=LedgerAction.DROP if decision.unusable else LedgerAction.RELABEL,
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


# ----------------------------------------------------------------------- waivers


@dataclass(frozen=True)
class WaiverFile:
    """A file of waivers to be written."""

    path: Path
    text: str
    n_rows: int
    """How many kept rows get a waiver."""


def plan_waivers(
    kept: Iterable[Decision], doubts: DoubtTable, file: LabelledFile, target: Path, path: str
) -> WaiverFile | None:
    """The file of waivers, with one for each kept row that was doubted; None where there is nothing to add.

    Args:
        kept: Decisions on rows whose label is right.
        doubts: The table `doubts.parquet`, which says which rows were doubted.
        file: The data.
        target: The corrected file.
        path: The file of waivers.

    Raises:
        InputError: The file can't be read, or nothing can be added to it.
    """
    found = Path(path)
    doubted = _list_doubted_ids(doubts)
    rows = [one for one in kept if one.row_id in doubted]
    # An id from a column may be in other files, too, for another row; a hash of the content can't.
    # A waiver names both files, since the corrected file may replace the data.
    files = (path_beside(file.source.path, found), path_beside(target, found)) if file.has_ids else ()
    text = _read_waiver_text(found)
    added = add_waivers(
        text, [_make_waiver(one, tuple(dict.fromkeys(files))) for one in rows], where=str(found)
    )
    return None if added == text else WaiverFile(found, added, len(rows))


def check_waivers_writable(waivers: WaiverFile) -> None:
    """Make sure that the file of waivers can be written.

    Raises:
        OutputError: The system doesn't allow it.
    """
    check_writable(waivers.path, waivers.text.encode(), hints=WAIVER_HINTS)


def write_waivers(waivers: WaiverFile, *, after: Iterable[Path]) -> None:
    """Write the file of waivers, last of all files.

    Args:
        waivers: The file.
        after: The files that were written before it.

    Raises:
        OutputError: The system doesn't allow it; names the files that were written.
    """
    try:
        replace_file(waivers.path, waivers.text.encode(), hints=WAIVER_HINTS)
    except OutputError as error:
        done = ", ".join(map(str, after))
        if done:
            error.found += f"; these files were written before it, and are complete: {done}"
        raise


def _list_doubted_ids(doubts: DoubtTable) -> set[str]:
    return set(doubts.filter(doubts.doubted).row_id.to_pylist())


def _make_waiver(decision: Decision, files: tuple[str, ...]) -> Waiver:
    who = ", ".join(decision.annotators) or "a person"
    by_what = ", ".join(part for part in (decision.tool, decision.time) if part)
    other = decision.spread_from
    did = f"kept the label of its duplicate {other}" if other else "kept its label"
    why = f"{who} {did} ({by_what})" + (f": {decision.why}" if decision.why else "")
    return Waiver(decision.row_id, 0, label=decision.given_label, files=files, why=why)


def _read_waiver_text(path: Path) -> str:
    try:
        return path.read_bytes().decode() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't be read: {error}", where=str(path), hint=WAIVE_ELSEWHERE) from error
