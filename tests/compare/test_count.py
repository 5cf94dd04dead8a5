from dataclasses import replace

import numpy as np
import pytest

from doubtcli.compare.count import (
    NO_LABEL_CODE,
    Pairs,
    count_label_changes,
    count_outcomes,
    count_outcomes_by_annotator,
    count_outcomes_by_class,
)
from doubtcli.records import LabelChange, RowOutcomes

#      before, after, doubted before, doubted after, judged after
ROWS = [
    (0, 1, True, False, True),  # fixed
    (0, 1, True, True, True),  # kept, with another label
    (1, 1, True, True, True),  # kept
    (1, 1, True, False, True),  # cleared
    (1, NO_LABEL_CODE, True, False, False),  # set aside: its label was removed
    (0, 0, True, False, False),  # set aside: judged unusable
    (1, 1, False, True, True),  # new
    (1, 0, False, True, True),  # new, with another label
    (NO_LABEL_CODE, 1, False, True, True),  # new, and a label was added
    (NO_LABEL_CODE, NO_LABEL_CODE, False, False, False),
    (0, 0, False, False, True),
    (0, 1, False, False, True),  # another label, never doubted
]


@pytest.fixture
def pairs():
    """One row of each kind."""
    before, after, was, is_now, judged = (np.array(column) for column in zip(*ROWS, strict=True))
    return Pairs(("ham", "spam"), before, after, was, is_now, judged)


def test_outcomes(pairs):
    """Each doubted row has one outcome; new doubts are counted apart."""
    assert count_outcomes(pairs) == RowOutcomes(
        n_rows=12,
        n_doubted=6,
        changed=6,
        fixed=1,
        cleared=1,
        kept=2,
        kept_changed=1,
        set_aside=2,
        new=3,
    )


def test_some_rows(pairs):
    """Only the rows that are marked are counted."""
    only = np.zeros(12, dtype=bool)
    only[[0, 6]] = True

    assert count_outcomes(pairs, only) == RowOutcomes(2, 1, 1, 1, 0, 0, 0, 0, 1)


def test_by_class(pairs):
    """A row counts for its label before; rows without a label are last, and the parts add up."""
    by_class = count_outcomes_by_class(pairs)

    assert list(by_class) == ["ham", "spam", None]
    assert by_class["ham"] == RowOutcomes(5, 3, 3, 1, 0, 1, 1, 1, 0)
    assert by_class["spam"] == RowOutcomes(5, 3, 2, 0, 1, 1, 0, 1, 2)
    assert by_class[None] == RowOutcomes(2, 0, 1, 0, 0, 0, 0, 0, 1)


def test_every_row_labelled(pairs):
    """If every row had a label, there is no entry for rows without one."""
    assert list(count_outcomes_by_class(replace(pairs, before=np.zeros(12, dtype=int)))) == ["ham"]


def test_by_annotator(pairs):
    """An annotator has the rows whose label before was their answer, and no others."""
    gave = np.arange(12) < 4

    by_annotator = count_outcomes_by_annotator(pairs, {"ana": gave, "ben": ~gave})

    assert by_annotator["ana"] == RowOutcomes(4, 4, 2, 1, 1, 2, 1, 0, 0)
    assert by_annotator["ben"] == RowOutcomes(8, 2, 4, 0, 0, 0, 0, 2, 3)


def test_changes(pairs):
    """The most frequent change is first, ties by name; a missing label is None, and last."""
    assert count_label_changes(pairs) == (
        LabelChange("ham", "spam", 3),
        LabelChange("spam", "ham", 1),
        LabelChange("spam", None, 1),
        LabelChange(None, "spam", 1),
    )
