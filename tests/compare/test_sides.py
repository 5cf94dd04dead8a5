from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.compare.sides import NamedRows, match_rows


def rows(*told):
    """Rows of (name, row id, label); a row that is told by name and label alone is its own id."""
    full = [row if len(row) == 3 else (row[0], row[0], row[1]) for row in told]
    names, row_ids, labels = zip(*full, strict=True) if full else ((), (), ())
    return NamedRows(names, row_ids, labels)


def numbered(name, *labels):
    """Rows of one name as a file numbers them: in order of label, none last, the first without a number."""
    told = sorted(labels, key=lambda label: (label is None, label or ""))
    return [(name, name if place == 0 else f"{name}.{place + 1}", label) for place, label in enumerate(told)]


def changes(before, after):
    """The labels of each pair."""
    return [(before.labels[one], after.labels[other]) for one, other in match_rows(before, after)]


class TestIds:
    """Each row has a name of its own."""

    def test_the_same_rows(self):
        """A row is paired with the one of its name, wherever it stands."""
        before, after = rows(("a", "x"), ("b", "y")), rows(("b", "y"), ("a", "x"))

        assert match_rows(before, after) == [(0, 1), (1, 0)]

    def test_a_changed_label(self):
        """A row that bears another label is still the same row."""
        assert match_rows(rows(("a", "x")), rows(("a", "y"))) == [(0, 0)]

    def test_gone_and_added(self):
        """A row that is in one file alone is in no pair."""
        assert match_rows(rows(("a", "x"), ("b", "x")), rows(("b", "x"), ("c", "x"))) == [(1, 0)]

    def test_nothing_in_common(self):
        """Files that share no name have no pair."""
        assert match_rows(rows(("a", "x")), rows(("b", "x"))) == []
        assert match_rows(rows(), rows(("b", "x"))) == []

    def test_the_order_of_row_ids(self):
        """Pairs come in the order of the ids before, not in that of the file."""
        before, after = rows(("b", "x"), ("a", "x")), rows(("b", "x"), ("a", "x"))

        assert match_rows(before, after) == [(1, 1), (0, 0)]


class TestEqualInputs:
    """Several rows have one name, and are numbered in order of their labels."""

    @pytest.mark.parametrize(
        ("labels_before", "labels_after", "expected"),
        [
            # "h" is x, "h.2" is z; the z becomes a: now "h" is a and "h.2" is x
            ("xz", "ax", {("x", "x"), ("z", "a")}),
            # the a becomes z: everybody's number moves on by one
            ("abc", "bcz", {("a", "z"), ("b", "b"), ("c", "c")}),
            # nothing becomes anything else
            ("xyz", "xyz", {("x", "x"), ("y", "y"), ("z", "z")}),
            # one of two equal rows changes
            ("xx", "xy", {("x", "x"), ("x", "y")}),
            # one of two is gone: the one that kept its label stayed
            ("xy", "y", {("y", "y")}),
        ],
    )
    def test_numbers_that_move(self, labels_before, labels_after, expected):
        """A label that changes among equal rows moves their numbers; only its own row counts as changed."""
        before, after = rows(*numbered("h", *labels_before)), rows(*numbered("h", *labels_after))

        assert set(changes(before, after)) == expected

    def test_a_label_at_last(self):
        """A row that had none is the one that has changed."""
        before, after = rows(*numbered("h", "x", None)), rows(*numbered("h", "a", "x"))

        assert set(changes(before, after)) == {("x", "x"), (None, "a")}

    def test_ten_and_more(self):
        """The tenth row stands behind the ninth, though its number as text does not."""
        ids = ["h", *(f"h.{number}" for number in range(2, 12))]
        known = rows(*(("h", row_id, "x") for row_id in ids))

        pairs = match_rows(known, rows(*(("h", row_id, "x") for row_id in reversed(ids))))

        assert {(known.row_ids[one], ids[::-1][other]) for one, other in pairs} == {(i, i) for i in ids}

    @given(
        st.lists(st.tuples(st.sampled_from("hk"), st.sampled_from(["x", "y", "z", None]))),
        st.lists(st.tuples(st.sampled_from("hk"), st.sampled_from(["x", "y", "z", None]))),
    )
    def test_no_more_changes_than_there_must_be(self, told_before, told_after):
        """A row is in one pair at most, as many as can be are paired, and as few as can be have changed."""
        known = []
        for told in (told_before, told_after):
            by_name = [numbered(name, *(label for n, label in told if n == name)) for name in "hk"]
            known.append(rows(*(row for group in by_name for row in group)))
        before, after = known

        pairs = match_rows(before, after)

        count_before, count_after = Counter(told_before), Counter(told_after)
        names_before, names_after = (Counter(name for name, _ in told) for told in (told_before, told_after))
        n_pairs = sum((names_before & names_after).values())
        assert len(pairs) == n_pairs
        assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == n_pairs
        assert all(before.names[one] == after.names[other] for one, other in pairs)
        unchanged = sum((count_before & count_after).values())
        assert sum(before.labels[one] == after.labels[other] for one, other in pairs) == unchanged
