"""An audit directory -> the audit in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import InputError
from doubtcli.records import DoubtTable
from doubtcli.store.describe import DOUBT_COLUMNS, LATER_COLUMNS
from doubtcli.store.document import SCAN_AGAIN, parse_document
from doubtcli.store.folder import DOCUMENT, DOUBTS, recover_audit

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import AuditDocument, RowCounts


@dataclass(frozen=True)
class StoredAudit:
    """An audit as it was read back."""

    folder: Path
    document: AuditDocument
    """`audit.json`."""
    doubts: DoubtTable
    """`doubts.parquet`."""


def read_audit(folder: Path) -> StoredAudit:
    """The audit in a folder, as `write_audit` wrote it.

    Raises:
        InputError: There is none, it is damaged, or a newer doubt wrote it.
    """
    with lock_folders_of(folder):
        recover_audit(folder)
        document = _read_document(folder / DOCUMENT)
        return StoredAudit(folder, document, _read_doubts(folder / DOUBTS, document.counts))


def _read_document(path: Path) -> AuditDocument:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"can't be read: {error.strerror}", where=str(path), hint="`doubt scan` writes one"
        ) from error
    return parse_document(content, str(path))


def _read_doubts(path: Path, counts: RowCounts) -> DoubtTable:
    if not path.exists():
        raise InputError("is missing", where=str(path), expected=f"a file beside {DOCUMENT}", hint=SCAN_AGAIN)
    try:
        with pq.ParquetFile(path) as file:  # `pq.read_table` would load pandas
            doubts = file.read()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"can't be read: {error}", where=str(path), hint=SCAN_AGAIN) from error
    missing = [name for name in DOUBT_COLUMNS if name not in doubts.column_names]
    if lost := [name for name in missing if name not in LATER_COLUMNS]:
        raise InputError("a column is missing", where=str(path), column=lost[0], hint=SCAN_AGAIN)
    if doubts.num_rows != counts.n_rows:
        expected = f"{counts.n_rows} rows, as {DOCUMENT} has it"
        raise InputError(f"has {doubts.num_rows} rows", where=str(path), expected=expected, hint=SCAN_AGAIN)
    for name in missing:
        doubts = doubts.append_column(name, pa.nulls(doubts.num_rows, DOUBT_COLUMNS[name]))
    return DoubtTable(doubts)
