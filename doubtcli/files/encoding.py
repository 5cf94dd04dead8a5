"""Bytes -> text: the encoding of a file, what to do if it is wrong, and the file's lines."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass, replace
from encodings.aliases import aliases
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, TextIO, TypeVar

from doubtcli.errors import InputError, SettingsError
from doubtcli.files.formats import find_binary, load_formats
from doubtcli.files.source import BUFFER_BYTES, HEAD_BYTES
from doubtcli.wording.lists import did_you_mean, join_or
from doubtcli.wording.quoting import shell_word

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
    b"PK\x03\x04": "it looks like a zip archive: unpack it; if it is an Excel workbook: --input-format xlsx",
    b"\xd0\xcf\x11\xe0": "it looks like an Excel workbook: save it as .xlsx or CSV in a spreadsheet",
    b"\xfd7zXZ\0": "it is packed by xz: unpack it, or pack it by gzip, bzip2 or zstd",
    b"SQLite format 3\0": "it is an SQLite database: export the table as CSV",
}
"""What to do with files of other formats that people may try, by their first bytes."""

MOST_NUL = 0.01
"""The largest share of NULs in a text with a fault: random bytes have .004 of them, but are no UTF-8."""

ASCII = bytes(range(0x80))
NOT_IN_WINDOWS_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Unassigned bytes: https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT."""
NOT_IN_LATIN_1 = frozenset(range(0x80, 0xA0))
"""Control characters in Latin-1, which nobody types; letters and quotes in Windows-1252."""

WESTERN = "windows-1252"
WESTERN_ALPHABETS = (
    *("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúüñçàèòïºª", "áâãàçéêíóôõúüºª", "àèéìíîòóùú", "éëïóöüèêáíú"),
    "åäöéüøæõšž",
)
"""The letters beyond ASCII of German, French, Spanish with Catalan, Portuguese, Italian, Dutch with Irish,
and the Nordic languages with Estonian."""
ICELANDIC = ("áðéíóúýþæöø", "á")
"""Its letters, with Faroese, and one that is not in Turkish, which has the others, read as Windows-1252."""
RARE_IN_THE_WEST = frozenset("ìøãõûùþðýæšžºª")
"""What frequent letters of Windows-1250, -1254 and -1257 become, read as Windows-1252."""
ELSEWHERE_OTHERS = frozenset("àèêñæåìòùûãõøïœÿðýþ")
"""Letters whose bytes are other letters in Windows-1250, -1254 or -1257; é and ü are the same in all."""
FEWEST_LETTERS = 50
"""Fewer of them may be of any language; then words must show a Western one."""
WESTERN_WORDS = re.compile(
    r"\b(the|and|of|or|with|was|for|from|this|that|have|you|your|not|are|est|une|des|pour|dans|avec|mon|où|"
    r"très|été|que|con|por|el|las|está|más|não|são|você|também|che|della|per|non|sono|è|più|der|die|das|und|"
    r"ist|nicht|für|het|een|niet|att|det|inte|är|på|ikke|ekki)\b",
    re.IGNORECASE,
)
"""Frequent words of Western European languages that other languages in Latin letters don't have."""
OTHER_SCRIPTS = {
    **{f"cp{number}": f"windows-{number}" for number in (1251, 1253, 1255, 1256)},
    "koi8_r": "koi8-r",
    "cp866": "cp866",
    "cp1125": "cp866",
    "mac_cyrillic": "mac-cyrillic",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp932": "cp932",
    "euc_jis_2004": "euc-jis-2004",
    "euc_jp": "euc-jp",
    "cp949": "euc-kr",
    "cp874": "cp874",
    "iso8859_5": "iso-8859-5",
    "iso8859_6": "iso-8859-6",
    "iso8859_7": "iso-8859-7",
    "iso8859_8": "iso-8859-8",
}
"""Older encodings of other scripts that files still have: our name of each, by charset-normalizer's name."""
WORD_BYTES = re.compile(rb"[A-Za-z\x80-\xff]{3,}")
FEWEST_HIGH = 150
"""With fewer bytes beyond ASCII, other scripts are mistaken for one another: in short texts of eleven
encodings, up to 100 such bytes were."""
MOSTLY_HIGH = 0.5
"""In words of Latin letters with some accents, fewer bytes are beyond ASCII; in other scripts nearly all are,
or, in East Asian encodings, at least every other one."""
ODD_WORD = re.compile(
    r"[^\W\d_][\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b3-\u00b6"
    r"\u00b8\u00b9\u00bb-\u00bf\u00d7\u00f7\ufffd][^\W\d_]"  # a sign between letters
    r"|[^\W\d_]{3}[\u00b3\u00b9\u00bc\u00be\u00bf](?!\w)"  # the end of a word: m³ is none
    r"|[a-zß-ÿа-яα-ω][À-ÞА-ЯΑ-Ω]"  # a capital after a small letter
    r"|[\uff61-\uff9f]{2}|[\u0080-\u009f�]"  # half-width katakana; no character
    r"|(?<![ก-ฮ\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"  # a Thai sign
    r"|[เ-ไ]{2}"  # that has no letter before or after it
)
MOST_ODD = 0.05
"""The largest share of odd words in true text: names such as "McDonald" and typing errors."""

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
    if marked is None and _looks_binary(head):
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
    name = guess_encoding(stored)
    if name == WESTERN and high_bytes & NOT_IN_WINDOWS_1252:
        name = None
    if name is None:
        raise refusal(
            f"the text is not UTF-8 ({byte}), and its older encoding is not certain",
            "give it with --encoding: windows-1250, windows-1251, windows-1254, shift-jis, gb18030, …",
        )
    if name == WESTERN and not high_bytes & NOT_IN_LATIN_1:
        name = "latin-1"
    return name, f"not UTF-8 ({byte}, line {stray.line}): read as {name}; --encoding NAME overrides"


# ------------------------------------------------------------- which older encoding


def guess_encoding(stored: StoredFile) -> str | None:
    """The encoding that a text which is not UTF-8 has; None if that is not certain."""
    sample = _sample_lines(stored)
    words = [word for word in WORD_BYTES.findall(sample) if not word.isascii()]
    n_high = sum(len(word.translate(None, delete=ASCII)) for word in words)
    if words and n_high > MOSTLY_HIGH * sum(map(len, words)):
        return next(_rank_encodings(stored, sample), None) if n_high >= FEWEST_HIGH else None
    return WESTERN if _is_western(sample.decode(WESTERN, "replace")) else None


def _is_western(text: str) -> bool:
    """Whether a text has the accents of a Western European language, read as Windows-1252.

    Polish, Czech, Turkish and others have signs within words then, or letters that are rare in the West.
    """
    letters = [letter for letter in NOT_ASCII.findall(text.lower()) if letter.isalpha()]
    most_rare = MOST_ODD * len(letters)
    n_rare = sum(letter in RARE_IN_THE_WEST for letter in letters)
    alphabets = (*WESTERN_ALPHABETS, *(ICELANDIC[:1] if ICELANDIC[1] in letters else ()))
    if len(letters) < FEWEST_LETTERS and ELSEWHERE_OTHERS.intersection(letters):
        is_known = WESTERN_WORDS.search(text) is not None
    else:
        is_known = True
    fewest_others = min(sum(letter not in alphabet for letter in letters) for alphabet in alphabets)
    return is_known and _is_plausible(text) and (n_rare <= most_rare or fewest_others <= most_rare)


def _rank_encodings(stored: StoredFile, sample: bytes) -> Iterator[str]:
    """Encodings of other scripts that decode the file to plausible words, the likeliest first."""
    from charset_normalizer import from_bytes

    for match in from_bytes(sample, cp_isolation=list(OTHER_SCRIPTS)):
        name = OTHER_SCRIPTS[match.encoding]
        if _is_plausible(sample.decode(name, "replace")) and _can_decode(stored, name):
            yield name


def _is_plausible(text: str) -> bool:
    """Whether few words have what words of no language have: see `ODD_WORD`."""
    words = [word for word in text.split() if not word.isascii()]
    return sum(ODD_WORD.search(word) is not None for word in words) <= MOST_ODD * len(words)


def _can_decode(stored: StoredFile, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with stored.open() as file:
        try:
            while chunk := file.read(BUFFER_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _sample_lines(stored: StoredFile) -> bytes:
    """The first lines that have bytes beyond ASCII."""
    found: list[bytes] = []
    size = 0
    with stored.open() as file:
        for line in file:
            if not line.isascii():
                found.append(line)
                size += len(line)
                if size >= HEAD_BYTES:
                    break
    return b"".join(found)


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


def _looks_binary(head: bytes) -> bool:
    """Whether a file's first bytes have more NULs than a text with a fault, or are no text."""
    if 0 not in head or _binary_hint(head) is not None:
        return 0 in head
    text = head.rstrip(PADDING.encode())
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text)
    except UnicodeDecodeError:
        return True
    return text.count(0) > max(1, MOST_NUL * len(text))


def _utf_16_hint(head: bytes) -> str | None:
    """What to try where every other byte is NUL, as in UTF-16 of Western text."""
    for name, nul_bytes in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if nul_bytes.count(0) > len(nul_bytes) / 2:
            return f"it looks like UTF-16 without a byte order mark: --encoding {name}"
    return None


# --------------------------------------------------------------------------- lines


PADDING = "\0\x1a"
"""What may fill up the end of a file: NULs, where its space was set aside; the sign by which DOS ended texts
(Ctrl-Z)."""


class Lines:
    r"""The physical lines of a text with their ends (`\n`, `\r` or `\r\n`), without padding at its end.

    A NUL elsewhere is refused. Text has none: one means a binary file, or UTF-16 that is read as another
    encoding.
    """

    def __init__(self, text: TextIO, where: str) -> None:
        self._text = text
        self._where = where
        self._padded: int | None = None
        self.n_characters = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._text, start=1):
            if "\0" in line or line.endswith(PADDING[1:]):
                line = self._cut_padding(line, number)  # noqa: PLW2901  # the same line
            self.n_characters += len(line)
            if line:
                yield line

    def _cut_padding(self, line: str, number: int) -> str:
        """The last line without the padding after it.

        Raises:
            InputError: It has a NUL elsewhere, or is not the last line.
        """
        cut = line.rstrip(PADDING)
        if "\0" in cut:
            raise nul_error(self._where, number)
        self._padded = number
        return cut

    def list_notes(self) -> Iterator[str]:
        """A note on what was cut off at the end."""
        if self._padded is not None:
            yield f"padding at the end of the file (NUL or Ctrl-Z), which is no text: line {self._padded:,}"


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


def nul_error(where: str, line: int) -> InputError:
    """The error for a text with a NUL in it."""
    new = PurePath(where).with_suffix(f".clean{PurePath(where).suffix}")
    return InputError(
        "the line has a NUL, a byte of zero, which no text has",
        where=where,
        line=line,
        hint=f"write the file again; or remove them: tr -d '\\000' < {shell_word(where)} > "
        f"{shell_word(str(new))}; if it is UTF-16, give the encoding with --encoding",
    )


def binary_error(where: str, *, line: int | None = None, hint: str | None = None) -> InputError:
    """The error for bytes that are not text."""
    return InputError(
        "the file looks binary: it has NUL bytes",
        where=where,
        line=line,
        expected=f"text: {join_or(one.title for one in load_formats().values() if one.is_text)}",
        hint=hint or "give the file's format with --input-format, or its encoding with --encoding",
    )
