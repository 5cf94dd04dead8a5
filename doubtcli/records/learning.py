"""Rows -> predictions and neighbours: the records of learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scipy import sparse

    from doubtcli.records.arrays import Bools, Codes, Floats


Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")


class Job(Protocol[Result_co]):
    """A piece of work with all its data: frozen and picklable, so that any process can run it."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """Modules that it imports when it runs."""
        ...

    def run(self) -> Result_co:
        """Do the work."""
        ...


class Engine(Protocol):
    """Runs jobs, in threads here or on a cluster. The results must not depend on the engine."""

    def map(self, jobs: Iterable[Job[Result]]) -> Iterator[Result]:
        """The results, in the order of the jobs."""
        ...


class Rows(Protocol):
    """A matrix of float32: an array, or what makes its rows when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        ...

    def __len__(self) -> int:
        """The number of rows."""
        ...

    def __getitem__(self, rows: Any, /) -> Any:  # noqa: ANN401  # as arrays have it, for type checkers
        """Some rows, as an array."""
        ...


class Model(Protocol):
    """Predicts rows that it was not fitted on; it holds their features, and is picklable.

    It may have a number `most_classes`: where there are more classes, it is left out.
    """

    @property
    def name(self) -> str:
        """Its name in the report, unique among the models of the same features."""
        ...

    @property
    def libraries(self) -> tuple[str, ...]:
        """Modules that it imports when it is fitted."""
        ...

    @property
    def note(self) -> str | None:
        """What the user should know about how it is fitted."""
        ...

    @property
    def is_overrated(self) -> bool:
        """Whether labels with errors overrate it, as it would often make the same errors."""
        ...

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Floats:
        """Shape `(n_rows, n_classes)`, higher is likelier; each fold by a model fitted without it."""
        ...


class Block(Protocol):
    """One part of the features, such as all texts: how it compares rows, and which models use it."""

    @property
    def exact_keys(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number are equal in this block."""
        ...

    @property
    def decides_alone(self) -> Bools:
        """Shape `(n_rows,)`: whether rows equal here are the same input, even if other blocks differ."""
        ...

    @property
    def tokens(self) -> sparse.csr_matrix | None:
        """Shape `(n_rows, n_tokens)`: what nearly equal rows share; None if only equal rows count."""
        ...

    @property
    def dense(self) -> Rows | None:
        """Shape `(n_rows, n_dense)`: numbers that models of another block may add to their own features."""
        ...

    def neighbor_space(self) -> Floats:
        """Vectors to find neighbours by, float32, each about 1 long: shape `(n_rows, n_dimensions)`."""
        ...

    def models(self, beside: tuple[Block, ...], *, fast: bool) -> tuple[Model, ...]:
        """Models for this block; `beside`: the other blocks of these rows; `fast`: only the cheapest."""
        ...


@runtime_checkable
class PairedBlock(Protocol):
    """What a block has besides if its rows are two texts that are compared."""

    @property
    def sides(self) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Each of shape `(n_rows, n_tokens)`: what nearly equal rows share, on the left and on the right."""
        ...


@dataclass(frozen=True)
class Features:
    """The features of each row, without its label: one block or more."""

    blocks: tuple[Block, ...]

    def models(self, *, fast: bool = False) -> tuple[Model, ...]:
        """Models for these features, of at least two different families; `fast`: only the cheapest."""
        return tuple(
            model
            for block in self.blocks
            for model in block.models(tuple(one for one in self.blocks if one is not block), fast=fast)
        )

    def list_cheapest_models(self) -> tuple[Model, ...]:
        """The cheapest models of each block, as if it were alone: a forest for a table beside texts, too."""
        return tuple(model for block in self.blocks for model in block.models((), fast=True))


@dataclass(frozen=True)
class Duplicates:
    """Which rows have the same input."""

    groups: Codes
    """Shape `(n_rows,)`: rows with the same number are duplicates, exact or near."""
    note: str | None = None


@dataclass(frozen=True)
class Neighbors:
    """The most similar rows of each row."""

    indices: Codes
    """Shape `(n_rows, k)`: nearest first, without its own duplicates; -1 where there are fewer."""
    distances: Floats
    """Shape `(n_rows, k)`: NaN where there are fewer."""
    note: str | None = None


@dataclass(frozen=True)
class Predictions:
    """Out-of-fold predicted probabilities, float32; the probabilities of a row sum to 1."""

    model_names: tuple[str, ...]
    by_model: Floats
    """Shape `(n_models, n_rows, n_classes)`: the mean over repeats."""
    by_repeat: Floats
    """Shape `(n_repeats, n_rows, n_classes)`: the models pooled in each repeat."""
    pooled: Floats
    """Shape `(n_rows, n_classes)`: the models pooled over all repeats."""
    trust: tuple[float, ...] = (1.0,)
    """The weight of each model in the pool: 0 or more."""
    left_out: tuple[str, ...] = ()
    """Models that predict the labels no better than chance: they have no part in any of these."""


@dataclass(frozen=True)
class Planting:
    """Labels with errors planted in them."""

    labels: Codes
    """Shape `(n_rows,)`."""
    is_planted: Bools
    """Shape `(n_rows,)`."""


PLANTED_SHARE = 0.05
"""Of the rows: enough to learn from, few enough not to make the models worse."""
