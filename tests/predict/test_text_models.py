from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.naive_bayes import ComplementNB

from doubtcli.features.text import make_text_block
from doubtcli.predict import text_models
from doubtcli.predict.text_models import ComplementNaiveBayes, NearestCentroid, Ngrams


@dataclass(frozen=True)
class Texts:
    """The features of texts."""

    words: Any
    tokens: Any
    spelling: Any


def on_words(model):
    """The model on words and pairs of words."""
    return lambda text: model(Ngrams(text.words), "words")


def on_spelling(model):
    """The model on character n-grams."""
    return lambda text: model(Ngrams(text.tokens, text.spelling), "spelling")


BAYES_ON_WORDS, BAYES_ON_SPELLING = on_words(ComplementNaiveBayes), on_spelling(ComplementNaiveBayes)
CENTROID_ON_WORDS, CENTROID_ON_SPELLING = on_words(NearestCentroid), on_spelling(NearestCentroid)


def scores_of(model, labels, folds, n_classes):
    """The scores of a model for each row."""
    return model.predict_out_of_fold(labels, folds, n_classes, 0)


@pytest.fixture
def features():
    """Random sparse features with labels and folds."""
    rng = np.random.default_rng(0)
    words = sparse.random(40, 12, density=0.4, random_state=1, dtype=np.float32, format="csr")
    tokens = sparse.random(40, 9, density=0.5, random_state=2, dtype=np.float32, format="csr")
    spelling = sparse.random(9, 15, density=0.5, random_state=3, dtype=np.float32, format="csr")
    labels = rng.integers(0, 3, 40)
    return Texts(words, tokens, spelling), labels, np.arange(40) % 4


@pytest.mark.parametrize(
    ("model", "matrix"),
    [
        (BAYES_ON_WORDS, lambda features: features.words),
        (BAYES_ON_SPELLING, lambda features: features.tokens @ features.spelling),
    ],
)
def test_complement_naive_bayes_equals_scikit_learn_fitted_fold_by_fold(features, model, matrix):
    """Subtracting the sums of a fold gives the model that scikit-learn fits without the fold."""
    text, labels, folds = features

    scores = scores_of(model(text), labels, folds, 3)

    design = matrix(text)
    for fold in range(4):
        train, test = folds != fold, folds == fold
        oracle = ComplementNB(alpha=text_models._SMOOTHING).fit(design[train], labels[train])
        np.testing.assert_allclose(scores[test], oracle.predict_joint_log_proba(design[test]), rtol=1e-4)


@pytest.mark.parametrize(
    ("model", "matrix"),
    [
        (CENTROID_ON_WORDS, lambda features: features.words),
        (CENTROID_ON_SPELLING, lambda features: features.tokens @ features.spelling),
    ],
)
def test_centroids_are_the_means_of_all_other_folds(features, model, matrix):
    """Scores are scikit-learn's cosines to each class's mean text, times the text's own length."""
    text, labels, folds = features

    scores = scores_of(model(text), labels, folds, 3)

    design = matrix(text).toarray()
    for fold in range(4):
        train, test = folds != fold, folds == fold
        means = [design[train & (labels == label)].mean(axis=0) for label in range(3)]
        lengths = np.linalg.norm(design[test], axis=1, keepdims=True)
        np.testing.assert_allclose(
            scores[test], lengths * cosine_similarity(design[test], means), atol=1e-6, rtol=1e-5
        )


def test_a_text_is_compared_with_the_mean_of_each_class():
    """Class 0 has "lost" and "found" in equal parts, class 1 has "blue": "lost" is at 45 degrees to class 0.

    Each fold has one text of each word, so that all words have the same weight.
    """
    features = make_text_block(["lost", "found", "blue"] * 2)
    labels, folds = np.array([0, 0, 1] * 2), np.repeat([0, 1], 3)

    scores = scores_of(CENTROID_ON_WORDS(features), labels, folds, 2)

    np.testing.assert_allclose(scores[:3], [[0.5**0.5, 0], [0.5**0.5, 0], [0, 1]], rtol=1e-5)
    np.testing.assert_allclose(scores[3:], scores[:3], rtol=1e-5)


@pytest.mark.parametrize("model", [CENTROID_ON_WORDS, CENTROID_ON_SPELLING])
def test_scores_do_not_depend_on_how_common_a_class_is(features, model):
    """With five copies of each text of class 0, in the same fold, no score changes."""
    text, labels, folds = features
    rows = np.repeat(np.arange(40), np.where(labels == 0, 5, 1))
    more = Texts(text.words[rows], text.tokens[rows], text.spelling)

    before, after = (
        scores_of(model(text), labels, folds, 3),
        scores_of(model(more), labels[rows], folds[rows], 3),
    )

    np.testing.assert_allclose(after, before[rows], rtol=1e-5)


@pytest.mark.parametrize("model", [CENTROID_ON_WORDS, CENTROID_ON_SPELLING])
def test_a_class_without_training_rows_scores_0(features, model):
    """All rows of class 2 are in the fold that is left out."""
    text, _, _ = features
    labels = np.where(np.arange(40) < 5, 2, np.arange(40) % 2)
    folds = np.where(np.arange(40) < 10, 0, 1)

    scores = scores_of(model(text), labels, folds, 3)

    assert (scores[:10, 2] == 0).all()
    assert (scores[10:, 2] > 0).any()


@pytest.mark.parametrize(
    "model",
    [BAYES_ON_WORDS, BAYES_ON_SPELLING, CENTROID_ON_WORDS, CENTROID_ON_SPELLING],
)
def test_a_rows_own_label_does_not_reach_its_score(features, model):
    """Flipping the label of a row changes no score of its fold."""
    text, labels, folds = features
    flipped = labels.copy()
    flipped[0] = (labels[0] + 1) % 3

    before, after = (scores_of(model(text), given, folds, 3) for given in (labels, flipped))

    np.testing.assert_allclose(before[folds == folds[0]], after[folds == folds[0]], atol=1e-5)
    assert not np.allclose(before[folds != folds[0]], after[folds != folds[0]], atol=1e-5)
