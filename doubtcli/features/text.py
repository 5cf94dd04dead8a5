"""Texts -> sparse word counts, and the spelling of every word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from doubtcli.records import TextFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LONGEST_WORD = 40
"""Longer runs (addresses, keys, base64) are spelt by their first letters; the longest English words have
fewer."""
_SPELLING_SAMPLE = 10_000
"""Texts that the document frequency of character n-grams is counted on: its logarithm needs no more."""


def text_features(texts: Sequence[str]) -> TextFeatures:
    """Words, word pairs and spelling of each text; case is folded, marks count as words.

    Args:
        texts: One string a row; "" where there is none.
    """
    token_ids, row_starts, vocabulary = _tokenize(texts)
    rows = np.repeat(np.arange(len(texts)), np.diff(row_starts))
    tokens = _counts(rows, token_ids, (len(texts), len(vocabulary)))
    pairs = _pairs(token_ids, rows, n_texts=len(texts), n_tokens=len(vocabulary))
    words = _unit_rows(_tf_idf(sparse.hstack([tokens, pairs], format="csr")))
    spelling = _spelling(vocabulary, tokens)
    return TextFeatures(words, _scale_to_spelling(tokens, spelling), spelling)


def _tokenize(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Token numbers of all texts end to end, where each text starts, and the tokens themselves."""
    number: dict[str, int] = {}
    ids: list[int] = []
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    for row, text in enumerate(texts):
        ids.extend(number.setdefault(token, len(number)) for token in _TOKEN.findall(text.lower()))
        starts[row + 1] = len(ids)
    return np.asarray(ids, dtype=np.int64), starts, list(number)


def _counts(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_matrix:
    ones = np.ones(len(rows), dtype=np.float32)
    counts = sparse.coo_matrix((ones, (rows, columns)), shape=shape).tocsr()
    counts.sum_duplicates()
    return counts


def _pairs(
    token_ids: NDArray[np.int64], rows: NDArray[np.int64], *, n_texts: int, n_tokens: int
) -> sparse.csr_matrix:
    """Counts of neighbouring token pairs that are seen at least twice; one seen once tells nothing."""
    inside = rows[1:] == rows[:-1]
    keys = token_ids[:-1][inside] * n_tokens + token_ids[1:][inside]
    _, columns, seen = np.unique(keys, return_inverse=True, return_counts=True)
    keep = seen[columns] >= 2  # noqa: PLR2004
    new_number = np.cumsum(seen >= 2) - 1  # noqa: PLR2004
    shape = (n_texts, int((seen >= 2).sum()))  # noqa: PLR2004
    return _counts(rows[:-1][inside][keep], new_number[columns[keep]], shape)


def _tf_idf(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Dampened counts times the smoothed inverse document frequency (scikit-learn's `sublinear_tf`)."""
    weighted = counts.astype(np.float32)
    weighted.data = (1 + np.log(weighted.data)) * _inverse_frequency(counts)[weighted.indices]
    return weighted


def _inverse_frequency(counts: sparse.csr_matrix) -> NDArray[np.float32]:
    n_rows, n_columns = counts.shape
    frequency = np.bincount(counts.indices, minlength=n_columns)
    return np.asarray(np.log((1 + n_rows) / (1 + frequency)) + 1, dtype=np.float32)


def _unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    return _divide_rows(matrix, np.sqrt(_row_sums_of_squares(matrix)))


def _row_sums_of_squares(matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    return np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()


def _divide_rows(matrix: sparse.csr_matrix, lengths: NDArray[np.float64]) -> sparse.csr_matrix:
    divisor = np.where(lengths > 0, lengths, 1.0)
    matrix = matrix.copy()
    matrix.data /= np.repeat(divisor, np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def _spelling(vocabulary: list[str], tokens: sparse.csr_matrix) -> sparse.csr_matrix:
    """Each token's character n-grams, weighted by how few texts have them, if more than one has them."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not vocabulary:
        return sparse.csr_matrix((0, 0), dtype=np.float32)
    ngrams = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), lowercase=False, dtype=np.float32)
    counts = ngrams.fit_transform([token[:_LONGEST_WORD] for token in vocabulary])
    sample = tokens[np.unique(np.linspace(0, tokens.shape[0] - 1, _SPELLING_SAMPLE).astype(int))]
    in_texts = (sample @ counts).tocsr()
    common = np.flatnonzero(np.bincount(in_texts.indices, minlength=counts.shape[1]) >= 2)  # noqa: PLR2004
    weights = sparse.diags(_inverse_frequency(in_texts)[common])
    return (counts[:, common] @ weights).tocsr().astype(np.float32)


def _scale_to_spelling(tokens: sparse.csr_matrix, spelling: sparse.csr_matrix) -> sparse.csr_matrix:
    """Divide each row by the length it would have once spelt, taking its tokens' n-grams to be unlike."""
    token_squares = _row_sums_of_squares(spelling)
    row_squares = np.asarray(tokens.multiply(tokens) @ token_squares).ravel()
    return _divide_rows(tokens, np.sqrt(row_squares))
