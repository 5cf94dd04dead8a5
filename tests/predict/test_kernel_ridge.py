import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge as ScikitKernelRidge
from sklearn.metrics import pairwise_distances

from doubtcli.predict.kernel_ridge import KernelRidge
from doubtcli.predict.table_models import LinearModel


@pytest.fixture
def rings():
    """Three classes that no line separates, with labels and folds."""
    rng = np.random.default_rng(3)
    dense = rng.normal(size=(240, 3)).astype(np.float32)
    labels = np.digitize((dense**2).sum(axis=1), [1.5, 4.0])
    return dense, labels, rng.integers(0, 4, 240)


def test_it_equals_scikit_learn_fitted_fold_by_fold(rings):
    """The kernel is as wide as the median distance; targets are 1 and -1, less their mean."""
    dense, labels, folds = rings

    scores = KernelRidge(dense).predict_out_of_fold(labels, folds, 3, 0)

    distances = pairwise_distances(dense.astype(np.float64))
    gamma = 1 / np.median(distances[distances > 0] ** 2)
    targets = np.where(np.eye(3)[labels] == 1, 1.0, -1.0)
    for fold in range(4):
        train, test = folds != fold, folds == fold
        mean = targets[train].mean(axis=0)
        oracle = ScikitKernelRidge(alpha=0.3, kernel="rbf", gamma=gamma)
        oracle.fit(dense[train], targets[train] - mean)
        np.testing.assert_allclose(scores[test], oracle.predict(dense[test]) + mean, atol=1e-3)


def test_a_rows_own_label_does_not_reach_its_score(rings):
    """Another label of a row changes no score of its fold, not even in the last bit."""
    dense, labels, folds = rings
    changed = labels.copy()
    changed[0] = (labels[0] + 1) % 3

    before, after = (KernelRidge(dense).predict_out_of_fold(one, folds, 3, 0) for one in (labels, changed))

    np.testing.assert_array_equal(before[folds == folds[0]], after[folds == folds[0]])
    assert not np.array_equal(before, after)


def test_it_predicts_what_a_linear_model_can_not(rings):
    """Of three rings, it predicts three labels in four, and a linear model about half of them."""
    dense, labels, folds = rings
    kernel, linear = KernelRidge(dense), LinearModel(dense)

    predicted = [m.predict_out_of_fold(labels, folds, 3, 0).argmax(axis=1) for m in (kernel, linear)]

    assert (predicted[0] == labels).mean() > 0.75
    assert (predicted[1] == labels).mean() < 0.6


def test_many_rows_are_predicted_from_some_of_them(rings, monkeypatch):
    """With 60 landmarks for 240 rows, in parts of 50 rows, most labels are predicted."""
    monkeypatch.setattr("doubtcli.predict.kernel_ridge._LANDMARKS", 60)
    monkeypatch.setattr("doubtcli.predict.kernel_ridge._PART", 50)
    dense, labels, folds = rings

    scores = KernelRidge(dense).predict_out_of_fold(labels, folds, 3, 0)

    assert (scores.argmax(axis=1) == labels).mean() > 0.7


def test_the_size_of_a_part_does_not_matter(rings, monkeypatch):
    """In parts of 50 rows, the scores are as with all rows at once."""
    dense, labels, folds = rings
    at_once = KernelRidge(dense).predict_out_of_fold(labels, folds, 3, 0)
    monkeypatch.setattr("doubtcli.predict.kernel_ridge._PART", 50)

    in_parts = KernelRidge(dense).predict_out_of_fold(labels, folds, 3, 0)

    np.testing.assert_allclose(in_parts, at_once, atol=1e-6)


def test_equal_rows_have_equal_scores():
    """Where all rows are equal, each score is the mean target of the other fold: 2 of 3 are class 0."""
    labels, folds = np.array([0, 0, 1, 0, 0, 1]), np.array([0, 0, 0, 1, 1, 1])

    scores = KernelRidge(np.ones((6, 2), dtype=np.float32)).predict_out_of_fold(labels, folds, 2, 0)

    np.testing.assert_allclose(scores, np.tile([1 / 3, -1 / 3], (6, 1)), atol=1e-9)


def test_rows_that_are_nearly_equal_can_be_landmarks():
    """Rows that differ by a ten-thousandth have nearly the same kernel, and are predicted alike."""
    dense = np.linspace(0, 0.01, 100, dtype=np.float32)[:, None]
    labels = np.arange(100) // 50

    scores = KernelRidge(dense).predict_out_of_fold(labels, np.arange(100) % 4, 2, 0)

    assert (scores.argmax(axis=1) == labels).mean() > 0.95


def test_a_large_table_is_learned_from_a_sample(rings, monkeypatch):
    """With at most 120 rows in four folds, it learns from 30 of each, and most labels are predicted."""
    monkeypatch.setattr("doubtcli.predict.kernel_ridge.MOST_TREE_ROWS", 120)
    dense, labels, folds = rings
    own = np.flatnonzero(folds == 1)
    changed = labels.copy()
    changed[own[1]] = (labels[own[1]] + 1) % 3  # not in the sample, which has about every second row

    before, after = (KernelRidge(dense).predict_out_of_fold(one, folds, 3, 0) for one in (labels, changed))

    np.testing.assert_array_equal(before, after)
    assert (before.argmax(axis=1) == labels).mean() > 0.6
