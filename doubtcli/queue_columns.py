"""The columns of a queue: our names, the user's told apart from them, and values as a CSV file has them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

QUEUE_COLUMNS = (
    "doubt_id",
    "given_label",
    "doubt_suggested",
    "doubt_score",
    "doubt_reasons",
    "doubt_why",
    "verdict",
)
CHOICE_COLUMNS = ("doubt_strategy", "doubt_duplicates", "doubt_conflicts")
"""What `doubt queue` tells of each row beside them: what brought it, and the rows of equal input."""
SAMPLE_COLUMNS = ("doubt_stratum", "doubt_inclusion")
"""Beside them where there is an audit sample; empty for the rows that are no part of it."""
SEEN_COLUMN = "doubt_row_hash"
"""Stands last of them: what the person saw in the row, by which one that has changed since is told."""
RESERVED_COLUMNS = frozenset(
    {
        *QUEUE_COLUMNS,
        *CHOICE_COLUMNS,
        *SAMPLE_COLUMNS,
        SEEN_COLUMN,
        *("verdict_status", "annotator", "time", "why"),
    }
)
"""Names that mean something where a queue is read back: ours, a sample's, and those of a verdict."""
INPUT_PREFIX = "input_"
QUEUE_DECIMALS = 4
INCLUSION_DIGITS = 6


def own_names(names: Sequence[str], reserved: Collection[str] = RESERVED_COLUMNS) -> list[str]:
    """The user's column names, told apart from ours and, where one got a prefix, from each other.

    Example:
        >>> own_names(["text", "verdict"])
        ['text', 'input_verdict']
    """
    told: dict[str, str] = {}
    for name in names:
        own = name
        while own in reserved or (own != name and (own in names or own in told.values())):
            own = INPUT_PREFIX + own
        told[name] = own
    return list(told.values())


def shown_inclusion(inclusion: float) -> str:
    """The probability of a draw as it stands in a queue."""
    return f"{inclusion:.{INCLUSION_DIGITS}g}"


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Every value as it would stand in a CSV file: text as it is, what has no text of its own as JSON."""
    try:
        return pc.cast(column, pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # a list, a struct, bytes that are no text, …
        texts = [None if value is None else _as_json(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


_QUOTED = re.compile(r'[",\r\n]|^$')


def csv_line(values: Iterable[str | None]) -> str:
    r"""One line of a CSV file, `\n` at its end: nothing for None, quotes only where they are needed."""
    # Not csv.writer: it can't tell "" from None, and before Python 3.13 leaves a lone carriage return bare.
    return ",".join("" if value is None else _csv_field(value) for value in values) + "\n"


def _csv_field(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value
