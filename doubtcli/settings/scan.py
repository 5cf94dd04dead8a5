"""The settings of a scan, and the flags that say the same."""

from __future__ import annotations

import csv
import io
import shlex
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from doubtcli.records import ReadOptions
from doubtcli.settings.fields import INSTALLED_FORMATS, Kind, kind_of, names, number, switch, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LARGEST_SEED = 2**32 - 1
"""NumPy's and scikit-learn's seeds are unsigned 32-bit numbers."""

ONE_COLUMN = "a column's name"
SOME_COLUMNS = "a column's name, or a list of them"
SOME_REASONS = "a reason's name, or a list of them"


@dataclass(frozen=True)
class ScanSettings:
    """All that one scan is asked to do; what is None or empty is left to `doubt` to find out."""

    path: str
    """The file to judge as the user gave it; "-" for standard input."""
    label: str | None = word("The labels to judge.", expected=ONE_COLUMN)
    text: tuple[str, ...] = names("Written text.", expected=SOME_COLUMNS)
    numeric: tuple[str, ...] = names("Measures.", expected=SOME_COLUMNS)
    categorical: tuple[str, ...] = names("Kinds, such as a country.", expected=SOME_COLUMNS)
    datetime: tuple[str, ...] = names("Dates or times.", expected=SOME_COLUMNS)
    id: str | None = word("The name of each row.", expected=ONE_COLUMN)
    annotators: tuple[str, ...] = names(
        "One annotator's answers each; a pattern will do: 'rater_*'.", expected=SOME_COLUMNS
    )
    embedding: tuple[str, ...] = names("Vectors.", expected=SOME_COLUMNS)
    embeddings: str | None = word(
        "A vector a row, in a file of its own: .npy, .npz, Parquet or CSV.", expected="a file", is_path=True
    )
    pred_probs: str | None = word(
        "Your own out-of-sample probabilities, used instead of our models': .npy, .npz, Parquet or CSV.",
        expected="a file",
        is_path=True,
    )
    verdicts: str | None = word(
        "Rows that people have decided: a filled-in queue.csv, or the export of an annotation tool.",
        expected="a file",
        is_path=True,
    )
    group: str | None = word(
        "Rows with the same value are judged by models that saw none of them.", expected=ONE_COLUMN
    )
    ignore: tuple[str, ...] = names("To leave out.", expected=SOME_COLUMNS)
    use: tuple[str, ...] = names("To use although it looks like a leak or an id.", expected=SOME_COLUMNS)
    input_format: str | None = word(f"How the file is stored: {INSTALLED_FORMATS}.")
    encoding: str | None = word("The text's encoding, such as latin-1.")
    delimiter: str | None = word("What stands between two fields: one character, or tab.")
    quoting: str | None = word("minimal: quotes may enclose a field; none: they are plain characters.")
    reasons: tuple[str, ...] | None = names(
        "Ask these reasons and no others.", expected=SOME_REASONS, default=None
    )
    skip: tuple[str, ...] = names("Don't ask these reasons.", expected=SOME_REASONS)
    reason_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By reason, its table in the settings file; checked when the reason is made."""
    seed: int = number("What all chance is drawn from.", least=0, most=LARGEST_SEED, default=0)
    folds: int = number(
        "Parts to split the rows into; each is judged by models of the others.", least=2, default=5
    )
    repeats: int = number("How often to split anew.", least=1, default=2)
    fast: bool = switch("The cheapest models, split once, and no planted errors: for a first look.")
    threads: int | None = number("Processor threads; they change the time, never the result.", least=1)
    output: str | None = word("The folder to write.", expected="a folder", is_path=True)
    queue_size: int | None = number("Rows in the relabel queue.", least=1)
    audit_sample: int | None = number(
        "Rows drawn at random and put first in the queue, to measure the noise rate on.", least=10
    )
    force: bool = False
    """Replace what stands in the way of `output`; a flag only, so that no file does it unasked."""
    config: str | None = None
    """The settings file that was read, seen from the working directory."""

    @property
    def read_options(self) -> ReadOptions:
        """How the file is written, as far as they say."""
        return ReadOptions(self.input_format, self.encoding, self.delimiter, self.quoting)


FILE_KEYS: Mapping[str, Kind] = MappingProxyType(
    {item.name.replace("_", "-"): kind for item in fields(ScanSettings) if (kind := kind_of(item))}
)
"""Every key that a settings file may hold, in the order of the record."""
WITHOUT_FLAGS = ("output", "queue_size", "audit_sample", "verdicts", "threads")
"""They say what else is read and where things go, not how a file is read and judged."""


def as_flags(settings: ScanSettings) -> str:
    """The flags by which `doubt scan` reads and judges a file as it did: "--label intent --fast".

    They are quoted for a shell; what is as it would be anyway is not said. A table of a reason's settings has
    no flags.
    """
    return " ".join(
        word
        for item in fields(ScanSettings)
        if kind_of(item) and item.name not in WITHOUT_FLAGS and getattr(settings, item.name) != item.default
        for word in _flag_words(f"--{item.name.replace('_', '-')}", getattr(settings, item.name))
    )


def _flag_words(flag: str, value: object) -> Iterator[str]:
    yield flag
    if value is not True:
        yield shlex.quote(_join_names(value) if isinstance(value, tuple) else str(value))


def _join_names(names: Sequence[str]) -> str:
    """Names as one value: a comma parts them, and quotes enclose what a reader would part or trim."""
    line = io.StringIO()
    would_be_trimmed = any(name != name.strip() for name in names)
    csv.writer(
        line, quoting=csv.QUOTE_ALL if would_be_trimmed else csv.QUOTE_MINIMAL, lineterminator=""
    ).writerow(names)
    return line.getvalue()
