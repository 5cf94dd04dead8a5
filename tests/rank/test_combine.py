import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.rank import combine
from doubtcli.rank.combine import find_ranked_sources
from doubtcli.rank.prior import BASE_RATE, ErrorCurves, list_curves, make_unskilled_curves
from doubtcli.records import Evidence, ReasonScores
from doubtcli.tasks.classification import Classification, find_too_small_classes, pool_pred_probs

BOTH = {"models", "neighbors"}
GIVEN = np.array([0, 0, 0, 1, 1, 1])
PROBS = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05]])


def evidence(**parts):
    """The evidence of six rows of two classes."""
    return Evidence(given_labels=GIVEN, n_classes=2, **parts)


def curve(intercept=0.0, slope=1.0):
    """A single curve: log odds are `intercept + slope * margin`."""
    intercepts, slopes = list_curves()
    weights = np.isclose(intercepts, intercept) & np.isclose(slopes, slope)
    assert weights.sum() == 1
    return ErrorCurves(weights.astype(float))


def measure_margins(evidence, reasons, opinions, curves):
    """The margins where only duplicates are held out together."""
    return combine.measure_margins(collect_voices(evidence, reasons, opinions), curves)


def collect_voices(evidence, reasons, opinions):
    """All that speaks, where only duplicates are held out together."""
    apart = held_out_together(evidence)
    return combine.Voices(Classification(), evidence, reasons, opinions, apart)


def rank_rows(evidence, reasons, opinions, curves=None, *, has_skill=True, learned=None):
    """The ranking by these curves, or by those that were learned after the margins were measured."""
    curves = curves or curve()
    margins = measure_margins(evidence, reasons, opinions, curves)
    voices = collect_voices(evidence, reasons, opinions)
    return combine.rank_rows(
        voices, margins, learned or curves, has_skill=has_skill, n_labels=evidence.n_classes
    )


def rank_without_models(evidence, reasons):
    """The ranking where no model has an opinion."""
    return rank_rows(evidence, reasons, [], make_unskilled_curves(), has_skill=False)


def held_out_together(evidence):
    """The group of each row: duplicates are together, all other rows are alone."""
    groups = evidence.duplicate_groups
    return np.arange(len(evidence.given_labels)) if groups is None else groups


def scores_of(name, scores, *sources, family="error", lowers_doubt=False):
    """The scores of a reason, and the sources of its evidence."""
    return ReasonScores(
        name, "test 1", family, "of a test", np.array(scores, dtype=float), sources, lowers_doubt
    )


class TestPooling:
    """Models and neighbours have one opinion together."""

    def test_without_neighbours_only_the_models_count(self):
        """Each repeat's probabilities stay as they are."""
        by_repeat = np.stack([PROBS, PROBS[:, ::-1]])

        pooled = pool_pred_probs(evidence(pred_probs=PROBS, pred_probs_by_repeat=by_repeat), BOTH)

        np.testing.assert_array_equal(pooled, by_repeat)

    def test_probabilities_of_the_user_are_one_repeat(self):
        """The user's own probabilities have no repeats."""
        (pooled,) = pool_pred_probs(evidence(pred_probs=PROBS), BOTH)

        np.testing.assert_array_equal(pooled, PROBS)

    def test_neighbours_move_the_models(self):
        """Votes for the other label lower the given label's share."""
        votes = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1], [0, 1], [1, 0]])
        both = evidence(
            pred_probs=PROBS, neighbor_votes=votes, neighbor_indices=np.zeros((6, 10), dtype=np.intp)
        )

        (together,) = pool_pred_probs(both, BOTH)
        (models,) = pool_pred_probs(both, {"models"})
        (neighbors,) = pool_pred_probs(both, {"neighbors"})

        np.testing.assert_array_equal(models, PROBS)
        assert not np.allclose(together, models)
        np.testing.assert_array_equal(neighbors.argmax(axis=1), votes.argmax(axis=1))

    def test_without_models_and_neighbours_nothing_is_pooled(self):
        """Annotators alone give no probabilities."""
        assert pool_pred_probs(evidence(pred_probs=PROBS), {"annotators"}) == []

    def test_context_reasons_do_not_count(self):
        """Only a reason that is ranked has a voice."""
        reasons = [
            scores_of("ambiguous", PROBS[:, 0], "models", family="context"),
            scores_of("mixed", PROBS[:, 0], "neighbors", "annotators"),
        ]

        assert find_ranked_sources(reasons) == {"neighbors", "annotators"}


SCORES = 1 - PROBS[np.arange(6), GIVEN]
"""The scores of low-self-confidence on the six rows."""


def above_usual(doubt):
    """The log odds of each doubt above those of one label in twenty."""
    return np.log(doubt / (1 - doubt)) - np.log(1 / 19)


class TestVoices:
    """Reasons that read the same evidence count once, no matter which package they come from."""

    def rank(self, reasons):
        """The doubts of all six rows, where a margin is the log odds of an error."""
        pooled = pool_pred_probs(evidence(pred_probs=PROBS), find_ranked_sources(reasons))
        return rank_rows(evidence(pred_probs=PROBS), reasons, pooled).doubt

    @pytest.mark.parametrize("n_plug_ins", [0, 1, 2])
    def test_a_plug_in_that_reads_the_models_adds_no_doubt(self, n_plug_ins):
        """The scores of low-self-confidence under more names leave doubts as the models have them."""
        plug_ins = [scores_of(f"echo-{place}", SCORES, "models") for place in range(n_plug_ins)]

        doubt = self.rank([scores_of("low-self-confidence", SCORES, "models"), *plug_ins])

        np.testing.assert_allclose(doubt, [0.1, 0.2, 0.9, 0.2, 0.3, 0.95])

    def test_a_plug_in_alone_lets_the_models_count(self):
        """The pooled probabilities count, even if no reason of ours reads them."""
        np.testing.assert_allclose(self.rank([scores_of("echo", SCORES, "models")]), SCORES)

    def test_a_reason_that_reads_models_and_annotators_has_the_voice_of_the_models(self):
        """It may repeat what the models say, so it is not added."""
        mixed = scores_of("mixed", SCORES, "models", "annotators")

        assert mixed.voice == "models"
        np.testing.assert_allclose(self.rank([mixed]), SCORES)

    def test_two_reasons_of_one_voice_are_averaged(self):
        """Log odds of .847 at .7 and .405 at .6 count as their mean, .626; a score of NaN does not count."""
        first = scores_of("first", [0.7, 0.7, 0.2, 0.2, 0.2, 0.2], "annotators")
        second = scores_of("second", [0.6, np.nan, 0.2, 0.2, 0.2, 0.2], "annotators")

        doubt = rank_without_models(evidence(), [first, second]).doubt

        np.testing.assert_allclose(above_usual(doubt), [0.6264, 0.8473, 0, 0, 0, 0], atol=1e-4)

    def test_reasons_that_read_labels_alone_are_one_voice(self):
        """Two reasons with the same scores raise doubt no more than one of them."""
        one, other = scores_of("one", [0.7] + [0] * 5), scores_of("other", [0.7] + [0] * 5)

        alone = rank_without_models(evidence(), [one]).doubt
        both = rank_without_models(evidence(), [one, other]).doubt

        np.testing.assert_allclose(both, alone)

    def test_reasons_of_different_voices_add_up(self):
        """Duplicates and annotators are different evidence: .847 and .405 are 1.253."""
        duplicates = scores_of("duplicates", [0.7] + [0] * 5, "duplicates")
        annotators = scores_of("annotators", [0.6] + [0] * 5, "annotators")

        doubt = rank_without_models(evidence(), [duplicates, annotators]).doubt

        assert above_usual(doubt)[0] == pytest.approx(1.2528, abs=1e-4)

    def test_other_voices_add_to_what_models_say(self):
        """Models give row 0 .9 for its label: log odds of -2.197, by the curve -4.197; .7 is .847 more."""
        answers = scores_of("answers", [0.7] + [np.nan] * 5, "annotators", lowers_doubt=True)

        doubt = rank_rows(evidence(), [answers], [PROBS], curve(-2)).doubt

        assert np.log(doubt[0] / (1 - doubt[0])) == pytest.approx(-2 - 2.1972 + 0.8473, abs=1e-4)

    def test_other_voices_are_shown_as_a_margin_that_means_as_much(self):
        """Where log odds rise by .5 a unit, log odds of .847 are a margin of 1.695 more."""
        answers = scores_of("answers", [0.7] + [np.nan] * 5, "annotators", lowers_doubt=True)

        margins = measure_margins(evidence(), [answers], [PROBS], curve(-2, 0.5)).mean

        np.testing.assert_allclose(margins[:2], [-2.1972 + 1.6946, -1.3863], atol=1e-4)

    def test_voices_are_described_by_their_reasons(self, sentences):
        """Pooled reasons are one entry, averaged ones another; a single reason is its name."""
        reasons = [
            scores_of("low-self-confidence", SCORES, "models"),
            scores_of("lone-answer", SCORES, "annotators"),
            scores_of("annotator-disagreement", SCORES, "annotators"),
            scores_of("neighbor-disagreement", SCORES, "neighbors"),
            scores_of("duplicate-conflict", SCORES, "duplicates"),
            scores_of("outlier", SCORES, "neighbors", family="context"),
        ]

        voices = rank_rows(evidence(), reasons, [PROBS]).voices

        assert len(voices) == 3
        sentences.check("\n".join(voices))


class TestRanking:
    """One doubt for each row, and the order of the rows."""

    def test_doubt_is_what_the_curve_says_of_the_margin(self):
        """Models give the label of row 5 .05: log odds of 2.944, by the curve .944, which is .72."""
        ranking = rank_rows(evidence(pred_probs=PROBS), [], [PROBS], curve(-2))

        assert ranking.margins[5] == pytest.approx(2.9444, abs=1e-4)
        assert ranking.doubt[5] == pytest.approx(0.72, abs=1e-4)

    def test_what_was_learnt_changes_doubts_and_no_margin(self):
        """Verdicts that put the curve 3 lower leave margins and their order as they were."""
        before = rank_rows(evidence(pred_probs=PROBS), [], [PROBS])
        after = rank_rows(evidence(pred_probs=PROBS), [], [PROBS], learned=curve(-3))

        np.testing.assert_array_equal(after.margins, before.margins)
        np.testing.assert_array_equal(after.order, before.order)
        np.testing.assert_allclose(
            np.log(after.doubt / (1 - after.doubt)), np.log(before.doubt / (1 - before.doubt)) - 3
        )

    def test_without_any_evidence_doubt_is_the_usual_share_of_errors(self):
        """There are no models and no reasons: one in twenty, for each row."""
        assert rank_without_models(evidence(), []).doubt == pytest.approx([0.05] * 6)

    def test_a_single_row(self):
        """It is not judged by models, as its class has no other row."""
        one = Evidence(given_labels=np.array([0]), n_classes=2)

        ranking = rank_rows(one, [], [np.array([[0.01, 0.99]])])

        assert ranking.doubt == pytest.approx([0.05])
        assert (ranking.order.tolist(), ranking.doubted.tolist()) == ([0], [False])

    def test_probabilities_of_zero(self):
        """Models that are certain, rightly or not, give doubts that are numbers."""
        certain = np.eye(2)[[0, 0, 1, 1, 1, 0]]

        ranking = rank_rows(evidence(), [], [certain], curve(-2, 0.5))

        assert np.isfinite(ranking.margins).all()
        assert ranking.order[:2].tolist() == [2, 5]

    def test_models_that_predict_one_class(self):
        """The labels of the other class are contradicted alike, and come in the order of their ids."""
        ranking = rank_rows(evidence(), [], [np.tile([0.7, 0.3], (6, 1))])

        assert ranking.order.tolist() == [3, 4, 5, 0, 1, 2]
        assert ranking.contradicted.tolist() == [False] * 3 + [True] * 3

    def test_equal_margins_are_equal_to_the_last_digit(self):
        """Rows that another voice speaks on leave those alike that it is silent on."""
        answers = scores_of("answers", [0.9] + [np.nan] * 5, "annotators", lowers_doubt=True)
        probs = np.tile([0.7, 0.3], (6, 1))

        margins = measure_margins(evidence(), [answers], [probs], curve(-2, 0.35)).mean

        assert len(set(margins[1:3])) == len(set(margins[3:])) == 1

    def test_contradicted_rows_come_first_and_get_the_other_label(self):
        """The label of row 5 is 1, and models give 0 .95; that of row 2 is 0, and they give 1 .9."""
        ranking = rank_rows(evidence(pred_probs=PROBS), [], [PROBS])

        assert ranking.order[:2].tolist() == [5, 2]
        assert ranking.doubted.tolist() == [False, False, True, False, False, True]
        assert ranking.suggested_labels.tolist() == [0, 0, 1, 1, 1, 0]

    def test_ties_break_by_row(self):
        """Rows of equal doubt are in the order of their ids."""
        flat = np.full((6, 2), 0.5)

        assert rank_rows(evidence(), [], [flat]).order.tolist() == [0, 1, 2, 3, 4, 5]

    def test_annotators_raise_and_lower_doubt(self):
        """Answers against the label rank a row above one without answers, answers for the label below it."""
        answers = scores_of(
            "annotator-disagreement",
            [0.9, 0.1, np.nan, np.nan, np.nan, np.nan],
            "annotators",
            lowers_doubt=True,
        )

        doubt = rank_without_models(evidence(), [answers]).doubt

        assert doubt[0] > doubt[2] > doubt[1]

    def test_another_reason_only_raises_doubt(self):
        """If a row does not have one kind of fault, its label may still be wrong."""
        plug_in = scores_of("plug-in", [1.0, 0.0, np.nan, np.nan, np.nan, np.nan])

        doubt = rank_without_models(evidence(), [plug_in]).doubt

        assert doubt[0] > doubt[1] == doubt[2]

    def test_context_reasons_have_no_voice(self):
        """An outlier is not more likely to have a wrong label."""
        outlier = scores_of("outlier", [1.0, 0, 0, 0, 0, 0], family="context")

        doubt = rank_without_models(evidence(), [outlier]).doubt

        np.testing.assert_allclose(doubt, doubt[0])

    def test_the_standard_deviation_is_that_of_the_repeats(self):
        """It is 0 if they agree, largest where they differ, and not known with a single repeat."""
        other = PROBS.copy()
        other[0] = [0.1, 0.9]

        steady = rank_rows(evidence(), [], [PROBS, PROBS]).doubt_sd
        unsteady = rank_rows(evidence(), [], [PROBS, other]).doubt_sd
        single = rank_rows(evidence(), [], [PROBS]).doubt_sd

        np.testing.assert_allclose(steady, 0, atol=1e-12)
        assert unsteady.argmax() == 0
        assert np.isnan(single).all()

    def test_models_do_not_judge_a_class_of_two(self):
        """With one row left to learn a class from, models would always doubt both."""
        given_labels = np.array([0, 0, 0, 0, 1, 1])
        sure_of_0 = np.tile([0.99, 0.01], (6, 1))
        two = Evidence(given_labels=given_labels, n_classes=2, pred_probs=sure_of_0)

        ranking = rank_rows(two, [], [sure_of_0])

        assert find_too_small_classes(given_labels, held_out_together(two), 2).tolist() == [1]
        assert not ranking.doubted.any()
        assert ranking.suggested_labels.tolist() == given_labels.tolist()

    def test_duplicates_count_once_towards_a_class(self):
        """Models learn no more from three rows of one input than from one."""
        three_alike = Evidence(
            given_labels=np.array([0, 0, 0, 1, 1, 1]),
            n_classes=2,
            duplicate_groups=np.array([0, 1, 2, 3, 3, 3]),
        )

        assert find_too_small_classes(
            three_alike.given_labels, held_out_together(three_alike), 2
        ).tolist() == [1]

    def test_annotators_answers_give_the_suggestion(self):
        """Two of three answers for label 1 make it the suggestion for a doubted row."""
        annotations = np.full((6, 3), -1)
        annotations[0] = [1, 1, 0]
        rows = evidence(annotations=annotations)
        answers = scores_of("annotator-disagreement", [0.99] + [0.01] * 5, "annotators", lowers_doubt=True)

        ranking = rank_without_models(rows, [answers])

        assert ranking.doubted[0]
        assert ranking.suggested_labels[0] == 1

    @given(
        st.lists(st.floats(0, 1), min_size=6, max_size=6),
        st.lists(st.floats(0, 1) | st.just(np.nan), min_size=6, max_size=6),
        st.sampled_from([-7.0, -2.0, 0.0, 4.0]),
        st.sampled_from([0.05, 1.0, 2.2]),
    )
    @settings(max_examples=50)
    def test_doubts_are_probabilities_in_rank_order(self, first, scores, intercept, slope):
        """For any probabilities, doubts are between 0 and 1, and fall along the order."""
        probs = np.column_stack([first, 1 - np.array(first)])

        answers = scores_of("answers", scores, "annotators", lowers_doubt=True)

        ranking = rank_rows(evidence(), [answers], [probs], curve(intercept, slope))

        assert ((ranking.doubt >= 0) & (ranking.doubt <= 1)).all()
        assert (np.diff(ranking.doubt[ranking.order]) <= 0).all()
        assert ((ranking.suggested_confidence >= 0) & (ranking.suggested_confidence <= 1)).all()


def votes_of_equals(labels, *, copies=False, own=0.1):
    """A ranking of equal rows of which the models give every label so little, before six other rows."""
    given = np.array([*labels, 0, 0, 0, 1, 1, 1])
    share = np.array([own] * len(labels) + [0.9] * 6)
    rows = Evidence(
        given_labels=given,
        n_classes=2,
        equal_groups=np.array([*[0] * len(labels), 1, 2, 3, 4, 5, 6]),
        are_copies=np.full(len(given), copies),
    )
    probs = np.where(np.eye(2)[given] == 1, share[:, None], 1 - share[:, None])
    return rank_rows(rows, [], [probs])


class TestEqualRows:
    """A row is not outvoted by models that see it as equal to rows which mostly have its label."""

    @pytest.mark.parametrize(
        ("labels", "most"),
        [
            ([0, 0, 0, 1], 2 / 6),
            ([0, 0, 1], 2 / 5),
            ([0, 0], 1 / 4),
            ([0] * 51 + [1] * 49, 50 / 102),
            ([0] * 118 + [1] * 57, 58 / 177),
        ],
        ids=["3 of 4", "2 of 3", "2 of 2", "51 of 100", "118 of 175"],
    )
    def test_a_majority_is_doubted_at_most_as_often_as_the_next_equal_row_would_differ(self, labels, most):
        """By the rule of succession it is (other labels + 1) / (rows + 2), which is always below .5."""
        ranking = votes_of_equals(labels)

        assert ranking.doubt[0] <= most + 1e-12
        assert not ranking.doubted[0]
        assert ranking.suggested_labels[0] == 0

    @pytest.mark.parametrize("labels", [[0, 1], [0, 1, 1], [0]], ids=["a tie", "a minority", "alone"])
    def test_other_rows_can_be_outvoted(self, labels):
        """With as many equal rows of another label, or none, what the models say counts."""
        assert votes_of_equals(labels).doubted[0]

    def test_copies_of_one_text_that_have_one_label_can_be_outvoted(self):
        """The label of five copies may have been given once; where copies differ, it was not."""
        assert votes_of_equals([0] * 5, copies=True).doubted.tolist()[:5] == [True] * 5
        assert votes_of_equals([0, 0, 0, 1], copies=True).doubted.tolist()[:4] == [False] * 3 + [True]

    def test_a_majority_that_the_models_support_keeps_their_doubt(self):
        """Equal rows only lower doubt: with .99 for the label it is below (1 + 1) / (4 + 2)."""
        assert votes_of_equals([0, 0, 0, 1], own=0.99).doubt[0] < 0.1


class TestSkill:
    """What models without skill say hardly counts."""

    def test_models_without_skill_order_the_rows_and_doubt_none(self):
        """Rows 5 and 2 come first, as they do with skill; their labels stay."""
        ranking = rank_rows(evidence(), [], [PROBS], make_unskilled_curves(), has_skill=False)

        assert ranking.order[:2].tolist() == [5, 2]
        assert not ranking.doubted.any()
        assert not ranking.contradicted.any()
        assert ranking.doubt.max() < 0.2
        assert ranking.suggested_labels.tolist() == GIVEN.tolist()

    def test_a_row_that_models_can_not_judge_has_the_usual_doubt(self):
        """Both rows of a class of two have .05, with skill and without."""
        given_labels = np.array([0, 0, 0, 0, 1, 1])
        two = Evidence(given_labels=given_labels, n_classes=2)

        for curves, has_skill in ((curve(-1), True), (make_unskilled_curves(), False)):
            doubt = rank_rows(two, [], [PROBS], curves, has_skill=has_skill).doubt
            assert doubt[4:] == pytest.approx([BASE_RATE] * 2)
