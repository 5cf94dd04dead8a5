from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from doubtcli.features.text import make_text_block
from doubtcli.predict import linear_text_models
from doubtcli.predict.linear_text_models import LogisticOnWords, RidgeOnSpelling

FOLDS = np.arange(40) % 4


@dataclass(frozen=True)
class Texts:
    """The features of texts."""

    words: Any
    tokens: Any
    spelling: Any


def ridge(text, dense=None):
    """The ridge on character n-grams."""
    return RidgeOnSpelling(text.tokens, text.spelling, dense)


def logistic(text):
    """The logistic regression on words."""
    return LogisticOnWords(text.words)


def scores_of(model, labels, n_classes, folds=FOLDS):
    """The scores of a model for each row."""
    return model.predict_out_of_fold(labels, folds, n_classes, 0)


def draw_labels(n_classes):
    """A random class for each of forty rows; the first ones are twice as common as the last."""
    return np.sort(np.random.default_rng(0).integers(0, n_classes + 1, 40) % n_classes)


def fit_oracle(words, labels):
    """Scikit-learn's logistic regression, fitted to the end."""
    return LogisticRegression(class_weight="balanced", tol=1e-8, max_iter=1000).fit(words, labels)


def log_odds(log_probs):
    """Logarithms of probabilities but for what is the same in a whole row."""
    return log_probs - log_probs.mean(axis=1, keepdims=True)


@pytest.fixture
def text():
    """Random sparse features of forty rows."""
    words = sparse.random(40, 12, density=0.4, random_state=1, dtype=np.float32, format="csr")
    tokens = sparse.random(40, 9, density=0.5, random_state=2, dtype=np.float32, format="csr")
    spelling = sparse.random(9, 15, density=0.5, random_state=3, dtype=np.float32, format="csr")
    return Texts(words, tokens, spelling)


@pytest.fixture
def to_the_end(monkeypatch):
    """Fits run until they are as exact as single precision allows."""
    monkeypatch.setattr(linear_text_models, "_TOLERANCE", 1e-5)
    monkeypatch.setattr(linear_text_models, "_NEWTON_TOLERANCE", 1e-5)
    monkeypatch.setattr(linear_text_models, "_INNER_TOLERANCE", 0.01)
    for name in ("_MOST_STEPS", "_MOST_NEWTON_STEPS", "_MOST_INNER_STEPS"):
        monkeypatch.setattr(linear_text_models, name, 50)


@pytest.mark.usefixtures("to_the_end")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("with_table", [False, True])
def test_ridge_equals_scikit_learn_fitted_fold_by_fold(text, with_table, n_classes):
    """If it runs to the end, the ridge equals scikit-learn's on the product and the table in one matrix."""
    labels = draw_labels(n_classes)
    dense = np.random.default_rng(5).normal(size=(40, 4)).astype(np.float32) if with_table else None

    scores = scores_of(ridge(text, dense), labels, n_classes)

    design = (text.tokens @ text.spelling).toarray()
    if dense is not None:
        design = np.hstack([design, dense / 2])  # 2 is the square root of its four columns
    targets = np.where(np.eye(n_classes)[labels] == 1, 1.0, -1.0)
    for fold in range(4):
        train, test = folds_apart(fold)
        mean = targets[train].mean(axis=0)
        oracle = Ridge(alpha=1.0, fit_intercept=False).fit(design[train], targets[train] - mean)
        np.testing.assert_allclose(scores[test], oracle.predict(design[test]) + mean, atol=1e-3)


@pytest.mark.usefixtures("to_the_end")
@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic_regression_equals_scikit_learn_fitted_fold_by_fold(text, n_classes):
    """If it runs to the end, its scores are scikit-learn's log odds with all classes weighted equally."""
    labels = draw_labels(n_classes)

    scores = scores_of(logistic(text), labels, n_classes)

    for fold in range(4):
        train, test = folds_apart(fold)
        oracle = fit_oracle(text.words[train], labels[train])
        expected = log_odds(oracle.predict_log_proba(text.words[test]))
        np.testing.assert_allclose(log_odds(scores[test]), expected, atol=5e-3)


def test_logistic_regression_is_near_its_optimum_with_the_steps_that_it_takes(text):
    """Its scores differ from those of the optimum by less than a twentieth of their spread."""
    labels = draw_labels(3)

    scores = scores_of(logistic(text), labels, 3)

    for fold in range(4):
        train, test = folds_apart(fold)
        oracle = fit_oracle(text.words[train], labels[train])
        expected = log_odds(oracle.predict_log_proba(text.words[test]))
        assert abs(log_odds(scores[test]) - expected).mean() < 0.05 * expected.std()


def folds_apart(fold):
    """The rows that are fitted to, and those that are held out."""
    is_out = FOLDS == fold  # noqa: SIM300
    return ~is_out, is_out


def test_without_features_logistic_regression_finds_all_classes_equally_likely():
    """Three of four texts have class 0, but all classes weigh the same; a word of one text is no feature."""
    features = make_text_block([f"word{row}" for row in range(20)])
    labels, folds = np.tile([0, 0, 0, 1], 5), np.repeat(np.arange(5), 4)

    scores = scores_of(LogisticOnWords(features.words), labels, 2, folds)

    np.testing.assert_allclose(scores, 0, atol=1e-6)


def test_a_ridge_that_stops_early_is_penalised_more(text, monkeypatch):
    """After one step instead of thirty, scores are nearer to the shares of the classes."""
    labels = draw_labels(3)
    whole = scores_of(ridge(text), labels, 3)
    monkeypatch.setattr(linear_text_models, "_MOST_STEPS", 1)

    short = scores_of(ridge(text), labels, 3)

    assert short.std(axis=0).max() < whole.std(axis=0).min()


@pytest.mark.parametrize("model", [ridge, logistic])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_folds_give_the_same_scores_together_and_one_by_one(text, model, n_classes, monkeypatch):
    """How many folds fit into memory changes nothing but the last digits."""
    labels = draw_labels(n_classes)
    together = scores_of(model(text), labels, n_classes)
    monkeypatch.setattr(linear_text_models, "_MOST_CELLS", 1)

    one_by_one = scores_of(model(text), labels, n_classes)

    np.testing.assert_allclose(one_by_one, together, atol=0.01)


@pytest.mark.parametrize("model", [ridge, logistic])
def test_a_class_without_training_rows_is_the_least_likely(text, model):
    """All rows of class 2 are in the fold that is left out."""
    labels = np.where(np.arange(40) < 5, 2, np.arange(40) % 2)
    folds = np.where(np.arange(40) < 10, 0, 1)

    scores = scores_of(model(text), labels, 3, folds)

    assert (scores[:10].argmin(axis=1) == 2).all()


@pytest.mark.parametrize("model", [ridge, logistic])
def test_a_rows_own_label_does_not_reach_its_score(text, model):
    """Flipping the label of a row changes no score of its fold."""
    labels = draw_labels(3)
    flipped = labels.copy()
    flipped[0] = (labels[0] + 1) % 3

    before, after = (scores_of(model(text), given, 3) for given in (labels, flipped))

    np.testing.assert_allclose(before[FOLDS == 0], after[FOLDS == 0], atol=1e-5)
    assert not np.allclose(before[FOLDS != 0], after[FOLDS != 0], atol=1e-5)
