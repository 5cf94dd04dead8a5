"""A file, a folder of parts or standard input -> a Table; and the check of a rewritten file."""

from __future__ import annotations

import hashlib
import os.path
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

import pyarrow as pa

from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.files.dialect import BLANKS, QUOTINGS
from doubtcli.files.encoding import check_encoding
from doubtcli.files.foreign import (
    check_audit,
    check_columns,
    check_header,
    check_pointer,
    check_start,
    find_long_note,
)
from doubtcli.files.formats import check_names, find_format, guess_format, load_formats, name_in_crash
from doubtcli.files.source import SpoolError, fingerprint, open_source, unreadable_error
from doubtcli.records import ReadOptions, Source, Table
from doubtcli.records.file_format import ColumnsBy, Parsed
from doubtcli.wording.lists import MOST_NAMED, did_you_mean, join_first, join_or
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from doubtcli.records.file_format import Changes, FileFormat, OnRows

AS_FOUND = ReadOptions()
"""Everything about the file is detected."""

DELIMITER_NAMES = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "blanks": BLANKS,
}
"""Names for delimiters that are hard to type in a shell."""

NOT_DATA = ("_", ".", "cache-")
"""Prefixes of files that are not data: Spark's `_SUCCESS`, hidden files, caches of Hugging Face datasets."""

SPLIT_PART = re.compile(r"(.+)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?")
"""A part's name as Hugging Face's hub has it: train-00000-of-00002."""
MOST_DEPTH, MOST_FOLDERS = 4, 50
"""How deep folders are looked through for parts, and how many of one depth; in the hub's cache they are three
folders deep."""

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


def read_table(
    path: str,
    options: ReadOptions = AS_FOUND,
    *,
    stdin: BinaryIO | None = None,
    on_rows: OnRows | None = None,
) -> Table:
    r"""The rows and columns of a file, with unchanged values.

    Args:
        path: A file, perhaps compressed by gzip, bzip2 or Zstandard; a folder of Parquet or Arrow parts; "-"
            for standard input.
        options: What the user says about how it is written.
        stdin: What "-" reads; the process's standard input if None.
        on_rows: Called after each batch with the number of rows read so far.

    Raises:
        InputError: The file can't be read, or its content is not a table.
        SettingsError: An option has a value that is not valid.

    Example:
        >>> import io
        >>> content = io.BytesIO(b"text,label\nhi,007\n")
        >>> table = read_table("-", ReadOptions("csv"), stdin=content)
        >>> table.data.to_pylist()
        [{'text': 'hi', 'label': '007'}]
    """
    delimiter = options.delimiter or None
    options = replace(options, delimiter=DELIMITER_NAMES.get(delimiter or "", delimiter))
    _check_options(options)
    if path == "-" and options.input_format is None:
        raise InputError(
            "the format of standard input is not known",
            where="-",
            hint=f"add --input-format {'|'.join(_input_formats())}",
        )
    if path != "-" and os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where it may not look
        source, parsed = read_folder(path, options, on_rows)
        return Table(source, parsed.data, parsed.notes)
    with open_source(path, stdin) as stored:
        head = stored.head()
        if not head:
            raise InputError("the file is empty", where=stored.path, expected="a table with a label column")
        check_pointer(head, stored.path)
        if options.input_format is None and options.delimiter is None:
            check_start(head, stored.path)
        format_ = find_format(options.input_format or guess_format(path, head))
        if options.sheet is not None and not format_.has_sheets:
            raise SettingsError(
                f"{stored.path} is {format_.title}, which has no sheets",
                where="--sheet",
                hint="leave out --sheet",
            )
        if not options.has_header and format_.columns_by is not ColumnsBy.PLACE:
            raise SettingsError(
                f"a {format_.title} file has no header that could be missing",
                where="--no-header",
                expected="a file of CSV, TSV or the like",
            )
        with name_in_crash(format_):
            parsed = format_.read(stored, options, on_rows)
        if options.input_format is None:
            check_columns(parsed.data, head, stored.path)
            if (parsed.delimiter or parsed.sheet) and options.has_header:
                check_header(parsed.data, stored.path, format_.name)
            notes = find_long_note(parsed.data, parsed.delimiter, stored.path)
            parsed = replace(parsed, notes=parsed.notes + notes)
        source = Source(
            path,
            format_.name,
            stored.size,
            stored.sha256,
            stored.compression,
            parsed.encoding,
            parsed.delimiter,
            parsed.quoting,
            options.has_header,
            parsed.lead_lines,
            parsed.sheet,
        )
    return Table(source, parsed.data, parsed.notes)


def _check_options(options: ReadOptions) -> None:
    _check_choice("--input-format", options.input_format, _input_formats())
    _check_choice("--quoting", options.quoting, QUOTINGS)
    if options.encoding is not None:
        check_encoding(options.encoding)
    delimiter = options.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise SettingsError(
            f"{delimiter!r} is not a valid delimiter",
            where="--delimiter",
            expected=f"one character, not a quote or a line end, or one of {', '.join(DELIMITER_NAMES)}",
        )


def _check_choice(option: str, given: str | None, choices: Collection[str]) -> None:
    if given is not None and given not in choices:
        raise SettingsError(
            f"{given!r} is not a valid value",
            where=option,
            expected=f"one of {', '.join(choices)}",
            hint=did_you_mean(given, choices),
        )


def _input_formats() -> list[str]:
    """All values of --input-format."""
    return [each for word, one in load_formats().items() for each in (word, *one.aliases)]


def add_missing_keys(table: Table, names: Iterable[str]) -> Table:
    """The table with an empty column for each name that it lacks, if columns are the keys of its rows (JSON).

    Tables of other formats are unchanged: they have all their columns.
    """
    format_ = load_formats().get(table.source.format)
    if format_ is None or format_.columns_by is not ColumnsBy.KEY:
        return table
    data = table.data
    for name in names:
        if name not in data.column_names:
            data = data.append_column(name, pa.nulls(data.num_rows, pa.large_string()))
    return replace(table, data=data)


# ---------------------------------------------------------------- a folder of parts


def read_folder(
    path: str, options: ReadOptions = AS_FOUND, on_rows: OnRows | None = None
) -> tuple[Source, Parsed]:
    """The rows of all parts of a folder, in the order of their names; `key=value` folders add text columns.

    Raises:
        InputError: There are no parts, their columns differ, or something changed while they were read.
    """
    before = _list_part_files(Path(path))
    format_ = _choose_part_format(path, before, options.input_format)
    tables: list[pa.Table] = []
    notes: list[str] = []
    digest, size, n_rows = hashlib.sha256(), 0, 0
    for part in before:
        with open_source(str(part)) as stored, name_in_crash(format_):
            parsed = format_.read(stored, options, _add_to_count(n_rows, on_rows))
        name = part.relative_to(path)
        table = _add_partition_columns(parsed.data, name)
        _check_same_schema(table.schema, tables, str(part))
        tables.append(table)
        notes += [f"{name}: {note}" for note in parsed.notes]
        n_rows += table.num_rows
        size += stored.size
        digest.update(_part_digest(name, stored.sha256))
    if _list_part_files(Path(path)) != before:
        raise InputError(
            "the folder changed while it was read", where=path, hint="run again when it is complete"
        )
    data = pa.concat_tables(tables).unify_dictionaries()
    check_audit(data, path)
    notes += _note_splits(before)
    return Source(path, format_.name, size, digest.hexdigest()), Parsed(data, tuple(notes))


def folder_sha256(path: str) -> str:
    """The hash of a folder, as in the Source from `read_folder`: of its parts' names and hashes.

    Raises:
        InputError: It can't be read.
    """
    digest = hashlib.sha256()
    for part in _list_part_files(Path(path)):
        with open_source(str(part)) as stored:
            digest.update(_part_digest(part.relative_to(path), stored.sha256))
    return digest.hexdigest()


def _part_digest(name: Path, sha256: str) -> bytes:
    return f"{name.as_posix()}\0{sha256}\n".encode()


def _list_part_files(folder: Path) -> dict[Path, tuple[int, ...] | None]:
    """Each part, sorted by name, and its fingerprint, to notice changes."""
    return {part: fingerprint(str(part)) for part in sorted(_walk_parts(folder), key=Path.as_posix)}


def _walk_parts(folder: Path) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise unreadable_error(str(folder), error) from error
    for entry in entries:
        if entry.name.startswith(NOT_DATA):
            continue
        if entry.is_dir():
            if "=" in entry.name:  # Hive's layout; other folders are other tables, such as a test split
                yield from _walk_parts(entry)
        elif _is_any_part(entry):
            yield entry


def _choose_part_format(path: str, parts: Iterable[Path], wanted: str | None) -> FileFormat:
    formats = [one for one in _part_formats() if any(_is_part(part, one) for part in parts)]
    name = None if wanted is None else find_format(wanted).name
    if len(formats) == 1 and name in (None, formats[0].name):
        return formats[0]
    inner = [] if formats else _find_inner_folders(Path(path))
    if inner:
        raise InputError(
            "the folder has no parts of a table itself, only folders in it have",
            where=path,
            expected="one table, such as one split of a data set",
            hint=f"name one of them: {join_first([shell_word(str(folder)) for folder in inner], MOST_NAMED)}",
        )
    inside = sorted(entry.name for entry in Path(path).iterdir())
    kinds = name or join_or(one.title for one in _part_formats())
    # abbreviated endings are not worth mentioning
    endings = ([end for end in one.part_endings if len(end) > len(".pq")] for one in _part_formats())
    raise InputError(
        f"the folder has both {' and '.join(one.title for one in formats)} parts"
        if len(formats) > 1
        else f"the folder has no {kinds} parts in it",
        where=path,
        expected=f"parts that end in {', or in '.join(' or '.join(ends) for ends in endings)}",
        hint=f"name one of: {', '.join(inside[:10])}" if inside else "the folder is empty: name another",
    )


def _find_inner_folders(folder: Path) -> list[Path]:
    """The folders within a folder that have parts, such as the splits of a Hugging Face data set."""
    found, deeper = [], [folder]
    for _ in range(MOST_DEPTH):
        entries = [entry for each in deeper for entry in _list_entries(each) if entry.is_dir()]
        deeper = [entry for entry in entries if not entry.name.startswith(NOT_DATA)][:MOST_FOLDERS]
        found += [each for each in deeper if any(map(_is_any_part, _list_entries(each)))]
    return found


def _list_entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # a folder that may not be read is not proposed
        return []


def _is_any_part(path: Path) -> bool:
    return any(_is_part(path, one) for one in _part_formats())


def _note_splits(parts: Iterable[Path]) -> Iterator[str]:
    """A note on the parts of several splits, by their names in Hugging Face's layout."""
    found = (SPLIT_PART.fullmatch(part.stem) for part in parts)
    splits = sorted({one[1] for one in found if one})
    if len(splits) > 1:
        yield (
            f"parts of {len(splits)} splits ({join_first(splits, MOST_NAMED)}), read as one table; "
            "to scan one of them, name its file"
        )


def _part_formats() -> list[FileFormat]:
    return [one for one in load_formats().values() if one.part_endings]


def _is_part(path: Path, format_: FileFormat) -> bool:
    return path.suffix.lower() in format_.part_endings


def _check_same_schema(schema: pa.Schema, tables: list[pa.Table], where: str) -> None:
    check_names(schema.names, where)  # again, since partition columns were added
    if not tables or schema.equals(tables[0].schema):
        return
    first = {field.name: str(field.type) for field in tables[0].schema}
    found = {field.name: str(field.type) for field in schema}
    name = next((name for name in {**first, **found} if first.get(name) != found.get(name)), None)
    if name is None:
        problem, expected = "this part has its columns in another order", ", ".join(first)
    else:
        problem = (
            f"the column has the type {found[name]} in this part"
            if name in found
            else "it is missing in this part"
        )
        expected = f"{first.get(name, 'no such column')}, as in the first part"
    raise InputError(
        problem,
        where=where,
        column=name,
        expected=expected,
        hint="name one of the parts, or write them all with one schema",
    )


def _add_partition_columns(data: pa.Table, name: Path) -> pa.Table:
    for folder in name.parts[:-1]:
        key, _, value = folder.partition("=")
        value_or_null = None if value == HIVE_NULL else unquote(value)
        column = pa.repeat(pa.scalar(value_or_null, pa.large_string()), data.num_rows)
        data = data.append_column(unquote(key), column)
    return data


def _add_to_count(n_rows: int, on_rows: OnRows | None) -> OnRows | None:
    return (lambda more: on_rows(n_rows + more)) if on_rows else None


def sha256_of(path: str) -> str:
    """The SHA-256 of a file as it is stored, or of a folder of parts, as in `Source.sha256`.

    Raises:
        InputError: It can't be read.
    """
    if Path(path).is_dir():
        return folder_sha256(path)
    with open_source(path) as stored:
        return stored.sha256


# ------------------------------------------------------------------ a rewritten file


def check_unchanged(table: Table, before: bytes, after: bytes, changes: Changes) -> None:
    """Make sure that a rewritten file, read back, has the intended changes and no others.

    It is read with the same reader as in every command, so that a fault in the rewriting is found before
    anything is written. The old file is read again only by formats whose `table` does not have all of it.

    Args:
        table: The table that was read from the file.
        before: The bytes of the same file.
        after: The bytes of the rewritten file.
        changes: The intended changes.

    Raises:
        OutputError: Something else differs, or the rewritten file can't be read.
        SpoolError: There is no space to read it back.
    """
    source = table.source
    format_, options = find_format(source.format), source.read_options()
    try:
        with (
            open_source("-", BytesIO(before)) as old,
            open_source("-", BytesIO(after)) as new,
            name_in_crash(format_),
        ):
            found = format_.find_difference(table, old, new, changes, options)
    except SpoolError as error:
        error.where = source.path
        raise
    except (InputError, UnicodeError) as error:
        found = str(error).replace("\n", "; ")
    if found is not None:
        raise OutputError(
            f"rewriting it would change more than labels: {found}",
            where=source.path,
            hint="nothing was written: save the file as UTF-8, and scan and relabel that one",
        )
