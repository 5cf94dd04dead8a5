"""Reasons' scores -> doubts, rates and the whole audit: the records of judging."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from doubtcli.records.arrays import find_first_of_each

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records.arrays import Bools, Codes, Floats
    from doubtcli.records.evidence import Evidence, ReasonScores, SkippedReason
    from doubtcli.records.reading import Embedder, Examples, Labels, Roles, SideFile, Source, Stratum


@dataclass(frozen=True)
class Skill:
    """Whether the models can predict these labels."""

    assessable: bool
    why: str
    """One plain sentence."""
    accuracy: float | None
    """Share of rows whose out-of-fold prediction equals the given label; balanced over classes:
    `balanced_accuracy`."""
    balanced_accuracy: float | None
    majority_accuracy: float
    """The accuracy of always answering the largest class."""
    permuted_accuracy: float | None
    """The same models' balanced accuracy on permuted labels: the highest of the permutations."""
    by_model: Mapping[str, float] = field(default_factory=dict)
    """Each model's out-of-fold accuracy."""

    def __str__(self) -> str:
        """One sentence."""
        return self.why


@dataclass(frozen=True)
class NoiseRate:
    """What is known of the share of wrong labels: a bound by models, and a rate where people measured it."""

    assessable: bool
    """Whether models could bound it, or people measured it."""
    why: str
    """One plain sentence: what this rests on, or why nothing is known."""
    at_least: float = 0.0
    """The least share of labels that are wrong, by models and by what people corrected; 0 where nothing is
    known."""
    contradicted: float | None = None
    """The share of labels where models would give another one, right or not; None without skilled models."""
    rate: float | None = None
    """The measured share of wrong labels; like its interval None unless a random sample was checked."""
    low: float | None = None
    high: float | None = None
    level: float = 0.9
    """The share of such bounds and intervals that hold, under the method's assumptions."""
    rests_on: str = "models"
    """"models", or "verdicts" where it was measured on rows that were drawn at random and checked."""
    n_checked: int = 0
    """How many checked rows of an audit sample it was measured on."""
    n_more: int | None = None
    """How many more verdicts on such rows would bring the interval to 2 points on either side, if they are
    like those so far; 0 where it is as narrow; None where nothing was measured."""

    @property
    def is_measured(self) -> bool:
        """Whether people checked enough rows of a random sample."""
        return self.rate is not None

    def __str__(self) -> str:
        """The bound and the measured rate, as far as they are known, and what they rest on."""
        if not self.assessable:
            return f"not assessable: {self.why}"
        if self.is_measured:
            interval = f"{self.level:.0%} interval {self.low:.1%} to {self.high:.1%}"
            return f"{self.rate:.1%} of rows ({interval}), {self.why}"
        contradicted = "" if self.contradicted is None else f", {self.contradicted:.1%} contradicted"
        return f"at least {self.at_least:.1%} of labels wrong{contradicted}; {self.why}"


@dataclass(frozen=True)
class FlagBound:
    """How many of the flagged labels are wrong at least, or why it is not known."""

    assessable: bool
    why: str
    """A clause: what the numbers are based on, or why there are none."""
    n_flagged: int = 0
    """How many rows the queue had of which some were drawn; equal rows are one."""
    n_drawn: int = 0
    """How many of them were drawn at random."""
    n_checked: int = 0
    """How many of the drawn ones count: they are decided, or were passed over."""
    n_wrong: int = 0
    """How many of these were found to be wrong."""
    level: float = 0.9
    """The probability with which all of the bounds hold together."""
    at_least_wrong: Mapping[int, int] = field(default_factory=dict)
    """By a number of rows, the most doubted first: how many of them are wrong at least."""


@dataclass(frozen=True)
class NoiseEstimate:
    """What models alone can say of how many labels are wrong."""

    noise_rate: NoiseRate
    curve_rate: float
    """The share of wrong labels at which contradictions level off as models are surer. It is too low where
    errors lie between classes: it only shows which other label sets the file is like."""


@dataclass(frozen=True)
class ExpectedWrong:
    """How many of some labels are wrong, as far as it can be known."""

    n_rows: int
    mean: float
    low: int
    middle: int
    """As likely to be more as to be fewer."""
    high: int
    level: float
    """The probability with which the number is from `low` to `high`."""


@dataclass(frozen=True)
class ExpectedErrors:
    """How many labels are wrong, by labelled sets that are like the file and by people's verdicts."""

    n_decided: int
    """Rows that people have decided."""
    n_wrong: int
    """Those of them whose label they corrected."""
    doubted: ExpectedWrong
    """Among the doubted rows."""
    next: ExpectedWrong
    """Among the next rows of the queue, at most 100; equal rows are one."""
    left: ExpectedWrong
    """Among all labelled rows that nobody has decided."""


@dataclass(frozen=True)
class Power:
    """The share of planted errors that the audit finds, or why it is not known."""

    assessable: bool
    why: str
    """One plain sentence: what was planted, or why nothing was."""
    n_planted: int = 0
    found_in_first: Mapping[float, float] = field(default_factory=dict)
    """The share of the planted errors among the most doubted rows, by the share of the rows looked at."""
    most_in_first: Mapping[float, float] = field(default_factory=dict)
    """The share that would be among them if every planted error came before every other row; only by
    `doubt bench`."""
    by_class: Mapping[int, float] = field(default_factory=dict)
    """Of the errors planted with each label, the share in the first `SHARE_OF_PARTS` of the rows; only by
    `doubt bench`."""
    by_reason: Mapping[str, float] = field(default_factory=dict)
    """The share that each reason alone puts into the first `SHARE_OF_PARTS` of the rows; only by
    `doubt bench`."""


DOUBTED, CONTRADICTED = "doubted", "contradicted"
TIERS: tuple[str | None, ...] = (DOUBTED, CONTRADICTED, None)
"""The tiers of rows in the order of the queue. A doubted label is likelier wrong than right. A contradicted
one is not what models would write, and accused of nothing. The other rows have no tier."""


def number_tiers(doubted: Bools, contradicted: Bools) -> Codes:
    """The tier of each row, as its place in `TIERS`.

    Args:
        doubted: Shape `(n_rows,)`.
        contradicted: Shape `(n_rows,)`; makes no difference where a row is doubted.
    """
    import numpy as np

    return np.where(doubted, 0, np.where(contradicted, 1, 2))


SHARE_OF_PARTS = 0.1
"""Of the rows, most doubted first, that power by class and by reason is measured on."""


@dataclass(frozen=True)
class Ranking:
    """Each row's doubt, and the order of the rows by it."""

    doubt: Floats
    """Shape `(n_rows,)`, 0 to 1."""
    doubt_sd: Floats
    """Shape `(n_rows,)`: how much it varies between repeats; NaN where there is only one."""
    suggested_labels: Codes
    """Shape `(n_rows,)`: the suggested labels, as codes of the file's labels and then of `further_labels`;
    the given label where no other fits better."""
    suggested_confidence: Floats
    """Shape `(n_rows,)`, 0 to 1: how sure the evidence is of the suggested label."""
    doubted: Bools
    """Shape `(n_rows,)`: whether its label is likelier wrong than right; never of a row that a person has
    decided on."""
    contradicted: Bools
    """Shape `(n_rows,)`: whether models would write another label, doubted or not; likewise undecided."""
    order: Codes
    """Shape `(n_rows,)`: row numbers, most doubted first, ties by row id."""
    voices: tuple[str, ...]
    """The kinds of evidence that the doubt is made of, as reports name them."""
    margins: Floats
    """Shape `(n_rows,)`: how much all voices speak against each label, on the scale of models' log odds."""
    queue_length: int = 0
    """The number of entries in the queue, which has all doubted ones even if they are more."""
    decided: Bools | None = None
    """Shape `(n_rows,)`: whether a person has decided on it, so that it is not in the queue; None: no row."""
    further_labels: tuple[str, ...] = ()
    """Labels that are suggested though the file doesn't have them."""
    entries: Codes | None = None
    """Shape `(n_rows,)`: rows with the same number are equal, and one entry of the queue; None: none are."""

    @cached_property
    def undecided(self) -> Codes:
        """The rows that nobody has decided on, most doubted first."""
        return self.order if self.decided is None else self.order[~self.decided[self.order]]

    @cached_property
    def tiers(self) -> Codes:
        """Shape `(n_rows,)`: the tier of each row, as its place in `TIERS`."""
        return number_tiers(self.doubted, self.contradicted)

    @cached_property
    def queue(self) -> Codes:
        """The entries to relabel: the doubted, then the contradicted, each by doubt, as far as it goes.

        Each is the row that stands for all its equal ones: the most doubted of them.
        """
        left = self.undecided
        entries = left if self.entries is None else self.entries[left]
        return left[find_queue_heads(entries, self.tiers[left], self.queue_length)]


def find_queue_heads(entries: Codes, tiers: Codes, length: int) -> Codes:
    """The places of the rows that stand for the entries of a queue: of each entry the first row.

    Args:
        entries: Shape `(n_rows,)`: the entry of each row that may be queued, most doubted first.
        tiers: Shape `(n_rows,)`: the tier of each, as its place in `TIERS`.
        length: The number of entries, unless more are doubted.
    """
    heads = find_first_of_each(entries)
    by_tier = tiers[heads].argsort(kind="stable")
    return heads[by_tier][: max(int((tiers == 0)[heads].sum()), length)]


@dataclass(frozen=True)
class AuditSample:
    """Undecided rows drawn at random, to measure the noise rate by."""

    rows: Codes
    """Row numbers, in the random order in which they were drawn."""
    strata: tuple[Stratum, ...]
    """Of each of `rows`."""
    inclusion: Floats
    """Of each of `rows`: the probability with which it was drawn."""


@dataclass(frozen=True)
class ScanResult:
    """All that a scan found; every output is made from it."""

    source: Source
    roles: Roles
    labels: Labels
    examples: Examples
    evidence: Evidence
    model_names: tuple[str, ...]
    reasons: tuple[ReasonScores, ...]
    skipped: tuple[SkippedReason, ...]
    ranking: Ranking
    why: Sequence[str]
    """Shape `(n_rows,)`: the reasons of each row in plain words; "" where it is not doubted."""
    skill: Skill
    noise_rate: NoiseRate
    settings: Mapping[str, Any]
    """The settings of the scan, ready for JSON."""
    seed: int
    versions: Mapping[str, str]
    notes: tuple[str, ...]
    """What the user should know, from all stages, in the order of the stages."""
    timings: Mapping[str, float]
    """Seconds by stage: the one part that differs between two equal runs."""
    sample: AuditSample | None = None
    power: Power | None = None
    """The share of planted errors that it finds; None where it was not asked for."""
    side_files: Mapping[str, SideFile] = field(default_factory=dict)
    """By setting."""
    audit_key: str = ""
    """A hash of all that the audit depends on."""
    embedder: Embedder | None = None
    """The model by which texts were also compared; None where they were not."""
    task_name: str = "classification"
    """The name of the task: what a label is."""
    strongest_columns: tuple[str, ...] = ()
    """The column in use, or set of like columns, that alone predicts most labels; none that predicts much."""
    strongest_share: float = 0.0
    """The share of labels that it predicts, each class with the same weight."""
    expected: ExpectedErrors | None = None
    """How many labels are wrong; None where models can't predict the labels."""
    flags: FlagBound | None = None
    """How many of the flagged labels are wrong; None where none was drawn at random to be checked."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The shown name of each label that is given or suggested, by its code."""
        return (*self.examples.class_names, *self.ranking.further_labels)
