"""The role `numeric`: a measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import (
    CODE,
    MISSING_WORDS,
    TEXT,
    find_distinct,
    is_text,
    simplify_column,
    to_numbers,
)
from doubtcli.read.roles.left_out import is_id
from doubtcli.records import Fit
from doubtcli.wording.lists import MOST_NAMED, join_first, quote_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from doubtcli.files.values import Distinct
    from doubtcli.read.roles.assign import InspectedColumn
    from doubtcli.records import Table

MOST_EXAMPLES = 3
"""How many cells of a column a note shows."""


@dataclass(frozen=True)
class NumericRole:
    """Numbers, except codes with a leading zero and ids."""

    name: ClassVar = "numeric"
    asked_at: ClassVar = 30
    may_leak: ClassVar = True
    shown: ClassVar = "value"

    def fits(self, column: InspectedColumn) -> Fit | None:
        """If nearly every value is a number, or a word for a missing one."""
        if not are_measures(column.values) or (is_id(column.name, column.values) and not column.use):
            return None
        return Fit("numbers" + _note_layout(column.values) + _note_missing_words(column.values))

    def convert(self, table: Table, name: str) -> pa.ChunkedArray:
        """As float64; missing values are null, and so are the other cells where nearly all are numbers.

        Raises:
            InputError: A value is not a number, and more than a few are not.
        """
        numbers = _read_texts(table.data.column(name))
        if numbers is not None:
            return pa.chunked_array([pa.array(numbers, from_pandas=True)])
        numbers = to_numbers(table.data.column(name))
        refuse_other_values(table, name, np.isnan(numbers), kind="number", example="3.5", but=MISSING_WORDS)
        return pa.chunked_array([pa.array(numbers, from_pandas=True)])


def are_measures(values: Distinct) -> bool:
    """Whether values are numbers, and not codes (a zip code would lose its zero) or true and false."""
    type_ = values.values.type
    is_code = type_ == TEXT and values.share_like(CODE) > 0
    return values.numbers is not None and not is_code and not pa.types.is_boolean(type_)


def refuse_other_values(
    table: Table,
    name: str,
    unread: NDArray[np.bool_],
    *,
    kind: str,
    example: str,
    but: frozenset[str] = frozenset(),
) -> None:
    """Refuse values that are not of this kind, nor a word for a missing value."""
    values = find_distinct(table.data.column(name).filter(pa.array(unread)))
    others = [str(text).strip().lower() not in {"", *but} for text in values.texts.to_pylist()]
    bad = np.flatnonzero(values.on_rows(np.array(others, dtype=bool), missing=False))
    if len(bad):
        value = values.texts[int(values.codes[bad[0]])].as_py()
        raise InputError(
            f"{value!r} is not a {kind}",
            where=table.source.path,
            row=int(np.flatnonzero(unread)[bad[0]]) + 1,
            column=name,
            expected=f"a {kind}, written like {example}",
        )


def _read_texts(column: pa.ChunkedArray) -> NDArray[np.float64] | None:
    """Each cell as a number, NaN if it is none; None if the column has no text, or too few are numbers."""
    if not _has_text(column):
        return None
    values = find_distinct(column)
    return None if values.numbers is None else values.on_rows(values.numbers, np.nan)


def _has_text(column: pa.ChunkedArray) -> bool:
    """Whether its values are text, also if each is stored once (pandas' categories)."""
    return is_text(simplify_column(column.slice(0, 0)).type)


def describe_other_cells(table: Table, names: Sequence[str]) -> str | None:
    """A note on the cells of some columns of numbers that are no numbers; None if there are none."""
    texts = [name for name in names if _has_text(table.data.column(name))]
    found = [_count_other_cells(name, find_distinct(table.data.column(name))) for name in texts]
    parts = [part for part in found if part]
    if not parts:
        return None
    return f"cells that are not numbers, read as missing: {join_first(parts, MOST_NAMED, between='; ')}"


def _count_other_cells(name: str, values: Distinct) -> str | None:
    """The column, how many of its cells are no numbers, and the commonest of these."""
    if values.numbers is None:
        return None
    texts, counts = values.values.to_pylist(), values.counts
    others = [place for place in np.flatnonzero(np.isnan(values.numbers)) if not _is_missing(texts[place])]
    if not others:
        return None
    others.sort(key=lambda place: (-counts[place], texts[place]))
    n_cells = int(counts[others].sum())
    cells = "1 cell" if n_cells == 1 else f"{n_cells:,} cells"
    shown = quote_names((texts[place] for place in others), MOST_EXAMPLES)
    return f"{cells} of {name!r} ({shown})"


def _is_missing(text: str) -> bool:
    return text.strip().lower() in MISSING_WORDS


def _note_layout(values: Distinct) -> str:
    """A note on how numbers are written, with an example."""
    read = values.numbers_read
    return "" if read is None or read.example is None else f", written like {read.example!r}"


def _note_missing_words(values: Distinct) -> str:
    """A note on the usual words for a missing number that were read as missing."""
    if values.values.type != TEXT or values.numbers is None:
        return ""
    others = values.values.filter(pa.array(np.isnan(values.numbers))).to_pylist()
    words = sorted({str(word).strip() for word in others if _is_missing(word)})
    return f"; {', '.join(map(repr, words))} read as missing" if words else ""
