import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.rank.planting import SHARES, learn_slope, measure_found_shares, measure_share_found
from doubtcli.records import Planting

A = np.log(3)


def planting(is_planted, labels=None):
    """Planted rows; of a single class without `labels`."""
    is_planted = np.array(is_planted, dtype=bool)
    return Planting(np.zeros(len(is_planted), dtype=np.intp) if labels is None else labels, is_planted)


def rows(*kinds):
    """Margins, and which of them were planted; each kind is (margin, planted, how many rows)."""
    margin, is_planted, n = zip(*kinds, strict=True)
    return np.repeat(margin, n), np.repeat(is_planted, n).astype(bool)


CALIBRATED = ((0.0, 1, 1), (0.0, 0, 9), (A, 1, 3), (A, 0, 9))
"""Odds of 1 to 9 at a margin of 0, and of 3 to 9 at log 3."""


class TestSlope:
    """How fast the odds of an error rise with the margin."""

    def test_calibrated_margins_have_slope_one(self):
        """The odds are three times as high where the margin is log 3 higher."""
        margin, is_planted = rows(*CALIBRATED)

        slope = learn_slope([margin], [planting(is_planted)], np.zeros(22))

        assert slope == pytest.approx(1, abs=1e-3)

    def test_odds_that_rise_faster_have_a_steeper_slope(self):
        """Nine times the odds for a margin that is log 3 higher is a slope of 2, less a pull towards 1."""
        margin, is_planted = rows((0.0, 1, 1), (0.0, 0, 9), (A, 1, 9), (A, 0, 9))

        slope = learn_slope([margin], [planting(is_planted)], np.zeros(28))

        assert slope == pytest.approx(2, abs=0.05)
        assert slope < 2

    def test_all_plantings_count_together(self):
        """Half of the rows in one planting and half in another give the slope of all rows in one."""
        margin, is_planted = rows((0.0, 1, 2), (0.0, 0, 18), (A, 1, 6), (A, 0, 18))

        slope = learn_slope(
            [margin[::2], margin[1::2]], [planting(is_planted[::2]), planting(is_planted[1::2])], np.zeros(22)
        )

        assert slope == pytest.approx(1, abs=1e-3)

    @pytest.mark.parametrize(("planted", "bound"), [(0.1, 5.0), (-0.1, 0.2)])
    def test_the_slope_stays_in_bounds(self, planted, bound):
        """They do so where margins separate planted rows from all others, or in the wrong direction."""
        margin, is_planted = rows((planted, 1, 10), (-planted, 0, 10))

        slope = learn_slope([100 * margin if bound < 1 else margin], [planting(is_planted)], np.zeros(20))

        assert slope == pytest.approx(bound)

    def test_doubted_rows_are_not_examples_of_right_labels(self):
        """Fifty rows that were doubted before planting do not count."""
        margin, is_planted = rows(*CALIBRATED, (A, 0, 50))

        slope = learn_slope([margin], [planting(is_planted)], np.repeat([0.0, 1.0], [22, 50]))

        assert slope == pytest.approx(1, abs=1e-3)

    def test_planted_labels_weigh_as_much_as_they_are_common_in_the_file(self):
        """Four planted rows of each class count as 6 and 2, as three of four rows have the first label."""
        margin, is_planted = rows((0.0, 1, 4), (0.0, 0, 18), (A, 1, 4), (A, 0, 18))
        second = np.r_[np.arange(4), np.arange(4, 11)]  # its planted rows, and seven of the others

        labels = np.isin(np.arange(44), second).astype(np.intp)
        slope = learn_slope([margin], [planting(is_planted, labels)], np.zeros(44))

        assert slope == pytest.approx(1, abs=1e-3)


class TestPower:
    """How many planted errors are among the most doubted rows."""

    def test_shares_that_are_found(self, sentences):
        """Errors at ranks 1, 2, 8 and 50 of 100: half are in the first two rows, three quarters in ten."""
        margin, is_planted = -np.arange(100.0), np.isin(np.arange(100), [0, 1, 7, 49])

        power = measure_found_shares([margin], [planting(is_planted)], np.zeros(100, dtype=bool))

        assert power.assessable
        assert power.n_planted == 4
        assert power.found_in_first == {0.01: 0.25, 0.02: 0.5, 0.05: 0.5, 0.1: 0.75, 0.2: 0.75}
        sentences.check(power.why)

    def test_plantings_are_averaged(self):
        """All are found in one planting, none in the other."""
        first, last = np.arange(100) < 1, np.arange(100) > 98
        margins = [-np.arange(100.0)] * 2

        power = measure_found_shares(margins, [planting(first), planting(last)], np.zeros(100, dtype=bool))

        assert power.n_planted == 2
        assert power.found_in_first == dict.fromkeys(SHARES, 0.5)

    def test_rows_that_were_doubted_before_are_left_out(self):
        """After ten doubted rows the planted row is the first; a doubted row that was planted counts."""
        doubted = np.arange(110) < 10
        margin = -np.arange(110.0)

        behind = measure_found_shares([margin], [planting(np.arange(110) == 10)], doubted)
        among = measure_found_shares([margin], [planting(np.arange(110) == 5)], doubted)

        assert behind.found_in_first[0.01] == 1
        assert among.found_in_first[0.01] == 1


class TestShareFound:
    """The share of errors among the first rows by score."""

    def test_ties_count_in_proportion(self):
        """One row is above, and one more comes from four tied rows with two errors: (1 + 1/2) of 3."""
        found = measure_share_found(np.array([9.0, 1, 1, 1, 1]), np.array([1, 1, 1, 0, 0], dtype=bool), 0.4)

        assert found == pytest.approx(0.5)

    def test_rows_without_a_score_come_last(self):
        """The first two of four rows are the one with a score and one of the others, two of them errors."""
        scores = np.array([np.nan, np.nan, -5.0, np.nan])

        found = measure_share_found(scores, np.array([True, True, False, False]), 0.5)

        assert found == pytest.approx(1 / 3)

    def test_a_share_is_rounded_up_to_whole_rows(self):
        """A hundredth of 150 rows is two rows, and of 100 rows one."""
        scores = -np.arange(150.0)

        assert measure_share_found(scores, scores == -1, 0.01) == 1
        assert measure_share_found(scores, scores == -2, 0.01) == 0
        assert measure_share_found(scores[:100], scores[:100] == -1, 0.01) == 0


SCORED = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 2.0, float("nan")]), st.booleans()), min_size=1, max_size=40
).filter(lambda rows: any(is_error for _, is_error in rows))


@given(SCORED, st.floats(0, 1, exclude_min=True), st.floats(0, 1, exclude_min=True))
def test_a_larger_share_of_rows_finds_no_fewer_errors(rows, share, other):
    """The share found goes from 0 to 1, and never falls."""
    scores, is_error = np.array([score for score, _ in rows]), np.array([flag for _, flag in rows])
    less, more = (measure_share_found(scores, is_error, part) for part in sorted((share, other)))

    assert 0 <= less <= more + 1e-9
    assert more <= 1 + 1e-9
    assert measure_share_found(scores, is_error, 1.0) == pytest.approx(1)


@given(SCORED, st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, part, random):
    """Shuffled rows give the same share."""
    shuffled = random.sample(rows, len(rows))

    found = [
        measure_share_found(np.array([s for s, _ in some]), np.array([e for _, e in some]), part / 40)
        for some in (rows, shuffled)
    ]

    assert found[0] == found[1]
