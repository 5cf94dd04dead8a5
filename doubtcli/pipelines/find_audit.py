"""A labelled file -> an audit of it as it is now: one that fits, or a new one.

An audit is looked for beside the file and in the user's cache folder. It is used if it has the same key: then
a scan would make the same one. Otherwise the file is scanned, and its audit is kept in the cache.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.errors import OutputError
from doubtcli.files.table import sha256_of
from doubtcli.records import FROM_FILES, InMemory
from doubtcli.store.audit_key import hash_side_files, make_audit_key
from doubtcli.store.cache import find_cached_audit, keep_audit
from doubtcli.store.describe import describe_audit, tabulate_doubts
from doubtcli.store.folder import default_folder, is_audit, read_audit
from doubtcli.store.open import FoundAudit

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.progress import Progress
    from doubtcli.settings import ScanSettings
    from doubtcli.store.folder import StoredAudit


def find_or_make_audit(settings: ScanSettings, *, progress: Progress, cache: bool = True) -> FoundAudit:
    """An audit of a file as it is now: one that fits, or a new one.

    Args:
        settings: The file, and how to judge it.
        progress: Shows each long stage.
        cache: Whether to look for an audit, and to keep a new one in the user's cache folder.

    Raises:
        DoubtError: The file can't be used, a setting is not valid, or a reason failed.
    """
    if settings.path == STANDARD_INPUT or not cache:
        return _make_audit_now(settings, progress)
    with progress.stage("Looking for its audit"):
        wanted = make_audit_key(settings, sha256_of(settings.path), hash_side_files(settings))
        beside, notes = _find_beside(settings.path, wanted)
        if beside is not None:
            return _use_audit(beside, settings, f"the audit {beside.folder}")
        kept = find_cached_audit(wanted)
        if kept is not None:
            return replace(_use_audit(kept, settings, "an audit kept in the cache"), notes=notes)
    made = _make_audit_now(settings, progress, keep=True)
    return replace(made, notes=(*notes, *made.notes))


def _find_beside(path: str, wanted: str) -> tuple[StoredAudit | None, tuple[str, ...]]:
    """The audit beside a file if it has the key; a note if it has another key."""
    folder = default_folder(path)
    if not is_audit(str(folder)):
        return None, ()
    stored = read_audit(folder)
    if stored.document.audit_key == wanted:
        return stored, ()
    other = "other data, settings or versions, or with another embedding model"
    return None, (f"{folder} was made from {other}, and was not used",)


def _use_audit(stored: StoredAudit, settings: ScanSettings, origin: str) -> FoundAudit:
    return FoundAudit(stored.document, stored.doubts, settings.path, stored.folder, origin)


def _make_audit_now(settings: ScanSettings, progress: Progress, *, keep: bool = False) -> FoundAudit:
    from doubtcli.pipelines.scan import make_audit
    from doubtcli.queue.make import write_scan_queue
    from doubtcli.report.page import render_html

    made, table = make_audit(settings, progress=progress, cache=keep)
    document, doubts = describe_audit(made), tabulate_doubts(made)
    folder: Path | None = None
    notes: tuple[str, ...] = ()
    if keep:
        queue, page = write_scan_queue(made, table, settings.queue_size), render_html(made)
        try:
            folder = keep_audit(document, doubts, queue_csv=queue, report_html=page)
        except OutputError as error:
            notes = (f"the audit could not be kept for the next gate: {error}".replace("\n", "; "),)
    # standard input can't be read again
    given = InMemory(table=table) if settings.path == STANDARD_INPUT else FROM_FILES
    return FoundAudit(document, doubts, settings.path, folder, "scanned now", notes, given)
