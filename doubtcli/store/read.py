"""An audit directory -> the audit in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.disk.lock import alone
from doubtcli.errors import InputError
from doubtcli.store.document import SCHEMA_VERSION
from doubtcli.store.doubts import DOUBT_COLUMNS, LATER_COLUMNS
from doubtcli.store.folder import DOCUMENT, DOUBTS, settle

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


OBJECTS = ("tool", "input", "side_files", "settings", "versions", "skill", "noise_rate", "counts", "reasons")
LISTS = ("columns", "classes")
AGAIN = "scan the file again"


class _Told(dict[str, Any]):
    """An object of `audit.json`: who asks for a key that is not there is told that the file is damaged."""

    where = DOCUMENT  # until more is known: whoever copies an object makes it as any dict is made

    def __missing__(self, key: str) -> NoReturn:
        raise InputError(f"is damaged: {key!r} is missing", where=self.where, hint=AGAIN)


def _told(where: str, items: dict[str, Any]) -> _Told:
    told = _Told(items)
    told.where = where
    return told


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
    """What `audit.json` in a folder says. To ask it for a key that is not there is an InputError, too.

    Raises:
        InputError: There is none, it is damaged, or a newer doubt wrote it.
    """
    where = str(folder / DOCUMENT)
    try:
        document = json.loads((folder / DOCUMENT).read_bytes(), object_hook=partial(_told, where))
    except OSError as error:
        raise InputError(
            f"can't be read: {error.strerror}", where=where, hint="`doubt scan` writes one"
        ) from error
    except ValueError as error:
        raise InputError(f"is damaged: {error}", where=where, hint=AGAIN) from error
    found = document.get("schema_version") if isinstance(document, dict) else None
    if found != SCHEMA_VERSION:
        newer = isinstance(found, int) and found > SCHEMA_VERSION
        raise InputError(
            f"has schema version {found}",
            where=where,
            expected=f"schema version {SCHEMA_VERSION}",
            hint="update doubt: a newer one wrote this audit" if newer else AGAIN,
        )
    _check_kinds(document, where)
    return document  # type: ignore[no-any-return]


def _check_kinds(document: Mapping[str, Any], where: str) -> None:
    for names, kind, told in ((OBJECTS, dict, "an object"), (LISTS, list, "a list")):
        for name in names:
            if name in document and not isinstance(document[name], kind):
                raise InputError(f"is damaged: {name!r} is not {told}", where=where, hint=AGAIN)


def _read_doubts(path: Path, summary: Mapping[str, Any]) -> pa.Table:
    if not path.exists():
        raise InputError("is missing", where=str(path), expected=f"a file beside {DOCUMENT}", hint=AGAIN)
    try:
        with pq.ParquetFile(path) as file:  # `pq.read_table` would load pandas
            doubts = file.read()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"can't be read: {error}", where=str(path), hint=AGAIN) from error
    if missing := [name for name in DOUBT_COLUMNS if name not in {*doubts.column_names, *LATER_COLUMNS}]:
        raise InputError("a column is missing", where=str(path), column=missing[0], hint=AGAIN)
    if doubts.num_rows != summary["counts"]["rows"]:
        expected = f"{summary['counts']['rows']} rows, as {DOCUMENT} has it"
        raise InputError(f"has {doubts.num_rows} rows", where=str(path), expected=expected, hint=AGAIN)
    return doubts
