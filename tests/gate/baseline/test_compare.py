from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.gate.baseline.compare import CUT, compare_with_baseline, measure_wobble
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
    from collections.abc import Callable

    from doubtcli.records import AuditDocument, DoubtTable

    Make = Callable[..., DoubtTable]
    Describe = Callable[..., AuditDocument]

CHANGED = (Change.NEW, "the row was added or changed since the baseline")
KNOWN = (Change.KNOWN, "")


@pytest.fixture(scope="session")
def before(table: Make, document: Describe) -> Before:
    """Makes what the baseline knows of these rows."""
    return lambda *rows: make_section("data.csv", "known.json", document(), table(*rows))


def changes(section: Section, rows: DoubtTable, waived: Sequence[int] = ()) -> dict[int, tuple[Change, str]]:
    """What each doubted row is, by its place in the file."""
    return compare_with_baseline(section, rows, path="known.json", waived=waived)[1]


def test_the_cut() -> None:
    """The cut is the one that the ranking doubts rows from."""
    assert CUT == DOUBTED_FROM


class TestWobble:
    """By how much doubts differ from scan to scan."""

    def test_of_borderline_rows(self) -> None:
        """It is three times the row's own deviation, or of the borderline rows' median where that is larger.

        Borderline are the second to fourth row: their median is 0.02.
        """
        doubt = np.array([0.99, 0.25, 0.5, 0.75, 0.1])
        doubt_sd = np.array([0.0, 0.01, 0.02, 0.1, 0.3])

        assert measure_wobble(doubt, doubt_sd) == pytest.approx([0.06, 0.06, 0.06, 0.3, 0.9])

    def test_no_borderline_row(self) -> None:
        """Without a borderline row nobody knows: it is at least 0.25."""
        assert measure_wobble(np.array([0.9, 0.1]), np.array([0.01, 0.2])) == pytest.approx([0.25, 0.6])

    def test_one_repeat(self) -> None:
        """With one repeat nobody knows: it is 0.25."""
        assert measure_wobble(np.array([0.5, 0.9]), np.array([np.nan, np.nan])).tolist() == [0.25, 0.25]

    def test_rows_without_a_label(self) -> None:
        """Rows without a doubt have no part in it."""
        found = measure_wobble(np.array([0.5, np.nan]), np.array([0.1, np.nan]))

        assert found == pytest.approx([0.3, 0.3])


class TestChanges:
    """Which doubted rows are new."""

    def test_known(self, table: Make, before: Before) -> None:
        """A row that was doubted is known, whatever its doubt, reasons, id and place are now."""
        section = before({"row_hash": "h", "doubt": 0.6, "reasons": ["outlier"]}, {})

        rows = table({}, {"row_hash": "h", "row_id": "z", "doubt": 0.99, "reasons": ["ambiguous"]})

        assert changes(section, rows) == {2: KNOWN}

    @pytest.mark.parametrize("now", [{"row_hash": "g"}, {"given_label": "ham"}], ids=["content", "label"])
    def test_changed_row(self, table: Make, before: Before, now: dict[str, Any]) -> None:
        """A row whose content or label was changed is new, however little it is doubted."""
        section = before({"row_hash": "h", "doubt": 0.9})

        assert changes(section, table({"row_hash": "h", "doubt": 0.5} | now)) == {1: CHANGED}

    @pytest.mark.parametrize(
        ("doubt", "doubt_sd", "expected"),
        [
            (0.81, 0.1, (Change.NEW, "newly doubted: 0.81, and it wobbles by 0.30 between repeats")),
            (1.0, 0.01, (Change.NEW, "newly doubted: 0.99, and it wobbles by 0.25 between repeats")),
            (
                0.79,
                0.1,
                (Change.KNOWN, "0.79 is over 0.5 by no more than it wobbles between repeats, 0.30"),
            ),
        ],
    )
    def test_newly_doubted(
        self, table: Make, before: Before, doubt: float, doubt_sd: float, expected: tuple[Change, str]
    ) -> None:
        """A row that was there and not doubted is new once its doubt is clear of the cut."""
        section = before({"doubt": 0.05})

        assert changes(section, table({"doubt": doubt, "doubt_sd": doubt_sd})) == {1: expected}

    @pytest.mark.parametrize(
        ("doubt", "change"), [(0.099, Change.NEW), (0.1, Change.KNOWN), (0.49, Change.KNOWN)]
    )
    def test_borderline(self, table: Make, before: Before, doubt: float, change: Change) -> None:
        """A row that was borderline is no news once it is doubted: a few other labels can do that."""
        section = before({"doubt": doubt})

        assert changes(section, table({"doubt": 0.99}))[1][0] is change

    def test_borderline_and_changed(self, table: Make, before: Before) -> None:
        """A borderline row whose label or content is another one now is new."""
        section = before({"doubt": 0.3})

        assert changes(section, table({"doubt": 0.9, "given_label": "ham"})) == {1: CHANGED}

    def test_one_borderline_of_two(self, table: Make, before: Before) -> None:
        """Of two equal rows, one of which was borderline, the second that is doubted is new."""
        section = before({"row_hash": "h", "doubt": 0.3}, {"row_hash": "h"})
        rows = table({"row_hash": "h", "doubt": 0.99}, {"row_hash": "h", "doubt": 0.98})

        told = changes(section, rows)

        assert told[1] == (Change.KNOWN, "it was borderline in the baseline already")
        assert told[2][0] is Change.NEW

    def test_the_file_sets_the_wobble(self, table: Make, before: Before) -> None:
        """Steady borderline rows tell that a doubt moves little: 0.6 is then clear of the cut."""
        rows = ({"doubt": 0.4}, {"doubt": 0.6}, {"doubt": 0.65})
        section = before({}, {}, {})

        told = [change for change, _ in changes(section, table(*rows)).values()]

        assert told == [Change.NEW, Change.NEW]

    def test_row_without_a_label_before(self, table: Make, before: Before) -> None:
        """A row that had no label is a changed one once it has."""
        section = before({"given_label": None, "doubt": None})

        assert changes(section, table({"doubt": 0.9})) == {1: CHANGED}

    def test_counts(self, table: Make, before: Before) -> None:
        """The comparison tells how many are new and known."""
        section = before({"row_hash": "h", "doubt": 0.9}, {"row_hash": "g"})
        rows = table({"row_hash": "h", "doubt": 0.9}, {"doubt": 0.9}, {"doubt": 0.9}, {"row_hash": "g"})

        assert compare_with_baseline(section, rows, path="known.json")[0] == Comparison(
            "known.json", 2, 1, ()
        )


class TestEqualRows:
    """Rows of the same content and label."""

    def test_one_more(self, table: Make, before: Before) -> None:
        """Where there is one more than before and all are doubted, one is new: the least doubted."""
        section = before({"row_hash": "h", "doubt": 0.9})
        rows = table(
            {"row_hash": "h", "doubt": 0.6, "row_id": "x"}, {"row_hash": "h", "doubt": 0.8, "row_id": "y"}
        )

        assert changes(section, rows) == {1: CHANGED, 2: KNOWN}

    def test_the_same_id(self, table: Make, before: Before) -> None:
        """The row that bears the known id is the known one, though its equal is doubted more."""
        section = before({"row_hash": "h", "doubt": 0.9, "row_id": "x"})
        rows = table(
            {"row_hash": "h", "doubt": 0.6, "row_id": "x"}, {"row_hash": "h", "doubt": 0.8, "row_id": "y"}
        )

        assert changes(section, rows) == {1: KNOWN, 2: CHANGED}

    def test_one_was_not_doubted(self, table: Make, before: Before) -> None:
        """Where both were there and one was doubted, the other is newly doubted, not changed."""
        section = before({"row_hash": "h", "doubt": 0.9}, {"row_hash": "h", "doubt": 0.05})
        rows = table({"row_hash": "h", "doubt": 0.9}, {"row_hash": "h", "doubt": 0.95})

        told = changes(section, rows)

        assert told[1] == KNOWN
        assert told[2][1] == "newly doubted: 0.95, and it wobbles by 0.25 between repeats"

    def test_one_id_for_all(self, table: Make, before: Before) -> None:
        """Ids that stand for several rows confuse nothing: each known doubt is one row's."""
        rows = [{"row_hash": "h", "doubt": 0.9, "row_id": "x"}] * 3

        assert changes(before(*rows[:2]), table(*rows)) == {1: KNOWN, 2: KNOWN, 3: CHANGED}


class TestWaived:
    """Rows that a person waived."""

    def test_no_change(self, table: Make, before: Before) -> None:
        """A waived row is neither new nor known."""
        section = before({"row_hash": "h", "doubt": 0.9})
        rows = table({"row_hash": "h", "doubt": 0.9}, {"row_hash": "g", "doubt": 0.9})

        comparison, told = compare_with_baseline(section, rows, path="known.json", waived=[1, 2])

        assert told == {}
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


@given(data=st.data(), rows=ROWS)
def test_any_shuffle_has_nothing_new(
    table: Make, before: Before, data: st.DataObject, rows: list[dict[str, Any]]
) -> None:
    """The same rows in another order are all known, and no doubt is gone."""
    shuffled = data.draw(st.permutations(rows))

    comparison, told = compare_with_baseline(before(*rows), table(*shuffled), path="known.json")

    assert set(told.values()) <= {KNOWN}
    assert (comparison.n_new, comparison.n_known) == (0, sum(row["doubt"] >= 0.5 for row in rows))
    assert comparison.gone == ()


@given(data=st.data(), rows=ROWS)
def test_any_added_row_is_new(
    table: Make, before: Before, data: st.DataObject, rows: list[dict[str, Any]]
) -> None:
    """A doubted row with content of its own is the one new row, wherever it was added."""
    place = data.draw(st.integers(0, len(rows)))
    added = {"row_hash": "aa", "doubt": 0.7}

    comparison, told = compare_with_baseline(
        before(*rows), table(*rows[:place], added, *rows[place:]), path="known.json"
    )

    assert told[place + 1] == CHANGED
    assert comparison.n_new == 1
    assert comparison.gone == ()


@given(data=st.data(), rows=ROWS, others=ROWS)
def test_the_order_of_the_file_does_not_matter(
    table: Make, before: Before, data: st.DataObject, rows: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """Two unlike files compare the same in any order of their rows."""
    section = before(*rows)
    shuffled = data.draw(st.permutations(others))

    one, other = (
        compare_with_baseline(section, table(*ordered), path="known.json") for ordered in (others, shuffled)
    )

    assert one[0] == other[0]
    assert sorted(one[1].values()) == sorted(other[1].values())


@given(rows=ROWS, others=ROWS)
def test_every_known_doubt_is_accounted_for(
    table: Make, before: Before, rows: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """Each doubt of the baseline is a row's that is doubted now, or is gone."""
    section = before(*rows)

    comparison, told = compare_with_baseline(section, table(*others), path="known.json")

    n_paired = sum(change == KNOWN for change in told.values())
    assert n_paired + len(comparison.gone) == len(section.doubts)
    assert comparison.n_new + comparison.n_known == len(told) == sum(row["doubt"] >= 0.5 for row in others)


DOUBTED = {"row_hash": "h", "doubt": 0.9}
GONE = "the row is gone or was changed"
NO_LONGER = "it is no longer doubted"


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


Told = "Callable[..., list[tuple[str, str]]]"


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ([{}], GONE),
        ([{"row_hash": "h", "doubt": 0.4}], NO_LONGER),
        ([{"row_hash": "h", "given_label": "ham"}], "its label is now 'ham'"),
        ([{"row_hash": "h", "given_label": "ham", "doubt": 0.9}], "its label is now 'ham'"),
        ([{"row_hash": "h", "given_label": "x" * 61}], f"its label is now '{'x' * 59}…'"),
        ([{"row_hash": "h", "given_label": None, "doubt": None}], "it has no label now"),
    ],
    ids=["gone", "not doubted", "relabelled", "relabelled and doubted", "long label", "unlabelled"],
)
def test_why(gone: Told, now: list[dict[str, Any]], why: str) -> None:
    """Each doubt that is gone says what became of it."""
    assert gone([DOUBTED], now) == [("r1", why)]


def test_waived(gone: Told) -> None:
    """A known doubt whose row is waived by now is gone, and says so."""
    assert gone([DOUBTED], [DOUBTED], waived=[1]) == [("r1", "it is waived by now")]


def test_new_and_waived(gone: Told) -> None:
    """A waived row that was not known leaves no trace."""
    assert gone([DOUBTED], [DOUBTED, {"doubt": 0.9}], waived=[2]) == []


def test_the_equal_row_of_another_label(gone: Told) -> None:
    """An equal row that bore another label all the time is not what became of it."""
    other = {"row_hash": "h", "given_label": "ham"}

    assert gone([DOUBTED, other], [other]) == [("r1", GONE)]
    assert gone([DOUBTED, other], [other, other]) == [("r1", "its label is now 'ham'")]


def test_one_of_two_equal_rows(gone: Told) -> None:
    """Of two equal doubts the one whose id is not there any more is gone."""
    before = [DOUBTED | {"row_id": "a"}, DOUBTED | {"row_id": "b"}]

    assert gone(before, before[1:]) == [("a", GONE)]
    assert gone(before, [before[0], before[1] | {"doubt": 0.1}]) == [("b", NO_LONGER)]
    assert gone(before, [before[1] | {"doubt": 0.1}]) == [("b", NO_LONGER), ("a", GONE)][::-1]


def test_order(gone: Told) -> None:
    """They stand most doubted first, ties by row id."""
    doubts = (("c", 0.6), ("b", 0.9), ("a", 0.6))
    before = [{"row_id": name, "doubt": doubt} for name, doubt in doubts]

    assert [row_id for row_id, _ in gone(before, [{"row_hash": "h"}])] == ["b", "a", "c"]


def test_given_label(table: Make, document: Describe) -> None:
    """It bears the label that was doubted."""
    section = make_section("data.csv", "known.json", document(), table(DOUBTED))

    assert compare_with_baseline(section, table({}), path="known.json")[0].gone == (
        GoneDoubt("r1", "spam", GONE),
    )
