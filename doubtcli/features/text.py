"""Texts -> a block of sparse word counts and the spelling of every word, and a vector for each text."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count, pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from doubtcli.features.latent import MOST_SAMPLED, find_main_directions, unit_rows
from doubtcli.predict.folds import spread_rows
from doubtcli.predict.linear_text_models import LogisticOnWords, RidgeOnSpelling
from doubtcli.predict.text_models import (
    ComplementNaiveBayes,
    NearestCentroid,
    Ngrams,
    count_in_columns,
)
from doubtcli.records import Role
from doubtcli.records.arrays import number_in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from doubtcli.records import Block, Bools, Codes, Examples, Model

_BETWEEN_TEXTS = " \n "
"""Joins several text columns: no character n-gram or word spans it."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_BARE_WORD = re.compile(r"[^\W_]+")
_NGRAM_SIZES = (2, 3, 4)
_LONGEST_WORD = 40
"""Only the first letters of longer runs (addresses, keys, base64) count; the longest English words are
shorter."""
_SPELLING_SAMPLE = 10_000
"""Texts on which the document frequency of character n-grams is counted: enough for its logarithm."""
FEWEST_WORDS = 4
"""Shorter texts are duplicates only when equal: one other word in three changes the meaning."""
_MOST_PAIRS = 2**20
_BUCKETS = 2**22
_AT_ONCE = 65_536
"""Texts whose word pairs are in memory at a time."""
_DIGEST_BYTES = 8
_DIMENSIONS = 64
"""Of each half of the space in which texts are compared. With 128, errors were ranked slightly worse on 77
classes of short texts, and as well elsewhere; the search costs twice as much."""


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
        parts = (LatentSpace(self.words), LatentSpace(self.tokens, self.spelling))
        space = np.empty((self.words.shape[0], sum(part.n_dimensions for part in parts)), dtype=np.float32)
        for rows in _split_rows(len(space)):  # as a whole, a second copy would have hundreds of megabytes
            placed = [part.place(rows) / np.sqrt(2, dtype=np.float32) for part in parts]
            np.concatenate(placed, axis=1, out=space[rows])
        return space

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
        return (*cheap, ridge, LogisticOnWords(self._select_single_words()))

    def _select_single_words(self) -> sparse.csr_matrix:
        """The words without pairs, rows of length 1; it has the same columns in each row as the tokens."""
        data = self.words.data[self.words.indices < self.tokens.shape[1]]
        words = sparse.csr_matrix((data, self.tokens.indices, self.tokens.indptr), shape=self.tokens.shape)
        _divide_rows(words, _measure_rows(words))
        return words


def _side_by_side(beside: tuple[Block, ...]) -> NDArray[np.float32] | None:
    parts = [np.asarray(block.dense) for block in beside if block.dense is not None]
    return np.hstack(parts) if len(parts) > 1 else next(iter(parts), None)


def text_block(examples: Examples) -> TextBlock | None:
    """The block of the text columns, or None if there are none."""
    texts = join_texts(examples)
    return None if texts is None else make_text_block(texts)


def join_texts(examples: Examples) -> Iterator[str] | None:
    """The text columns of each row as one string, some rows at a time, or None if there are none."""
    names = examples.columns_of(Role.TEXT)
    return _join_columns(examples.inputs.select(names)) if names else None


def _join_columns(inputs: pa.Table) -> Iterator[str]:
    for rows in _split_rows(inputs.num_rows):
        columns = [pc.fill_null(pc.cast(column[rows], pa.large_string()), "") for column in inputs.columns]
        joined = pc.binary_join_element_wise(*columns, pa.scalar(_BETWEEN_TEXTS, pa.large_string()))
        yield from joined.to_pylist()


def make_text_block(texts: Iterable[str]) -> TextBlock:
    """Words, word pairs and spelling of each text; case is folded, and punctuation marks count as words.

    Args:
        texts: One string a row; "" if it is missing. Each is read once.
    """
    ids, starts, vocabulary = _tokenize(texts)
    copies = _find_copies(ids, starts, vocabulary)
    tokens, words = _count_words(ids, starts, len(vocabulary))
    del ids  # it holds something else now
    _weigh_words(words)
    spelling = _make_spelling(vocabulary, tokens)
    _scale_to_spelling(tokens, spelling)
    return TextBlock(words, tokens, spelling, *copies)


def _tokenize(texts: Iterable[str]) -> tuple[NDArray[np.int32], NDArray[np.int64], list[str]]:
    """Token numbers of all texts in one array, where each text starts, and the tokens themselves."""
    number: defaultdict[str, int] = defaultdict(count().__next__)  # a new token gets the next number
    ids, starts = array("i"), array("q", [0])
    for text in texts:
        ids.extend(map(number.__getitem__, _TOKEN.findall(text.lower())))
        starts.append(len(ids))
    return np.frombuffer(ids, dtype=np.int32), np.frombuffer(starts, dtype=np.int64), list(number)


def _find_copies(
    ids: NDArray[np.int32], starts: NDArray[np.int64], vocabulary: list[str]
) -> tuple[Codes, Bools]:
    """A number for each different text, and which are so long that equal ones must be copies.

    Punctuation counts only in a text of nothing else.
    """
    number: dict[str, int] = {}
    bare = [_find_bare_words(token) for token in vocabulary]
    numbered = [[number.setdefault(word, len(number)) for word in words] for words in bare]
    # digests, since the words of all texts would be a second copy of the file
    digests, is_long = np.zeros(len(starts) - 1, dtype=np.uint64), np.zeros(len(starts) - 1, dtype=np.bool_)
    first = np.cumsum([0, *map(len, numbered)])
    bare_ids = np.array([one for words in numbered for one in words], dtype=np.int32)
    for rows in _split_rows(len(digests)):
        inside = slice(starts[rows.start], starts[rows.stop])
        places, lengths = first[ids[inside]], np.diff(first)[ids[inside]]
        ends = np.cumsum(lengths)
        flat = bare_ids[np.repeat(places - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)]
        bounds = np.concatenate([[0], ends])[starts[rows.start : rows.stop + 1] - inside.start]
        for row, (start, end) in enumerate(pairwise(bounds.tolist()), rows.start):
            marks = ids[starts[row] : starts[row + 1]]
            key = flat[start:end].tobytes() if end > start else b"marks" + marks.tobytes()
            digests[row] = int.from_bytes(blake2b(key, digest_size=_DIGEST_BYTES).digest())
        is_long[rows] = np.diff(bounds) >= FEWEST_WORDS
    return number_in_order(digests), is_long


def _find_bare_words(token: str) -> list[str]:
    """The letters and digits of a token, in lower case; a token with an underscore may be several words."""
    return _BARE_WORD.findall(token.casefold())


def _split_rows(n_rows: int) -> list[slice]:
    return [slice(start, min(start + _AT_ONCE, n_rows)) for start in range(0, n_rows, _AT_ONCE)]


def _count_words(
    ids: NDArray[np.int32], starts: NDArray[np.int64], n_tokens: int
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Counts of the tokens in each text, and of its tokens and pairs side by side.

    Both are filled some rows at a time, since in large files each has hundreds of megabytes. The columns of
    the tokens take the place of `ids`.
    """
    kept, n_pairs = _find_common_pairs(ids, starts, n_tokens)
    n_rows = len(starts) - 1
    tokens = _Rows(ids, n_rows)  # no row has more different tokens than tokens
    words = _Rows(np.empty(len(ids) + n_pairs, dtype=np.int32), n_rows)
    for rows in _split_rows(n_rows):
        inside = ids[starts[rows.start] : starts[rows.stop]]
        bounds = starts[rows.start : rows.stop + 1] - starts[rows.start]
        counts = _count_matrix(inside.copy(), bounds, n_tokens)
        pairs = _place_pairs(ids, starts, rows, n_tokens, kept)
        tokens.add(counts)
        words.add(sparse.hstack([counts, pairs], format="csr"))
    return tokens.finish(n_tokens), words.finish(n_tokens + len(kept))


class _Rows:
    """A sparse float32 matrix that is filled from its first row to its last, without a second copy.

    Args:
        columns: Where the columns of its entries are put; there are at most as many entries.
        n_rows: Of the whole matrix.
    """

    def __init__(self, columns: NDArray[np.int32], n_rows: int) -> None:
        self._data, self._columns = np.empty(len(columns), dtype=np.float32), columns
        self._ends = np.zeros(n_rows + 1, dtype=np.int64)
        self._n_rows = 0

    def add(self, part: sparse.csr_matrix) -> None:
        """The next rows."""
        start = self._ends[self._n_rows]
        entries = slice(start, start + part.nnz)
        self._data[entries], self._columns[entries] = part.data, part.indices
        self._ends[self._n_rows + 1 : self._n_rows + 1 + part.shape[0]] = start + part.indptr[1:]
        self._n_rows += part.shape[0]

    def finish(self, n_columns: int) -> sparse.csr_matrix:
        """The whole matrix."""
        entries = slice(0, self._ends[-1])
        shape = (self._n_rows, n_columns)
        return sparse.csr_matrix((self._data[entries], self._columns[entries], self._ends), shape=shape)


def _count_matrix(columns: NDArray[np.int32], starts: NDArray[np.int64], n_columns: int) -> sparse.csr_matrix:
    """How often each column occurs in each row, from the columns of all rows one after the other.

    These are sorted in place.
    """
    ones = np.ones(len(columns), dtype=np.float32)
    counts = sparse.csr_matrix((ones, columns, starts), shape=(len(starts) - 1, n_columns))
    counts.sum_duplicates()
    return counts


def _find_common_pairs(
    ids: NDArray[np.int32], starts: NDArray[np.int64], n_tokens: int
) -> tuple[NDArray[np.int64], int]:
    """Adjacent token pairs that occur at least twice, sorted, and how often all of them occur.

    A pair that occurs once is no use. In large files it takes more, so that there are about a million pairs
    at most.
    """
    least = max(2, len(ids) // _MOST_PAIRS)
    parts = _split_rows(len(starts) - 1)
    n_buckets = min(2 * max(1, len(ids)), _BUCKETS)
    seen = np.zeros(n_buckets, dtype=np.int64)
    for rows in parts:
        seen += np.bincount(_list_pairs(ids, starts, rows, n_tokens)[0] % n_buckets, minlength=n_buckets)
    found, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    for rows in parts:
        keys = _list_pairs(ids, starts, rows, n_tokens)[0]
        more, n_more = np.unique(keys[seen[keys % n_buckets] >= least], return_counts=True)
        found, places = np.unique(np.concatenate([found, more]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([counts, n_more]), len(found)).astype(np.int64)
    is_common = counts >= least
    return found[is_common], int(counts[is_common].sum())


def _place_pairs(
    ids: NDArray[np.int32],
    starts: NDArray[np.int64],
    rows: slice,
    n_tokens: int,
    kept: NDArray[np.int64],
) -> sparse.csr_matrix:
    """How often each of the pairs that are kept occurs in some rows."""
    keys, of_row = _list_pairs(ids, starts, rows, n_tokens)
    places = np.searchsorted(kept, keys)
    is_kept = kept[np.minimum(places, len(kept) - 1)] == keys if len(kept) else np.zeros(len(keys), bool)
    in_row = np.bincount(of_row[is_kept], minlength=rows.stop - rows.start)
    ends = np.concatenate([[0], np.cumsum(in_row)])
    return _count_matrix(places[is_kept].astype(np.int32), ends, len(kept))


def _list_pairs(
    ids: NDArray[np.int32], starts: NDArray[np.int64], rows: slice, n_tokens: int
) -> tuple[NDArray[np.int64], Codes]:
    """A number for each adjacent pair of tokens in some rows, and its row, counted from the first of them."""
    inside = ids[starts[rows.start] : starts[rows.stop]].astype(np.int64)
    of_row = np.repeat(np.arange(rows.stop - rows.start), np.diff(starts[rows.start : rows.stop + 1]))
    is_pair = of_row[1:] == of_row[:-1]
    return (inside[:-1] * n_tokens + inside[1:])[is_pair], of_row[1:][is_pair]


def _weigh_words(counts: sparse.csr_matrix) -> None:
    """Make of counts their TF-IDF (scikit-learn's `sublinear_tf`), rows of length 1; in place."""
    weights = _inverse_frequency(counts)
    for entries in _split_entries(counts):
        data = counts.data[entries]
        data[:] = (1 + np.log(data)) * weights[counts.indices[entries]]
    _divide_rows(counts, _measure_rows(counts))


def _inverse_frequency(counts: sparse.csr_matrix) -> NDArray[np.float32]:
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + count_in_columns(counts))) + 1, dtype=np.float32)


def _split_entries(matrix: sparse.csr_matrix) -> list[slice]:
    """The entries of some rows at a time, one part after the other."""
    parts = _split_rows(matrix.shape[0])
    return [slice(matrix.indptr[rows.start], matrix.indptr[rows.stop]) for rows in parts]


def _measure_rows(
    matrix: sparse.csr_matrix, squares: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """The length of each row, where a column counts as much as `squares` says, of shape `(n_columns,)`."""
    squares = np.ones(matrix.shape[1]) if squares is None else squares
    lengths = np.zeros(matrix.shape[0])
    for rows in _split_rows(len(lengths)):
        part = matrix[rows]
        lengths[rows] = np.sqrt(part.multiply(part) @ squares)
    return lengths


def _divide_rows(matrix: sparse.csr_matrix, lengths: NDArray[np.float64]) -> None:
    """Divide each row by its length, in place; a row of zeros stays."""
    divisor = np.where(lengths > 0, lengths, 1.0).astype(np.float32)
    for rows, entries in zip(_split_rows(len(lengths)), _split_entries(matrix), strict=True):
        sizes = np.diff(matrix.indptr[rows.start : rows.stop + 1])
        matrix.data[entries] /= np.repeat(divisor[rows], sizes)


def _make_spelling(vocabulary: list[str], tokens: sparse.csr_matrix) -> sparse.csr_matrix:
    """Each token's character n-grams, weighted by how few texts have them, if more than one has them."""
    if not vocabulary:
        return sparse.csr_matrix((0, 0), dtype=np.float32)
    counts = _count_ngrams([token[:_LONGEST_WORD] for token in vocabulary])
    sample = tokens[spread_rows(tokens.shape[0], _SPELLING_SAMPLE)]
    in_texts = (sample @ counts).tocsr()
    common = np.flatnonzero(np.bincount(in_texts.indices, minlength=counts.shape[1]) >= 2)  # noqa: PLR2004
    weights = sparse.diags(_inverse_frequency(in_texts)[common])
    return (counts[:, common] @ weights).tocsr().astype(np.float32)


def _count_ngrams(vocabulary: list[str]) -> sparse.csr_matrix:
    """How often each token has each run of 2 to 4 characters, with a blank before and after it."""
    lengths = np.array([len(token) + 2 for token in vocabulary])
    padded = "".join(f" {token} " for token in vocabulary)
    # a number for each character from 1, with 0 behind the last one, so that a shorter run is another number
    letters = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    alphabet = np.unique(letters)
    numbers = (np.searchsorted(alphabet, letters) + 1).astype(np.uint32)
    of_token = np.repeat(np.arange(len(vocabulary), dtype=np.int32), lengths)
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths) - np.arange(len(letters))  # characters up to the token's end
    runs, tokens = [], []
    for size in _NGRAM_SIZES:
        starts = np.flatnonzero(left >= size)
        run = np.zeros(len(starts), dtype=np.uint64)
        for place in range(max(_NGRAM_SIZES)):
            run *= np.uint64(len(alphabet) + 1)
            if place < size:
                run += numbers[starts + place]
        runs.append(run)
        tokens.append(of_token[starts])
    del left, numbers, of_token, starts  # a large file has millions of characters in its vocabulary
    kinds = np.unique(np.concatenate([np.unique(run) for run in runs]))
    columns = np.concatenate([np.searchsorted(kinds, run).astype(np.int32) for run in runs])
    del runs
    rows = np.concatenate(tokens)
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.coo_matrix((ones, (rows, columns)), shape=(len(vocabulary), len(kinds))).tocsr()


def _scale_to_spelling(tokens: sparse.csr_matrix, spelling: sparse.csr_matrix) -> None:
    """Divide each row by its length in n-grams, assuming that no two tokens share one; in place."""
    token_squares = np.asarray(spelling.multiply(spelling).sum(axis=1), dtype=np.float64).ravel()
    _divide_rows(tokens, _measure_rows(tokens, token_squares))


class LatentSpace:
    """Latent semantic analysis of some rows (times `spelling`, a product never computed).

    Args:
        rows: Shape `(n_rows, n_tokens)`.
        spelling: Shape `(n_tokens, n_columns)`.
    """

    def __init__(self, rows: sparse.csr_matrix, spelling: sparse.csr_matrix | None = None) -> None:
        self._rows = rows
        sample, columns = _keep_used_columns(rows[spread_rows(rows.shape[0], MOST_SAMPLED)])
        factor = None if spelling is None else spelling[columns]

        def forward(basis: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(sample @ (basis if factor is None else factor @ basis))

        def back(basis: NDArray[np.float32]) -> NDArray[np.float32]:
            product = sample.T @ basis
            return np.asarray(product if factor is None else factor.T @ product)

        n_columns = len(columns) if spelling is None else spelling.shape[1]
        self.n_dimensions = min(_DIMENSIONS, rows.shape[0], n_columns)
        directions = find_main_directions(forward, back, n_columns, self.n_dimensions)
        if spelling is None:
            self._directions = np.zeros((rows.shape[1], self.n_dimensions), dtype=np.float32)
            self._directions[columns] = directions
        else:
            self._directions = np.asarray(spelling @ directions)

    def place(self, rows: slice) -> NDArray[np.float32]:
        """Where some of the rows are, shape `(n, n_dimensions)`; each at length 1."""
        return unit_rows(np.asarray(self._rows[rows] @ self._directions))


def _keep_used_columns(rows: sparse.csr_matrix) -> tuple[sparse.csr_matrix, Codes]:
    """The columns with an entry, and their numbers; the others have no part in the main directions."""
    columns, places = np.unique(rows.indices, return_inverse=True)
    return sparse.csr_matrix((rows.data, places, rows.indptr), shape=(rows.shape[0], len(columns))), columns
