"""What runs keep for later ones in the user's cache folder: whole audits, and what they were made from.

Both have one folder, which only its owner may enter, and one limit: what was not used for longest goes first.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, Any

from doubtcli.disk.file import make_hints, os_errors_as_output_error
from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import DoubtError, InputError, SettingsError
from doubtcli.features.blocks import BLOCKS_GROUP
from doubtcli.settings.fields import parse_size
from doubtcli.settings.installed import find_installed
from doubtcli.tasks.registry import TASKS_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from doubtcli.records import AuditDocument, DoubtTable
    from doubtcli.store.folder import StoredAudit

FOLDER_VARIABLE = "DOUBT_CACHE"
"""The environment variable with the path of another folder."""
LIMIT_VARIABLE = "DOUBT_CACHE_LIMIT"
"""The environment variable with another limit: "500MB", "8GB"."""
CACHE_HINTS = make_hints(
    other=f"set {FOLDER_VARIABLE} to a folder that you can write to, or run it with --no-cache",
    full=f"free some space, or set {FOLDER_VARIABLE} to a folder on another disk",
)
_LIMIT = 2 * 10**9
"""Bytes. A scan of a million texts with ten classes keeps about 0.5 GB."""
_AUDITS, _PARTS = "audits", "parts"
"""The folders of both kinds."""
_AUDIT_SUFFIX, _PART_SUFFIX, _UNFINISHED_SUFFIX = ".doubt", ".part", ".unfinished"
_KEY_DIGITS = 32
_ABANDONED = 86_400
"""Seconds: an unfinished file that is older was left by a run that was killed."""


# ------------------------------------------------------------------------- audits


def cache_folder(audit_key: str) -> Path:
    """The folder for the audit with this key, whether it exists or not."""
    return find_cache() / _AUDITS / f"{audit_key[:_KEY_DIGITS]}{_AUDIT_SUFFIX}"


def find_cached_audit(audit_key: str) -> StoredAudit | None:
    """The audit with this key.

    None if there is none, if it is damaged and has to be made again, or if the cache may not be read.
    """
    from doubtcli.store.folder import DOCUMENT, read_audit

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
    """Write an audit into the cache, and remove what was not used for longest.

    Args:
        document: What `audit.json` says.
        doubts: The table `doubts.parquet`.
        queue_csv: The rows to relabel.
        report_html: The page.

    Returns:
        Its folder.

    Raises:
        OutputError: There is no home folder, or the system refuses.
        SettingsError: The limit is not a size.
    """
    from doubtcli.store.folder import write_described_audit

    with os_errors_of_cache():
        folder = cache_folder(document.audit_key)
    with os_errors_as_output_error(folder, CACHE_HINTS):
        _make_private(folder.parent)
        write_described_audit(
            document, doubts, folder, queue_csv=queue_csv, report_html=report_html, force=True
        )
        remove_unused_entries(but=folder)
    return folder


# -------------------------------------------------------------------------- parts


@dataclass(frozen=True)
class PartsCache:
    """Keeps the parts of audits, each in a file; a failure to keep one costs time, and is no error."""

    program: str
    """What computes the parts, with its versions: another one finds none of them."""

    def find(self, key: str) -> Any | None:  # noqa: ANN401  # what was kept
        """What was kept under this key; None if nothing is, or if it is damaged."""
        from doubtcli.store.cache_entry import read_entry

        try:
            path = self._find_path(key)
            _check_ours(path.parent)
            with path.open("rb") as file:
                found = read_entry(file)
            os.utime(path)  # used now, so among the last to be removed
        except (OSError, ValueError, TypeError, LookupError, ImportError):
            return None
        return found

    def keep(self, key: str, value: Any) -> None:  # noqa: ANN401  # as `find`
        """Write a value, whole or not at all, if it can be kept and there is room for it."""
        from doubtcli.store.cache_entry import NotKeepableError, write_entry

        with suppress(OSError, NotKeepableError):
            path = self._find_path(key)
            _make_private(path.parent)
            handle, name = tempfile.mkstemp(_UNFINISHED_SUFFIX, dir=path.parent)
            unfinished = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    write_entry(file, value, min(read_limit(), disk_usage(path.parent).free) // 2)
                unfinished.replace(path)
                remove_unused_entries(but=path)
            finally:
                unfinished.unlink(missing_ok=True)

    def _find_path(self, key: str) -> Path:
        from hashlib import sha256

        digest = sha256(f"{self.program} {key}".encode()).hexdigest()
        return find_cache() / _PARTS / f"{digest}{_PART_SUFFIX}"


def open_cache() -> PartsCache | None:
    """Where this version of the program keeps parts of audits.

    None with features or tasks of another package: what its code makes of a file may differ between two
    runs, with nothing to tell them apart.

    Raises:
        SettingsError: The environment has a limit that is not a size.
    """
    from doubtcli.store.audit_key import identify_program

    limit = read_limit()  # so that an error in it is raised before a long scan
    with suppress(OSError):
        remove_unused_entries(limit)  # it may be lower than it was
    kinds = {BLOCKS_GROUP: "block", TASKS_GROUP: "task"}
    found = (one for group, kind in kinds.items() for one in find_installed(group, kind, DoubtError))
    return PartsCache(identify_program()) if all(one.is_ours for one in found) else None


# --------------------------------------------------------------------- the folder


@dataclass(frozen=True)
class CacheEntry:
    """An audit's folder, or the file of a part of one."""

    path: Path
    n_bytes: int
    used: float
    """When it was last used, in seconds since 1970."""

    @property
    def is_audit(self) -> bool:
        """Whether it is a whole audit."""
        return self.path.suffix == _AUDIT_SUFFIX


def os_errors_of_cache() -> AbstractContextManager[None]:
    """Turn the system's errors into errors that say what to do about the cache."""
    return os_errors_as_output_error(Path(FOLDER_VARIABLE), CACHE_HINTS)


def find_cache() -> Path:
    """The user's cache folder, or the one that is named in the environment.

    Raises:
        OSError: There is no home folder.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    import platformdirs

    try:
        folder = platformdirs.user_cache_path("doubt", appauthor=False)
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():  # older versions give such a path
        raise FileNotFoundError(errno.ENOENT, "there is no home folder")
    return folder


def read_limit() -> int:
    """How many bytes the cache may have.

    Raises:
        SettingsError: The environment has no size.
    """
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not text:
        return _LIMIT
    try:
        return 0 if text == "0" else parse_size(text)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is not a size", where=LIMIT_VARIABLE, expected="a size such as 500MB or 8GB, or 0"
        ) from error


def list_kept() -> list[CacheEntry]:
    """All that is kept, what was not used for longest first.

    Raises:
        OSError: The folder can't be read.
    """
    found = []
    for path in _list_paths():
        with suppress(FileNotFoundError):  # another run removed it
            inside = list(path.iterdir()) if path.is_dir() else [path]
            n_bytes = sum(one.stat().st_size for one in inside)
            found.append(CacheEntry(path, n_bytes, path.stat().st_mtime))
    return sorted(found, key=lambda one: (one.used, one.path.name))


def remove_unused_entries(limit: int | None = None, *, but: Path | None = None) -> None:
    """Remove what was not used for longest, until the rest is within the limit.

    Args:
        limit: Bytes; as the environment has it if None.
        but: An entry that stays in any case.

    Raises:
        OSError: The folder can't be read.
        SettingsError: The environment has no size.
    """
    limit = read_limit() if limit is None else limit
    entries = list_kept()
    left = sum(one.n_bytes for one in entries)
    for one in entries:
        if left > limit and one.path != but:
            _remove_entry(one)
            left -= one.n_bytes
    long_ago = time.time() - _ABANDONED
    for path in (find_cache() / _PARTS).glob(f"*{_UNFINISHED_SUFFIX}"):
        with suppress(OSError):
            if path.stat().st_mtime < long_ago:
                path.unlink()


def clear_cache() -> None:
    """Remove all that is kept; what is not ours stays.

    Raises:
        OSError: The folder can't be read.
    """
    remove_unused_entries(limit=-1)


def _list_paths() -> Iterator[Path]:
    """The audits and the parts of audits; nothing else that is in these folders."""
    cache = find_cache()
    yield from (cache / _AUDITS).glob(f"*{_AUDIT_SUFFIX}")
    yield from (cache / _PARTS).glob(f"*{_PART_SUFFIX}")


def _remove_entry(entry: CacheEntry) -> None:
    from doubtcli.store.folder import AUDIT_FILES

    with suppress(OSError), lock_folders_of(entry.path):  # Windows keeps a file that is in use
        if not entry.is_audit:
            entry.path.unlink(missing_ok=True)
            return
        for name in AUDIT_FILES:
            (entry.path / name).unlink(missing_ok=True)
        entry.path.rmdir()


def _make_private(folder: Path) -> None:
    """Make a folder of the cache; only its owner may enter what is made."""
    for own in (folder.parent, folder):
        own.parent.mkdir(parents=True, exist_ok=True)
        own.mkdir(mode=stat.S_IRWXU, exist_ok=True)
    _check_ours(folder)
    if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        folder.chmod(stat.S_IRWXU)


def _check_ours(folder: Path) -> None:
    """Refuse a folder that another user made, who could put wrong results there."""
    if hasattr(os, "geteuid") and folder.stat().st_uid != os.geteuid():
        raise PermissionError(errno.EACCES, "it belongs to another user", str(folder))
