from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.gate.baseline.rows import check_hashes, digest, digests, doubted_rows, in_lines, prefix_digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import DoubtTable

    Make = Callable[..., DoubtTable]


class TestDigest:
    """A row's content and label as 10 digits."""

    @pytest.mark.parametrize(
        ("given_label", "expected"), [("spam", "9e050d82f8"), ("", "bec29bf7ab"), (None, "c8db8192a0")]
    )
    def test_as_b2sum_has_it(self, given_label: str | None, expected: str) -> None:
        r"""It is what `printf '00112233445566ff\0spam' | b2sum -l 40` prints; no label and "" differ."""
        assert digest("00112233445566ff", given_label) == expected

    def test_of_every_row(self, table: Make) -> None:
        """Each row of a table has one, unlabelled rows too."""
        rows = table(
            {"row_hash": "00112233445566ff"},
            {"row_hash": "00112233445566ff", "given_label": None, "doubt": None},
        )

        assert list(digests(rows)) == ["9e050d82f8", "c8db8192a0"]

    def test_half_a_character(self) -> None:
        """A label that an edited file claims has a digest even where UTF-8 has no bytes for it."""
        assert len(digest("h", "\ud800")) == 10


class TestLines:
    """Digests, grouped into lines."""

    @pytest.mark.parametrize(
        ("n_rows", "expected"),
        [(0, 0), (64, 0), (65, 1), (1024, 1), (1025, 2), (262_144, 3), (1_000_000, 4)],
    )
    def test_prefix(self, n_rows: int, expected: int) -> None:
        """A line holds 64 digests at most on average, and so 4 at least."""
        assert prefix_digits(n_rows) == expected

    def test_few(self) -> None:
        """Few digests stand on one line, sorted, one that occurs twice twice."""
        lines = in_lines(["bb00000000", "aa00000000", "bb00000000"])

        assert lines == {"": "aa00000000 bb00000000 bb00000000"}

    def test_none(self) -> None:
        """No digests make no lines."""
        assert in_lines([]) == {}

    @given(st.lists(st.integers(0, 2**40 - 1), min_size=65, max_size=200))
    def test_nothing_is_lost(self, numbers: list[int]) -> None:
        """Every digest can be read from the lines, as often as it occurred."""
        told = [f"{number:010x}" for number in numbers]

        lines = in_lines(told)

        read = [prefix + rest for prefix, line in lines.items() for rest in line.split(" ")]
        assert Counter(read) == Counter(told)
        assert {len(prefix) for prefix in lines} == {1}


class TestDoubtedRows:
    """The doubted rows, by content and label."""

    def test_equal_rows(self, table: Make) -> None:
        """Equal rows stand together, most doubted first, ties by row id."""
        rows = table(
            {"row_id": "c", "row_hash": "h", "doubt": 0.6},
            {"row_id": "b", "row_hash": "h", "doubt": 0.6},
            {"row_id": "a", "row_hash": "h", "doubt": 0.2},
            {"row_id": "d", "row_hash": "h", "doubt": 0.9},
            {"row_id": "e", "row_hash": "h", "doubt": 0.7, "given_label": "ham"},
        )

        assert ids(doubted_rows(rows)) == {("h", "spam"): ["d", "b", "c"], ("h", "ham"): ["e"]}

    def test_last(self, table: Make) -> None:
        """Rows that are to come last come after their equals."""
        rows = table({"row_hash": "h", "doubt": 0.9}, {"row_hash": "h", "doubt": 0.6})

        assert ids(doubted_rows(rows, last={1})) == {("h", "spam"): ["r2", "r1"]}

    def test_their_reasons(self, table: Make) -> None:
        """A row brings its reasons and its place."""
        (row,) = doubted_rows(table({"doubt": 0.9, "reasons": ["outlier"]}))["0000000000000001", "spam"]

        assert (row.row, row.doubt, row.reasons) == (1, 0.9, ["outlier"])


def ids(groups: dict[Any, Any]) -> dict[Any, list[str]]:
    """The rows' ids, by content and label."""
    return {key: [row.row_id for row in rows] for key, rows in groups.items()}


def test_audit_without_hashes(table: Make) -> None:
    """The audit of an earlier doubt is refused: it does not tell what stands in the rows."""
    with pytest.raises(InputError) as caught:
        check_hashes(table({"row_hash": None}), "data.csv")

    assert str(caught.value) == (
        "data.csv: the audit does not tell what stands in the rows: an earlier doubt made it\n"
        "to do: scan the file again"
    )
