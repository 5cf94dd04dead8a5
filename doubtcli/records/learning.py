"""Rows -> what models and neighbours make of them: the records of learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse

    from doubtcli.records.arrays import Bools, Codes, Floats


@dataclass(frozen=True)
class TextFeatures:
    """Texts as three sparse float32 matrices.

    Character n-grams do not look past a word's ends, so a text's n-grams are its words' n-grams added up:
    `tokens @ spelling`. Models use the two factors and never build the product, which has some ten
    times as many entries.
    """

    words: sparse.csr_matrix
    """Shape `(n_rows, n_words_and_pairs)`: TF-IDF of words and word pairs, rows of length 1."""
    tokens: sparse.csr_matrix
    """Shape `(n_rows, n_tokens)`: counts of words and marks, scaled so that `tokens @ spelling` has rows of
    about length 1."""
    spelling: sparse.csr_matrix
    """Shape `(n_tokens, n_character_ngrams)`: TF-IDF of each token's 2- to 4-character n-grams."""


@dataclass(frozen=True)
class Features:
    """What is known of each row, its label left out. At least one part is there."""

    text: TextFeatures | None
    dense: NDArray[np.float32] | None
    """Shape `(n_rows, n_dense)`: table columns, standardized, and embeddings at length
    `sqrt(n_dimensions)`."""


@dataclass(frozen=True)
class Duplicates:
    """Which rows have the same input."""

    groups: Codes
    """Shape `(n_rows,)`: rows with the same number are duplicates, exact or near."""
    note: str | None = None


@dataclass(frozen=True)
class Neighbors:
    """The most alike rows of each row; fields as in `Evidence`."""

    indices: Codes
    distances: Floats
    votes: Floats
    note: str | None = None


@dataclass(frozen=True)
class Predictions:
    """Out-of-fold predicted probabilities, float32; rows sum to 1."""

    model_names: tuple[str, ...]
    by_model: Floats
    """Shape `(n_models, n_rows, n_classes)`: the mean over repeats."""
    by_repeat: Floats
    """Shape `(n_repeats, n_rows, n_classes)`: the models pooled."""
    pooled: Floats
    """Shape `(n_rows, n_classes)`: the models pooled over all repeats."""
    unheard: tuple[str, ...] = ()
    """Models that were fitted and learnt nothing, so that they have no part in any of these."""


@dataclass(frozen=True)
class Planting:
    """Labels with errors planted in them."""

    labels: Codes
    """Shape `(n_rows,)`."""
    is_planted: Bools
    """Shape `(n_rows,)`."""
