from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.gate.baseline.compare import (
    BORDERLINE_ROW,
    CHANGED_ROW,
    CUT,
    GONE_ROW,
    UNDOUBTED_ROW,
    WAIVED_ROW,
    compare_with_baseline,
    measure_variation,
)
from doubtcli.gate.baseline.section import make_section
from doubtcli.gate.result import Change, Comparison, GoneDoubt
from doubtcli.rank.combine import DOUBTED_FROM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.gate.baseline.section import Section
    from doubtcli.records import AuditDocument, DoubtTable

    Make = Callable[..., DoubtTable]
    Describe = Callable[..., AuditDocument]
    Before = Callable[..., Section]

    from tests.conftest import Sentences

CHANGED = (Change.NEW, CHANGED_ROW)
KNOWN = (Change.KNOWN, "")


@pytest.fixture(scope="session")
def before(table: Make, document: Describe) -> Before:
    """Makes the section of a baseline on these rows."""
    return lambda *rows: make_section("data.csv", "known.json", document(), table(*rows))


def changes(section: Section, rows: DoubtTable, waived: Sequence[int] = ()) -> dict[int, tuple[Change, str]]:
    """Whether each doubted row is new, by row number."""
    return compare_with_baseline(section, rows, path="known.json", waived=waived)[1]


def test_the_cut() -> None:
    """The cut is the one from which the ranking doubts a row."""
    assert CUT == DOUBTED_FROM


class TestVariation:
    """By how much doubts differ from scan to scan."""

    def test_of_borderline_rows(self) -> None:
        """It is three times the row's own deviation, or three times the borderline rows' median if larger.

        The second to fourth row are borderline: their median is 0.02.
        """
        doubt = np.array([0.99, 0.25, 0.5, 0.75, 0.1])
        doubt_sd = np.array([0.0, 0.01, 0.02, 0.1, 0.3])

        assert measure_variation(doubt, doubt_sd) == pytest.approx([0.06, 0.06, 0.06, 0.3, 0.9])

    def test_no_borderline_row(self) -> None:
        """Without a borderline row it is not known: it is at least 0.25."""
        assert measure_variation(np.array([0.9, 0.1]), np.array([0.01, 0.2])) == pytest.approx([0.25, 0.6])

    def test_one_repeat(self) -> None:
        """With one repeat it is not known: it is 0.25."""
        assert measure_variation(np.array([0.5, 0.9]), np.array([np.nan, np.nan])).tolist() == [0.25, 0.25]

    def test_rows_without_a_label(self) -> None:
        """Rows without a doubt don't count."""
        found = measure_variation(np.array([0.5, np.nan]), np.array([0.1, np.nan]))

        assert found == pytest.approx([0.3, 0.3])


class TestChanges:
    """Which doubted rows are new."""

    def test_known(self, table: Make, before: Before) -> None:
        """A row that was doubted is known, even if its doubt, reasons, id and position are new."""
        section = before({"row_hash": "h", "doubt": 0.6, "reasons": ["outlier"]}, {})

        rows = table({}, {"row_hash": "h", "row_id": "z", "doubt": 0.99, "reasons": ["ambiguous"]})

        assert changes(section, rows) == {2: KNOWN}

    @pytest.mark.parametrize("now", [{"row_hash": "g"}, {"given_label": "ham"}], ids=["content", "label"])
    def test_changed_row(self, table: Make, before: Before, now: dict[str, Any]) -> None:
        """A row whose content or label was changed is new, even if it is only just doubted."""
        section = before({"row_hash": "h", "doubt": 0.9})

        assert changes(section, table({"row_hash": "h", "doubt": 0.5} | now)) == {1: CHANGED}

    @pytest.mark.parametrize(
        ("doubt", "doubt_sd", "expected", "figures"),
        [
            (0.81, 0.1, Change.NEW, ("0.81", "0.30")),
            (1.0, 0.01, Change.NEW, ("0.99", "0.25")),
            (0.79, 0.1, Change.KNOWN, ("0.79", "0.30")),
        ],
    )
    def test_newly_doubted(  # noqa: PLR0917  # fixtures
        self,
        table: Make,
        before: Before,
        doubt: float,
        doubt_sd: float,
        expected: Change,
        figures: tuple[str, str],
        sentences: Sentences,
    ) -> None:
        """A row that was not doubted is new once its doubt is over the cut by more than it varies."""
        section = before({"doubt": 0.05})

        change, why = changes(section, table({"doubt": doubt, "doubt_sd": doubt_sd}))[1]

        assert change is expected
        assert all(figure in why for figure in figures)
        sentences.check(why)

    @pytest.mark.parametrize(
        ("doubt", "change"), [(0.099, Change.NEW), (0.1, Change.KNOWN), (0.49, Change.KNOWN)]
    )
    def test_borderline(self, table: Make, before: Before, doubt: float, change: Change) -> None:
        """A row that was borderline is not new once it is doubted: a few other labels can cause that."""
        section = before({"doubt": doubt})

        assert changes(section, table({"doubt": 0.99}))[1][0] is change

    def test_borderline_and_changed(self, table: Make, before: Before) -> None:
        """A borderline row whose label or content has changed is new."""
        section = before({"doubt": 0.3})

        assert changes(section, table({"doubt": 0.9, "given_label": "ham"})) == {1: CHANGED}

    def test_one_borderline_of_two(self, table: Make, before: Before) -> None:
        """Of two equal rows, one of which was borderline, the second that is doubted is new."""
        section = before({"row_hash": "h", "doubt": 0.3}, {"row_hash": "h"})
        rows = table({"row_hash": "h", "doubt": 0.99}, {"row_hash": "h", "doubt": 0.98})

        found = changes(section, rows)

        assert found[1] == (Change.KNOWN, BORDERLINE_ROW)
        assert found[2][0] is Change.NEW

    def test_the_file_sets_the_variation(self, table: Make, before: Before) -> None:
        """Stable borderline rows show that doubts vary little: 0.6 is then clearly over the cut."""
        rows = ({"doubt": 0.4}, {"doubt": 0.6}, {"doubt": 0.65})
        section = before({}, {}, {})

        found = [change for change, _ in changes(section, table(*rows)).values()]

        assert found == [Change.NEW, Change.NEW]

    def test_row_without_a_label_before(self, table: Make, before: Before) -> None:
        """A row that had no label counts as changed once it has one."""
        section = before({"given_label": None, "doubt": None})

        assert changes(section, table({"doubt": 0.9})) == {1: CHANGED}

    def test_counts(self, table: Make, before: Before) -> None:
        """The comparison has how many are new and known."""
        section = before({"row_hash": "h", "doubt": 0.9}, {"row_hash": "g"})
        rows = table({"row_hash": "h", "doubt": 0.9}, {"doubt": 0.9}, {"doubt": 0.9}, {"row_hash": "g"})

        assert compare_with_baseline(section, rows, path="known.json")[0] == Comparison(
            "known.json", 2, 1, ()
        )


class TestEqualRows:
    """Rows of the same content and label."""

    def test_one_more(self, table: Make, before: Before) -> None:
        """If there is one more than before and all are doubted, one is new: the least doubted."""
        section = before({"row_hash": "h", "doubt": 0.9})
        rows = table(
            {"row_hash": "h", "doubt": 0.6, "row_id": "x"}, {"row_hash": "h", "doubt": 0.8, "row_id": "y"}
        )

        assert changes(section, rows) == {1: CHANGED, 2: KNOWN}

    def test_the_same_id(self, table: Make, before: Before) -> None:
        """The row with the known id is the known one, although its equal is doubted more."""
        section = before({"row_hash": "h", "doubt": 0.9, "row_id": "x"})
        rows = table(
            {"row_hash": "h", "doubt": 0.6, "row_id": "x"}, {"row_hash": "h", "doubt": 0.8, "row_id": "y"}
        )

        assert changes(section, rows) == {1: KNOWN, 2: CHANGED}

    def test_one_was_not_doubted(self, table: Make, before: Before) -> None:
        """If both were in the file and one was doubted, the other is newly doubted, not changed."""
        section = before({"row_hash": "h", "doubt": 0.9}, {"row_hash": "h", "doubt": 0.05})
        rows = table({"row_hash": "h", "doubt": 0.9}, {"row_hash": "h", "doubt": 0.95})

        found = changes(section, rows)

        assert found[1] == KNOWN
        assert found[2][0] is Change.NEW
        assert "0.95" in found[2][1]

    def test_one_id_for_all(self, table: Make, before: Before) -> None:
        """Ids that several rows have do no harm: each known doubt belongs to one row."""
        rows = [{"row_hash": "h", "doubt": 0.9, "row_id": "x"}] * 3

        assert changes(before(*rows[:2]), table(*rows)) == {1: KNOWN, 2: KNOWN, 3: CHANGED}


class TestWaived:
    """Rows that a person waived."""

    def test_no_change(self, table: Make, before: Before) -> None:
        """A waived row is neither new nor known."""
        section = before({"row_hash": "h", "doubt": 0.9})
        rows = table({"row_hash": "h", "doubt": 0.9}, {"row_hash": "g", "doubt": 0.9})

        comparison, found = compare_with_baseline(section, rows, path="known.json", waived=[1, 2])

        assert found == {}
        assert (comparison.n_new, comparison.n_known) == (0, 0)

    def test_its_equal(self, table: Make, before: Before) -> None:
        """A waived row does not take the known doubt from its equal."""
        section = before({"row_hash": "h", "doubt": 0.9, "row_id": "old"})
        rows = table({"row_hash": "h", "doubt": 0.9}, {"row_hash": "h", "doubt": 0.6})

        assert changes(section, rows, waived=[1]) == {2: KNOWN}


# --------------------------------------------------------------------- any file

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "row_hash": st.sampled_from(["f0", "f1", "f2"]),
            "given_label": st.sampled_from(["ham", "spam"]),
            "row_id": st.text(max_size=2),
            "doubt": st.floats(0, 1),
            "doubt_sd": st.none() | st.floats(0, 0.5),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=50)
@given(data=st.data(), rows=ROWS)
def test_any_shuffle_has_nothing_new(
    table: Make, before: Before, data: st.DataObject, rows: list[dict[str, Any]]
) -> None:
    """The same rows in another order are all known, and no doubt is gone."""
    shuffled = data.draw(st.permutations(rows))

    comparison, found = compare_with_baseline(before(*rows), table(*shuffled), path="known.json")

    assert set(found.values()) <= {KNOWN}
    assert (comparison.n_new, comparison.n_known) == (0, sum(row["doubt"] >= 0.5 for row in rows))
    assert comparison.gone == ()


@settings(max_examples=50)
@given(data=st.data(), rows=ROWS)
def test_any_added_row_is_new(
    table: Make, before: Before, data: st.DataObject, rows: list[dict[str, Any]]
) -> None:
    """A doubted row with content of its own is the only new row, at any place in the file."""
    place = data.draw(st.integers(0, len(rows)))
    added = {"row_hash": "aa", "doubt": 0.7}

    comparison, found = compare_with_baseline(
        before(*rows), table(*rows[:place], added, *rows[place:]), path="known.json"
    )

    assert found[place + 1] == CHANGED
    assert comparison.n_new == 1
    assert comparison.gone == ()


@settings(max_examples=50)
@given(data=st.data(), rows=ROWS, others=ROWS)
def test_the_order_of_the_file_does_not_matter(
    table: Make, before: Before, data: st.DataObject, rows: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """The comparison of two different files does not depend on the order of their rows."""
    section = before(*rows)
    shuffled = data.draw(st.permutations(others))

    one, other = (
        compare_with_baseline(section, table(*ordered), path="known.json") for ordered in (others, shuffled)
    )

    assert one[0] == other[0]
    assert sorted(one[1].values()) == sorted(other[1].values())


@settings(max_examples=50)
@given(rows=ROWS, others=ROWS)
def test_every_known_doubt_is_accounted_for(
    table: Make, before: Before, rows: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """Each doubt of the baseline belongs to a row that is doubted now, or is gone."""
    section = before(*rows)

    comparison, found = compare_with_baseline(section, table(*others), path="known.json")

    n_paired = sum(change == KNOWN for change in found.values())
    assert n_paired + len(comparison.gone) == len(section.doubts)
    assert comparison.n_new + comparison.n_known == len(found) == sum(row["doubt"] >= 0.5 for row in others)


DOUBTED = {"row_hash": "h", "doubt": 0.9}


@pytest.fixture
def gone(table: Make, document: Describe) -> Callable[..., list[tuple[str, str]]]:
    """The id of each doubt that is gone, and why."""

    def compared(
        before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], waived: Sequence[int] = ()
    ) -> list[tuple[str, str]]:
        section = make_section("data.csv", "known.json", document(), table(*before))
        comparison, _ = compare_with_baseline(section, table(*now), path="known.json", waived=waived)
        return [(doubt.row_id, doubt.why) for doubt in comparison.gone]

    return compared


Gone = "Callable[..., list[tuple[str, str]]]"


@pytest.mark.parametrize(
    ("now", "fact"),
    [
        ([{}], GONE_ROW),
        ([{"row_hash": "h", "doubt": 0.4}], UNDOUBTED_ROW),
        ([{"row_hash": "h", "given_label": "ham"}], "'ham'"),
        ([{"row_hash": "h", "given_label": "ham", "doubt": 0.9}], "'ham'"),
        ([{"row_hash": "h", "given_label": "x" * 61}], f"'{'x' * 59}…'"),
        ([{"row_hash": "h", "given_label": None, "doubt": None}], "no label"),
    ],
    ids=["gone", "not doubted", "relabelled", "relabelled and doubted", "long label", "unlabelled"],
)
def test_why(gone: Gone, now: list[dict[str, Any]], fact: str, sentences: Sentences) -> None:
    """Each doubt that is gone has the reason."""
    ((row_id, why),) = gone([DOUBTED], now)

    assert row_id == "r1"
    assert fact in why
    sentences.check(why)


def test_waived(gone: Gone, sentences: Sentences) -> None:
    """A known doubt whose row is waived now is gone, and the reason is that."""
    assert gone([DOUBTED], [DOUBTED], waived=[1]) == [("r1", WAIVED_ROW)]
    sentences.check(WAIVED_ROW)


def test_new_and_waived(gone: Gone) -> None:
    """A waived row that was not known leaves no trace."""
    assert gone([DOUBTED], [DOUBTED, {"doubt": 0.9}], waived=[2]) == []


def test_the_equal_row_of_another_label(gone: Gone) -> None:
    """An equal row that had another label before is not taken for the row relabelled."""
    other = {"row_hash": "h", "given_label": "ham"}

    assert gone([DOUBTED, other], [other]) == [("r1", GONE_ROW)]
    ((row_id, why),) = gone([DOUBTED, other], [other, other])
    assert row_id == "r1"
    assert "'ham'" in why


def test_one_of_two_equal_rows(gone: Gone) -> None:
    """Of two equal doubts, the one whose id is not in the file any more is gone."""
    before = [DOUBTED | {"row_id": "a"}, DOUBTED | {"row_id": "b"}]

    assert gone(before, before[1:]) == [("a", GONE_ROW)]
    assert gone(before, [before[0], before[1] | {"doubt": 0.1}]) == [("b", UNDOUBTED_ROW)]
    assert gone(before, [before[1] | {"doubt": 0.1}]) == [("a", GONE_ROW), ("b", UNDOUBTED_ROW)]


def test_order(gone: Gone) -> None:
    """They are sorted by doubt, the most doubted first, ties by row id."""
    doubts = (("c", 0.6), ("b", 0.9), ("a", 0.6))
    before = [{"row_id": name, "doubt": doubt} for name, doubt in doubts]

    assert [row_id for row_id, _ in gone(before, [{"row_hash": "h"}])] == ["b", "a", "c"]


def test_given_label(table: Make, document: Describe) -> None:
    """It has the label that was doubted."""
    section = make_section("data.csv", "known.json", document(), table(DOUBTED))

    assert compare_with_baseline(section, table({}), path="known.json")[0].gone == (
        GoneDoubt("r1", "spam", GONE_ROW),
    )
