import numpy as np
import pytest

from doubtcli.reasons.rule_conflict import RuleConflict
from doubtcli.records import Rule

RULES = (
    Rule("links", "x > 1", "spam", "people who write to us\nsend no links"),
    Rule("offers", "x > 2", "spam"),
    Rule("greeting", "x > 3", "ham"),
    Rule("long", "x > 4", "other"),
    Rule("caps", "x > 5", "spam"),
    Rule("money", "x > 6", "spam"),
)
CLASSES = ("ham", "spam", "other")


def score(given, *rules, reliability=0.9):
    """The doubt of one row on which these rules say these labels."""
    return RuleConflict(reliability).score(np.array([given]), np.array([rules]))[0]


def explain(given, *rules):
    """The text for one row on which these rules say these labels."""
    labels = np.array([[*rules, *[-1] * (len(RULES) - len(rules))]])
    return RuleConflict().explain(
        np.array([0]), given_labels=np.array([given]), rule_labels=labels, rules=RULES, class_names=CLASSES
    )[0]


@pytest.mark.parametrize(
    ("given", "rules", "doubt"),
    [
        pytest.param(0, (1,), 0.9, id="one contradicts"),
        pytest.param(0, (1, 1), 81 / 82, id="two contradict"),
        pytest.param(0, (1, 2), 81 / 82, id="two contradict, and each other"),
        pytest.param(0, (1, 0), 0.5, id="one contradicts, one agrees"),
        pytest.param(0, (1, 1, 0), 0.9, id="two contradict, one agrees"),
        pytest.param(0, (1, -1, -1), 0.9, id="the others say nothing"),
    ],
)
def test_it_raises_doubt(given, rules, doubt):
    """Odds of 9 to 1 multiply for each rule that contradicts the label."""
    assert score(given, *rules) == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("given", "rules", "doubt"), [(1, (1,), 0.1), (1, (1, 1), 1 / 82), (1, (-1, 1, 0, 1), 0.1)]
)
def test_it_stays_quiet(given, rules, doubt):
    """The same odds, for the label."""
    assert score(given, *rules) == pytest.approx(doubt)


def test_no_rule_is_true():
    """A row on which no condition is true has no score."""
    assert np.isnan(score(0, -1, -1))


def test_reliability():
    """A rule that is right three times in four counts for odds of 3 to 1."""
    assert score(0, 1, 1, reliability=0.75) == pytest.approx(0.9)


@pytest.mark.parametrize("reliability", [0.5, 1.0, 0.2, float("nan")])
def test_reliability_that_is_not_valid(reliability):
    """A rule that says nothing, or that can't be wrong, is none."""
    with pytest.raises(ValueError, match="has to be more than"):
        RuleConflict(reliability)


@pytest.mark.parametrize(
    ("given", "rules", "text"),
    [
        (0, (1,), "the rule 'links' says spam (people who write to us send no links)"),
        (0, (-1, 1), "the rule 'offers' says spam"),
        (0, (1, 1), "the rules 'links' and 'offers' say spam"),
        (0, (-1, 1, 0), "the rule 'offers' says spam, rule 'greeting' says ham"),
        (1, (-1, 1, 0), "the rule 'greeting' says ham, rule 'offers' says spam"),
        (0, (1, 1, -1, 2), "the rules 'links' and 'offers' say spam, rule 'long' says other"),
        (0, (1, 1, -1, -1, 1, 1), "the rules 'links', 'offers', 'caps' and 1 more say spam"),
        (0, (-1,), ""),
    ],
)
def test_explanation(given, rules, text):
    """It is said which rules say what: first most of those that contradict, at last the given label."""
    assert explain(given, *rules) == text
