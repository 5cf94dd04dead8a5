import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.queue.sampling import cut_strata, draw_sample
from doubtcli.records import Stratum


class TestStrata:
    """The most doubted tenth of the rows, the next quarter, and the rest."""

    def test_by_the_order_of_doubts(self):
        """Of 20 rows, the most doubted last: 2, 5 and 13."""
        assert cut_strata(np.linspace(0, 1, 20)).tolist() == [2] * 13 + [1] * 5 + [0] * 2

    def test_few_rows_are_one_stratum(self):
        """19 rows are too few for three."""
        assert cut_strata(np.linspace(0, 1, 19)).tolist() == [0] * 19


class TestDraw:
    """A random sample of the undecided rows."""

    def test_inclusion_is_the_share_drawn_of_a_stratum(self):
        """All 200 rows are three strata; the shares drawn of 20, 50 and 130 rows add up to 60 rows."""
        sample = draw_sample(np.linspace(0, 1, 200), np.ones(200, dtype=bool), 60, seed=0)

        assert set(sample.strata) == {Stratum(1, 3, 20), Stratum(2, 3, 50), Stratum(3, 3, 130)}
        inclusion = dict(zip(sample.strata, sample.inclusion, strict=True))
        assert sum(inclusion[stratum] * stratum.n_rows for stratum in inclusion) == 60

    @given(st.integers(1, 200), st.integers(0, 5), st.data())
    def test_only_undecided_rows_are_drawn_and_each_once(self, n_wanted, seed, data):
        """As many as asked for, or all there are; the share drawn of a stratum is its rows' inclusion."""
        doubt = np.array(data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=120)))
        undecided = np.array(data.draw(st.lists(st.booleans(), min_size=len(doubt), max_size=len(doubt))))
        undecided[0] = True

        sample = draw_sample(doubt, undecided, n_wanted, seed)

        assert len(sample.rows) == min(n_wanted, undecided.sum())
        assert len(set(sample.rows.tolist())) == len(sample.rows)
        assert undecided[sample.rows].all()
        assert [stratum.draw for stratum in sample.strata] == list(range(1, len(sample.rows) + 1))
        drawn = [sample.strata.count(stratum) / stratum.n_rows for stratum in sample.strata]
        np.testing.assert_allclose(sample.inclusion, drawn)

    def test_a_seed_draws_the_same_rows_and_another_seed_others(self):
        """The draw depends on the seed alone."""
        doubt, everything = np.linspace(0, 1, 500), np.ones(500, dtype=bool)

        once, again, other = (draw_sample(doubt, everything, 50, seed).rows.tolist() for seed in (0, 0, 1))

        assert once == again
        assert once != other

    def test_a_longer_sample_begins_with_the_shorter_one(self):
        """So that a sample can be continued: the first 50 of 200 are those of a sample of 50."""
        doubt, everything = np.linspace(0, 1, 500), np.ones(500, dtype=bool)

        short, long = (draw_sample(doubt, everything, n, seed=0) for n in (50, 200))

        assert long.rows[:50].tolist() == short.rows.tolist()
        assert list(map(str, long.strata[:50])) == list(map(str, short.strata))

    def test_at_each_place_of_the_order_strata_are_as_likely(self):
        """Over 1,000 draws the 1st and the 20th are in 13, 28 and 59% from each (standard deviation 1.6)."""
        doubt, everything = np.linspace(0, 1, 500), np.ones(500, dtype=bool)
        numbers = np.array(
            [
                [draw.number for draw in draw_sample(doubt, everything, 20, seed).strata]
                for seed in range(1000)
            ]
        )

        for place in (0, 19):
            shares = np.bincount(numbers[:, place], minlength=4)[1:] / 1000
            np.testing.assert_allclose(shares, [0.13, 0.28, 0.59], atol=0.06)

    def test_every_row_of_a_stratum_is_drawn_as_often(self):
        """Over 2,000 draws of 10 among 19 rows each is drawn some 1,053 times (standard deviation 22)."""
        counts = np.zeros(19)
        for seed in range(2000):
            counts[draw_sample(np.full(19, 0.3), np.ones(19, dtype=bool), 10, seed).rows] += 1

        assert np.abs(counts - 20000 / 19).max() < 5 * 22.4
