"""Two texts on each row that are compared -> a block of numbers that say how alike they are.

Models of words learn which words go with a label. Where the label says whether two texts mean the same thing,
no word does: what counts is what both sides have, and what only one of them has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.features.text import make_text_block
from doubtcli.predict.table_models import ExtraTrees, GradientBoosting
from doubtcli.records import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from doubtcli.features.text import TextBlock
    from doubtcli.records import Block, Bools, Codes, Examples, Model

    Numbers = NDArray[np.float64]

_WITH_DIGIT = re.compile(r"\w*\d\w*")
"""A number, a year, a model's number: "42", "WH1000XM4"."""
_AT_ONCE = 4_096
"""Rows whose character n-grams are in memory at a time."""
_SUFFIX = " on pairs"
_NO_NUMBERS = 0.5
"""The share of common numbers where neither side has one: neither alike nor unlike."""
_SECONDS_A_DAY = 86_400.0
_OF_WORDS = {Role.TEXT, Role.CATEGORICAL}


@dataclass(frozen=True, eq=False)
class Sides:
    """The texts of both sides, and their words and spelling; what is rare is counted over both together."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    """A text for each row; "" where it is missing."""

    @cached_property
    def block(self) -> TextBlock:
        """Features of all left texts, followed by all right ones."""
        return make_text_block([*self.left, *self.right])

    def halves(self, rows: sparse.csr_matrix) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """The part of the left texts and that of the right ones."""
        return rows[: len(self.left)], rows[len(self.left) :]


@dataclass(frozen=True, eq=False)
class TextPairBlock:
    """How alike the two sides of each row are."""

    numbers: NDArray[np.float32]
    """Shape `(n_rows, n_numbers)`: each measure of each couple of columns."""
    names: tuple[str, ...]
    """What each of them is."""
    sides: tuple[sparse.csr_matrix, sparse.csr_matrix]
    """Each of shape `(n_rows, n_tokens)`: the words of both sides."""
    exact_keys: Codes
    """Shape `(n_rows,)`: the same number means the same text on both sides."""

    tokens: ClassVar = None
    dense: ClassVar = None

    @property
    def decides_alone(self) -> Bools:
        """Shape `(n_rows,)`: always False; the block of all texts decides."""
        return np.zeros(len(self.numbers), dtype=np.bool_)

    def neighbor_space(self) -> NDArray[np.float32]:
        """The numbers, standardized, and divided by the square root of how many there are."""
        spread = self.numbers.std(axis=0)
        standard = (self.numbers - self.numbers.mean(axis=0)) / np.where(spread > 0, spread, 1)
        return np.asarray(standard / np.sqrt(self.numbers.shape[1]), dtype=np.float32)

    def models(self, beside: tuple[Block, ...], *, fast: bool) -> tuple[Model, ...]:
        """Two models of trees, for likeness counts only beyond some point; if `fast`, boosting alone."""
        del beside
        boosting = GradientBoosting(self.numbers, _SUFFIX)
        return (boosting,) if fast else (ExtraTrees(self.numbers, _SUFFIX), boosting)

    def add_measure(self, name: str, values: NDArray[np.floating]) -> TextPairBlock:
        """The block with one more measure, of shape `(n_rows,)`, finite."""
        numbers = np.column_stack([self.numbers, values]).astype(np.float32)
        return replace(self, numbers=numbers, names=(*self.names, name))


def text_pair_block(examples: Examples) -> TextPairBlock | None:
    """The block of the columns that are compared, or None if there are none."""
    couples = examples.couples
    if not couples:
        return None
    lefts, rights = zip(*couples, strict=True)
    sides = Sides(_join_columns(examples, lefts), _join_columns(examples, rights))
    named = measure_sides(sides)
    if len(couples) > 1:
        for left, right in couples:
            compared = _compare_columns(examples, left, right)
            named |= {f"{left}, {right}: {name}": values for name, values in compared.items()}
    keys = np.stack([sides.block.exact_keys[: len(sides.left)], sides.block.exact_keys[len(sides.left) :]])
    return TextPairBlock(
        np.ascontiguousarray(np.column_stack(list(named.values())), dtype=np.float32),
        tuple(named),
        sides.halves(sides.block.tokens),
        np.unique(keys, axis=1, return_inverse=True)[1].ravel().astype(np.intp),
    )


def list_sides(examples: Examples) -> tuple[list[str], list[str]] | None:
    """The texts of the left and of the right side, "" where one is missing; numbers and times are no texts.

    None if no texts or categories are compared.
    """
    couples = [
        couple for couple in examples.couples if {examples.column_roles[name] for name in couple} <= _OF_WORDS
    ]
    if not couples:
        return None
    left, right = (list(_join_columns(examples, names)) for names in zip(*couples, strict=True))
    return left, right


def _join_columns(examples: Examples, names: Sequence[str]) -> tuple[str, ...]:
    columns = [_as_texts(examples.inputs.column(name)) for name in names]
    return tuple(" \n ".join(filter(None, row)) for row in zip(*columns, strict=True))


def _as_texts(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_floating(column.type):
        return ["" if value is None else f"{value:g}" for value in column.to_pylist()]
    return [value or "" for value in pc.cast(column, pa.large_string()).to_pylist()]


# ---------------------------------------------------------------------- measures


def measure_sides(sides: Sides) -> dict[str, Numbers]:
    """All measures of two texts a row, by name, each of shape `(n_rows,)`; none of them is NaN."""
    return {name: values for measure in MEASURES for name, values in measure(sides).items()}


def compare_words(sides: Sides) -> dict[str, Numbers]:
    """The cosine of both sides' TF-IDF of words and word pairs, 0 to 1."""
    left, right = sides.halves(sides.block.words)
    return {"likeness of words": _sum_rows(left.multiply(right))}


def compare_spelling(sides: Sides) -> dict[str, Numbers]:
    """The cosine of both sides' TF-IDF of character n-grams, 0 to 1."""
    left, right = sides.halves(sides.block.tokens)
    cosines = np.zeros(len(sides.left))
    for start in range(0, len(cosines), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        one, other = left[rows] @ sides.block.spelling, right[rows] @ sides.block.spelling
        lengths = np.sqrt(_sum_rows(one.multiply(one)) * _sum_rows(other.multiply(other)))
        cosines[rows] = _divide(_sum_rows(one.multiply(other)), lengths)
    return {"likeness of spelling": cosines}


def compare_shares(sides: Sides) -> dict[str, Numbers]:
    """How much of each side the other has, and the rarest word that both, or only one of them, have.

    A word weighs its inverse document frequency over both sides together.
    """
    has = (sides.block.tokens > 0).astype(np.float64)
    n_texts, n_words = has.shape
    weights = np.log((1 + n_texts) / (1 + np.bincount(has.indices, minlength=n_words))) + 1
    has.data *= weights[has.indices]
    left, right = sides.halves(has)
    common = left.minimum(right)
    shared = _sum_rows(common)
    return {
        "share of the left side that the right one has": _divide(shared, _sum_rows(left)),
        "share of the right side that the left one has": _divide(shared, _sum_rows(right)),
        "rarest common word": _highest(common),
        "rarest word of the left side alone": _highest(left - common),
        "rarest word of the right side alone": _highest(right - common),
    }


def compare_numbers(sides: Sides) -> dict[str, Numbers]:
    """Which words with a digit are on both sides, and how many only on one."""
    found = [
        (set(_WITH_DIGIT.findall(one.casefold())), set(_WITH_DIGIT.findall(other.casefold())))
        for one, other in zip(sides.left, sides.right, strict=True)
    ]
    shares = [len(one & other) / len(one | other) if one | other else _NO_NUMBERS for one, other in found]
    return {
        "share of numbers that are common": np.array(shares),
        "numbers of the left side alone": np.array([len(one - other) for one, other in found], dtype=float),
        "numbers of the right side alone": np.array([len(other - one) for one, other in found], dtype=float),
    }


def compare_lengths(sides: Sides) -> dict[str, Numbers]:
    """The lengths in characters, as logarithms, and the share of the shorter text with which both start."""
    lengths = [np.array([len(text) for text in texts], dtype=float) for texts in (sides.left, sides.right)]
    both = zip(sides.left, sides.right, strict=True)
    start = np.array([_count_equal_start(one.casefold(), other.casefold()) for one, other in both])
    return {
        "length of the left side": np.log1p(lengths[0]),
        "length of the right side": np.log1p(lengths[1]),
        "common start": _divide(start.astype(float), np.minimum(*lengths)),
    }


def _count_equal_start(one: str, other: str) -> int:
    """How many characters at their start are equal."""
    differ = (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return next(differ, min(len(one), len(other)))


def compare_equality(sides: Sides) -> dict[str, Numbers]:
    """Whether the texts are equal, apart from case, punctuation and blanks: 1 or 0."""
    keys, n_rows = sides.block.exact_keys, len(sides.left)
    return {"equal": (keys[:n_rows] == keys[n_rows:]).astype(float)}


MEASURES: tuple[Callable[[Sides], Mapping[str, Numbers]], ...] = (
    compare_words,
    compare_spelling,
    compare_shares,
    compare_numbers,
    compare_lengths,
    compare_equality,
)
"""What is measured of both sides; where there is an embedding model, evidence/meaning.py adds the meaning."""


def _sum_rows(matrix: sparse.csr_matrix) -> Numbers:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def _highest(matrix: sparse.csr_matrix) -> Numbers:
    """The highest entry of each row; 0 for an empty row."""
    if not matrix.shape[1]:
        return np.zeros(matrix.shape[0])
    return np.asarray(matrix.max(axis=1).todense(), dtype=np.float64).ravel()


def _divide(values: Numbers, by: Numbers) -> Numbers:
    """The quotient; 0 where a side is empty."""
    return np.asarray(values / np.where(by > 0, by, 1.0))


# ------------------------------------------------- columns of records with several


def _compare_columns(examples: Examples, left: str, right: str) -> dict[str, Numbers]:
    """The measures of one couple of several: of texts, of numbers, of times, or of words of a few."""
    columns = [examples.inputs.column(name) for name in (left, right)]
    roles = {examples.column_roles[name] for name in (left, right)}
    if roles == {Role.NUMERIC}:
        return _compare_values(*columns)
    if roles == {Role.DATETIME}:
        return _compare_values(*map(_to_days, columns))
    sides = Sides(*(tuple(_as_texts(column)) for column in columns))
    is_missing = [np.array([not text for text in texts]) for texts in (sides.left, sides.right)]
    measures = [compare_equality] if roles == {Role.CATEGORICAL} else [compare_equality, compare_spelling]
    found = {name: values for measure in measures for name, values in measure(sides).items()}
    return found | {"missing": is_missing[0] * 1.0 + is_missing[1]}


def _compare_values(left: pa.ChunkedArray, right: pa.ChunkedArray) -> dict[str, Numbers]:
    """How far two numbers are from each other, absolute and as a share of the larger one, and if they are."""
    one, other = (
        np.asarray(pc.cast(side, pa.float64()).to_numpy(zero_copy_only=False)) for side in (left, right)
    )
    known = np.isfinite(one) & np.isfinite(other)
    one, other = np.where(known, one, 0.0), np.where(known, other, 0.0)
    away = np.abs(one / 2 - other / 2)  # halved, so that no difference overflows to infinity
    largest = np.maximum(np.abs(one), np.abs(other)) / 2
    return {
        "difference": np.where(known, np.log1p(away), -1.0),
        "relative difference": np.where(known, _divide(away, largest), -1.0),
    }


def _to_days(column: pa.ChunkedArray) -> pa.ChunkedArray:
    seconds = pc.divide(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()), 1_000_000)
    return pc.divide(pc.cast(seconds, pa.float64()), _SECONDS_A_DAY)
