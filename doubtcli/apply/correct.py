"""`doubt apply`: an audit, its data file and people's verdicts -> a corrected file, its ledger, waivers."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.anew import lost_notes
from doubtcli.apply.data import read_data
from doubtcli.apply.decide import decide, find_audit
from doubtcli.apply.labelled import read_labelled
from doubtcli.apply.ledger import ledger_path, named, read_ledger
from doubtcli.apply.put import New, is_there, put_file, put_waivers
from doubtcli.apply.result import Applied
from doubtcli.apply.rewritten import rewrite_file
from doubtcli.apply.target import check_name, held, real, room_for
from doubtcli.apply.waive import check_apart, plan_waivers, try_waivers
from doubtcli.gate.waivers import waivers_to_add_to
from doubtcli.records import OnConflict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from doubtcli.apply.decide import Decided, ReadAudit
    from doubtcli.apply.labelled import LabelledFile
    from doubtcli.apply.ledger import Batch
    from doubtcli.apply.target import Where
    from doubtcli.progress import Progress


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
    place = waivers_to_add_to(request.waivers) if request.waive else None
    request = replace(request, waivers=place)
    target = _target(request)
    audit = find_audit(request.path, request.audit)
    with _held(request, target) if target else nullcontext():
        there = _read(request, target, audit, progress)
        decided = decide(request, there.file, audit, there.earlier)
        with progress.stage("Rewriting"):
            new = _new(request, there, decided, now)
        found = _found(request, there, decided, new)
        return _put(request, there, found, new, target) if target else found


# ------------------------------------------------------------------------- what is there


def _target(request: Request) -> Path | None:
    target = request.where.target(request.path, but_not=request.verdicts)
    if target and request.waivers:
        check_apart(request.waivers, target, (request.path, *request.verdicts))
    return target


@contextmanager
def _held(request: Request, target: Path) -> Iterator[None]:
    """Keep other runs from all that will be written."""
    waivers = [Path(request.waivers).resolve()] if request.waivers else []
    with room_for(target), held(target, beside=waivers):
        yield


def _read(request: Request, target: Path | None, audit: ReadAudit, progress: Progress) -> _There:
    data = read_data(request.path)
    file = read_labelled(data, audit.document, progress)
    if target:
        check_name(target, request.path, file.source.format, data.compression)
    place = request.where.place(request.path)
    return _There(file, audit, read_ledger(ledger_path(place)) if place else ())


# ------------------------------------------------------------------------- what is made


def _new(request: Request, there: _There, decided: Decided, now: dt.datetime) -> New:
    if not decided.changing:
        return New(there.file.data.stored, None)
    batch, stored = rewrite_file(
        there.file,
        decided.changing,
        audit_sha256=there.audit.sha256,
        source=None if request.where.in_place else request.path,
        now=now,
    )
    return New(stored, named(batch, there.earlier))


def _found(request: Request, there: _There, decided: Decided, new: New) -> Applied:
    """What there is to tell before anything is written."""
    return Applied(
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


def _lost(request: Request, there: _There, decided: Decided, new: New) -> tuple[str, ...]:
    """What was applied to a file that is made anew, and is in it no more."""
    where = request.where
    place = where.place(request.path)
    if where.output is None or place is None or is_there(place, new.stored):
        return ()
    decisions = decided.settled.decisions
    return lost_notes(there.earlier, decisions, request.path, where.output, is_dry_run=where.dry_run)


def _put(request: Request, there: _There, found: Applied, new: New, target: Path) -> Applied:
    """Put all of it into place, the waivers last; what is there already is not written again."""
    waivers = None
    if request.waivers:
        waivers = plan_waivers(found.kept, there.audit.doubts, there.file, target, request.waivers)
    request.where.target(request.path)  # again: somebody may have been faster
    if waivers:
        try_waivers(waivers)
    if is_there(target, new.stored) and (there.earlier or new.batch is None):
        found = replace(found, batch=None)
    else:
        output = real(request.where.output or request.path)
        found = put_file(found, new, target, there.file.data, output, in_place=request.where.in_place)
    return put_waivers(found, waivers) if waivers else found
