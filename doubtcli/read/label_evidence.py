"""What speaks for and against a column as the label: its name, its place, its values, the other columns.

The points were set on some 200 tables of R packages and textbooks, and tried on as many others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from doubtcli.read.column_names import split_words, weigh_name, word_set
from doubtcli.read.roles.left_out import COMMON_ANSWERS, has_few_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.files.values import Distinct
    from doubtcli.records import Codes
    from doubtcli.records.arrays import Floats

SEXES = word_set("male female m f man woman men women boy girl h w")
CLASS_WORDS = word_set(
    """
    positive negative neutral pos neg spam ham benign malignant malign normal abnormal anomaly attack
    fake real good bad pass fail win loss lose approved rejected denied accepted toxic hate offensive
    absent present success failure legit legitimate fraud survived died alive dead healthy sick
    """
)
"""Words for what was found out about a row; two of them make a column look like a label."""

MOST_REASONS = 2
FEWEST_CLASSES = 2
MOST_CODES = 20
"""Up to this many different numbers are codes of classes: digits, ratings in half stars."""
ORDINARY_CODES = 6
"""More numbers than this are counts or scales more often than classes."""
MANY_CLASSES = 20
FEW_ROWS = 40
"""In fewer rows, any column may be predicted by luck."""
ROWS_A_CLASS = 5
MOST_COMPARED = 100
"""How many other columns may predict a candidate."""

MOST_BINS = 10
"""Numbers are put into this many bins of about as many rows each."""
MOST_ROWS = 5_000
"""More rows change the share that is predicted by less than .02."""
MIX = np.uint64(0x9E3779B97F4A7C15)
"""Spreads numbers over 64 bits: 2^64 over the golden ratio (Knuth, 1973)."""

HARD, WELL, FAIR, SOME, NONE = 0.9, 0.85, 0.6, 0.3, 0.05
"""How well the other columns predict a candidate, from all but all rows down to no better than by luck."""
STANDS_OUT = 0.3
"""A candidate that is predicted by so much better than all others is the one that the table is about."""


class LabelHint(NamedTuple):
    """One thing that speaks for a column, or against it where its points are below 0."""

    points: float
    why: str = ""
    """For the user; empty if it is not worth saying."""


@dataclass(frozen=True)
class Candidate:
    """A column with few values, which could hold the labels."""

    name: str
    values: Distinct
    evidence: tuple[LabelHint, ...]
    place: str = ""
    """"first" or "last" of the columns that are no row ids; else ""."""
    skill: float = 0.0
    """How well the other columns predict it, from `measure_predictability`."""

    @cached_property
    def score(self) -> float:
        """The sum of what speaks for it and against it."""
        return sum(one.points for one in self.evidence)

    @property
    def name_points(self) -> float:
        """What its name says."""
        return weigh_name(self.name, is_plain=is_plain(self.values))

    @property
    def why(self) -> str:
        """What speaks most for it, in plain words."""
        said = [one for one in self.evidence if one.why and one.points > 0]
        most = sorted(said, key=lambda one: -one.points)[:MOST_REASONS]
        return ", ".join(dict.fromkeys(one.why for one in most)) or "it has few values"

    def weigh_also(self, *evidence: LabelHint) -> Candidate:
        """The same with more evidence."""
        return replace(self, evidence=(*self.evidence, *evidence))


def can_be_label(values: Distinct) -> bool:
    """Whether a column has so few values that each may be a class: words, or whole numbers."""
    n_values, n_known = len(values.values), values.n_rows - values.n_missing
    if not FEWEST_CLASSES <= n_values <= n_known / 2 or values.times is not None:
        return False
    if values.numbers is None:
        return has_few_values(values)
    numbers = values.numbers[~np.isnan(values.numbers)]
    return FEWEST_CLASSES <= len(numbers) <= MOST_CODES and np.array_equal(numbers, np.round(numbers))


def is_plain(values: Distinct) -> bool:
    """Whether values are words, or two numbers."""
    return values.numbers is None or len(values.values) == FEWEST_CLASSES


def weigh_column(name: str, values: Distinct, *, place: str, stem: str) -> tuple[LabelHint, ...]:
    """What a column's name, place and values say.

    Args:
        name: Its name.
        values: Its values.
        place: "first" or "last" of the columns that are no row ids; else "".
        stem: The file's name without its ending.
    """
    evidence = [LabelHint(weigh_name(name, is_plain=is_plain(values)), "named like a label")]
    if _is_alike(name, stem):
        evidence.append(LabelHint(2.5, "named like the file"))
    if place:
        evidence.append(LabelHint({"first": 1.0, "last": 2.0}[place], f"the {place} column"))
    return (*evidence, *_weigh_values(values))


def _is_alike(name: str, stem: str) -> bool:
    """Whether a column and its file have the same name, but for a plural."""
    one, other = ("".join(split_words(text)).rstrip("s") for text in (name, stem))
    return bool(one) and one == other


def _weigh_values(values: Distinct) -> Iterator[LabelHint]:
    n_values, n_known = len(values.values), values.n_rows - values.n_missing
    if values.numbers is None:
        words = {text.strip().lower() for text in values.texts.to_pylist()} - {""}
        if words <= SEXES:
            yield LabelHint(-3.0)
        else:
            yield LabelHint(0.5 if words <= COMMON_ANSWERS else 1.0)
        if len(words & CLASS_WORDS) > 1:
            yield LabelHint(2.0, "its values are named like classes")
    else:
        numbers = values.numbers[~np.isnan(values.numbers)]
        counts_up = np.ptp(numbers) == len(numbers) - 1
        if len(numbers) > FEWEST_CLASSES or not counts_up:  # 0 and 1, or 1 and 2, say nothing
            yield LabelHint(-1.5 if counts_up and len(numbers) <= ORDINARY_CODES else -2.5)
    if values.n_rows < FEW_ROWS:
        yield LabelHint(-1.0)
    if n_values > MANY_CLASSES:
        yield LabelHint(-1.0)
    if n_known < ROWS_A_CLASS * n_values:
        yield LabelHint(-1.5)
    if 2 * n_known < values.n_rows:
        yield LabelHint(-2.0)


def weigh_together(candidates: Sequence[Candidate], columns: Mapping[str, Distinct]) -> list[Candidate]:
    """The same candidates, with what the other columns say about each.

    Args:
        candidates: Some columns.
        columns: All columns of the table by name, in file order.
    """
    found = _measure_each(candidates, columns) if candidates else []
    return [
        one.weigh_also(*_weigh_others(one, [other for other in found if other is not one])) for one in found
    ]


def _measure_each(candidates: Sequence[Candidate], columns: Mapping[str, Distinct]) -> list[Candidate]:
    usable = (name for name, one in columns.items() if one.numbers is not None or has_few_values(one))
    bins = {name: make_bins(columns[name]) for name in islice(usable, MOST_COMPARED)}
    rows = choose_sampled_rows(list(bins.values())) if bins else np.array([], dtype=np.intp)
    bins = {name: one[rows] for name, one in bins.items()}
    found = []
    for one in candidates:
        others = [bins[name] for name in bins if not _is_same(columns[name], one.values)]
        classes = one.values.codes[rows]
        has_rows = len(others) and (classes >= 0).any()
        found.append(replace(one, skill=measure_predictability(classes, others) if has_rows else 0.0))
    return found


def _weigh_others(one: Candidate, others: Sequence[Candidate]) -> Iterator[LabelHint]:
    why = "the other columns predict it"
    if not others:
        yield LabelHint(1.5, "the only column with few values")
    elif any(_is_design(one.values, other.values) for other in others):
        yield LabelHint(-3.0)
    if one.name[-1:].isdigit() and any(split_words(other.name) == split_words(one.name) for other in others):
        yield LabelHint(-2.0)  # one of a series, or the same in other groups: "travel" and "travel3"
    if one.skill >= SOME:
        yield LabelHint(2.0 if one.skill >= HARD else 1.5 if one.skill >= FAIR else 1.0, why)
    elif one.skill < NONE and others:
        yield LabelHint(-1.0)
    is_best = one.skill >= WELL and all(other.skill < one.skill - STANDS_OUT for other in others)
    is_unnamed = all(other.name_points <= 0 for other in others)
    if others and is_best and is_unnamed and one.place:
        yield LabelHint(1.5, why)


def _is_same(one: Distinct, other: Distinct) -> bool:
    """Whether two columns match one to one."""
    if one is other:
        return True
    n_values = len(one.values)
    if n_values != len(other.values):
        return False
    both = (one.codes >= 0) & (other.codes >= 0)
    return len(np.unique(one.codes[both] * n_values + other.codes[both])) <= n_values


def _is_design(one: Distinct, other: Distinct) -> bool:
    """Whether each pair of values is on as many rows, as in an experiment: nothing was found out there."""
    both = (one.codes >= 0) & (other.codes >= 0)
    n_pairs = len(one.values) * len(other.values)
    counts = np.bincount(one.codes[both] * len(other.values) + other.codes[both], minlength=n_pairs)
    return bool(counts.min() > 0 and np.ptp(counts) <= 1)


# ------------------------------------------------- how well other columns predict one


def measure_predictability(classes: Codes, others: Sequence[Codes]) -> float:
    """How much better than chance other columns predict a class: 1 always, 0 no better, below 0 worse.

    Naive Bayes with equally likely classes, each row predicted without itself; the balanced accuracy, less
    what luck may add with so few rows.

    Args:
        classes: Shape `(n_rows,)`: the class of each row, from 0; -1 where it is missing.
        others: The other columns, each of shape `(n_rows,)`: the bin of each row, from 0.
    """
    known = classes >= 0
    classes, n_classes = classes[known], int(classes.max()) + 1
    sizes, rows = np.bincount(classes, minlength=n_classes), np.arange(len(classes))
    total = np.zeros((len(classes), n_classes))
    for column in others:
        bins, n_bins = column[known], int(column.max()) + 1
        counts = np.bincount(bins * n_classes + classes, minlength=n_bins * n_classes)
        table = counts.reshape(n_bins, n_classes)
        total += np.log((table + 1) / (sizes + n_bins))[bins]
        # a row does not count where its own class is weighed
        own, size = table[bins, classes], sizes[classes]
        total[rows, classes] += np.log(own / (size - 1 + n_bins)) - np.log((own + 1) / (size + n_bins))
    met = sizes > 0
    chance = 1 / max(1, int(met.sum()))
    if chance == 1:
        return 0.0
    recalls = np.bincount(classes, total.argmax(axis=1) == classes, minlength=n_classes)[met] / sizes[met]
    return float((recalls.mean() - chance) / (1 - chance) - 1 / np.sqrt(len(classes)))


def make_bins(values: Distinct) -> Codes:
    """The bin of each row: numbers by size, other values each their own, in order; the last if it is missing.

    Args:
        values: Numbers, or few other values.
    """
    numbers = values.numbers
    if numbers is None or len(values.values) <= MOST_BINS:
        of_value = np.empty(len(values.values), dtype=np.intp)
        of_value[np.argsort(np.asarray(values.texts.to_pylist(), dtype=object))] = np.arange(len(of_value))
    else:
        of_value = _split_by_size(numbers, values.counts)
    missing = int(of_value.max(initial=-1)) + 1
    return np.asarray(values.on_rows(of_value, missing), dtype=np.intp)


def _split_by_size(numbers: Floats, counts: Codes) -> Codes:
    """The bin of each number; all of what is no number are in the last one."""
    order = np.argsort(numbers)
    before = np.cumsum(counts[order]) - counts[order]
    of_value = np.empty(len(numbers), dtype=np.intp)
    of_value[order] = before * MOST_BINS // max(1, int(counts.sum()))
    of_value[np.isnan(numbers)] = MOST_BINS
    return of_value


def choose_sampled_rows(columns: Sequence[Codes]) -> Codes:
    """At most `MOST_ROWS` rows, the same ones in any order of the rows: each kind of row by its share.

    Args:
        columns: Each of shape `(n_rows,)`.
    """
    n_rows = len(columns[0])
    if n_rows <= MOST_ROWS:
        return np.arange(n_rows)
    mixed = np.zeros(n_rows, dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ column.astype(np.uint64)) * MIX
        mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed, kind="stable")
    return np.asarray(order[np.linspace(0, n_rows - 1, MOST_ROWS).astype(np.intp)])
