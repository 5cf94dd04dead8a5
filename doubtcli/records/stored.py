"""An audit's directory as typed records: the document `audit.json` and the table `doubts.parquet`.

They are equal whether they were just made from a scan or read back from the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from doubtcli.records.reading import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from doubtcli.records.arrays import Bools, Codes, Floats
    from doubtcli.records.audit import ExpectedErrors, FlagBound, NoiseRate, Power, Skill
    from doubtcli.records.evidence import SkippedReason
    from doubtcli.records.reading import Embedder, Roles, SideFile, Source
    from doubtcli.records.relabelling import EarlierNames
    from doubtcli.records.rules import RuleCount

# --------------------------------------------------------- names in files that are read

TOOL = "doubt"
"""The name of the tool in our files."""
AUDIT_SCHEMA_VERSION = 2
"""Of `audit.json`; like those below, raised by a change that breaks a program which reads the JSON."""
BASELINE_SCHEMA_VERSION = 2
"""Of the file that `doubt baseline` writes."""
GATE_SCHEMA_VERSION = 1
"""Of what `doubt gate --output-format json` prints."""
ROW_HASH_VERSION = 2
"""Of `row_hash`. Version 1 counted the ends of lines within a text; other rows have the same hash in both."""
COMPARISON_SCHEMA_VERSION = 2
"""Of what `doubt compare --output-format json` prints."""

# -------------------------------------------------------------------- audit.json


@dataclass(frozen=True)
class RowCounts:
    """How many rows of each kind a file has."""

    n_rows: int
    """All rows: labelled, unlabelled and unusable."""
    n_labelled: int
    n_unlabelled: int
    n_unusable: int = field(default=0, kw_only=True)
    """Rows that a person called unusable: also set aside."""
    n_doubted: int
    n_to_check: int | None = None
    """Rows of `queue.csv`; None in audits of earlier versions."""
    n_contradicted: int = 0
    """Rows whose tier is "contradicted": models would write another label, and it is not doubted."""
    n_queued: int = 0
    """Entries of the queue, without a random sample and any limit on its size; equal rows are one entry."""
    n_queued_contradicted: int = 0
    """Those of them that are contradicted."""


@dataclass(frozen=True)
class ClassCount:
    """How many rows have a class as their given label, and how many of them are doubted."""

    name: str
    """As it is shown."""
    value: object
    """As the file writes it."""
    n_given: int
    n_doubted: int


@dataclass(frozen=True)
class Confusion:
    """How many doubted rows have one given label and another suggested label."""

    given: str
    suggested: str
    n_doubted: int


@dataclass(frozen=True)
class ReasonRun:
    """A reason that was asked, and how many rows it scored."""

    name: str
    package: str
    """The package that has it, with its version."""
    family: str
    """"error" (ranked) or "context" (only shown)."""
    because: str
    """Completes "doubted because …"."""
    n_scored: int
    """Rows that have a score by it."""
    n_speaks: int
    """Rows that it raises doubt about: it scores them at least 0.5."""
    n_doubted: int
    """Those of them that are doubted."""


@dataclass(frozen=True)
class VerdictCounts:
    """What people had decided before the scan."""

    path: str
    """The file of verdicts as the user gave it."""
    n_kept: int
    n_corrected: int
    n_unusable: int


@dataclass(frozen=True)
class StratumCount:
    """How many rows a stratum has, and how many of them were drawn."""

    n_rows: int
    n_drawn: int


@dataclass(frozen=True)
class SampleCounts:
    """How the random sample at the head of the queue was drawn."""

    n_rows: int
    strata: tuple[StratumCount, ...]
    """The most doubted rows first."""


@dataclass(frozen=True)
class AuditDocument:
    """The content of `audit.json`; figures have as many digits as the file has.

    Fields with a default may be missing in a file: earlier versions did not write them, or the scan had none.
    """

    tool_name: str
    tool_version: str
    source: Source
    roles: Roles
    settings: Mapping[str, Any]
    """By name, as in JSON: lists for tuples. Later versions may write more of them."""
    seed: int
    versions: Mapping[str, str]
    skill: Skill
    noise_rate: NoiseRate
    counts: RowCounts
    classes: tuple[ClassCount, ...]
    """In the order of the class names."""
    reasons: tuple[ReasonRun, ...]
    skipped: tuple[SkippedReason, ...]
    rules: tuple[RuleCount, ...] = ()
    """The user's own rules: those that fit the file, then the others."""
    task_name: str = "classification"
    """What a label is."""
    audit_key: str = ""
    """Equal in audits of the same data and settings; "" where an earlier version wrote none."""
    side_files: Mapping[str, SideFile] = field(default_factory=dict)
    """By setting."""
    embedder: Embedder | None = None
    """The model by which texts were also compared; None where they were not."""
    model_names: tuple[str, ...] = ()
    power: Power | None = None
    """Without its parts by class and by reason; None where it was not asked for."""
    verdicts: VerdictCounts | None = None
    sample: SampleCounts | None = None
    expected: ExpectedErrors | None = None
    """How many labels are wrong; None where models can't predict the labels, and in audits of earlier
    versions."""
    flags: FlagBound | None = None
    """How many labels of a queue are wrong; None where no verdict was on a spot check of one."""
    confusions: tuple[Confusion, ...] = ()
    voices: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    timings: Mapping[str, float | None] = field(default_factory=dict)
    row_hash_version: int = ROW_HASH_VERSION
    """How `row_hash` was made: a number that each other way raises."""
    hashed_as_numbers: tuple[str, ...] | None = None
    """The input columns of which it has numbers, not texts; None in audits of earlier versions."""
    schema_version: int = field(default=AUDIT_SCHEMA_VERSION, compare=False)
    """The schema that its file has; `AUDIT_SCHEMA_VERSION` is written."""
    doubts_sha256: str = field(default="", compare=False)
    """Of `doubts.parquet`, which is written with it; "" before, and in audits of earlier versions."""

    @property
    def label_column(self) -> str:
        """The column that was judged."""
        return next(column.name for column in self.roles.columns if column.role == Role.LABEL)

    @property
    def id_column(self) -> str | None:
        """The column that names the rows; None where their content does."""
        return next(iter(self.roles.names(Role.IDENTIFIER)), None)

    def has_column(self, name: str | None) -> bool:
        """Whether the file has a column of this name."""
        return any(column.name == name for column in self.roles.columns)

    @property
    def input_columns(self) -> tuple[str, ...]:
        """The columns of a row's content, used or not, in file order."""
        return tuple(column.name for column in self.roles.columns if column.is_input)


# ---------------------------------------------------------------- doubts.parquet


@dataclass(frozen=True)
class DoubtRow:
    """One row of `doubts.parquet`; a missing value is None."""

    row_id: str
    row: int
    """Its place in the file, from 1 without the header."""
    given_label: str | None
    suggested_label: str | None
    suggested_confidence: float | None
    doubt: float | None
    """None where the row was set aside."""
    doubt_sd: float | None
    rank: int | None
    doubted: bool
    reasons: tuple[str, ...]
    why: str
    verdict: str | None
    row_hash: str | None
    earlier_hashes: tuple[str, ...] = ()
    """By earlier versions of doubt, where they are not the same."""
    entry: int | None = None
    """Of the queue; None where it is not known."""
    tier: str | None = None
    """"doubted" or "contradicted"; None where it has none."""


@dataclass(frozen=True)
class DoubtTable:
    """Every row of a file with its doubt: the most doubted first, and last the rows that were set aside.

    Texts are Arrow columns, numbers are arrays of shape `(n_rows,)`.
    """

    data: pa.Table
    """All columns of `doubts.parquet`, with a score by each reason."""

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return int(self.data.num_rows)

    @property
    def row_id(self) -> pa.ChunkedArray:
        """The id of each row."""
        return self.data.column("row_id")

    @property
    def row(self) -> Codes:
        """The place of each row in the file, from 1."""
        values: Codes = _to_numbers(self.data.column("row"), "int64")
        return values

    @property
    def given_label(self) -> pa.ChunkedArray:
        """As it is shown; null where a row has none."""
        return self.data.column("given_label")

    @property
    def suggested_label(self) -> pa.ChunkedArray:
        """The suggested label; null on rows that were set aside."""
        return self.data.column("suggested_label")

    @property
    def suggested_confidence(self) -> Floats:
        """How sure the evidence is of the suggested label; NaN on rows that were set aside."""
        values: Floats = _to_numbers(self.data.column("suggested_confidence"), "float64")
        return values

    @property
    def doubt(self) -> Floats:
        """From 0 to 1; NaN on rows that were set aside."""
        values: Floats = _to_numbers(self.data.column("doubt"), "float64")
        return values

    @property
    def doubt_sd(self) -> Floats:
        """How much the doubt varies between repeats; NaN where that is not known."""
        values: Floats = _to_numbers(self.data.column("doubt_sd"), "float64")
        return values

    @property
    def rank(self) -> pa.ChunkedArray:
        """From 1, the most doubted row; null on rows that were set aside."""
        return self.data.column("rank")

    @property
    def doubted(self) -> Bools:
        """Whether each row is doubted."""
        values: Bools = _to_numbers(self.data.column("doubted"), "bool")
        return values

    @property
    def tier(self) -> pa.ChunkedArray:
        """The tier of each row; null where it has none."""
        return self.data.column("tier")

    @property
    def reasons(self) -> pa.ChunkedArray:
        """Lists of the reasons that raise doubt about each row, the strongest first."""
        return self.data.column("reasons")

    @property
    def verdict(self) -> pa.ChunkedArray:
        """The label that a person chose; null where nobody has decided."""
        return self.data.column("verdict")

    @property
    def row_hash(self) -> pa.ChunkedArray:
        """A hash of each row's inputs; null in audits of earlier versions, which have none."""
        return self.data.column("row_hash")

    @property
    def earlier_hashes(self) -> pa.ChunkedArray:
        """Lists of the hashes that earlier versions of doubt gave each row, where they are not the same."""
        return self.data.column("earlier_hashes")

    def rename_rows(self, names: EarlierNames) -> DoubtTable:
        """The rows with ids and hashes of today in place of earlier ones."""
        import pyarrow as pa

        if not names.hashes:
            return self
        data = self.data
        for name in ("row_id", "row_hash"):
            old = data.column(name)
            new = [None if text is None else names.rename(text) for text in old.to_pylist()]
            data = data.set_column(data.column_names.index(name), name, pa.array(new, old.type))
        return DoubtTable(data)

    @property
    def entry(self) -> pa.ChunkedArray:
        """The entry of the queue that each row belongs to; null where it was set aside, or has none yet."""
        return self.data.column("entry")

    def filter(self, mask: Bools | pa.Array | pa.ChunkedArray) -> DoubtTable:
        """The rows that a mask marks."""
        import numpy as np

        return DoubtTable(self.data.filter(_pack_bits(mask) if isinstance(mask, np.ndarray) else mask))

    def take(self, places: Codes) -> DoubtTable:
        """The rows at these places of the table, from 0."""
        import numpy as np
        import pyarrow as pa

        content = pa.py_buffer(np.ascontiguousarray(places, dtype=np.int64))
        return DoubtTable(self.data.take(pa.Array.from_buffers(pa.int64(), len(places), [None, content])))

    def to_rows(self) -> list[DoubtRow]:
        """The rows as records."""
        names = list(DoubtRow.__dataclass_fields__)
        columns = [self.data.column(name).to_pylist() for name in names]
        for name in ("reasons", "earlier_hashes"):
            place = names.index(name)
            columns[place] = [tuple(listed or ()) for listed in columns[place]]
        return [DoubtRow(*values) for values in zip(*columns, strict=True)]


# Arrow's own conversions to and from NumPy load pandas, which takes longer than most gates. So these
# functions read and write the bytes that both have in common.


def _to_numbers(column: pa.ChunkedArray, dtype: str) -> Any:  # noqa: ANN401  # an array of the column's kind
    """A column of numbers as an array; nulls are NaN."""
    import numpy as np

    if not len(column):
        return np.empty(0, dtype)
    array = column.combine_chunks()
    if dtype == "bool":
        return _unpack_bits(array)
    values = _read_content(array, dtype)
    return np.where(_unpack_bits(array.is_valid()), values, np.nan) if array.null_count else values


def _unpack_bits(array: pa.Array) -> Bools:
    import numpy as np

    return np.asarray(_read_content(array.cast("uint8"), "uint8"), dtype=np.bool_)


def _read_content(array: pa.Array, dtype: str) -> Any:  # noqa: ANN401  # an array of this kind
    import numpy as np

    size = np.dtype(dtype).itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array), array.offset * size)


def _pack_bits(mask: Bools) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    content = pa.py_buffer(np.packbits(mask, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, content])
