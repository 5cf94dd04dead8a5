from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from doubtcli.compare import score
from doubtcli.compare.score import FEWEST_JUDGED, TwiceLabelled, count_splits, explain_unfit, score_labels
from doubtcli.features.table import TableBlock
from doubtcli.features.text import make_text_block
from doubtcli.predict.engine import ThreadEngine, limit_native_threads
from doubtcli.records import Features
from doubtcli.settings import ScanSettings

SETTINGS = ScanSettings(path="rows.csv", seed=3, folds=5, repeats=2)
ENGINE = ThreadEngine(2)
N_ROWS = 240


@pytest.fixture(autouse=True)
def one_thread():
    """One thread, as in the pipeline."""
    with limit_native_threads():
        yield


def quiet(steps):
    """Ignore progress."""


def blobs(n_rows=N_ROWS, *, seed=0, apart=1.2):
    """Points of three classes that overlap a little, and their true labels."""
    rng = np.random.default_rng(seed)
    true = np.arange(n_rows) % 3
    centres = np.array([[0, 0, 0, 0], [2, 0, 1, 0], [0, 2, 0, 1]]) * apart
    return (centres[true] + rng.normal(size=(n_rows, 4))).astype(np.float32), true


def flipped(true, share, seed):
    """The labels with a share of them replaced by another class."""
    rng = np.random.default_rng(seed)
    labels, rows = true.copy(), rng.choice(len(true), int(share * len(true)), replace=False)
    labels[rows] = (labels[rows] + rng.integers(1, 3, len(rows))) % 3
    return labels


def rows(before, after, points, together=None):
    """Points with two sets of labels; without `together` each is held out by itself."""
    together = np.arange(len(points)) if together is None else together
    return TwiceLabelled(Features((TableBlock(points),)), before, after, 3, together)


@pytest.fixture
def two_splits(monkeypatch):
    """Rows are split into folds twice, not ten times: enough where the number makes no difference."""
    monkeypatch.setattr(score, "count_splits", lambda _: 2)


def confused(true):
    """The labels with half of the first class taken for the second."""
    labels = true.copy()
    labels[np.flatnonzero(true == 0)[::2]] = 1
    return labels


class TestWhatIsMeasured:
    """Labels from which a model learns more have a higher score."""

    def test_errors_taken_back(self):
        """If half of a class had the label of another and is corrected, a model predicts more."""
        points, true = blobs()

        found = score_labels(rows(confused(true), true, points), SETTINGS, ENGINE, quiet)

        assert found.accuracy.low > 0
        assert found.balanced_accuracy.low > 0
        assert found.accuracy.before < found.accuracy.after

    def test_easier_to_learn_is_not_right(self):
        """If right labels that a linear model can't learn are changed to its suggestions, it predicts more.

        So a gain alone does not show that the changes are right.
        """
        rng = np.random.default_rng(0)
        points = rng.normal(size=(1000, 3)).astype(np.float32)
        true = (points[:, 0] + rng.normal(scale=0.5, size=1000) > 0).astype(int)
        true[(points[:, 0] > 0.8) & (points[:, 1] > 0)] = 0
        suggested = LogisticRegression().fit(points, true).predict_proba(points)
        hardest = np.argsort(suggested[np.arange(1000), true])[:100]
        after = true.copy()
        after[hardest] = suggested[hardest].argmax(axis=1)

        found = score_labels(
            TwiceLabelled(Features((TableBlock(points),)), true, after, 2, np.arange(1000)),
            SETTINGS,
            ENGINE,
            quiet,
        )

        assert (after[hardest] != true[hardest]).all()
        assert found.accuracy.low > 0

    @pytest.mark.usefixtures("two_splits")
    def test_errors_put_in(self):
        """With before and after swapped it predicts fewer, by the same figures."""
        points, true = blobs()
        wrong = confused(true)

        there = score_labels(rows(wrong, true, points), SETTINGS, ENGINE, quiet).accuracy
        back = score_labels(rows(true, wrong, points), SETTINGS, ENGINE, quiet).accuracy

        assert (back.before, back.after) == (there.after, there.before)
        assert (back.low, back.high) == pytest.approx((-there.high, -there.low))

    def test_only_rows_whose_label_stayed_judge(self):
        """Rows that changed are used to train, but not to test."""
        points, true = blobs()

        found = score_labels(rows(flipped(true, 0.25, seed=1), true, points), SETTINGS, ENGINE, quiet)

        assert (found.n_trained, found.n_judged) == (240, 180)

    @pytest.mark.usefixtures("two_splits")
    def test_no_gain(self):
        """If labels are replaced by others with as much noise, most of the intervals contain 0."""
        held = 0
        for seed in range(20):
            points, true = blobs(seed=seed)
            one, other = flipped(true, 0.2, seed), flipped(true, 0.2, seed + 1000)
            found = score_labels(
                rows(one, other, points), replace(SETTINGS, repeats=1), ENGINE, quiet
            ).accuracy
            held += found.low <= 0 <= found.high

        assert held >= 16

    @pytest.mark.usefixtures("two_splits")
    def test_equal_labels(self):
        """The same labels twice have the same score, and an interval of 0."""
        points, true = blobs()

        found = score_labels(rows(true, true, points), SETTINGS, ENGINE, quiet).accuracy

        assert (found.difference, found.low, found.high) == (0, 0, 0)


class TestHow:
    """The same model, folds and seed on either side."""

    def test_the_model_of_a_table(self):
        """Without texts the plain model is logistic regression."""
        points, true = blobs()

        found = score_labels(rows(flipped(true, 0.1, 1), true, points), SETTINGS, ENGINE, quiet)

        assert (found.model, found.n_folds, found.n_repeats) == ("logistic regression", 5, 10)

    def test_the_model_of_texts(self):
        """With texts it is ridge regression on character n-grams."""
        texts = [f"{('apple', 'saw', 'lake')[row % 3]} {row}" for row in range(90)]
        true = np.arange(90) % 3
        features = Features((make_text_block(texts),))
        twice = TwiceLabelled(features, flipped(true, 0.2, 1), true, 3, np.arange(90))

        found = score_labels(twice, SETTINGS, ENGINE, quiet)

        assert found.model == "ridge regression on spelling"
        assert found.accuracy.after == 1

    @pytest.mark.parametrize(
        ("n_rows", "expected"), [(30, 10), (2_000, 10), (5_000, 4), (10_000, 2), (1_000_000, 2)]
    )
    def test_splits(self, n_rows, expected):
        """Few rows are split into folds ten times, many twice: 20,000 rows in all, or two splits."""
        assert count_splits(n_rows) == expected

    @pytest.mark.usefixtures("two_splits")
    def test_two_groups(self):
        """Two groups make two folds."""
        points, true = blobs()
        twice = rows(flipped(true, 0.1, 1), true, points, together=np.arange(N_ROWS) % 2)

        assert score_labels(twice, SETTINGS, ENGINE, quiet).n_folds == 2

    def test_progress(self):
        """Progress is reported for both trainings, in each of ten splits."""
        points, true = blobs()
        steps = []

        score_labels(rows(flipped(true, 0.1, 1), true, points), SETTINGS, ENGINE, steps.append)

        assert steps == [1] * 20

    @pytest.mark.usefixtures("two_splits")
    def test_duplicates_count_as_one(self):
        """Ten copies of each row don't make the interval narrower: duplicates are resampled together."""
        points, true = blobs(90)
        before = flipped(true, 0.3, 1)

        once = score_labels(rows(before, true, points), SETTINGS, ENGINE, quiet).accuracy
        copies = [np.repeat(array, 10, axis=0) for array in (before, true, points, np.arange(90))]
        ten = score_labels(rows(*copies), SETTINGS, ENGINE, quiet).accuracy

        assert ten.high - ten.low > 0.6 * (once.high - once.low)

    @pytest.mark.usefixtures("two_splits")
    def test_same_figures(self):
        """The same rows give the same figures."""
        points, true = blobs()
        twice = rows(flipped(true, 0.1, 1), true, points)

        assert score_labels(twice, SETTINGS, ENGINE, quiet) == score_labels(twice, SETTINGS, ENGINE, quiet)


class TestGains:
    """Accuracies and intervals computed by hand."""

    def test_shares(self):
        """Four rows of one class and one of another: one in five, and one half of the classes."""
        right = np.array([[[0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]], dtype=bool)

        accuracy, balanced = score._measure_gains(right, np.array([0, 0, 0, 0, 1]), np.arange(5), 0)

        assert (accuracy.before, accuracy.after, accuracy.difference) == (0, 0.2, 0.2)
        assert (balanced.before, balanced.after) == (0, 0.5)

    def test_interval_of_one_class(self):
        """Of 100 rows 20 more are right: the interval is the binomial's, 20% less and more 1.645 times 4%."""
        right = np.array([[np.zeros(100), np.arange(100) < 20]], dtype=bool)

        accuracy, balanced = score._measure_gains(right, np.zeros(100, dtype=int), np.arange(100), 0)

        assert (accuracy.low, accuracy.high) == pytest.approx((0.134, 0.266), abs=0.011)
        assert balanced == accuracy

    def test_sums_that_are_not_quite_zero(self):
        """Gains and losses in the splits that add up to 0 are exactly 0."""
        none, some, more = np.zeros(4), np.array([0, 1, 0, 0]), np.array([1, 1, 0, 0])
        right = np.array([[none, none], [some[::-1], some], [more[::-1], more]], dtype=bool)

        for one in (right, right[:, ::-1]):
            accuracy, _ = score._measure_gains(one, np.zeros(4, dtype=int), np.zeros(4, dtype=int), 0)

            assert (accuracy.difference, accuracy.low, accuracy.high) == (0, 0, 0)

    def test_splits_that_differ(self):
        """If one of two splits gains on every row and the other on none, the interval is from 0 to 1."""
        none, all_ = np.zeros(50, dtype=bool), np.ones(50, dtype=bool)

        accuracy, _ = score._measure_gains(
            np.array([[none, none], [none, all_]]), np.zeros(50, dtype=int), np.arange(50), 0
        )

        assert (accuracy.difference, accuracy.low, accuracy.high) == (0.5, 0, 1)

    def test_a_class_that_was_not_drawn(self):
        """In a resample without one of the classes, the mean is over the others."""
        right = np.array([[[0, 0], [1, 1]]], dtype=bool)

        accuracy, balanced = score._measure_gains(right, np.array([0, 2]), np.arange(2), 0)

        assert accuracy == balanced
        assert (balanced.low, balanced.high) == (1, 1)

    def test_numbers_of_groups_may_have_gaps(self):
        """The numbers of the groups make no difference."""
        right = np.array([[np.zeros(30), np.arange(30) % 2]], dtype=bool)
        labels, groups = np.arange(30) % 3, np.arange(30)

        assert score._measure_gains(right, labels, groups, 0) == score._measure_gains(
            right, labels, groups * 7 + 5, 0
        )


class TestWhyNot:
    """Why labels can't be compared."""

    def test_nothing_changed(self):
        """From equal labels a model learns the same."""
        assert explain_unfit(np.arange(50) % 2, np.arange(50) % 2)

    @pytest.mark.parametrize(("n_stayed", "is_enough"), [(29, False), (30, True)])
    def test_too_few_judges(self, n_stayed, is_enough):
        """Thirty rows that kept their label are enough, 29 are not, and their number is in the text."""
        before = np.zeros(40, dtype=int)
        after = (np.arange(40) >= n_stayed).astype(int)

        why = explain_unfit(before, after)

        assert (why == "") is is_enough
        assert is_enough or (str(n_stayed) in why and str(FEWEST_JUDGED) in why)

    def test_no_rows(self):
        """Without common rows nothing changed."""
        empty = np.array([], dtype=int)

        assert explain_unfit(empty, empty)
