"""Where the queue ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.rank.cut import choose_queue_length
from doubtcli.records import Ranking


def ranking(
    margins: list[float],
    doubt: list[float] | None = None,
    *,
    contradicted: tuple[int, ...] | None = None,
    decided: dict[int, bool] | None = None,
) -> Ranking:
    """Rows with these margins; those above 0 are contradicted.

    Args:
        margins: Of each row.
        doubt: Of each row; as the log odds `margin - 4` say if left out, so that none below 4 is doubted.
        contradicted: The rows that models contradict, if not those with a margin above 0.
        decided: The rows that people decided, and whether their label was wrong.
    """
    against = np.array(margins, dtype=float)
    n_rows = len(against)
    doubts = 1 / (1 + np.exp(4 - against)) if doubt is None else np.array(doubt, dtype=float)
    is_contradicted = against > 0 if contradicted is None else np.isin(np.arange(n_rows), contradicted)
    is_decided = np.isin(np.arange(n_rows), list(decided or {}))
    for row, is_wrong in (decided or {}).items():
        doubts[row] = float(is_wrong)
    return Ranking(
        doubt=doubts,
        doubt_sd=np.zeros(n_rows),
        suggested_labels=np.zeros(n_rows, dtype=np.intp),
        suggested_confidence=np.ones(n_rows),
        doubted=(doubts >= 0.5) & ~is_decided,
        contradicted=is_contradicted & ~is_decided,
        order=np.argsort(-against, kind="stable"),
        voices=(),
        margins=against,
        decided=is_decided if decided is not None else None,
    )


FINE = [-1.0]
"""The margin of a row whose label the models agree with."""


class TestBeforeAnyVerdict:
    """Doubted entries, and contradicted ones with another label that is nearly twice as probable."""

    def test_contradicted_rows_with_a_margin_of_at_least_point_six(self) -> None:
        """Of rows with margins 5 (doubted), 2, .6, .59 and .1, three."""
        rows = ranking([5, 2, 0.6, 0.59, 0.1, *FINE * 15])

        assert choose_queue_length(rows, has_skill=True) == 3

    def test_no_more_than_a_fifth_of_the_rows(self) -> None:
        """Of 20 rows one is doubted and six more are clearly contradicted: four are queued."""
        assert choose_queue_length(ranking([5, *[2] * 6, *FINE * 13]), has_skill=True) == 4

    def test_all_doubted_rows(self) -> None:
        """Six of ten rows are doubted, more than a fifth."""
        assert choose_queue_length(ranking([5] * 6 + FINE * 4), has_skill=True) == 6

    def test_doubted_rows_with_a_small_margin(self) -> None:
        """Where even a margin of .1 makes an error likely, such rows are queued."""
        rows = ranking([0.1, 0.1, *FINE * 18], doubt=[0.9, 0.9, *[0.1] * 18])

        assert choose_queue_length(rows, has_skill=True) == 2

    def test_doubted_rows_that_models_do_not_contradict(self) -> None:
        """What annotators alone speak against is queued, too; what nobody speaks against is not."""
        rows = ranking([5, 3, *FINE * 18], contradicted=())

        assert choose_queue_length(rows, has_skill=True) == 1

    def test_nothing_to_check(self) -> None:
        """No row is doubted or contradicted."""
        assert choose_queue_length(ranking(FINE * 20), has_skill=True) == 0

    def test_equal_rows_count_once(self) -> None:
        """Two of three contradicted rows are one entry."""
        rows = replace(ranking([2, 2, 1, *FINE * 17]), entries=np.array([0, 0, 1, *range(2, 19)]))

        assert choose_queue_length(rows, has_skill=True) == 2

    def test_decided_rows_are_not_queued(self) -> None:
        """Both contradicted rows have a verdict."""
        rows = ranking([2, 2, *FINE * 18], decided={0: True, 1: False})

        assert choose_queue_length(rows, has_skill=True) == 0

    @pytest.mark.parametrize("has_skill", [True, False])
    def test_all_rows_are_decided(self, has_skill: bool) -> None:  # a parameter of pytest
        """Nothing is left to queue."""
        rows = ranking([5, 2, 1], decided=dict.fromkeys(range(3), True))

        assert choose_queue_length(rows, has_skill=has_skill) == 0

    @pytest.mark.parametrize(("margin", "length"), [(5, 1), (2, 0)])
    def test_a_single_row(self, margin: float, length: int) -> None:
        """It is queued if it is doubted: a fifth of it is none."""
        assert choose_queue_length(ranking([margin]), has_skill=True) == length

    @pytest.mark.parametrize(("n_rows", "length"), [(5, 5), (30, 10), (300, 60)])
    def test_without_skill(self, n_rows: int, length: int) -> None:
        """The fifth of the entries that rank highest, at least 10, where models know nothing."""
        rows = ranking([1] * n_rows, contradicted=())

        assert choose_queue_length(rows, has_skill=False) == length


KEPT = dict.fromkeys(range(20), False)
"""Twenty verdicts that kept the label, on rows 0 to 19."""


class TestWithVerdicts:
    """From 20 verdicts on, the queue has the highest expected F1."""

    DOUBTS = (0.45, 0.4, 0.3, 0.1, 0.05)
    """Of five contradicted rows; all others can't be wrong, so that 1.3 wrong labels are expected.

    Expected F1, twice the wrong labels found over the rows checked and the wrong labels: of the first row
    .9 / 2.3 = .391, of two 1.7 / 3.3 = .515, of three 2.3 / 4.3 = .535, of four 2.5 / 5.3 = .472.
    """

    def rows(self, decided: dict[int, bool], doubts: tuple[float, ...] = DOUBTS) -> Ranking:
        """A hundred rows: 20 that may be decided, then the contradicted ones, then others."""
        n_fine = 80 - len(doubts)
        margins = [3.0] * 20 + [0.5 - place / 100 for place in range(len(doubts))] + FINE * n_fine
        return ranking(margins, [0.0] * 20 + [*doubts] + [0.0] * n_fine, decided=decided)

    def test_the_length_with_the_highest_expected_f1(self) -> None:
        """Three rows, though their margins are below .6."""
        assert choose_queue_length(self.rows(KEPT), has_skill=True) == 3

    def test_nineteen_are_too_few(self) -> None:
        """The margins decide: one undecided row is above .6."""
        nineteen = dict.fromkeys(range(19), False)

        assert choose_queue_length(self.rows(nineteen), has_skill=True) == 1

    def test_found_errors_count_as_found(self) -> None:
        """With ten errors found, checking ten rows for half an error more lowers F1: 20 / 20.5 as it is."""
        found = {row: row < 10 for row in range(20)}

        assert choose_queue_length(self.rows(KEPT, (0.05,) * 10), has_skill=True) == 10
        assert choose_queue_length(self.rows(found, (0.05,) * 10), has_skill=True) == 0

    def test_doubted_rows_stay(self) -> None:
        """Thirty rows of doubt .5 or more are queued, though a fifth is twenty."""
        assert choose_queue_length(self.rows(KEPT, (0.5,) * 30), has_skill=True) == 30

    def test_no_row_can_be_wrong(self) -> None:
        """All doubts are 0: nothing is queued."""
        assert choose_queue_length(self.rows(KEPT, (0.0,) * 5), has_skill=True) == 0


class TestStopBelow:
    """The queue ends where fewer rows than a share would be wrong."""

    @pytest.mark.parametrize(
        ("share", "length"), [(None, 4), (0.1, 4), (0.2, 3), (0.25, 2), (0.5, 0)], ids=str
    )
    def test_rows_that_are_likely_enough_wrong(self, share: float | None, length: int) -> None:
        """Of four contradicted rows with doubts .4, .3, .2 and .1."""
        rows = ranking([2, 1.9, 1.8, 1.7, *FINE * 36], [0.4, 0.3, 0.2, 0.1, *[0.01] * 36])

        assert choose_queue_length(rows, has_skill=True, stop_below=share) == length

    def test_doubted_rows_stay(self) -> None:
        """At most half can be asked for, so that none of them is left out."""
        rows = ranking([5, 4, 1], [0.9, 0.5, 0.2])

        assert choose_queue_length(rows, has_skill=True, stop_below=0.5) == 2

    def test_after_verdicts(self) -> None:
        """The highest expected F1 is that of three rows, and only two have a doubt of .35 or more."""
        rows = TestWithVerdicts().rows(KEPT)

        assert choose_queue_length(rows, has_skill=True, stop_below=0.35) == 2

    def test_without_skill(self) -> None:
        """Three rows are doubted enough, of ten that would be queued."""
        rows = ranking([2] * 3 + FINE * 27, [0.3] * 3 + [0.05] * 27, contradicted=())

        assert choose_queue_length(rows, has_skill=False, stop_below=0.2) == 3


@given(
    st.lists(st.floats(-5, 8), min_size=1, max_size=60),
    st.dictionaries(st.integers(0, 59), st.booleans()),
    st.none() | st.floats(0, 0.5),
    st.booleans(),
)
def test_any_queue(
    margins: list[float], decided: dict[int, bool], stop_below: float | None, has_skill: bool
) -> None:
    """It has all doubted rows and no decided one, and is not longer than a fifth or ten rows without need."""
    of_these = {row: is_wrong for row, is_wrong in decided.items() if row < len(margins)}
    rows = ranking(margins, contradicted=None if has_skill else (), decided=of_these)

    length = choose_queue_length(rows, has_skill=has_skill, stop_below=stop_below)

    queue = replace(rows, queue_length=length).queue
    assert len(queue) == length
    assert set(np.flatnonzero(rows.doubted)) <= set(queue)
    assert not set(queue) & set(of_these)
    assert length <= max(int(rows.doubted.sum()), len(margins) // 5, 0 if has_skill else 10)
    assert not has_skill or (rows.tiers[queue] <= 1).all()
