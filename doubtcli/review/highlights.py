"""What catches the eye on a card: words that speak for a label, and values that are unusual for one.

A word speaks for a label if rows of it have the word more often than those of the other label.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.records import Role
from doubtcli.tools.values import to_readable_texts
from doubtcli.wording.numbers import format_count, format_percent

if TYPE_CHECKING:
    from scipy import sparse

    from doubtcli.records import Codes, Examples
    from doubtcli.records.arrays import Floats

MOST_ROWS = 20_000
"""Rows whose words are counted, drawn at random: enough to tell which words go with a label."""
WORD = re.compile(r"\w\w+")
_LEAST_LOG_ODDS = 1.0
"""A word that is less than 2.7 times as frequent with one label as with the other is not marked."""
_FEWEST_ROWS = 3
_SMOOTHING = 0.5
_MOST_WORDS = 12
"""Marked in one text for each label; with more, it would be hard to see them."""

_TAIL = 0.02
"""A number is unusual where fewer rows of its label have one that is as low, or as high."""
_RARE = 0.02
"""A category is unusual where fewer rows of its label have it ..."""
_TIMES = 5.0
"""... and this many times as many among the rows of the suggested label."""
_FEWEST_OF_LABEL = 30
"""With fewer rows of a label nothing is unusual."""


class WordCounts:
    """How many rows of each label have each word.

    Args:
        examples: The labelled rows.
        seed: Of the draw, where there are many rows.
    """

    def __init__(self, examples: Examples, seed: int = 0) -> None:
        self._examples = examples
        n_rows = examples.n_rows
        rows = np.arange(n_rows)
        if n_rows > MOST_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(n_rows, MOST_ROWS, replace=False))
        self._rows = rows

    @cached_property
    def _counted(self) -> tuple[dict[str, int], sparse.csr_matrix]:
        """The words with their columns, and which of them each counted row has."""
        from sklearn.feature_extraction.text import CountVectorizer

        columns = self._examples.columns_of(Role.TEXT)
        table = self._examples.inputs.select(columns).take(self._rows)
        texts = (
            " ".join(filter(None, row)) for row in zip(*map(to_readable_texts, table.columns), strict=True)
        )
        vectorizer = CountVectorizer(binary=True, token_pattern=WORD.pattern, dtype=np.int32)
        try:
            has = vectorizer.fit_transform(texts)
        except ValueError:  # no row has a word
            return {}, None
        return vectorizer.vocabulary_, has

    @cached_property
    def _labels(self) -> Codes:
        return self._examples.training_labels[self._rows]

    def weigh(self, words: set[str], row: int, label: int, other: int) -> dict[str, float]:
        """How much each word speaks for a label and against another, as log odds; the row itself left out.

        Args:
            words: In lower case.
            row: The row that has them.
            label: A code.
            other: A code.
        """
        vocabulary, has = self._counted
        known = [word for word in words if word in vocabulary]
        if not known:
            return {}
        columns = has[:, [vocabulary[word] for word in known]]
        not_self = self._rows != row
        of_label, of_other = (not_self & (self._labels == code) for code in (label, other))
        n_label, n_other = (
            np.asarray(columns[chosen].sum(axis=0)).ravel() for chosen in (of_label, of_other)
        )
        log_odds = np.log((n_label + _SMOOTHING) / (of_label.sum() + 2 * _SMOOTHING)) - np.log(
            (n_other + _SMOOTHING) / (of_other.sum() + 2 * _SMOOTHING)
        )
        speaks = (np.abs(log_odds) >= _LEAST_LOG_ODDS) & (n_label + n_other >= _FEWEST_ROWS)
        return {known[at]: float(log_odds[at]) for at in np.flatnonzero(speaks)}


def mark_words(
    counts: WordCounts, texts: list[str | None], row: int, given: int, suggested: int
) -> list[list[int]]:
    """The words of some texts that speak for the suggested or for the given label.

    Args:
        counts: Of the file.
        texts: Those of the row, one for each text column.
        row: Its number.
        given: The code of its label.
        suggested: The code of the label that is suggested instead.

    Returns:
        `[text, start, end, which]`, in order: `which` is 1 for the suggested label and 0 for the given one;
        places are in UTF-16 units, as browsers count letters.
    """
    if given == suggested:
        return []
    found = [(at, word) for at, text in enumerate(texts) for word in WORD.finditer(text or "")]
    weights = counts.weigh({word[0].lower() for _, word in found}, row, suggested, given)
    ordered = sorted(weights, key=lambda word: (-abs(weights[word]), word))
    shown = {
        *[word for word in ordered if weights[word] > 0][:_MOST_WORDS],
        *[word for word in ordered if weights[word] < 0][:_MOST_WORDS],
    }
    return [
        [at, *_find_span(texts[at] or "", word), int(weights[word[0].lower()] > 0)]
        for at, word in found
        if word[0].lower() in shown
    ]


def _find_span(text: str, word: re.Match[str]) -> tuple[int, int]:
    start = _count_units(text[: word.start()])
    return start, start + _count_units(word[0])


def _count_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# ------------------------------------------------------------------ unusual values


class UnusualValues:
    """Compares the values of a row with those of other rows of its label.

    Args:
        examples: The labelled rows.
    """

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self._sorted_numbers = lru_cache(maxsize=256)(self._sort_numbers)
        self._counted_values = lru_cache(maxsize=256)(self._count_values)

    def explain(self, row: int, given: int, suggested: int) -> dict[str, str]:
        """What is unusual about each value, by column; columns with usual values are left out.

        Args:
            row: Its number.
            given: The code of its label.
            suggested: The code of the label that is suggested instead.
        """
        found = {
            name: self._explain_number(name, row, given) for name in self._examples.columns_of(Role.NUMERIC)
        } | {
            name: self._explain_category(name, row, given, suggested)
            for name in self._examples.columns_of(Role.CATEGORICAL)
        }
        return {name: words for name, words in found.items() if words}

    def _explain_number(self, name: str, row: int, label: int) -> str:
        value, others = self._value(name, row), self._sorted_numbers(name, label)
        if value is None or len(others) < _FEWEST_OF_LABEL:
            return ""
        number = float(value)
        lower = np.searchsorted(others, number, side="right") / len(others)
        higher = 1 - np.searchsorted(others, number, side="left") / len(others)
        who = self._examples.class_names[label]
        if lower <= _TAIL:
            return f"lower than {format_percent(1 - lower)} of {who}"
        return f"higher than {format_percent(1 - higher)} of {who}" if higher <= _TAIL else ""

    def _explain_category(self, name: str, row: int, given: int, suggested: int) -> str:
        value = self._value(name, row)
        own, n_own = self._counted_values(name, given)
        other, n_other = self._counted_values(name, suggested)
        if given == suggested or min(n_own, n_other) < _FEWEST_OF_LABEL or value is None:
            return ""
        n_with, share = own.get(str(value), 0), own.get(str(value), 0) / n_own
        if share > _RARE or other.get(str(value), 0) / n_other < _TIMES * share:
            return ""
        return f"{format_count(n_with)} of {format_count(n_own)} rows of {self._examples.class_names[given]}"

    def _value(self, name: str, row: int) -> Any:  # noqa: ANN401  # a value of the user's
        return self._examples.inputs.column(name)[row].as_py()

    def _take(self, name: str, label: int) -> pa.ChunkedArray:
        rows = np.flatnonzero(self._examples.training_labels == label)
        return self._examples.inputs.column(name).take(pa.array(rows)).drop_null()

    def _sort_numbers(self, name: str, label: int) -> Floats:
        numbers = pc.cast(self._take(name, label), pa.float64(), safe=False).to_numpy()
        return np.sort(numbers)

    def _count_values(self, name: str, label: int) -> tuple[dict[str, int], int]:
        values = self._take(name, label)
        counted = pc.value_counts(values).to_pylist()
        return {str(one["values"]): one["counts"] for one in counted}, len(values)
