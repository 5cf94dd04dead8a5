import numpy as np

from doubtcli.predict.skill import make_unassessable_skill, measure_skill

LABELS = np.array([0] * 60 + [1] * 40)


def hot(predicted):
    """Probabilities of 1 for these predictions."""
    return np.eye(2)[predicted]


def test_good_predictions_are_assessable(sentences):
    """Nine of ten rows of each class are right: the accuracy is .9, and the majority .6."""
    predicted = LABELS.copy()
    predicted[:6] = 1
    predicted[60:64] = 0

    skill = measure_skill(hot(predicted), {"one": hot(predicted)}, LABELS, 2, seed=0)

    assert skill.assessable
    assert (skill.accuracy, skill.balanced_accuracy, skill.majority_accuracy) == (0.9, 0.9, 0.6)
    assert skill.by_model == {"one": 0.9}
    assert skill.permuted_accuracy < 0.9
    sentences.check(skill.why)


def test_predicting_the_largest_class_is_not_skill(sentences):
    """An accuracy of .6 by always predicting one class is chance if classes have equal weight."""
    skill = measure_skill(hot(np.zeros(100, dtype=int)), {}, LABELS, 2, seed=0)

    assert not skill.assessable
    assert skill.balanced_accuracy == 0.5
    sentences.check(skill.why)


def test_slightly_better_than_chance_is_not_enough():
    """A balanced accuracy of .55 on two classes is a tenth of the way from chance to perfect."""
    labels = np.array([0, 1] * 500)
    predicted = labels.copy()
    predicted[:450] = 1 - labels[:450]

    skill = measure_skill(hot(predicted), {}, labels, 2, seed=0)

    assert skill.balanced_accuracy == 0.55
    assert not skill.assessable


def test_skill_that_shows_only_in_rare_classes_is_described_by_it(sentences):
    """Models that are hardly right more often than the largest class know something if they find the rest."""
    predicted = LABELS.copy()
    predicted[:30] = 1
    predicted[60:66] = 0

    skill = measure_skill(hot(predicted), {}, LABELS, 2, seed=0)

    assert skill.assessable
    assert (skill.accuracy, skill.majority_accuracy, skill.balanced_accuracy) == (0.64, 0.6, 0.675)
    sentences.check(skill.why)


def test_without_models_there_is_no_accuracy():
    """The given cause is kept, and the share of the largest class is known."""
    skill = make_unassessable_skill(LABELS, "nothing to learn from")

    assert (skill.assessable, skill.accuracy, skill.why) == (False, None, "nothing to learn from")
    assert skill.majority_accuracy == 0.6
