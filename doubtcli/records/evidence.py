"""What models and neighbours learned -> what reasons look at and what they score: records of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from doubtcli.records.arrays import Bools, Codes, Floats
    from doubtcli.records.rules import Rule


@dataclass(frozen=True)
class Need:
    """One piece of evidence that a reason may ask for, by its name."""

    about: str
    """What it is, for authors of reasons: its shape, and what its values mean."""
    missing: str
    """What to report where a file can't give it."""
    source: str | None = None
    """Where it comes from: "models", "neighbors", "annotators", "rules", "duplicates"; None: the labels."""
    axes: tuple[str, ...] = ()
    """What each of its dimensions counts: "rows", "classes", "models", …; none for a plain number."""
    codes_of: str | None = None
    """What its values are codes of, "rows" or "classes", with -1 for none; None where they are not codes."""


@dataclass(frozen=True)
class SamePiece:
    """What a provider makes where one of its pieces is another piece, unchanged."""

    name: str


class Provider(Protocol):
    """Makes pieces of evidence; the parameters of `make` name what it needs for that.

    A parameter names a piece that another provider makes, or one of `examples`, `settings`, `engine`,
    `progress` and `note`, a function that takes a sentence for the user. Where a piece is missing the
    provider is not called, unless that parameter's default is None. Labels are asked for by name, and never
    taken from the examples: `given_labels` are judged, and models learn from `training_labels`. So it is
    known what to make again when errors are planted in the labels.
    """

    @property
    def makes(self) -> Mapping[str, Need | None]:
        """Each piece by its name; None for one that only other providers use."""
        ...

    @property
    def is_costly(self) -> bool:
        """Whether its pieces are made only where one of them is asked for."""
        ...

    @property
    def is_fast(self) -> bool:
        """Whether a fast scan uses it."""
        ...

    @property
    def make(self) -> Callable[..., Mapping[str, Any]]:
        """Takes pieces by name, and gives those that it could make."""
        ...


class Keeper(Protocol):
    """Keeps what was computed for later runs, each under a key of all that it was computed from."""

    def find(self, key: str) -> Any | None:  # noqa: ANN401  # what was kept
        """What was kept under this key; None if nothing is, or if it is damaged."""
        ...

    def keep(self, key: str, value: Any) -> None:  # noqa: ANN401  # as `find`
        """Keep a value, if it can be kept: then `find` gives an equal one."""
        ...


class Evidence(Mapping[str, Any]):
    """What reasons may ask for, by name: computed once, and shared by all of them.

    Arrays are read-only. A piece that this file can't give is missing.

    Args:
        pieces: By name.
        named: More pieces, by name.
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
        """The number of classes."""
        return int(self._pieces["n_classes"])

    @property
    def pred_probs(self) -> Floats | None:
        """The models' probabilities, pooled over all repeats."""
        return self._pieces.get("pred_probs")

    @property
    def pred_probs_by_repeat(self) -> Floats | None:
        """The models' probabilities, pooled in each repeat."""
        return self._pieces.get("pred_probs_by_repeat")

    @property
    def neighbor_indices(self) -> Codes | None:
        """The most similar rows of each row."""
        return self._pieces.get("neighbor_indices")

    @property
    def neighbor_distances(self) -> Floats | None:
        """Their distances."""
        return self._pieces.get("neighbor_distances")

    @property
    def neighbor_votes(self) -> Floats | None:
        """The shares of each label among them."""
        return self._pieces.get("neighbor_votes")

    @property
    def duplicate_groups(self) -> Codes | None:
        """Rows with the same number have the same input."""
        return self._pieces.get("duplicate_groups")

    @property
    def equal_groups(self) -> Codes | None:
        """Rows with the same number have equal inputs."""
        return self._pieces.get("equal_groups")

    @property
    def are_copies(self) -> Bools | None:
        """Whether rows of the same input must be copies of one text."""
        return self._pieces.get("are_copies")

    @property
    def annotations(self) -> Codes | None:
        """Each annotator's answers."""
        return self._pieces.get("annotations")

    @property
    def rule_labels(self) -> Codes | None:
        """The label that each rule of the user's gives."""
        return self._pieces.get("rule_labels")


@dataclass(frozen=True)
class Background:
    """What a reason's `explain` may ask for in addition to evidence; its parameters are these field names."""

    class_names: tuple[str, ...]
    """Each class's name as words: as it is, or "class 3" where it has no letter."""
    suggested_labels: Codes
    """Shape `(n_rows,)`: the suggested label; the given label where no other fits better."""
    training_labels: Codes
    """Shape `(n_rows,)`: what models and neighbours learn: a person's verdict, else the given label."""
    pred_probs_are_yours: bool
    """Whether the user gave the probabilities."""
    inputs: pa.Table
    """The input columns."""
    rules: tuple[Rule, ...] = ()
    """The user's rules, in the order of `rule_labels`."""


REASON_SPEAKS = 0.5
"""From this score on a reason raises doubt about a row: by its own measure the label is likelier wrong than
right."""


@dataclass(frozen=True)
class ReasonScores:
    """One reason's score of every row."""

    name: str
    package: str
    """The package that has it, with its version: "doubtcli 0.1.0"."""
    family: str
    """"error" (looks at the label, ranked) or "context" (only shown)."""
    because: str
    """Completes "doubted because …"."""
    scores: Floats
    """Shape `(n_rows,)`, 0 to 1 or NaN."""
    sources: tuple[str, ...] = ()
    """Where its needs come from, in the order in which evidence is listed; empty: from the labels alone."""
    lowers_doubt: bool = False
    """Whether a low score is evidence for the label, and not just no evidence against it."""

    @property
    def voice(self) -> str:
        """The evidence that it counts as: reasons that read the same evidence count as one voice.

        A reason that reads several kinds of evidence counts as the first, so that nothing is counted twice.
        """
        return self.sources[0] if self.sources else "labels"


@dataclass(frozen=True)
class SkippedReason:
    """A reason that could not be asked about this file, and why."""

    name: str
    package: str
    why: str
