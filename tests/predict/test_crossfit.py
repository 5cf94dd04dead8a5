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
    "ridge regression on spelling",
    "logistic regression on words",
)
ON_TABLES = ("logistic regression", "extra trees", "gradient boosting", "kernel ridge regression")


def fit(features, groups, *, n_threads=1, n_repeats=2, only=None, advance=lambda _: None):
    """The predictions of models that are fitted to the labels of the texts."""
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
    """The names of the models of some blocks."""
    return tuple(model.name for model in Features(blocks).models(fast=fast))


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Twenty trees are enough for 24 rows."""
    monkeypatch.setattr("doubtcli.predict.table_models._VOTES", 12)


@pytest.fixture(scope="module")
def text():
    """The texts as features."""
    return Features((make_text_block(TEXTS),))


@pytest.fixture(scope="module")
def by_text(text):
    """The predictions by the texts alone."""
    return fit(text, np.arange(24))


def test_texts_and_tables_have_different_models():
    """Text has five models, a table four, and both together all nine."""
    words = make_text_block(TEXTS)

    assert names(words) == ON_TEXT
    assert names(table(24, 2)) == ON_TABLES
    assert names(words, table(24, 2)) == ON_TEXT + ON_TABLES


def test_a_fast_scan_fits_the_cheapest_models():
    """It has no linear models of texts, no boosting or kernel on tables, and no trees beside a text."""
    words = make_text_block(TEXTS)

    assert set(ON_TEXT) - set(names(words, fast=True)) == set(ON_TEXT[-2:])
    assert names(table(24, 2), fast=True) == ("logistic regression", "extra trees")
    assert "extra trees" not in names(words, table(24, 2), fast=True)


def test_probabilities_have_their_shapes_and_sum_to_one(by_text):
    """Every row is a distribution: by model, by repeat and pooled."""
    assert by_text.by_model.shape == (5, 24, 2)
    assert by_text.by_repeat.shape == (2, 24, 2)
    for probs in (by_text.by_model, by_text.by_repeat, by_text.pooled):
        np.testing.assert_allclose(probs.sum(axis=-1), 1, rtol=1e-5)


def test_a_model_without_skill_is_left_out(text, by_text):
    """The models of a constant column do not count, next to those of texts that predict the labels."""
    predictions = fit(Features((*text.blocks, table(24, 1))), np.arange(24))

    assert predictions.left_out == ON_TABLES
    assert predictions.model_names == ON_TEXT
    np.testing.assert_array_equal(predictions.pooled, by_text.pooled)


def test_a_model_without_skill_is_fitted_only_once(text):
    """Three models of texts are fitted in each of three repeats, two of a constant only in the first.

    The steps of those two that fall away are counted at once.
    """
    steps = []

    fit(
        Features((*text.blocks, table(24, 1))),
        np.arange(24),
        n_repeats=3,
        only=(*ON_TEXT[2:], *ON_TABLES[:2]),
        advance=steps.append,
    )

    assert steps == [1] * 5 + [2 * 2] + [1] * 6


def test_a_model_predicts_the_same_alone_and_among_others(text, by_text):
    """Only the given models are fitted and used."""
    named = fit(text, np.arange(24), only=ON_TEXT[3:])

    assert named.model_names == ON_TEXT[3:]
    assert named.left_out == ()
    np.testing.assert_array_equal(named.by_model, by_text.by_model[3:])


def test_one_repeat_is_enough_to_predict(text):
    """The only repeat is equal to the pool of all repeats."""
    predictions = fit(text, np.arange(24), n_repeats=1)

    np.testing.assert_allclose(predictions.by_repeat[0], predictions.pooled, atol=1e-6)


def test_where_no_model_has_skill_all_are_used():
    """The models of a constant column stay; their skill is measured elsewhere."""
    predictions = fit(Features((table(24, 2),)), np.arange(24), n_repeats=1)

    assert predictions.model_names == ON_TABLES
    assert predictions.left_out == ()


def test_each_fitted_model_is_counted(text):
    """The progress bar has a step for each model and repeat."""
    steps = []

    fit(text, np.arange(24), advance=steps.append)

    assert sum(steps) == 2 * 5


def test_rows_with_the_same_input_can_not_be_predicted(text, sentences):
    """If all rows are one group, there is nothing to learn from."""
    with pytest.raises(ModelError) as error:
        fit(text, np.zeros(24, dtype=np.intp))

    sentences.check(error.value)


def test_probabilities_of_the_user_do_not_change():
    """They count as one model and one repeat."""
    probs = np.array([[0.25, 0.75]])

    predictions = wrap_given_pred_probs(probs)

    assert predictions.model_names == ("your probabilities",)
    np.testing.assert_array_equal(predictions.pooled, probs)
    np.testing.assert_array_equal(predictions.by_model, [probs])
