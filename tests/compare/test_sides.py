from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.compare.sides import NamedRows, match_rows


def rows(*given):
    """Rows of (name, row id, label); in rows of (name, label) the name is the row id, too."""
    full = [row if len(row) == 3 else (row[0], row[0], row[1]) for row in given]
    names, row_ids, labels = zip(*full, strict=True) if full else ((), (), ())
    return NamedRows(names, row_ids, labels)


def numbered(name, *labels):
    """Rows of one name, numbered as in a file: by label, missing ones last, the first without a number."""
    ordered = sorted(labels, key=lambda label: (label is None, label or ""))
    return [
        (name, name if place == 0 else f"{name}.{place + 1}", label) for place, label in enumerate(ordered)
    ]


def changes(before, after):
    """The labels of each pair."""
    return [(before.labels[one], after.labels[other]) for one, other in match_rows(before, after)]


class TestIds:
    """Each row has a unique name."""

    def test_the_same_rows(self):
        """A row is paired with the one of its name, at any place."""
        before, after = rows(("a", "x"), ("b", "y")), rows(("b", "y"), ("a", "x"))

        assert match_rows(before, after) == [(0, 1), (1, 0)]

    def test_a_changed_label(self):
        """A row with another label is still the same row."""
        assert match_rows(rows(("a", "x")), rows(("a", "y"))) == [(0, 0)]

    def test_gone_and_added(self):
        """A row that is in only one file is in no pair."""
        assert match_rows(rows(("a", "x"), ("b", "x")), rows(("b", "x"), ("c", "x"))) == [(1, 0)]

    def test_nothing_in_common(self):
        """Files without a common name have no pair."""
        assert match_rows(rows(("a", "x")), rows(("b", "x"))) == []
        assert match_rows(rows(), rows(("b", "x"))) == []

    def test_the_order_of_row_ids(self):
        """Pairs are in the order of the ids before, not of the file."""
        before, after = rows(("b", "x"), ("a", "x")), rows(("b", "x"), ("a", "x"))

        assert match_rows(before, after) == [(1, 1), (0, 0)]


class TestEqualInputs:
    """Several rows have one name, and are numbered in order of their labels."""

    @pytest.mark.parametrize(
        ("labels_before", "labels_after", "expected"),
        [
            # "h" is x, "h.2" is z; the z becomes a: now "h" is a and "h.2" is x
            ("xz", "ax", {("x", "x"), ("z", "a")}),
            # the a becomes z: all numbers move by one
            ("abc", "bcz", {("a", "z"), ("b", "b"), ("c", "c")}),
            # no label changes
            ("xyz", "xyz", {("x", "x"), ("y", "y"), ("z", "z")}),
            # one of two equal rows changes
            ("xx", "xy", {("x", "x"), ("x", "y")}),
            # one of two is gone: the one with its label is paired
            ("xy", "y", {("y", "y")}),
        ],
    )
    def test_numbers_that_move(self, labels_before, labels_after, expected):
        """A label that changes among equal rows changes their numbers; only its row counts as changed."""
        before, after = rows(*numbered("h", *labels_before)), rows(*numbered("h", *labels_after))

        assert set(changes(before, after)) == expected

    def test_an_added_label(self):
        """Of equal rows the one without a label is the one that has changed."""
        before, after = rows(*numbered("h", "x", None)), rows(*numbered("h", "a", "x"))

        assert set(changes(before, after)) == {("x", "x"), (None, "a")}

    def test_ten_and_more(self):
        """The tenth row is after the ninth, though its number as text is not."""
        ids = ["h", *(f"h.{number}" for number in range(2, 12))]
        known = rows(*(("h", row_id, "x") for row_id in ids))

        pairs = match_rows(known, rows(*(("h", row_id, "x") for row_id in reversed(ids))))

        assert {(known.row_ids[one], ids[::-1][other]) for one, other in pairs} == {(i, i) for i in ids}

    @given(
        st.lists(st.tuples(st.sampled_from("hk"), st.sampled_from(["x", "y", "z", None]))),
        st.lists(st.tuples(st.sampled_from("hk"), st.sampled_from(["x", "y", "z", None]))),
    )
    def test_fewest_changes(self, rows_before, rows_after):
        """A row is in one pair at most, as many rows as possible are paired, as few as possible changed."""
        known = []
        for given_rows in (rows_before, rows_after):
            by_name = [numbered(name, *(label for n, label in given_rows if n == name)) for name in "hk"]
            known.append(rows(*(row for group in by_name for row in group)))
        before, after = known

        pairs = match_rows(before, after)

        count_before, count_after = Counter(rows_before), Counter(rows_after)
        names_before, names_after = (
            Counter(name for name, _ in given_rows) for given_rows in (rows_before, rows_after)
        )
        n_pairs = sum((names_before & names_after).values())
        assert len(pairs) == n_pairs
        assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == n_pairs
        assert all(before.names[one] == after.names[other] for one, other in pairs)
        unchanged = sum((count_before & count_after).values())
        assert sum(before.labels[one] == after.labels[other] for one, other in pairs) == unchanged
