from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.gate.baseline.rows import (
    check_hashes,
    count_prefix_digits,
    group_doubted_rows,
    make_digest,
    make_digests,
    pack_digests,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import DoubtTable
    from tests.conftest import Sentences

    Make = Callable[..., DoubtTable]


class TestDigest:
    """A row's content and label as 10 digits."""

    @pytest.mark.parametrize(
        ("given_label", "expected"), [("spam", "9e050d82f8"), ("", "bec29bf7ab"), (None, "c8db8192a0")]
    )
    def test_as_b2sum_has_it(self, given_label: str | None, expected: str) -> None:
        r"""It is what `printf '00112233445566ff\0spam' | b2sum -l 40` prints; None and "" differ."""
        assert make_digest("00112233445566ff", given_label) == expected

    def test_of_every_row(self, table: Make) -> None:
        """Each row of a table has one, even without a label."""
        rows = table(
            {"row_hash": "00112233445566ff"},
            {"row_hash": "00112233445566ff", "given_label": None, "doubt": None},
        )

        assert list(make_digests(rows)) == ["9e050d82f8", "c8db8192a0"]

    def test_half_a_character(self) -> None:
        """A label has a digest even if it can't be written in UTF-8, as in a file that was edited."""
        assert len(make_digest("h", "\ud800")) == 10


class TestLines:
    """Digests, grouped into lines."""

    @pytest.mark.parametrize(
        ("n_rows", "expected"),
        [(0, 0), (64, 0), (65, 1), (1024, 1), (1025, 2), (262_144, 3), (1_000_000, 4)],
    )
    def test_prefix(self, n_rows: int, expected: int) -> None:
        """A line has at most 64 digests on average, and so at least 4."""
        assert count_prefix_digits(n_rows) == expected

    def test_few(self) -> None:
        """A few digests are on one line, sorted; one that occurs twice is there twice."""
        lines = pack_digests(["bb00000000", "aa00000000", "bb00000000"])

        assert lines == {"": "aa00000000 bb00000000 bb00000000"}

    def test_none(self) -> None:
        """No digests make no lines."""
        assert pack_digests([]) == {}

    @settings(max_examples=30)
    @given(st.lists(st.integers(0, 2**40 - 1), min_size=65, max_size=200))
    def test_nothing_is_lost(self, numbers: list[int]) -> None:
        """Every digest can be read from the lines, as often as it occurred."""
        digests = [f"{number:010x}" for number in numbers]

        lines = pack_digests(digests)

        read = [prefix + rest for prefix, line in lines.items() for rest in line.split(" ")]
        assert Counter(read) == Counter(digests)
        assert {len(prefix) for prefix in lines} == {1}


class TestDoubtedRows:
    """The doubted rows, by content and label."""

    def test_equal_rows(self, table: Make) -> None:
        """Equal rows are grouped, most doubted first, ties by row id."""
        rows = table(
            {"row_id": "c", "row_hash": "h", "doubt": 0.6},
            {"row_id": "b", "row_hash": "h", "doubt": 0.6},
            {"row_id": "a", "row_hash": "h", "doubt": 0.2},
            {"row_id": "d", "row_hash": "h", "doubt": 0.9},
            {"row_id": "e", "row_hash": "h", "doubt": 0.7, "given_label": "ham"},
        )

        assert ids(group_doubted_rows(rows)) == {("h", "spam"): ["d", "b", "c"], ("h", "ham"): ["e"]}

    def test_last(self, table: Make) -> None:
        """Rows that should come last come after the rows equal to them."""
        rows = table({"row_hash": "h", "doubt": 0.9}, {"row_hash": "h", "doubt": 0.6})

        assert ids(group_doubted_rows(rows, last={1})) == {("h", "spam"): ["r2", "r1"]}

    def test_their_reasons(self, table: Make) -> None:
        """A row has its reasons and its number."""
        (row,) = group_doubted_rows(table({"doubt": 0.9, "reasons": ["outlier"]}))["0000000000000001", "spam"]

        assert (row.row, row.doubt, row.reasons) == (1, 0.9, ["outlier"])


def ids(groups: dict[Any, Any]) -> dict[Any, list[str]]:
    """The rows' ids, by content and label."""
    return {key: [row.row_id for row in rows] for key, rows in groups.items()}


def test_audit_without_hashes(table: Make, sentences: Sentences) -> None:
    """The audit of an earlier version is refused, because it has no hashes of its rows."""
    with pytest.raises(InputError) as caught:
        check_hashes(table({"row_hash": None}), "data.csv")

    assert caught.value.where == "data.csv"
    sentences.check(caught.value)
