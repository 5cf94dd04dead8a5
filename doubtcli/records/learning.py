"""Rows -> what models and neighbours make of them: the records of learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scipy import sparse

    from doubtcli.records.arrays import Bools, Codes, Floats


Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")


class Job(Protocol[Result_co]):
    """A piece of work that holds all it needs: frozen and picklable, so that any process can do it."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """Modules that it imports when it runs."""
        ...

    def run(self) -> Result_co:
        """Do the work."""
        ...


class Engine(Protocol):
    """Who does jobs: threads here, or a cluster. What a job gives must not depend on it."""

    def map(self, jobs: Iterable[Job[Result]]) -> Iterator[Result]:
        """What each job gives, in the order of the jobs."""
        ...


class Model(Protocol):
    """Predicts rows that it did not learn from; it holds their features, and is picklable."""

    @property
    def name(self) -> str:
        """How it is called in the report; no other model of the same features has this name."""
        ...

    @property
    def libraries(self) -> tuple[str, ...]:
        """Modules that it imports when it is fitted."""
        ...

    @property
    def note(self) -> str | None:
        """What the user should know of how it is fitted."""
        ...

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Floats:
        """Shape `(n_rows, n_classes)`, higher is likelier; who scores a fold has learnt nothing of it."""
        ...


class Block(Protocol):
    """One part of the features, such as all texts: how rows are compared by it, and who learns from it."""

    @property
    def exact_keys(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number hold the same in this block."""
        ...

    @property
    def decides_alone(self) -> Bools:
        """Shape `(n_rows,)`: rows that are the same input once they are equal here, whatever is beside."""
        ...

    @property
    def tokens(self) -> sparse.csr_matrix | None:
        """Shape `(n_rows, n_tokens)`: what nearly equal rows share; None if only equal rows are alike."""
        ...

    @property
    def dense(self) -> Floats | None:
        """Shape `(n_rows, n_dense)`: numbers that models of another block may put beside their own."""
        ...

    def neighbor_space(self) -> Floats:
        """Where rows lie: shape `(n_rows, n_dimensions)`, float32, rows of a length of about 1."""
        ...

    def models(self, beside: tuple[Block, ...], *, fast: bool) -> tuple[Model, ...]:
        """The models that suit it; `beside`: the other blocks of these rows; `fast`: only the cheapest."""
        ...


@dataclass(frozen=True)
class Features:
    """What is known of each row, its label left out: one block or more."""

    blocks: tuple[Block, ...]

    def models(self, *, fast: bool = False) -> tuple[Model, ...]:
        """The models that suit these features, at least two of unlike families; `fast`: the cheapest."""
        return tuple(
            model
            for block in self.blocks
            for model in block.models(tuple(one for one in self.blocks if one is not block), fast=fast)
        )


@dataclass(frozen=True)
class Duplicates:
    """Which rows have the same input."""

    groups: Codes
    """Shape `(n_rows,)`: rows with the same number are duplicates, exact or near."""
    note: str | None = None


@dataclass(frozen=True)
class Neighbors:
    """The most alike rows of each row."""

    indices: Codes
    """Shape `(n_rows, k)`: nearest first, own duplicates left out; -1 where there are fewer."""
    distances: Floats
    """Shape `(n_rows, k)`: NaN where there are fewer."""
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
"""Of the rows: enough to learn from, few enough to leave the models what they were."""
