"""A file -> its rows, and the roles of its columns: the records of reading."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from doubtcli.records.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pyarrow as pa

    from doubtcli.records.answers import AnswersRead
    from doubtcli.records.arrays import Bools, Codes, Floats
    from doubtcli.records.rules import RuleLabels


@dataclass(frozen=True)
class ReadOptions:
    """How a file is written, as far as it is known; None means: detect it."""

    input_format: str | None = None
    """As in --input-format; else detected from the file's ending, else from its first bytes."""
    encoding: str | None = None
    """Of a text file; else detected from its byte order mark, else UTF-8 is tried, then older encodings."""
    delimiter: str | None = None
    """Of a delimited file: one character, or "tab"; else detected from the first records."""
    quoting: str | None = None
    """Of a delimited file: what may enclose a field, a word of `files.dialect.QUOTINGS`; else detected."""
    has_header: bool = True
    """Of a delimited file or a spreadsheet: whether its first row has the names of the columns."""
    lead_lines: int | None = None
    """Of a delimited file: the number of lines above the header that are no rows, such as comments and a
    title; else detected."""
    sheet: str | None = None
    """Of a spreadsheet: the name of the sheet; else the only one that holds a table."""
    holding: str | None = None
    """Of a spreadsheet: a column by which the sheet is found, where several hold a table."""


@dataclass(frozen=True)
class Source:
    """Where a table came from, so that an audit can say which file it judged."""

    path: str
    """As the user gave it; "-" for standard input."""
    format: str
    """A file format's name: "csv", "parquet", …"""
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
    quoting: str | None = None
    """Of a delimited file, as in `ReadOptions`."""
    has_header: bool = True
    """Of a delimited file or a spreadsheet, as in `ReadOptions`."""
    lead_lines: int | None = None
    """Of a delimited file, as in `ReadOptions`."""
    sheet: str | None = None
    """Of a spreadsheet."""

    def read_options(self) -> ReadOptions:
        """The options to read it again in the same way."""
        return ReadOptions(
            self.format,
            self.encoding,
            self.delimiter,
            self.quoting,
            self.has_header,
            self.lead_lines,
            self.sheet,
        )


@dataclass(frozen=True)
class SideFile:
    """A file that was read in addition to the data: vectors, probabilities or verdicts."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Embedder:
    """The embedding model that turned texts into vectors: audits made with different ones differ."""

    name: str
    """Of the model, or of its folder."""
    sha256: str
    """Of its files."""


def name_embedders(one: Embedder | None, other: Embedder | None) -> tuple[str, str]:
    """How a sentence calls two embedding models: by their hashes, too, if they have the same name."""
    is_same_name = one is not None and other is not None and one.name == other.name

    def call(model: Embedder | None) -> str:
        if model is None:
            return "no embedding model"
        return f"the embedding model {model.name}" + (
            f" (SHA-256 {model.sha256[:8]}…)" if is_same_name else ""
        )

    return call(one), call(other)


@dataclass(frozen=True)
class InMemory:
    """What Python code hands over in place of files; what is None is read from the file that is named."""

    table: Table | None = None
    """The labelled data."""
    arrays: Mapping[str, Any] = field(default_factory=dict)
    """By setting ("embeddings", "pred_probs"): an array of shape `(n_rows, n_columns)`, or an Arrow table."""
    answers: AnswersRead | None = None
    """The verdicts."""
    side_files: Mapping[str, SideFile] = field(default_factory=dict)
    """By setting, what stands for the file: its kind, and a hash of its contents."""


FROM_FILES = InMemory()
"""Everything is read from files."""


@dataclass(frozen=True)
class Table:
    """A file as it was read: every row and column, in file order, values untouched.

    A delimited file gives text columns (an empty field is null), so `007` and `NA` stay
    themselves; Parquet, Arrow and JSON Lines give their own types.
    """

    source: Source
    data: pa.Table
    notes: tuple[str, ...] = ()
    """What the user should know about how it was read ("not UTF-8: read as Latin-1")."""


class Role(StrEnum):
    """How an audit uses a column: the roles that the code knows by name. Plug-ins may add roles of inputs."""

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


NOT_INPUTS = frozenset({Role.LABEL, Role.IDENTIFIER, Role.ANNOTATOR, Role.GROUP, Role.IGNORED})
"""The roles of columns that no model learns from; a column with any other role is an input."""


ROLES_GROUP = "doubtcli.roles"
"""The entry-point group of roles that models learn from."""


class Fit(NamedTuple):
    """A column fits a role, and why."""

    why: str
    """In plain words: "dates or times"."""
    is_usable: bool = True
    """False for a column that is meant to have the role and can't be used in it; `why` says so."""


class InputRole(Protocol):
    """A role that models learn from: which columns have it, and their values as models use them."""

    @property
    def name(self) -> str:
        """Its name in an audit: "numeric"."""
        ...

    @property
    def asked_at(self) -> int:
        """When it is asked, low numbers first; below 20 it is also asked about row ids and bytes."""
        ...

    @property
    def may_leak(self) -> bool:
        """Whether its columns hold plain values, which may give the label away or never change."""
        ...

    @property
    def shown(self) -> str | None:
        """How it is shown to a person who relabels: as "text", or as a "value" with its name; None: not."""
        ...

    def fits(self, column: Any) -> Fit | None:  # noqa: ANN401  # what reading knows of a column: `InspectedColumn`
        """Why a column has this role, by its name and values; None where it doesn't."""
        ...

    def convert(self, table: Table, name: str) -> Any:  # noqa: ANN401  # pyarrow takes long to load
        """The values as models use them: a column with a value for each row."""
        ...


@dataclass(frozen=True)
class Column:
    """How one column is used, and why."""

    name: str
    role: str
    used: bool
    """Whether it is used in its role; an input that is left out (a leak, a constant) keeps its role."""
    why: str
    """In plain words: "--text", "named like a label", "goes one to one with the label on 99.8% of rows"."""

    @property
    def is_input(self) -> bool:
        """Whether its role is one that models learn from."""
        return self.role not in NOT_INPUTS


Couple = tuple[str, str]
"""The names of a left and of a right column."""


@dataclass(frozen=True)
class Roles:
    """Every column of the table, in file order, each with its role."""

    columns: tuple[Column, ...]
    pairs: tuple[Couple, ...] = ()
    """The columns that are compared with each other: the two sides of a pair."""

    def names(self, *roles: str) -> tuple[str, ...]:
        """The used columns with one of `roles`, in file order."""
        return tuple(column.name for column in self.columns if column.used and column.role in roles)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that models learn from."""
        return tuple(column.name for column in self.columns if column.used and column.is_input)


@dataclass(frozen=True)
class FileRead:
    """What is known of a labelled file before any model is fitted."""

    source: Source
    roles: Roles
    n_rows: int
    """Rows with and without a label."""
    n_unlabelled: int
    notes: tuple[str, ...]


class Listener(Protocol):
    """Is given what a pipeline knows as soon as it knows it, so that a wrong guess can be seen at once."""

    def show_file(self, file: FileRead) -> None:
        """What was read, before any model is fitted."""
        ...

    def show_notes(self, notes: Sequence[str]) -> None:
        """What the user should know besides, in sentences; called again when there is more."""
        ...


def reject_other_label(_text: str) -> None:
    """The default: only the labels of the file are labels."""


@dataclass(frozen=True)
class Labels:
    """The label column as codes, in file order."""

    codes: Codes
    """Shape `(n_rows_in_file,)`; -1 where the label is missing."""
    class_names: tuple[str, ...]
    """The shown name of each class, sorted."""
    class_values: tuple[object, ...]
    """Each class as the file writes it: a string, an int, a bool, or a ClassLabel's code."""
    notes: tuple[str, ...] = ()
    are_classes: bool = True
    """Whether they are names of classes, so that rows with one label belong together; numbers are not."""
    parse_other: Callable[[str], str | None] = reject_other_label
    """Takes a text that no row has, and gives the label it would be; None where it is not a label."""


@dataclass(frozen=True)
class Annotations:
    """Each annotator's answers."""

    annotators: tuple[str, ...]
    codes: Codes
    """Shape `(n_rows, n_annotators)`; -1 where an annotator was not asked."""

    def take(self, rows: Codes) -> Annotations:
        """The answers about some of the rows, in the order of `rows`."""
        return replace(self, codes=self.codes[rows])


UNDECIDED, UNUSABLE = -1, -2
"""The codes where a person gave no label, and where a person called the row unusable."""


@dataclass(frozen=True)
class Stratum:
    """One layer of an audit sample: rows of similar doubt, some of them drawn at random."""

    number: int
    """From 1, the most doubted rows first."""
    n_strata: int
    n_rows: int
    """How many rows it was drawn from."""
    draw: int | None = field(default=None, compare=False)
    """The place of one of its rows in the order of the whole sample, from 1."""

    def __str__(self) -> str:
        layer = f"{self.number} of {self.n_strata} ({self.n_rows} rows)"
        return layer if self.draw is None else f"{layer}, draw {self.draw}"

    @classmethod
    def parse(cls, text: str) -> Stratum | None:
        """The stratum that a text names, as written by `str`; None if it names none."""
        found = re.fullmatch(r"\s*(\d+) of (\d+) \((\d+) rows\)(?:, draw (\d+))?\s*", text)
        return cls(*(int(part) for part in found.groups() if part is not None)) if found else None


HIT, MISS, UNKNOWN = 1, 0, -1
"""What was found in a flagged row: its label is wrong or its suggestion right, or not; or nothing yet."""


@dataclass(frozen=True)
class SpotCheckPlace:
    """The place of a row in a spot check: a queue of which some rows were drawn at random."""

    place: int
    """From 1, the most doubted row first."""
    n_flagged: int
    """How many rows the queue has."""
    draw: int | None = None
    """The number of the draw, from 1; None where the row was not drawn."""
    n_drawn: int | None = None
    """How many rows were drawn; None where the row was not."""
    audit: str = ""
    """The first digits of the key of the audit that the queue was made from; "" where it has none."""

    def __str__(self) -> str:
        drawn = "" if self.draw is None else f", drawn {self.draw} of {self.n_drawn}"
        audit = f", audit {self.audit}" if self.audit else ""
        return f"spot check {self.place} of {self.n_flagged}{drawn}{audit}"

    @classmethod
    def parse(cls, text: str) -> SpotCheckPlace | None:
        """The place that a text names, as written by `str`; None if it names none."""
        drawn, audit = r"(?:, drawn (\d+) of (\d+))?", r"(?:, audit ([0-9a-f]+))?"
        found = re.fullmatch(rf"\s*spot check (\d+) of (\d+){drawn}{audit}\s*", text)
        if found is None:
            return None
        place, n_flagged, draw, n_drawn = (None if part is None else int(part) for part in found.groups()[:4])
        return cls(place or 0, n_flagged or 0, draw, n_drawn, found[5] or "")


@dataclass(frozen=True)
class SpotCheck:
    """The flagged rows in the order of their queue, which were drawn at random, and what people found."""

    outcomes: Codes
    """Shape `(n_flagged,)`: `HIT`, `MISS` or `UNKNOWN`."""
    counted: Bools
    """Shape `(n_flagged,)`: whether it counts as drawn: it is decided, or was passed over."""
    n_drawn: int
    """How many rows were drawn, decided or not."""
    n_lost: int = 0
    """How many rows were drawn before the last decided one, and are not in the file of verdicts any more."""
    obstacle: str = ""
    """Why nothing can be said, as a clause; empty if it can."""

    @property
    def n_counted(self) -> int:
        """How many rows count as a random sample."""
        return int(self.counted.sum()) + self.n_lost


@dataclass(frozen=True)
class Verdicts:
    """What people decided on the labelled rows, in canonical order."""

    path: str
    """The file they were read from."""
    codes: Codes
    """Shape `(n_rows,)`: the label that a person gave each row; `UNDECIDED` or `UNUSABLE`."""
    strata: tuple[Stratum | None, ...]
    """The stratum of each row that was drawn for an audit sample, decided or not; else None."""
    inclusion: Floats
    """Shape `(n_rows,)`: the probability with which it was drawn; NaN where it was not."""
    notes: tuple[str, ...] = ()
    from_equal: Bools | None = None
    """Shape `(n_rows,)`: whether people only looked at an equal row; None where they looked at each."""
    spot_check: SpotCheck | None = None
    """The flagged rows, some drawn at random; a hit is a label that was corrected. None without a draw."""

    def take(self, rows: Codes) -> Verdicts:
        """The decisions on some of the rows, in the order of `rows`."""
        return replace(
            self,
            codes=self.codes[rows],
            strata=tuple(self.strata[row] for row in rows),
            inclusion=self.inclusion[rows],
            from_equal=None if self.from_equal is None else self.from_equal[rows],
        )

    further_labels: tuple[str, ...] = ()
    """Labels that people gave though the file doesn't have them; their codes follow those of the file."""


@dataclass(frozen=True)
class Examples:
    """The labelled rows in canonical order, as the models and the reasons see them."""

    row_ids: Sequence[str]
    positions: Codes
    """Shape `(n_rows,)`: place in the file, from 0."""
    given_labels: Codes
    """Shape `(n_rows,)`."""
    class_names: tuple[str, ...]
    inputs: pa.Table
    """The input columns."""
    column_roles: Mapping[str, str] = field(default_factory=dict)
    """The role of each of them."""
    pairs: tuple[Couple, ...] = ()
    """Those that are compared with each other; see also `couples`."""
    embeddings: Floats | None = None
    """Shape `(n_rows, n_dimensions)`, float32."""
    groups: Codes | None = None
    """Shape `(n_rows,)`: rows of one group share a fold."""
    annotations: Annotations | None = None
    given_pred_probs: Floats | None = None
    """Shape `(n_rows, n_classes)`: the user's own probabilities."""
    rule_labels: RuleLabels | None = None
    """What the user's rules say; None where there are none."""
    unlabelled_row_ids: tuple[str, ...] = ()
    unlabelled_positions: tuple[int, ...] = ()
    verdicts: Verdicts | None = None
    """What people have decided on these rows; none of them is unusable."""
    unusable_row_ids: tuple[str, ...] = ()
    """Rows that a person called unusable: they are set aside, like rows without a label."""
    unusable_positions: tuple[int, ...] = ()
    are_classes: bool = True
    """Whether the labels are names of classes."""
    row_hashes: Sequence[str] = ()
    """A hash of each row of the file without its label, in file order."""
    equal_inputs: Codes | None = None
    """Shape `(n_rows,)`: rows with the same number have the same inputs, cell by cell; None: no two have."""
    hashed_as_numbers: tuple[str, ...] = ()
    """The input columns of which numbers were hashed; of the others texts were."""
    earlier_hashes: tuple[tuple[str, ...], ...] = ()
    """The hashes of each row by earlier versions of doubt, where they are not the same."""

    def columns_of(self, role: str) -> tuple[str, ...]:
        """The input columns with a role, in file order."""
        return tuple(name for name, its_role in self.column_roles.items() if its_role == role)

    @property
    def couples(self) -> tuple[Couple, ...]:
        """The columns that are compared, as far as both are inputs."""
        return tuple(pair for pair in self.pairs if self.column_roles.keys() >= set(pair))

    def keep_inputs(self, names: Collection[str]) -> Examples:
        """The rows with only those of their input columns that are named."""
        kept = {name: role for name, role in self.column_roles.items() if name in names}
        if len(kept) == len(self.column_roles):
            return self
        return replace(self, inputs=self.inputs.select(list(kept)), column_roles=kept)

    def hide_labels(self) -> Examples:
        """The rows as far as they are known without their labels, their ids and their places."""
        return replace(
            self,
            row_ids=("",) * self.n_rows,
            positions=self.positions[:0],
            given_labels=self.given_labels[:0],
            class_names=(),
            rule_labels=None,
            unlabelled_row_ids=(),
            unlabelled_positions=(),
            verdicts=None,
            unusable_row_ids=(),
            unusable_positions=(),
            row_hashes=(),
            equal_inputs=None,
            hashed_as_numbers=(),
            earlier_hashes=(),
        )

    def take(self, rows: Codes) -> Examples:
        """Some of the labelled rows, in the order of `rows`."""
        return replace(
            self,
            row_ids=Texts.of(self.row_ids).take(rows),
            positions=self.positions[rows],
            given_labels=self.given_labels[rows],
            # a table without columns has no rows to take
            inputs=self.inputs.take(rows) if self.inputs.num_columns else self.inputs,
            embeddings=None if self.embeddings is None else self.embeddings[rows],
            groups=None if self.groups is None else self.groups[rows],
            annotations=None if self.annotations is None else self.annotations.take(rows),
            given_pred_probs=None if self.given_pred_probs is None else self.given_pred_probs[rows],
            rule_labels=None if self.rule_labels is None else self.rule_labels.take(rows),
            verdicts=None if self.verdicts is None else self.verdicts.take(rows),
            equal_inputs=None if self.equal_inputs is None else self.equal_inputs[rows],
        )

    @property
    def training_labels(self) -> Codes:
        """What models and neighbours learn from: a person's verdict, else the given label."""
        if self.verdicts is None:
            return self.given_labels
        labels, codes = self.given_labels.copy(), self.verdicts.codes
        labels[codes >= 0] = codes[codes >= 0]
        return labels

    @property
    def n_rows(self) -> int:
        """The number of labelled rows."""
        return len(self.row_ids)

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)
