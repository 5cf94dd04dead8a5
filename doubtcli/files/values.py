"""The values of a column of any Arrow type: its distinct values, as text, numbers or times."""

from __future__ import annotations

import json
from collections import OrderedDict
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.records.file_format import FileFormat
from doubtcli.wording.numbers import NUMBER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from doubtcli.records import ReadOptions, Table
    from doubtcli.records.file_format import Changes, StoredFile

TEXT = pa.large_string()
"""64-bit offsets, so that sorting or joining chunks of long texts never overflows."""

MISSING_WORDS = frozenset({"na", "n/a", "#n/a", "nan", "<na>", "null", "none", "missing", "-", "?", "."})
"""Words for a missing number: those of pandas and R, and the marks in UCI's files."""

NO_VALUE = (
    r"(?i)^[\s\x{A0}]*(#[\pL\d/]+[!?]?|[+-]?inf(inity)?|[nk]\.?\s?[ad]\.?|\\n|[-\x{2013}\x{2014}.*?]+|"
    r"nan|n/a|<na>|null|nil|none|missing|unknown|blank|empty|\(blank\)|\(empty\)|"
    r"not available|not applicable|not detected)?[\s\x{A0}]*$"
)
"""Cells without a value, of which a column of numbers may have many: words, dashes, and the errors of
spreadsheets in any language (#DIV/0!, #WERT!)."""

MINUS = "\u2212"
BLANK = r"[\s\x{A0}\x{2009}\x{202F}]*"
CURRENCY = r"(?:[A-Z]{0,3}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|CAD|AUD|SEK|NOK|DKK|PLN|CZK|RUB|Rs\.?|kr\.?)"
UNIT = rf"(?:{CURRENCY}|[%‰°\pL][^\s\d,;|]{{0,11}}[²³23]?)"
SIGN = r"[+\-\x{2212}]"
SPACE = r"\x{20}\x{A0}\x{2009}\x{202F}'\x{2019}"
WRITTEN = (
    rf"^{BLANK}(?P<sign>{SIGN}?)(?P<before>{CURRENCY}?){BLANK}(?P<sign_after>{SIGN}?)"
    rf"(?P<digits>\d(?:[\d.,{SPACE}]*\d)?\.?|[.,]\d+)(?P<exponent>(?:[eE]{SIGN}?\d+)?)"
    rf"{BLANK}(?P<after>{UNIT}?){BLANK}$"
)
"""A number with what may be around it; what is between its digits is looked at apart."""

PLAIN = " "
"""What is before and after a number without unit and currency, joined by a blank."""
LAYOUTS = {
    ".": rf"^(\d+|[1-9]\d{{0,2}}(,\d{{3}})+|[1-9]\d{{0,2}}([{SPACE}]\d{{3}})+)(\.\d*)?$|^\.\d+$",
    ",": rf"^(\d+|[1-9]\d{{0,2}}(\.\d{{3}})+|[1-9]\d{{0,2}}([{SPACE}]\d{{3}})+)(,\d+)?$|^,\d+$",
}
"""How digits are separated, by the sign between whole numbers and fractions."""

NEARLY_ALL_NUMBERS = 0.9
"""From this share of the rows on, a column has numbers, and its other cells are missing: the share of rows,
not of different cells, so that one odd cell counts as one."""
MOST_CHARACTERS = 40
"""Longer cells, on average, are texts."""

CODE = r"^\s*[+-]?0\d"
"""Text with a leading zero that a number would lose: a zip code, a phone number."""
DAY = r"\d{4}[-/]\d{2}[-/]\d{2}"
CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?"
TIME = rf"^\s*{DAY}({CLOCK})?\s*$"

MOST_REMEMBERED = 2**22
"""The most cells of columns whose different values are remembered."""
PEEK = 200
"""Values checked first, when all must match a pattern: these few rule most columns out."""


@dataclass(frozen=True)
class NumbersRead:
    """The different cells of a column as numbers."""

    numbers: NDArray[np.float64]
    """Shape `(n_values,)`; NaN for a cell that is not a number."""
    example: str | None = None
    """A number that is written in another way than 1234.5; None if there is none."""


@dataclass(frozen=True)
class Distinct:
    """The different values of a column, each once; missing ones (null, NaN) are left out."""

    values: pa.Array
    codes: NDArray[np.intp]
    """Shape `(n_rows,)`: each row's place in `values`, -1 where it is missing."""

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.codes)

    @cached_property
    def n_missing(self) -> int:
        """The number of rows where the value is missing."""
        return int((self.codes < 0).sum())

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """The number of rows with each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    @cached_property
    def texts(self) -> pa.Array:
        """Each value as text."""
        return _to_texts(self.values)

    @cached_property
    def numbers(self) -> NDArray[np.float64] | None:
        """Each value as a number, NaN for one that is none; None if fewer than nearly all are numbers."""
        return None if self.numbers_read is None else self.numbers_read.numbers

    @cached_property
    def numbers_read(self) -> NumbersRead | None:
        """The same, and an example of how they are written."""
        if _is_number(self.values.type):
            return NumbersRead(_to_floats(self.values))
        if self.values.type != TEXT:
            return None
        if not self._look_like(NUMBER, but=MISSING_WORDS):
            return read_written_numbers(self.values, self.counts)
        numbers = parse_numbers(self.values)
        return None if np.isnan(numbers).all() else NumbersRead(numbers)

    @cached_property
    def times(self) -> pd.DatetimeIndex | None:
        """Each value as a time; None if a value is not a time, or there are no values."""
        if self.values.type == TEXT and not self._look_like(TIME):
            return None
        return None if self.moments.hasnans or not len(self.values) else self.moments

    @cached_property
    def moments(self) -> pd.DatetimeIndex:
        """Each value as a time, in UTC if it has no zone; NaT if it is not a time."""
        import pandas as pd  # takes long to load, and few files have times

        if pa.types.is_timestamp(self.values.type) or pa.types.is_date(self.values.type):
            return pd.DatetimeIndex(pd.to_datetime(self.values.to_pandas(date_as_object=False), utc=True))
        like = pc.match_substring_regex(self.texts, TIME)
        texts = pc.if_else(like, pc.utf8_trim_whitespace(self.texts), pa.scalar(None, TEXT)).to_pylist()
        series = pd.Series(texts, dtype=object)
        return pd.DatetimeIndex(pd.to_datetime(series, format="ISO8601", utc=True, errors="coerce"))

    def share_like(self, pattern: str) -> float:
        """The share of the values, as text, that match a regular expression."""
        hits = pc.sum(pc.match_substring_regex(self.texts, pattern)).as_py()
        return (hits or 0) / max(1, len(self.texts))

    def on_rows(self, by_value: NDArray[Any], missing: object) -> NDArray[Any]:
        """Something that was computed for each value, on the rows with that value."""
        return np.append(by_value, np.array([missing], dtype=by_value.dtype))[self.codes]

    def _look_like(self, pattern: str, but: frozenset[str] = frozenset()) -> bool:
        for values in (self.values.slice(0, PEEK), self.values.slice(PEEK)):
            like = pc.match_substring_regex(values, pattern)
            others = pc.filter(values, pc.invert(like))
            if any(value.strip().lower() not in but for value in others.to_pylist()):
                return False
        return True


def simplify_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without dictionary or extension type, with text as large_string and NaN as null."""
    type_ = column.type
    if isinstance(type_, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], type_.storage_type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type) or pa.types.is_null(column.type):
        return column.cast(TEXT)
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


_remembered: ContextVar[OrderedDict[tuple[object, ...], tuple[pa.ChunkedArray, Distinct]] | None] = (
    ContextVar("_remembered", default=None)
)
"""The columns that were looked at last, each with its different values; None where none are kept."""


@contextmanager
def remember_columns() -> Iterator[None]:
    """Inside, the different values of a column are found once, though many ask for them.

    Only of a few columns at a time, so that many long ones don't fill the memory.
    """
    outside = _remembered.set(OrderedDict())
    try:
        yield
    finally:
        _remembered.reset(outside)


def find_distinct(column: pa.ChunkedArray) -> Distinct:
    """The different values of a column; lists and other nested values are compared as JSON text."""
    kept = _remembered.get()
    if kept is None or not (is_text(column.type) or pa.types.is_primitive(column.type)):
        return _find_distinct(column)
    key = _identify_column(column)
    if key not in kept:
        kept[key] = (column, _find_distinct(column))  # with the column, so that no other is stored there
        while len(kept) > 1 and sum(len(one) for one, _ in kept.values()) > MOST_REMEMBERED:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key][1]


def _identify_column(column: pa.ChunkedArray) -> tuple[object, ...]:
    """Where a column is in memory: two columns at the same place are the same."""
    chunks = (
        (len(chunk), chunk.offset, *(None if one is None else one.address for one in chunk.buffers()))
        for chunk in column.chunks
    )
    return (column.type, *chunks)


def _find_distinct(column: pa.ChunkedArray) -> Distinct:
    column = simplify_column(column)
    if pa.types.is_nested(column.type):
        column = pa.chunked_array([[show_value(value) for value in column.to_pylist()]], TEXT)
    if not len(column):
        return Distinct(pa.array([], column.type), np.zeros(0, dtype=np.intp))
    # not of the chunks put together, which would be a copy of the column; all have the same dictionary
    encoded = column.dictionary_encode().chunks
    codes = [pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False) for chunk in encoded]
    return Distinct(encoded[-1].dictionary, np.concatenate(codes).astype(np.intp))


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Every value as text; missing ones are null."""
    column = simplify_column(column)
    if column.type == TEXT:
        return column
    values = find_distinct(column)
    taken = values.texts.take(pa.array(values.codes, mask=values.codes < 0))
    return pa.chunked_array([taken])


def show_value(value: object) -> str | None:
    """One value as text: true, 3 (for 3.0, too), 2024-01-31; None if it is missing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (bool, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def to_numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Every value as a number, NaN if it is missing or not a number."""
    column = simplify_column(column)
    if column.type == TEXT:
        return parse_numbers(column.combine_chunks())
    if _is_number(column.type):
        return _to_floats(column)
    return np.full(len(column), np.nan)


def is_text(type_: pa.DataType) -> bool:
    """Whether a type holds text."""
    return any(is_(type_) for is_ in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def is_vector(type_: pa.DataType) -> bool:
    """Whether a type holds lists of numbers."""
    types = pa.types
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_(type_) for is_ in lists) and _is_number(type_.value_type)


def holds_bytes(type_: pa.DataType) -> bool:
    """Whether a type holds bytes, at any depth: an image, a sound."""
    types = pa.types
    if any(is_(type_) for is_ in (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)):
        return True
    return types.is_nested(type_) and any(holds_bytes(type_.field(i).type) for i in range(type_.num_fields))


def _is_number(type_: pa.DataType) -> bool:
    types = pa.types
    kinds = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    return any(is_(type_) for is_ in kinds)


def _to_floats(values: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.int8())
    floats = pc.cast(values, pa.float64(), safe=False)
    return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)


def _to_texts(values: pa.Array) -> pa.Array:
    if values.type == TEXT:
        return values
    if pa.types.is_integer(values.type):
        return values.cast(TEXT)
    return pa.array([show_value(value) for value in values.to_pylist()], TEXT)


# ------------------------------------------------- numbers as people write them


def parse_numbers(texts: pa.Array) -> NDArray[np.float64]:
    """Each text as a number, written like 1234.5; NaN if it is not one."""
    like = pc.match_substring_regex(texts, NUMBER)
    numbers = pc.if_else(like, pc.utf8_trim_whitespace(texts), pa.scalar(None, texts.type))
    return _to_floats(numbers)


def read_written_numbers(texts: pa.Array, counts: NDArray[np.intp]) -> NumbersRead | None:
    """The cells of a column as numbers, if nearly all are; None if too few are.

    A column has one layout: a decimal comma or a decimal point, whichever fits more rows (the point if both
    fit as many), and one unit or currency, that of most rows. Cells without it are numbers too; cells with
    another one are not, since 5 mm among centimetres is not 5.

    Args:
        texts: The different cells.
        counts: Shape `(n_values,)`: the rows with each of them.
    """
    if not len(texts) or pc.mean(pc.utf8_length(texts)).as_py() > MOST_CHARACTERS:
        return None
    is_word = np.asarray(pc.match_substring_regex(texts, NO_VALUE))
    n_filled = counts[~is_word].sum()
    like = np.asarray(pc.match_substring_regex(texts, WRITTEN)) & ~is_word
    if not n_filled or counts[like].sum() < NEARLY_ALL_NUMBERS * n_filled:
        return None
    numbers = _read_one_layout(texts, np.where(like, counts, 0))
    if counts[~np.isnan(numbers)].sum() < NEARLY_ALL_NUMBERS * n_filled:
        return None
    is_plain = np.asarray(pc.match_substring_regex(texts, NUMBER))
    others = texts.filter(pa.array(~np.isnan(numbers) & ~is_plain)).to_pylist()
    return NumbersRead(numbers, min(others, default=None))


def _read_one_layout(texts: pa.Array, counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Each cell as a number in the commonest layout; NaN if it has another one, or its count is 0."""
    parts = pc.extract_regex(texts, WRITTEN)
    sign, before, sign_after, digits, exponent, after = (
        pc.struct_field(parts, name)
        for name in ("sign", "before", "sign_after", "digits", "exponent", "after")
    )
    nothing = pa.scalar("", texts.type)
    affix = pc.binary_join_element_wise(before, after, pa.scalar(PLAIN, texts.type))
    decimal, is_laid_out = _choose_decimal(digits, counts)
    is_read = (counts > 0) & is_laid_out & _has_usual_affix(affix, counts)
    digits = pc.replace_substring_regex(digits, rf"[{SPACE}]|{'[.]' if decimal == ',' else ','}", "")
    digits = pc.replace_substring(digits, ",", ".")
    written = pc.binary_join_element_wise(sign, sign_after, digits, exponent, nothing)
    written = pc.replace_substring(written, MINUS, "-")
    return parse_numbers(pc.if_else(pa.array(is_read), written, pa.scalar(None, texts.type)))


def _choose_decimal(digits: pa.Array, counts: NDArray[np.intp]) -> tuple[str, NDArray[np.bool_]]:
    """The decimal sign that fits most rows, and the cells that it fits."""
    fits = {
        sign: np.asarray(pc.fill_null(pc.match_substring_regex(digits, layout), False))  # noqa: FBT003
        for sign, layout in LAYOUTS.items()
    }
    best = max(fits, key=lambda sign: counts[fits[sign]].sum())  # the first, a point, wins a tie
    return best, fits[best]


def _has_usual_affix(affix: pa.Array, counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which cells have the unit or currency of most rows, or none."""
    names, codes = np.unique(
        np.array(pc.fill_null(affix, PLAIN).to_pylist(), dtype=object), return_inverse=True
    )
    usual = int(np.argmax(np.bincount(codes, counts)))
    return np.asarray((codes == usual) | (names[codes] == PLAIN))


# ---------------------------------------------------------------- two tables compared


class ComparedByCell(FileFormat):
    """A format whose files are equal if their tables are."""

    def find_difference(
        self,
        table: Table,
        before: StoredFile,  # noqa: ARG002  # `table` has all of its content
        after: StoredFile,
        changes: Changes,
        options: ReadOptions,
    ) -> str | None:
        """The first cell with a wrong change."""
        return find_wrong_change(table.data, self.read(after, options).data, changes)


def find_wrong_change(old: pa.Table, new: pa.Table, changes: Changes) -> str | None:
    """The first difference that is not intended; None if there is none."""
    if not old.schema.equals(new.schema, check_metadata=True):
        return "its columns would change"
    stays = drop_rows(old, changes.dropped)
    remaining = drop_rows(new, changes.added)
    if stays.num_rows != remaining.num_rows:
        return f"{stays.num_rows:,} of its rows should stay, but {remaining.num_rows:,} would"
    names = [name for name in old.column_names if name != changes.column]
    other = next(
        (name for name in names if not _same_values(stays.column(name), remaining.column(name))), None
    )
    if other is not None:
        return f"column {other!r} would change"
    before, after = (as_text(table.column(changes.column)).to_pylist() for table in (old, remaining))
    kept = [row for row in range(len(before)) if row not in changes.dropped]
    as_number = not is_text(simplify_column(old.column(changes.column).slice(0, 0)).type)
    for row, found in zip(kept, after, strict=True):
        wanted = changes.labels.get(row, row)
        text = before[wanted] if isinstance(wanted, int) else wanted
        if text not in (None, found) and not (as_number and _number_or_text(text) == _number_or_text(found)):
            return f"the label of row {row + 1} would be {found!r}, not {text!r}"
    return None


def drop_rows(data: pa.Table, rows: Collection[int]) -> pa.Table:
    """The table without some rows; made of slices, since some column types can't be filtered."""
    starts = [0, *(row + 1 for row in sorted(rows))]
    ends = [*sorted(rows), data.num_rows]
    parts = [data.slice(start, end - start) for start, end in zip(starts, ends, strict=True)]
    return pa.concat_tables(parts) if rows else data


def _same_values(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    # to Arrow, NaN is not equal to NaN
    return bool(one.equals(other)) or repr(one.to_pylist()) == repr(other.to_pylist())


def _number_or_text(text: str | None) -> float | str | None:
    try:
        return float(text or "")
    except ValueError:
        return text
