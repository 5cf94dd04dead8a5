"""The file formats, ours and other people's: found by entry point, asked for by word, ending or first bytes.

Here is also what each of their readers promises of a table.
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

FORMATS_ORDER = ("csv", "tsv", "jsonl", "parquet", "arrow")
"""The order in which formats are named; any other follows by name."""

FORMAT_PARTS = (
    *("name", "title", "endings", "aliases", "part_endings", "delimiter", "is_text", "columns_by"),
    *("recognise", "read", "row_lines", "rewrite", "find_difference"),
)
"""What a format must have: see `FileFormat`."""

BATCH_ROWS = 50_000
"""Rows turned into Arrow at a time: enough to cost nothing a batch, few enough to fit beside the table."""

PACKED_ENDINGS = {"gzip": ".gz", "bz2": ".bz2", "zstd": ".zst"}
"""Endings that say nothing of what is inside, by how the file is packed."""


def format_words() -> tuple[str, ...]:
    """The words that --input-format takes, aliases left out; no format is imported for it."""
    return tuple(one.name for one in _find_formats())


def fill_in_formats(sentence: str) -> str:
    """A sentence about a setting, with the formats that are installed.

    Example:
        >>> fill_in_formats("How the rows are ranked.")
        'How the rows are ranked.'
    """
    if INSTALLED_FORMATS not in sentence:
        return sentence
    return sentence.replace(INSTALLED_FORMATS, join_or(format_words()))


def load_formats() -> dict[str, FileFormat]:
    """Every installed format by the word for it, the familiar ones first.

    Raises:
        FormatError: One can't be imported, lacks something, or has a word or an ending that another one has.
    """
    return _loaded(_find_formats())


def find_format(word: str) -> FileFormat:
    """The format that a `Source` or a ledger names, or that --input-format takes the word for.

    Raises:
        InputError: No package that is installed brings it.
    """
    formats = load_formats()
    found = formats.get(word) or next((one for one in formats.values() if word in one.aliases), None)
    if found is None:
        raise InputError(
            f"there is no file format {word!r}",
            expected=f"one of {', '.join(formats)}",
            hint="install the package that brought it",
        )
    return found


def title_of(name: str) -> str:
    """What reports call a format; its name where it is not installed any more."""
    formats = load_formats()
    return formats[name].title if name in formats else name


def guess_format(path: str, head: bytes) -> str:
    """The word for a file's format: its ending says it, else its first bytes, which CSV has any of."""
    recognised = (word for word, one in reversed(load_formats().items()) if one.recognise(head))
    return find_by_ending(path) or next(recognised)


def find_by_ending(path: str) -> str | None:
    """The word for the format that a file's name promises; None where it promises none."""
    ending = last_ending(path)
    return next((word for word, one in load_formats().items() if ending in one.endings), None)


def last_ending(path: str) -> str:
    """A file's ending in lower case, one that says how it is packed left out; empty where it has none."""
    endings = [one for one in PurePath(path.lower()).suffixes if one not in PACKED_ENDINGS.values()]
    return endings[-1] if endings else ""


def find_binary(head: bytes) -> FileFormat | None:
    """The format that is no text and whose files start so; None if there is none."""
    return next((one for one in load_formats().values() if not one.is_text and one.recognise(head)), None)


def input_format_of(source: Source) -> str:
    """The word by which --input-format has a file read again as it was read."""
    same = (
        word
        for word, one in load_formats().items()
        if (one.name, one.delimiter) == (source.format, source.delimiter)
    )
    return next(same, source.format)


def _find_formats() -> tuple[Installed, ...]:
    return find_installed(FORMATS_GROUP, NOUN, FormatError, FORMATS_ORDER)


@cache
def _loaded(found: tuple[Installed, ...]) -> dict[str, FileFormat]:
    loaded: dict[str, FileFormat] = {}
    taken: dict[str, str] = {}
    for one in found:
        format_ = one.make(FORMAT_PARTS)
        _check_claims(format_, one.where, one.name, taken)
        loaded[one.name] = format_
    return loaded


def _check_claims(found: FileFormat, where: str, word: str, taken: dict[str, str]) -> None:
    """Refuse a format that takes a word or an ending that means another one already."""
    for claim in (word, *found.aliases, *found.endings):
        if claim in taken:
            raise FormatError(
                f"{claim!r} means {taken[claim]} already",
                where=where,
                hint="uninstall it, or leave all plug-ins out with DOUBT_PLUGINS=off",
            )
        taken[claim] = found.title


def name_in_crash(format_: FileFormat) -> AbstractContextManager[None]:
    """Name somebody else's format in what it raises that is no error of ours."""
    return blame_author(format_, f"{NOUN} {format_.title}", FormatError)


def rewrite_content(
    content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes] | None = None
) -> Rewritten:
    """A file with its edits: see `FileFormat.rewrite`.

    Raises:
        InputError: There is no such row, it has no label, or a row to be added has other columns.
        OutputError: The file can't hold a label.
    """
    format_ = find_format(layout.format)
    with name_in_crash(format_):
        return format_.rewrite(content, layout, edits, added or {})


# ------------------------------------------------------------- what every reader promises


def watch_batches(batches: Iterable[Rows], on_rows: OnRows | None) -> Iterator[Rows]:
    """The same batches; tells how many rows were read so far after each."""
    n_rows = 0
    for batch in batches:
        yield batch
        n_rows += len(batch)
        if on_rows:
            on_rows(n_rows)


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse columns that can't be told apart by name."""
    if not names:
        raise InputError("the file is empty", where=where, expected="a header and rows")
    unnamed = [str(place) for place, name in enumerate(names, start=1) if not name.strip()]
    if unnamed:
        raise InputError(
            f"of the {len(names)} columns, these have no name: {', '.join(unnamed)}",
            where=where,
            expected="a name for every column",
            hint="name it in the header, or remove it (a header that ends in a delimiter adds one)",
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise InputError(
            f"more than one column is called {', '.join(map(repr, repeated))}",
            where=where,
            column=repeated[0],
            expected="each column name once",
            hint="rename the columns in the file",
        )


def check_rows(n_rows: int, names: Sequence[str], where: str) -> None:
    """Refuse a table without a row."""
    if n_rows == 0:
        raise InputError(
            f"the file has no rows, only columns: {', '.join(names)}",
            where=where,
            expected="at least one row",
        )
