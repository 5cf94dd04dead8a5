"""A ledger: one line of JSON for each row that was changed, appended and never rewritten.

    Line ──┐
    Line ──┴─▶ Batch (what one command did) ─▶ the ledger of one file, oldest batch first

It stands beside the file whose changes it tells.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from doubtcli.disk.file import write_new_file
from doubtcli.errors import InputError
from doubtcli.records.edits import FileLayout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from doubtcli.records import Decision, Settled

LEDGER_SUFFIX = ".ledger.jsonl"
ASIDE = ".old"
VERSION = 1
RAW = ("old_cell", "new_cell", "record")
"""What of a line is bytes of the file."""
ABOUT = ("rows", "before", "after", "undoes")
"""What of a batch stands on each of its lines under its own name."""
BATCH_DIGITS = 12
"""Hexadecimal ones of a batch's id: enough to tell a file's batches apart, and short enough to be typed."""


class Action(StrEnum):
    """What was done to a row."""

    RELABEL = "relabel"
    DROP = "drop"
    RESTORE = "restore"
    """It was put back."""


@dataclass(frozen=True)
class Line:
    """What was done to one row, and all that it takes to take it back."""

    action: Action
    row_id: str
    row: int
    """Its place from 1: in the file before the batch; of a restored row, after it."""
    old: str | None
    """The label before, as it is shown; None where the row was not there."""
    new: str | None
    """The label after, as it is shown; None where the row is gone."""
    old_cell: bytes
    """The label's cell before, as it was written; of a restored row, as it is now."""
    new_cell: bytes | None
    """The label's cell after; None where the row came or went."""
    record: bytes
    """The whole row; empty where it only got another label."""
    rest: str
    """A hash of what stands in the row beside its label."""
    who: tuple[str, ...] = ()
    when: str = ""
    """When it was decided, as the tool wrote it."""
    tool: str = ""
    why: str = ""
    seen_as: str = ""
    """The id of the row of equal input that was looked at in its place."""
    audit: str = ""
    """SHA-256 of the `audit.json` that the row was queued by."""


@dataclass(frozen=True)
class Batch:
    """What one command did to one file."""

    id: str
    applied: str
    """When, in ISO 8601, UTC."""
    lines: tuple[Line, ...]
    form: FileLayout
    """How the file is written."""
    rows: int
    """How many there were before."""
    before: str
    """SHA-256 of the file before, unpacked."""
    after: str
    """SHA-256 of the file after, unpacked."""
    source: str | None
    """The file that this one was made from; None where it was changed in place."""
    undoes: str | None = None
    """The batch that it takes back."""
    n_written: int | None = field(default=None, compare=False)
    """How many lines its ledger says it has; None in ledgers of earlier doubts, and before it is written."""

    @property
    def lack(self) -> str | None:
        """What is lost of it: "incomplete: 2 of 3 lines"; None where nothing is."""
        if self.n_written in (None, len(self.lines)):
            return None
        return f"incomplete: {len(self.lines):,} of {self.n_written:,} lines"


def ledger_path(path: Path) -> Path:
    """Where the ledger of a file stands."""
    return path.with_name(ledger_name(path.name))


def ledger_name(name: str) -> str:
    """What the ledger of a file is called."""
    return name + LEDGER_SUFFIX


def aside_path(path: Path) -> Path:
    """Where the ledger of a file goes once the file is made anew with nothing changed in it."""
    return path.with_name(ledger_name(path.name) + ASIDE)


def name_batch(batch: Batch, earlier: Sequence[Batch]) -> Batch:
    """The batch with its id: the same for the same changes at the same time to a file of the same past."""
    told = hashlib.sha256(earlier[-1].id.encode() if earlier else b"")
    told.update(render_batch(replace(batch, id="")))
    return replace(batch, id=told.hexdigest()[:BATCH_DIGITS])


# --------------------------------------------------------------------- reading


def read_ledger(path: Path) -> tuple[Batch, ...]:
    """The batches of a ledger, oldest first; none where there is no ledger. A torn last line is left out.

    Raises:
        InputError: It can't be read, is damaged, or a newer doubt wrote it.
    """
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", where=str(path)) from error
    whole = content.split(b"\n")[:-1]
    read = (_read(line, number, path) for number, line in enumerate(whole, start=1))
    batches = (list(batch) for _, batch in groupby(read, key=lambda one: one.id))
    return tuple(replace(batch[0], lines=tuple(one.lines[0] for one in batch)) for batch in batches)


def _read(line: bytes, number: int, path: Path) -> Batch:
    """One line, as a batch of that line alone."""
    try:
        told = json.loads(line)
        version = told["ledger"]
        if version == VERSION:
            return _batch(told)
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(
            f"the line is damaged ({error})",
            where=str(path),
            line=number,
            expected="what `doubt apply` wrote",
            hint="put the ledger back as it was, or move it away: its changes can't be taken back then",
        ) from error
    raise InputError(
        f"the line has version {version}",
        where=str(path),
        line=number,
        expected=f"version {VERSION}",
        hint="update doubt: a newer one wrote it",
    )


def _batch(told: dict[str, Any]) -> Batch:
    form = FileLayout(**told["form"])
    cells = {name: _as_bytes(told[name], form.encoding) for name in RAW}
    line = Line(
        **{item.name: told[item.name] for item in fields(Line)}
        | cells
        | {"action": Action(told["action"]), "who": tuple(told["who"])}
    )
    return Batch(
        id=told["batch"],
        applied=told["applied"],
        lines=(line,),
        form=form,
        source=told["from"],
        n_written=int(told["lines"]) if "lines" in told else None,
        **{name: told[name] for name in ABOUT},
    )


def _as_bytes(told: str | dict[str, str] | None, encoding: str) -> bytes | None:
    if told is None:
        return None
    return told.encode(encoding) if isinstance(told, str) else b64decode(told["base64"])


# --------------------------------------------------------------------- writing


def render_batch(batch: Batch) -> bytes:
    """The lines of a batch as they stand in a ledger."""
    about = {name: getattr(batch, name) for name in ABOUT} | {"from": batch.source}
    about["lines"] = len(batch.lines) if batch.n_written is None else batch.n_written
    head = {"ledger": VERSION, "batch": batch.id, "applied": batch.applied}
    told = [head | _told(line, batch.form) | about | {"form": asdict(batch.form)} for line in batch.lines]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in told)
    # a path may hold bytes that are no UTF-8 (lone surrogates in Python): JSON has an escape for them
    return text.encode(errors="backslashreplace")


def _told(line: Line, form: FileLayout) -> dict[str, Any]:
    told = asdict(line)
    return told | {name: _as_text(told[name], form.encoding) for name in RAW}


def _as_text(raw: bytes | None, encoding: str) -> str | dict[str, str] | None:
    """Bytes of the file as text, if the text gives the very same bytes again."""
    if raw is None:
        return None
    try:
        text = raw.decode(encoding)
        same = text.encode(encoding) == raw
    except UnicodeError:
        same = False
    return text if same else {"base64": b64encode(raw).decode()}


def append_lines(path: Path, lines: bytes, mode: int | None = None) -> None:
    """Add whole lines to a ledger in one step; what is there of them already is not added again.

    A last line that a killed run left torn is cut off first.

    Args:
        path: The ledger; made if it is missing.
        lines: To be added.
        mode: Who may do what with one that is made; None: as the system has it.

    Raises:
        OSError: As the system had it; no line is half written.
    """
    if not path.exists():
        write_new_file(path, b"", mode)
    with path.open("a+b", buffering=0) as file:
        file.seek(0)
        content = file.read()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            file.truncate(end)
        there = set(content[:end].splitlines(keepends=True))
        missing = b"".join(line for line in lines.splitlines(keepends=True) if line not in there)
        if file.write(missing) != len(missing):
            file.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(file.fileno())


def retract_lines(path: Path, lines: bytes) -> None:
    """Take away what `append` has added last, whole or torn; a ledger that it has made goes.

    Args:
        path: The ledger, or where it would be.
        lines: As they were to be added; what else is there stays.

    Raises:
        OSError: As the system had it.
    """
    if not path.is_file():  # nothing was added to it
        return
    content = path.read_bytes()
    size = _size_without(content, set(lines.splitlines(keepends=True)))
    if not size:
        path.unlink()
    elif size < len(content):
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())


def _size_without(content: bytes, added: set[bytes]) -> int:
    """How much of a ledger stood there before these lines were added behind it."""
    *whole, torn = content.split(b"\n")
    if not any(line.startswith(torn) for line in added):  # `append` would have cut it off first
        return len(content)
    while whole and whole[-1] + b"\n" in added:
        whole.pop()
    return sum(len(line) + 1 for line in whole)


@dataclass(frozen=True)
class ApplyResult:
    """What became of the verdicts on a file's rows."""

    path: str
    """The file that they were applied to."""
    output: str | None
    """The file that was written; None where none was."""
    batch: Batch | None
    """What was changed, or would be; None where nothing is left to change."""
    kept: tuple[Decision, ...]
    """Rows whose label was found right."""
    unusable: tuple[Decision, ...]
    """Rows that were judged unusable, and stay."""
    done_before: tuple[Decision, ...]
    """Rows that the ledger says were changed so before, and that are not so any more."""
    settled: Settled
    """Among it what is not applied, and why."""
    is_dry_run: bool = False
    backup: str | None = None
    """Where the file as it was is kept; None where it was not written over."""
    waivers: str | None = None
    """The file that waivers were added to; None where none was."""
    n_waived: int = 0
    """How many of the kept rows were doubted, and are waived."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UndoResult:
    """What was taken back."""

    path: str
    output: str | None
    """The file that was written; None in a dry run."""
    undone: Batch
    """What was taken back."""
    batch: Batch
    """The batch that did so."""
    backup: str | None = None
