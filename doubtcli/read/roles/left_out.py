"""What tells columns that name rows, or give the label away, from those to learn from."""

from __future__ import annotations

import re
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.read.labels import OTHER_ANSWER, plain_name

if TYPE_CHECKING:
    from doubtcli.files.values import Distinct
    from doubtcli.records import Labels, Table

FEW_KINDS = 50
"""Up to so many short values are kinds of something: the states of a country."""
FEW_PHRASES = 20
"""Up to so many phrases are: the answers to a survey's question."""
WORDS_OF_A_PHRASE = 3
"""From so many words on the average value says something."""
CHARACTERS_OF_A_PHRASE = 30
"""The same for languages that are written without blanks."""

ID_ENDINGS = frozenset({"id", "uid", "uuid", "guid", "pk", "hash", "md5", "sha1", "sha256"})
COUNTERS = frozenset({"index", "idx", "row", "rownum", "row_number", "row_nr", "nr", "unnamed_0"})
"""Names of columns that only count the rows: the next export counts anew, so they name no row for good."""

NEARLY_ALL = 0.95
"""The share of rows with a value of their own from which a column is as good as unique."""
ENOUGH_ROWS_TO_COUNT = 20
"""With fewer rows numbers may well differ, or follow each other, by chance."""
GAPS = 1.1
"""Rows that were dropped since they were counted leave gaps, a few."""

UUID_OR_HASH = r"^([0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}|\d{16,})$"
CODE_WITH_DIGITS = r"^[\w.:/#@|-]*\d[\w.:/#@|-]*$"
FILE_NAME = (
    r"(?i)^[^\n]+\.(jpe?g|png|gif|bmp|webp|tiff?|svg|dcm|nii|wav|mp3|flac|ogg|m4a|mp4|avi|mov|webm|"
    r"txt|csv|tsv|json|xml|html?|pdf|docx?|npy|npz|parquet)(\.gz)?$"
)

LEAK = 0.99
"""The share of rows from which a column that pairs up with the label says the same as it."""
VALUES_A_CLASS = 2
"""With more values than this times the classes a column says more than the label does."""
CLASSES_PAIRED = 0.9
"""Tiny classes may lose their partner to a few wrong labels; to pair with the largest alone is no leak."""
MOSTLY_FILLED = 0.5
"""A column that is empty on more of the rows is not judged by the others."""
FEWEST_MEETINGS = 2
"""Values that stand on one row each go one to one with anything."""

LABEL_NAME = re.compile(r"^labels?_|_labels?$|^labels?$")
ANYBODYS_WORDS = frozenset({"yes", "no", "true", "false", "y", "n", "t", "f"})
"""Answers to any question: two columns that hold them need not answer the same one."""


def names_rows(name: str, values: Distinct) -> str | None:
    """Why a column is an identifier, or None if it is none."""
    n_known = values.n_rows - values.n_missing
    is_unique = n_known > 1 and len(values.values) >= NEARLY_ALL * n_known
    if not is_unique and (has_few_values(values) or n_known == 0):
        return None
    if is_counter(name) and is_unique:
        return "named like a count of the rows"
    if is_id(name, values):
        return (
            "named like an id"
            if is_unique
            else f"named like an id (to keep its rows together: --group {name})"
        )
    if values.share_like(FILE_NAME) >= NEARLY_ALL:
        return "names of files"
    if not is_unique or n_known < ENOUGH_ROWS_TO_COUNT:
        return None
    return _looks_like_codes(values)


def is_id(name: str, values: Distinct) -> bool:
    """Whether a column is called like an identifier, and could be one: fractions are measures."""
    return plain_name(name).rpartition("_")[2] in ID_ENDINGS and not _has_fractions(values)


def is_counter(name: str) -> bool:
    """Whether a column is called like a count of the rows."""
    return plain_name(name) in COUNTERS


def can_name_rows(name: str, values: Distinct) -> bool:
    """Whether a column is named like an id, and every row has one of its own."""
    if not is_id(name, values) or len(values.values) < values.n_rows:
        return False
    return "" not in values.texts.to_pylist()


def check_names_rows(values: Distinct, table: Table, name: str) -> None:
    """Refuse a column of ids that names no row, or two by the same id.

    Raises:
        InputError: Names the first such row, and the earlier one that it clashes with.
    """
    codes = values.codes
    is_empty = np.array([text == "" for text in values.texts.to_pylist()], dtype=bool)
    empty = np.flatnonzero(values.on_rows(is_empty, missing=True))
    first = np.unique(codes, return_index=True)[1]
    again = np.setdiff1d(np.arange(len(codes)), first)
    if len(empty):
        row, found = int(empty[0]), "no id stands here"
    elif len(again):
        row = int(again[0])
        earlier = int(np.flatnonzero(codes == codes[row])[0])
        found = f"{values.texts[int(codes[row])].as_py()!r} stands on row {earlier + 1}, too"
    else:
        return
    raise InputError(
        found,
        where=table.source.path,
        row=row + 1,
        column=name,
        expected="an id on every row, each on one row only",
        hint="choose another column, or leave --id out: rows are then named by what stands in them",
    )


def _looks_like_codes(values: Distinct) -> str | None:
    if values.share_like(UUID_OR_HASH) >= NEARLY_ALL:
        return "a different hash on every row"
    if values.numbers is not None:
        return "counts the rows" if _counts_up(values) else None
    if values.times is None and values.share_like(CODE_WITH_DIGITS) >= NEARLY_ALL:
        return "a different code on every row"
    return None


def _counts_up(values: Distinct) -> bool:
    """Whether whole numbers, each on one row, follow each other with few gaps."""
    numbers = values.numbers
    if numbers is None or _has_fractions(values) or values.counts.max() > 1:
        return False
    return bool(np.nanmax(numbers) - np.nanmin(numbers) < GAPS * len(numbers))


def _has_fractions(values: Distinct) -> bool:
    numbers = values.numbers
    return numbers is not None and not np.array_equal(numbers, np.round(numbers), equal_nan=True)


def one_to_one(values: Distinct, labels: Labels) -> float:
    """The share of rows on which a column and the label go one to one, 0 where they don't pair up.

    A value and a class are a pair if each is the other's most frequent partner. Rows on which either
    is missing don't count.
    """
    n_classes = len(labels.class_names)
    known = (values.codes >= 0) & (labels.codes >= 0)
    met, met_codes = np.unique(values.codes[known], return_inverse=True)
    is_filled = known.sum() >= MOSTLY_FILLED * (labels.codes >= 0).sum()
    recurs = known.sum() >= FEWEST_MEETINGS * len(met)
    if len(met) > VALUES_A_CLASS * n_classes or not is_filled or not recurs:
        return 0.0
    pairs = np.bincount(met_codes * n_classes + labels.codes[known], minlength=len(met) * n_classes)
    table = pairs.reshape(len(met), n_classes)
    # ties go by the value's name, not by the row that it is met on first
    table = table[np.argsort(np.array([str(values.texts[int(code)]) for code in met], dtype=object))]
    partner = table.argmax(axis=1)
    paired = table.argmax(axis=0)[partner] == np.arange(len(table))
    if paired.sum() < CLASSES_PAIRED * n_classes:
        return 0.0
    return float(table.max(axis=1)[paired].sum() / known.sum())


def is_another_answer(name: str, values: Distinct, labels: Labels) -> bool:
    """Whether a column may hold another answer to the label's question, by its name or by its words."""
    plain = plain_name(name)
    if OTHER_ANSWER.search(plain) or LABEL_NAME.search(plain):
        return len(values.values) <= VALUES_A_CLASS * len(labels.class_names)
    words = set(labels.class_names)
    if all(word.lower() in ANYBODYS_WORDS or re.fullmatch(r"[\d.+-]+", word) for word in words):
        return False
    if len(values.values) > len(words):
        return False
    return set(values.texts.to_pylist()) <= words


def has_few_values(values: Distinct) -> bool:
    """Whether values recur so often that they are kinds rather than contents."""
    n_known = values.n_rows - values.n_missing
    is_phrase = count_words(values) >= WORDS_OF_A_PHRASE or _characters(values) >= CHARACTERS_OF_A_PHRASE
    most = FEW_PHRASES if is_phrase else max(FEW_KINDS, isqrt(n_known))
    return len(values.values) <= most and 2 * len(values.values) <= n_known


def count_of_values(values: Distinct) -> str:
    """How many different values there are, in words."""
    return "1 value" if len(values.values) == 1 else f"{len(values.values):,} different values"


def count_words(values: Distinct) -> float:
    """How many words the different values have on average."""
    return 1 + _mean(pc.count_substring_regex(values.texts, r"\s+"))


def _characters(values: Distinct) -> float:
    return _mean(pc.utf8_length(values.texts))


def _mean(counts: pa.Array) -> float:
    return float(pc.sum(counts).as_py() or 0) / max(1, len(counts))
