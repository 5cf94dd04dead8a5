"""Learnt things -> what the reasons look at, and what they say: the records of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from doubtcli.records.arrays import Codes, Floats


@dataclass(frozen=True)
class Need:
    """One piece of evidence that a reason may ask for, by its name."""

    about: str
    """What it is, for who writes a reason: its shape, and what its values mean."""
    missing: str
    """What to say where a file can't give it."""
    source: str | None = None
    """Whose word it is: "models", "neighbors", "annotators", "duplicates"; None for the labels themselves."""
    axes: tuple[str, ...] = ()
    """What each of its dimensions counts: "rows", "classes", "models", …; none for a plain number."""
    codes_of: str | None = None
    """What its values are the numbers of, "rows" or "classes", with -1 for none; None where they are not."""


class Provider(Protocol):
    """Makes pieces of evidence; the parameters of `make` name what they are made of.

    These are pieces that other providers make, `examples`, and what a walk helps with: `settings`, `engine`,
    `progress` and `note`, a function that takes a sentence for the user. It is not asked where a piece is
    missing, but for a parameter with a default of None. Labels are asked for by name, `given_labels` as they
    are judged and `training_labels` as they are learned, and never taken from the examples: so it is known
    what to make again when errors are planted in them.
    """

    @property
    def makes(self) -> Mapping[str, Need | None]:
        """Each piece by its name; None for one that is only for other providers."""
        ...

    @property
    def is_costly(self) -> bool:
        """Whether its pieces are only made where something asks for one of them."""
        ...

    @property
    def is_fast(self) -> bool:
        """Whether a fast scan has the time for it."""
        ...

    @property
    def make(self) -> Callable[..., Mapping[str, Any]]:
        """Takes pieces, each under its name, and gives those that it could make."""
        ...


class Evidence(Mapping[str, Any]):
    """What reasons may ask for, by name: computed once, and shared by all of them.

    Arrays are read-only. What could not be made of this file is not in it.

    Args:
        pieces: Each by its name.
        named: The same.
    """

    def __init__(self, pieces: Mapping[str, Any] | None = None, /, **named: Any) -> None:  # noqa: ANN401  # see `Need`
        both = {**(pieces or {}), **named}
        self._pieces = {name: piece for name, piece in both.items() if piece is not None}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  # see `Need`
        return self._pieces[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pieces)

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def given_labels(self) -> Codes:
        """The labels that are judged."""
        labels: Codes = self._pieces["given_labels"]
        return labels

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return int(self._pieces["n_classes"])

    @property
    def pred_probs(self) -> Floats | None:
        """The models pooled over all repeats."""
        return self._pieces.get("pred_probs")

    @property
    def pred_probs_by_repeat(self) -> Floats | None:
        """The models pooled, once a repeat."""
        return self._pieces.get("pred_probs_by_repeat")

    @property
    def neighbor_indices(self) -> Codes | None:
        """The most alike rows of each row."""
        return self._pieces.get("neighbor_indices")

    @property
    def neighbor_distances(self) -> Floats | None:
        """How far each of them is."""
        return self._pieces.get("neighbor_distances")

    @property
    def neighbor_votes(self) -> Floats | None:
        """Their labels as shares."""
        return self._pieces.get("neighbor_votes")

    @property
    def duplicate_groups(self) -> Codes | None:
        """Rows with the same number have the same input."""
        return self._pieces.get("duplicate_groups")

    @property
    def annotations(self) -> Codes | None:
        """What each annotator answered."""
        return self._pieces.get("annotations")


@dataclass(frozen=True)
class Background:
    """What a reason's words may need beside the evidence; its field names are the parameters of `explain`."""

    class_names: tuple[str, ...]
    """Each class's name as words: as it is, or "class 3" where it has no letter."""
    suggested_labels: Codes
    """Shape `(n_rows,)`: what would be written instead; the given label where nothing better is seen."""
    training_labels: Codes
    """Shape `(n_rows,)`: what models and neighbours learn: a person's verdict, else the given label."""
    pred_probs_are_yours: bool
    """Whether the user gave the probabilities."""
    inputs: pa.Table
    """The input columns."""


REASON_SPEAKS = 0.5
"""From this score on a reason is named beside a row: it is likelier right than wrong, by its own measure."""


@dataclass(frozen=True)
class ReasonScores:
    """What one reason said of every row."""

    name: str
    package: str
    """The package it came from, with its version: "doubtcli 0.1.0"."""
    family: str
    """"error" (looks at the label, ranked) or "context" (shown beside)."""
    because: str
    """Completes "doubted because …"."""
    scores: Floats
    """Shape `(n_rows,)`, 0 to 1 or NaN."""
    sources: tuple[str, ...] = ()
    """What its needs are made of, in the order in which evidence is listed; none: of the labels alone."""
    lowers_doubt: bool = False
    """Whether a low score is a sign that the label is right, and not only the lack of a sign against it."""

    @property
    def voice(self) -> str:
        """Whom it speaks for: reasons that read the same evidence say one thing, however they put it.

        A reason that reads several kinds of evidence speaks for the first, so that nothing is counted twice.
        """
        return self.sources[0] if self.sources else "labels"


@dataclass(frozen=True)
class SkippedReason:
    """A reason that this file gave no chance, and why."""

    name: str
    package: str
    why: str
