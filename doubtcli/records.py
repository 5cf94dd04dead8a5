"""The frozen records handed from one stage to the next.

Data flows one way, and each record is what one stage gives the next:

    Table ─▶ Roles, Labels ─▶ Examples ─▶ Evidence ─▶ ReasonScores ─▶ Ranking ─▶ Audit

Wherever labels are numbers they are codes `0 … n_classes - 1` into `class_names`.
Wherever rows are counted, unless said otherwise, they are the labelled rows in
*canonical order*: sorted by row id, so that a shuffled file gives the same arrays.
Doubt runs from 0 (none) to 1 (most); NaN means "nothing to say on this row".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from scipy import sparse

    Codes = NDArray[np.intp]
    Floats = NDArray[np.floating[Any]]
    Bools = NDArray[np.bool_]


# ----------------------------------------------------------------- reading


@dataclass(frozen=True)
class Source:
    """Where a table came from, so that an audit can say which file it judged."""

    path: str
    """As the user gave it; "-" for standard input."""
    format: str
    """"csv", "jsonl", "parquet" or "arrow"."""
    size: int
    """Bytes as stored (compressed if it is); a folder's parts are added up."""
    sha256: str
    """Of the bytes as stored; of a folder: of its parts' names and hashes, sorted by name."""
    compression: str | None = None
    """"gzip", "bz2", "zstd" or None."""
    encoding: str | None = None
    """Of a text file: "utf-8", "utf-16", "latin-1", …"""
    delimiter: str | None = None
    """Of a delimited file."""


@dataclass(frozen=True)
class SideFile:
    """A file that was read beside the data: vectors, probabilities or verdicts."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Table:
    """A file as it was read: every row and column, in file order, values untouched.

    A delimited file gives text columns (an empty field is null), so `007` and `NA` stay
    themselves; Parquet, Arrow and JSON Lines give their own types.
    """

    source: Source
    data: pa.Table
    notes: tuple[str, ...] = ()
    """What the user should know of how it was read ("not UTF-8: read as Latin-1")."""


class Role(StrEnum):
    """What a column is to the audit."""

    LABEL = "label"
    TEXT = "text"
    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    DATETIME = "datetime"
    EMBEDDING = "embedding"
    IDENTIFIER = "identifier"
    ANNOTATOR = "annotator"
    GROUP = "group"
    IGNORED = "ignored"


INPUT_ROLES = (Role.TEXT, Role.NUMERIC, Role.CATEGORICAL, Role.DATETIME, Role.EMBEDDING)
"""The roles that a model may learn from."""


@dataclass(frozen=True)
class Column:
    """How one column is used, and why."""

    name: str
    role: Role
    used: bool
    """Whether it plays its role; an input left out (a leak, a constant) keeps its role."""
    why: str
    """In plain words: "--text", "named like a label", "goes one to one with the label on 99.8% of rows"."""


@dataclass(frozen=True)
class Roles:
    """Every column of the table, in file order, each with its role."""

    columns: tuple[Column, ...]

    def names(self, *roles: Role) -> tuple[str, ...]:
        """The used columns that play one of `roles`, in file order."""
        return tuple(column.name for column in self.columns if column.used and column.role in roles)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that models learn from."""
        return self.names(*INPUT_ROLES)


@dataclass(frozen=True)
class Labels:
    """The label column as codes, in file order."""

    codes: Codes
    """Shape `(n_rows_in_file,)`; -1 where the label is missing."""
    class_names: tuple[str, ...]
    """The shown name of each class, sorted."""
    class_values: tuple[object, ...]
    """What the file writes for each class: a string, an int, a bool, or a ClassLabel's code."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Annotations:
    """What each annotator answered."""

    annotators: tuple[str, ...]
    codes: Codes
    """Shape `(n_rows, n_annotators)`; -1 where one was not asked."""


UNDECIDED, UNUSABLE = -1, -2
"""What stands for a label's code where a person gave none, or called the row unusable."""


@dataclass(frozen=True)
class Stratum:
    """One layer of an audit sample: rows of like doubt, some of them drawn at random."""

    number: int
    """From 1, the most doubted rows first."""
    n_strata: int
    n_rows: int
    """How many rows it was drawn from."""

    def __str__(self) -> str:
        return f"{self.number} of {self.n_strata} ({self.n_rows} rows)"

    @classmethod
    def parse(cls, text: str) -> Stratum | None:
        """The stratum that a text tells of as `str` wrote it; None if it tells of none."""
        found = re.fullmatch(r"\s*(\d+) of (\d+) \((\d+) rows\)\s*", text)
        return cls(*map(int, found.groups())) if found else None


@dataclass(frozen=True)
class Verdicts:
    """What people decided on the labelled rows, in canonical order."""

    path: str
    """The file they were read from."""
    codes: Codes
    """Shape `(n_rows,)`: the label that a person gave each row; `UNDECIDED` or `UNUSABLE`."""
    strata: tuple[Stratum | None, ...]
    """Of each row that was drawn for an audit sample, decided or not."""
    inclusion: Floats
    """Shape `(n_rows,)`: with what probability it was drawn; NaN where it was not."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examples:
    """The labelled rows in canonical order: what the models and the reasons look at."""

    row_ids: tuple[str, ...]
    positions: Codes
    """Shape `(n_rows,)`: place in the file, from 0."""
    given_labels: Codes
    """Shape `(n_rows,)`."""
    class_names: tuple[str, ...]
    inputs: pa.Table
    """The input columns."""
    text_columns: tuple[str, ...] = ()
    numeric_columns: tuple[str, ...] = ()
    categorical_columns: tuple[str, ...] = ()
    datetime_columns: tuple[str, ...] = ()
    embeddings: Floats | None = None
    """Shape `(n_rows, n_dimensions)`, float32."""
    groups: Codes | None = None
    """Shape `(n_rows,)`: rows of one group share a fold."""
    annotations: Annotations | None = None
    given_pred_probs: Floats | None = None
    """Shape `(n_rows, n_classes)`: probabilities that the user brought."""
    unlabelled_row_ids: tuple[str, ...] = ()
    unlabelled_positions: tuple[int, ...] = ()
    verdicts: Verdicts | None = None
    """What people have decided on these rows; none of them is unusable."""
    unusable_row_ids: tuple[str, ...] = ()
    """Rows that a person judged unusable: they are set aside as those without a label are."""
    unusable_positions: tuple[int, ...] = ()
    row_hashes: tuple[str, ...] = ()
    """Of every row of the file, in file order: what stands in it, its label left out."""

    @property
    def taught_labels(self) -> Codes:
        """What models and neighbours learn: a person's verdict where there is one, else the given label."""
        if self.verdicts is None:
            return self.given_labels
        taught, codes = self.given_labels.copy(), self.verdicts.codes
        taught[codes >= 0] = codes[codes >= 0]
        return taught

    @property
    def n_rows(self) -> int:
        """How many labelled rows there are."""
        return len(self.row_ids)

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)


# ---------------------------------------------------- features, neighbours, predictions


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


# ---------------------------------------------------------------- evidence


@dataclass(frozen=True)
class Evidence:
    """Computed once, shared by every reason; its field names are the needs a reason may ask for.

    Arrays are read-only. What could not be computed for this file is None.
    """

    given_labels: Codes
    """Shape `(n_rows,)`."""
    n_classes: int
    pred_probs: Floats | None = None
    """Shape `(n_rows, n_classes)`: out-of-fold, the models pooled over all repeats."""
    pred_probs_by_model: Floats | None = None
    """Shape `(n_models, n_rows, n_classes)`: out-of-fold, the mean over repeats."""
    pred_probs_by_repeat: Floats | None = None
    """Shape `(n_repeats, n_rows, n_classes)`: out-of-fold, the models pooled."""
    neighbor_indices: Codes | None = None
    """Shape `(n_rows, k)`: the most alike rows, nearest first, own duplicates left out; -1 where there are
    fewer."""
    neighbor_distances: Floats | None = None
    """Shape `(n_rows, k)`: Euclidean, between unit vectors (0 to 2) for text and embeddings; NaN where
    there are fewer."""
    neighbor_votes: Floats | None = None
    """Shape `(n_rows, n_classes)`: the neighbours' labels as shares that sum to 1; a neighbour that stands
    for a group of duplicates votes with the group's mix of labels."""
    duplicate_groups: Codes | None = None
    """Shape `(n_rows,)`: rows with the same number have the same input, exactly or nearly."""
    annotations: Codes | None = None
    """Shape `(n_rows, n_annotators)`; -1 where one was not asked."""


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


@dataclass(frozen=True)
class SkippedReason:
    """A reason that this file gave no chance, and why."""

    name: str
    package: str
    why: str


# ----------------------------------------------------------------- verdict


@dataclass(frozen=True)
class Skill:
    """Whether the models know anything about these labels."""

    assessable: bool
    why: str
    """One plain sentence."""
    accuracy: float | None
    """Share of rows whose out-of-fold prediction equals the given label; balanced over classes:
    `balanced_accuracy`."""
    balanced_accuracy: float | None
    majority_accuracy: float
    """What always answering the largest class would reach."""
    permuted_accuracy: float | None
    """What the same models reach on permuted labels (balanced, the highest of the permutations)."""
    by_model: Mapping[str, float] = field(default_factory=dict)
    """Out-of-fold accuracy of each model alone."""


@dataclass(frozen=True)
class NoiseRate:
    """The suspected share of wrong labels, or why it can't be told."""

    assessable: bool
    why: str
    """One plain sentence: what it rests on, or what keeps it from being assessed."""
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.9
    """The share of intervals made this way that would hold, under the method's assumptions."""
    rests_on: str = "models"
    """"models", or "verdicts" where it was measured on rows that were drawn at random and checked."""
    n_checked: int = 0
    """Rows of an audit sample that it was measured on."""


@dataclass(frozen=True)
class Power:
    """How many errors like those that were planted the audit would find, or why that can't be told."""

    assessable: bool
    why: str
    """One plain sentence: what was planted, or why nothing was."""
    n_planted: int = 0
    found_in_first: Mapping[float, float] = field(default_factory=dict)
    """The share of the planted errors among the most doubted rows, by the share of the rows looked at."""
    by_class: Mapping[int, float] = field(default_factory=dict)
    """Of those planted with each label, in the first `SHARE_OF_PARTS` of the rows; only by `doubt bench`."""
    by_reason: Mapping[str, float] = field(default_factory=dict)
    """Found by each reason alone in the first `SHARE_OF_PARTS` of the rows; only by `doubt bench`."""


SHARE_OF_PARTS = 0.1
"""Of the rows, most doubted first, that power by class and by reason is told for."""


@dataclass(frozen=True)
class Ranking:
    """One doubt a row, and the order that follows from it."""

    doubt: Floats
    """Shape `(n_rows,)`, 0 to 1."""
    doubt_sd: Floats
    """Shape `(n_rows,)`: how much it wobbles between repeats; NaN where there is only one."""
    suggested_labels: Codes
    """Shape `(n_rows,)`: what we would write instead; equal to the given label where nothing better is
    seen."""
    suggested_confidence: Floats
    """Shape `(n_rows,)`, 0 to 1: how sure the evidence is of the suggested label."""
    doubted: Bools
    """Shape `(n_rows,)`: belongs in the queue; never a row that a person has decided on."""
    order: Codes
    """Shape `(n_rows,)`: row numbers, most doubted first, ties by row id."""
    voices: tuple[str, ...]
    """What the doubt was made of, in plain words."""
    queue_at_least: int = 0
    """Rows to relabel even where fewer are doubted: their labels are likelier wrong than any others."""
    decided: Bools | None = None
    """Shape `(n_rows,)`: a person has decided on it, so that it is in no queue; None: on no row."""

    @property
    def queue(self) -> Codes:
        """The rows to relabel, most doubted first: the doubted ones, then as many more as there should be."""
        left = self.order if self.decided is None else self.order[~self.decided[self.order]]
        return left[: max(int(self.doubted.sum()), self.queue_at_least)]


@dataclass(frozen=True)
class AuditSample:
    """Undecided rows drawn at random, to measure the noise rate by."""

    rows: Codes
    """Row numbers, in the order in which they were drawn: chance's own."""
    strata: tuple[Stratum, ...]
    """Of each of `rows`."""
    inclusion: Floats
    """Of each of `rows`: with what probability it was drawn."""


@dataclass(frozen=True)
class Audit:
    """All that a scan found: the one thing that outputs are made from."""

    source: Source
    roles: Roles
    labels: Labels
    examples: Examples
    evidence: Evidence
    model_names: tuple[str, ...]
    reasons: tuple[ReasonScores, ...]
    skipped: tuple[SkippedReason, ...]
    ranking: Ranking
    why: tuple[str, ...]
    """Shape `(n_rows,)`: the reasons of each row in plain words; "" where it is not doubted."""
    skill: Skill
    noise_rate: NoiseRate
    settings: Mapping[str, Any]
    """The settings that made this audit, ready for JSON."""
    seed: int
    versions: Mapping[str, str]
    notes: tuple[str, ...]
    """All that the user should know, from every stage, in the order it came up."""
    timings: Mapping[str, float]
    """Seconds by stage: the one part that differs between two equal runs."""
    sample: AuditSample | None = None
    power: Power | None = None
    """What the audit can see; None where nobody asked."""
    side_files: Mapping[str, SideFile] = field(default_factory=dict)
    """By setting."""
    recipe: str = ""
    """A hash of all that this audit is made of."""


# -------------------------------------------------------------- relabelling


@dataclass(frozen=True)
class SeenRow:
    """What is known of one row at one moment: when it was audited, or now."""

    row_id: str
    row: int
    """Its place in the file, from 1, the header left out."""
    given_label: str | None
    """As it is shown; None where it has no label."""
    row_hash: str | None = None
    """What stands in it, its label left out; None where an audit of an earlier version doesn't tell."""


class OnConflict(StrEnum):
    """What becomes of a row on which people's answers differ."""

    MAJORITY = "majority"
    """The answer of more than half of them stands; without one the row is left."""
    UNANIMOUS = "unanimous"
    """The row is left unless all answers are equal and nobody passed it over."""
    NEWEST = "newest"
    """The newest answer stands; where times don't tell which it is, the row is left."""
    SKIP = "skip"
    """The row is left."""
    FAIL = "fail"
    """It is an error, and nothing is settled."""


@dataclass(frozen=True)
class Decision:
    """What people decided on one row; it is safe to be applied to the file as it is now."""

    row_id: str
    """As the audit names it."""
    row: int
    """Its place in the file as it is now, from 1, the header left out. No two decisions share one."""
    given_label: str
    """The label that it bears, as it is shown; the same when it was audited and now."""
    verdict: str | None
    """The chosen label as it is shown (equal to the given one: keep it); None where the row is unusable."""
    unusable: bool
    """No label fits: the row may be dropped, and is never relabelled."""
    annotators: tuple[str, ...]
    """Who said so, by name; empty where no tool tells."""
    time: str
    """When it was last said, in ISO 8601 as the tool wrote it; empty where no tool tells."""
    tool: str
    """Where it was said: "label-studio", "argilla", "prodigy", "doccano", "doubt"; several with ", "."""
    why: str
    """What the people noted; several notes with "; "; empty where there is none."""
    outvoted: tuple[str, ...] = ()
    """What others said of it, each once; empty where nobody did."""
    spread_from: str = ""
    """The id of the row of equal input that was looked at in its place; empty where it was seen itself."""

    @property
    def keeps(self) -> bool:
        """Whether the given label was found right."""
        return self.verdict == self.given_label

    @property
    def corrects(self) -> bool:
        """Whether another label was chosen."""
        return not self.unusable and not self.keeps


class UnappliedKind(StrEnum):
    """Why an answer changes nothing."""

    UNDECIDED = "undecided"
    """Nobody decided: left open, skipped, discarded, ignored, rejected, a draft."""
    UNKNOWN = "unknown"
    """No row bears the id."""
    NEW_LABEL = "new label"
    """The label is none of the file's, and new ones are not allowed."""
    CHANGED = "changed"
    """The row's content or given label is not what was audited, or what the person saw."""
    CONFLICT = "conflict"
    """Answers differ and can't be settled, or one names several labels."""
    AMBIGUOUS = "ambiguous"
    """More than one row bears the id, and the given label doesn't tell which is meant."""
    UNLABELLED = "unlabelled"
    """The row has no label that could be judged."""
    ALREADY = "already"
    """The row bears the chosen label by now: nothing is left to do."""


@dataclass(frozen=True)
class Unapplied:
    """Answers on one row that change nothing, and why."""

    kind: UnappliedKind
    row_id: str
    """As the answers name it."""
    given_label: str | None
    """As it is shown, when the row was audited; None where that isn't known."""
    verdicts: tuple[str, ...]
    """What was chosen, each once, in string order; empty where nothing was."""
    annotators: tuple[str, ...]
    places: tuple[int, ...]
    """Where the answers stand in the file of verdicts, from 1."""
    why: str
    """In plain words: "skipped", "its label was 'ham' when it was audited, and is 'spam' now"."""


@dataclass(frozen=True)
class Settled:
    """What became of all answers: what is decided, and what is not applied."""

    decisions: tuple[Decision, ...]
    """At most one a row, by place in the file; labels that are kept are among them."""
    unapplied: tuple[Unapplied, ...]
    """By kind, then by id."""
    offered: tuple[Decision, ...] = ()
    """Decisions on rows of equal input that nobody looked at, which follow if they are asked for; by place in
    the file. No row is also among `decisions`."""
    new_labels: tuple[str, ...] = ()
    """Labels of `decisions` that the file did not have; in string order."""
    notes: tuple[str, ...] = ()
    """What the user should know of the answers as a whole."""

    def left(self, kind: UnappliedKind) -> tuple[Unapplied, ...]:
        """What is not applied for one reason."""
        return tuple(one for one in self.unapplied if one.kind is kind)


# -------------------------------------------------------------- comparison


@dataclass(frozen=True)
class ComparedAudit:
    """One of two audits that are compared: what it says of its file."""

    folder: str
    path: str
    """The data file."""
    n_rows: int
    n_labelled: int
    """Rows that were judged."""
    n_doubted: int
    noise_rate: NoiseRate
    skill: Skill


@dataclass(frozen=True)
class LabelChange:
    """How many rows bore one label before and bear another after; None is no label."""

    before: str | None
    after: str | None
    n_rows: int


@dataclass(frozen=True)
class Fates:
    """What became of some of the rows that are in both files; a row that lost its label is set aside."""

    n_rows: int
    n_doubted: int
    """Doubted before: fixed, cleared, kept or set aside."""
    changed: int
    """Rows that bear another label, or none, or one at last."""
    fixed: int
    """Doubted before, the label changed, and not doubted after."""
    cleared: int
    """Doubted before and not after, though the label stayed."""
    kept: int
    """Doubted before and after."""
    kept_changed: int
    """Of the kept: those that bear another label."""
    set_aside: int
    """Doubted before and not judged after: without a label, or judged unusable."""
    new: int
    """Doubted after and not before."""


@dataclass(frozen=True)
class Gain:
    """A share of rows predicted right, by a model of the labels before and by one of those after."""

    before: float
    after: float
    low: float
    high: float
    """The bounds of the interval of the difference."""

    @property
    def difference(self) -> float:
        """After less before, -1 to 1."""
        return round(self.after - self.before, 12)  # 0.1 + 0.2 - 0.3 is no difference


@dataclass(frozen=True)
class RelabelScore:
    """What the labels after teach a model that those before did not, or why that can't be told."""

    assessable: bool
    why: str
    """One plain sentence: how it was measured, or why it was not."""
    model: str = ""
    n_folds: int = 0
    n_repeats: int = 0
    n_trained: int = 0
    """Rows that both models learn from, each in all folds but its own."""
    n_judged: int = 0
    """Of those: the rows whose label stayed. The models are judged by them alone."""
    level: float = 0.9
    """Of the intervals."""
    accuracy: Gain | None = None
    balanced_accuracy: Gain | None = None


@dataclass(frozen=True)
class AuditComparison:
    """All that can be said of what lies between two audits of one data set."""

    before: ComparedAudit
    after: ComparedAudit
    n_matched: int
    """Rows in both files."""
    n_edited: int
    """Of those that both audits judge: rows with other inputs after."""
    n_gone: int
    gone_doubted: int
    """Rows of the first file alone, and how many of them were doubted."""
    n_added: int
    added_doubted: int
    """Rows of the second file alone, and how many of them are doubted."""
    changes: tuple[LabelChange, ...]
    """The commonest first, ties by name."""
    fates: Fates
    """Of all rows in both files."""
    by_class: Mapping[str | None, Fates]
    """By the label before, in the order of the class names; None, if there, is no label."""
    by_annotator: Mapping[str, Fates]
    """Of the rows whose label before is what the annotator answered."""
    score: RelabelScore
    notes: tuple[str, ...] = ()

    @property
    def nothing_changed(self) -> bool:
        """Whether both have the same rows, labels and doubted rows, and say the same of them."""
        fates = self.fates
        moved = (self.n_edited, self.n_gone, self.n_added, fates.changed, fates.new)
        figures = [(one.noise_rate, one.skill) for one in (self.before, self.after)]
        return not any(moved) and fates.kept == fates.n_doubted and figures[0] == figures[1]
