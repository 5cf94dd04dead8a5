"""A folder of Parquet or Arrow parts -> one table."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.columnar import read_arrow, read_parquet
from doubtcli.files.parsed import Parsed, check_names
from doubtcli.files.source import fingerprint, open_source, unreadable
from doubtcli.records import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.files.parsed import OnRows

PARTS = {".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow"}

NO_PARTS = ("_", ".", "cache-")
"""How names start that are no data: Spark's `_SUCCESS`, hidden files, leftovers of Hugging Face datasets."""

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


def read_folder(
    path: str, input_format: str | None = None, on_rows: OnRows | None = None
) -> tuple[Source, Parsed]:
    """The rows of all parts of a folder, sorted by name; `key=value` folders add text columns.

    Raises:
        InputError: There are no parts, their columns differ, or something changed while they were read.
    """
    before = _parts(Path(path))
    format_ = _format(path, before, input_format)
    tables: list[pa.Table] = []
    notes: list[str] = []
    digest, size, n_rows = hashlib.sha256(), 0, 0
    read = read_parquet if format_ == "parquet" else read_arrow
    for part in before:
        with open_source(str(part)) as stored:
            parsed = read(stored, on_rows=_after(n_rows, on_rows))
        name = part.relative_to(path)
        table = _with_partition_columns(parsed.data, name)
        _check_schema(table.schema, tables, str(part))
        tables.append(table)
        notes += [f"{name}: {note}" for note in parsed.notes]
        n_rows += table.num_rows
        size += stored.size
        digest.update(_told(name, stored.sha256))
    if _parts(Path(path)) != before:
        raise InputError(
            "the folder changed while it was read", where=path, hint="run again when it is complete"
        )
    data = pa.concat_tables(tables).unify_dictionaries()
    return Source(path, format_, size, digest.hexdigest()), Parsed(data, tuple(notes))


def folder_sha256(path: str) -> str:
    """The hash of a folder as `read_folder` tells it: of its parts' names and hashes.

    Raises:
        InputError: It can't be read.
    """
    digest = hashlib.sha256()
    for part in _parts(Path(path)):
        with open_source(str(part)) as stored:
            digest.update(_told(part.relative_to(path), stored.sha256))
    return digest.hexdigest()


def _told(name: Path, sha256: str) -> bytes:
    return f"{name.as_posix()}\0{sha256}\n".encode()


def _parts(folder: Path) -> dict[Path, tuple[int, ...] | None]:
    """Each part, sorted by name, and by what a change would be noticed."""
    return {part: fingerprint(str(part)) for part in sorted(_walk(folder), key=Path.as_posix)}


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise unreadable(str(folder), error) from error
    for entry in entries:
        if entry.name.startswith(NO_PARTS):
            continue
        if entry.is_dir():
            if "=" in entry.name:  # Hive's layout; any other folder is another table, such as a test split
                yield from _walk(entry)
        elif entry.suffix.lower() in PARTS:
            yield entry


def _format(path: str, parts: dict[Path, tuple[int, ...] | None], input_format: str | None) -> str:
    formats = sorted({PARTS[part.suffix.lower()] for part in parts})
    if len(formats) == 1 and input_format in (None, formats[0]):
        return formats[0]
    inside = sorted(entry.name for entry in Path(path).iterdir())
    raise InputError(
        "the folder holds both Parquet and Arrow parts"
        if len(formats) > 1
        else f"the folder has no {input_format or 'Parquet or Arrow'} parts in it",
        where=path,
        expected="parts that end in .parquet, or in .arrow or .feather",
        hint=f"name one of: {', '.join(inside[:10])}" if inside else "the folder is empty: name another",
    )


def _check_schema(schema: pa.Schema, tables: list[pa.Table], where: str) -> None:
    check_names(schema.names, where)  # again, now that partition columns stand beside the part's own
    if not tables or schema.equals(tables[0].schema):
        return
    first = {field.name: str(field.type) for field in tables[0].schema}
    found = {field.name: str(field.type) for field in schema}
    names = [name for name in {**first, **found} if first.get(name) != found.get(name)]
    raise InputError(
        f"the part has {found.get(names[0], 'no such column')}"
        if names
        else "the part has its columns in another order",
        where=where,
        column=names[0] if names else None,
        expected=f"{first.get(names[0], 'no such column')}, as in the first part"
        if names
        else ", ".join(first),
        hint="name one of the parts, or write them all with one schema",
    )


def _with_partition_columns(data: pa.Table, name: Path) -> pa.Table:
    for folder in name.parts[:-1]:
        key, _, value = folder.partition("=")
        value_or_null = None if value == HIVE_NULL else unquote(value)
        column = pa.repeat(pa.scalar(value_or_null, pa.large_string()), data.num_rows)
        data = data.append_column(unquote(key), column)
    return data


def _after(n_rows: int, on_rows: OnRows | None) -> OnRows | None:
    return (lambda more: on_rows(n_rows + more)) if on_rows else None


def sha256_of(path: str) -> str:
    """The SHA-256 of a file as it is stored, or of a folder of parts: as `Source.sha256` has it.

    Raises:
        InputError: It can't be read.
    """
    if Path(path).is_dir():
        return folder_sha256(path)
    with open_source(path) as stored:
        return stored.sha256
