"""`doubt apply`: an audit, its data file and people's verdicts -> a corrected file, its ledger, waivers."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.commit import backup_path, commit
from doubtcli.apply.data import read_data
from doubtcli.apply.decide import decide, find_audit
from doubtcli.apply.labelled import read_labelled
from doubtcli.apply.ledger import aside_path, ledger_path, named, read_ledger, render
from doubtcli.apply.result import Applied
from doubtcli.apply.rewritten import rewrite_file
from doubtcli.apply.target import check_name, held, real
from doubtcli.apply.waive import check_apart, plan_waivers, write_waivers
from doubtcli.records import OnConflict
from doubtcli.store import try_file

if TYPE_CHECKING:
    import datetime as dt

    from doubtcli.apply.data import Data
    from doubtcli.apply.decide import ReadAudit
    from doubtcli.apply.ledger import Batch
    from doubtcli.apply.target import Where
    from doubtcli.apply.waive import Waivers
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
    """The file to add waivers to; the usual one if None."""
    waive: bool = True
    """Whether keeping a doubted row's label waives it."""


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
    if target and request.waive:
        check_apart(request.waivers, target, (request.path, *request.verdicts))
    audit = find_audit(request.path, request.audit)
    with held(target) if target else nullcontext():
        data = read_data(request.path)
        file = read_labelled(data, audit.summary, progress)
        if target:
            request.where.target(request.path)  # again: another run may have been faster
            check_name(target, request.path, file.source.format, data.compression)
        earlier = _earlier(request, target)
        decided = decide(request, file, audit, earlier)
        batch, stored = None, data.stored
        if decided.changing:
            source = None if request.where.in_place else request.path
            with progress.stage("Rewriting"):
                made, stored = rewrite_file(
                    file, decided.changing, audit_sha256=audit.sha256, source=source, now=now
                )
            batch = named(made, earlier)
        found = Applied(
            path=request.path,
            output=None,
            batch=batch,
            kept=decided.kept,
            unusable=decided.unusable,
            done_before=decided.done_before,
            settled=decided.settled,
            is_dry_run=request.where.dry_run,
            notes=(*_notes(data, audit), *decided.settled.notes),
        )
        if target is None:
            return found
        waivers = None
        if request.waive:
            waivers = plan_waivers(found.kept, audit.doubts, file, target, request.waivers)
        return _write(found, target, stored, data=data, where=request.where, waivers=waivers)


def _write(
    found: Applied, target: Path, stored: bytes, *, data: Data, where: Where, waivers: Waivers | None
) -> Applied:
    """Put the file, its ledger's lines and the waivers into place; what is there already is not written."""
    written: tuple[Path, ...] = ()
    if waivers:
        try_file(waivers.path, waivers.text.encode())
    if target.exists() and target.read_bytes() == stored:
        found = replace(found, batch=None)
    else:
        found = _put(found, target, stored, data, where)
        written = (target, ledger_path(target)) if found.batch else (target,)
    if waivers is None:
        return found
    write_waivers(waivers, written)
    return replace(found, waivers=str(waivers.path), n_waived=waivers.n_rows)


def _put(found: Applied, target: Path, stored: bytes, data: Data, where: Where) -> Applied:
    """Put the file and its ledger's lines into place."""
    lines = render(found.batch) if found.batch else b""
    output, notes = real(where.output or data.path), found.notes
    if not lines and ledger_path(target).exists():
        kept = aside_path(Path(output))
        notes += (f"nothing is changed in the new file: the ledger of the old one is now {kept}",)
    commit(target, stored, lines, backup=data.stored if where.in_place else None)
    backup = str(backup_path(Path(output))) if where.in_place else None
    return replace(found, output=output, backup=backup, notes=notes)


def _earlier(request: Request, target: Path | None) -> tuple[Batch, ...]:
    """What the ledger of the file to be written tells of."""
    if target is None and request.where.in_place:
        target = Path(request.path).resolve()
    return read_ledger(ledger_path(target)) if target else ()


def _notes(data: Data, audit: ReadAudit) -> tuple[str, ...]:
    if audit.is_of(data.sha256):
        return ()
    return ("the file was changed since it was audited: a row was taken for the same where its content is",)
