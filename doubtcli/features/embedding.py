"""Vectors whose directions have a meaning, such as sentence embeddings -> a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from doubtcli.features.latent import MOST_SAMPLED, find_main_directions, unit_rows
from doubtcli.predict.embedding_models import (
    DiscriminantAnalysis,
    NearestDirection,
    NeighborVote,
    ShortLogisticRegression,
    Vectors,
)
from doubtcli.predict.folds import spread_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Block, Bools, Codes, Examples, Model

_MOST_DIMENSIONS = 512
"""Longer vectors are projected on as many main directions: the cost of the models grows with the square."""
_MOST_SEARCHED = MOST_SAMPLED // 4
"""Rows in which the main directions of longer vectors are looked for: some ten for each of them."""


@dataclass(frozen=True, eq=False)
class EmbeddingBlock:
    """Vectors of which only the directions have a meaning, not the single numbers: no model splits on one.

    Other blocks don't add its numbers to theirs: beside the words of texts, they cost more than all else.
    """

    directions: NDArray[np.float32]
    """Shape `(n_rows, n_dimensions)`: from the mean of all rows, at length 1; 0 where a vector was 0."""
    exact_keys: Codes
    """Shape `(n_rows,)`: rows with the same number have vectors of the same direction."""
    on: str = "embeddings"
    """What the vectors are, in the names of its models."""

    tokens: ClassVar = None
    dense: ClassVar = None

    @property
    def decides_alone(self) -> Bools:
        """Shape `(n_rows,)`: always False; unlike inputs may have the same vector."""
        return np.zeros(len(self.directions), dtype=np.bool_)

    def neighbor_space(self) -> NDArray[np.float32]:
        """The directions."""
        return self.directions

    def models(self, beside: tuple[Block, ...], *, fast: bool) -> tuple[Model, ...]:
        """Two of class means; unless `fast`, a logistic regression and the votes of neighbours, too."""
        del beside  # its models see nothing but the vectors
        vectors = Vectors(self.directions)
        cheap = (DiscriminantAnalysis(vectors, self.on), NearestDirection(vectors, self.on))
        if fast:
            return cheap
        neighbors = NeighborVote(self.directions, self.exact_keys, self.on)
        return (*cheap, ShortLogisticRegression(vectors, self.on), neighbors)


def embedding_block(examples: Examples) -> EmbeddingBlock | None:
    """The block of the embeddings, or None if there are none."""
    return None if examples.embeddings is None else make_embedding_block(examples.embeddings)


def make_embedding_block(vectors: NDArray[np.floating], on: str = "embeddings") -> EmbeddingBlock:
    """The directions of vectors from their mean: all vectors of a language model point much the same way.

    Source: Mu and Viswanath, 2018, who also take away the first main directions; here, linear models then
    lost most of their average precision on two sets of five.

    Args:
        vectors: Shape `(n_rows, n_dimensions)`, finite; a row of zeros is a row without a vector.
        on: What they are, in the names of the models: "nearest centroid on embeddings".
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    # otherwise squares may leave the range of float32
    unit = unit_rows(np.asarray(vectors / np.where(largest > 0, largest, 1.0), dtype=np.float32))
    is_known = largest[:, 0] > 0
    mean = unit[is_known].mean(axis=0, dtype=np.float64) if is_known.any() else 0.0
    centred = np.where(is_known[:, None], unit - np.asarray(mean, dtype=np.float32), np.float32(0))
    return EmbeddingBlock(unit_rows(_shorten(_without_rounding(centred))), _number_rows(unit), on)


def _without_rounding(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows that differ from the mean by rounding alone have no direction: they become 0."""
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(lengths > 1e-5, centred, np.float32(0))  # noqa: PLR2004  # float32 has seven digits


def _shorten(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """Projected on the main directions if there are many columns."""
    n_rows, n_columns = centred.shape
    if n_columns <= _MOST_DIMENSIONS:
        return centred
    sample = centred[spread_rows(n_rows, _MOST_SEARCHED)]
    main = find_main_directions(
        lambda basis: sample @ basis,
        lambda basis: sample.T @ basis,
        n_columns,
        min(_MOST_DIMENSIONS, len(sample)),
    )
    return np.asarray(centred @ main)


def _number_rows(unit: NDArray[np.float32]) -> Codes:
    number: dict[bytes, int] = {}
    rows = unit + np.float32(0)  # no negative zeros
    return np.array([number.setdefault(row.tobytes(), len(number)) for row in rows], dtype=np.intp)
