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
from doubtcli.store.audit_key import hash_side_files, is_made_by_us_alone, make_audit_key
from doubtcli.store.cache import open_cache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import ScanResult, SideFile
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
    keeper = open_cache()
    if keeper is None or settings.path == STANDARD_INPUT or not is_made_by_us_alone():
        return None
    try:
        side_files = hash_side_files(settings)
        key = make_audit_key(settings, sha256_of(settings.path), side_files)
    except (DoubtError, OSError):  # the scan itself says what is wrong
        return None
    files = keeper.find(_name_files(key, settings.path, side_files))
    printed = keeper.find(_name_printed(key, settings.path, side_files, printing)) if printing else ""
    if files is None or printed is None:
        return None
    return KnownScan(files, printed, tuple(one.path for one in side_files.values()))


def keep_known_scan(found: ScanResult, files: Mapping[str, bytes], printed: str, printing: Printing) -> None:
    """Keep what a scan wrote and printed, for `find_known_scan`.

    Args:
        found: The result of the scan.
        files: What it wrote, by name.
        printed: What it printed.
        printing: What that depends on; empty if nothing was printed.
    """
    keeper = open_cache()
    path = found.source.path
    if keeper is None or path == STANDARD_INPUT or not is_made_by_us_alone():
        return
    keeper.keep(_name_files(found.audit_key, path, found.side_files), dict(files))
    if printing:
        keeper.keep(_name_printed(found.audit_key, path, found.side_files, printing), printed)


def _name_files(audit_key: str, path: str, side_files: Mapping[str, SideFile]) -> str:
    """The key of an audit's files: they have paths as the user gave them."""
    return json.dumps(["files", audit_key, path, {name: one.path for name, one in side_files.items()}])


def _name_printed(audit_key: str, path: str, side_files: Mapping[str, SideFile], printing: Printing) -> str:
    return json.dumps(["printed", _name_files(audit_key, path, side_files), *printing])
