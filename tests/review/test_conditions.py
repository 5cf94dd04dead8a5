from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.errors import ConditionError
from doubtcli.records import Examples, Role
from doubtcli.review.conditions import Conditions, select_other_columns, write_column, write_value
from doubtcli.rules.condition import parse_condition

DATA = pa.table(
    {
        "label": ["x", None, "y", "x"],
        "who": ["ana", "ben", "ana", "chi"],
        "size": ["1,000", "2", "30", "4"],
        "text": ["a", "b", "c", "d"],
    }
)
ROWS = [3, 0, 2]
"""The places in the file of the labelled rows, in the order of their ids."""


@pytest.fixture
def conditions() -> Conditions:
    """Of a file with a label, a column that is no input, a number with a mark in it, and a text."""
    inputs = pa.table({"size": [4.0, 1000.0, 30.0], "text": ["d", "a", "c"]})
    labels = np.array([0, 0, 1])
    roles = {"size": Role.NUMERIC, "text": Role.TEXT}
    examples = Examples(
        ["1", "2", "3"], np.array(ROWS), labels, ("x", "y"), inputs=inputs, column_roles=roles
    )
    return Conditions(examples, select_other_columns(DATA, examples, ["label"]))


@pytest.mark.parametrize("when", ['who == "ana"', "size > 3", "size >= 30", 'text == "c" or who == "chi"'])
def test_as_a_scan_asks(conditions: Conditions, when: str) -> None:
    """A condition fires on the rows on which it is true in the file, also by columns that are no inputs."""
    assert conditions.find(when).tolist() == parse_condition(when).find(DATA)[ROWS].tolist()


def test_columns(conditions: Conditions) -> None:
    """The label is no column that a condition can read."""
    assert conditions.columns == ("size", "text", "who")
    with pytest.raises(ConditionError, match="label"):
        conditions.find('label == "x"')


@pytest.mark.parametrize("name", ["plain", "two words", 'quo"te', "and", "été", "1st"])
@pytest.mark.parametrize("value", ["plain", 'quo"te', "back\\slash", "new\nline", "é", 3, True])
def test_written_conditions(name: str, value: str | int) -> None:
    """A name and a value are read back as they were, with any character in them."""
    table = pa.table({name: pa.array([value, None])})

    found = parse_condition(f"{write_column(name)} == {write_value(value)}").find(table)

    assert found.tolist() == [True, False]
