"""Some rows -> conditions that tell them from all others, of which a person takes one for a rule.

Words of texts, values of categories and thresholds of numbers are tried, alone and two joined by `and`. Of a
large file they are tried on a sample of the rows and of the others; how many rows the proposed conditions
fire on is counted on all rows.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.predict.folds import spread_rows
from doubtcli.records import Role
from doubtcli.review.conditions import write_column, write_value
from doubtcli.rules.condition import parse_condition
from doubtcli.tools.values import to_readable_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from doubtcli.records import Bools, Codes, Examples
    from doubtcli.records.arrays import Floats

    Number = TypeVar("Number", float, Floats)

MOST_PROPOSED = 4
MOST_ROWS = 4_000
"""Rows to tell from the others that conditions are tried on, and as many of the others."""
_MOST_LETTERS = 4_000
"""Of a text whose words are tried."""
_MOST_OF_COLUMN = 12
"""Words or values of one column that are tried."""
_MOST_JOINED = 10
"""Conditions of which each two are joined."""
_WORTH_JOINING = 0.03
"""How much better two conditions have to tell rows apart than one: the shorter one is understood sooner."""
_AS_GOOD = 0.99
"""The share of the best match that a bound may have, if it is a rounder number."""
_FEWEST = 2
"""A condition that fires on fewer of the rows says nothing about them."""
_LEAST_RATIO = 2.0
"""A condition that fires on a share of the rows that is not twice that of the others does not, either; ..."""
_LEAST_SHARE, _LEAST_OF_PRECISE, _LEAST_PRECISION = 0.25, 0.05, 0.5
"""... nor does one that fires on few of the rows and mostly on others, or on hardly any of the rows."""
_WORD = re.compile(r"\w{2,40}")
_MOST_OF_VALUE = 80
"""Characters: a longer value is no category that a person would name."""


@dataclass(frozen=True)
class Proposal:
    """A condition, and how well it separates rows from the others."""

    when: str
    n_inside: int
    """How many of the rows it fires on."""
    n_outside: int
    """How many of the others."""


def propose_conditions(
    examples: Examples, inside: Bools, outside: Bools, find: Callable[[str], Bools]
) -> list[Proposal]:
    """The conditions that separate rows best from others, the best first; none where nothing separates them.

    Args:
        examples: All labelled rows.
        inside: Shape `(n_rows,)`: the rows to tell from the others.
        outside: Shape `(n_rows,)`: the others.
        find: Gives the rows that a condition fires on, shape `(n_rows,)`.
    """
    sample = _Sample.draw(examples.inputs, inside, outside)
    if sample.n_inside < _FEWEST or not sample.n_outside:
        return []
    tried = [sample.try_out(when) for when in _list_conditions(sample, examples)]
    alone = _choose_best(tried)
    to_join = sorted(alone[:_MOST_JOINED], key=tried.index)  # in the order of the columns
    joined = (_join(sample, *two) for two in combinations(to_join, 2))
    both = [*alone, *(one for one in joined if one is not None)]
    best = _choose_best([one for one in both if one.is_telling])[:MOST_PROPOSED]
    found = [_count(one.when, find(one.when), inside, outside) for one in best]
    n_inside = int(inside.sum())
    return sorted(found, key=lambda one: (-measure_match(one.n_inside, one.n_outside, n_inside), one.when))


def measure_match(n_fires: Number, n_others: Number, n_rows: float) -> Number:
    """How well a condition separates rows from others, from 0 to 1 (exactly these rows): the F1 measure.

    Args:
        n_fires: Of the rows, how many it fires on.
        n_others: Of the others, how many it fires on.
        n_rows: How many rows there are to tell from the others.
    """
    return 2 * n_fires / (n_fires + n_others + n_rows)


# ----------------------------------------------------------------------- trying


@dataclass(frozen=True, eq=False)
class _Tried:
    """A condition that was tried on the sample."""

    when: str
    fires: Bools
    match: float
    is_telling: bool
    """Whether it fires on the rows much more often than on the others."""


@dataclass(frozen=True, eq=False)
class _Sample:
    """The rows that conditions are tried on: those to tell from the others come first."""

    inputs: pa.Table
    n_tried: int
    """How many of them are rows to tell from the others."""
    n_inside: int
    n_outside: int

    @classmethod
    def draw(cls, inputs: pa.Table, inside: Bools, outside: Bools) -> _Sample:
        own, others = np.flatnonzero(inside), np.flatnonzero(outside)
        some, more = own[spread_rows(len(own), MOST_ROWS)], others[spread_rows(len(others), MOST_ROWS)]
        drawn = inputs.take(pa.array(np.concatenate([some, more])))
        return cls(drawn, len(some), len(own), len(others))

    @cached_property
    def weights(self) -> Floats:
        """How many rows each row stands for."""
        n_others = self.inputs.num_rows - self.n_tried
        shares = (self.n_inside / self.n_tried, self.n_outside / n_others)
        return np.repeat(shares, (self.n_tried, n_others))

    def try_out(self, when: str) -> _Tried:
        """Try a condition."""
        return self.describe(when, parse_condition(when).find(self.inputs))

    def describe(self, when: str, fires: Bools) -> _Tried:
        """How well a condition separates the rows.

        Args:
            when: The condition.
            fires: Which rows of the sample it fires on.
        """
        share, share_others = float(fires[: self.n_tried].mean()), float(fires[self.n_tried :].mean())
        own, others = share * self.n_inside, share_others * self.n_outside
        is_precise = own >= _LEAST_PRECISION * (own + others)
        is_enough = share >= (_LEAST_OF_PRECISE if is_precise else _LEAST_SHARE)
        is_telling = is_enough and share >= _LEAST_RATIO * share_others and share * self.n_tried >= _FEWEST
        return _Tried(when, fires, measure_match(own, others, self.n_inside), is_telling)


def _choose_best(tried: Sequence[_Tried]) -> list[_Tried]:
    """The conditions, the best first; of those that fire on the same rows the shortest."""
    ordered = sorted(tried, key=lambda one: (-round(one.match, 9), len(one.when), one.when))
    found: dict[bytes, _Tried] = {}
    for one in ordered:
        found.setdefault(one.fires.tobytes(), one)
    return list(found.values())


def _join(sample: _Sample, one: _Tried, other: _Tried) -> _Tried | None:
    """Two conditions in one, if that separates the rows better than either."""
    joined = sample.describe(f"{one.when} and {other.when}", one.fires & other.fires)
    is_better = joined.match >= max(one.match, other.match) + _WORTH_JOINING
    return joined if is_better else None


def _count(when: str, fires: Bools, inside: Bools, outside: Bools) -> Proposal:
    return Proposal(when, int((fires & inside).sum()), int((fires & outside).sum()))


# ----------------------------------------------------------------------- what is tried


def _list_conditions(sample: _Sample, examples: Examples) -> Iterator[str]:
    for name in examples.columns_of(Role.TEXT):
        for word in _list_words(sample, name):
            yield f"contains({write_column(name)}, {write_value(word)})"
    for name in examples.columns_of(Role.CATEGORICAL):
        for value in _list_values(sample, name):
            yield f"{write_column(name)} == {write_value(value)}"
    for name in examples.columns_of(Role.NUMERIC):
        for sign, bound in _list_bounds(sample, name):
            yield f"{write_column(name)} {sign} {bound}"


def _list_words(sample: _Sample, name: str) -> list[Any]:
    """The words of a text column that tell the rows best apart, by how many rows have them."""
    texts = to_readable_texts(sample.inputs.column(name))
    words = [set(_WORD.findall((text or "")[:_MOST_LETTERS].lower())) for text in texts]
    return _list_telling(sample, words)


def _list_values(sample: _Sample, name: str) -> list[Any]:
    """The values of a column that tell the rows best apart."""
    values = sample.inputs.column(name).to_pylist()
    return _list_telling(sample, [{value} if _can_be_named(value) else set() for value in values])


def _can_be_named(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and 0 < len(value.strip()) <= _MOST_OF_VALUE)


def _list_telling(sample: _Sample, of_rows: Sequence[set[Any]]) -> list[Any]:
    own = Counter(one for some in of_rows[: sample.n_tried] for one in some)
    others = Counter(one for some in of_rows[sample.n_tried :] for one in some)
    share, share_others = sample.weights[0], sample.weights[-1]
    known = [one for one, n in own.items() if n >= _FEWEST]
    match = {
        one: measure_match(own[one] * share, others[one] * share_others, sample.n_inside) for one in known
    }
    return sorted(known, key=lambda one: (-match[one], str(one)))[:_MOST_OF_COLUMN]


def _list_bounds(sample: _Sample, name: str) -> Iterator[tuple[str, str]]:
    """The bound that separates the rows best as the lowest number, and that as the highest."""
    column = pc.cast(sample.inputs.column(name), pa.float64(), safe=False)
    numbers = column.to_numpy(zero_copy_only=False)
    known = np.flatnonzero(np.isfinite(numbers))
    steps, places = np.unique(numbers[known], return_inverse=True)
    if len(steps) < 2:  # noqa: PLR2004
        return
    weights, is_own = sample.weights[known], known < sample.n_tried
    own, others = (_count_below(places, weights * of, len(steps)) for of in (is_own, ~is_own))
    below = measure_match(own, others, sample.n_inside)
    above = measure_match(own[-1] - own, others[-1] - others, sample.n_inside)
    for sign, match in ((">=", above), ("<", below)):
        first, last = _find_plateau(match[:-1])  # the last step has all rows below it
        yield sign, round_between(float(steps[first]), float(steps[last + 1]))


def _find_plateau(match: Floats) -> tuple[int, int]:
    """The first and the last place around the best one that are about as good."""
    best = int(np.argmax(match))
    worse = np.flatnonzero(match < _AS_GOOD * match[best])
    at = int(np.searchsorted(worse, best))
    first = int(worse[at - 1]) + 1 if at else 0
    last = int(worse[at]) - 1 if at < len(worse) else len(match) - 1
    return first, last


def _count_below(places: Codes, weights: Floats, n_steps: int) -> Floats:
    """How many rows there are up to each step."""
    return np.cumsum(np.bincount(places, weights=weights, minlength=n_steps))


def round_between(low: float, high: float) -> str:
    """The roundest number that is above `low`, and not above `high`."""
    least, most = Decimal(repr(low)), Decimal(repr(high))
    exponent = max(least.adjusted(), most.adjusted()) + 1
    while True:
        found = most.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_FLOOR)
        if found > least:
            return f"{found:f}"
        exponent -= 1
