from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import SettingsError
from doubtcli.relabel.choose.choose import Choice, choose
from doubtcli.sampling import draw_sample

if TYPE_CHECKING:
    from collections.abc import Callable

    PoolOf = Callable[..., Any]


def linear(n_rows: int) -> list[dict[str, Any]]:
    """Rows of falling doubt, of which the first half is doubted."""
    return [{"row_id": f"r{row:03}", "doubt": 1 - (row + 0.5) / n_rows} for row in range(n_rows)]


def test_top(pool_of: PoolOf, ids_of: PoolOf) -> None:
    """By itself, top brings the rows that are doubted, most doubted first."""
    pool = pool_of(linear(6))

    picks = choose(pool, Choice({"top": 100}), 0)

    assert ids_of(pool, [pick.row for pick in picks]) == ["r000", "r001", "r002"]
    assert {pick.strategy for pick in picks} == {"top"}


@pytest.mark.parametrize(("size", "n_rows"), [(1, 1), (4, 4), (6, 6), (100, 6)])
def test_size(pool_of: PoolOf, size: int, n_rows: int) -> None:
    """A size brings as many rows, doubted or not, or all that there are."""
    picks = choose(pool_of(linear(6)), Choice({"top": 100}, size), 0)

    assert [pick.row for pick in picks] == list(range(n_rows))


@pytest.mark.parametrize("name", ["top", "balanced", "budget"])
def test_duplicates_come_once(pool_of: PoolOf, ids_of: PoolOf, name: str) -> None:
    """Of rows of equal input and label the most doubted one comes; with unlike labels both do."""
    pool = pool_of(
        [
            {"row_id": "less", "doubt": 0.6, "row_hash": "a"},
            {"row_id": "more", "doubt": 0.9, "row_hash": "a"},
            {"row_id": "unlike", "doubt": 0.7, "row_hash": "a", "given": "billing"},
            {"row_id": "other", "doubt": 0.8, "row_hash": "b"},
        ]
    )

    picks = choose(pool, Choice({name: 100}), 0)

    assert sorted(ids_of(pool, [pick.row for pick in picks])) == ["more", "other", "unlike"]


@pytest.mark.parametrize("name", ["balanced", "budget"])
def test_only_doubted_rows_without_a_size(pool_of: PoolOf, name: str) -> None:
    """Without a size only doubted rows come, in whatever order."""
    picks = choose(pool_of(linear(10)), Choice({name: 100}), 0)

    assert sorted(pick.row for pick in picks) == [0, 1, 2, 3, 4]


class TestAudit:
    """Rows drawn at random."""

    def test_as_a_scan_draws(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """The same rows are drawn, in the same order, as a scan with --audit-sample draws by that seed."""
        rows = linear(200)
        order = np.random.default_rng(7).permutation(200)
        pool = pool_of([rows[row] for row in order])
        canonical = sorted(rows, key=lambda row: row["row_id"])
        doubt = np.array([row["doubt"] for row in canonical])
        sample = draw_sample(doubt, np.ones(200, dtype=bool), 60, 5)

        picks = choose(pool, Choice({"audit": 100}, 60), 5)

        assert ids_of(pool, [p.row for p in picks]) == [canonical[row]["row_id"] for row in sample.rows]
        assert [pick.stratum for pick in picks] == list(sample.strata)
        assert [pick.inclusion for pick in picks] == sample.inclusion.tolist()

    def test_decided_rows_are_not_drawn(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """A stratum holds the rows that are undecided."""
        rows = [row | {"verdict": "bug" if number % 2 else None} for number, row in enumerate(linear(40))]
        pool = pool_of(rows)

        picks = choose(pool, Choice({"audit": 100}, 10), 0)

        assert {str(pick.stratum) for pick in picks} == {"1 of 1 (20 rows)"}
        assert all(int(row_id[1:]) % 2 == 0 for row_id in ids_of(pool, [pick.row for pick in picks]))

    def test_equal_rows_are_drawn_apart(self, pool_of: PoolOf) -> None:
        """The rate is a share of rows, so equal rows that are drawn come each for themselves."""
        picks = choose(
            pool_of([row | {"row_hash": "same"} for row in linear(30)]), Choice({"audit": 100}, 30), 0
        )

        assert len({pick.row for pick in picks}) == 30

    def test_needs_a_size(self, pool_of: PoolOf) -> None:
        """An audit draws as many rows as it is told."""
        with pytest.raises(SettingsError, match="--size"):
            choose(pool_of(linear(6)), Choice({"top": 50, "audit": 50}), 0)

    def test_nobody_to_draw(self, pool_of: PoolOf) -> None:
        """Where all rows are decided, none is drawn."""
        assert choose(pool_of([{"verdict": "bug"}]), Choice({"audit": 100}, 10), 0) == []

    def test_another_seed(self, pool_of: PoolOf) -> None:
        """Another seed draws other rows."""
        one, other = (
            [pick.row for pick in choose(pool_of(linear(200)), Choice({"audit": 100}, 50), seed)]
            for seed in (0, 1)
        )

        assert one != other


class TestMixed:
    """Several strategies by share."""

    def test_drawn_rows_come_first(self, pool_of: PoolOf) -> None:
        """The audit's rows come first, whatever is named first; the others go on with rows that are left."""
        picks = choose(pool_of(linear(40)), Choice({"top": 70, "audit": 30}, 20), 0)

        assert [pick.strategy for pick in picks] == ["audit"] * 6 + ["top"] * 14
        drawn = {pick.row for pick in picks[:6]}
        assert [pick.row for pick in picks[6:]] == [row for row in range(40) if row not in drawn][:14]
        assert all((pick.stratum is None) == (pick.strategy == "top") for pick in picks)

    def test_the_strategy_named_first_brings_a_row(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """Where two would bring a row, the first one does, and the second goes on to its next."""
        pool = pool_of(
            [
                {"row_id": "a1", "given": "a", "doubt": 0.9},
                {"row_id": "a2", "given": "a", "doubt": 0.8},
                {"row_id": "a3", "given": "a", "doubt": 0.7},
                {"row_id": "b1", "given": "b", "doubt": 0.6},
            ]
        )

        picks = choose(pool, Choice({"top": 50, "balanced": 50}), 0)

        assert list(zip(ids_of(pool, [p.row for p in picks]), [p.strategy for p in picks], strict=True)) == [
            ("a1", "top"),
            ("a2", "top"),
            ("a3", "balanced"),
            ("b1", "balanced"),
        ]

    def test_equals_of_drawn_rows_do_not_come(self, pool_of: PoolOf) -> None:
        """Where a row of a group is drawn, no other row of it is brought for its doubt."""
        picks = choose(
            pool_of([row | {"row_hash": "same"} for row in linear(30)]),
            Choice({"audit": 50, "top": 50}, 2),
            0,
        )

        assert [pick.strategy for pick in picks] == ["audit"]

    @given(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 100)),
            min_size=1,
            max_size=40,
        ),
        st.sampled_from(
            [
                {"top": 100},
                {"balanced": 50, "audit": 50},
                {"budget": 30, "top": 30, "balanced": 30, "audit": 10},
            ]
        ),
        st.integers(1, 50),
    )
    def test_a_row_comes_once(
        self, pool_of: PoolOf, rows: list[tuple[str, str, int]], shares: dict[str, int], size: int
    ) -> None:
        """No row comes twice, no more come than asked for, and equal ones only if they are drawn."""
        pool = pool_of(
            [{"row_hash": same, "given": label, "doubt": doubt / 100} for same, label, doubt in rows]
        )

        picks = choose(pool, Choice(shares, size), 0)

        assert len({pick.row for pick in picks}) == len(picks) <= size
        groups = [pool.groups[pick.row] for pick in picks if pick.strategy != "audit"]
        assert len(set(groups)) == len(groups)
        assert set(groups).isdisjoint(pool.groups[pick.row] for pick in picks if pick.strategy == "audit")


class TestWaived:
    """Rows whose label a person has found right before."""

    @pytest.mark.parametrize("name", ["top", "balanced", "budget"])
    @pytest.mark.parametrize(("size", "expected"), [(None, ["r001"]), (9, ["r001", "r003", "r004", "r005"])])
    def test_left_out(
        self, pool_of: PoolOf, ids_of: PoolOf, name: str, size: int | None, expected: list[str]
    ) -> None:
        """No strategy that goes by doubt brings them; others don't take their place unless a size says so."""
        rows = [row | {"waived": row["row_id"] in ("r000", "r002")} for row in linear(6)]
        pool = pool_of(rows)

        picks = choose(pool, Choice({name: 100}, size), 0)

        assert sorted(ids_of(pool, [pick.row for pick in picks])) == expected

    def test_stand_for_none(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """Of equal rows the most doubted one that is not waived comes."""
        same = {"row_hash": "a"}
        pool = pool_of(
            [
                {"row_id": "seen", "doubt": 0.9, "waived": True} | same,
                {"row_id": "unseen", "doubt": 0.8} | same,
                {"row_id": "less", "doubt": 0.7} | same,
            ]
        )

        picks = choose(pool, Choice({"top": 100}), 0)

        assert ids_of(pool, [pick.row for pick in picks]) == ["unseen"]

    def test_drawn_all_the_same(self, pool_of: PoolOf) -> None:
        """An audit draws them as it draws all others: which rows are waived changes nothing."""
        choice = Choice({"audit": 100}, 60)
        waived = pool_of([row | {"waived": number % 3 == 0} for number, row in enumerate(linear(200))])

        picks = choose(waived, choice, 5)

        assert picks == choose(pool_of(linear(200)), choice, 5)
        assert waived.waived[[pick.row for pick in picks]].any()

    def test_beside_an_audit(self, pool_of: PoolOf) -> None:
        """Of a queue of both kinds the audit alone brings waived rows."""
        pool = pool_of([row | {"waived": number % 2 == 0} for number, row in enumerate(linear(200))])

        picks = choose(pool, Choice({"top": 50, "audit": 50}, 80), 0)

        brought = {
            name: {bool(pool.waived[pick.row]) for pick in picks if pick.strategy == name}
            for name in ("top", "audit")
        }
        assert brought == {"top": {False}, "audit": {False, True}}
