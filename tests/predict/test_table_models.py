import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from doubtcli.predict.table_models import ExtraTrees, GradientBoosting, LinearModel


@pytest.fixture(autouse=True)
def cheap_models(monkeypatch):
    """One thread and twenty trees are enough for such small tables."""
    monkeypatch.setattr("doubtcli.predict.table_models._VOTES", 12)
    with threadpool_limits(1, user_api="openmp"):
        yield


@pytest.fixture
def blobs():
    """Two classes three standard deviations apart, with labels and folds."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    dense = (rng.normal(size=(60, 2)) + 3 * labels[:, None]).astype(np.float32)
    return dense, labels, np.arange(60) // 2 % 3


@pytest.mark.parametrize("model", [LinearModel, ExtraTrees, GradientBoosting])
def test_classes_that_are_far_apart_are_predicted(blobs, model):
    """For two blobs three standard deviations apart, nearly all labels are predicted."""
    dense, labels, folds = blobs

    scores = model(dense).predict_out_of_fold(labels, folds, 2, 0)

    assert (scores.argmax(axis=1) == labels).mean() > 0.9


@pytest.mark.parametrize("model", [LinearModel, ExtraTrees, GradientBoosting])
def test_a_rows_own_label_does_not_reach_its_score(blobs, model):
    """Flipping the label of a row changes no score of its fold."""
    dense, labels, folds = blobs
    flipped = labels.copy()
    flipped[0] = 1

    before, after = (model(dense).predict_out_of_fold(given, folds, 2, 0) for given in (labels, flipped))

    np.testing.assert_array_equal(before[folds == 0], after[folds == 0])


def test_boosting_equals_scikit_learn_fitted_fold_by_fold():
    """It has twenty rounds of small trees; .01 is added to the probabilities, as 0 has no logarithm."""
    rng = np.random.default_rng(1)
    labels, folds = np.arange(150) % 3, np.arange(150) // 3 % 2
    dense = (rng.normal(size=(150, 4)) + labels[:, None]).astype(np.float32)

    scores = GradientBoosting(dense).predict_out_of_fold(labels, folds, 3, 5)

    for fold in range(2):
        train, test = folds != fold, folds == fold
        oracle = HistGradientBoostingClassifier(
            max_iter=20, learning_rate=0.15, max_leaf_nodes=15, max_bins=63, random_state=5
        )
        probs = oracle.fit(dense[train], labels[train]).predict_proba(dense[test])
        np.testing.assert_allclose(scores[test], np.log(probs + 0.01), rtol=1e-5)


def test_the_linear_model_is_scikit_learns_default():
    """It is a logistic regression with `C=1`; .01 is added to the probabilities."""
    rng = np.random.default_rng(2)
    labels, folds = np.arange(90) % 3, np.arange(90) // 3 % 2
    dense = (rng.normal(size=(90, 4)) + labels[:, None]).astype(np.float32)

    scores = LinearModel(dense).predict_out_of_fold(labels, folds, 3, 0)

    for fold in range(2):
        train, test = folds != fold, folds == fold
        probs = LogisticRegression(max_iter=200).fit(dense[train], labels[train]).predict_proba(dense[test])
        np.testing.assert_allclose(scores[test], np.log(probs + 0.01), atol=1e-3)


def test_a_class_that_the_training_rows_lack_is_unlikely():
    """Where only one class is left to learn from, it gets all of the probability."""
    dense = np.zeros((4, 1), dtype=np.float32)
    labels = np.array([0, 0, 1, 1])

    scores = LinearModel(dense).predict_out_of_fold(labels, labels, 2, 0)

    assert (scores.argmax(axis=1) == 1 - labels).all()


def test_trees_of_large_tables_are_grown_on_a_sample(blobs, monkeypatch):
    """In a larger table each tree has a part of the rows, and still separates the classes."""
    monkeypatch.setattr("doubtcli.predict.table_models.MOST_TREE_ROWS", 30)
    dense, labels, folds = blobs

    scores = ExtraTrees(dense).predict_out_of_fold(labels, folds, 2, 0)

    assert (scores.argmax(axis=1) == labels).mean() > 0.9


def test_each_row_is_judged_by_trees_that_did_not_see_its_fold():
    """Of five folds each tree learns two: a class that only one fold has is never predicted there."""
    folds = np.arange(100) % 5
    labels = np.where(folds == 3, 1, 0)
    dense = labels[:, None].astype(np.float32)

    scores = ExtraTrees(dense).predict_out_of_fold(labels, folds, 2, 0)

    # .01 is added to the probabilities
    np.testing.assert_allclose(np.exp(scores[folds == 3]), [[1.01, 0.01]] * 20, rtol=1e-5)


def test_large_tables_are_split_in_two(blobs, monkeypatch):
    """With more rows than 10,000 (here 50), each fit learns from one half and judges the other."""
    dense, labels, _ = blobs
    folds = np.arange(60) // 2 % 4
    monkeypatch.setattr("doubtcli.predict.table_models.MANY_ROWS", 50)

    scores = LinearModel(dense).predict_out_of_fold(labels, folds, 2, 0)

    halves = LinearModel(dense).predict_out_of_fold(labels, folds // 2, 2, 0)
    np.testing.assert_array_equal(scores, halves)
    assert (scores.argmax(axis=1) == labels).mean() > 0.9


def test_boosting_is_fitted_to_a_sample_of_large_tables(blobs, monkeypatch):
    """With two columns, two classes and at most 80, it learns from 20 rows of 30, not from the third."""
    dense, labels, _ = blobs
    folds = np.arange(60) // 2 % 2
    monkeypatch.setattr("doubtcli.predict.table_models.MANY_ROWS", 50)
    monkeypatch.setattr("doubtcli.predict.table_models._MANY_BOOSTED", 100)
    monkeypatch.setattr("doubtcli.predict.table_models._MOST_BOOSTED", 80)
    flipped = labels.copy()
    flipped[np.flatnonzero(folds == 1)[2]] ^= 1

    scores, again = (
        GradientBoosting(dense).predict_out_of_fold(one, folds, 2, 0) for one in (labels, flipped)
    )

    np.testing.assert_array_equal(scores[folds == 0], again[folds == 0])


def test_trees_predict_in_parts_what_they_predict_at_once(blobs, monkeypatch):
    """Rows are predicted in parts, so that memory is bounded; the scores are the same."""
    dense, labels, folds = blobs
    at_once = ExtraTrees(dense).predict_out_of_fold(labels, folds, 2, 0)
    monkeypatch.setattr("doubtcli.predict.table_models._MOST_AT_ONCE", 14)

    in_parts = ExtraTrees(dense).predict_out_of_fold(labels, folds, 2, 0)

    np.testing.assert_array_equal(in_parts, at_once)
