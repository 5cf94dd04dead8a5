"""Texts -> a block of sparse word counts and the spelling of every word, and a vector for each text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from doubtcli.features.latent import MOST_SAMPLED, find_main_directions, unit_rows
from doubtcli.predict.folds import spread_rows
from doubtcli.predict.linear_text_models import LogisticOnWords, RidgeOnSpelling
from doubtcli.predict.text_models import ComplementNaiveBayes, NearestCentroid, Ngrams
from doubtcli.records import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Block, Bools, Codes, Examples, Model

_BETWEEN_TEXTS = " \n "
"""Joins several text columns: no character n-gram or word spans it."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_LONGEST_WORD = 40
"""Only the first letters of longer runs (addresses, keys, base64) count; the longest English words are
shorter."""
_SPELLING_SAMPLE = 10_000
"""Texts on which the document frequency of character n-grams is counted: enough for its logarithm."""
FEWEST_WORDS = 4
"""Shorter texts are duplicates only when equal: one other word in three changes the meaning."""
_DIMENSIONS = 128
"""Of the space in which texts are compared: 100,000 rows fit in 50 MB; other numbers were not tried."""


@dataclass(frozen=True, eq=False)
class TextBlock:
    """Texts as three sparse float32 matrices.

    Character n-grams do not cross the ends of a word, so a text's n-grams are the sum of its words' n-grams:
    `tokens @ spelling`. Models use the two factors and never build the product, which has some ten
    times as many entries.
    """

    words: sparse.csr_matrix
    """Shape `(n_rows, n_words_and_pairs)`: TF-IDF of words and word pairs, rows of length 1."""
    tokens: sparse.csr_matrix
    """Shape `(n_rows, n_tokens)`: counts of words and punctuation, scaled so that the rows of
    `tokens @ spelling` have a length of about 1."""
    spelling: sparse.csr_matrix
    """Shape `(n_tokens, n_character_ngrams)`: TF-IDF of each token's 2- to 4-character n-grams."""
    exact_keys: Codes
    """Shape `(n_rows,)`: the same number means the same text, apart from case, punctuation and blanks."""
    decides_alone: Bools
    """Shape `(n_rows,)`: texts so long that two equal ones must be copies."""

    dense: ClassVar = None

    def neighbor_space(self) -> NDArray[np.float32]:
        """Latent semantic analysis of words and of spelling; each has half of the squared length of 1."""
        parts = (compute_latent_space(self.words), compute_latent_space(self.tokens, self.spelling))
        return np.hstack([part / np.sqrt(2, dtype=np.float32) for part in parts])

    def models(self, beside: tuple[Block, ...], *, fast: bool) -> tuple[Model, ...]:
        """Three cheap models; unless `fast`, two linear ones, of which the ridge also sees numbers."""
        words, spelling = Ngrams(self.words), Ngrams(self.tokens, self.spelling)
        cheap = (
            ComplementNaiveBayes(words, "words"),
            ComplementNaiveBayes(spelling, "spelling"),
            NearestCentroid(words, "words"),
        )
        if fast:
            return cheap
        ridge = RidgeOnSpelling(self.tokens, self.spelling, _side_by_side(beside))
        single_words = _unit_sparse_rows(self.words[:, : self.tokens.shape[1]])
        return (*cheap, ridge, LogisticOnWords(single_words))


def _side_by_side(beside: tuple[Block, ...]) -> NDArray[np.float32] | None:
    parts = [block.dense for block in beside if block.dense is not None]
    return np.hstack(parts) if len(parts) > 1 else next(iter(parts), None)


def text_block(examples: Examples) -> TextBlock | None:
    """The block of the text columns, or None if there are none."""
    texts = join_texts(examples)
    return None if texts is None else make_text_block(texts)


def join_texts(examples: Examples) -> list[str] | None:
    """The text columns of each row as one string, or None if there are none."""
    names = examples.columns_of(Role.TEXT)
    if not names:
        return None
    columns = [pc.fill_null(pc.cast(examples.inputs.column(name), pa.large_string()), "") for name in names]
    joined = pc.binary_join_element_wise(*columns, pa.scalar(_BETWEEN_TEXTS, pa.large_string()))
    return [str(text) for text in joined.to_pylist()]


def make_text_block(texts: Sequence[str]) -> TextBlock:
    """Words, word pairs and spelling of each text; case is folded, and punctuation marks count as words.

    Args:
        texts: One string a row; "" if it is missing.
    """
    token_ids, row_starts, vocabulary = _tokenize(texts)
    rows = np.repeat(np.arange(len(texts)), np.diff(row_starts))
    tokens = _count_matrix(rows, token_ids, (len(texts), len(vocabulary)))
    pairs = _count_pairs(token_ids, rows, n_texts=len(texts), n_tokens=len(vocabulary))
    words = _unit_sparse_rows(_tf_idf(sparse.hstack([tokens, pairs], format="csr")))
    spelling = _make_spelling(vocabulary, tokens)
    return TextBlock(words, _scale_to_spelling(tokens, spelling), spelling, *_find_copies(texts))


def _find_copies(texts: Sequence[str]) -> tuple[Codes, Bools]:
    """A number for each different text, and which are so long that equal ones must be copies."""
    number: dict[str, int] = {}
    bare = [_bare_words(text) for text in texts]
    keys = np.array([number.setdefault(text, len(number)) for text in bare], dtype=np.intp)
    is_long = np.array([text.count(" ") + 1 >= FEWEST_WORDS for text in bare], dtype=np.bool_)
    return keys, is_long


def _bare_words(text: str) -> str:
    """The text without case, punctuation and extra blanks; a text of nothing else is kept."""
    words = "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()
    return " ".join(words) or text.strip()


def _tokenize(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Token numbers of all texts in one array, where each text starts, and the tokens themselves."""
    number: dict[str, int] = {}
    ids: list[int] = []
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    for row, text in enumerate(texts):
        ids.extend(number.setdefault(token, len(number)) for token in _TOKEN.findall(text.lower()))
        starts[row + 1] = len(ids)
    return np.asarray(ids, dtype=np.int64), starts, list(number)


def _count_matrix(
    rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_matrix:
    ones = np.ones(len(rows), dtype=np.float32)
    counts = sparse.coo_matrix((ones, (rows, columns)), shape=shape).tocsr()
    counts.sum_duplicates()
    return counts


def _count_pairs(
    token_ids: NDArray[np.int64], rows: NDArray[np.int64], *, n_texts: int, n_tokens: int
) -> sparse.csr_matrix:
    """Counts of adjacent token pairs that occur at least twice: a pair that occurs once is no use."""
    inside = rows[1:] == rows[:-1]
    keys = token_ids[:-1][inside] * n_tokens + token_ids[1:][inside]
    _, columns, seen = np.unique(keys, return_inverse=True, return_counts=True)
    keep = seen[columns] >= 2  # noqa: PLR2004
    new_number = np.cumsum(seen >= 2) - 1  # noqa: PLR2004
    shape = (n_texts, int((seen >= 2).sum()))  # noqa: PLR2004
    return _count_matrix(rows[:-1][inside][keep], new_number[columns[keep]], shape)


def _tf_idf(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Dampened counts times the smoothed inverse document frequency (scikit-learn's `sublinear_tf`)."""
    weighted = counts.astype(np.float32)
    weighted.data = (1 + np.log(weighted.data)) * _inverse_frequency(counts)[weighted.indices]
    return weighted


def _inverse_frequency(counts: sparse.csr_matrix) -> NDArray[np.float32]:
    n_rows, n_columns = counts.shape
    frequency = np.bincount(counts.indices, minlength=n_columns)
    return np.asarray(np.log((1 + n_rows) / (1 + frequency)) + 1, dtype=np.float32)


def _unit_sparse_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    return _divide_rows(matrix, np.sqrt(_row_sums_of_squares(matrix)))


def _row_sums_of_squares(matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    return np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()


def _divide_rows(matrix: sparse.csr_matrix, lengths: NDArray[np.float64]) -> sparse.csr_matrix:
    divisor = np.where(lengths > 0, lengths, 1.0)
    matrix = matrix.copy()
    matrix.data /= np.repeat(divisor, np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def _make_spelling(vocabulary: list[str], tokens: sparse.csr_matrix) -> sparse.csr_matrix:
    """Each token's character n-grams, weighted by how few texts have them, if more than one has them."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not vocabulary:
        return sparse.csr_matrix((0, 0), dtype=np.float32)
    ngrams = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), lowercase=False, dtype=np.float32)
    counts = ngrams.fit_transform([token[:_LONGEST_WORD] for token in vocabulary])
    sample = tokens[spread_rows(tokens.shape[0], _SPELLING_SAMPLE)]
    in_texts = (sample @ counts).tocsr()
    common = np.flatnonzero(np.bincount(in_texts.indices, minlength=counts.shape[1]) >= 2)  # noqa: PLR2004
    weights = sparse.diags(_inverse_frequency(in_texts)[common])
    return (counts[:, common] @ weights).tocsr().astype(np.float32)


def _scale_to_spelling(tokens: sparse.csr_matrix, spelling: sparse.csr_matrix) -> sparse.csr_matrix:
    """Divide each row by its length in n-grams, assuming that no two tokens share one."""
    token_squares = _row_sums_of_squares(spelling)
    row_squares = np.asarray(tokens.multiply(tokens) @ token_squares).ravel()
    return _divide_rows(tokens, np.sqrt(row_squares))


def compute_latent_space(
    rows: sparse.csr_matrix, spelling: sparse.csr_matrix | None = None
) -> NDArray[np.float32]:
    """Latent semantic analysis of `rows` (times `spelling`, a product never computed), each row at length 1.

    Args:
        rows: Shape `(n_rows, n_tokens)`.
        spelling: Shape `(n_tokens, n_columns)`.

    Returns:
        Shape `(n_rows, n_dimensions)`.
    """
    sample = rows[spread_rows(rows.shape[0], MOST_SAMPLED)]
    sample_back = sample.T.tocsr()
    spelling_back = None if spelling is None else spelling.T.tocsr()

    def forward(basis: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(sample @ (basis if spelling is None else spelling @ basis))

    def back(basis: NDArray[np.float32]) -> NDArray[np.float32]:
        product = sample_back @ basis
        return np.asarray(product if spelling_back is None else spelling_back @ product)

    n_columns = rows.shape[1] if spelling is None else spelling.shape[1]
    directions = find_main_directions(forward, back, n_columns, min(_DIMENSIONS, rows.shape[0], n_columns))
    return unit_rows(np.asarray(rows @ (directions if spelling is None else spelling @ directions)))
