"""Verdicts, an audit and the file as it is -> what is decided, and what of it is to be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.data import sha256
from doubtcli.apply.revert import in_effect, standing
from doubtcli.errors import InputError
from doubtcli.files.source import check_there
from doubtcli.store import default_folder, read_audit
from doubtcli.store.folder import DOCUMENT
from doubtcli.tools.read import read_together
from doubtcli.verdicts.adjudicate import Terms, settle
from doubtcli.verdicts.rows import KnownRows, list_audited_rows
from doubtcli.verdicts.spelling import Spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.apply.correct import Request
    from doubtcli.apply.labelled import LabelledFile
    from doubtcli.apply.ledger import Batch, Line
    from doubtcli.records import AuditDocument, Decision, DoubtTable, Settled


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
class Decided:
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
    return ReadAudit(stored.document, stored.doubts, sha256((folder / DOCUMENT).read_bytes()))


def decide(request: Request, file: LabelledFile, audit: ReadAudit, earlier: Sequence[Batch]) -> Decided:
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
    return Decided(
        settled,
        changing=tuple(one for one in left if (one.row_id, one.verdict) not in done),
        kept=tuple(one for one in settled.decisions if one.keeps),
        unusable=tuple(unusable),
        done_before=tuple(one for one in left if (one.row_id, one.verdict) in done),
    )


def _done(
    request: Request, file: LabelledFile, audit: ReadAudit, earlier: Sequence[Batch]
) -> tuple[Line, ...]:
    """What the ledger says was done in place on this audit, and not taken back."""
    if not request.where.in_place or audit.is_of(file.data.sha256):
        return ()
    lines = (line for batch in in_effect(standing(earlier)) for line in batch.lines)
    return tuple(line for line in lines if line.audit == audit.sha256)


def _settle(request: Request, file: LabelledFile, audit: ReadAudit, done: Sequence[Line]) -> Settled:
    told = read_together(request.verdicts, confirmed=request.confirmed)
    rows = KnownRows.of(
        file.rows,
        Spellings.of(file.labels, file.listed),
        audited=list_audited_rows(audit.doubts),
        dropped={(line.row_id, line.old) for line in done if line.new is None},
    )
    terms = Terms.lenient(request.on_conflict, new_labels=request.new_labels)
    settled = settle(told.answers, rows, terms, spread=request.spread)
    return replace(settled, notes=(*told.notes, *settled.notes))
