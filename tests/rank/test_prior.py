"""How likely a label is wrong at each margin: curves of sets whose errors are known, and verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.rank.prior import (
    ErrorCurves,
    KnownSets,
    SetFeatures,
    count_by_margin,
    find_curves,
    list_bin_middles,
    list_curves,
    make_unlearned_curves,
    make_unskilled_curves,
    mix_curves,
    parse_known_sets,
    read_known_sets,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_BINS = 13
ANY = SetFeatures(2, 0.1, 0.05, 0.8)
"""The features of some file, where they make no difference."""


def find_curve(intercept: float, slope: float) -> int:
    """The number of the curve with this intercept and this slope."""
    intercepts, slopes = list_curves()
    (found,) = np.flatnonzero(np.isclose(intercepts, intercept) & np.isclose(slopes, slope))
    return int(found)


def curves_of(*parts: tuple[float, float, float]) -> ErrorCurves:
    """A mixture of curves, each given as (intercept, slope, weight)."""
    weights = np.zeros(len(list_curves()[0]))
    for intercept, slope, weight in parts:
        weights[find_curve(intercept, slope)] = weight
    return ErrorCurves(weights)


def line(
    rows: str, labels: str = "one", *, features: SetFeatures = ANY, **bins: tuple[int, int]
) -> dict[str, str]:
    """A line of a table of known sets; `bin_8=(50, 20)` has 50 rows in bin 8, of which 20 are wrong."""
    counts = [bins.get(f"bin_{place}", (0, 0)) for place in range(N_BINS)]
    return {
        "rows": rows,
        "labels": labels,
        "classes": str(features.n_classes),
        "contradicted": str(features.contradicted),
        "curve_rate": str(features.curve_rate),
        "skill": str(features.skill),
        **{f"rows_{place}": str(n_rows) for place, (n_rows, _) in enumerate(counts)},
        **{f"wrong_{place}": str(n_wrong) for place, (_, n_wrong) in enumerate(counts)},
    }


def known_sets(*sets: tuple[str, SetFeatures, int]) -> KnownSets:
    """Label sets, each with its rows, its features, and the number of the only curve that it has."""
    curves = np.zeros((len(sets), len(list_curves()[0])))
    for place, (_, _, curve) in enumerate(sets):
        curves[place, curve] = 1
    features = np.array([features.to_array() for _, features, _ in sets])
    return KnownSets(tuple("ab"), tuple(rows for rows, _, _ in sets), features, curves)


def odds(log_odds: NDArray[Any]) -> NDArray[Any]:
    """As probabilities."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


CURVES = st.lists(
    st.tuples(st.integers(0, len(list_curves()[0]) - 1), st.floats(0.001, 1)), min_size=1, max_size=5
)


def mix(parts: list[tuple[int, float]]) -> ErrorCurves:
    """A mixture of curves, each given as its number and its part."""
    weights = np.zeros(len(list_curves()[0]))
    for place, part in parts:
        weights[place] += part
    return ErrorCurves(weights / weights.sum())


class TestMargins:
    """A margin means a probability, and back."""

    def test_one_curve(self) -> None:
        """With intercept -2 and slope 1, a margin of 2 is even, one of 3 has log odds of 1."""
        found = curves_of((-2, 1, 1)).to_log_odds(np.array([2.0, 3.0, 0.0]))

        assert found == pytest.approx([0, 1, -2], abs=1e-6)

    def test_two_curves_are_averaged_as_probabilities(self) -> None:
        """At a margin of 0 logistic(0) is .5 and logistic(-4) is .0180: a quarter and three are .1385."""
        found = curves_of((0, 1, 0.25), (-4, 1, 0.75)).to_log_odds(np.array([0.0]))

        assert odds(found) == pytest.approx([0.1385], abs=1e-4)

    def test_no_margin_is_too_large(self) -> None:
        """Beyond all known margins log odds go on as the straight line of the curve: 2 and .5 a unit."""
        found = curves_of((1, 0.5, 1)).to_log_odds(np.array([-28.0, 28.0]))

        assert found == pytest.approx([-13, 15], abs=1e-6)

    def test_the_steepest_curve_keeps_its_order_where_errors_are_certain(self) -> None:
        """At margins of 13 and 14 log odds are 32.6 and 34.8, where a probability is 1 to the last digit."""
        found = curves_of((4, 2.2, 1)).to_log_odds(np.array([13.0, 14.0]))

        assert found == pytest.approx([32.6, 34.8])

    @given(CURVES, st.lists(st.floats(-30, 30), min_size=2, max_size=20))
    def test_the_order_never_changes(self, parts: list[tuple[int, float]], margins: list[float]) -> None:
        """A larger margin never has lower log odds, and clearly larger ones have higher log odds."""
        ordered = np.sort(margins)

        steps = np.diff(mix(parts).to_log_odds(ordered))

        assert (steps >= 0).all()
        assert (steps[np.diff(ordered) > 1e-6] > 0).all()

    @given(CURVES, st.lists(st.floats(-30, 30), min_size=1, max_size=20))
    def test_margins_come_back(self, parts: list[tuple[int, float]], margins: list[float]) -> None:
        """The margin that has the log odds of a margin is that margin."""
        curves = mix(parts)

        back = curves.to_margins(curves.to_log_odds(np.array(margins)))

        np.testing.assert_allclose(back, margins, atol=1e-6)

    def test_without_skill_a_margin_hardly_weighs(self) -> None:
        """About one label in twenty is wrong with no evidence; a margin of 3 is far from making it likely."""
        none, some = odds(make_unskilled_curves().to_log_odds(np.array([0.0, 3.0])))

        assert 0.05 < none < some < 0.25

    def test_of_an_unknown_kind_of_labels_the_usual_share_is_wrong(self) -> None:
        """With no evidence about one in twenty, a little more as it may be another share; 6 is much."""
        none, much = odds(make_unlearned_curves().to_log_odds(np.array([0.0, 6.0])))

        assert 0.05 < none < 0.1
        assert much > 0.5


class TestVerdicts:
    """Verdicts say which curve is the file's own."""

    HIGH, LOW = (0.0, 1.0), (-4.0, 1.0)

    def test_one_verdict(self) -> None:
        """At a margin of 0 an error has .5 by one curve and .0180 by the other: after one, it is the first.

        Bayes' rule with even odds: .5 / (.5 + .0180) = .9653; after a label that was right,
        .5 / (.5 + .9820) = .3374.
        """
        even = curves_of((*self.HIGH, 0.5), (*self.LOW, 0.5))

        wrong, right = (even.learn(np.zeros(1), np.array([is_wrong])) for is_wrong in (True, False))

        assert wrong.weights[find_curve(*self.HIGH)] == pytest.approx(0.9653, abs=1e-4)
        assert right.weights[find_curve(*self.HIGH)] == pytest.approx(0.3374, abs=1e-4)

    def test_verdicts_multiply(self) -> None:
        """Three rows, by Bayes' rule with scipy's logistic function."""
        from scipy.special import expit

        margins, is_wrong = np.array([1.0, 2.0, -0.5]), np.array([True, False, True])
        likelihoods = []
        for intercept, slope in ((0, 1), (-4, 2.2)):
            p = expit(intercept + slope * margins)
            likelihoods.append(p[0] * (1 - p[1]) * p[2])

        found = curves_of((0, 1, 0.3), (-4, 2.2, 0.7)).learn(margins, is_wrong)

        expected = 0.3 * likelihoods[0] / (0.3 * likelihoods[0] + 0.7 * likelihoods[1])
        assert found.weights[find_curve(0, 1)] == pytest.approx(expected)
        assert found.weights.sum() == pytest.approx(1)

    def test_without_verdicts_nothing_is_learnt(self) -> None:
        """No row was decided."""
        curves = curves_of((0, 1, 1))

        assert curves.learn(np.zeros(0), np.zeros(0, dtype=bool)) is curves

    def test_many_verdicts_find_the_curve_of_the_file(self) -> None:
        """500 verdicts on errors with probability logistic(-2 + margin): at margins of 0 and 4 within .1."""
        rng = np.random.default_rng(0)
        margins = rng.uniform(-3, 6, 500)
        is_wrong = rng.random(500) < odds(margins - 2)

        found = make_unskilled_curves().learn(margins, is_wrong)

        assert odds(found.to_log_odds(np.array([0.0, 4.0]))) == pytest.approx([0.119, 0.881], abs=0.1)

    def test_curves_without_weight_get_none(self) -> None:
        """A thousand sure errors leave weights that are numbers, though most are nearly 0."""
        found = curves_of((-7, 0.05, 1)).learn(np.full(1000, 12.0), np.ones(1000, dtype=bool))

        assert np.isfinite(found.weights).all()
        assert np.isfinite(found.to_log_odds(np.array([-30.0, 0.0, 30.0]))).all()

    @given(CURVES, st.lists(st.tuples(st.floats(-20, 20), st.booleans()), min_size=1, max_size=30))
    @settings(max_examples=50)
    def test_no_verdict_turns_the_order(
        self, parts: list[tuple[int, float]], decided: list[tuple[float, bool]]
    ) -> None:
        """Even where people keep the surest errors, log odds rise with the margin."""
        margins, is_wrong = np.array([one for one, _ in decided]), np.array([one for _, one in decided])

        found = mix(parts).learn(margins, is_wrong).to_log_odds(np.linspace(-15, 15, 60))

        assert (np.diff(found) > 0).all()


class TestCountWrong:
    """How many of some labels are wrong."""

    def test_of_no_rows_none(self) -> None:
        """There is nothing to count."""
        found = curves_of((0, 1, 1)).count_wrong(np.zeros(0))

        assert (found.n_rows, found.mean, found.low, found.middle, found.high) == (0, 0, 0, 0, 0)

    def test_the_mean_is_the_sum_of_probabilities(self) -> None:
        """Ten rows at even odds and ten at 1 to 9 by one curve: 5 + 1; by a curve that is nearly 0, half."""
        margins = np.repeat([0.0, -np.log(9)], 10)

        assert curves_of((0, 1, 1)).count_wrong(margins).mean == pytest.approx(6)
        assert curves_of((0, 1, 0.5), (-7, 1, 0.5)).count_wrong(margins).mean == pytest.approx(3, abs=0.01)

    def test_one_row_is_wrong_or_not(self) -> None:
        """With even odds, none or one."""
        found = curves_of((0, 1, 1)).count_wrong(np.zeros(1))

        assert (found.n_rows, found.low, found.high) == (1, 0, 1)

    def test_sure_rows(self) -> None:
        """Of 50 rows that can't be wrong none is expected, of 50 that must be all."""
        curves = curves_of((0, 2.2, 1))

        none, every = curves.count_wrong(np.full(50, -20.0)), curves.count_wrong(np.full(50, 20.0))

        assert (none.low, none.middle) == (0, 0)
        assert (every.middle, every.high) == (50, 50)
        assert none.high <= 1
        assert every.low >= 49

    @pytest.mark.parametrize(
        ("parts", "n_rows"),
        [
            ([(0.0, 1.0, 0.5), (-2.0, 1.0, 0.5)], 100),
            ([(0.0, 1.0, 1.0)], 12),
            ([(-3.0, 0.5, 0.4), (1.0, 0.2, 0.6)], 400),
        ],
    )
    def test_the_interval_holds_numbers_drawn_from_the_curves(
        self, parts: list[tuple[float, float, float]], n_rows: int
    ) -> None:
        """Of 4,000 draws of a curve and then of each row, at least 90% are in it, and about half below.

        The interval is wider than the draws, as rows of a file do not quite follow its curve.
        """
        rng = np.random.default_rng(0)
        margins = rng.normal(1, 1.5, n_rows)
        drawn = rng.choice(len(parts), 4000, p=[weight for _, _, weight in parts])
        n_wrong = np.array(
            [(rng.random(n_rows) < odds(parts[one][0] + parts[one][1] * margins)).sum() for one in drawn]
        )

        found = curves_of(*parts).count_wrong(margins)

        assert ((n_wrong >= found.low) & (n_wrong <= found.high)).mean() >= found.level == 0.9
        assert found.mean == pytest.approx(n_wrong.mean(), rel=0.05)
        assert 0.4 < (n_wrong <= found.middle).mean() < 0.65

    def test_many_rows_are_counted_as_well(self) -> None:
        """50,000 rows at margins from -3 to 3: the mean of a symmetric curve is half of them."""
        found = curves_of((0, 1, 1)).count_wrong(np.linspace(-3, 3, 50_000))

        assert found.mean == pytest.approx(25_000, rel=1e-4)

    def test_many_rows_with_one_margin(self) -> None:
        """3,000 equal rows at even odds: half of them."""
        assert curves_of((0, 1, 1)).count_wrong(np.zeros(3000)).mean == pytest.approx(1500, rel=1e-3)

    @given(CURVES, st.lists(st.floats(-28, 28), max_size=60))
    @settings(max_examples=50)
    def test_numbers_are_in_order(self, parts: list[tuple[int, float]], margins: list[float]) -> None:
        """From 0 to the number of rows: low, middle, high; the mean is a number of rows, too."""
        found = mix(parts).count_wrong(np.array(margins))

        assert 0 <= found.low <= found.middle <= found.high <= found.n_rows == len(margins)
        assert 0 <= found.mean <= len(margins) + 1e-9


class TestKnownSets:
    """What a table of sets says of a file."""

    def test_where_all_were_wrong(self) -> None:
        """All 100 rows at margins from 2 to 2.5 were wrong, and none of 100 at -1 to -.5."""
        known = parse_known_sets([line("news", bin_8=(100, 100), bin_2=(100, 0))])

        found = odds(mix_curves(known, ANY).to_log_odds(np.array([-0.75, 2.25])))

        assert found[0] < 0.05
        assert found[1] > 0.95

    def test_the_share_that_was_wrong_at_a_margin(self) -> None:
        """30 of 100 rows at margins from 0 to .5, the only ones that were counted: there about .3."""
        known = parse_known_sets([line("news", bin_4=(100, 30))])

        assert odds(mix_curves(known, ANY).to_log_odds(np.array([0.25]))) == pytest.approx([0.3], abs=0.03)

    def test_a_large_set_counts_as_a_hundred_rows(self) -> None:
        """300 of 1,000 say what 30 of 100 say."""
        small, large = (parse_known_sets([line("news", bin_4=(n, n * 3 // 10))]).curves for n in (100, 1000))

        np.testing.assert_allclose(large, small)

    def test_a_small_set_counts_as_its_rows(self) -> None:
        """Three of ten rows say less than 30 of 100: at other margins than counted, doubt is less sure."""
        small, large = (
            parse_known_sets([line("news", bin_4=(n, n * 3 // 10))]).curves.max() for n in (10, 100)
        )

        assert small < large

    def test_a_set_without_counted_rows(self) -> None:
        """It says nothing: all curves are as probable."""
        (curves,) = parse_known_sets([line("news")]).curves

        np.testing.assert_allclose(curves, 1 / len(curves))

    FAR = SetFeatures(100, 0.6, 0.4, 0.3)

    def test_a_set_that_is_like_the_file_counts_more(self) -> None:
        """Of two sets, the curve is that of the one with the file's features."""
        known = known_sets(("near", ANY, find_curve(0, 1)), ("far", self.FAR, find_curve(-4, 1)))

        near = mix_curves(known, ANY).weights[find_curve(0, 1)]
        far = mix_curves(known, self.FAR).weights[find_curve(0, 1)]

        # four features, each of them two standard deviations apart: exp(-4 * 4 / 2) and the least weight
        least = np.exp(-8) + 0.001
        assert near == pytest.approx(1.001 / (1.001 + least))
        assert far == pytest.approx(least / (1.001 + least))

    def test_a_set_that_is_not_like_any_has_the_curves_of_all(self) -> None:
        """Far from both, each has the least weight, and half a say."""
        known = known_sets(("one", ANY, find_curve(0, 1)), ("other", ANY, find_curve(-4, 1)))

        found = mix_curves(known, self.FAR).weights

        assert found[find_curve(0, 1)] == found[find_curve(-4, 1)] == pytest.approx(0.5)

    def test_label_sets_of_the_same_rows_share_weight(self) -> None:
        """Four labellings of one set of rows weigh as two sets: 2 of 3, not 4 of 5."""
        same = [("same", ANY, find_curve(0, 1))] * 4
        known = known_sets(*same, ("other", ANY, find_curve(-4, 1)))

        assert mix_curves(known, ANY).weights[find_curve(0, 1)] == pytest.approx(2 / 3)

    def test_rows_that_are_left_out(self) -> None:
        """All labellings of these rows go."""
        known = parse_known_sets([line("news", "one"), line("mail"), line("news", "two")])

        left = known.leave_out("news")

        assert (left.names, left.rows) == (("mail one",), ("mail",))
        assert len(left.features) == len(left.curves) == 1

    @pytest.mark.parametrize(
        "features",
        [SetFeatures(2, 0.0, 0.0, 0.0), SetFeatures(1, 1.0, 1.0, 1.0), SetFeatures(1000, 0.5, 0.7, -0.3)],
        ids=["nothing", "all", "many classes"],
    )
    def test_any_file_has_curves(self, features: SetFeatures) -> None:
        """Shares of 0 and 1, one class, and less skill than by chance are no trouble."""
        weights = find_curves(features).weights

        assert (weights >= 0).all()
        assert weights.sum() == pytest.approx(1)

    def test_doubts_rise_with_margins_in_any_file(self) -> None:
        """By the table that comes with it, in a file of clear classes and in one of blurred ones."""
        clear, noisy = SetFeatures(3, 0.02, 0.0, 0.97), SetFeatures(3, 0.35, 0.25, 0.5)
        margins = np.array([0.0, 2.0, 6.0])

        for features in (clear, noisy):
            found = odds(find_curves(features).to_log_odds(margins))
            assert 0 < found[0] < found[1] < found[2] < 1

    def test_the_table_that_comes_with_it(self) -> None:
        """It has many label sets of many rows; each is named once, and its curves are probabilities."""
        known = read_known_sets()

        assert len(set(known.names)) == len(known.names) > 50
        assert len(set(known.rows)) > 20
        np.testing.assert_allclose(known.curves.sum(axis=1), 1)
        assert np.isfinite(known.features).all()


class TestCounts:
    """The rows of a known set are counted by margin."""

    def test_rows_are_counted_in_bins(self) -> None:
        """A margin of 0 begins bin 4, -3 and less is not counted, and 100 is in the last bin."""
        margins = np.array([-5.0, -3.0, -2.5, 0.0, 0.4, 100.0])
        is_wrong = np.array([True, True, False, True, False, True])

        n_rows, n_wrong = count_by_margin(margins, is_wrong)

        assert n_rows.tolist() == [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1]
        assert n_wrong.tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]

    def test_each_bin_has_a_margin_within_it(self) -> None:
        """Counted again, the middles are one a bin."""
        n_rows, _ = count_by_margin(list_bin_middles(), np.zeros(N_BINS, dtype=bool))

        assert n_rows.tolist() == [1] * N_BINS
