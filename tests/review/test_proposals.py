from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.records import Examples, Role
from doubtcli.review.proposals import (
    MOST_PROPOSED,
    MOST_ROWS,
    Proposal,
    measure_match,
    propose_conditions,
    round_between,
)
from doubtcli.rules.condition import parse_condition


def make_examples(roles: dict[str, str], **columns: list[object]) -> Examples:
    """Rows of one label, with these columns."""
    table = pa.table(columns)
    n_rows = table.num_rows
    ids = [f"r{row}" for row in range(n_rows)]
    return Examples(
        ids, np.arange(n_rows), np.zeros(n_rows, dtype=np.intp), ("a",), table, column_roles=roles
    )


def propose(examples: Examples, n_inside: int) -> list[Proposal]:
    """What is proposed for the first rows."""
    inside = np.arange(examples.n_rows) < n_inside
    return propose_conditions(
        examples, inside, ~inside, lambda when: parse_condition(when).find(examples.inputs)
    )


def test_words() -> None:
    """The word that the rows have and the others have not is proposed first, with how many rows have it."""
    texts = ["Refund me", "refund, please", "a refund now", "hello", "refund?", "hello you", "hi", "well"]

    found = propose(make_examples({"text": Role.TEXT}, text=texts), 4)

    assert found[0] == Proposal('contains(text, "refund")', 3, 1)


def test_values() -> None:
    """A value of a category is compared as it is, with its quotes escaped."""
    colours = ['re"d', 're"d', "blue", "blue", "blue", None]

    found = propose(make_examples({"colour": Role.CATEGORICAL}, colour=colours), 2)

    assert found == [Proposal(r'colour == "re\"d"', 2, 0)]


@pytest.mark.parametrize(
    ("prices", "when", "counts"),
    [
        pytest.param([30.0, 20.0, 12.0, 4.0, 15.0, None, 3.0, 2.0], "price >= 10", (3, 1), id="from"),
        pytest.param([1.0, 2.0, 3.0, 9.0, 10.0, 20.0, 30.0, 3.5], "price < 3.5", (3, 0), id="below"),
    ],
)
def test_bounds(prices: list[float], when: str, counts: tuple[int, int]) -> None:
    """The bound of a number is the one with the best F1, as a round number.

    Three rows have 12 or more, and one of the others does: 2 * 3 / (3 + 1 + 3) is 0.86. From 4 on it is two
    others, and from 15 on one row less: 6 / 8 and 4 / 6.
    """
    found = propose(make_examples({"price": Role.NUMERIC}, price=prices), 3)

    assert found[0] == Proposal(when, *counts)


def test_round_bound() -> None:
    """Where bounds are about as good the roundest number is taken: from 100 on there is one other."""
    sizes = [row + 0.3 for row in range(200)]

    (found,) = propose(make_examples({"size": Role.NUMERIC}, size=sizes[::-1]), 99)  # 101.3 or more

    assert found == Proposal("size >= 100", 99, 1)


def test_two_conditions() -> None:
    """Two conditions are joined where neither separates the rows alone."""
    colours = ["red", "red", "red", "red", "red", "red", "blue", "blue", "blue", "blue"]
    sizes = [9.0, 8.0, 9.0, 1.0, 2.0, 1.0, 8.0, 9.0, 1.0, 2.0]
    roles = {"colour": Role.CATEGORICAL, "size": Role.NUMERIC}

    found = propose(make_examples(roles, colour=colours, size=sizes), 3)

    assert found[0] == Proposal('colour == "red" and size >= 8', 3, 0)


def test_best_first() -> None:
    """At most four conditions are proposed, by the F1 measure, and none twice for the same rows."""
    texts = [f"word{row % 3} alpha beta x{row}" for row in range(6)] + [f"other y{row}" for row in range(6)]

    found = propose(make_examples({"text": Role.TEXT}, text=texts), 6)

    assert found[0] == Proposal('contains(text, "beta")', 6, 0)
    assert 'contains(text, "alpha")' not in [one.when for one in found]
    assert len(found) == MOST_PROPOSED
    match = [measure_match(one.n_inside, one.n_outside, 6) for one in found]
    assert match == sorted(match, reverse=True)


@pytest.mark.parametrize("n_inside", [0, 1, 4])
def test_nothing_to_tell_apart(n_inside: int) -> None:
    """Of no row, of one row, and of all rows nothing is proposed."""
    examples = make_examples({"text": Role.TEXT}, text=["same word", "same word", "other", "other"])

    assert propose(examples, n_inside) == []


def test_alike() -> None:
    """Rows that have nothing that the others have not as often get no proposal."""
    examples = make_examples(
        {"text": Role.TEXT, "size": Role.NUMERIC}, text=["one two"] * 6, size=[1, 2, 3, 1, 2, 3]
    )

    assert propose(examples, 3) == []


def test_few_rows_and_mostly_others() -> None:
    """A word of few of the rows, that more others have, is no proposal, although its share is three times."""
    texts = [*["plan"] * 2, *["is"] * 8, *["plan"] * 4, *["is"] * 56]

    assert propose(make_examples({"text": Role.TEXT}, text=texts), 10) == []


def test_hardly_any_row() -> None:
    """A word of two of fifty rows is no proposal, although no other row has it."""
    texts = ["plan"] * 2 + ["is"] * 98

    assert propose(make_examples({"text": Role.TEXT}, text=texts), 50) == []


def test_odd_columns() -> None:
    """Columns without words or values, and of one value, are passed over."""
    columns = {"text": [None] * 4, "kind": [None] * 4, "size": [float("nan"), None, 1.0, 1.0]}
    roles = {"text": Role.TEXT, "kind": Role.CATEGORICAL, "size": Role.NUMERIC}

    assert propose(make_examples(roles, **columns), 2) == []


def test_many_rows() -> None:
    """Of many rows a sample is tried, and the counts are those of all rows."""
    n_inside, n_rows = 3 * MOST_ROWS, 7 * MOST_ROWS
    sizes = [float(row % 100) + (100 if row < n_inside else 0) for row in range(n_rows)]

    found = propose(make_examples({"size": Role.NUMERIC}, size=sizes), n_inside)

    assert found == [Proposal("size >= 100", n_inside, 0)]


@pytest.mark.parametrize(
    ("low", "high", "number"),
    [
        (12.31, 12.68, "12.6"),
        (99.0, 101.0, "100"),
        (-3.7, -3.2, "-3.2"),
        (-5.0, 7.0, "0"),
        (3.0, 4.0, "4"),
        (0.1, 0.2, "0.2"),
        (1e20, 2e20, "200000000000000000000"),
    ],
)
def test_round_number(low: float, high: float, number: str) -> None:
    """Between two numbers the roundest one is taken, and the higher one may be it."""
    assert round_between(low, high) == number
