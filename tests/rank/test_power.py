import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.rank.planting import SHARES, measure_found_shares, measure_share_found
from doubtcli.records import Planting


def planting(is_planted, labels=None):
    """Planted rows; of a single class without `labels`."""
    is_planted = np.array(is_planted, dtype=bool)
    return Planting(np.zeros(len(is_planted), dtype=np.intp) if labels is None else labels, is_planted)


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
