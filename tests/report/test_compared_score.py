from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from doubtcli.records import Gain, RelabelScore
from doubtcli.report.compared_score import points, print_score
from doubtcli.wording.sheet import Sheet


def printed(score):
    """The lines that the section prints, their blanks made one."""
    file = io.StringIO()
    print_score(Sheet(Console(file=file, width=120)), score)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def gained(score, low, high):
    """The score with another interval of its accuracy."""
    return replace(score, accuracy=Gain(before=0.8, after=0.8 + (low + high) / 2, low=low, high=high))


@pytest.fixture
def score(make_comparison):
    """A score by hand: 3.1 to 6.9 points up."""
    return make_comparison().score


def test_table(score):
    """Accuracy and balanced accuracy, before and after, and the change with its interval in points."""
    lines = printed(score)

    assert lines[1] == "What relabelling bought"
    assert lines[3] == "before after points (90% interval)"
    assert lines[4] == "accuracy 80.0% 85.0% +5.0 (+3.1 to +6.9)"
    assert lines[5] == "balanced accuracy 75.0% 78.0% +3.0 (-1.0 to +7.0)"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (
            0.01,
            0.05,
            "Trained on the new labels, a model predicts more of the 1,130 rows whose label stayed.",
        ),
        (
            -0.05,
            -0.01,
            "Trained on the new labels, a model predicts fewer of the 1,130 rows whose label stayed.",
        ),
        (-0.01, 0.05, "No difference that 1,130 rows could show."),
        (0.0, 0.05, "No difference that 1,130 rows could show."),
        (-0.05, 0.0, "No difference that 1,130 rows could show."),
        (0.0, 0.0, "No difference that 1,130 rows could show."),
    ],
)
def test_what_it_comes_to(score, low, high, expected):
    """A difference is one if its interval leaves 0 out; else so many rows could not show one."""
    assert printed(gained(score, low, high))[2] == expected


def test_how(score):
    """The model, the rows, the folds and the interval are told."""
    assert " ".join(printed(gained(score, -0.01, 0.01))[6:]) == (
        "Logistic regression is trained on 1,200 rows, with the labels before and with those after, and "
        "judged on the 1,130 whose label stayed, out of fold (5 folds, dealt twice). Interval: a paired "
        "bootstrap over rows and deals."
    )


def test_what_a_gain_does_not_say(score):
    """Beside a gain stands that easier to learn is not right; beside no gain there is nothing to mistake."""
    told = "A gain says that the new labels are easier to learn, not that they are right:"

    assert told in " ".join(printed(gained(score, 0.01, 0.05)))
    assert told not in " ".join(printed(gained(score, -0.01, 0.05)))


@pytest.mark.parametrize(("n_repeats", "words"), [(1, "once"), (2, "twice"), (3, "3 times")])
def test_repeats(score, n_repeats, words):
    """How often the folds were dealt is said as a person says it."""
    assert f"dealt {words})" in " ".join(printed(replace(score, n_repeats=n_repeats)))


def test_not_assessable():
    """One sentence says why."""
    assert printed(RelabelScore(assessable=False, why="no label changed"))[2:] == [
        "Not assessable: no label changed."
    ]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0123, "+1.2"),
        (-0.0123, "-1.2"),
        (1.0, "+100.0"),
        (0.0005, "+0.1"),
        (0.0004, "+0.04"),
        (-0.00012, "-0.01"),
        (0.0, "0"),
    ],
)
def test_points(share, text):
    """Percentage points have a sign and one decimal; what is not 0 never reads as 0."""
    assert points(share) == text
