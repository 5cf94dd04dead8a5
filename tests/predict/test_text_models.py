import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.naive_bayes import ComplementNB

from doubtcli.predict import text_models
from doubtcli.predict.text_models import (
    complement_naive_bayes_on_spelling,
    complement_naive_bayes_on_words,
    nearest_centroid_on_spelling,
    nearest_centroid_on_words,
    ridge_on_spelling,
)
from doubtcli.records import TextFeatures


@pytest.fixture
def features():
    """Random sparse features with labels and folds."""
    rng = np.random.default_rng(0)
    words = sparse.random(40, 12, density=0.4, random_state=1, dtype=np.float32, format="csr")
    tokens = sparse.random(40, 9, density=0.5, random_state=2, dtype=np.float32, format="csr")
    spelling = sparse.random(9, 15, density=0.5, random_state=3, dtype=np.float32, format="csr")
    labels = rng.integers(0, 3, 40)
    return TextFeatures(words, tokens, spelling), labels, np.arange(40) % 4


@pytest.mark.parametrize(
    ("model", "matrix"),
    [
        (complement_naive_bayes_on_words, lambda features: features.words),
        (complement_naive_bayes_on_spelling, lambda features: features.tokens @ features.spelling),
    ],
)
def test_complement_naive_bayes_equals_scikit_learn_fitted_fold_by_fold(features, model, matrix):
    """Subtracting a fold's sums gives the very model that scikit-learn fits without the fold."""
    text, labels, folds = features

    scores = model(text, labels, folds, 3)

    design = matrix(text)
    for fold in range(4):
        train, test = folds != fold, folds == fold
        oracle = ComplementNB(alpha=text_models._SMOOTHING).fit(design[train], labels[train])
        np.testing.assert_allclose(scores[test], oracle.predict_joint_log_proba(design[test]), rtol=1e-4)


@pytest.mark.parametrize(
    ("model", "matrix"),
    [
        (nearest_centroid_on_words, lambda features: features.words),
        (nearest_centroid_on_spelling, lambda features: features.tokens @ features.spelling),
    ],
)
def test_centroids_rank_classes_as_scikit_learns_cosines_do(features, model, matrix):
    """Each row's score is its length times scikit-learn's cosine to the class means of the other folds."""
    text, labels, folds = features

    scores = model(text, labels, folds, 3)

    design = matrix(text).toarray()
    lengths = np.linalg.norm(design, axis=1, keepdims=True)
    for fold in range(4):
        train, test = folds != fold, folds == fold
        means = np.stack([design[train & (labels == code)].mean(axis=0) for code in range(3)])
        oracle = cosine_similarity(design[test], means) * lengths[test]
        np.testing.assert_allclose(scores[test], oracle, atol=1e-5)


def test_a_class_that_no_other_fold_has_is_like_nothing(features):
    """Its mean text is empty, and so is every likeness to it."""
    text, labels, folds = features

    scores = nearest_centroid_on_words(text, np.where(folds == 0, 2, labels % 2), folds, 3)

    np.testing.assert_array_equal(scores[folds == 0, 2], 0)


@pytest.mark.parametrize("with_table", [False, True])
def test_ridge_equals_scikit_learn_fitted_fold_by_fold(features, with_table, monkeypatch):
    """Solved to the end, the factored ridge is scikit-learn's on the product and the table side by side."""
    monkeypatch.setattr(text_models, "_TOLERANCE", 1e-7)
    monkeypatch.setattr(text_models, "_MOST_STEPS", 500)
    text, labels, folds = features
    dense = np.random.default_rng(5).normal(size=(40, 4)).astype(np.float32) if with_table else None

    scores = ridge_on_spelling(text, dense, labels, folds, 3)

    design = (text.tokens @ text.spelling).toarray()
    if dense is not None:
        design = np.hstack([design, dense / 2])  # 2 is the square root of its four columns
    targets = np.where(np.eye(3)[labels] == 1, 1.0, -1.0)
    for fold in range(4):
        train, test = folds != fold, folds == fold
        mean = targets[train].mean(axis=0)
        oracle = Ridge(alpha=1.0, fit_intercept=False).fit(design[train], targets[train] - mean)
        np.testing.assert_allclose(scores[test], oracle.predict(design[test]) + mean, atol=1e-3)


@pytest.mark.parametrize(
    "model",
    [
        complement_naive_bayes_on_words,
        complement_naive_bayes_on_spelling,
        lambda text, *fit: ridge_on_spelling(text, None, *fit),
    ],
)
def test_a_rows_own_label_does_not_reach_its_score(features, model):
    """Out of fold: flipping a row's label changes no score of its fold."""
    text, labels, folds = features
    flipped = labels.copy()
    flipped[0] = (labels[0] + 1) % 3

    before, after = (model(text, given, folds, 3) for given in (labels, flipped))

    np.testing.assert_allclose(before[folds == folds[0]], after[folds == folds[0]], atol=1e-5)
    assert not np.allclose(before[folds != folds[0]], after[folds != folds[0]], atol=1e-5)
