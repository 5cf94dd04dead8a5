import numpy as np
import pytest

from doubtcli.errors import ModelError
from doubtcli.features.table import TableBlock
from doubtcli.features.text import make_text_block
from doubtcli.predict.crossfit import cross_fit, wrap_given_pred_probs
from doubtcli.predict.engine import ThreadEngine
from doubtcli.records import Features

TEXTS = ["card lost", "card stolen", "my card is gone", "refund please", "please refund me", "money back"] * 4
LABELS = np.array([0, 0, 0, 1, 1, 1] * 4)


ON_TEXT = (
    "complement naive Bayes on words",
    "complement naive Bayes on spelling",
    "nearest centroid on words",
    "nearest centroid on spelling",
    "ridge regression on spelling",
)
ON_TABLES = ("logistic regression", "extra trees", "gradient boosting")


def fit(features, groups, *, n_threads=1, n_repeats=2, only=None, advance=lambda _: None):
    """Cross-fit on the texts' labels."""
    return cross_fit(
        [model for model in features.models() if only is None or model.name in only],
        LABELS,
        2,
        groups,
        n_folds=4,
        n_repeats=n_repeats,
        seed=0,
        engine=ThreadEngine(n_threads),
        advance=advance,
    )


def table(*shape):
    """A table of zeros."""
    return TableBlock(np.zeros(shape, dtype=np.float32))


def names(*blocks, fast=False):
    """The models of some blocks."""
    return tuple(model.name for model in Features(blocks).models(fast=fast))


@pytest.fixture
def text():
    """The texts as features."""
    return Features((make_text_block(TEXTS),))


def test_text_and_tables_each_bring_unlike_models():
    """Text has five models, a table three, both together all eight."""
    words = make_text_block(TEXTS)

    assert names(words) == ON_TEXT
    assert names(table(24, 2)) == ON_TABLES
    assert names(words, table(24, 2)) == ON_TEXT + ON_TABLES


def test_a_fast_scan_fits_the_cheapest_models():
    """No ridge on texts, no boosting on tables, and no trees beside a text."""
    words = make_text_block(TEXTS)

    assert set(ON_TEXT) - set(names(words, fast=True)) == {"ridge regression on spelling"}
    assert names(table(24, 2), fast=True) == ("logistic regression", "extra trees")
    assert "extra trees" not in names(words, table(24, 2), fast=True)


def test_probabilities_have_their_shapes_and_sum_to_one(text):
    """By model, by repeat and pooled, every row is a distribution."""
    predictions = fit(text, np.arange(24))

    assert predictions.by_model.shape == (5, 24, 2)
    assert predictions.by_repeat.shape == (2, 24, 2)
    for probs in (predictions.by_model, predictions.by_repeat, predictions.pooled):
        np.testing.assert_allclose(probs.sum(axis=-1), 1, rtol=1e-5)


def test_a_model_that_learnt_nothing_is_not_heard(text):
    """A constant column beside telling texts gets no vote."""
    predictions = fit(Features((*text.blocks, table(24, 1))), np.arange(24))

    assert predictions.left_out == ON_TABLES
    assert predictions.model_names == ON_TEXT
    np.testing.assert_array_equal(predictions.pooled, fit(text, np.arange(24)).pooled)


def test_a_model_that_learnt_nothing_is_fitted_once_only(text):
    """Three models of the texts are fitted for each of three repeats, two of a constant for the first."""
    steps = []

    fit(
        Features((*text.blocks, table(24, 1))),
        np.arange(24),
        n_repeats=3,
        only=(*ON_TEXT[2:], *ON_TABLES[:2]),
        advance=steps.append,
    )

    assert sum(steps) == 3 * 3 + 2


def test_the_models_to_fit_can_be_named(text):
    """Named alone, a model predicts what it predicts among all, and nobody else is heard or fitted."""
    every = fit(text, np.arange(24))

    named = fit(text, np.arange(24), only=ON_TEXT[3:])

    assert named.model_names == ON_TEXT[3:]
    assert named.left_out == ()
    np.testing.assert_array_equal(named.by_model, every.by_model[3:])


def test_one_repeat_is_enough_to_predict(text):
    """Its pool is the pool of all repeats."""
    predictions = fit(text, np.arange(24), n_repeats=1)

    np.testing.assert_allclose(predictions.by_repeat[0], predictions.pooled, atol=1e-6)


def test_where_no_model_learnt_anything_all_are_heard():
    """A constant alone: the models stand, and their want of skill is told elsewhere."""
    predictions = fit(Features((table(24, 2),)), np.arange(24))

    assert predictions.model_names == ON_TABLES
    assert predictions.left_out == ()


def test_each_fitted_model_is_counted(text):
    """The progress bar gets one step a model and repeat."""
    steps = []

    fit(text, np.arange(24), advance=steps.append)

    assert sum(steps) == 2 * 5


def test_rows_that_are_all_alike_can_not_be_predicted(text):
    """One group leaves nothing to learn from, and the error says so."""
    with pytest.raises(ModelError, match="same input"):
        fit(text, np.zeros(24, dtype=np.intp))


def test_probabilities_that_the_user_brings_stand_as_they_are():
    """They count as one model and one repeat."""
    probs = np.array([[0.25, 0.75]])

    predictions = wrap_given_pred_probs(probs)

    assert predictions.model_names == ("your probabilities",)
    np.testing.assert_array_equal(predictions.pooled, probs)
    np.testing.assert_array_equal(predictions.by_model, [probs])
