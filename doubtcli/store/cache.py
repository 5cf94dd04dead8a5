"""The audits that a gate keeps for later runs: in the user's cache folder, by their key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import InputError
from doubtcli.store.folder import AUDIT_FILES, DOCUMENT, SUFFIX, read_audit

if TYPE_CHECKING:
    from doubtcli.store.folder import StoredAudit

FOLDER_VARIABLE = "DOUBT_CACHE"
"""The environment variable with the path of another folder."""
_KEY_DIGITS = 32
_MOST_KEPT = 30
"""Audits. Each takes about 100 MB for a million rows."""


def cache_folder(audit_key: str) -> Path:
    """The folder for the audit with this key, whether it exists or not."""
    return _audits_folder() / f"{audit_key[:_KEY_DIGITS]}{SUFFIX}"


def find_cached_audit(audit_key: str) -> StoredAudit | None:
    """The audit with this key; None if there is none, or if it is damaged and has to be made again."""
    folder = cache_folder(audit_key)
    if not (folder / DOCUMENT).exists():
        return None
    try:
        found = read_audit(folder)
    except InputError:
        return None
    if found.document.audit_key != audit_key:
        return None
    os.utime(folder)  # used now, so among the last to be removed
    return found


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

    return platformdirs.user_cache_path("doubt", appauthor=False) / "audits"
