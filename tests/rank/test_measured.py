import numpy as np
import pyarrow as pa
import pytest

from doubtcli.rank.measured import measure_noise_rate
from doubtcli.rank.noise import estimate_noise
from doubtcli.records import Examples, NoiseRate, Stratum, Verdicts

SUSPECTED = NoiseRate(assessable=True, why="by models alone", at_least=0.05, contradicted=0.3)


def verdicts(codes, strata=None):
    """What people decided about the rows, in canonical order."""
    strata = (None,) * len(codes) if strata is None else tuple(strata)
    return Verdicts("v.csv", np.array(codes), strata, np.full(len(codes), np.nan))


def examples(given, codes=None, strata=None):
    """Rows of two classes with these verdicts."""
    n_rows = len(given)
    return Examples(
        row_ids=tuple(f"r{row:03}" for row in range(n_rows)),
        positions=np.arange(n_rows),
        given_labels=np.array(given),
        class_names=("ham", "spam"),
        inputs=pa.table({}),
        verdicts=None if codes is None else verdicts(codes, strata),
    )


def drawn(number, of, n_rows, draw=None):
    """A part of an audit sample."""
    return Stratum(number, of, n_rows, draw)


def in_three_parts(n_drawn):
    """The strata of rows drawn from 20, 50 and 130 rows, one after the other."""
    sizes = (20, 50, 130)
    return [drawn(draw % 3 + 1, 3, sizes[draw % 3], draw + 1) for draw in range(n_drawn)]


class TestCheckedRate:
    """The noise rate is measured on an audit sample, or else suspected by models."""

    def test_without_verdicts_the_rate_is_that_of_the_models(self):
        """The suspected rate does not change."""
        assert measure_noise_rate(SUSPECTED, examples([0, 0])) is SUSPECTED

    def test_a_sample_measures_it(self, sentences):
        """2 of 20 rows drawn from 100 were corrected."""
        found = measure_noise_rate(
            SUSPECTED,
            examples([0] * 100, [1, 1] + [0] * 18 + [-1] * 80, [drawn(1, 1, 100)] * 20 + [None] * 80),
        )

        assert (found.rests_on, found.n_checked, found.assessable) == ("verdicts", 20, True)
        assert found.rate == pytest.approx(0.1)
        assert found.low == pytest.approx(0.02)  # two of a hundred are certain
        assert 0.1 < found.high < 0.45
        sentences.check(found.why)

    def test_a_sample_measures_it_where_models_know_nothing(self):
        """Verdicts do not depend on the skill of the models."""
        unknown = NoiseRate(assessable=False, why="no skill")

        found = measure_noise_rate(unknown, examples([0] * 20, [0] * 20, [drawn(1, 1, 20)] * 20))

        assert (found.assessable, found.rate) == (True, 0.0)

    @pytest.mark.parametrize("n_checked", [12, 14])
    def test_undecided_rows_of_the_sample_are_counted(self, n_checked, sentences):
        """12 or 14 of 15 rows are decided."""
        codes = [0] * n_checked + [-1] * (15 - n_checked)

        found = measure_noise_rate(SUSPECTED, examples([0] * 15, codes, [drawn(1, 1, 15)] * 15))

        assert found.n_checked == n_checked
        sentences.check(found.why)

    def test_a_sample_of_other_rows_than_are_labelled_now(self, sentences):
        """It was drawn from 60 rows, and of the 40 others 10 are not decided; both numbers are said."""
        strata = [None] * 40 + [drawn(1, 1, 60)] * 10 + [None] * 50

        found = measure_noise_rate(SUSPECTED, examples([0] * 100, [-1] * 10 + [0] * 40 + [-1] * 50, strata))

        assert found.n_checked == 10
        sentences.check(found.why)

    def test_rows_that_were_decided_before_count_as_what_they_are(self):
        """Of 100 rows 40 had been decided, 30 of them wrong; of the 60 others, all checked, 3 are wrong."""
        strata = [None] * 40 + [drawn(1, 1, 60)] * 60

        found = measure_noise_rate(
            SUSPECTED, examples([0] * 100, [1] * 30 + [0] * 10 + [1] * 3 + [0] * 57, strata)
        )

        assert (found.rate, found.low, found.high) == pytest.approx((0.33, 0.33, 0.33))

    def test_strata_weigh_by_their_size(self):
        """The one of 10 drawn from each that is wrong is in the part of 130 of 200 rows: 6.5%."""
        strata = in_three_parts(30) + [None] * 170

        found = measure_noise_rate(SUSPECTED, examples([0] * 200, [0, 0, 1] + [0] * 27 + [-1] * 170, strata))

        assert found.rate == pytest.approx(0.065)
        assert found.low < 0.065 < found.high

    def test_a_part_without_a_verdict_is_unknown(self):
        """None of the 10 rows of the last part is decided, so that the interval is wide."""
        strata = in_three_parts(30) + [None] * 170
        codes = [-1 if draw % 3 == 2 else 0 for draw in range(30)] + [-1] * 170

        found = measure_noise_rate(SUSPECTED, examples([0] * 200, codes, strata))
        full = measure_noise_rate(SUSPECTED, examples([0] * 200, [0] * 30 + [-1] * 170, strata))

        assert (found.rate, found.n_checked) == (0.0, 20)
        assert found.high > full.high

    def test_verdicts_on_other_rows_make_no_difference(self):
        """With 50 more verdicts from the top of the queue, all wrong, what was measured stays."""
        strata, codes = in_three_parts(30) + [None] * 170, [0, 1] + [0] * 28
        alone = measure_noise_rate(SUSPECTED, examples([0] * 200, codes + [-1] * 170, strata))

        found = measure_noise_rate(SUSPECTED, examples([0] * 200, codes + [1] * 50 + [-1] * 120, strata))

        for name in ("rate", "low", "high", "n_checked", "n_more"):
            assert getattr(found, name) == getattr(alone, name)

    def test_the_order_of_the_draw_counts_and_not_that_of_the_rows(self):
        """The same draws in reversed rows give the same interval."""
        strata, codes = in_three_parts(30), [0, 1] * 5 + [0] * 20
        forth = measure_noise_rate(SUSPECTED, examples([0] * 30, codes, strata))

        back = measure_noise_rate(SUSPECTED, examples([0] * 30, codes[::-1], strata[::-1]))

        assert (back.rate, back.low, back.high) == (forth.rate, forth.low, forth.high)

    def test_more_verdicts_are_needed_until_the_interval_is_narrow(self):
        """All 200 rows of a part are checked: none. Of 30 of 200, without an error: some, but not all."""
        everything = [drawn(1, 1, 200)] * 200

        done = measure_noise_rate(SUSPECTED, examples([0] * 200, [0] * 200, everything))
        begun = measure_noise_rate(SUSPECTED, examples([0] * 200, [0] * 30 + [-1] * 170, everything))

        assert done.n_more == 0
        assert 30 < begun.n_more < 170

    @pytest.mark.parametrize(
        ("codes", "strata"),
        [
            ([0, -1], [None, None]),
            ([0] * 9 + [-1], [drawn(1, 1, 10)] * 10),
            ([0] * 12, [drawn(1, 2, 20)] * 12),
            ([0] * 12, [*in_three_parts(11), drawn(1, 3, 20)]),
            ([0] * 12, [drawn(1, 3, 20, draw) for draw in range(6)] + [drawn(3, 3, 130, 9)] * 6),
            ([0] * 12, [drawn(1, 3, 20, draw) for draw in range(12)]),
            ([0] * 12, [drawn(1, 1, 20)] * 6 + [drawn(1, 1, 30)] * 6),
            ([0] * 12, [drawn(1, 1, 20)] * 6 + [drawn(2, 2, 30)] * 6),
        ],
        ids=[
            *("no sample", "too few", "two parts", "no draw", "a draw twice", "a part is missing"),
            *("two samples", "different samples"),
        ],
    )
    def test_where_verdicts_cannot_measure_it_the_models_do(self, codes, strata, sentences):
        """The sentence says why it is not measured."""
        found = measure_noise_rate(SUSPECTED, examples([0] * len(codes), codes, strata))

        assert (found.rests_on, found.n_checked) == ("models", 0)
        sentences.check(found.why)

    def test_the_bound_is_no_less_than_what_people_found(self):
        """One of eight labels was corrected: 12.5%, where models say 5% at least."""
        found = measure_noise_rate(SUSPECTED, examples([0] * 8, [1] + [-1] * 7))

        assert (found.at_least, found.rate) == (0.125, None)

    def test_what_models_know_stays_beside_what_is_measured(self):
        """Two of twenty drawn rows were corrected, of 100; models say 5% at least, and contradict 30%."""
        strata = [drawn(1, 1, 100)] * 20 + [None] * 80

        found = measure_noise_rate(SUSPECTED, examples([0] * 100, [1, 1] + [0] * 18 + [-1] * 80, strata))

        assert (found.is_measured, found.at_least, found.contradicted) == (True, 0.05, 0.3)

    def test_an_unknown_rate_stays_unknown(self):
        """Without skill and without a sample there is no rate."""
        found = measure_noise_rate(NoiseRate(assessable=False, why="no skill"), examples([0, 0], [1, -1]))

        assert (found.assessable, found.rate) == (False, None)

    def test_the_advice_to_draw_a_sample_is_replaced(self, sentences):
        """The noise model advises to draw a sample; with verdicts the sentence says what is missing."""
        rng = np.random.default_rng(0)
        probs = rng.dirichlet([1, 1], size=(1, 200))
        suspected = estimate_noise(probs, rng.integers(0, 2, 200), np.arange(200), 0).noise_rate
        assert "--audit-sample 30" in suspected.why

        found = measure_noise_rate(suspected, examples([0] * 200, [0] * 5 + [-1] * 195))

        assert "--audit-sample 30" not in found.why
        sentences.check(found.why)
