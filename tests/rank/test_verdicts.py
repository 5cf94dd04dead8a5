from dataclasses import replace

import numpy as np
import pyarrow as pa

from doubtcli.rank.prior import ErrorCurves, list_curves, make_unskilled_curves
from doubtcli.rank.verdicts import (
    learn_from_verdicts,
    mark_decided_rows,
    set_corrected_apart,
)
from doubtcli.records import Evidence, Examples, NoiseRate, Ranking, Verdicts

SUSPECTED = NoiseRate(assessable=True, why="by models alone", at_least=0.05, contradicted=0.3)


def verdicts(codes, strata=None):
    """What people decided about the rows, in canonical order."""
    strata = (None,) * len(codes) if strata is None else tuple(strata)
    return Verdicts("v.csv", np.array(codes), strata, np.full(len(codes), np.nan))


def examples(given, codes=None, strata=None):
    """Rows of two classes with these verdicts."""
    n_rows = len(given)
    return Examples(
        row_ids=tuple(f"r{row:03}" for row in range(n_rows)),
        positions=np.arange(n_rows),
        given_labels=np.array(given),
        class_names=("ham", "spam"),
        inputs=pa.table({}),
        verdicts=None if codes is None else verdicts(codes, strata),
    )


def test_a_corrected_label_does_not_support_equal_rows():
    """Rows 1 and 3 were corrected, and have groups of their own; row 0 was kept, and stays with row 2."""
    rows = examples([0, 0, 0, 0], [0, 1, -1, 1])
    evidence = Evidence(given_labels=rows.given_labels, equal_groups=np.zeros(4, dtype=np.intp))

    groups = set_corrected_apart(evidence, rows).equal_groups

    assert groups[0] == groups[2]
    assert len(np.unique(groups)) == 3
    assert set_corrected_apart(evidence, examples([0, 0, 0, 0])) is evidence


def probability_of_error(curves, margin):
    """The probability that a label is wrong with this margin."""
    return 1 / (1 + np.exp(-curves.to_log_odds(np.array([margin]))[0]))


class TestLearning:
    """Verdicts change how much a margin means."""

    CURVES = make_unskilled_curves()

    def learn(self, margins, verdicts):
        """The curves after verdicts on rows whose label is 0."""
        return learn_from_verdicts(
            self.CURVES, np.array(margins), np.zeros(len(margins), dtype=int), verdicts
        )

    def test_without_verdicts_curves_do_not_change(self):
        """There is no file of verdicts, or nothing in it is decided."""
        assert self.learn([-1.0, 0.5], None) is self.CURVES
        assert self.learn([-1.0, 0.5], verdicts([-1, -1])) is self.CURVES

    def test_a_label_that_was_changed_was_wrong(self):
        """A kept label lowers doubt, and one that was changed raises it."""
        before = probability_of_error(self.CURVES, 0.0)
        kept, changed = (self.learn([0.0], verdicts([code])) for code in (0, 1))

        assert probability_of_error(kept, 0.0) < before < probability_of_error(changed, 0.0)

    def test_any_other_label_is_a_change(self):
        """A class that no row of the file has counts as another one."""
        found, changed = (self.learn([0.0], verdicts([code])) for code in (7, 1))

        np.testing.assert_array_equal(found.weights, changed.weights)

    def test_fifty_verdicts_move_doubt_more_than_five(self):
        """Where all labels were wrong, doubt rises, then rises further to nearly the share that was found."""
        before, five, fifty = (
            probability_of_error(self.learn([0.0] * n, verdicts([1] * n)), 0.0) for n in (0, 5, 50)
        )

        assert before < five < fifty
        assert fifty > 0.8

    def test_undecided_rows_hardly_count(self):
        """Nobody looked at the second row: it rules out curves by which it is likelier wrong than right."""
        beside = self.learn([1.0, 5.0], verdicts([1, -1]))
        intercepts, slopes = list_curves()
        left = intercepts + slopes * 5 <= 0
        alone = self.learn([1.0], verdicts([1])).weights[left]

        np.testing.assert_allclose(beside.weights[left], alone / alone.sum(), rtol=1e-6, atol=1e-200)
        np.testing.assert_allclose(beside.weights[~left], 0, atol=1e-200)

    def test_hasty_verdicts_do_not_doubt_most_labels(self):
        """The most doubted label was kept and 20 of little doubt were corrected: most labels stay undoubted.

        A flat curve fits these verdicts best, by which 20 labels in 21 are wrong.
        """
        any_curve = ErrorCurves(np.full(len(list_curves()[0]), 1 / len(list_curves()[0])))
        margins = np.array([5.0] + [0.0] * 20 + [1.0] * 79 + [-3.0] * 900)
        said = verdicts([0] + [1] * 20 + [-1] * 979)

        moved = learn_from_verdicts(any_curve, margins, np.zeros(1000, dtype=int), said)

        assert probability_of_error(moved, -3.0) < 0.5

    def test_a_verdict_on_equal_rows_counts_once(self):
        """A verdict that decides 50 equal rows moves doubt as one verdict does."""
        equal = replace(verdicts([0] * 50), from_equal=np.arange(50) > 0)

        many, one = self.learn([0.0] * 50, equal), self.learn([0.0], verdicts([0]))

        np.testing.assert_array_equal(many.weights, one.weights)

    def test_the_order_never_changes(self):
        """Even where people kept all of the most doubted labels, a higher margin means more doubt."""
        codes = [0] * 200 + [1] * 200  # the rows with the highest margins kept, the others corrected

        moved = self.learn([3.0] * 200 + [-3.0] * 200, verdicts(codes))

        assert probability_of_error(moved, 1.0) > probability_of_error(moved, -1.0)


class TestDecided:
    """A row that people have decided is not doubted any more."""

    RANKING = Ranking(
        doubt=np.array([0.9, 0.8, 0.2, 0.1]),
        doubt_sd=np.array([0.1, 0.1, 0.1, 0.1]),
        suggested_labels=np.array([1, 1, 0, 0]),
        suggested_confidence=np.array([0.9, 0.8, 0.8, 0.9]),
        doubted=np.array([True, True, False, False]),
        contradicted=np.array([True, True, True, True]),
        order=np.array([0, 1, 2, 3]),
        voices=(),
        margins=np.array([2.0, 1.5, -1.5, -2.0]),
        queue_length=2,
    )

    def test_without_verdicts_the_ranking_does_not_change(self):
        """Nothing was decided."""
        assert mark_decided_rows(self.RANKING, examples([0, 0, 0, 0])) is self.RANKING

    def test_decided_rows_are_sure_and_leave_the_queue(self):
        """The label of row 0 was kept, that of row 2 corrected to spam; rows 1 and 3 stay in the queue."""
        found = mark_decided_rows(self.RANKING, examples([0, 0, 0, 0], [0, -1, 1, -1]))

        assert found.doubt.tolist() == [0.0, 0.8, 1.0, 0.1]
        assert found.doubt_sd.tolist() == [0.0, 0.1, 0.0, 0.1]
        assert found.suggested_labels.tolist() == [0, 1, 1, 0]
        assert found.suggested_confidence.tolist() == [1.0, 0.8, 1.0, 0.9]
        assert found.doubted.tolist() == [False, True, False, False]
        assert found.contradicted.tolist() == [False, True, False, True]
        assert found.order.tolist() == [2, 1, 3, 0]
        assert found.queue.tolist() == [1, 3]
        assert found.margins is self.RANKING.margins
