import numpy as np
import pytest

from doubtcli.reasons.model_disagreement import ModelDisagreement, measure_best_other_share


def doubt_of_label_0(*models):
    """The doubt of a row labelled 0, by the probabilities of each model."""
    return ModelDisagreement().score(np.array([0]), np.array(models)[:, None, :])[0]


@pytest.mark.parametrize(
    ("models", "doubt"),
    [
        pytest.param([(0.0, 1.0), (0.0, 1.0)], 1.0, id="all contradict it"),
        pytest.param([(0.2, 0.8), (0.4, 0.6)], 0.7, id="all prefer another"),
        pytest.param([(1.0, 0.0), (0.0, 1.0)], 0.5, id="they contradict each other"),
        pytest.param([(0.1, 0.3, 0.6), (0.1, 0.6, 0.3)], 6 / 7, id="all prefer another, but not the same"),
        pytest.param([(0.0, 0.0), (0.0, 0.0)], 0.5, id="probabilities of 0 are a tie"),
    ],
)
def test_it_raises_doubt(models, doubt):
    """The doubt is the mean over the models of the share of the best other class."""
    assert doubt_of_label_0(*models) == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("models", "doubt"),
    [
        pytest.param([(1.0, 0.0), (1.0, 0.0)], 0.0, id="all agree with it"),
        pytest.param([(0.9, 0.1), (0.7, 0.3)], 0.2, id="all prefer it"),
        pytest.param([(0.4, 0.2, 0.2, 0.2), (0.8, 0.2, 0.0, 0.0)], 4 / 15, id="others share what is left"),
    ],
)
def test_it_stays_quiet(models, doubt):
    """A label that the models agree on has a low doubt, even where they are not sure."""
    assert doubt_of_label_0(*models) == pytest.approx(doubt)


def test_with_a_single_class_there_is_no_doubt():
    """No other label is possible."""
    assert ModelDisagreement().score(np.array([0]), np.ones((2, 1, 1)))[0] == 0.0


@pytest.mark.parametrize(
    ("probs", "share"),
    [
        pytest.param((0.2, 0.8), 0.8, id="another class leads"),
        pytest.param((0.1, 0.3, 0.6), 6 / 7, id="only the best other counts"),
        pytest.param((0.9, 0.1), 0.1, id="the label leads"),
        pytest.param((0.4, 0.4, 0.2), 0.5, id="a tie"),
        pytest.param((0.0, 0.0), 0.5, id="probabilities of 0"),
    ],
)
def test_best_other_share(probs, share):
    """The share of the best other class in what it and label 0 get together."""
    assert measure_best_other_share(np.array([0]), np.array([probs])) == pytest.approx([share])
