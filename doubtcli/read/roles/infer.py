"""What kind of input a column is, by its values."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.files.values import CODE, TEXT
from doubtcli.records import Role

if TYPE_CHECKING:
    from doubtcli.files.values import Distinct

FEW_KINDS = 50
"""Up to so many short values are kinds of something: the states of a country."""
FEW_PHRASES = 20
"""Up to so many phrases are: the answers to a survey's question."""
WORDS_OF_A_PHRASE = 3
"""From so many words on the average value says something."""
CHARACTERS_OF_A_PHRASE = 30
"""The same for languages that are written without blanks."""


def infer_role(values: Distinct) -> tuple[Role, str]:
    """The role that a column's values suggest, and why; no identifiers and no vectors."""
    if pa.types.is_boolean(values.values.type):
        return Role.CATEGORICAL, "true or false"
    is_code = values.values.type == TEXT and values.share_like(CODE) > 0
    if values.numbers is not None and not is_code:
        return Role.NUMERIC, "numbers" + _missing_words(values)
    if values.times is not None:
        return Role.DATETIME, "dates or times"
    if has_few_values(values):
        return Role.CATEGORICAL, count_of_values(values)
    words = _words(values)
    about = f", {words:.0f} words on average" if words >= WORDS_OF_A_PHRASE else ""
    return Role.TEXT, f"{len(values.values):,} different texts{about}"


def has_few_values(values: Distinct) -> bool:
    """Whether values recur so often that they are kinds rather than contents."""
    n_known = values.n_rows - values.n_missing
    is_phrase = _words(values) >= WORDS_OF_A_PHRASE or _characters(values) >= CHARACTERS_OF_A_PHRASE
    most = FEW_PHRASES if is_phrase else max(FEW_KINDS, isqrt(n_known))
    return len(values.values) <= most and 2 * len(values.values) <= n_known


def count_of_values(values: Distinct) -> str:
    """How many different values there are, in words."""
    return "1 value" if len(values.values) == 1 else f"{len(values.values):,} different values"


def _missing_words(values: Distinct) -> str:
    """The words among numbers that were read as missing."""
    if values.values.type != TEXT or values.numbers is None:
        return ""
    is_word = np.isnan(values.numbers)
    words = sorted({str(word).strip() for word in values.values.filter(pa.array(is_word)).to_pylist()})
    return f"; {', '.join(map(repr, words))} read as missing" if words else ""


def _words(values: Distinct) -> float:
    return 1 + _mean(pc.count_substring_regex(values.texts, r"\s+"))


def _characters(values: Distinct) -> float:
    return _mean(pc.utf8_length(values.texts))


def _mean(counts: pa.Array) -> float:
    return float(pc.sum(counts).as_py() or 0) / max(1, len(counts))
