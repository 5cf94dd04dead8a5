"""`doubt apply`: an audit, its data file and people's verdicts -> a corrected file, its ledger, waivers.

options ─▶ audit found ─▶ data read ─▶ verdicts decided ─▶ file rewritten, way back checked
─▶ file and ledger committed ─▶ waivers written ─▶ result
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.apply.accept import accept_suggestions, describe_acceptance
from doubtcli.apply.commit import (
    commit_file,
    keep_backup,
    lock_and_recover,
    make_room_for,
    show_backup_path,
)
from doubtcli.apply.decisions import (
    RewrittenFile,
    check_waivers_writable,
    check_way_back,
    plan_waivers,
    refuse_empty,
    rewrite_file,
    write_waivers,
)
from doubtcli.apply.labelled import DataFile, hash_bytes, read_data_file, read_labelled
from doubtcli.apply.ledger import ledger_path, name_batch, old_ledger_path, read_ledger, render_batch
from doubtcli.apply.plan_undo import note_lost_changes
from doubtcli.apply.target import IN_PLACE, check_ending, check_waivers_apart, follow_link
from doubtcli.errors import InputError, SettingsError
from doubtcli.files.formats import name_corrected_file
from doubtcli.files.source import check_exists
from doubtcli.gate.waivers.read import choose_waivers_to_write
from doubtcli.progress import Silence
from doubtcli.records import OnConflict
from doubtcli.records.relabelling import ApplyResult, list_batches_in_effect, list_current_batches
from doubtcli.store import default_folder, read_audit
from doubtcli.store.folder import DOCUMENT
from doubtcli.tools.read import read_answer_files
from doubtcli.verdicts.corrections import make_lenient_terms, settle_answers
from doubtcli.verdicts.rows import VerdictRows, list_audited_rows
from doubtcli.verdicts.spelling import Spellings
from doubtcli.wording.numbers import format_count
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from doubtcli.apply.labelled import LabelledFile
    from doubtcli.apply.target import OutputOptions
    from doubtcli.files.frame import Frame
    from doubtcli.progress import Progress
    from doubtcli.records import AnswersRead, Decision, DoubtTable, InMemory, Settled
    from doubtcli.records.relabelling import Acceptance, Batch, LedgerLine
    from doubtcli.store import StoredAudit


@dataclass(frozen=True)
class ApplyRequest:
    """The verdicts to apply, the file to apply them to, and how."""

    path: str
    """The labelled file."""
    verdicts: tuple[str, ...]
    """Files of verdicts, of any tools."""
    where: OutputOptions
    audit: str | None = None
    """The directory of the audit; None for the one next to the file."""
    drop: bool = False
    """Whether to drop rows that were judged unusable; else they stay, and are reported."""
    new_labels: bool = False
    """Whether a label may be chosen that the file doesn't have."""
    spread: bool = False
    """Whether a decision also holds for rows of the same input and label."""
    confirmed: bool = False
    """Whether all rows of the verdicts were looked at, if their tool doesn't record it."""
    on_conflict: OnConflict = OnConflict.MAJORITY
    waivers: str | None = None
    """The file to add waivers to; None for the one that `doubt gate` would read here."""
    strict: bool = False
    """Whether nothing is written if a verdict can't be used, or no suggestion be accepted."""
    at_least: float | None = None
    """Suggestions are accepted where this share of them is right, 0 to 1; None: none is."""
    waive: bool = True
    """Whether a doubted row whose label is kept gets a waiver."""
    answers: AnswersRead | None = None
    """The verdicts themselves, if they are not in files."""
    open_audit: QueueAudit | None = None
    """The audit itself, if it is already open."""


@dataclass(frozen=True)
class QueueAudit:
    """The audit that the queue was made from."""

    stored: StoredAudit
    sha256: str
    """The hash of `audit.json`."""


@dataclass(frozen=True)
class ApplyInput:
    """The file that verdicts are applied to, its audit and its ledger."""

    file: LabelledFile
    audit: QueueAudit
    earlier: tuple[Batch, ...]
    """The ledger of the file that is written."""

    @cached_property
    def doubts(self) -> DoubtTable:
        """The audited rows, with ids and hashes of today if an earlier version made the audit."""
        return self.audit.stored.doubts.rename_rows(self.file.earlier_names)

    @property
    def is_as_audited(self) -> bool:
        """Whether the file has the same bytes as when it was audited."""
        return self.audit.stored.document.source.sha256 == self.file.data.sha256


@dataclass(frozen=True)
class DecidedRows:
    """The decisions on the rows of a file, and which of them are still to be carried out."""

    settled: Settled
    acceptance: Acceptance | None
    changing: tuple[Decision, ...]
    """Rows that get another label, or are dropped."""
    kept: tuple[Decision, ...]
    unusable: tuple[Decision, ...]
    """Unusable rows that stay in the file."""
    done_before: tuple[Decision, ...]
    """Decisions that are already in the ledger."""


@dataclass(frozen=True)
class CorrectedFrame:
    """A table in memory after a correction."""

    data: Any
    """A table of the same kind, with other labels."""
    decided: DecidedRows
    refusal: str | None = None
    """Why it must not be used, if no verdict could be, or with `strict` not all."""


def correct_labels(request: ApplyRequest, *, now: dt.datetime, progress: Progress) -> ApplyResult:
    """Write a file with the labels that people decided on; all other bytes are unchanged.

    Args:
        request: What to apply, and to what.
        now: The time, for the ledger.
        progress: Shows the stages.

    Raises:
        DoubtError: A file can't be used, people disagree, or the result can't be written; then nothing was
            written.
    """
    request = replace(request, waivers=choose_waivers_to_write(request.waivers) if request.waive else None)
    target = _choose_target(request)
    audit = request.open_audit or _find_queue_audit(request)
    with _lock_outputs(request, target):
        found = _read_input(request, target, audit, progress)
        decided = _decide_rows(request, found)
        with progress.stage("Rewriting"):
            new = _make_new_file(request, found, decided, now)
        result = _describe_result(request, found, decided, new)
        if result.refusal or target is None:
            return result
        return _write_outputs(request, found, new, result, target)


NAME_AUDIT = (
    "nothing was written: correct the verdicts, or name the audit that the queue was made from with --audit"
)


def refuse_unusable(refusal: str | None, where: str, hint: str = NAME_AUDIT) -> None:
    """Make an error of a refusal, after which nothing is written.

    Args:
        refusal: Why nothing may be written; None if it may.
        where: The file, or what a table in memory is called.
        hint: What to do.

    Raises:
        InputError: No verdict could be used, or with `strict` not all of them.
    """
    if refusal is not None:
        raise InputError(
            refusal, where=where, expected="verdicts on rows of the audit, with labels of the file", hint=hint
        )


def correct_frame(frame: Frame, request: ApplyRequest, audit: QueueAudit, given: InMemory) -> CorrectedFrame:
    """A table in memory with the labels that people decided on; the given table is not changed.

    Args:
        frame: The table, as it was audited.
        request: What to apply, and how; nothing is written.
        audit: The audit of the table.
        given: The table, and what was given with it.

    Raises:
        DoubtError: People disagree, or the column can't hold a label.
    """
    source = frame.table.source
    data = DataFile(source.path, b"", b"", None, source.sha256)
    file = read_labelled(data, audit.stored.document, Silence(), given)
    decided = _decide_rows(request, ApplyInput(file, audit, ()))
    edits = {one.row - 1: file.edit(one) for one in decided.changing}
    refuse_empty(edits, frame.table.data.num_rows, source.path)
    refusal = _explain_refusal(request, decided.settled, decided.acceptance)
    return CorrectedFrame(frame.relabel(file.form.column, edits), decided, refusal)


# ----------------------------------------------------------------------------- the input


def _choose_target(request: ApplyRequest) -> Path | None:
    target = request.where.choose_target(request.path, but_not=request.verdicts)
    if target and request.waivers:
        check_waivers_apart(request.waivers, target, (request.path, *request.verdicts))
    return target


def _find_queue_audit(request: ApplyRequest) -> QueueAudit:
    """The audit in the named folder, or else the one next to the file."""
    if request.path != "-":
        check_exists(request.path)
    folder = Path(request.audit) if request.audit else default_folder(request.path)
    if request.audit is None and not (folder / DOCUMENT).is_file():
        raise InputError(
            "there is no audit next to the file",
            where=str(folder),
            expected="the audit from which the queue was made",
            hint="name it: --audit FOLDER",
        )
    stored = read_audit(folder)
    return QueueAudit(stored, hash_bytes((folder / DOCUMENT).read_bytes()))


@contextmanager
def _lock_outputs(request: ApplyRequest, target: Path | None) -> Iterator[None]:
    """Lock the files that will be written against other runs; a dry run needs no lock."""
    if target is None:
        yield
        return
    waivers = [Path(request.waivers).resolve()] if request.waivers else []
    with make_room_for(target), lock_and_recover(target, others=waivers):
        yield


def _read_input(
    request: ApplyRequest, target: Path | None, audit: QueueAudit, progress: Progress
) -> ApplyInput:
    data = read_data_file(request.path)
    file = read_labelled(data, audit.stored.document, progress)
    if file.converted_from and request.where.in_place:
        raise SettingsError(
            f"{request.path} is a spreadsheet: rewriting it would lose its formulas and formats",
            where=IN_PLACE,
            hint=f"write its table to a new file: -o {shell_word(name_corrected_file(request.path))}",
        )
    if target:
        check_ending(target, request.path, file.source.format, file.data.compression)
    place = request.where.find_place(request.path)
    return ApplyInput(file, audit, read_ledger(ledger_path(place)) if place else ())


# ------------------------------------------------------------------------- the decisions


def _decide_rows(request: ApplyRequest, found: ApplyInput) -> DecidedRows:
    """The decisions on the rows, and which of them are still to be carried out.

    If rows of equal input swap labels, their ids are swapped, too. So a change that was made in place before,
    by the ledger, is not made again, unless the file has the audited bytes: then its backup was restored.
    """
    done_lines = _list_done(request, found)
    settled, acceptance = _settle_verdicts(request, found, done_lines)
    corrected = [one for one in settled.decisions if not one.keeps]
    unusable = [one for one in corrected if one.unusable and not request.drop]
    done = {(line.row_id, line.new) for line in done_lines}
    left = [one for one in corrected if request.drop or not one.unusable]
    return DecidedRows(
        settled,
        acceptance,
        changing=tuple(one for one in left if (one.row_id, one.verdict) not in done),
        kept=tuple(one for one in settled.decisions if one.keeps),
        unusable=tuple(unusable),
        done_before=tuple(one for one in left if (one.row_id, one.verdict) in done),
    )


def _list_done(request: ApplyRequest, found: ApplyInput) -> tuple[LedgerLine, ...]:
    """The changes that were made in place by this audit, and not undone."""
    if not request.where.in_place or found.is_as_audited:
        return ()
    lines = (
        line for batch in list_batches_in_effect(list_current_batches(found.earlier)) for line in batch.lines
    )
    names = found.file.earlier_names
    return tuple(
        replace(line, row_id=names.rename(line.row_id)) for line in lines if line.audit == found.audit.sha256
    )


def _settle_verdicts(
    request: ApplyRequest, found: ApplyInput, done: Sequence[LedgerLine]
) -> tuple[Settled, Acceptance | None]:
    """What people decided; and the suggestions that are accepted, with what vouches for them."""
    read = request.answers or read_answer_files(request.verdicts, confirmed=request.confirmed)
    rows = VerdictRows.of(
        found.file.rows,
        Spellings.of(found.file.labels, found.file.listed),
        audited=list_audited_rows(found.doubts),
        dropped={(line.row_id, line.old) for line in done if line.new is None},
    )
    terms = make_lenient_terms(request.on_conflict, new_labels=request.new_labels)
    answers, acceptance = read.answers, None
    settled = settle_answers(answers, rows, terms, spread=request.spread)
    if request.at_least is not None:
        audit = found.audit.stored.document, found.doubts
        answers, acceptance = accept_suggestions(answers, settled, audit, request.at_least)
        settled = settle_answers(answers, rows, terms, spread=request.spread)
    return replace(settled, notes=(*read.notes, *settled.notes)), acceptance


# -------------------------------------------------------------------------- the new file


def _make_new_file(
    request: ApplyRequest, found: ApplyInput, decided: DecidedRows, now: dt.datetime
) -> RewrittenFile:
    """The new content of the file, checked to make sure that the changes can be undone."""
    if not decided.changing:
        return RewrittenFile(found.file.data)
    data, batch = rewrite_file(
        found.file,
        decided.changing,
        audit_sha256=found.audit.sha256,
        source=None if request.where.in_place else request.path,
        now=now,
    )
    check_way_back(found.file, data, batch)
    return RewrittenFile(data, name_batch(batch, found.earlier))


def _describe_result(
    request: ApplyRequest, found: ApplyInput, decided: DecidedRows, new: RewrittenFile
) -> ApplyResult:
    """The report before anything is written."""
    changed = (
        "the file has changed since it was audited; verdicts were applied where a row's content is the same"
    )
    return ApplyResult(
        path=request.path,
        output=None,
        batch=new.batch,
        kept=decided.kept,
        unusable=decided.unusable,
        done_before=decided.done_before,
        settled=decided.settled,
        refusal=_explain_refusal(request, decided.settled, decided.acceptance),
        acceptance=decided.acceptance,
        is_dry_run=request.where.dry_run,
        notes=(
            *([] if found.is_as_audited else [changed]),
            *_note_converted(request.path, found.file),
            *_note_lost(request, found, decided, new),
            *decided.settled.notes,
        ),
    )


def _explain_refusal(request: ApplyRequest, settled: Settled, acceptance: Acceptance | None) -> str | None:
    """Why nothing may be written, if no verdict could be used, or with --strict not all; None if it may."""
    if request.strict and acceptance is not None and not acceptance.n_accepted:
        return describe_acceptance(acceptance)
    n_refused = settled.n_refused
    if n_refused and not settled.uses_any:
        found = f"of {format_count(n_refused, 'verdict')}, none could be used"
    elif n_refused and request.strict:
        found = f"{format_count(n_refused, 'verdict')} could not be used"
    else:
        return None
    first = settled.refused[0]
    return f"{found}; the first: {': '.join(filter(None, [first.row_id, first.why]))}"


def _note_converted(path: str, file: LabelledFile) -> Iterator[str]:
    original = file.converted_from
    if original is not None:
        yield (
            f"{path} is a spreadsheet, which is not rewritten: the new file is CSV, with the table of the "
            f"sheet {original.sheet!r}"
        )


def _note_lost(
    request: ApplyRequest, found: ApplyInput, decided: DecidedRows, new: RewrittenFile
) -> tuple[str, ...]:
    """Notes on changes to the file that is replaced, if the new one doesn't have them."""
    where = request.where
    place = where.find_place(request.path)
    if where.output is None or place is None or _has_content(place, new.data.stored):
        return ()
    decisions = decided.settled.decisions
    return note_lost_changes(found.earlier, decisions, request.path, where.output, is_dry_run=where.dry_run)


def _has_content(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


# ------------------------------------------------------------------------------- writing


def _write_outputs(
    request: ApplyRequest, found: ApplyInput, new: RewrittenFile, result: ApplyResult, target: Path
) -> ApplyResult:
    """Write all files, the waivers last; a file that is already as it should be is not written again."""
    waivers = None
    if request.waivers:
        waivers = plan_waivers(result.kept, found.doubts, found.file, target, request.waivers)
    request.where.choose_target(request.path)  # again: another program may have written it meanwhile
    if waivers:
        check_waivers_writable(waivers)
    if _has_content(target, new.data.stored) and (found.earlier or new.batch is None):
        result = replace(result, batch=None)
    else:
        result = _commit_new_file(request, found, new, result, target)
    if waivers is None:
        return result
    write_waivers(waivers, after=_list_written(result))
    return replace(result, waivers=str(waivers.path), n_waived=waivers.n_rows)


def _commit_new_file(
    request: ApplyRequest, found: ApplyInput, new: RewrittenFile, result: ApplyResult, target: Path
) -> ApplyResult:
    """Write the file and the lines of its batch."""
    output = follow_link(request.where.output or request.path)
    notes = result.notes
    if new.batch is None and ledger_path(target).exists():
        aside = old_ledger_path(Path(output))
        notes += (f"the new file has no changes, so the ledger of the old one was moved to {aside}",)
    if target.exists() and target.stat().st_nlink > 1:
        notes += (f"{output} has other names (hard links); under these the old content stays",)
    backup = keep_backup(target, found.file.data) if request.where.in_place else None
    lines = render_batch(new.batch) if new.batch else b""
    commit_file(target, new.data.stored, lines, like=Path(request.path))
    return replace(result, output=output, backup=show_backup_path(backup, output), notes=notes)


def _list_written(result: ApplyResult) -> list[Path]:
    written = [] if result.output is None else [Path(result.output)]
    return written + [ledger_path(path) for path in written if result.batch]
