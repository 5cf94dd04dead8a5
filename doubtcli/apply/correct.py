"""`doubt apply`: an audit, its data file and people's verdicts -> a corrected file, its ledger, waivers."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.data import located, read_data, read_labelled, sha256, time_told
from doubtcli.apply.target import check_name, held
from doubtcli.apply.waive import plan_waivers
from doubtcli.errors import InputError
from doubtcli.read.unchanged import Changes, check_unchanged
from doubtcli.read.verdicts import read_answers, rows_audited, settle, spellings
from doubtcli.records import OnConflict
from doubtcli.relabel.commit import backup_path, commit
from doubtcli.relabel.ledger import Action, Batch, Line, ledger_path, named, read_ledger, render
from doubtcli.relabel.result import Applied
from doubtcli.relabel.rewrite import Drop, Relabel, rewrite
from doubtcli.relabel.rewrite.packed import pack
from doubtcli.relabel.undo import in_effect, standing
from doubtcli.store import default_folder, read_audit, write_file
from doubtcli.store.folder import DOCUMENT

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from doubtcli.apply.data import Data, LabelledFile
    from doubtcli.apply.target import Where
    from doubtcli.apply.waive import Waivers
    from doubtcli.progress import Progress
    from doubtcli.records import Decision, Settled
    from doubtcli.relabel.rewrite import Rewritten, Touched
    from doubtcli.relabel.rewrite.edits import Edit
    from doubtcli.store import StoredAudit


@dataclass(frozen=True)
class Request:
    """What is to be applied to what, and how."""

    path: str
    """The labelled file."""
    verdicts: tuple[str, ...]
    """Files of them, of any tool."""
    where: Where
    audit: str | None = None
    """The directory of the audit; the one beside the file if None."""
    drop: bool = False
    """Whether rows that were judged unusable go; else they stay, and are told."""
    new_labels: bool = False
    """Whether a label may be chosen that the file doesn't have."""
    spread: bool = False
    """Whether a decision also holds for rows of the very same input and label."""
    confirmed: bool = False
    """Whether all rows of the verdicts were looked at, where their tool doesn't tell."""
    on_conflict: OnConflict = OnConflict.MAJORITY
    waivers: str | None = None
    """The file to add waivers to; the usual one if None."""
    waive: bool = True
    """Whether keeping a doubted row's label waives it."""


@dataclass(frozen=True)
class Sorted:
    """Decisions by what they come to."""

    changing: tuple[Decision, ...] = ()
    kept: tuple[Decision, ...] = ()
    unusable: tuple[Decision, ...] = ()
    """Those that stay."""
    done_before: tuple[Decision, ...] = ()
    """Those that the ledger tells of already."""


def apply(request: Request, *, now: dt.datetime, progress: Progress) -> Applied:
    """Write a file with the labels that people decided on, every other byte of it as it was.

    Args:
        request: What to apply to what.
        now: The time, which the ledger tells.
        progress: Told of each long stage.

    Raises:
        DoubtError: A file can't be used, the verdicts can't be settled, or something is in the way; nothing
            was written.
    """
    target = request.where.target(request.path, but_not=request.verdicts)
    audit = _read_audit(request)
    with held(target) if target else nullcontext():
        data = read_data(request.path)
        file = read_labelled(data, audit.summary, progress)
        if target:
            check_name(target, request.path, file.source.format, data.compression)
        settled = _settle(request, file, audit)
        earlier = _earlier(request, target)
        decided = _sort(settled, request, earlier, audit)
        with progress.stage("Rewriting"):
            batch, stored = _correct(file, decided.changing, request, audit, now)
        found = Applied(
            path=request.path,
            output=None,
            batch=named(batch, earlier) if batch else None,
            kept=decided.kept,
            unusable=decided.unusable,
            done_before=decided.done_before,
            settled=settled,
            is_dry_run=request.where.dry_run,
            notes=(*_notes(data, audit), *settled.notes),
        )
        if target is None:
            return found
        waivers = None
        if request.waive:
            waivers = plan_waivers(found.kept, audit, file, target, request.waivers)
        return _write(found, target, stored, data=data, where=request.where, waivers=waivers)


def _write(
    found: Applied, target: Path, stored: bytes, *, data: Data, where: Where, waivers: Waivers | None
) -> Applied:
    """Put the file, its ledger's lines and the waivers into place; what is there already is not written."""
    if target.exists() and target.read_bytes() == stored:
        found = replace(found, batch=None)
    else:
        lines = render(found.batch) if found.batch else b""
        commit(target, stored, lines, backup=data.stored if where.in_place else None)
        backup = str(backup_path(Path(data.path))) if where.in_place else None
        found = replace(found, output=where.output or data.path, backup=backup)
    if waivers is None:
        return found
    write_file(waivers.path, waivers.text.encode())
    return replace(found, waivers=str(waivers.path), n_waived=waivers.n_rows)


# ------------------------------------------------------------------- what is decided


def _read_audit(request: Request) -> StoredAudit:
    folder = Path(request.audit) if request.audit else default_folder(request.path)
    if request.audit is None and not (folder / DOCUMENT).is_file():
        raise InputError(
            "there is no audit beside the file",
            where=str(folder),
            expected="the audit that the verdicts' queue was made from",
            hint="name it: --audit FOLDER",
        )
    return read_audit(folder)


def _settle(request: Request, file: LabelledFile, audit: StoredAudit) -> Settled:
    told = [read_answers(path, confirmed=request.confirmed) for path in request.verdicts]
    settled = settle(
        [answer for one in told for answer in one.answers],
        file.rows,
        rows_audited(audit.doubts),
        spellings(file.labels, file.listed),
        on_conflict=request.on_conflict,
        new_labels=request.new_labels,
        spread=request.spread,
    )
    return replace(settled, notes=(*(note for one in told for note in one.notes), *settled.notes))


def _earlier(request: Request, target: Path | None) -> tuple[Batch, ...]:
    """What the ledger of the file to be written tells of."""
    if target is None and request.where.in_place:
        target = Path(request.path).resolve()
    return read_ledger(ledger_path(target)) if target else ()


def _sort(settled: Settled, request: Request, earlier: Sequence[Batch], audit: StoredAudit) -> Sorted:
    """Decisions by what they come to.

    Where rows of equal input change labels with each other, their ids do, too: what the ledger says was done
    is not done again.
    """
    sha = audit_sha256(audit)
    batches = in_effect(standing(earlier)) if request.where.in_place else ()
    done = {(line.row_id, line.new) for batch in batches for line in batch.lines if line.audit == sha}
    sorted_: dict[str, list[Decision]] = {"changing": [], "kept": [], "unusable": [], "done_before": []}
    for one in settled.decisions:
        if one.keeps:
            sorted_["kept"].append(one)
        elif one.unusable and not request.drop:
            sorted_["unusable"].append(one)
        elif (one.row_id, one.verdict) in done:
            sorted_["done_before"].append(one)
        else:
            sorted_["changing"].append(one)
    return Sorted(**{name: tuple(decisions) for name, decisions in sorted_.items()})


def _notes(data: Data, audit: StoredAudit) -> tuple[str, ...]:
    if data.sha256 == audit.summary["input"]["sha256"]:
        return ()
    return ("the file was changed since it was audited: a row was taken for the same where its content is",)


# ------------------------------------------------------------------------ the file


def _correct(
    file: LabelledFile,
    decisions: Sequence[Decision],
    request: Request,
    audit: StoredAudit,
    now: dt.datetime,
) -> tuple[Batch | None, bytes]:
    """The batch, which has no id yet, and the file with its changes as it will be stored."""
    if not decisions:
        return None, file.data.stored
    edits = {decision.row - 1: file.edit(decision) for decision in decisions}
    with located(request.path):
        rewritten = rewrite(file.data.content, file.form, edits)
    _refuse_empty(edits, rewritten, request.path)
    stored = pack(rewritten.content, file.data.compression)
    check_unchanged(
        file.data.stored, stored, file.source, _changes(edits, file.form.column), quoting=file.quoting
    )
    sha = audit_sha256(audit)
    return Batch(
        id="",
        applied=time_told(now),
        lines=tuple(_line(one, rewritten.touched[one.row - 1], sha) for one in decisions),
        form=file.form,
        rows=rewritten.n_rows,
        before=sha256(file.data.content),
        after=sha256(rewritten.content),
        source=None if request.where.in_place else request.path,
    ), stored


def _changes(edits: Mapping[int, Edit], column: str) -> Changes:
    labels = {
        row: edit.label if edit.like is None else edit.like
        for row, edit in edits.items()
        if isinstance(edit, Relabel)
    }
    return Changes(column, labels, dropped={row for row, edit in edits.items() if isinstance(edit, Drop)})


def _refuse_empty(edits: Mapping[int, Edit], rewritten: Rewritten, path: str) -> None:
    if sum(isinstance(edit, Drop) for edit in edits.values()) == rewritten.n_rows:
        raise InputError(
            "every row was judged unusable, and would be dropped", where=path, hint="leave out --drop"
        )


def _line(decision: Decision, touched: Touched, audit: str) -> Line:
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
        audit=audit,
    )


def audit_sha256(audit: StoredAudit) -> str:
    """The hash of an audit's document."""
    return sha256((audit.folder / DOCUMENT).read_bytes())
