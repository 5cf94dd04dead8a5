"""A ledger: one line of JSON for each row that was changed, appended and never rewritten.

    Line ──┐
    Line ──┴─▶ Batch (what one command did) ─▶ the ledger of one file, oldest batch first

It stands beside the file whose changes it tells.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
from base64 import b64decode, b64encode
from dataclasses import asdict, fields, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from doubtcli.disk.file import write_new_file
from doubtcli.disk.paths import with_slashes
from doubtcli.errors import InputError
from doubtcli.records.file_format import FileLayout
from doubtcli.records.relabelling import Batch, LedgerAction, LedgerLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


LEDGER_SUFFIX = ".ledger.jsonl"
ASIDE_SUFFIX = ".old"
LEDGER_VERSION = 1
RAW_FIELDS = ("old_cell", "new_cell", "record")
"""What of a line is bytes of the file."""
BATCH_FIELDS = ("rows", "before", "after", "undoes")
"""What of a batch stands on each of its lines under its own name."""
BATCH_DIGITS = 12
"""Hexadecimal ones of a batch's id: enough to tell a file's batches apart, and short enough to be typed."""


def ledger_path(path: Path) -> Path:
    """Where the ledger of a file stands."""
    return path.with_name(ledger_name(path.name))


def ledger_name(name: str) -> str:
    """What the ledger of a file is called."""
    return name + LEDGER_SUFFIX


def aside_path(path: Path) -> Path:
    """Where the ledger of a file goes once the file is made anew with nothing changed in it."""
    return path.with_name(ledger_name(path.name) + ASIDE_SUFFIX)


def name_batch(batch: Batch, earlier: Sequence[Batch]) -> Batch:
    """The batch with its id: the same for the same changes at the same time to a file of the same past."""
    told = hashlib.sha256(earlier[-1].id.encode() if earlier else b"")
    told.update(render_batch(replace(batch, id="")))
    return replace(batch, id=told.hexdigest()[:BATCH_DIGITS])


def format_ledger_time(now: dt.datetime) -> str:
    """A time as ledgers have it: "2026-11-21T14:05:00Z"."""
    return now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
    read = (_read_line(line, number, path) for number, line in enumerate(whole, start=1))
    batches = (list(batch) for _, batch in groupby(read, key=lambda one: one.id))
    return tuple(replace(batch[0], lines=tuple(one.lines[0] for one in batch)) for batch in batches)


def _read_line(line: bytes, number: int, path: Path) -> Batch:
    """One line, as a batch of that line alone."""
    try:
        told = json.loads(line)
        version = told["ledger"]
        if version == LEDGER_VERSION:
            return _parse_batch(told)
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
        expected=f"version {LEDGER_VERSION}",
        hint="update doubt: a newer one wrote it",
    )


def _parse_batch(told: dict[str, Any]) -> Batch:
    form = FileLayout(**told["form"])
    cells = {name: _parse_cell(told[name], form.encoding) for name in RAW_FIELDS}
    line = LedgerLine(
        **{item.name: told[item.name] for item in fields(LedgerLine)}
        | cells
        | {"action": LedgerAction(told["action"]), "who": tuple(told["who"])}
    )
    return Batch(
        id=told["batch"],
        applied=told["applied"],
        lines=(line,),
        form=form,
        source=told["from"],
        n_written=int(told["lines"]) if "lines" in told else None,
        **{name: told[name] for name in BATCH_FIELDS},
    )


def _parse_cell(told: str | dict[str, str] | None, encoding: str) -> bytes | None:
    if told is None:
        return None
    return told.encode(encoding) if isinstance(told, str) else b64decode(told["base64"])


# --------------------------------------------------------------------- writing


def describe_batch(batch: Batch) -> list[dict[str, Any]]:
    """The lines of a batch as JSON has them."""
    source = None if batch.source is None else with_slashes(batch.source)
    about = {name: getattr(batch, name) for name in BATCH_FIELDS} | {"from": source}
    about["lines"] = len(batch.lines) if batch.n_written is None else batch.n_written
    head = {"ledger": LEDGER_VERSION, "batch": batch.id, "applied": batch.applied}
    return [
        head | _line_to_json(line, batch.form) | about | {"form": asdict(batch.form)} for line in batch.lines
    ]


def render_batch(batch: Batch) -> bytes:
    """The lines of a batch as a ledger has them."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in describe_batch(batch))
    # a path may hold bytes that are no UTF-8 (lone surrogates in Python): JSON has an escape for them
    return text.encode(errors="backslashreplace")


def _line_to_json(line: LedgerLine, form: FileLayout) -> dict[str, Any]:
    told = asdict(line)
    return told | {name: _cell_to_json(told[name], form.encoding) for name in RAW_FIELDS}


def _cell_to_json(raw: bytes | None, encoding: str) -> str | dict[str, str] | None:
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
    size = _find_size_without(content, set(lines.splitlines(keepends=True)))
    if not size:
        path.unlink()
    elif size < len(content):
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())


def _find_size_without(content: bytes, added: set[bytes]) -> int:
    """How much of a ledger stood there before these lines were added behind it."""
    *whole, torn = content.split(b"\n")
    if not any(line.startswith(torn) for line in added):  # `append` would have cut it off first
        return len(content)
    while whole and whole[-1] + b"\n" in added:
        whole.pop()
    return sum(len(line) + 1 for line in whole)
