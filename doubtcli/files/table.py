"""A file, a folder of parts or standard input -> a Table."""

from __future__ import annotations

import codecs
import os.path
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Protocol, TextIO

from doubtcli.errors import InputError, SettingsError
from doubtcli.files.columnar import read_arrow, read_parquet
from doubtcli.files.csv import read_delimited
from doubtcli.files.encoding import check_encoding, choose_encoding, open_text, second_choice
from doubtcli.files.folder import read_folder
from doubtcli.files.jsonl import read_jsonl
from doubtcli.files.source import open_source
from doubtcli.records import ReadOptions, Source, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from doubtcli.files.parsed import OnRows, Parsed
    from doubtcli.files.source import Stored

    class TextReader(Protocol):
        """Reads a text that it may open more than once."""

        def __call__(
            self, open_text: Callable[[], TextIO], where: str, *, on_rows: OnRows | None = None
        ) -> Parsed:
            """The rows of the text."""
            ...


INPUT_FORMATS = {
    "csv": "csv",
    "tsv": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "parquet": "parquet",
    "arrow": "arrow",
    "feather": "arrow",
}
"""What --input-format takes, and what a Source calls it."""

EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".psv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}

PACKED = (".gz", ".bz2", ".zst")
"""Endings that say nothing of what is inside."""

MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}
"""The first bytes of formats; the last one, of an Arrow stream."""

COLUMNAR = {"parquet": read_parquet, "arrow": read_arrow}

AS_FOUND = ReadOptions()

QUOTINGS = ("minimal", "none")

DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
"""For those that are hard to type in a shell."""


def read_table(
    path: str,
    options: ReadOptions = AS_FOUND,
    *,
    stdin: BinaryIO | None = None,
    on_rows: OnRows | None = None,
) -> Table:
    r"""The rows and columns of a file, as they stand in it.

    Args:
        path: A file, packed by gzip, bzip2 or Zstandard or not; a folder of Parquet or Arrow parts; "-" for
            standard input.
        options: What is said of how it is written.
        stdin: What "-" reads; the process's own standard input if None.
        on_rows: Is told after each batch how many rows were read so far.

    Raises:
        InputError: The file can't be read, or what is in it makes no table.
        SettingsError: An option has a value that makes no sense.

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
            "standard input has no name that tells its format",
            where="-",
            hint=f"add --input-format {'|'.join(INPUT_FORMATS)}",
        )
    if path != "-" and os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where it may not look
        source, parsed = read_folder(path, INPUT_FORMATS.get(options.input_format or ""), on_rows)
        return Table(source, parsed.data, parsed.notes)
    with open_source(path, stdin) as stored:
        head = stored.head()
        if not head:
            raise InputError("the file is empty", where=stored.path, expected="a table with a label column")
        name = options.input_format or _guess_format(path, head)
        format_ = INPUT_FORMATS[name]
        if format_ in COLUMNAR:
            encoding, parsed = None, COLUMNAR[format_](stored, on_rows=on_rows)
        else:
            parse = partial(_text_reader(name, options), on_rows=on_rows)
            encoding, parsed = _read_text(stored, head, options.encoding, parse)
        source = Source(
            path, format_, stored.size, stored.sha256, stored.compression, encoding, parsed.delimiter
        )
    return Table(source, parsed.data, parsed.notes)


def _text_reader(name: str, options: ReadOptions) -> TextReader:
    if INPUT_FORMATS[name] == "jsonl":
        return read_jsonl
    delimiter = options.delimiter or ("\t" if name == "tsv" else None)
    return partial(read_delimited, delimiter=delimiter, quoted=options.quoted)


def _read_text(stored: Stored, head: bytes, given: str | None, parse: TextReader) -> tuple[str, Parsed]:
    encoding = choose_encoding(head, given, stored.path)
    try:
        return encoding, parse(partial(open_text, stored, encoding), stored.path)
    except UnicodeDecodeError:
        encoding, note = second_choice(stored, encoding, given=given is not None)
    parsed = parse(partial(open_text, stored, encoding), stored.path)
    return encoding, replace(parsed, notes=(note, *parsed.notes))


def _guess_format(path: str, head: bytes) -> str:
    """What the file's ending says, else its first bytes: CSV where nothing speaks against it."""
    endings = [ending for ending in PurePath(path.lower()).suffixes if ending not in PACKED]
    if endings and endings[-1] in EXTENSIONS:
        return EXTENSIONS[endings[-1]]
    for magic, format_ in MAGIC.items():
        if head.startswith(magic):
            return format_
    start = head.lstrip(codecs.BOM_UTF8 + codecs.BOM_UTF16 + b"\0 \t\r\n")
    return "jsonl" if start.startswith((b"{", b"[{")) else "csv"


def _check_options(options: ReadOptions) -> None:
    _check_choice("--input-format", options.input_format, INPUT_FORMATS)
    _check_choice("--quoting", options.quoting, QUOTINGS)
    if options.encoding is not None:
        check_encoding(options.encoding)
    delimiter = options.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise SettingsError(
            f"{delimiter!r} can't keep fields apart",
            where="--delimiter",
            expected=f"one character that is no quote and no line end, or {', '.join(DELIMITER_NAMES)}",
        )


def _check_choice(option: str, given: str | None, choices: Iterable[str]) -> None:
    if given is not None and given not in choices:
        near = get_close_matches(given, list(choices), n=1)
        raise SettingsError(
            f"{given!r} is none of its values",
            where=option,
            expected=", ".join(choices),
            hint=f"did you mean {near[0]!r}?" if near else None,
        )
