"""The pipeline: the directory of an audit in, a folder of tasks for the people who decide out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.audits import given_audit, is_audit
from doubtcli.disk.folder import write_whole
from doubtcli.errors import InputError
from doubtcli.gate.waivers import read_waivers, waived_rows, waivers_to_read
from doubtcli.relabel.formats.every import FORMATS
from doubtcli.relabel.head import HEAD_FILE, Origin, write_head
from doubtcli.relabel.place import check_named, check_place, default_place
from doubtcli.relabel.queue import make_queue
from doubtcli.settings import as_flags
from doubtcli.store import default_folder
from doubtcli.store.folder import told

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from doubtcli.audits import FoundAudit
    from doubtcli.relabel.choose.choose import Choice
    from doubtcli.relabel.formats.format import Format
    from doubtcli.relabel.task import Queue


@dataclass(frozen=True)
class Request:
    """Which rows of which audit are to go where, and for what."""

    audit: str
    """The directory of the audit."""
    choice: Choice
    to: str
    """One of `FORMATS`."""
    output: str | None = None
    """The folder to write; the one beside the audit if None."""
    force: bool = False
    """Whether to write into a folder that holds anything else."""
    waivers: str | None = None
    """The file of rows that people want left as they are; the one that a gate run from here reads if None."""

    @property
    def format(self) -> Format:
        """What the queue is written for."""
        return FORMATS[self.to]

    @property
    def folder(self) -> Path:
        """The folder to write."""
        return Path(self.output) if self.output else default_place(Path(self.audit))


def write_queue(request: Request, *, today: dt.date) -> Queue:
    """Write the tasks of an audit, and a head that tells what they are, as one folder: all of it or nothing.

    Args:
        request: Which rows are to go where.
        today: By which waivers expire.

    Raises:
        DoubtError: There is no audit, its data are gone or others by now, no row is to be asked about, the
            waivers can't be read, the format can't hold the labels, or something is in the way; nothing was
            written.
    """
    check_named(request.output)
    _check_audit(request.audit)
    found = given_audit(request.audit)
    waived = _waived(found, waivers_to_read(request.waivers), today)
    made = make_queue(found.summary, found.doubts.data, found.read_data().data, request.choice, waived)
    queue = replace(made, notes=(*made.notes, *_notes(found)))
    head = write_head(queue, request.format, _origin(request, found))
    files = {**request.format.render(queue), HEAD_FILE: head}
    with told(request.folder):
        check_place(request.folder, files, force=request.force)
        write_whole(request.folder, files)
    return queue


def _check_audit(path: str) -> None:
    """Name the audit to somebody who names the data."""
    beside = str(default_folder(path))
    if is_audit(path) or not (Path(path).is_file() or is_audit(beside)):
        return
    raise InputError(
        "is no audit",
        where=path,
        expected="a folder that `doubt scan` wrote",
        hint=f"name its audit: {beside}" if is_audit(beside) else "scan it first: `doubt scan` writes one",
    )


def _waived(found: FoundAudit, path: str, today: dt.date) -> set[int]:
    """The rows that a person has found right, by their place in the file; a backup is judged as its data."""
    if not path:
        return set()
    data_path = found.backup_of or found.data_path
    return waived_rows(
        read_waivers(path), found.doubts.data, waivers_path=path, data_path=data_path, today=today
    )


def _origin(request: Request, found: FoundAudit) -> Origin:
    is_there = found.backup_of is not None and Path(found.backup_of).exists()
    target = found.backup_of if is_there else found.data_path
    apply_to = None if _is_folder(found) else target
    return Origin(found.data_path, request.audit, apply_to, as_flags(found.settings))


def _is_folder(found: FoundAudit) -> bool:
    return Path(found.data_path).is_dir()


def _notes(found: FoundAudit) -> Iterator[str]:
    if found.backup_of is not None:
        yield f"{found.data_path} is read, a backup of {found.backup_of}, which is no longer what was judged"
    if _is_folder(found):
        yield (
            f"{found.data_path} is a folder of parts, and `doubt apply` writes verdicts back into a single "
            "file only: join the parts into one file first, scan that, and make the queue from its audit"
        )
