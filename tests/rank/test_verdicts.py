from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.rank.noise import estimate_noise
from doubtcli.rank.verdicts import (
    estimate_stratified_rate,
    fit_recalibration,
    mark_decided_rows,
    measure_noise_rate,
    set_corrected_apart,
)
from doubtcli.records import Evidence, Examples, NoiseRate, Ranking, Stratum, Verdicts

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


def test_a_corrected_label_does_not_support_equal_rows():
    """Rows 1 and 3 were corrected, and have groups of their own; row 0 was kept, and stays with row 2."""
    rows = examples([0, 0, 0, 0], [0, 1, -1, 1])
    evidence = Evidence(given_labels=rows.given_labels, equal_groups=np.zeros(4, dtype=np.intp))

    groups = set_corrected_apart(evidence, rows).equal_groups

    assert groups[0] == groups[2]
    assert len(np.unique(groups)) == 3
    assert set_corrected_apart(evidence, examples([0, 0, 0, 0])) is evidence


class TestRecalibration:
    """Verdicts change how much a doubt means."""

    def test_without_verdicts_doubts_do_not_change(self):
        """There is no file of verdicts, or nothing in it is decided."""
        log_odds = np.array([-1.0, 0.5])

        for none in (None, verdicts([-1, -1])):
            assert fit_recalibration(log_odds, np.array([0, 0]), none)(log_odds) is log_odds

    def test_five_verdicts_hardly_move_doubt_and_fifty_do(self):
        """Where all labels were kept at even odds, a doubt of .5 falls a little, then a lot."""
        read = []
        for n_decided in (5, 50):
            log_odds = np.zeros(n_decided)
            moved = fit_recalibration(log_odds, np.zeros(n_decided, dtype=int), verdicts([0] * n_decided))
            read.append(1 / (1 + np.exp(-moved(np.zeros(1))[0])))

        assert 0.35 < read[0] < 0.45
        assert read[1] < 0.2

    def test_a_verdict_on_equal_rows_counts_once(self):
        """A verdict that decides 50 equal rows moves doubt as one verdict does."""
        log_odds, labels = np.zeros(50), np.zeros(50, dtype=int)
        equal = replace(verdicts([0] * 50), from_equal=np.arange(50) > 0)

        moved = fit_recalibration(log_odds, labels, equal)(np.zeros(1))
        alone = fit_recalibration(log_odds, labels, verdicts([0] + [-1] * 49))(np.zeros(1))

        assert moved[0] == alone[0]
        assert moved[0] > fit_recalibration(log_odds, labels, verdicts([0] * 50))(np.zeros(1))[0] + 0.5

    def test_the_optimum_is_that_of_the_penalised_likelihood(self):
        """SciPy's optimiser finds the same line."""
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

    def test_the_order_never_changes(self):
        """Even where people kept all of the most doubted labels, a higher doubt stays higher."""
        log_odds = np.repeat([3.0, -3.0], 200)
        codes = [0] * 200 + [1] * 200  # the doubted rows kept, the others corrected

        moved = fit_recalibration(log_odds, np.zeros(400, dtype=int), verdicts(codes))(np.array([-1.0, 1.0]))

        assert moved[1] - moved[0] == pytest.approx(0.2)


class TestDecided:
    """A row that people have decided is not doubted any more."""

    RANKING = Ranking(
        doubt=np.array([0.9, 0.8, 0.2, 0.1]),
        doubt_sd=np.array([0.1, 0.1, 0.1, 0.1]),
        suggested_labels=np.array([1, 1, 0, 0]),
        suggested_confidence=np.array([0.9, 0.8, 0.8, 0.9]),
        doubted=np.array([True, True, False, False]),
        contradicted=np.array([True, True, True, True]),
        order=np.array([0, 1, 2, 3]),
        voices=(),
        queue_length=2,
    )

    def test_without_verdicts_the_ranking_does_not_change(self):
        """Nothing was decided."""
        assert mark_decided_rows(self.RANKING, examples([0, 0, 0, 0])) is self.RANKING

    def test_decided_rows_are_sure_and_leave_the_queue(self):
        """The label of row 0 was kept, that of row 2 corrected to spam; rows 1 and 3 stay in the queue."""
        found = mark_decided_rows(self.RANKING, examples([0, 0, 0, 0], [0, -1, 1, -1]))

        assert found.doubt.tolist() == [0.0, 0.8, 1.0, 0.1]
        assert found.doubt_sd.tolist() == [0.0, 0.1, 0.0, 0.1]
        assert found.suggested_labels.tolist() == [0, 1, 1, 0]
        assert found.suggested_confidence.tolist() == [1.0, 0.8, 1.0, 0.9]
        assert found.doubted.tolist() == [False, True, False, False]
        assert found.contradicted.tolist() == [False, True, False, True]
        assert found.order.tolist() == [2, 1, 3, 0]
        assert found.queue.tolist() == [1, 3]


class TestInterval:
    """The share of wrong labels in all strata together."""

    def test_one_stratum_has_the_exact_limits(self):
        """2 of 20 wrong: Clopper and Pearson's 90% limits are .018065 and .282619 (R's binom.test)."""
        rate, low, high = estimate_stratified_rate(np.array([2]), np.array([20]), np.array([100_000]))

        assert rate == pytest.approx(0.1)
        assert (low, high) == (pytest.approx(0.018065, abs=2e-6), pytest.approx(0.282619, abs=2e-6))

    def test_without_a_found_error_some_are_possible(self):
        """With 0 of 29 wrong, up to 1 - .05^(1/29) = 9.8% are possible."""
        rate, low, high = estimate_stratified_rate(np.array([0]), np.array([29]), np.array([1000]))

        assert (rate, low) == (0, 0)
        assert high == pytest.approx(1 - 0.05 ** (1 / 29))

    def test_strata_weigh_by_size_and_their_limits_are_combined_by_squares(self):
        """Half of 10 rows are wrong in a tenth of the file, and none of 10 in the rest: .05 of all.

        The limits of 5 in 10 are .2224 and .7776, those of 0 in 10 are 0 and .2589 (Clopper and Pearson's
        tables). The interval reaches .1 * .2776 below, and the root of (.1 * .2776)^2 + (.9 * .2589)^2 =
        .2346 above.
        """
        rate, low, high = estimate_stratified_rate(
            np.array([5, 0]), np.array([10, 10]), np.array([1000, 9000])
        )

        assert rate == pytest.approx(0.05)
        assert (low, high) == (pytest.approx(0.0222, abs=1e-4), pytest.approx(0.2846, abs=1e-4))

    def test_a_stratum_whose_rows_are_all_checked_is_certain(self):
        """3 of all 12 rows are wrong: the interval has no width."""
        assert estimate_stratified_rate(np.array([3]), np.array([12]), np.array([12])) == (0.25, 0.25, 0.25)

    def test_found_errors_are_certain(self):
        """Of 100 rows 90 were checked and 30 are wrong: at least 30 of 100 are wrong, and at most 40."""
        rate, low, high = estimate_stratified_rate(np.array([30]), np.array([90]), np.array([100]))

        assert rate == pytest.approx(1 / 3)
        assert (low, high) == (0.3, 0.4)

    def test_if_all_are_wrong_some_right_ones_are_possible(self):
        """With 29 of 29 wrong, the rate may be as low as .05^(1/29) = 90.2%."""
        rate, low, high = estimate_stratified_rate(np.array([29]), np.array([29]), np.array([1000]))

        assert (rate, high) == (1, 1)
        assert low == pytest.approx(0.05 ** (1 / 29))

    @pytest.mark.parametrize("wrong", [(40, 30, 30), (5, 5, 10), (9, 0, 0), (0, 0, 9)])
    def test_the_interval_holds(self, wrong):
        """It contains the truth in at least 88% of 1,000 draws of 3 times 20 rows, also for rare errors."""
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
        assert found.low == pytest.approx(0.02)  # two of a hundred are certain, and more than .018
        assert found.high == pytest.approx(0.282619, abs=2e-6)
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
        """It was drawn from 60 rows, after 40 of the 100 had been decided; the sentence has both numbers."""
        strata = [None] * 40 + [drawn(1, 1, 60)] * 10 + [None] * 50

        found = measure_noise_rate(SUSPECTED, examples([0] * 100, [0] * 50 + [-1] * 50, strata))

        assert found.n_checked == 10
        sentences.check(found.why)

    @pytest.mark.parametrize(
        ("codes", "strata"),
        [
            ([0, -1], [None, None]),
            ([0] * 9 + [-1], [drawn(1, 1, 10)] * 10),
            ([0] * 12 + [-1], [drawn(1, 2, 20)] * 12 + [drawn(2, 2, 80)]),
            ([0] * 12, [drawn(1, 2, 20)] * 12),
            ([0] * 12, [drawn(1, 1, 20)] * 6 + [drawn(1, 1, 30)] * 6),
            ([0] * 12, [drawn(1, 1, 20)] * 6 + [drawn(2, 2, 30)] * 6),
        ],
        ids=["no sample", "too few", "none decided", "none there", "two samples", "different samples"],
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

        assert "--audit-sample 100" not in found.why
        sentences.check(found.why)
