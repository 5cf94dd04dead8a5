"""An audit directory -> the audit in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.errors import InputError
from doubtcli.store.document import SCHEMA_VERSION
from doubtcli.store.doubts import DOUBT_COLUMNS, LATER_COLUMNS
from doubtcli.store.folder import DOCUMENT, DOUBTS, settle
from doubtcli.store.lock import alone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class StoredAudit:
    """An audit as it was read back."""

    folder: Path
    summary: Mapping[str, Any]
    """`audit.json`; its schema version is one that we know."""
    doubts: pa.Table
    """`doubts.parquet`: every row, most doubted first."""


def read_audit(folder: Path) -> StoredAudit:
    """The audit in a folder, as `write_audit` wrote it.

    Raises:
        InputError: There is none, it is damaged, or a newer doubt wrote it.
    """
    with alone(folder):
        settle(folder)
        summary = read_document(folder)
        return StoredAudit(folder, summary, _read_doubts(folder / DOUBTS, summary))


def read_document(folder: Path) -> Mapping[str, Any]:
    """What `audit.json` in a folder says.

    Raises:
        InputError: There is none, it is damaged, or a newer doubt wrote it.
    """
    where = str(folder / DOCUMENT)
    try:
        document = json.loads((folder / DOCUMENT).read_bytes())
    except OSError as error:
        raise InputError(
            f"can't be read: {error.strerror}", where=where, hint="`doubt scan` writes one"
        ) from error
    except ValueError as error:
        raise InputError(f"is damaged: {error}", where=where, hint="scan the file again") from error
    found = document.get("schema_version") if isinstance(document, dict) else None
    if found != SCHEMA_VERSION:
        newer = isinstance(found, int) and found > SCHEMA_VERSION
        raise InputError(
            f"has schema version {found}",
            where=where,
            expected=f"schema version {SCHEMA_VERSION}",
            hint="update doubt: a newer one wrote this audit" if newer else "scan the file again",
        )
    return document  # type: ignore[no-any-return]


def _read_doubts(path: Path, summary: Mapping[str, Any]) -> pa.Table:
    hint = "scan the file again"
    try:
        with pq.ParquetFile(path) as file:  # `pq.read_table` would load pandas
            doubts = file.read()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"can't be read: {error}", where=str(path), hint=hint) from error
    if missing := [name for name in DOUBT_COLUMNS if name not in {*doubts.column_names, *LATER_COLUMNS}]:
        raise InputError("a column is missing", where=str(path), column=missing[0], hint=hint)
    if doubts.num_rows != summary["counts"]["rows"]:
        expected = f"{summary['counts']['rows']} rows, as {DOCUMENT} has it"
        raise InputError(f"has {doubts.num_rows} rows", where=str(path), expected=expected, hint=hint)
    return doubts
