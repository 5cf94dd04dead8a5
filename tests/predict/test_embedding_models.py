import pickle

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from doubtcli.predict import embedding_models
from doubtcli.predict.embedding_models import (
    DiscriminantAnalysis,
    NearestDirection,
    NeighborVote,
    ShortLogisticRegression,
    Vectors,
)


def unit(rows):
    """The rows at length 1."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def linear(kind):
    """A linear model of these directions."""
    return lambda directions: kind(Vectors(directions), "embeddings")


def vote(directions):
    """The vote of neighbours, no two of which are equal."""
    return NeighborVote(directions, np.arange(len(directions)), "embeddings")


DISCRIMINANT, LOGISTIC = linear(DiscriminantAnalysis), linear(ShortLogisticRegression)
CENTROID = linear(NearestDirection)
ALL = pytest.mark.parametrize("make", [DISCRIMINANT, LOGISTIC, CENTROID, vote])


def scores_of(model, labels, folds, n_classes):
    """The scores of a model for each row."""
    return model.predict_out_of_fold(labels, folds, n_classes, 0)


@pytest.fixture
def rows():
    """Sixty directions in six dimensions, three classes that overlap, four folds."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    centres = rng.normal(size=(3, 6))
    return unit(centres[labels] + rng.normal(size=(60, 6))), labels, np.arange(60) % 4


def test_the_discriminant_equals_scikit_learn_fitted_fold_by_fold(rows):
    """Subtracting the sums of a fold gives the analysis that scikit-learn fits without the fold.

    Scikit-learn adds how common each class is, in log odds.
    """
    directions, labels, folds = rows

    scores = scores_of(DISCRIMINANT(directions), labels, folds, 3)

    for fold in range(4):
        train, test = folds != fold, folds == fold
        oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5)
        oracle.fit(directions[train].astype(np.float64), labels[train])
        expected = oracle.decision_function(directions[test]) - np.log(oracle.priors_)
        np.testing.assert_allclose(scores[test], expected, atol=1e-4)


def test_the_discriminant_of_two_classes_by_hand():
    """Of each class two rows, .1 apart along the second axis; means are 2 apart along the first.

    The spread is 0 along the first axis and .01 along the second. Half of each and half of their mean, .005,
    are .0025 and .0075. So the weights are (1, 0) / .0025 = 400 and -400, and both offsets -400 / 2 = -200.
    """
    fold = [[1, 0.1], [1, -0.1], [-1, 0.1], [-1, -0.1]]
    directions = np.array(fold * 2, dtype=np.float32)
    labels, folds = np.array([0, 0, 1, 1] * 2), np.repeat([0, 1], 4)

    scores = scores_of(DISCRIMINANT(directions), labels, folds, 2)

    np.testing.assert_allclose(scores[:4], [[200, -600]] * 2 + [[-600, 200]] * 2, rtol=1e-4)
    np.testing.assert_allclose(scores[4:], scores[:4])


def test_a_logistic_regression_that_runs_to_the_end_equals_scikit_learns(rows, monkeypatch):
    """With many steps it is scikit-learn's with `C` of 10, fitted fold by fold."""
    monkeypatch.setattr(embedding_models, "_STEPS", 300)
    directions, labels, folds = rows

    scores = scores_of(LOGISTIC(directions), labels, folds, 3)

    for fold in range(4):
        train, test = folds != fold, folds == fold
        oracle = LogisticRegression(C=10, tol=1e-9, max_iter=5_000).fit(directions[train], labels[train])
        expected = oracle.decision_function(directions[test])
        centred = scores[test] - scores[test].mean(axis=1, keepdims=True)
        np.testing.assert_allclose(centred, expected, atol=5e-3)


def test_a_logistic_regression_in_a_few_steps_is_near_the_end(rows):
    """After fifteen steps, it ranks the classes of nearly all rows as scikit-learn's does."""
    directions, labels, folds = rows

    scores = scores_of(LOGISTIC(directions), labels, folds, 3)

    for fold in range(4):
        train, test = folds != fold, folds == fold
        oracle = LogisticRegression(C=10).fit(directions[train], labels[train])
        assert (scores[test].argmax(axis=1) == oracle.predict(directions[test])).mean() > 0.9


def test_a_direction_is_compared_with_the_mean_of_each_class():
    """Class 0 points right and up in equal parts, class 1 to the left: right is at 45 degrees to class 0."""
    directions = np.array([[1, 0], [0, 1], [-1, 0]] * 2, dtype=np.float32)
    labels, folds = np.array([0, 0, 1] * 2), np.repeat([0, 1], 3)

    scores = scores_of(CENTROID(directions), labels, folds, 2)

    np.testing.assert_allclose(scores[0], [0.5**0.5, -1], rtol=1e-6)
    np.testing.assert_allclose(scores[3:], scores[:3])


def test_neighbors_in_other_folds_vote_by_their_cosine():
    """A row at 0 degrees has neighbours of class 0 at 0 degrees and of class 1 at 60: cosines of 1 and .5.

    Their votes weigh exp(10) and exp(5), so class 0 has a share of 1 / (1 + exp(-5)) = .99331.
    """
    places = np.radians([0, 0, 60])
    directions = np.column_stack([np.cos(places), np.sin(places)]).astype(np.float32)

    scores = scores_of(vote(directions), np.array([1, 0, 1]), np.array([0, 1, 1]), 2)

    np.testing.assert_allclose(scores[0], np.log([0.99331 + 0.02, 0.00669 + 0.02]), atol=1e-3)


def test_equal_rows_are_one_neighbor():
    """Of a row that is there three times, one is a neighbour: else copies would vote three times."""
    places = np.radians([0, 10, 10, 10, -10])
    directions = np.column_stack([np.cos(places), np.sin(places)]).astype(np.float32)
    model = NeighborVote(directions, np.array([0, 1, 1, 1, 2]), "embeddings")

    scores = scores_of(model, np.array([0, 0, 0, 0, 1]), np.array([0, 1, 1, 1, 1]), 2)

    assert scores[0, 0] == pytest.approx(scores[0, 1], abs=1e-5)


def test_a_row_without_a_vector_has_no_neighbors():
    """All classes score equally for a row of zeros."""
    directions = np.array([[0, 0], [1, 0], [0, 1], [-1, 0]], dtype=np.float32)

    scores = scores_of(vote(directions), np.array([0, 0, 1, 0]), np.arange(4) % 2, 2)

    assert scores[0, 0] == scores[0, 1]


def test_in_a_large_file_neighbors_are_looked_for_among_some_rows(rows, monkeypatch):
    """With a limit of 20 of 60 rows, and few distances at a time, classes are still found."""
    monkeypatch.setattr(embedding_models, "_MOST_COMPARED", 20)
    monkeypatch.setattr(embedding_models, "_MOST_AT_ONCE", 200)
    directions, labels, folds = rows

    scores = scores_of(vote(directions), labels, folds, 3)

    assert (scores.argmax(axis=1) == labels).mean() > 0.5


@ALL
def test_a_rows_own_label_does_not_reach_its_score(rows, make):
    """Flipping the label of a row changes no score of its fold."""
    directions, labels, folds = rows
    flipped = labels.copy()
    flipped[0] = (labels[0] + 1) % 3

    before, after = (scores_of(make(directions), given, folds, 3) for given in (labels, flipped))

    np.testing.assert_allclose(before[folds == 0], after[folds == 0], atol=1e-4)
    assert not np.allclose(before[folds != 0], after[folds != 0], atol=1e-4)


@ALL
def test_a_class_without_training_rows_is_never_likeliest(rows, make):
    """All rows of class 2 are in the fold that is left out."""
    directions, labels, folds = rows
    folds = np.where(labels == 2, 0, folds)

    scores = scores_of(make(directions), labels, folds, 3)

    assert np.isfinite(scores).all()
    assert (scores[folds == 0].argmax(axis=1) != 2).all()


@ALL
@pytest.mark.parametrize(
    "rows_like",
    [
        np.zeros_like,
        lambda rows: np.repeat(rows[:1], len(rows), axis=0),
        lambda rows: np.column_stack([rows, np.ones(len(rows))]),
        lambda rows: np.tile(rows, 20) / 20**0.5,
        lambda rows: rows[:, :1],
    ],
    ids=["missing", "equal", "constant-column", "more-columns-than-rows", "one-column"],
)
def test_odd_vectors_give_finite_scores(rows, make, rows_like):
    """Nothing divides by a spread of 0, and no matrix is without an inverse."""
    directions, labels, folds = rows

    scores = scores_of(make(rows_like(directions).astype(np.float32)), labels, folds, 3)

    assert scores.shape == (60, 3)
    assert np.isfinite(scores).all()


@ALL
def test_parts_of_the_rows_add_up(rows, make, monkeypatch):
    """With seven rows in memory at a time, scores are the same."""
    directions, labels, folds = rows
    whole = scores_of(make(directions), labels, folds, 3)
    monkeypatch.setattr(embedding_models, "_PART", 7)
    monkeypatch.setattr(embedding_models, "_MOST_AT_ONCE", 7 * 60)

    np.testing.assert_allclose(scores_of(make(directions), labels, folds, 3), whole, atol=1e-3)


@ALL
def test_a_model_can_be_sent_to_another_process(rows, make):
    """A pickled copy gives the same scores, to the bit."""
    directions, labels, folds = rows
    model = make(directions)
    expected = scores_of(model, labels, folds, 3)

    np.testing.assert_array_equal(scores_of(pickle.loads(pickle.dumps(model)), labels, folds, 3), expected)
