"""The pipeline: the directory of an audit -> a folder of tasks for the people who decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.file import os_errors_as_output_error
from doubtcli.disk.folder import FOLDER_HINTS, replace_folder
from doubtcli.disk.paths import relative_path
from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.gate.waivers.apply import find_waived_rows
from doubtcli.gate.waivers.read import choose_waivers_to_read, read_waivers
from doubtcli.queue.make import make_queue
from doubtcli.queue.readme import README_FILE, QueueOrigin, write_readme
from doubtcli.settings import render_flags
from doubtcli.store.folder import DOUBTS, default_folder, is_audit
from doubtcli.store.open import check_has_tiers, open_judged_audit
from doubtcli.tools.plain import CSV
from doubtcli.tools.registry import blame_tool, load_tool

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from doubtcli.queue.strategies import QueueChoice
    from doubtcli.records.queue import Queue
    from doubtcli.records.tool import Tool
    from doubtcli.store.open import FoundAudit


QUEUE_ENDING = ".queue"
AUDIT_ENDING = ".doubt"


@dataclass(frozen=True)
class QueueRequest:
    """Which rows of which audit to write, where, and for which tool."""

    audit: str
    """The directory of the audit."""
    choice: QueueChoice
    to: str
    """The name of a tool."""
    output: str | None = None
    """The folder to write; the one beside the audit if None."""
    force: bool = False
    """Whether to write into a folder with other files in it."""
    waivers: str | None = None
    """The file of waivers; if None, the one that a gate run from here reads."""
    safe_cells: bool = False
    """Whether CSV is written so that a spreadsheet takes no cell for a formula."""

    @cached_property
    def tool(self) -> Tool:
        """The tool that the queue is written for."""
        return load_tool(self.to)

    @property
    def folder(self) -> Path:
        """The folder to write."""
        return Path(self.output) if self.output else default_queue_folder(Path(self.audit))


def write_queue(request: QueueRequest, *, today: dt.date) -> Queue:
    """Write the rows to relabel, and a README.txt about them, as one folder: all or nothing.

    Args:
        request: Which rows to write, and where.
        today: The date by which waivers expire.

    Raises:
        DoubtError: There is no audit, its data are gone or have changed, no row is left to check, the waivers
            can't be read, the tool can't hold the labels, or something is in the way. Nothing was written.
    """
    check_output_is_folder(request.output)
    _check_safe_cells(request)
    _check_is_audit(request.audit)
    found = open_judged_audit(request.audit)
    check_has_tiers(found)
    waived = _find_waived(found, choose_waivers_to_read(request.waivers), today)
    made = make_queue(found.document, found.doubts, found.read_data().data, request.choice, waived)
    notes = (*made.notes, *_note_data(found))
    queue = replace(made, notes=notes, safe_cells=request.safe_cells)
    _check_choices(queue, request.tool)
    with blame_tool(request.tool):
        readme = write_readme(queue, request.tool, _find_origin(request, found))
        files = {**request.tool.hand_out(queue), README_FILE: readme}
    with os_errors_as_output_error(request.folder, FOLDER_HINTS):
        check_queue_folder(request.folder, files, force=request.force)
    replace_folder(request.folder, files, made_from=(found.data_path, str(Path(request.audit, DOUBTS))))
    return queue


def _check_safe_cells(request: QueueRequest) -> None:
    """Refuse --safe-cells for files in which no cell is taken for a formula."""
    if request.safe_cells and request.tool.name != CSV.name:
        raise SettingsError(
            f"files for {request.tool.title} have no cells that are taken for formulas",
            where="--safe-cells",
            expected="--to csv",
            hint="leave out --safe-cells",
        )


def _check_choices(queue: Queue, tool: Tool) -> None:
    """Refuse a tool in which people choose from a list of labels if the labels are not classes."""
    if not queue.class_names and not tool.is_filled_in:
        raise InputError(
            f"{tool.title} lets people choose from a list of labels, and these labels are not classes",
            where="--to",
            expected="a file in which people write the label",
            hint="use --to csv, jsonl or parquet",
        )


def _check_is_audit(path: str) -> None:
    """Refuse a path to the data, and name their audit."""
    beside = str(default_folder(path))
    if is_audit(path) or not (Path(path).is_file() or is_audit(beside)):
        return
    raise InputError(
        "is not an audit",
        where=path,
        expected="a folder that `doubt scan` wrote",
        hint=f"name its audit: {beside}" if is_audit(beside) else "scan it first with `doubt scan`",
    )


def _find_waived(found: FoundAudit, path: str, today: dt.date) -> set[int]:
    """The places of waived rows in the file; waivers for a file are for its backup, too."""
    if not path:
        return set()
    data_path = found.backup_of or found.data_path
    return find_waived_rows(
        read_waivers(path), found.doubts, waivers_path=path, data_path=data_path, today=today
    )


def _find_origin(request: QueueRequest, found: FoundAudit) -> QueueOrigin:
    is_there = found.backup_of is not None and Path(found.backup_of).exists()
    target = found.backup_of if is_there else found.data_path
    apply_to = None if _is_of_folder(found) else target
    return QueueOrigin(found.data_path, request.audit, apply_to, render_flags(found.settings))


def _is_of_folder(found: FoundAudit) -> bool:
    return Path(found.data_path).is_dir()


def _note_data(found: FoundAudit) -> Iterator[str]:
    if found.backup_of is not None:
        data, backup = found.backup_of, found.data_path
        yield f"the rows are from the backup {backup}, since {data} has changed or is gone"
    if _is_of_folder(found):
        yield (
            f"{found.data_path} is a folder, and `doubt apply` writes verdicts into a single file only: to "
            "write them back, join the parts into one file, scan it, and make the queue from that audit"
        )


# ----------------------------------------------------------- where it may be written


def default_queue_folder(audit: Path) -> Path:
    """The default folder of a queue: beside the audit, `data.doubt` -> `data.queue`."""
    named = audit.resolve() if audit.name in ("", "..") else audit
    place = named.with_name(named.name.removesuffix(AUDIT_ENDING) + QUEUE_ENDING)
    return Path(relative_path(place)) if place.is_absolute() and not audit.is_absolute() else place


def check_output_is_folder(output: str | None) -> None:
    """Refuse standard output, since a queue is a folder.

    Raises:
        SettingsError: The output is `-`.
    """
    if output == "-":
        raise SettingsError(
            "a queue is a folder, and can't go to standard output",
            where="-o -",
            hint="name a folder: -o FOLDER; for a folder that is called -, write -o ./-",
        )


def check_queue_folder(folder: Path, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Refuse a folder with other files in it, which would be replaced or mixed up with these.

    Accepted are: no folder, an empty one, one with exactly these files. With `force`, any folder: files with
    the same names are replaced, all others stay.

    Raises:
        OSError: The folder can't be read.
        OutputError: A file is in the way.
    """
    hint = "name another folder with --output"
    if folder.exists() and not folder.is_dir():
        raise OutputError("a file is in the way", where=str(folder), hint=hint)
    if force or not folder.exists():
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not (name in files and path.read_bytes() == files[name]):
            harm = "be replaced by this queue" if name in files else "be mixed up with this queue"
            raise OutputError(
                f"its file {name} would {harm}",
                where=str(folder),
                hint=f"{hint}, or write into it anyway with --force",
            )
