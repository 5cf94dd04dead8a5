"""The terms of a condition: what is true, what is false, and what is neither, on some rows of a table.

Truth has three values (Kleene, 1938): a comparison with a missing cell is neither true nor false, and so is
its opposite. Arrow's logic of nulls is the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.wording.numbers import NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = pa.large_string()
_COMPARE = {
    "==": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
SIGNS = tuple(_COMPARE)
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""Each sign with its sides exchanged."""

Literal = str | int | float | bool


class Cells:
    """The cells of one column on some rows, as texts, numbers and truth values, with nulls for all others.

    A cell is missing if it is null, not a number (NaN), or a text of nothing but white space.
    """

    def __init__(self, values: pa.Array) -> None:
        if isinstance(values.type, pa.BaseExtensionType):
            values = values.storage
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_floating(values.type):
            values = values.cast(pa.float64())
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
        self._values = values

    @cached_property
    def texts(self) -> pa.Array:
        """Each cell as text; a time as in ISO 8601, and without the time of the day at midnight."""
        texts = self._write_cells()
        is_blank = pc.or_(pc.utf8_is_space(texts), pc.equal(texts, pa.scalar("", TEXT)))
        return pc.if_else(is_blank, pa.scalar(None, TEXT), texts)

    @cached_property
    def numbers(self) -> pa.Array:
        """Each cell as a number, of the type int64 or float64; a text is one if it is written like 1234.5."""
        values, types = self._values, pa.types
        if types.is_integer(values.type):
            try:
                return values.cast(pa.int64())
            except pa.ArrowInvalid:
                return values.cast(pa.float64(), safe=False)
        if types.is_floating(values.type) or types.is_decimal(values.type):
            return values.cast(pa.float64(), safe=False)
        if not _is_text(values.type):
            return pa.nulls(len(values), pa.float64())
        like = pc.match_substring_regex(self.texts, NUMBER)
        trimmed = pc.if_else(like, pc.utf8_trim_whitespace(self.texts), pa.scalar(None, TEXT))
        return trimmed.cast(pa.float64())

    @cached_property
    def truths(self) -> pa.Array:
        """Each cell as a truth value; a text is one if it is the word true or false in any case."""
        values = self._values
        if pa.types.is_boolean(values.type):
            return values
        if not _is_text(values.type):
            return pa.nulls(len(values), pa.bool_())
        words = pc.utf8_lower(pc.utf8_trim_whitespace(self.texts))
        is_word = pc.is_in(words, pa.array(["true", "false"], TEXT))
        return pc.if_else(is_word, pc.equal(words, pa.scalar("true", TEXT)), pa.scalar(None, pa.bool_()))

    @property
    def are_missing(self) -> pa.Array:
        """Whether each cell is missing."""
        return pc.is_null(self.texts if _is_text(self._values.type) else self._values)

    def compare_with(self, sign: str, value: Literal) -> pa.Array:
        """Each cell compared with a value, as what the value is: a truth value, a text or a number."""
        if isinstance(value, bool):
            return _COMPARE[sign](self.truths, pa.scalar(value))
        if isinstance(value, str):
            return _COMPARE[sign](self.texts, pa.scalar(value, TEXT))
        numbers = self.numbers
        if isinstance(value, int) and numbers.type == pa.int64() and -(2**63) <= value < 2**63:
            return _COMPARE[sign](numbers, pa.scalar(value, pa.int64()))
        return _COMPARE[sign](_to_floats(numbers), pa.scalar(float(value), pa.float64()))

    def compare_with_cells(self, sign: str, other: Cells) -> pa.Array:
        """Each cell compared with another one: as numbers where both are numbers, else as texts."""
        one, two = self.numbers, other.numbers
        if one.type != two.type:
            one, two = _to_floats(one), _to_floats(two)
        as_numbers = _COMPARE[sign](one, two)
        return pc.if_else(pc.is_valid(as_numbers), as_numbers, _COMPARE[sign](self.texts, other.texts))

    def are_among(self, values: tuple[Literal, ...]) -> pa.Array:
        """Whether each cell equals one of some values."""
        texts = [value for value in values if isinstance(value, str)]
        found = [self.compare_with("==", value) for value in values if not isinstance(value, str)]
        if texts:
            among = pc.is_in(self.texts, pa.array(texts, TEXT))
            found.append(pc.if_else(pc.is_valid(self.texts), among, pa.scalar(None, pa.bool_())))
        return reduce(pc.or_kleene, found)

    def _write_cells(self) -> pa.Array:
        values = self._values
        if pa.types.is_timestamp(values.type):
            return _shorten_times(values.cast(TEXT))
        try:
            return values.cast(TEXT)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # a list, a struct, bytes that are no text
            return pa.array(map(_write_nested, values.to_pylist()), TEXT)


def _is_text(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(type_) for is_kind in kinds)


def _to_floats(numbers: pa.Array) -> pa.Array:
    return numbers.cast(pa.float64(), safe=False)


def _shorten_times(times: pa.Array) -> pa.Array:
    """Times without fractions of a second that are 0, and without midnight."""
    times = pc.replace_substring_regex(times, r"\.0+(\D.*)?$", r"\1")
    return pc.replace_substring_regex(times, r" 00:00:00Z?$", "")


def _write_nested(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


# ------------------------------------------------------------------------------ terms


class Term(Protocol):
    """A part of a condition that is true, false or neither."""

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """Whether it is true on each row; null where it is neither true nor false."""
        ...


@dataclass(frozen=True)
class ComparedToValue:
    """A column compared with a value."""

    column: str
    sign: str
    value: Literal

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return columns[self.column].compare_with(self.sign, self.value)


@dataclass(frozen=True)
class ComparedColumns:
    """Two columns compared with each other."""

    left: str
    sign: str
    right: str

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return columns[self.left].compare_with_cells(self.sign, columns[self.right])


@dataclass(frozen=True)
class Among:
    """A column has one of some values."""

    column: str
    values: tuple[Literal, ...]

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return columns[self.column].are_among(self.values)


@dataclass(frozen=True)
class Contains:
    """The text of a column contains another one, in any case."""

    column: str
    text: str

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return pc.match_substring(columns[self.column].texts, self.text, ignore_case=True)


@dataclass(frozen=True)
class Matches:
    """A pattern is found in the text of a column, by RE2, which takes time in proportion to the text."""

    column: str
    pattern: str

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return pc.match_substring_regex(columns[self.column].texts, self.pattern)


@dataclass(frozen=True)
class Missing:
    """The cell of a column is missing; this is always true or false."""

    column: str

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return columns[self.column].are_missing


@dataclass(frozen=True)
class Opposite:
    """A term is false."""

    term: Term

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return pc.invert(self.term.find(columns))


@dataclass(frozen=True)
class AllOf:
    """All terms are true."""

    terms: tuple[Term, ...]

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return reduce(pc.and_kleene, (term.find(columns) for term in self.terms))


@dataclass(frozen=True)
class AnyOf:
    """At least one term is true."""

    terms: tuple[Term, ...]

    def find(self, columns: Mapping[str, Cells]) -> pa.Array:
        """See `Term`."""
        return reduce(pc.or_kleene, (term.find(columns) for term in self.terms))
