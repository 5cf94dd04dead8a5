"""How a delimited text is written: its delimiter, its quotes, and the lines above its header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

from doubtcli.wording.numbers import NUMBER

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable, Iterator, Sequence

    from doubtcli.records import ReadOptions

MAX_FIELD = 2**31 - 1
"""The largest limit that the csv module takes on every platform (a C long)."""

LIKELY_DELIMITERS = (",", "\t", ";", "|")
"""The delimiters that are tried; earlier ones win a tie."""
BLANKS = " "
"""The delimiter of a text whose fields are separated by runs of spaces and tabs."""

QUOTINGS = ("minimal", "none", "spaced", "backslash", "single")
"""What may enclose a field: "…"; nothing, as quotes are plain characters; "…" after blanks; "…" with a
backslash before a quote inside; '…'."""
DETECTED_QUOTINGS = ("minimal", "spaced", "backslash", "single")
"""Those that are tried if the user named none, in this order. Quotes that don't match are an error first of
all, so that none of a file's rows can be joined in silence."""

SAMPLE_RECORDS = 200
"""The number of records in the sample: enough to tell a delimiter from a character in the text."""
SAMPLE_CHARACTERS = 2**20
"""The largest sample, for instance if a quote is never closed."""

DELIMITER_LINE = re.compile(r"""("?)sep=([^\w"'\r\n])\1[,;\t| ]*(?:\r\n?|\n|\Z)""", re.IGNORECASE)
"""A first line that names the delimiter, as Excel reads it: sep=;"""
COMMENT_SIGNS = ("#", "%", "//")
"""What a comment above a header starts with: in R, pandas and NumPy, in TeX and ARFF, and in C."""
IN_WORDS = re.compile(r"(#+|%+|//)\s")
"""A comment's sign before a text; before a name, it may belong to the name."""
KNOWN_NAMES = frozenset({"id", "text", "sentence", "label", "labels", "class", "target", "category"})
"""Names that show that a record is a header."""
FEWEST_BELOW = 3
"""Below a title there are at least as many records: a header and two rows."""
MOST_LEAD = 30
"""The most records above a header."""
IN_BLANKS = re.compile(r"\s\s|(^|\s)[+-]?\d+\.\d+(\s|$)")
"""In columns separated by blanks: runs of them, or a decimal. Texts of equally many words have neither."""
FEWEST_LINES = 5
"""Fewer lines may have equally many words by chance."""


@dataclass(frozen=True)
class Dialect:
    """How a delimited text is written."""

    delimiter: str = ","
    """One character; `BLANKS` for any run of spaces and tabs."""
    quoting: str = "minimal"
    """One of `QUOTINGS`."""
    has_header: bool = True
    lead_lines: int = 0
    """The number of lines above the header that are no rows."""

    @property
    def quote(self) -> str | None:
        """What encloses a field; None if nothing does."""
        return {"none": None, "single": "'"}.get(self.quoting, '"')

    @property
    def has_escapes(self) -> bool:
        """Whether a backslash makes the next character a plain one."""
        return self.quoting == "backslash"

    @property
    def skips_blanks(self) -> bool:
        """Whether spaces before a field are no part of it."""
        return self.quoting == "spaced" or self.delimiter == BLANKS

    def read_records(self, lines: Iterable[str]) -> Reader:
        """A strict reader of the records, from the header on."""
        csv.field_size_limit(MAX_FIELD)
        if self.delimiter == BLANKS:
            lines = (line.rstrip(" \t\r\n").replace("\t", " ") + "\n" for line in lines)
        if self.has_escapes:  # a database's missing value, which the csv module would read as the letter N
            null = re.compile(rf"((?:^|{self.between})\\)(?=N(?:{self.between}|[\r\n]|$))")
            lines = (null.sub(r"\1\\", line) for line in lines)
        if self.quote is None:
            return csv.reader(
                lines,
                delimiter=self.delimiter,
                skipinitialspace=self.skips_blanks,
                quoting=csv.QUOTE_NONE,
                quotechar=None,
            )
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar="\\" if self.has_escapes else None,
            skipinitialspace=self.skips_blanks,
            strict=True,
        )

    # ------------------------------------------------------- the same, as patterns

    @cached_property
    def between(self) -> str:
        """A pattern for what is between two fields."""
        return r"[ \t]++" if self.delimiter == BLANKS else re.escape(self.delimiter)

    @cached_property
    def before(self) -> str:
        """A pattern for the spaces before a field that are no part of it."""
        return "[ \t]*+" if self.delimiter == BLANKS else " *+" if self.skips_blanks else ""

    @cached_property
    def after(self) -> str:
        """A pattern for the spaces at the end of a line that are no part of it."""
        return "[ \t]*+" if self.delimiter == BLANKS else ""

    @cached_property
    def field(self) -> str:
        """A pattern for one field; it never backtracks, so long fields take no longer."""
        within = rf"[^{re.escape(self.delimiter)}\r\n]"
        if self.delimiter == BLANKS:
            return self._enclose(r"[^ \t\r\n]++", r"[^ \t\r\n]++")
        return self._enclose(f"{within}*+", rf"(?:{within[:-1]}\\]|\\[\s\S])*+")

    def _enclose(self, plain: str, escaped: str) -> str:
        quote = self.quote
        if quote is None:
            return plain
        if self.has_escapes:
            inside = r'[^"\\]*+(?:(?:\\[\s\S]|"")[^"\\]*+)*+'
            return rf'(?:"{inside}"|(?!"){escaped})'
        return rf"(?:{quote}[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}|(?!{quote}){plain})"

    @cached_property
    def empty_field(self) -> str:
        """A pattern for a field with nothing in it."""
        return self.before + (f"(?:{self.quote}{self.quote})?+" if self.quote else "")

    def write_field(self, value: str, *, in_quotes: bool) -> str:
        """A value as it is written in this dialect.

        Raises:
            ValueError: Quotes are plain characters here, and the value would need them.
        """
        breaks = [mark for mark in (*(self.delimiter, "\r", "\n"), *self._tab()) if mark in value]
        if self.quote is None:
            if breaks:
                raise ValueError(f"without quotes, {breaks[0]!r} would end the field")
            return value
        is_trimmed = self.skips_blanks and value != value.lstrip(" ")
        if not (
            in_quotes or breaks or is_trimmed or self.quote in value or (self.has_escapes and "\\" in value)
        ):
            return value
        if self.has_escapes:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        else:
            value = value.replace(self.quote, self.quote * 2)
        return f"{self.quote}{value}{self.quote}"

    def _tab(self) -> tuple[str, ...]:
        return ("\t",) if self.delimiter == BLANKS else ()


def find_dialect(sample: Sequence[str], options: ReadOptions) -> tuple[Dialect, tuple[str, ...]]:
    """How a delimited text is written, as far as its first lines show, and a note if it is not certain.

    What the options have is believed.

    Args:
        sample: The first lines; the last may be incomplete.
        options: What is known of the text.
    """
    dialect = Dialect(quoting=options.quoting or QUOTINGS[0], has_header=options.has_header)
    notes: tuple[str, ...] = ()
    if options.delimiter is not None:
        dialect = replace(dialect, delimiter=options.delimiter)
    else:
        dialect, notes = guess_delimiter(sample, dialect)
    if options.lead_lines is not None:
        return replace(dialect, lead_lines=options.lead_lines), notes
    return replace(dialect, lead_lines=count_lead_lines(sample, dialect)), notes


def shows_quoting(lines: Iterable[str], dialect: Dialect) -> bool:
    """Whether a text has signs of its quoting; of plain quotes none are needed.

    They are: quotes that open after a delimiter and blanks; quotes after a backslash; single quotes around a
    field with a delimiter in it, where no field has double quotes around it.
    """
    before = rf"(?:^|{dialect.between})"
    sign = {
        "spaced": rf'{dialect.between} +"',
        "backslash": r'\\"',
        "single": rf"{before}'[^'\r\n]*{dialect.between}",
    }.get(dialect.quoting, "")
    other = rf'{before}"' if dialect.quoting == "single" else "(?!)"
    is_shown = False
    for line in lines:
        if re.search(other, line):
            return False
        is_shown = is_shown or re.search(sign, line) is not None
    return is_shown


# -------------------------------------------------------------- the lines above the header


def count_lead_lines(sample: Sequence[str], dialect: Dialect) -> int:
    """The number of lines above the header that are no rows: `sep=;`, comments and titles.

    A comment starts with a sign of `COMMENT_SIGNS`, and has more or fewer fields than a usual record. A title
    fills at most half as many, the first of them; more if the names below it are known ones. Both must be
    followed by a record at least as wide as usual; after a title, it must be filled, and have no numbers, as
    names of columns do.
    """
    named = bool(sample) and DELIMITER_LINE.match(sample[0]) is not None
    n_named = int(named)
    records = list(_sample_records(sample[n_named:], dialect))
    widths = Counter(_count_to_last(record) for _, record in records)
    if not widths:
        return n_named
    usual = max(widths, key=lambda width: (widths[width], width))
    filled = Counter(_count_filled(record) for _, record in records)
    usually_filled = max(filled, key=lambda count: (filled[count], count))
    first_full = next((record for _, record in records if len(record) >= usual), [])
    has_known_names = any(name.strip().casefold() in KNOWN_NAMES for name in first_full)
    has_title = False
    for number, (line, record) in enumerate(records[: MOST_LEAD + 1]):
        n_filled = _count_filled(record)
        if _is_comment(record[0], n_filled, usually_filled):
            continue
        is_title = n_filled * 2 <= usually_filled or (len(record) < usual and has_known_names)
        if record[0].strip() and is_title and widths[usual] >= FEWEST_BELOW:
            has_title = True
            continue
        is_header = len(record) >= usual and (not has_title or not dialect.has_header or _are_names(record))
        return n_named + line if number and is_header else n_named
    return n_named


def _is_comment(first: str, n_filled: int, usually_filled: int) -> bool:
    """Whether a record is a comment, by its first field and how many fields are filled."""
    if n_filled > usually_filled:
        return IN_WORDS.match(first) is not None
    return first.startswith(COMMENT_SIGNS) and n_filled < usually_filled


def _sample_records(sample: Sequence[str], dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The first records that have something in them, each with the number of lines before it."""
    reader = dialect.read_records(sample)
    start = 0
    try:
        for record in islice(reader, SAMPLE_RECORDS):
            if any(record):
                yield start, record
            start = reader.line_num
    except csv.Error:
        return


def _count_to_last(record: Sequence[str]) -> int:
    """How many fields a record has, without empty ones at its end: rows may end with more delimiters."""
    return max((place for place, field in enumerate(record, 1) if field.strip()), default=1)


def _count_filled(record: Sequence[str]) -> int:
    return sum(bool(field.strip()) for field in record)


def _are_names(record: Sequence[str]) -> bool:
    """Whether a record may be a header: no numbers, and no empty field except at its ends."""
    names = [name.strip() for name in record]
    while names and not names[-1]:
        names.pop()
    inner = names[1:]
    return all(inner) and not any(re.fullmatch(NUMBER, name) for name in names if name) and bool(names)


# ------------------------------------------------------------------ which delimiter


@dataclass(frozen=True)
class DelimiterGuess:
    """A delimiter, and how well it fits the sample."""

    delimiter: str
    width: int
    """The number of fields in the header."""
    share: float
    """The share of records with as many fields as the header."""
    lead: int
    """The number of lines above the header."""

    @property
    def rate(self) -> tuple[float, int, int]:
        """What is compared: a delimiter that makes a header of the first line is likelier."""
        return self.share, -self.lead, self.width


def guess_delimiter(sample: Sequence[str], dialect: Dialect) -> tuple[Dialect, tuple[str, ...]]:
    """The dialect with the delimiter that gives most records as many fields as the header; more win a tie.

    Text has commas too, but seldom the same number in every record and in the header. Also returns a note if
    another delimiter fits equally well. A first line such as `sep=;` names the delimiter.
    """
    named = DELIMITER_LINE.match(sample[0]) if sample else None
    if named is not None:
        return replace(dialect, delimiter=named[2]), ()
    guesses = [
        guess
        for delimiter in LIKELY_DELIMITERS
        if (guess := _try_delimiter(sample, replace(dialect, delimiter=delimiter))).width > 1
    ]
    best = max(guesses, key=lambda guess: guess.rate, default=None)  # the first if several are equal
    if _are_blanks_between(sample, best):
        return replace(dialect, delimiter=BLANKS), ("columns are separated by runs of blanks",)
    if best is None:
        return dialect, ()
    rivals = [guess.delimiter for guess in guesses if guess is not best and guess.rate == best.rate]
    return replace(dialect, delimiter=best.delimiter), _note_rivals(best.delimiter, rivals)


def _try_delimiter(sample: Sequence[str], dialect: Dialect) -> DelimiterGuess:
    lead = count_lead_lines(sample, dialect)
    widths = [width for width in _record_widths(sample[lead:], dialect) if width]
    width = widths[0] if widths else 0
    return DelimiterGuess(dialect.delimiter, width, widths.count(width) / max(1, len(widths)), lead)


def _record_widths(sample: Sequence[str], dialect: Dialect) -> Iterator[int]:
    """The number of fields in each record; -1 for one that can't be read, which ends the sample."""
    try:
        for record in islice(dialect.read_records(sample), SAMPLE_RECORDS):
            yield len(record)
    except csv.Error:
        yield -1


def _are_blanks_between(sample: Sequence[str], best: DelimiterGuess | None) -> bool:
    """Whether columns are separated by blanks: equally many words on each line, and no better delimiter."""
    lines = [line.strip() for line in sample[:SAMPLE_RECORDS] if line.strip()]
    lines = [line for line in lines if not line.startswith(COMMENT_SIGNS)]
    widths = {len(line.split()) for line in lines}
    if len(lines) < FEWEST_LINES or len(widths) != 1 or widths == {1}:
        return False
    if best is not None and (best.delimiter != "\t" or _is_clean(lines, best.width)):
        return False
    return all(IN_BLANKS.search(line) for line in lines[1:])


def _is_clean(lines: Sequence[str], width: int) -> bool:
    """Whether tabs give every line equally many fields, without blanks around them."""
    fields = [line.split("\t") for line in lines]
    return all(len(each) == width for each in fields) and all(
        field == field.strip() for field in chain.from_iterable(fields)
    )


def _note_rivals(delimiter: str, rivals: list[str]) -> tuple[str, ...]:
    if not rivals:
        return ()
    others = " or ".join(map(repr, rivals))
    return (f"read with the delimiter {delimiter!r}, but {others} would fit as well: --delimiter overrides",)
