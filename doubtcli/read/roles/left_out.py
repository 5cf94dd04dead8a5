"""Which columns identify rows or give the label away, and so are not used as inputs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.read.column_names import OTHER_ANSWER, to_snake_case, word_set
from doubtcli.records.arrays import find_first_of_each, split_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.files.values import Distinct
    from doubtcli.records import Codes, Labels, Table

FEW_KINDS = 50
"""Up to this many short values are categories: the states of a country."""
FEW_PHRASES = 20
"""The same for phrases: the answers to a survey's question."""
WORDS_OF_A_PHRASE = 3
"""Values with at least this many words on average are phrases."""
CHARACTERS_OF_A_PHRASE = 30
"""The same in characters, for languages that are written without blanks."""

ID_ENDINGS = frozenset({"id", "uid", "uuid", "guid", "pk", "hash", "md5", "sha1", "sha256"})
ROW_NUMBER_NAMES = frozenset({"index", "idx", "row", "rownum", "row_number", "row_nr", "nr"})
"""Names of columns that only number the rows: the next export may number them in another way."""
LEFT_OVER_INDEX = re.compile(r"_*(unnamed(_\d+)+|(index_)?level_\d+)_*")
"""Names that pandas gives an index when it writes or resets it: "Unnamed: 0.1", "level_0"."""

NEARLY_ALL = 0.95
"""From this share of different values on, a column counts as unique."""
ENOUGH_ROWS_TO_COUNT = 20
"""With fewer rows, numbers may all differ, or be consecutive, by chance."""
ODD_ROWS, ODD_SHARE = (1, 3), 0.01
"""How many rows of a column of ids may lack an id or repeat one: one, up to three where that is no more than
one row in twenty, and one row in a hundred. So few are slips of an edit or a merge; where more rows share a
value, it may name something else, such as a customer."""
GAPS = 1.1
"""Row numbers have a few gaps where rows were dropped."""

UUID_OR_HASH = r"^([0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}|\d{16,})$"
CODE_WITH_DIGITS = r"^[\w.:/#@|-]*\d[\w.:/#@|-]*$"
_MEDIA = "jpe?g|png|gif|bmp|webp|tiff?|svg|dcm|nii|wav|mp3|flac|ogg|m4a|mp4|avi|mov|webm"
MEDIA_NAME = rf"(?i)^[^\n]+\.({_MEDIA})(\.gz|\?\S*)?$"
"""An image, a sound or a video: a row that names one shows more than its cells."""
FILE_NAME = rf"(?i)^[^\n]+\.({_MEDIA}|txt|csv|tsv|json|xml|html?|pdf|docx?|npy|npz|parquet)(\.gz)?$"

LEAK = 0.99
"""From this share of rows on, a column that matches the label one to one is a leak."""
VALUES_A_CLASS = 2
"""With more values for each class than this, a column is more than a copy of the label."""
CLASSES_PAIRED = 0.9
"""The share of classes that must match a value: a few wrong labels may hide the match of a tiny class."""
MOSTLY_FILLED = 0.5
"""A column that is empty on more of the rows is not taken for a leak."""
ROWS_A_VALUE = 2
"""Values that occur once each match anything one to one."""

LABEL_NAME = re.compile(r"^labels?_|_labels?$|^labels?$")
COMMON_ANSWERS = frozenset({"yes", "no", "true", "false", "y", "n", "t", "f"})
"""Answers to any question: two columns with them need not answer the same one."""

PARTS = frozenset(
    {"train", "training", "test", "testing", "dev", "development", "val", "valid", "validation", "eval"}
    | {"evaluation", "holdout", "hold-out", "held-out", "calibration", "unlabeled", "unlabelled"}
)
"""The parts into which people split their data."""
FOLD_NAMES = frozenset({"fold", "folds", "kfold", "cv_fold", "fold_id"})
MOST_FOLDS = 20

NUMBERING = frozenset({"number", "no", "nr", "num", "index", "idx", "obs", "seq", "row", "rank"})
"""Last words of names of columns that number rows, from 1 in each part of a table."""
FEWEST_NUMBERED = 20
"""Shorter numberings may be measures, such as the number of rooms."""

GROUP_NAMES = word_set(
    """
    subject subj patient participant respondent proband person user customer client speaker author writer
    household hid pid family stratum session conversation dialog dialogue thread document video recording
    """
)
"""Last words of names of columns that say which rows belong together."""
FEWEST_GROUPS, LARGEST_GROUP, ROWS_A_GROUP = 20, 0.1, 1.2
"""Only so many groups, of at most this share of the rows and of so many rows on average, are kept together
without being asked: then every model still sees nearly all of the data."""
WORDS_OF_A_NAME = 8
"""A group has a name or a number; values with more words on average are texts, such as the documents of a
search."""
GROUPS_A_CLASS = 5
"""A class must be in as many groups as there are folds, else a model may never see it."""


def names_part(name: str, values: Distinct) -> bool:
    """Whether a column says which rows are for training and which for testing, or which fold they are in."""
    if to_snake_case(name) in FOLD_NAMES:
        return 1 < len(values.values) <= MOST_FOLDS
    words = {text.strip().lower() for text in values.texts.slice(0, len(PARTS) + 1).to_pylist()}
    return words <= PARTS and any(word.startswith(("train", "test")) for word in words)


def may_name_groups(name: str) -> bool:
    """Whether a column is named like an id, or like those of which a table has several rows each."""
    return to_snake_case(name).rpartition("_")[2] in GROUP_NAMES | ID_ENDINGS


def are_groups(values: Distinct, labels: Labels) -> bool:
    """Whether a column that may name groups surely says which rows belong together.

    Args:
        values: Of the column.
        labels: Of all rows.
    """
    n_known, n_groups = values.n_rows - values.n_missing, len(values.values)
    if n_groups < FEWEST_GROUPS or values.counts.max() > LARGEST_GROUP * values.n_rows:
        return False
    if n_known < NEARLY_ALL * values.n_rows or n_known < ROWS_A_GROUP * n_groups:
        return False
    is_measured = _has_fractions(values) or values.times is not None
    if is_measured or count_words(values) > WORDS_OF_A_NAME:
        return False
    both = (values.codes >= 0) & (labels.codes >= 0)
    pairs = np.unique(np.column_stack([labels.codes[both], values.codes[both]]), axis=0)
    groups_a_class = np.bincount(pairs[:, 0], minlength=len(labels.class_names))
    rows_a_class = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.class_names))
    return bool((groups_a_class >= np.minimum(GROUPS_A_CLASS, rows_a_class)).all())


def is_within(one: Distinct, other: Distinct) -> bool:
    """Whether all rows with one value of a column have the same value of another one."""
    pairs = np.unique(np.column_stack([one.codes, other.codes]), axis=0)
    return len(pairs) == len(np.unique(pairs[:, 0]))


def _numbers_rows(name: str, values: Distinct) -> bool:
    """Whether a column numbers the rows from 1, and again from 1 in each part of the table.

    Then it has all numbers up to the highest, most of them more than once, and no number is on more rows
    than a lower one.
    """
    if to_snake_case(name).rpartition("_")[2] not in NUMBERING or values.numbers is None:
        return False
    order = np.argsort(values.numbers)
    numbers, counts = values.numbers[order], values.counts[order]
    if len(numbers) < FEWEST_NUMBERED or _has_fractions(values) or np.isnan(numbers[-1]):
        return False
    has_all = numbers[0] in {0, 1} and np.ptp(numbers) < GAPS * len(numbers)
    recur = np.median(counts) > 1
    return bool(has_all and recur and (np.diff(counts) <= 0).mean() >= NEARLY_ALL)


def explain_identifier(name: str, values: Distinct) -> str | None:
    """Why a column is an identifier, or None if it is not one."""
    n_known = values.n_rows - values.n_missing
    is_unique = n_known > 1 and len(values.values) >= NEARLY_ALL * n_known
    if is_row_number(name) and is_unique and not _has_fractions(values):
        return "named like a row number"
    if _numbers_rows(name, values):
        return "it numbers rows"
    if not is_unique and (has_few_values(values) or n_known == 0):
        return None
    if is_id(name, values):
        together = "" if is_unique else f" (to keep its rows together: --group {name})"
        return f"named like an id{together}"
    return _explain_values(values, is_unique=is_unique)


def _explain_values(values: Distinct, *, is_unique: bool) -> str | None:
    """Why a column is an identifier by its values alone."""
    if values.share_like(FILE_NAME) >= NEARLY_ALL:
        return "file names"
    if not is_unique or values.n_rows - values.n_missing < ENOUGH_ROWS_TO_COUNT:
        return None
    return _explain_codes(values)


def is_id(name: str, values: Distinct) -> bool:
    """Whether a column is named like an identifier, and could be one: fractions are measures."""
    return to_snake_case(name).rpartition("_")[2] in ID_ENDINGS and not _has_fractions(values)


def is_row_number(name: str) -> bool:
    """Whether a column is named like a row number."""
    plain = to_snake_case(name)
    return plain in ROW_NUMBER_NAMES or LEFT_OVER_INDEX.fullmatch(plain) is not None


@dataclass(frozen=True)
class OddIds:
    """The rows that a column of ids does not name, as places in the file, in file order."""

    missing: Codes
    repeated: Codes
    """Their id is that of an earlier row."""

    @cached_property
    def all(self) -> frozenset[int]:
        """Both kinds."""
        return frozenset([*self.missing.tolist(), *self.repeated.tolist()])


def find_odd_ids(values: Distinct) -> OddIds:
    """The rows without an id, and those that repeat one.

    Args:
        values: The ids.
    """
    is_empty = np.asarray(pc.equal(values.texts, "").to_numpy(zero_copy_only=False), dtype=bool)
    missing = values.on_rows(is_empty, missing=True)
    again = np.ones(values.n_rows, dtype=bool)
    again[find_first_of_each(values.codes + 1)] = False
    return OddIds(np.flatnonzero(missing), np.flatnonzero(again & ~missing))


def can_be_row_ids(name: str, values: Distinct, is_data: NDArray[np.bool_]) -> bool:
    """Whether a column is named like an id, and nearly every row has a different one.

    Args:
        name: The column's.
        values: Of the column.
        is_data: Shape `(n_rows,)`: False for rows that repeat the header or say what the columns hold.
    """
    if not is_id(name, values):
        return False
    n_odd = sum(bool(is_data[row]) for row in find_odd_ids(values).all)
    share = values.n_rows * (1 - NEARLY_ALL)
    return n_odd <= max(ODD_ROWS[0], min(ODD_ROWS[1], share), values.n_rows * ODD_SHARE)


def check_row_ids(values: Distinct, table: Table, name: str) -> None:
    """Refuse a column of ids that lacks an id, or has one twice.

    Raises:
        InputError: Names the first such row, and the earlier one with the same id.
    """
    odd = find_odd_ids(values)
    if len(odd.missing):
        row, found = int(odd.missing[0]), "the id is missing"
    elif len(odd.repeated):
        row = int(odd.repeated[0])
        earlier = int(np.flatnonzero(values.codes == values.codes[row])[0])
        found = f"the id {values.texts[int(values.codes[row])].as_py()!r} is already on row {earlier + 1}"
    else:
        return
    raise InputError(
        found,
        where=table.source.path,
        row=row + 1,
        column=name,
        expected="a different id on every row",
        hint="choose another column, or leave --id out: then ids are made from the rows' content",
    )


def _explain_codes(values: Distinct) -> str | None:
    if values.share_like(UUID_OR_HASH) >= NEARLY_ALL:
        return "a different hash on every row"
    if values.numbers is not None:
        return "row numbers" if _are_consecutive(values) else None
    if values.times is None and values.share_like(CODE_WITH_DIGITS) >= NEARLY_ALL:
        return "a different code on every row"
    return None


def _are_consecutive(values: Distinct) -> bool:
    """Whether values are whole numbers that occur once each and have few gaps."""
    numbers = values.numbers
    if numbers is None or _has_fractions(values) or values.counts.max() > 1:
        return False
    return bool(np.nanmax(numbers) - np.nanmin(numbers) < GAPS * len(numbers))


def _has_fractions(values: Distinct) -> bool:
    numbers = values.numbers
    return numbers is not None and not np.array_equal(numbers, np.round(numbers), equal_nan=True)


def one_to_one_share(values: Distinct, labels: Labels) -> float:
    """The share of rows on which a column matches the label one to one, 0 if they don't pair up.

    A value and a class are a pair if each is the other's most frequent partner. Rows where either is missing
    don't count.
    """
    n_classes = len(labels.class_names)
    known = (values.codes >= 0) & (labels.codes >= 0)
    met, met_codes = np.unique(values.codes[known], return_inverse=True)
    is_filled = known.sum() >= MOSTLY_FILLED * (labels.codes >= 0).sum()
    recurs = known.sum() >= ROWS_A_VALUE * len(met)
    if len(met) > VALUES_A_CLASS * n_classes or not is_filled or not recurs:
        return 0.0
    pairs = np.bincount(met_codes * n_classes + labels.codes[known], minlength=len(met) * n_classes)
    table = pairs.reshape(len(met), n_classes)
    # ties are broken by the value's name, so that the order of rows doesn't matter
    table = table[np.argsort(np.array([str(values.texts[int(code)]) for code in met], dtype=object))]
    partner = table.argmax(axis=1)
    paired = table.argmax(axis=0)[partner] == np.arange(len(table))
    if paired.sum() < CLASSES_PAIRED * n_classes:
        return 0.0
    return float(table.max(axis=1)[paired].sum() / known.sum())


def is_another_answer(name: str, values: Distinct, labels: Labels) -> bool:
    """Whether a column may be another answer to the label's question, by its name or by its values."""
    plain = to_snake_case(name)
    if OTHER_ANSWER.search(plain) or LABEL_NAME.search(plain):
        return len(values.values) <= VALUES_A_CLASS * len(labels.class_names)
    words = set(labels.class_names)
    if all(map(is_common_answer, words)):
        return False
    if len(values.values) > len(words):
        return False
    return set(values.texts.to_pylist()) <= words


def is_common_answer(word: str) -> bool:
    """Whether a value may be an answer to any question: yes and no, or a number."""
    return word.lower() in COMMON_ANSWERS or re.fullmatch(r"[\d.+-]+", word) is not None


_CHARACTERS_A_TEXT = 200
"""About as many: so many texts are looked at together as have a few megabytes."""


def has_few_values(values: Distinct) -> bool:
    """Whether values recur so often that they are categories rather than texts."""
    n_known, n_values = values.n_rows - values.n_missing, len(values.values)
    if 2 * n_values > n_known:  # before the words of many texts are counted
        return False
    is_phrase = (
        count_words(values) >= WORDS_OF_A_PHRASE or _count_characters(values) >= CHARACTERS_OF_A_PHRASE
    )
    most = FEW_PHRASES if is_phrase else max(FEW_KINDS, isqrt(n_known))
    return n_values <= most


def describe_count(values: Distinct) -> str:
    """The number of different values, in words."""
    return "1 value" if len(values.values) == 1 else f"{len(values.values):,} different values"


def count_words(values: Distinct) -> float:
    """The average number of words in the different values, by the white space of ASCII between them."""
    blocks = split_rows(len(values.texts), _CHARACTERS_A_TEXT)
    n_gaps = sum(_count_gaps(values.texts[block]) for block in blocks)
    return 1 + n_gaps / max(1, len(values.texts))


def _count_gaps(texts: pa.Array) -> int:
    """How often white space begins in texts; of a large file's it takes a tenth of the time of a pattern."""
    _, ends, content = texts.buffers()
    bounds = np.frombuffer(ends, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    if bounds[0] == bounds[-1]:
        return 0
    letters = np.frombuffer(content, dtype=np.uint8)[bounds[0] : bounds[-1]]
    is_space = (letters == ord(" ")) | (
        (letters >= ord("\t")) & (letters <= ord("\r")) & (letters != ord("\v"))
    )
    is_first = np.zeros(len(letters), dtype=np.bool_)
    is_first[(bounds[:-1] - bounds[0])[bounds[:-1] < bounds[1:]]] = True
    return int(np.count_nonzero(is_space[1:] & (~is_space[:-1] | is_first[1:]))) + int(is_space[0])


def _count_characters(values: Distinct) -> float:
    return _mean(pc.utf8_length(values.texts))


def _mean(counts: pa.Array) -> float:
    return float(pc.sum(counts).as_py() or 0) / max(1, len(counts))
