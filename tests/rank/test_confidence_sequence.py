import numpy as np
import pytest

from doubtcli.rank.confidence_sequence import (
    CheckedSample,
    bound_rate,
    count_more,
    estimate_rate,
    find_chances,
)

CHANCES = np.array([0.13, 0.28, 0.59])


def sample(strata, is_wrong, sizes):
    """Decided rows in the order of the draw."""
    return CheckedSample(np.array(strata), np.array(is_wrong, dtype=bool), np.array(sizes))


def one_stratum(n_checked, n_wrong, n_rows):
    """The wrong ones evenly among the others."""
    wrong = np.zeros(n_checked, dtype=bool)
    wrong[np.linspace(0, n_checked - 1, n_wrong).astype(int)] = True
    return sample(np.zeros(n_checked, dtype=int), wrong, [n_rows])


def draw(wrong, sizes, n_draws, rng):
    """A sample as it is handed out: a stratum by chance, then one of its rows that are left."""
    rows = [rng.permutation(np.arange(size) < n) for size, n in zip(sizes, wrong, strict=True)]
    strata = rng.choice(3, n_draws, p=CHANCES)
    place = [int((strata[:now] == one).sum()) for now, one in enumerate(strata)]
    return sample(strata, [rows[one][at] for one, at in zip(strata, place, strict=True)], sizes)


class TestChances:
    """From which stratum the next row is drawn."""

    def test_strata_without_rows_left_are_passed_over(self):
        """Of .13, .28 and .59 the last is empty: 13 and 28 of 41 are left."""
        np.testing.assert_allclose(find_chances(np.array([5.0, 2.0, 0.0])), [13 / 41, 28 / 41, 0])


class TestEstimate:
    """The share of wrong labels in all strata together."""

    def test_strata_weigh_by_size(self):
        """Half of 10 rows are wrong in a tenth of the file, and none of 20 in the rest: .05 of all."""
        found = estimate_rate(sample([0] * 10 + [1] * 10 + [2] * 10, [1, 0] * 5 + [0] * 20, [100, 250, 650]))

        assert found == pytest.approx(0.05)

    def test_a_stratum_without_a_verdict_is_like_the_others(self):
        """Half of the others' rows are wrong, so half of all."""
        assert estimate_rate(sample([0, 0, 1, 1], [1, 0, 1, 0], [10, 25, 65])) == 0.5


class TestInterval:
    """The bounds that hold at every look."""

    def test_all_rows_checked_are_certain(self):
        """3 of all 12 rows are wrong: the interval has no width."""
        assert bound_rate(one_stratum(12, 3, 12)) == (0.25, 0.25)

    def test_found_labels_are_certain(self):
        """Of 100 rows 98 were checked and 30 are wrong: at least 30 of 100 are wrong, and at most 32."""
        low, high = bound_rate(one_stratum(98, 30, 100))

        assert low >= 0.3
        assert high <= 0.32

    def test_without_a_found_error_some_are_possible(self):
        """With 0 of 50 wrong, a one-sided test at 5% for this number alone leaves 1 - .05^(1/50) = 5.8%."""
        low, high = bound_rate(one_stratum(50, 0, 100_000))

        assert low == 0
        assert 0.058 < high < 0.08

    def test_if_all_are_wrong_some_right_ones_are_possible(self):
        """With 50 of 50 wrong."""
        low, high = bound_rate(one_stratum(50, 50, 100_000))

        assert 0.8 < low < 1 - 0.058
        assert high == 1

    @pytest.mark.parametrize(
        "wrong",
        [(90, 120, 60), (60, 20, 5), (0, 20, 180), (10, 0, 0), (0, 0, 10), (30, 75, 195)],
        ids=["often", "doubts right", "doubts wrong", "rare, seen", "rare, unseen", "doubts useless"],
    )
    def test_the_interval_holds_at_all_looks_together(self, wrong):
        """What is ruled out at one of 150 looks stays so; the truth is never in 90% of 200 samples."""
        sizes, rng = np.array([100, 250, 650]), np.random.default_rng(0)
        held = 0
        for _ in range(200):
            low, high = bound_rate(draw(wrong, sizes, 100, rng))
            held += low <= sum(wrong) / 1000 <= high

        assert held >= 180

    def test_doubts_that_are_right_make_it_narrower(self):
        """Where the errors are among the most doubted rows, it is narrower than without strata."""
        sizes, rng = np.array([100, 250, 650]), np.random.default_rng(0)
        widths = np.zeros(2)
        for _ in range(20):
            with_strata = draw((80, 20, 0), sizes, 100, rng)
            without = sample(np.zeros(100, dtype=int), rng.permutation(1000)[:100] < 100, [1000])
            widths += [high - low for low, high in map(bound_rate, (with_strata, without))]

        assert widths[0] < 0.8 * widths[1]


class TestMore:
    """How many more verdicts it takes."""

    @pytest.mark.parametrize(("n_checked", "n_wrong"), [(40, 2), (100, 20)])
    def test_so_many_more_like_these_bring_the_interval_to_the_width(self, n_checked, n_wrong):
        """A tenth more than that is enough, and a fifth less is not."""
        n_more = count_more(one_stratum(n_checked, n_wrong, 100_000), 0.03)

        def width(n):
            low, high = bound_rate(one_stratum(n, round(n * n_wrong / n_checked), 100_000))
            return high - low

        assert width(n_checked + round(1.1 * n_more)) <= 0.06 < width(n_checked + round(0.8 * n_more))

    def test_none_where_it_is_narrow(self):
        """400 rows without an error leave less than 2 points."""
        assert count_more(one_stratum(400, 0, 100_000), 0.02) == 0

    def test_no_more_than_there_are(self):
        """Of 60 rows 30 are checked: with the other 30 there is no width."""
        assert 0 < count_more(one_stratum(30, 15, 60), 0.02) <= 30
