"""The file formats, ours and plug-ins': found by entry point, and chosen by word, ending or first bytes.

Also the checks that every reader makes of a table.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar

from doubtcli.errors import FormatError, InputError
from doubtcli.settings.fields import INSTALLED_FORMATS
from doubtcli.settings.installed import blame_author, find_installed
from doubtcli.wording.lists import join_or

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
    from contextlib import AbstractContextManager

    from doubtcli.records import Source
    from doubtcli.records.file_format import Edit, FileFormat, FileLayout, OnRows, Rewritten
    from doubtcli.settings.installed import Installed

    Rows = TypeVar("Rows", bound=Sized)

FORMATS_GROUP = "doubtcli.formats"
NOUN = "file format"

FORMATS_ORDER = ("csv", "tsv", "jsonl", "parquet", "arrow", "xlsx", "fasttext")
"""The order in which formats are listed; plug-ins follow by name."""

FORMAT_PARTS = (
    *("name", "title", "endings", "aliases", "part_endings", "delimiter", "is_text", "columns_by"),
    *("has_sheets", "corrected_as", "recognise", "read", "row_lines", "sheet_rows", "rewrite"),
    "find_difference",
)
"""What a format must have: see `FileFormat`."""

BATCH_ROWS = 50_000
"""Rows converted to Arrow at a time: a batch costs little time, and little memory next to the table."""

PACKED_ENDINGS = {"gzip": ".gz", "bz2": ".bz2", "zstd": ".zst"}
"""The endings of compressed files, which say nothing about the format, by the compression."""


def list_format_words() -> tuple[str, ...]:
    """The words that --input-format takes, without aliases; no format is imported."""
    return tuple(one.name for one in _find_formats())


def fill_in_formats(sentence: str) -> str:
    """A sentence about a setting, with the names of the installed formats.

    Example:
        >>> fill_in_formats("How the rows are ranked.")
        'How the rows are ranked.'
    """
    if INSTALLED_FORMATS not in sentence:
        return sentence
    return sentence.replace(INSTALLED_FORMATS, join_or(list_format_words()))


def load_formats() -> dict[str, FileFormat]:
    """Every installed format by its word for --input-format, the usual ones first.

    Raises:
        FormatError: A format can't be imported, lacks a part, or has a word or an ending of another one.
    """
    return _load_all(_find_formats())


def find_format(word: str) -> FileFormat:
    """The format with a name from a `Source` or a ledger, or with a word from --input-format.

    Raises:
        InputError: No installed package provides it.
    """
    formats = load_formats()
    found = formats.get(word) or next((one for one in formats.values() if word in one.aliases), None)
    if found is None:
        raise InputError(
            f"there is no file format {word!r}",
            expected=f"one of {', '.join(formats)}",
            hint="install the package that provides it",
        )
    return found


def find_title(name: str) -> str:
    """A format's title in reports; its name if it is no longer installed."""
    formats = load_formats()
    return formats[name].title if name in formats else name


def guess_format(path: str, head: bytes) -> str:
    """The word for a file's format, by its ending, else by its first bytes; any text may be CSV."""
    recognised = (word for word, one in reversed(load_formats().items()) if one.recognise(head))
    return find_by_ending(path) or next(recognised)


def find_by_ending(path: str) -> str | None:
    """The word for a file's format by the ending of its name; None if the ending is of no format."""
    ending = find_ending(path)
    return next((word for word, one in load_formats().items() if ending in one.endings), None)


def find_ending(path: str) -> str:
    """A file's ending in lower case, except that of its compression; empty if it has none."""
    endings = [one for one in PurePath(path.lower()).suffixes if one not in PACKED_ENDINGS.values()]
    return endings[-1] if endings else ""


def name_corrected_file(path: str) -> str:
    """The name of a corrected file beside a file, with the ending of the format that it has.

    Example:
        >>> name_corrected_file("in/data.csv.gz"), name_corrected_file("data.xlsx")
        ('in/data.fixed.csv.gz', 'data.fixed.csv')
    """
    folder, slash, name = path.rpartition("/")
    stem, dot, endings = name.partition(".")
    word = find_by_ending(path)
    other = None if word is None else find_format(word).corrected_as
    if other is not None:
        stem, dot, endings = name.rpartition(".")[0], "", find_format(other).endings[0]
    return f"{folder}{slash}{stem}.fixed{dot}{endings}"


def find_binary(head: bytes) -> FileFormat | None:
    """The binary format whose files have these first bytes; None if there is none."""
    return next((one for one in load_formats().values() if not one.is_text and one.recognise(head)), None)


def find_input_format(source: Source) -> str:
    """The word for --input-format with which a file is read again as it was read."""
    same = (
        word
        for word, one in load_formats().items()
        if (one.name, one.delimiter) == (source.format, source.delimiter)
    )
    return next(same, source.format)


def _find_formats() -> tuple[Installed, ...]:
    return find_installed(FORMATS_GROUP, NOUN, FormatError, FORMATS_ORDER)


@cache
def _load_all(found: tuple[Installed, ...]) -> dict[str, FileFormat]:
    loaded: dict[str, FileFormat] = {}
    taken: dict[str, str] = {}
    for one in found:
        format_ = one.make(FORMAT_PARTS)
        _check_claims(format_, one.where, one.name, taken)
        loaded[one.name] = format_
    return loaded


def _check_claims(found: FileFormat, where: str, word: str, taken: dict[str, str]) -> None:
    """Refuse a format with a word or an ending that another one has."""
    for claim in (word, *found.aliases, *found.endings):
        if claim in taken:
            raise FormatError(
                f"{claim!r} is already used by {taken[claim]}",
                where=where,
                hint="uninstall it, or turn all plug-ins off with DOUBT_PLUGINS=off",
            )
        taken[claim] = found.title


def name_in_crash(format_: FileFormat) -> AbstractContextManager[None]:
    """Name a plug-in's format in an exception of it that is not an error of ours."""
    return blame_author(format_, f"{NOUN} {format_.title}", FormatError)


def rewrite_content(
    content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes] | None = None
) -> Rewritten:
    """A file with its edits: see `FileFormat.rewrite`.

    Raises:
        InputError: There is no such row, it has no label, or a row to add has other columns.
        OutputError: The file can't store a label.
    """
    format_ = find_format(layout.format)
    with name_in_crash(format_):
        return format_.rewrite(content, layout, edits, added or {})


# ------------------------------------------------------------- checks of every reader


def watch_batches(batches: Iterable[Rows], on_rows: OnRows | None) -> Iterator[Rows]:
    """The same batches; after each one, `on_rows` is called with the number of rows read so far."""
    n_rows = 0
    for batch in batches:
        yield batch
        n_rows += len(batch)
        if on_rows:
            on_rows(n_rows)


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse columns without a name, or with the same name."""
    if not names:
        raise InputError("the file is empty", where=where, expected="a header and rows")
    unnamed = [str(place) for place, name in enumerate(names, start=1) if not name.strip()]
    if unnamed:
        raise InputError(
            f"of the {len(names)} columns, these have no name: {', '.join(unnamed)}",
            where=where,
            expected="a name for every column",
            hint="name them, or remove them (a delimiter at the end of a header makes one more column)",
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise InputError(
            f"these names are used for more than one column: {', '.join(map(repr, repeated))}",
            where=where,
            column=repeated[0],
            expected="each column name once",
            hint="rename the columns in the file",
        )


def check_rows(n_rows: int, names: Sequence[str], where: str) -> None:
    """Refuse a table without rows."""
    if n_rows == 0:
        raise InputError(
            f"the file has no rows, only columns: {', '.join(names)}" if names else "the file has no rows",
            where=where,
            expected="at least one row",
        )
