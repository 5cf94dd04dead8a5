"""Bytes -> text: the encoding of a file, what to do if it is wrong, and the file's lines."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass, replace
from encodings.aliases import aliases
from functools import partial
from typing import TYPE_CHECKING, TextIO, TypeVar

from doubtcli.errors import InputError, SettingsError
from doubtcli.files.formats import find_binary, load_formats
from doubtcli.files.source import BUFFER_BYTES
from doubtcli.wording.lists import did_you_mean, join_or

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from doubtcli.records.file_format import Parsed, StoredFile

    TextReader = Callable[[Callable[[], TextIO], str], Parsed]
    """Reads the text that the first argument opens, perhaps more than once; the second is its name."""


BATCH_CHARACTERS = 2**26
"""The most characters in a batch of rows (64 Mi), since rows may be whole documents."""

Row = TypeVar("Row")

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, which it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

OTHER_FORMATS = {
    b"FEA1": "it looks like Feather version 1: write it again as version 2",
    b"PK\x03\x04": "it looks like an Excel workbook or a zip archive: save the sheet as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "it looks like an Excel workbook: save the sheet as CSV",
    b"\xfd7zXZ\0": "it is packed by xz: unpack it, or pack it by gzip, bzip2 or zstd",
    b"SQLite format 3\0": "it is an SQLite database: export the table as CSV",
}
"""What to do with files of other formats that people may try, by their first bytes."""

ASCII = bytes(range(0x80))
NOT_IN_WINDOWS_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Unassigned bytes: https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT."""
NOT_IN_LATIN_1 = frozenset(range(0x80, 0xA0))
"""Control characters in Latin-1, which nobody types; letters and quotes in Windows-1252."""

STRAY_BYTE = re.compile("[\udc80-\udcff]")
"""A byte that can't be decoded, as the error handler "surrogateescape" writes it."""
NOT_ASCII = re.compile("[^\0-\x7f]")


def check_encoding(name: str) -> None:
    """Refuse a name that is not a text encoding.

    Raises:
        SettingsError: Python has no such encoding; the hint is the nearest name that it has.
    """
    try:
        "".encode(name)
    except (LookupError, UnicodeError) as error:
        raise SettingsError(
            f"there is no text encoding called {name!r}",
            where="--encoding",
            expected="a name such as utf-8, utf-16, latin-1, windows-1252 or shift-jis",
            hint=did_you_mean(name.lower().replace("-", "_"), sorted(aliases)),
        ) from error


def choose_encoding(head: bytes, given: str | None, where: str) -> str:
    """The encoding to try first: the one given, else that of the byte order mark, else UTF-8.

    Raises:
        InputError: The file has no byte order mark but NUL bytes, so it is not text, or it is UTF-16.
    """
    marked = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if given:
        if marked is None and codecs.lookup(given).name in ("utf-16", "utf-32"):
            raise InputError(
                f"the file has no byte order mark, so its byte order in {given} is not known",
                where=where,
                hint=_utf_16_hint(head) or f"--encoding {given}-le or {given}-be",
            )
        # if "utf-8" or "utf-16-le" is given and the mark agrees, the mark is not part of the text
        return (
            marked
            if marked and _encoding_family(marked) == _encoding_family(codecs.lookup(given).name)
            else given
        )
    if marked is None and b"\0" in head:
        raise binary_error(where, hint=_binary_hint(head) or _utf_16_hint(head))
    return marked or "utf-8"


def open_text(stored: StoredFile, encoding: str) -> TextIO:
    """The text of a file from its start, with its line ends unchanged."""
    return io.TextIOWrapper(stored.open(), encoding=encoding, newline="")


def parse_text(stored: StoredFile, given: str | None, parse: TextReader) -> Parsed:
    """The rows of a text file, in the encoding that is given or detected.

    Args:
        stored: The file.
        given: Its encoding, if the user gave one.
        parse: Reads its text, twice if it turns out to be in another encoding.

    Raises:
        InputError: It is not text, or its encoding can't be detected.
    """
    encoding = choose_encoding(stored.head(), given, stored.path)
    notes: tuple[str, ...] = ()
    try:
        parsed = parse(partial(open_text, stored, encoding), stored.path)
    except UnicodeDecodeError:
        encoding, note = choose_second_encoding(stored, encoding, given=given is not None)
        parsed, notes = parse(partial(open_text, stored, encoding), stored.path), (note,)
    return replace(parsed, encoding=encoding, notes=(*notes, *parsed.notes))


def choose_second_encoding(stored: StoredFile, tried: str, *, given: bool) -> tuple[str, str]:
    """Another encoding for a file that is not in the first one tried, and a note on it.

    Only a file that was assumed to be UTF-8 gets another encoding, and only if most of its non-ASCII bytes
    are not valid UTF-8: otherwise a UTF-8 file with one damaged line would be garbled.

    Raises:
        InputError: No other encoding is likely; names the first byte that can't be decoded.
    """
    stray = _find_stray_byte(stored, tried)
    byte = f"byte 0x{stray.byte:02X} at offset {stray.offset}"

    def refusal(found: str, hint: str) -> InputError:
        return InputError(found, where=stored.path, line=stray.line, hint=hint)

    if given:
        raise refusal(f"{byte} is not valid {tried}", "give the file's true encoding with --encoding")
    if tried != "utf-8":
        raise refusal(
            f"{byte} is not valid {tried}, the encoding of the file's byte order mark",
            "the file is damaged: write it again",
        )
    n_stray, n_decoded, high_bytes = _tally_bytes(stored)
    if n_decoded >= n_stray:
        found = f"{byte} is not valid UTF-8, but {n_decoded} other non-ASCII characters are"
        raise refusal(found, "repair the line; or give the encoding with --encoding (latin-1 reads any byte)")
    if high_bytes & NOT_IN_WINDOWS_1252:
        found = f"the text is neither UTF-8 ({byte}) nor Windows-1252"
        raise refusal(found, "give its encoding with --encoding: shift-jis, gb18030, windows-1251, …")
    name = "windows-1252" if high_bytes & NOT_IN_LATIN_1 else "latin-1"
    return name, f"not UTF-8 ({byte}, line {stray.line}): read as {name}; --encoding NAME overrides"


@dataclass(frozen=True)
class _Stray:
    """The first byte that can't be decoded."""

    byte: int
    offset: int
    line: int


def _find_stray_byte(stored: StoredFile, encoding: str) -> _Stray:
    decoder = codecs.getincrementaldecoder(encoding)()
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    line, offset, chunk = 1, 0, b"not empty"
    with stored.open() as file:
        while chunk:
            chunk = file.read(BUFFER_BYTES)
            state = decoder.getstate()
            offset += len(chunk)
            try:
                line += line_ends.decode(decoder.decode(chunk, final=not chunk)).count("\n")
            except UnicodeDecodeError as error:
                left = len(error.object) - error.start  # a character may start in the chunk before
                decoder.setstate(state)
                line += line_ends.decode(decoder.decode(chunk[: max(0, len(chunk) - left)])).count("\n")
                return _Stray(error.object[error.start], offset - left, line)
    raise InputError("the file changed while it was read", where=stored.path)


def _tally_bytes(stored: StoredFile) -> tuple[int, int, set[int]]:
    """The number of bytes that are not UTF-8 and of non-ASCII characters, and the high bytes that occur."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    n_stray, n_decoded = 0, 0
    high_bytes: set[int] = set()
    with stored.open() as file:
        while chunk := file.read(BUFFER_BYTES):
            if b"\0" in chunk:
                raise binary_error(stored.path)
            beyond = NOT_ASCII.findall(decoder.decode(chunk))
            stray = sum(STRAY_BYTE.match(character) is not None for character in beyond)
            n_stray += stray
            n_decoded += len(beyond) - stray
            high_bytes.update(chunk.translate(None, delete=ASCII))
    return n_stray, n_decoded, high_bytes


def _encoding_family(encoding: str) -> tuple[str, ...]:
    """The same for "utf-16", "utf-16-le" and "utf-16-be"."""
    return tuple(encoding.split("-")[:2])


def _binary_hint(head: bytes) -> str | None:
    """What to do with a file that is not text, by its first bytes."""
    format_ = find_binary(head)
    if format_ is not None:
        return f"it looks like {format_.recognise(head)}: --input-format {format_.name}"
    return next((hint for magic, hint in OTHER_FORMATS.items() if head.startswith(magic)), None)


def _utf_16_hint(head: bytes) -> str | None:
    """What to try where every other byte is NUL, as in UTF-16 of Western text."""
    for name, nul_bytes in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if nul_bytes.count(0) > len(nul_bytes) / 2:
            return f"it looks like UTF-16 without a byte order mark: --encoding {name}"
    return None


# --------------------------------------------------------------------------- lines


class Lines:
    r"""The physical lines of a text with their ends (`\n`, `\r` or `\r\n`); NUL is refused.

    Text has no NUL: one means a binary file, or UTF-16 that is read as another encoding.
    """

    def __init__(self, text: TextIO, where: str) -> None:
        self._text = text
        self._where = where
        self.n_characters = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._text, start=1):
            if "\0" in line:
                raise binary_error(self._where, line=number)
            self.n_characters += len(line)
            yield line


def split_batches(rows: Iterable[Row], lines: Lines, batch_rows: int) -> Iterator[list[Row]]:
    """The rows in lists of at most `batch_rows`, fewer if rows are long."""
    batch: list[Row] = []
    limit = BATCH_CHARACTERS
    for row in rows:
        batch.append(row)
        if len(batch) >= batch_rows or lines.n_characters > limit:
            yield batch
            batch = []
            limit = lines.n_characters + BATCH_CHARACTERS
    if batch:
        yield batch


def binary_error(where: str, *, line: int | None = None, hint: str | None = None) -> InputError:
    """The error for bytes that are not text."""
    return InputError(
        "the file looks binary: it has NUL bytes",
        where=where,
        line=line,
        expected=f"text: {join_or(one.title for one in load_formats().values() if one.is_text)}",
        hint=hint or "give the file's format with --input-format, or its encoding with --encoding",
    )
