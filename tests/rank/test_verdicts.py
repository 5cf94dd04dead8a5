import numpy as np
import pyarrow as pa
import pytest

from doubtcli.rank.noise import estimate_noise
from doubtcli.rank.verdicts import (
    estimate_stratified_rate,
    fit_recalibration,
    mark_decided_rows,
    measure_noise_rate,
)
from doubtcli.records import Examples, NoiseRate, Ranking, Stratum, Verdicts

SUSPECTED = NoiseRate(assessable=True, why="by models alone", rate=0.1, low=0.05, high=0.2)


def verdicts(codes, strata=None):
    """What people decided on rows in canonical order."""
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


class TestRecalibration:
    """Verdicts change how much a doubt means."""

    def test_without_verdicts_doubts_stand(self):
        """Neither no file nor one without a decision moves anything."""
        log_odds = np.array([-1.0, 0.5])

        for none in (None, verdicts([-1, -1])):
            assert fit_recalibration(log_odds, np.array([0, 0]), none)(log_odds) is log_odds

    def test_five_verdicts_hardly_move_doubt_and_fifty_do(self):
        """Rows at even odds, all kept: doubt .5 falls a little, then far."""
        read = []
        for n_decided in (5, 50):
            log_odds = np.zeros(n_decided)
            moved = fit_recalibration(log_odds, np.zeros(n_decided, dtype=int), verdicts([0] * n_decided))
            read.append(1 / (1 + np.exp(-moved(np.zeros(1))[0])))

        assert 0.35 < read[0] < 0.45
        assert read[1] < 0.2

    def test_the_optimum_is_that_of_the_penalised_likelihood(self):
        """SciPy's optimizer finds the same line."""
        from scipy.optimize import minimize

        rng = np.random.default_rng(0)
        log_odds = rng.normal(0, 2, 60)
        is_wrong = rng.random(60) < 1 / (1 + np.exp(-(0.5 * log_odds - 1)))
        moved = fit_recalibration(log_odds, np.zeros(60, dtype=int), verdicts(is_wrong.astype(int).tolist()))
        intercept, both = moved(np.array([0.0, 1.0]))

        def loss(line):
            against = line[0] + line[1] * log_odds
            likelihood = np.where(is_wrong, -np.log1p(np.exp(-against)), -np.log1p(np.exp(against))).sum()
            return -likelihood + line[0] ** 2 / (2 * 0.25) + (line[1] - 1) ** 2 / (2 * 0.0625)

        expected = minimize(loss, [0.0, 1.0]).x
        np.testing.assert_allclose([intercept, both - intercept], expected, atol=1e-4)

    def test_order_is_never_turned_around(self):
        """Even where only the most doubted rows were kept, a higher doubt stays the higher one."""
        log_odds = np.repeat([3.0, -3.0], 200)
        codes = [0] * 200 + [1] * 200  # the doubted rows kept, the others corrected

        moved = fit_recalibration(log_odds, np.zeros(400, dtype=int), verdicts(codes))(np.array([-1.0, 1.0]))

        assert moved[1] - moved[0] == pytest.approx(0.2)


class TestDecided:
    """What is known takes the place of what was doubted."""

    RANKING = Ranking(
        doubt=np.array([0.9, 0.8, 0.2, 0.1]),
        doubt_sd=np.array([0.1, 0.1, 0.1, 0.1]),
        suggested_labels=np.array([1, 1, 0, 0]),
        suggested_confidence=np.array([0.9, 0.8, 0.8, 0.9]),
        doubted=np.array([True, True, False, False]),
        order=np.array([0, 1, 2, 3]),
        voices=(),
        queue_at_least=2,
    )

    def test_without_verdicts_the_ranking_stands(self):
        """Nothing was decided."""
        assert mark_decided_rows(self.RANKING, examples([0, 0, 0, 0])) is self.RANKING

    def test_decided_rows_are_sure_and_leave_the_queue(self):
        """Row 0 was kept, row 2 corrected to spam; the queue goes on with rows 1 and 3."""
        found = mark_decided_rows(self.RANKING, examples([0, 0, 0, 0], [0, -1, 1, -1]))

        assert found.doubt.tolist() == [0.0, 0.8, 1.0, 0.1]
        assert found.doubt_sd.tolist() == [0.0, 0.1, 0.0, 0.1]
        assert found.suggested_labels.tolist() == [0, 1, 1, 0]
        assert found.suggested_confidence.tolist() == [1.0, 0.8, 1.0, 0.9]
        assert found.doubted.tolist() == [False, True, False, False]
        assert found.order.tolist() == [2, 1, 3, 0]
        assert found.queue.tolist() == [1, 3]


class TestInterval:
    """The share of wrong labels in all strata together."""

    def test_one_stratum_has_the_exact_limits(self):
        """2 of 20 wrong: Clopper and Pearson's 90% limits are .018065 and .282619 (R's binom.test)."""
        rate, low, high = estimate_stratified_rate(np.array([2]), np.array([20]), np.array([100_000]))

        assert rate == pytest.approx(0.1)
        assert (low, high) == (pytest.approx(0.018065, abs=2e-6), pytest.approx(0.282619, abs=2e-6))

    def test_no_error_found_is_not_no_error(self):
        """0 of 29 wrong leaves up to 1 - .05^(1/29) = 9.8% possible."""
        rate, low, high = estimate_stratified_rate(np.array([0]), np.array([29]), np.array([1000]))

        assert (rate, low) == (0, 0)
        assert high == pytest.approx(1 - 0.05 ** (1 / 29))

    def test_strata_are_weighed_by_size_and_their_limits_joined_by_squares(self):
        """Half of 10 rows in a tenth of the file, none of 10 in the rest: .05 of all.

        Limits of 5 in 10 are .2224 and .7776, of 0 in 10 are 0 and .2589 (Clopper and Pearson's tables):
        .1 * .2776 below; the root of (.1 * .2776)^2 + (.9 * .2589)^2 = .2346 above.
        """
        rate, low, high = estimate_stratified_rate(
            np.array([5, 0]), np.array([10, 10]), np.array([1000, 9000])
        )

        assert rate == pytest.approx(0.05)
        assert (low, high) == (pytest.approx(0.0222, abs=1e-4), pytest.approx(0.2846, abs=1e-4))

    def test_a_stratum_that_is_checked_whole_is_sure(self):
        """3 of all 12 rows are wrong, and nothing is left to chance."""
        assert estimate_stratified_rate(np.array([3]), np.array([12]), np.array([12])) == (0.25, 0.25, 0.25)

    def test_what_was_found_is_certain(self):
        """30 of 90 of 100 rows are wrong: at least 30 of 100 are, and at most 40."""
        rate, low, high = estimate_stratified_rate(np.array([30]), np.array([90]), np.array([100]))

        assert rate == pytest.approx(1 / 3)
        assert (low, high) == (0.3, 0.4)

    def test_all_wrong_leaves_right_ones_possible(self):
        """29 of 29 wrong: down to .05^(1/29) = 90.2%."""
        rate, low, high = estimate_stratified_rate(np.array([29]), np.array([29]), np.array([1000]))

        assert (rate, high) == (1, 1)
        assert low == pytest.approx(0.05 ** (1 / 29))

    @pytest.mark.parametrize("wrong", [(40, 30, 30), (5, 5, 10), (9, 0, 0), (0, 0, 9)])
    def test_the_interval_holds(self, wrong):
        """Over 1,000 draws of 3 times 20 rows it contains the truth in 88% at least, also of rare errors."""
        sizes, n_checked = np.array([100, 300, 900]), np.array([20, 20, 20])
        rng = np.random.default_rng(0)
        draws = rng.hypergeometric(wrong, sizes - wrong, n_checked, size=(1000, 3))

        held = 0
        for n_wrong in draws:
            _, low, high = estimate_stratified_rate(n_wrong, n_checked, sizes)
            held += low <= sum(wrong) / 1300 <= high

        assert held >= 880


def drawn(number, of, n_rows):
    """A part of an audit sample."""
    return Stratum(number, of, n_rows)


class TestCheckedRate:
    """What the noise rate rests on."""

    def test_without_verdicts_models_speak(self):
        """The suspected rate stands as it is."""
        assert measure_noise_rate(SUSPECTED, examples([0, 0])) is SUSPECTED

    def test_a_sample_measures_it(self):
        """2 of 20 rows drawn from 100 were corrected."""
        found = measure_noise_rate(
            SUSPECTED,
            examples([0] * 100, [1, 1] + [0] * 18 + [-1] * 80, [drawn(1, 1, 100)] * 20 + [None] * 80),
        )

        assert (found.rests_on, found.n_checked, found.assessable) == ("verdicts", 20, True)
        assert found.rate == pytest.approx(0.1)
        assert found.low == pytest.approx(0.02)  # two of a hundred are certain, and more than .018
        assert found.high == pytest.approx(0.282619, abs=2e-6)
        assert found.why == "measured on 20 checked rows, drawn at random from 100"

    def test_a_sample_measures_it_where_models_know_nothing(self):
        """A person's word does not need the models' skill."""
        unknown = NoiseRate(assessable=False, why="no skill")

        found = measure_noise_rate(unknown, examples([0] * 20, [0] * 20, [drawn(1, 1, 20)] * 20))

        assert (found.assessable, found.rate) == (True, 0.0)

    def test_undecided_rows_of_the_sample_are_told(self):
        """12 of 15 are decided."""
        codes = [0] * 12 + [-1] * 3

        found = measure_noise_rate(SUSPECTED, examples([0] * 15, codes, [drawn(1, 1, 15)] * 15))

        assert found.n_checked == 12
        assert found.why == (
            "measured on 12 checked rows, drawn at random from 15; "
            "3 more are drawn and undecided, and taken to be neither better nor worse"
        )

    def test_a_sample_of_other_rows_than_those_now_labelled_says_so(self):
        """It was drawn from 60 rows, after 40 of the 100 had been decided."""
        strata = [None] * 40 + [drawn(1, 1, 60)] * 10 + [None] * 50

        found = measure_noise_rate(SUSPECTED, examples([0] * 100, [0] * 50 + [-1] * 50, strata))

        assert found.n_checked == 10
        assert found.why == (
            "measured on 10 checked rows, drawn at random from 60, where 100 are labelled now"
        )

    @pytest.mark.parametrize(
        ("codes", "strata", "why"),
        [
            (
                [0, -1],
                [None, None],
                "1 verdict can't measure it: that needs an audit sample (--audit-sample)",
            ),
            (
                [0] * 9 + [-1],
                [drawn(1, 1, 10)] * 10,
                "9 rows of the audit sample are decided, and to measure it takes 10",
            ),
            (
                [0] * 12 + [-1],
                [drawn(1, 2, 20)] * 12 + [drawn(2, 2, 80)],
                "the audit sample's part 2 of 2 has no decided row, so it can't measure it",
            ),
            (
                [0] * 12,
                [drawn(1, 2, 20)] * 12,
                "the audit sample's part 2 of 2 has no decided row, so it can't measure it",
            ),
            (
                [0] * 12,
                [drawn(1, 1, 20)] * 6 + [drawn(1, 1, 30)] * 6,
                "v.csv holds rows of more than one audit sample, which can't measure it together",
            ),
            (
                [0] * 12,
                [drawn(1, 1, 20)] * 6 + [drawn(2, 2, 30)] * 6,
                "v.csv holds rows of more than one audit sample, which can't measure it together",
            ),
        ],
        ids=["no sample", "too few", "none decided", "none there", "two samples", "unlike samples"],
    )
    def test_what_cannot_measure_it_leaves_it_with_the_models(self, codes, strata, why):
        """The reason why not is added to what the rate rests on."""
        found = measure_noise_rate(SUSPECTED, examples([0] * len(codes), codes, strata))

        assert (found.rests_on, found.n_checked) == ("models", 0)
        assert found.why == f"by models alone; {why}"

    def test_no_less_is_suspected_than_was_found(self):
        """One of eight was corrected: 12.5%, where models suspect 10% (5% to 20%)."""
        found = measure_noise_rate(SUSPECTED, examples([0] * 8, [1] + [-1] * 7))

        assert (found.rate, found.low, found.high) == (0.125, 0.125, 0.2)

    def test_models_that_suspect_less_than_was_found_are_not_believed(self):
        """Half of the rows were corrected, where models suspect 20% at most."""
        found = measure_noise_rate(SUSPECTED, examples([0] * 4, [1, 1, -1, -1]))

        assert (found.assessable, found.rate) == (False, None)
        assert found.why == (
            "more labels were found wrong (50.0% of rows) than models suspect; "
            "2 verdicts can't measure it: that needs an audit sample (--audit-sample)"
        )

    def test_an_unknown_rate_stays_unknown(self):
        """Without skill and without a sample nothing can be said."""
        found = measure_noise_rate(NoiseRate(assessable=False, why="no skill"), examples([0, 0], [1, -1]))

        assert (found.assessable, found.rate) == (False, None)

    def test_the_models_own_words_lose_what_is_no_longer_so(self):
        """The noise model advises to draw a sample; with verdicts it says what these lack instead."""
        rng = np.random.default_rng(0)
        probs = rng.dirichlet([1, 1], size=(1, 200))
        suspected = estimate_noise(probs, rng.integers(0, 2, 200), np.arange(200), 0).noise_rate
        assert suspected.why.endswith("where people checked, so measure yours with --audit-sample 100")

        found = measure_noise_rate(suspected, examples([0] * 200, [0] * 5 + [-1] * 195))

        assert found.why.endswith(
            "where people checked; 5 verdicts can't measure it: that needs an audit sample (--audit-sample)"
        )
