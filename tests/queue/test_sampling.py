import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.queue.sampling import draw_sample, stratify
from doubtcli.records import Stratum


class TestStrata:
    """Rows with similar doubt, cut into parts of equal total spread."""

    def test_unsure_rows_make_smaller_strata(self):
        """Two rows with a doubt of .5 have as much spread (.5 each) as ten with .1 (the least spread)."""
        strata, n_drawn = stratify(np.array([0.0] * 5 + [0.5, 0.5] + [0.0] * 5), 50)

        assert strata.tolist() == [1] * 5 + [0, 0] + [1] * 5
        assert n_drawn.tolist() == [2, 10]

    def test_small_samples_have_fewer_strata(self):
        """25 rows a stratum, and three strata at most."""
        doubt = np.linspace(0, 1, 1000)

        assert [len(stratify(doubt, n)[1]) for n in (10, 49, 50, 74, 75, 500)] == [1, 1, 2, 2, 3, 3]

    def test_equally_many_are_drawn_from_each_and_what_is_left_from_the_most_doubted(self):
        """77 rows are drawn from three strata as 26, 26 and 25."""
        assert stratify(np.linspace(0, 1, 1000), 77)[1].tolist() == [26, 26, 25]


class TestDraw:
    """A random sample of the undecided rows."""

    def test_inclusion_is_the_share_drawn_of_a_stratum(self):
        """20 of 40 rows of one stratum: each had a chance of one half."""
        sample = draw_sample(np.full(40, 0.1), np.ones(40, dtype=bool), 20, seed=0)

        assert len(set(sample.rows.tolist())) == 20
        assert set(sample.strata) == {Stratum(1, 1, 40)}
        assert sample.inclusion.tolist() == [0.5] * 20

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
        assert sum(stratum.n_rows for stratum in set(sample.strata)) == undecided.sum()
        drawn = [sample.strata.count(stratum) / stratum.n_rows for stratum in sample.strata]
        np.testing.assert_allclose(sample.inclusion, drawn)

    def test_a_seed_draws_the_same_rows_and_another_seed_others(self):
        """The draw depends on the seed alone."""
        doubt, everything = np.linspace(0, 1, 500), np.ones(500, dtype=bool)

        once, again, other = (draw_sample(doubt, everything, 50, seed).rows.tolist() for seed in (0, 0, 1))

        assert once == again
        assert once != other

    def test_rows_are_in_the_order_of_the_draw(self):
        """The most doubted rows do not come first: half of the first half is from the other stratum."""
        sample = draw_sample(np.linspace(0, 1, 500), np.ones(500, dtype=bool), 50, seed=0)

        first = [stratum.number for stratum in sample.strata[:25]]
        assert 5 < first.count(1) < 20

    def test_every_row_of_a_stratum_is_drawn_as_often(self):
        """Over 2,000 draws of 10 among 20 rows each is drawn some 1,000 times (standard deviation 22)."""
        counts = np.zeros(20)
        for seed in range(2000):
            counts[draw_sample(np.full(20, 0.3), np.ones(20, dtype=bool), 10, seed).rows] += 1

        assert np.abs(counts - 1000).max() < 5 * 22.4
