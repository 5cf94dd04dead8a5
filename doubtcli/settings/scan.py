"""The settings of a scan, and the same settings as flags."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from doubtcli.records.choices import DOUBTED_FROM
from doubtcli.settings.fields import (
    INSTALLED_FORMATS,
    Kind,
    get_kind,
    names_setting,
    number_setting,
    pair_setting,
    share_setting,
    size_setting,
    switch_setting,
    text_setting,
)
from doubtcli.wording.quoting import quote_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.records import ReadOptions, Rule

LARGEST_SEED = 2**32 - 1
"""NumPy's and scikit-learn's seeds are unsigned 32-bit numbers."""

ONE_COLUMN = "a column's name"
SOME_COLUMNS = "a column's name, or a list of them"
SOME_REASONS = "a reason's name, or a list of them"
NO_EMBEDDER, INSTALLED_EMBEDDER = "none", "wordllama"
"""The values of `embed` that are no folders."""


@dataclass(frozen=True)
class ScanSettings:
    """The settings of one scan; where a field is None or empty, `doubt` finds a value itself."""

    path: str
    """The file to judge as the user gave it; "-" for standard input."""
    label: str | None = text_setting("The labels to check.", expected=ONE_COLUMN)
    no_label: tuple[str, ...] = names_setting(
        "Values of the label column that mean that there is no label: -1, unlabeled.",
        expected="a value, or a list of them",
    )
    text: tuple[str, ...] = names_setting("Free text.", expected=SOME_COLUMNS)
    numeric: tuple[str, ...] = names_setting("Numbers.", expected=SOME_COLUMNS)
    categorical: tuple[str, ...] = names_setting("Categories, such as a country.", expected=SOME_COLUMNS)
    datetime: tuple[str, ...] = names_setting("Dates or times.", expected=SOME_COLUMNS)
    id: str | None = text_setting("The id of each row.", expected=ONE_COLUMN)
    annotators: tuple[str, ...] = names_setting(
        "The answers of one annotator each; a pattern works too: 'rater_*'.", expected=SOME_COLUMNS
    )
    embedding: tuple[str, ...] = names_setting(
        "Vectors, such as embeddings: a list of numbers on each row.", expected=SOME_COLUMNS
    )
    embeddings: str | None = text_setting(
        "A separate file with a vector for each row: .npy, .npz, Parquet or CSV.",
        expected="a file",
        is_path=True,
    )
    embed: str | None = text_setting(
        "The embedding model by which texts are also compared: wordllama (of doubtcli[embed]), a folder with "
        "a model, or none.",
        expected="wordllama, none, or a folder with a model",
        is_path=True,
        words=(NO_EMBEDDER, INSTALLED_EMBEDDER),
    )
    pred_probs: str | None = text_setting(
        "Your own out-of-sample probabilities, to use instead of our models: .npy, .npz, Parquet or CSV.",
        expected="a file",
        is_path=True,
    )
    verdicts: str | None = text_setting(
        "Labels that people have decided on: a filled-in queue.csv, or the export of an annotation tool.",
        expected="a file",
        is_path=True,
    )
    group: str | None = text_setting(
        "Groups of rows: no model judges a row if it has seen another row of its group.", expected=ONE_COLUMN
    )
    pair: tuple[str, ...] = pair_setting(
        "Two columns that are compared, such as two questions; give it again for each further pair of "
        "columns, if both sides have several; none, if there is no pair."
    )
    ignore: tuple[str, ...] = names_setting("Columns to leave out.", expected=SOME_COLUMNS)
    use: tuple[str, ...] = names_setting(
        "Columns to use although they look like a leak or an id.", expected=SOME_COLUMNS
    )
    input_format: str | None = text_setting(f"The file's format: {INSTALLED_FORMATS}.")
    encoding: str | None = text_setting("The text's encoding, such as latin-1.")
    delimiter: str | None = text_setting("The character between two fields; tab for a tab.")
    quoting: str | None = text_setting(
        "What may enclose a field: minimal (quotes), none, spaced (quotes after blanks), backslash (quotes, "
        'with \\" for a quote inside), or single (single quotes).'
    )
    no_header: bool = switch_setting(
        "The first row of a CSV, TSV or Excel file is data; columns are called column_1, column_2, and so on."
    )
    sheet: str | None = text_setting(
        "The sheet to read, of a spreadsheet with several.", expected="a sheet's name"
    )
    reasons: tuple[str, ...] | None = names_setting(
        "Use only these reasons.", expected=SOME_REASONS, default=None
    )
    skip: tuple[str, ...] = names_setting("Leave out these reasons.", expected=SOME_REASONS)
    reason_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Each reason's table in the settings file; checked when the reason is created."""
    rules: tuple[Rule, ...] = ()
    """The user's own rules, from the settings file or from Python; there is no flag for them."""
    seed: int = number_setting("The seed of all random numbers.", least=0, most=LARGEST_SEED, default=0)
    folds: int = number_setting(
        "Parts to split the rows into; models fitted on the others judge each part.", least=2, default=5
    )
    repeats: int | None = number_setting(
        "How often to split the rows. [default: 2, and 1 with more than 10,000 rows or 300 classes]", least=1
    )
    fast: bool = switch_setting(
        "For a first look: the cheapest models, one split, and no test with planted errors."
    )
    threads: int | None = number_setting(
        "Processor threads; the result is the same with any number.", least=1
    )
    memory: int | None = size_setting(
        "The memory to stay within, such as 2GB; where a scan would need more, it leaves out models and "
        "neighbours, and says so."
    )
    output: str | None = text_setting("The folder to write to.", expected="a folder", is_path=True)
    queue_size: int | None = number_setting("Rows in the relabel queue.", least=1)
    audit_sample: int | None = number_setting(
        "Rows drawn at random and put first in the queue, to measure the noise rate on.", least=10
    )
    stop_below: float | None = share_setting(
        "End the queue where fewer rows than this share would be wrong, such as 20%; doubted rows stay.",
        most=DOUBTED_FROM,
    )
    force: bool = False
    """Replace what is at `output`; only a flag, so that no settings file replaces things unasked."""
    config: str | None = None
    """The settings file that was read, relative to the working directory."""
    memory_by: str = "--memory"
    """What sets `memory`, in messages: the flag, or a key and its file."""
    by_batches: bool = False
    """Whether memory is too short for all models and neighbours, and not for the cheapest models of each kind
    of input: `evidence.memory` finds that out, so no flag and no key sets it."""

    @property
    def is_short(self) -> bool:
        """Whether rows are split once, no errors are planted, and no neighbours are looked for unasked."""
        return self.fast or self.by_batches

    @property
    def read_options(self) -> ReadOptions:
        """How the file is written, as far as the settings have it."""
        from doubtcli.records import ReadOptions

        return ReadOptions(
            self.input_format,
            self.encoding,
            self.delimiter,
            self.quoting,
            not self.no_header,
            sheet=self.sheet,
        )


FILE_KEYS: Mapping[str, Kind] = MappingProxyType(
    {item.name.replace("_", "-"): kind for item in fields(ScanSettings) if (kind := get_kind(item))}
)
"""Every key of a settings file, in the order of the record."""
WITHOUT_FLAGS = ("output", "queue_size", "audit_sample", "stop_below", "verdicts", "threads", "memory")
"""Settings that do not change how a file is read and judged, or that name other files."""


def render_flags(settings: ScanSettings) -> str:
    """The flags with which `doubt scan` reads and judges a file in the same way: "--label intent --fast".

    They are quoted for a shell. Defaults are left out, and so are rules and the tables of reasons' settings,
    which have no flags.
    """
    return " ".join(
        word
        for item in fields(ScanSettings)
        if get_kind(item) and item.name not in WITHOUT_FLAGS and getattr(settings, item.name) != item.default
        for word in _flag_words(f"--{item.name.replace('_', '-')}", getattr(settings, item.name))
    )


def _flag_words(flag: str, value: object) -> Iterator[str]:
    yield flag
    if value is not True:
        yield quote_word(_join_names(value) if isinstance(value, tuple) else str(value))


def _join_names(names: Sequence[str]) -> str:
    """Names as one comma-separated value, with quotes where a reader would split or trim a name."""
    import csv
    import io

    line = io.StringIO()
    would_be_trimmed = any(name != name.strip() for name in names)
    csv.writer(
        line, quoting=csv.QUOTE_ALL if would_be_trimmed else csv.QUOTE_MINIMAL, lineterminator=""
    ).writerow(names)
    return line.getvalue()
