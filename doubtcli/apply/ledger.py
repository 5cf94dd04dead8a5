"""A ledger: one line of JSON for each changed row. Lines are appended and never rewritten.

    Line ──┐
    Line ──┴─▶ Batch (what one command did) ─▶ the ledger of one file, oldest batch first

A ledger is next to the file whose changes it lists.
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
from doubtcli.store.schema import LEDGER_SCHEMA, find_flaw

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


LEDGER_SUFFIX = ".ledger.jsonl"
ASIDE_SUFFIX = ".old"
LEDGER_VERSION = 1
RAW_FIELDS = ("old_cell", "new_cell", "record")
"""The fields of a line that are bytes of the file."""
BATCH_FIELDS = ("rows", "before", "after", "undoes")
"""The fields of a batch that are repeated on each of its lines, under the same name."""
BATCH_DIGITS = 12
"""Hexadecimal digits of a batch's id: enough to be unique in a file, and short enough to type."""


def ledger_path(path: Path) -> Path:
    """The path of a file's ledger."""
    return path.with_name(ledger_name(path.name))


def ledger_name(name: str) -> str:
    """The name of a file's ledger."""
    return name + LEDGER_SUFFIX


def old_ledger_path(path: Path) -> Path:
    """Where a ledger is set aside when its file is written again without changes."""
    return path.with_name(ledger_name(path.name) + ASIDE_SUFFIX)


def name_batch(batch: Batch, earlier: Sequence[Batch]) -> Batch:
    """The batch with its id, which depends on the changes, their time and the batch before it."""
    digest = hashlib.sha256(earlier[-1].id.encode() if earlier else b"")
    digest.update(render_batch(replace(batch, id="")))
    return replace(batch, id=digest.hexdigest()[:BATCH_DIGITS])


def format_ledger_time(now: dt.datetime) -> str:
    """A time as it is written in ledgers: "2026-11-21T14:05:00Z"."""
    return now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --------------------------------------------------------------------- reading


def read_ledger(path: Path) -> tuple[Batch, ...]:
    """The batches of a ledger, oldest first; empty where there is no ledger.

    An incomplete last line is left out.

    Raises:
        InputError: It can't be read, is damaged, or a newer version of doubt wrote it.
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
    """One line, as a batch with only that line."""
    try:
        entry = json.loads(line)
        version = entry["ledger"]
        flaw = find_flaw(entry, LEDGER_SCHEMA)
        if version == LEDGER_VERSION and flaw is None:
            return _parse_batch(entry)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _damaged_line(str(error), path, number) from error
    if version == LEDGER_VERSION:
        raise _damaged_line(str(flaw), path, number)
    raise InputError(
        f"the line has version {version}",
        where=str(path),
        line=number,
        expected=f"version {LEDGER_VERSION}",
        hint="update doubt: a newer version wrote it",
    )


def _damaged_line(found: str, path: Path, number: int) -> InputError:
    return InputError(
        f"the line is damaged ({found})",
        where=str(path),
        line=number,
        expected="a line as `doubt apply` wrote it",
        hint="restore the ledger, or move it away: then its changes can't be undone",
    )


def _parse_batch(entry: dict[str, Any]) -> Batch:
    form = FileLayout(**entry["form"])
    cells = {name: _parse_cell(entry[name], form.encoding) for name in RAW_FIELDS}
    line = LedgerLine(
        **{item.name: entry[item.name] for item in fields(LedgerLine)}
        | cells
        | {"action": LedgerAction(entry["action"]), "who": tuple(entry["who"])}
    )
    return Batch(
        id=entry["batch"],
        applied=entry["applied"],
        lines=(line,),
        form=form,
        source=entry["from"],
        n_written=int(entry["lines"]) if "lines" in entry else None,
        **{name: entry[name] for name in BATCH_FIELDS},
    )


def _parse_cell(cell: str | dict[str, str] | None, encoding: str) -> bytes | None:
    if cell is None:
        return None
    return cell.encode(encoding) if isinstance(cell, str) else b64decode(cell["base64"])


# --------------------------------------------------------------------- writing


def describe_batch(batch: Batch) -> list[dict[str, Any]]:
    """The lines of a batch as JSON objects."""
    source = None if batch.source is None else with_slashes(batch.source)
    about = {name: getattr(batch, name) for name in BATCH_FIELDS} | {"from": source}
    about["lines"] = len(batch.lines) if batch.n_written is None else batch.n_written
    head = {"ledger": LEDGER_VERSION, "batch": batch.id, "applied": batch.applied}
    return [
        head | _line_to_json(line, batch.form) | about | {"form": asdict(batch.form)} for line in batch.lines
    ]


def render_batch(batch: Batch) -> bytes:
    """The lines of a batch as they are written to a ledger."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in describe_batch(batch))
    # a path may hold bytes that are not UTF-8 (lone surrogates in Python), which JSON can escape
    return text.encode(errors="backslashreplace")


def _line_to_json(line: LedgerLine, form: FileLayout) -> dict[str, Any]:
    entry = asdict(line)
    return entry | {name: _cell_to_json(entry[name], form.encoding) for name in RAW_FIELDS}


def _cell_to_json(raw: bytes | None, encoding: str) -> str | dict[str, str] | None:
    """Bytes of the file as text, or as base64 if the text would not give the same bytes."""
    if raw is None:
        return None
    try:
        text = raw.decode(encoding)
        same = text.encode(encoding) == raw
    except UnicodeError:
        same = False
    return text if same else {"base64": b64encode(raw).decode()}


def append_lines(path: Path, lines: bytes, mode: int | None = None) -> None:
    """Add whole lines to a ledger in one step; lines that are already in it are not added again.

    An incomplete last line, left by a killed run, is removed first.

    Args:
        path: The ledger; created if it is missing.
        lines: The lines to add.
        mode: The permissions of a ledger that is created; None for the system's default.

    Raises:
        OSError: The error of the system; no line is half written.
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
    """Remove the lines that `append_lines` added last, complete or not; also a ledger that it created.

    Args:
        path: The ledger, or where it would be.
        lines: The lines that were to be added; all others stay.

    Raises:
        OSError: The error of the system.
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
    """The size of a ledger before these lines were added at its end."""
    *whole, torn = content.split(b"\n")
    if not any(line.startswith(torn) for line in added):  # else `append_lines` would have removed it first
        return len(content)
    while whole and whole[-1] + b"\n" in added:
        whole.pop()
    return sum(len(line) + 1 for line in whole)
