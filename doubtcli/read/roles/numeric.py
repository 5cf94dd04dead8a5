"""The role `numeric`: a measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import CODE, MISSING_WORDS, TEXT, find_distinct, to_numbers
from doubtcli.read.roles.left_out import is_id
from doubtcli.records import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.files.values import Distinct
    from doubtcli.read.roles.assign import InspectedColumn
    from doubtcli.records import Table


@dataclass(frozen=True)
class NumericRole:
    """Numbers, except codes with a leading zero and ids."""

    name: ClassVar = "numeric"
    asked_at: ClassVar = 30
    may_leak: ClassVar = True
    shown: ClassVar = "value"

    def fits(self, column: InspectedColumn) -> Fit | None:
        """If every value is a number, or a word for a missing one."""
        if not are_measures(column.values) or (is_id(column.name, column.values) and not column.use):
            return None
        return Fit("numbers" + _note_missing_words(column.values))

    def convert(self, table: Table, name: str) -> pa.ChunkedArray:
        """As float64; missing values are null.

        Raises:
            InputError: A value is not a number.
        """
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


def _note_missing_words(values: Distinct) -> str:
    """A note on the words among numbers that were read as missing."""
    if values.values.type != TEXT or values.numbers is None:
        return ""
    is_word = np.isnan(values.numbers)
    words = sorted({str(word).strip() for word in values.values.filter(pa.array(is_word)).to_pylist()})
    return f"; {', '.join(map(repr, words))} read as missing" if words else ""
