"""The audits that a gate keeps for later runs: in the user's cache folder, by their key."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.file import make_hints, os_errors_as_output_error
from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import InputError
from doubtcli.store.folder import AUDIT_FILES, DOCUMENT, SUFFIX, read_audit, write_described_audit

if TYPE_CHECKING:
    from doubtcli.records import AuditDocument, DoubtTable
    from doubtcli.store.folder import StoredAudit

FOLDER_VARIABLE = "DOUBT_CACHE"
"""The environment variable with the path of another folder."""
CACHE_HINTS = make_hints(
    other=f"set {FOLDER_VARIABLE} to a folder that you can write to, or gate with --no-cache",
    full=f"free some space, or set {FOLDER_VARIABLE} to a folder on another disk",
)
_OWN_FOLDERS = 2
"""The folder of all audits and the one above it, which is called after us or was named for us."""
_KEY_DIGITS = 32
_MOST_KEPT = 30
"""Audits. Each takes about 100 MB for a million rows."""


def cache_folder(audit_key: str) -> Path:
    """The folder for the audit with this key, whether it exists or not."""
    return _audits_folder() / f"{audit_key[:_KEY_DIGITS]}{SUFFIX}"


def find_cached_audit(audit_key: str) -> StoredAudit | None:
    """The audit with this key.

    None if there is none, if it is damaged and has to be made again, or if the cache may not be read.
    """
    try:
        folder = cache_folder(audit_key)
        if not (folder / DOCUMENT).exists():
            return None
        found = read_audit(folder)
    except (InputError, OSError):
        return None
    if found.document.audit_key != audit_key:
        return None
    os.utime(folder)  # used now, so among the last to be removed
    return found


def keep_audit(document: AuditDocument, doubts: DoubtTable, *, queue_csv: bytes, report_html: str) -> Path:
    """Write an audit into the cache, which only its owner may enter, and remove those used long ago.

    Args:
        document: What `audit.json` says.
        doubts: The table `doubts.parquet`.
        queue_csv: The rows to relabel.
        report_html: The page.

    Returns:
        Its folder.

    Raises:
        OutputError: There is no home folder, or the system refuses.
    """
    with os_errors_as_output_error(Path(FOLDER_VARIABLE), CACHE_HINTS):
        folder = cache_folder(document.audit_key)
    with os_errors_as_output_error(folder, CACHE_HINTS):
        for own in reversed(folder.parents[:_OWN_FOLDERS]):
            own.parent.mkdir(parents=True, exist_ok=True)
            own.mkdir(mode=stat.S_IRWXU, exist_ok=True)
        write_described_audit(
            document, doubts, folder, queue_csv=queue_csv, report_html=report_html, force=True
        )
        remove_unused_audits()
    return folder


def remove_unused_audits() -> None:
    """Remove the audits that were not used for longest, and keep the last `_MOST_KEPT`."""
    audits = _audits_folder()
    with lock_folders_of(audits / "any"):
        folders = sorted(audits.glob(f"*{SUFFIX}"), key=lambda folder: folder.stat().st_mtime_ns)
        for folder in folders[:-_MOST_KEPT]:
            for name in AUDIT_FILES:
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()


def _audits_folder() -> Path:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named) / "audits"
    import platformdirs

    try:
        folder = platformdirs.user_cache_path("doubt", appauthor=False)
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():  # older versions give such a path
        raise FileNotFoundError(errno.ENOENT, "there is no home folder")
    return folder / "audits"
