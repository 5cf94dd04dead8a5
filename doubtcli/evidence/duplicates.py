"""Features -> groups of rows with the same or nearly the same input, and of rows held out together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from doubtcli.records import Duplicates, Need, PairedBlock, SamePiece
from doubtcli.records.arrays import number_alike, number_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from doubtcli.progress import Progress
    from doubtcli.records import Codes, Examples, Features
    from doubtcli.settings import ScanSettings

_ALIKE = 0.8
"""The share of common words (Jaccard) from which two texts are near-duplicates."""
_MIXER = np.uint64(0x9E3779B97F4A7C15)
"""Knuth's multiplier: makes one number of several."""
_BANDS, _BAND_ROWS = 12, 4
"""MinHash bands: two texts of similarity .8 share a band with probability 1 - (1 - .8^4)^12 = .998."""
_AT_ONCE = 16_384
"""Rows that are compared at a time."""


@dataclass(frozen=True)
class DuplicateGroups:
    """Which rows have the same input, which are held out together, and the features to learn from."""

    makes: ClassVar = {
        "duplicate_groups": Need(
            "Shape `(n_rows,)`: rows with the same number have the same input, exactly or nearly.",
            "there are no input columns to compare",
            source="duplicates",
            axes=("rows",),
        ),
        "equal_groups": Need(
            "Shape `(n_rows,)`: rows with the same number have the same long text, or else the same value in "
            "every input.",
            "there are no input columns to compare",
            source="duplicates",
            axes=("rows",),
        ),
        "are_copies": Need(
            "Shape `(n_rows,)`: whether equal rows may be copies of one text, with its label.",
            "there are no input columns to compare",
            source="duplicates",
            axes=("rows",),
        ),
        "alike": None,
        "together": None,
        "learnable_features": None,
    }
    is_costly: ClassVar = False
    is_fast: ClassVar = True
    reads: ClassVar = ("folds",)
    is_kept: ClassVar = True

    def make(
        self,
        examples: Examples,
        settings: ScanSettings,
        progress: Progress,
        note: Callable[[str], None],
        features: Features | None = None,
    ) -> Mapping[str, Any]:
        """Find the duplicates; without features, there are none."""
        with progress.stage("Making features"):
            found = find_duplicates(features, settings.folds) if features else None
        alike = found.groups if found else np.arange(examples.n_rows)
        together, chained = join_groups(alike, examples.groups)
        # without annotators there is nothing to judge by, and cross-fitting raises the error
        is_one_input = examples.annotations is not None and len(np.unique(together)) < 2  # noqa: PLR2004
        one_input = "every row has the same input, so only the annotators judge" if is_one_input else None
        for sentence in (chained, one_input, found.note if found else None):
            if sentence:
                note(sentence)
        return {
            "duplicate_groups": found.groups if found else None,
            "equal_groups": group_equal_rows(features) if features else None,
            "are_copies": find_copies(features) if features else None,
            "alike": alike,
            "together": together,
            "learnable_features": None if is_one_input else SamePiece("features"),
        }


def find_duplicates(features: Features, n_folds: int = 5) -> Duplicates:
    """Rows with the same input: equal or nearly equal texts; without texts, equal table values.

    Rows with the same text are duplicates, even if other values (a source, a date, a price) differ: else a
    row that is held out would be judged by its own copy. Where there is no text, or one of fewer than four
    words, the table values must be equal, too. Case, punctuation and white space do not count.
    Of two texts that are compared both must be equal or nearly equal: two pairs that share one side are not
    the same input. They are not held out together either: then errors were ranked worse (an average precision
    of .61 instead of .73 on queries with documents, .92 for .93 on descriptions of packages).
    Near-duplicates are grouped around a single text, the first of them in row order, and do not chain: every
    member is similar to that one. If a group of near-duplicates would have more than half as many rows as a
    fold (a tenth of all rows with five folds), only exact duplicates are grouped.
    """
    exact = group_equal_rows(features)
    tokens = [block.tokens for block in features.blocks if block.tokens is not None]
    if not tokens:
        return Duplicates(exact)
    from scipy import sparse

    sides = [side for block in features.blocks if isinstance(block, PairedBlock) for side in block.sides]
    near = _group_near_duplicates(
        exact, tokens[0] if len(tokens) == 1 else sparse.hstack(tokens, format="csr"), sides
    )
    largest = int(np.bincount(near).max())
    if largest > max(2, len(near) // (2 * n_folds)) and largest > int(np.bincount(exact).max()):
        note = (
            f"near-duplicates would make a group of {largest:,} rows, so only exact duplicates share a fold"
        )
        return Duplicates(exact, note)
    return Duplicates(near)


def group_equal_rows(features: Features) -> NDArray[np.intp]:
    """Groups of rows that are equal in the blocks that decide alone, or else in every block."""
    decides = np.stack([block.decides_alone for block in features.blocks], axis=1)
    keys = np.stack([block.exact_keys for block in features.blocks], axis=1)
    keys = np.where(decides.any(axis=1, keepdims=True) & ~decides, -1, keys)
    numbers = (np.unique(column, return_inverse=True)[1] for column in keys.T)
    return number_in_order(number_alike(*numbers))


def find_copies(features: Features) -> NDArray[np.bool_]:
    """Which rows may be copies of equal rows, label and all: those with a text, and those of one long text.

    In a table equal rows were mostly labelled one by one. A text is written once and copied: where copies of
    short texts with one label counted as votes for it, errors in such labels were not found.
    """
    has_text = any(block.tokens is not None for block in features.blocks)
    return np.asarray(np.stack([block.decides_alone | has_text for block in features.blocks]).any(axis=0))


def _group_near_duplicates(
    exact: NDArray[np.intp], tokens: sparse.csr_matrix, sides: Sequence[sparse.csr_matrix]
) -> NDArray[np.intp]:
    """Join each group of equal texts to the first similar text, unless that one has joined another.

    Args:
        exact: The groups of equal rows.
        tokens: What nearly equal rows share.
        sides: The same for each side of a pair: nearly equal rows are so on each side, too.
    """
    from doubtcli.features.text import FEWEST_WORDS

    _, first = np.unique(exact, return_index=True)
    has = [_mark_entries(part) for part in (tokens, *sides)]
    long_enough = np.flatnonzero(np.diff(tokens.indptr)[first] >= FEWEST_WORDS)
    leader = np.arange(len(first))
    for bucket_of in _find_buckets(tokens, first[long_enough]):
        _join_leaders(leader, long_enough, bucket_of, first, has)
    return leader[exact]


def _mark_entries(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """1 for each entry; no other array is copied."""
    from scipy import sparse

    ones = np.ones(matrix.nnz, dtype=np.int8)
    return sparse.csr_matrix((ones, matrix.indices, matrix.indptr), shape=matrix.shape)


def _join_leaders(
    leader: NDArray[np.intp],
    members: NDArray[np.intp],
    bucket_of: NDArray[np.intp],
    row_of: NDArray[np.intp],
    has: Sequence[sparse.csr_matrix],
) -> None:
    """Make the first member of each bucket the leader of those that are similar to it, in place.

    Args:
        leader: The leader of each text.
        members: The texts that are in buckets.
        bucket_of: The bucket of each member.
        row_of: A row with each text.
        has: What each row has, of the whole row and of each side; leaders must be similar in all of them.
    """
    heads = np.full(bucket_of.max(initial=-1) + 1, len(leader), dtype=np.intp)
    np.minimum.at(heads, bucket_of, members)
    head = heads[bucket_of]
    leads = np.bincount(leader, minlength=len(leader)) > 1
    free = (head != members) & (leader[members] == members) & ~leads[members] & (leader[head] == head)
    followers, head = members[free], head[free]
    alike = np.all([_are_alike(part, row_of[followers], row_of[head]) for part in has], axis=0)
    # rows that became leaders in this pass can't follow another
    alike &= ~np.isin(followers, head[alike])
    leader[followers[alike]] = head[alike]


def _are_alike(has: sparse.csr_matrix, some: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether rows have nearly all words in common; all of them, where one has fewer than four."""
    from doubtcli.features.text import FEWEST_WORDS

    sizes = np.diff(has.indptr)
    shared = np.zeros(len(some), dtype=np.intp)
    for start in range(0, len(some), _AT_ONCE):
        pairs = slice(start, start + _AT_ONCE)
        shared[pairs] = np.asarray(has[some[pairs]].multiply(has[others[pairs]]).sum(axis=1)).ravel()
    share = np.where(np.minimum(sizes[some], sizes[others]) < FEWEST_WORDS, 1.0, _ALIKE)
    return np.asarray(shared >= share * (sizes[some] + sizes[others] - shared))


def _find_buckets(tokens: sparse.csr_matrix, rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """For each MinHash band (Broder, 1997), the bucket of each of some rows; similar rows often share one.

    Args:
        tokens: An entry for each token that a row has.
        rows: None is empty.
    """
    if not len(rows):
        return
    rng = np.random.default_rng(0)
    for _ in range(_BANDS):
        band = np.zeros(tokens.shape[0], dtype=np.uint64)
        for _ in range(_BAND_ROWS):
            order = rng.permutation(tokens.shape[1]).astype(np.int32)
            band *= _MIXER  # wraps around; rows are compared later
            band += _find_minima(tokens, order)
        yield np.unique(band[rows], return_inverse=True)[1].astype(np.intp)


def _find_minima(tokens: sparse.csr_matrix, order: NDArray[np.int32]) -> NDArray[np.uint64]:
    """The place of the first token of each row in an order of all tokens; 0 where a row is empty."""
    found = np.zeros(tokens.shape[0], dtype=np.uint64)
    for start in range(0, len(found), _AT_ONCE):
        bounds = tokens.indptr[start : start + _AT_ONCE + 1]
        some = np.flatnonzero(np.diff(bounds))
        if len(some):
            places = order[tokens.indices[bounds[0] : bounds[-1]]]
            found[start + some] = np.minimum.reduceat(places, bounds[some] - bounds[0])
    return found


def join_groups(duplicates: Codes, groups: Codes | None) -> tuple[Codes, str | None]:
    """Groups that keep both duplicates and the user's groups together: their connected components.

    A common text could chain all groups into one. If that makes a group of more than half of the rows, only
    the user's groups are kept.
    """
    if groups is None:
        return duplicates, None
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_rows, n_duplicates = len(groups), int(duplicates.max()) + 1
    edges = (np.ones(n_rows), (duplicates, groups + n_duplicates))
    n_nodes = n_duplicates + int(groups.max()) + 1
    components = connected_components(coo_matrix(edges, shape=(n_nodes, n_nodes)), directed=False)[1]
    joined = np.unique(components[duplicates], return_inverse=True)[1].astype(np.intp)
    if np.bincount(joined).max() > max(n_rows // 2, np.bincount(groups).max()):
        return groups, "duplicates join most groups into one, so only the groups share a fold"
    return joined, None
