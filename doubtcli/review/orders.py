"""The order in which rows are shown: by doubt, or so that like decisions follow each other.

Rows that were drawn at random, to measure the noise rate, are mixed in among the first ones. Nothing on a
card gives them away: as long as some are to come, cards don't show doubts, reasons and suggestions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.combine import list_queue_rows
from doubtcli.records.arrays import number_alike
from doubtcli.report.page_rows import list_shown_columns
from doubtcli.tools.values import to_readable_texts

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.records import Codes, ScanResult
    from doubtcli.records.arrays import Floats

_MOST_CHAINED = 300
"""Rows of one pair of labels that are put in order at once, as its cost grows with their square."""
_MOST_ALIKE = 3_000
"""Rows of one pair that are put in order at all: the others follow by doubt."""
_MOST_LETTERS = 2_000


def list_review_rows(audit: ScanResult) -> tuple[Codes, int]:
    """The rows to review, by doubt, the drawn ones mixed in; and how many of the first are mixed.

    As many of the most doubted rows are mixed with the drawn ones.
    """
    sample = audit.sample
    rows = list_queue_rows(audit.ranking, sample)
    n_drawn = 0 if sample is None else len(sample.rows)
    n_mixed = min(2 * n_drawn, len(rows))
    doubted = rows[n_drawn:n_mixed]
    rng = np.random.default_rng(audit.seed)
    # the drawn rows stay in the order of the draw, so that any first few of them are a random sample, too
    is_drawn = rng.permutation(np.arange(n_mixed) < n_drawn)
    mixed = np.empty(n_mixed, dtype=np.intp)
    mixed[is_drawn], mixed[~is_drawn] = rows[:n_drawn], doubted
    return np.concatenate([mixed, rows[n_mixed:]]), n_mixed


def order_alike(audit: ScanResult, rows: Codes) -> Codes:
    """The rows of each pair of given and suggested label together, and within a pair like rows together.

    The pair with the most doubt comes first; within a pair each row is followed by the one that is most like
    it of those that are left, beginning with the most doubted one.

    Args:
        audit: What a scan found.
        rows: Most doubted first.
    """
    if not len(rows):
        return rows
    given, suggested = audit.examples.given_labels[rows], audit.ranking.suggested_labels[rows]
    pairs = number_alike(given, suggested)
    weight = np.bincount(pairs, weights=audit.ranking.doubt[rows])
    by_weight = np.lexsort((np.arange(len(weight)), -weight))
    return np.concatenate([_chain(audit, rows[pairs == pair]) for pair in by_weight.tolist()])


def _chain(audit: ScanResult, rows: Codes) -> Codes:
    first = rows[:_MOST_ALIKE]
    blocks = (first[start : start + _MOST_CHAINED] for start in range(0, len(first), _MOST_CHAINED))
    chained = (block[_find_chain(_measure_likeness(audit, block))] for block in blocks)
    return np.concatenate([*chained, rows[_MOST_ALIKE:]])


def _find_chain(likeness: Floats) -> Codes:
    """Places, each followed by the one most like it that is left, from the first place on."""
    left = np.ones(len(likeness), dtype=np.bool_)
    chain = np.zeros(len(likeness), dtype=np.intp)
    for at in range(len(likeness)):
        if at:
            chain[at] = np.where(left, likeness[chain[at - 1]], -np.inf).argmax()
        left[chain[at]] = False
    return chain


def _measure_likeness(audit: ScanResult, rows: Codes) -> Floats:
    """The share of words that two rows have in common, shape `(len(rows), len(rows))`."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = _write_out(audit.examples.inputs.select(list_shown_columns(audit)).take(rows))
    try:
        words = TfidfVectorizer(tokenizer=str.split, token_pattern=None, dtype=np.float32).fit_transform(
            texts
        )
    except ValueError:  # there is no word
        return np.zeros((len(rows), len(rows)), dtype=np.float32)
    return (words @ words.T).toarray()  # type: ignore[no-any-return]


def _write_out(table: pa.Table) -> list[str]:
    """Each row as one text; a value of a column that is not text is one word."""
    columns = [
        [f"{name}={text}" if " " not in (text or " ") else text or "" for text in to_readable_texts(column)]
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return [" ".join(row)[:_MOST_LETTERS] for row in zip(*columns, strict=True)] or [""] * table.num_rows
