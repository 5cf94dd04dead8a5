"""`doubt apply`: an audit, its data file and people's verdicts -> a corrected file, its ledger, waivers."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.batch import rewrite_file
from doubtcli.apply.commit import commit_file, keep_backup, show_backup_path
from doubtcli.apply.labelled import hash_bytes, read_data_file, read_labelled
from doubtcli.apply.ledger import ApplyResult, aside_path, ledger_path, name_batch, read_ledger, render_batch
from doubtcli.apply.plan_undo import list_current, list_in_effect, note_lost_changes
from doubtcli.apply.target import check_ending, follow_link, lock_and_recover, make_room_for
from doubtcli.apply.waive import check_waivers_apart, check_waivers_writable, plan_waivers, write_waivers
from doubtcli.errors import InputError
from doubtcli.files.source import check_there
from doubtcli.gate.waivers import waivers_to_add_to
from doubtcli.records import OnConflict
from doubtcli.store import default_folder, read_audit
from doubtcli.store.folder import DOCUMENT
from doubtcli.tools.read import read_together
from doubtcli.verdicts.corrections import lenient_terms, settle_answers
from doubtcli.verdicts.rows import VerdictRows, list_audited_rows
from doubtcli.verdicts.spelling import Spellings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from doubtcli.apply.labelled import DataFile, LabelledFile
    from doubtcli.apply.ledger import Batch, Line
    from doubtcli.apply.target import OutputOptions
    from doubtcli.apply.waive import WaiverFile
    from doubtcli.progress import Progress
    from doubtcli.records import AuditDocument, Decision, DoubtTable, Settled


@dataclass(frozen=True)
class ApplyRequest:
    """What is to be applied to what, and how."""

    path: str
    """The labelled file."""
    verdicts: tuple[str, ...]
    """Files of them, of any tool."""
    where: OutputOptions
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
    """The file to add waivers to; the one that a gate run from here would read if None."""
    waive: bool = True
    """Whether keeping a doubted row's label waives it."""


@dataclass(frozen=True)
class _There:
    """What verdicts are applied to."""

    file: LabelledFile
    audit: ReadAudit
    earlier: tuple[Batch, ...]
    """What the ledger of the file that is meant tells of."""


def apply_verdicts(request: ApplyRequest, *, now: dt.datetime, progress: Progress) -> ApplyResult:
    """Write a file with the labels that people decided on, every other byte of it as it was.

    Args:
        request: What to apply to what.
        now: The time, which the ledger tells.
        progress: Told of each long stage.

    Raises:
        DoubtError: A file can't be used, the verdicts can't be settled, or something is in the way; nothing
            was written.
    """
    place = waivers_to_add_to(request.waivers) if request.waive else None
    request = replace(request, waivers=place)
    target = _target(request)
    audit = find_audit(request.path, request.audit)
    with _held(request, target) if target else nullcontext():
        there = _read(request, target, audit, progress)
        decided = decide_changes(request, there.file, audit, there.earlier)
        with progress.stage("Rewriting"):
            new = _new(request, there, decided, now)
        found = _found(request, there, decided, new)
        return _put(request, there, found, new, target) if target else found


# ------------------------------------------------------------------------- what is there


def _target(request: ApplyRequest) -> Path | None:
    target = request.where.target(request.path, but_not=request.verdicts)
    if target and request.waivers:
        check_waivers_apart(request.waivers, target, (request.path, *request.verdicts))
    return target


@contextmanager
def _held(request: ApplyRequest, target: Path) -> Iterator[None]:
    """Keep other runs from all that will be written."""
    waivers = [Path(request.waivers).resolve()] if request.waivers else []
    with make_room_for(target), lock_and_recover(target, beside=waivers):
        yield


def _read(request: ApplyRequest, target: Path | None, audit: ReadAudit, progress: Progress) -> _There:
    data = read_data_file(request.path)
    file = read_labelled(data, audit.document, progress)
    if target:
        check_ending(target, request.path, file.source.format, data.compression)
    place = request.where.place(request.path)
    return _There(file, audit, read_ledger(ledger_path(place)) if place else ())


# ------------------------------------------------------------------------- what is made


def _new(request: ApplyRequest, there: _There, decided: DecidedChanges, now: dt.datetime) -> New:
    if not decided.changing:
        return New(there.file.data.stored, None)
    batch, stored = rewrite_file(
        there.file,
        decided.changing,
        audit_sha256=there.audit.sha256,
        source=None if request.where.in_place else request.path,
        now=now,
    )
    return New(stored, name_batch(batch, there.earlier))


def _found(request: ApplyRequest, there: _There, decided: DecidedChanges, new: New) -> ApplyResult:
    """What there is to tell before anything is written."""
    return ApplyResult(
        path=request.path,
        output=None,
        batch=new.batch,
        kept=decided.kept,
        unusable=decided.unusable,
        done_before=decided.done_before,
        settled=decided.settled,
        is_dry_run=request.where.dry_run,
        notes=(*_changed(there), *_lost(request, there, decided, new), *decided.settled.notes),
    )


def _changed(there: _There) -> tuple[str, ...]:
    if there.audit.is_of(there.file.data.sha256):
        return ()
    return ("the file was changed since it was audited: a row was taken for the same where its content is",)


def _lost(request: ApplyRequest, there: _There, decided: DecidedChanges, new: New) -> tuple[str, ...]:
    """What was applied to a file that is made anew, and is in it no more."""
    where = request.where
    place = where.place(request.path)
    if where.output is None or place is None or is_there(place, new.stored):
        return ()
    decisions = decided.settled.decisions
    return note_lost_changes(there.earlier, decisions, request.path, where.output, is_dry_run=where.dry_run)


def _put(request: ApplyRequest, there: _There, found: ApplyResult, new: New, target: Path) -> ApplyResult:
    """Put all of it into place, the waivers last; what is there already is not written again."""
    waivers = None
    if request.waivers:
        waivers = plan_waivers(found.kept, there.audit.doubts, there.file, target, request.waivers)
    request.where.target(request.path)  # again: somebody may have been faster
    if waivers:
        check_waivers_writable(waivers)
    if is_there(target, new.stored) and (there.earlier or new.batch is None):
        found = replace(found, batch=None)
    else:
        output = follow_link(request.where.output or request.path)
        found = put_file(found, new, target, there.file.data, output, in_place=request.where.in_place)
    return put_waivers(found, waivers) if waivers else found


@dataclass(frozen=True)
class New:
    """The file as it will be."""

    stored: bytes
    batch: Batch | None
    """What makes it so; None where nothing is changed."""


def is_there(path: Path, content: bytes) -> bool:
    """Whether a file holds these bytes already."""
    return path.is_file() and path.read_bytes() == content


def put_file(
    found: ApplyResult, new: New, target: Path, data: DataFile, output: str, *, in_place: bool
) -> ApplyResult:
    """Put the file and its ledger's lines into place.

    Args:
        found: What there is to tell.
        new: The file as it will be.
        target: Where it goes; no other run writes there meanwhile.
        data: What it is made from.
        output: What `target` is called.
        in_place: Whether what it holds is to be kept.

    Returns:
        What there is to tell, and what was written.

    Raises:
        OutputError: The system won't let us.
    """
    notes = found.notes
    if new.batch is None and ledger_path(target).exists():
        aside = aside_path(Path(output))
        notes += (f"nothing is changed in the new file: the ledger of the old one is now {aside}",)
    backup = keep_backup(target, data) if in_place else None
    commit_file(target, new.stored, render_batch(new.batch) if new.batch else b"", like=Path(data.path))
    return replace(found, output=output, backup=show_backup_path(backup, output), notes=notes)


def put_waivers(found: ApplyResult, waivers: WaiverFile) -> ApplyResult:
    """Put the file of waivers into place, after all else.

    Args:
        found: What there is to tell, and what was written.
        waivers: What is to be written.

    Raises:
        OutputError: The system won't let us; it names what was written before.
    """
    written = [] if found.output is None else [Path(found.output)]
    if found.batch:
        written += [ledger_path(path) for path in written]
    write_waivers(waivers, written)
    return replace(found, waivers=str(waivers.path), n_waived=waivers.n_rows)


@dataclass(frozen=True)
class ReadAudit:
    """The audit that the rows were queued by."""

    document: AuditDocument
    """`audit.json`."""
    doubts: DoubtTable
    sha256: str
    """Of `audit.json`."""

    def is_of(self, sha256_of_data: str) -> bool:
        """Whether these very bytes were audited."""
        return self.document.source.sha256 == sha256_of_data


@dataclass(frozen=True)
class DecidedChanges:
    """What came of verdicts."""

    settled: Settled
    changing: tuple[Decision, ...]
    """What is to be done: rows that get another label, or go."""
    kept: tuple[Decision, ...]
    unusable: tuple[Decision, ...]
    """Rows that stay nevertheless."""
    done_before: tuple[Decision, ...]
    """What the ledger tells of already."""


def find_audit(path: str, audit: str | None) -> ReadAudit:
    """The audit in a folder; the one beside the file if none is named.

    Raises:
        InputError: There is none, it is damaged, or a newer doubt wrote it; or the file itself is not there.
    """
    if path != "-":
        check_there(path)
    folder = Path(audit) if audit else default_folder(path)
    if audit is None and not (folder / DOCUMENT).is_file():
        raise InputError(
            "there is no audit beside the file",
            where=str(folder),
            expected="the audit that the verdicts' queue was made from",
            hint="name it: --audit FOLDER",
        )
    stored = read_audit(folder)
    return ReadAudit(stored.document, stored.doubts, hash_bytes((folder / DOCUMENT).read_bytes()))


def decide_changes(
    request: ApplyRequest, file: LabelledFile, audit: ReadAudit, earlier: Sequence[Batch]
) -> DecidedChanges:
    """What verdicts decide on the rows of a file, and what of it is left to do.

    Where rows of equal input change labels with each other, their ids do, too: what the ledger says was done
    in place is not done again, unless the file is, byte for byte, what was audited: then its backup was put
    back.

    Args:
        request: Which verdicts, and what is done about them.
        file: As it is now.
        audit: The rows as they were when they were queued.
        earlier: The ledger of the file that is to be written.

    Raises:
        InputError: A file of verdicts can't be used, or they can't be settled.
    """
    lines = _done(request, file, audit, earlier)
    settled = _settle(request, file, audit, lines)
    corrected = [one for one in settled.decisions if not one.keeps]
    unusable = [one for one in corrected if one.unusable and not request.drop]
    done = {(line.row_id, line.new) for line in lines}
    left = [one for one in corrected if request.drop or not one.unusable]
    return DecidedChanges(
        settled,
        changing=tuple(one for one in left if (one.row_id, one.verdict) not in done),
        kept=tuple(one for one in settled.decisions if one.keeps),
        unusable=tuple(unusable),
        done_before=tuple(one for one in left if (one.row_id, one.verdict) in done),
    )


def _done(
    request: ApplyRequest, file: LabelledFile, audit: ReadAudit, earlier: Sequence[Batch]
) -> tuple[Line, ...]:
    """What the ledger says was done in place on this audit, and not taken back."""
    if not request.where.in_place or audit.is_of(file.data.sha256):
        return ()
    lines = (line for batch in list_in_effect(list_current(earlier)) for line in batch.lines)
    return tuple(line for line in lines if line.audit == audit.sha256)


def _settle(request: ApplyRequest, file: LabelledFile, audit: ReadAudit, done: Sequence[Line]) -> Settled:
    told = read_together(request.verdicts, confirmed=request.confirmed)
    rows = VerdictRows.of(
        file.rows,
        Spellings.of(file.labels, file.listed),
        audited=list_audited_rows(audit.doubts),
        dropped={(line.row_id, line.old) for line in done if line.new is None},
    )
    terms = lenient_terms(request.on_conflict, new_labels=request.new_labels)
    settled = settle_answers(told.answers, rows, terms, spread=request.spread)
    return replace(settled, notes=(*told.notes, *settled.notes))
