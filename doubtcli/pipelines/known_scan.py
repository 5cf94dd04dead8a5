"""A file that was scanned before -> the same audit again, without reading or judging its rows.

The files of an audit, and what was printed, are kept under a key of all that they depend on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.errors import DoubtError
from doubtcli.files.table import sha256_of
from doubtcli.store.audit_key import (
    hash_side_files,
    is_made_by_us_alone,
    make_audit_key,
    select_judging_settings,
)
from doubtcli.store.cache import open_cache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import Keeper, ScanResult, SideFile
    from doubtcli.settings import ScanSettings

Printing = tuple[Any, ...]
"""All that the printed report depends on besides the audit: the width of the terminal, and the like."""


@dataclass(frozen=True)
class KnownScan:
    """What a scan wrote and printed."""

    files: Mapping[str, bytes]
    """By name."""
    printed: str
    side_files: tuple[str, ...]
    """The paths of the files that were read besides the data."""


def find_known_scan(settings: ScanSettings, printing: Printing) -> KnownScan | None:
    """What an earlier scan with the same result wrote and printed; None if none is known.

    Args:
        settings: Of the scan.
        printing: What the printed report depends on; empty if nothing is printed.
    """
    keeper = _open_cache(settings)
    if keeper is None:
        return None
    try:
        side_files = hash_side_files(settings)
        audit_key = make_audit_key(settings, sha256_of(settings.path), side_files)
    except (DoubtError, OSError):  # the scan itself says what is wrong
        return None
    key = _make_key(settings, audit_key, side_files)
    files, printed = keeper.find(key), keeper.find(_make_printed_key(key, printing)) if printing else ""
    if files is None or printed is None:
        return None
    return KnownScan(files, printed, tuple(one.path for one in side_files.values()))


def keep_known_scan(
    settings: ScanSettings, found: ScanResult, files: Mapping[str, bytes], printed: str, printing: Printing
) -> None:
    """Keep what a scan wrote and printed, for `find_known_scan`.

    Nothing is kept of a scan that became a fast one as memory was short: it may not be short the next time.

    Args:
        settings: What the user wanted.
        found: The result of the scan.
        files: What it wrote, by name.
        printed: What it printed.
        printing: What that depends on; empty if nothing was printed.
    """
    keeper = _open_cache(settings)
    if keeper is None or found.settings != select_judging_settings(settings):
        return
    key = _make_key(settings, found.audit_key, found.side_files)
    keeper.keep(key, dict(files))
    if printing:
        keeper.keep(_make_printed_key(key, printing), printed)


def _open_cache(settings: ScanSettings) -> Keeper | None:
    is_kept = settings.path != STANDARD_INPUT and is_made_by_us_alone()
    return open_cache() if is_kept else None


def _make_key(settings: ScanSettings, audit_key: str, side_files: Mapping[str, SideFile]) -> str:
    """The key of an audit's files: they have paths as the user gave them, and less memory may change them."""
    paths = {name: one.path for name, one in side_files.items()}
    return json.dumps(["files", audit_key, settings.path, settings.memory, paths])


def _make_printed_key(key: str, printing: Printing) -> str:
    return json.dumps(["printed", key, *printing])
