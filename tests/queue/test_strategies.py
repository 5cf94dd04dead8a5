from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import SettingsError
from doubtcli.queue.sampling import draw_sample
from doubtcli.queue.strategies import (
    STRATEGIES,
    QueueChoice,
    choose_rows,
    estimate_minutes,
    order_by_corrections,
    order_in_turns,
    parse_shares,
    split_by_share,
)
from doubtcli.records import SpotCheckPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sentences

    PoolOf = Callable[..., Any]


def linear(n_rows: int) -> list[dict[str, Any]]:
    """Rows in order of doubt; the first half is doubted."""
    return [{"row_id": f"r{row:03}", "doubt": 1 - (row + 0.5) / n_rows} for row in range(n_rows)]


def test_top(pool_of: PoolOf, ids_of: PoolOf) -> None:
    """The strategy top chooses the doubted rows, most doubted first."""
    pool = pool_of(linear(24))

    picks = choose_rows(pool, QueueChoice({"top": 100}), 0)

    assert ids_of(pool, [pick.row for pick in picks]) == [f"r{row:03}" for row in range(12)]
    assert {pick.strategy for pick in picks} == {"top"}


@pytest.mark.parametrize("name", ["top", "balanced"])
def test_tiers(pool_of: PoolOf, name: str) -> None:
    """Doubted rows come first, then contradicted ones, then the others, each by doubt."""
    tiers = ["doubted", None, "contradicted", None, "contradicted"]
    doubts = [0.9, 0.4, 0.3, 0.2, 0.1]
    pool = pool_of([{"doubt": doubt, "tier": tier} for doubt, tier in zip(doubts, tiers, strict=True)])

    picks = choose_rows(pool, QueueChoice({name: 100}, 4), 0)

    assert [pick.row for pick in picks] == [0, 2, 4, 1]


def test_as_long_as_the_scans_own(pool_of: PoolOf) -> None:
    """Without a size the queue has as many entries as that of the scan, but all that are doubted."""
    pool = pool_of([{"doubt": 0.9 - row / 10, "tier": "contradicted"} for row in range(8)])

    picks = choose_rows(pool, QueueChoice({"top": 100}, scan_length=3), 0)

    assert [pick.row for pick in picks] == [0, 1, 2]


@pytest.mark.parametrize(("size", "n_rows"), [(1, 1), (4, 4), (6, 6), (100, 6)])
def test_size(pool_of: PoolOf, size: int, n_rows: int) -> None:
    """With a size there are that many rows, doubted or not, or all that there are."""
    picks = choose_rows(pool_of(linear(6)), QueueChoice({"top": 100}, size), 0)

    assert [pick.row for pick in picks] == list(range(n_rows))


@pytest.mark.parametrize("name", ["top", "balanced", "budget"])
def test_equal_rows_come_once(pool_of: PoolOf, ids_of: PoolOf, name: str) -> None:
    """Of rows with the same input and label only the most doubted is chosen; with other labels both are."""
    pool = pool_of(
        [
            {"row_id": "less", "doubt": 0.6, "row_hash": "a"},
            {"row_id": "more", "doubt": 0.9, "row_hash": "a"},
            {"row_id": "unlike", "doubt": 0.7, "row_hash": "a", "given": "billing"},
            {"row_id": "other", "doubt": 0.8, "row_hash": "b"},
        ]
    )

    picks = choose_rows(pool, QueueChoice({name: 100}), 0)

    assert sorted(ids_of(pool, [pick.row for pick in picks])) == ["more", "other", "unlike"]


@pytest.mark.parametrize("name", ["balanced", "budget"])
def test_only_doubted_rows_without_a_size(pool_of: PoolOf, name: str) -> None:
    """Without a size only doubted rows are chosen, in any order."""
    picks = choose_rows(pool_of(linear(30)), QueueChoice({name: 100}), 0)

    assert sorted(pick.row for pick in picks) == list(range(15))


class TestRandom:
    """Rows drawn at random."""

    def test_as_a_scan_draws(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """The rows and their order are those that a scan with --audit-sample draws with the same seed."""
        rows = linear(200)
        order = np.random.default_rng(7).permutation(200)
        pool = pool_of([rows[row] for row in order])
        canonical = sorted(rows, key=lambda row: row["row_id"])
        doubt = np.array([row["doubt"] for row in canonical])
        sample = draw_sample(doubt, np.ones(200, dtype=bool), 60, 5)

        picks = choose_rows(pool, QueueChoice({"random": 100}, 60), 5)

        assert ids_of(pool, [p.row for p in picks]) == [canonical[row]["row_id"] for row in sample.rows]
        assert [pick.stratum for pick in picks] == list(sample.strata)
        assert [pick.inclusion for pick in picks] == sample.inclusion.tolist()

    def test_decided_rows_are_not_drawn(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """Only rows without a verdict are in a stratum."""
        rows = [row | {"verdict": "bug" if number % 2 else None} for number, row in enumerate(linear(40))]
        pool = pool_of(rows)

        picks = choose_rows(pool, QueueChoice({"random": 100}, 10), 0)

        assert sum(stratum.n_rows for stratum in {pick.stratum for pick in picks}) == 20
        assert all(int(row_id[1:]) % 2 == 0 for row_id in ids_of(pool, [pick.row for pick in picks]))

    def test_equal_rows_are_all_drawn(self, pool_of: PoolOf) -> None:
        """Equal rows are each in the sample if drawn, since the noise rate is a share of rows."""
        picks = choose_rows(
            pool_of([row | {"row_hash": "same"} for row in linear(30)]), QueueChoice({"random": 100}, 30), 0
        )

        assert len({pick.row for pick in picks}) == 30

    def test_needs_a_size(self, pool_of: PoolOf, sentences: Sentences) -> None:
        """A random sample without a size is refused."""
        with pytest.raises(SettingsError) as error:
            choose_rows(pool_of(linear(6)), QueueChoice({"top": 50, "random": 50}), 0)

        assert error.value.where == "--size"
        sentences.check(error.value)

    def test_nobody_to_draw(self, pool_of: PoolOf) -> None:
        """If all rows have a verdict, none is drawn."""
        assert choose_rows(pool_of([{"verdict": "bug"}]), QueueChoice({"random": 100}, 10), 0) == []

    def test_another_seed(self, pool_of: PoolOf) -> None:
        """Another seed draws other rows."""
        one, other = (
            [pick.row for pick in choose_rows(pool_of(linear(200)), QueueChoice({"random": 100}, 50), seed)]
            for seed in (0, 1)
        )

        assert one != other


class TestAsTheScan:
    """Without a size, the entries of the scan's own queue are chosen."""

    def test_sample(self, pool_of: PoolOf) -> None:
        """The scan's random sample comes first, as it was drawn; then come the doubted rows that are left."""
        pool = pool_of(linear(200))
        drawn = choose_rows(pool, QueueChoice({"random": 100}, 60), 5)

        picks = choose_rows(pool, QueueChoice({"top": 100}, scan_sample=60), 5)

        assert picks[:60] == drawn
        assert [pick.row for pick in picks[60:]] == sorted(set(range(100)) - {pick.row for pick in drawn})

    @pytest.mark.parametrize(("size", "kinds"), [(70, ["random"] * 60 + ["top"] * 10), (60, ["random"] * 60)])
    def test_size(self, pool_of: PoolOf, size: int, kinds: list[str]) -> None:
        """The queue is no longer than the scan's."""
        picks = choose_rows(
            pool_of(linear(200)), QueueChoice({"top": 100}, scan_sample=60, scan_size=size), 5
        )

        assert [pick.strategy for pick in picks] == kinds


class TestMixed:
    """Several strategies by share."""

    def test_drawn_rows_come_first(self, pool_of: PoolOf) -> None:
        """Rows drawn at random come first in any case; the other strategies choose from the rows left."""
        picks = choose_rows(pool_of(linear(40)), QueueChoice({"top": 70, "random": 30}, 20), 0)

        assert [pick.strategy for pick in picks] == ["random"] * 6 + ["top"] * 14
        drawn = {pick.row for pick in picks[:6]}
        assert [pick.row for pick in picks[6:]] == [row for row in range(40) if row not in drawn][:14]
        assert all((pick.stratum is None) == (pick.strategy == "top") for pick in picks)

    def test_the_strategy_named_first_goes_first(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """A row that two strategies would choose counts for the first; the second takes its next one."""
        pool = pool_of(
            [
                {"row_id": "a1", "given": "a", "doubt": 0.9},
                {"row_id": "a2", "given": "a", "doubt": 0.8},
                {"row_id": "a3", "given": "a", "doubt": 0.7},
                {"row_id": "b1", "given": "b", "doubt": 0.6},
            ]
        )

        picks = choose_rows(pool, QueueChoice({"top": 50, "balanced": 50}), 0)

        assert list(zip(ids_of(pool, [p.row for p in picks]), [p.strategy for p in picks], strict=True)) == [
            ("a1", "top"),
            ("a2", "top"),
            ("a3", "balanced"),
            ("b1", "balanced"),
        ]

    def test_equals_of_drawn_rows_are_an_entry(self, pool_of: PoolOf) -> None:
        """If equal rows are drawn, another of them represents the rest, as long as there are any."""
        pool = pool_of([row | {"row_hash": "same"} for row in linear(30)])

        some, all_ = (choose_rows(pool, QueueChoice({"random": 50, "top": 50}, size), 0) for size in (4, 60))

        assert [pick.strategy for pick in some] == ["random", "random", "top"]
        assert some[2].row == min({*range(3)} - {pick.row for pick in some[:2]})
        assert [pick.strategy for pick in all_] == ["random"] * 30

    @given(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 100)),
            min_size=1,
            max_size=40,
        ),
        st.sampled_from(
            [
                {"top": 100},
                {"balanced": 50, "random": 50},
                {"budget": 30, "top": 30, "balanced": 30, "random": 10},
            ]
        ),
        st.integers(1, 50),
    )
    def test_each_row_is_chosen_once(
        self, pool_of: PoolOf, rows: list[tuple[str, str, int]], shares: dict[str, int], size: int
    ) -> None:
        """No row is chosen twice, no more rows than asked for, and one of equal ones that are not drawn."""
        pool = pool_of(
            [{"row_hash": same, "given": label, "doubt": doubt / 100} for same, label, doubt in rows]
        )

        picks = choose_rows(pool, QueueChoice(shares, size), 0)

        assert len({pick.row for pick in picks}) == len(picks) <= size
        entries = [pool.entries[pick.row] for pick in picks if pick.strategy != "random"]
        assert len(set(entries)) == len(entries)


class TestWaived:
    """Rows whose label a person has found to be right."""

    @pytest.mark.parametrize("name", ["top", "balanced", "budget"])
    @pytest.mark.parametrize(("size", "left"), [(None, ["r001"]), (9, ["r001", "r003", "r004", "r005"])])
    def test_left_out(
        self, pool_of: PoolOf, ids_of: PoolOf, name: str, size: int | None, left: list[str]
    ) -> None:
        """No strategy that goes by doubt chooses them, neither among doubted rows nor among all."""
        rows = [row | {"waived": row["row_id"] in ("r000", "r002")} for row in linear(6)]
        pool = pool_of(rows)

        picks = choose_rows(pool, QueueChoice({name: 100}, size), 0)

        assert sorted(ids_of(pool, [pick.row for pick in picks])) == left

    def test_their_place_is_taken(self, pool_of: PoolOf) -> None:
        """With a size, other rows take their place."""
        pool = pool_of([row | {"waived": number < 2} for number, row in enumerate(linear(30))])

        picks = choose_rows(pool, QueueChoice({"top": 100}, 3), 0)

        assert [pick.row for pick in picks] == [2, 3, 4]

    def test_represent_no_other_row(self, pool_of: PoolOf, ids_of: PoolOf) -> None:
        """Of equal rows the most doubted one without a waiver is chosen."""
        same = {"row_hash": "a"}
        pool = pool_of(
            [
                {"row_id": "seen", "doubt": 0.9, "waived": True} | same,
                {"row_id": "unseen", "doubt": 0.8} | same,
                {"row_id": "less", "doubt": 0.7} | same,
            ]
        )

        picks = choose_rows(pool, QueueChoice({"top": 100}), 0)

        assert ids_of(pool, [pick.row for pick in picks]) == ["unseen"]

    def test_drawn_like_all_others(self, pool_of: PoolOf) -> None:
        """A random sample is the same whichever rows are waived."""
        choice = QueueChoice({"random": 100}, 60)
        waived = pool_of([row | {"waived": number % 3 == 0} for number, row in enumerate(linear(200))])

        picks = choose_rows(waived, choice, 5)

        assert picks == choose_rows(pool_of(linear(200)), choice, 5)
        assert waived.waived[[pick.row for pick in picks]].any()

    def test_in_a_mixed_queue(self, pool_of: PoolOf) -> None:
        """In a queue of two strategies only the random sample has waived rows."""
        pool = pool_of([row | {"waived": number % 2 == 0} for number, row in enumerate(linear(200))])

        picks = choose_rows(pool, QueueChoice({"top": 50, "random": 50}, 80), 0)

        is_waived = {
            name: {bool(pool.waived[pick.row]) for pick in picks if pick.strategy == name}
            for name in ("top", "random")
        }
        assert is_waived == {"top": {False}, "random": {False, True}}


def in_turns(
    pool_of: Callable[..., Any], ids_of: Callable[..., Any], rows: list[dict[str, Any]]
) -> list[str]:
    """The ids of some rows, ordered by `order_in_turns`."""
    pool = pool_of(rows)
    return ids_of(pool, order_in_turns(pool, np.arange(pool.n_rows)).tolist())  # type: ignore[no-any-return]


def test_classes_take_turns(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """The class of the most doubted row begins; each round has one row of each class that has rows left."""
    rows = [
        {"row_id": "a1", "given": "a", "doubt": 0.99},
        {"row_id": "a2", "given": "a", "doubt": 0.98},
        {"row_id": "a3", "given": "a", "doubt": 0.97},
        {"row_id": "b1", "given": "b", "doubt": 0.60},
        {"row_id": "c1", "given": "c", "doubt": 0.70},
        {"row_id": "c2", "given": "c", "doubt": 0.55},
    ]

    assert in_turns(pool_of, ids_of, rows) == ["a1", "c1", "b1", "a2", "c2", "a3"]


def test_reasons_take_turns_within_a_class(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """Within a class each strongest reason has its turn."""
    rows = [
        {"row_id": "x1", "reasons": ["x"], "doubt": 0.99},
        {"row_id": "x2", "reasons": ["x"], "doubt": 0.98},
        {"row_id": "x3", "reasons": ["x", "y"], "doubt": 0.97},
        {"row_id": "y1", "reasons": ["y"], "doubt": 0.60},
        {"row_id": "-1", "reasons": [], "doubt": 0.55},
        {"row_id": "y2", "reasons": ["y"], "doubt": 0.52},
    ]

    assert in_turns(pool_of, ids_of, rows) == ["x1", "y1", "-1", "x2", "y2", "x3"]


def test_doubted_rows_come_first(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """Rows of a class without doubted rows come after the doubted rows of other classes."""
    rows = [
        {"row_id": "a1", "given": "a", "doubt": 0.9},
        {"row_id": "b1", "given": "b", "doubt": 0.2},
        {"row_id": "a2", "given": "a", "doubt": 0.8},
        {"row_id": "a3", "given": "a", "doubt": 0.1},
        {"row_id": "b2", "given": "b", "doubt": 0.1},
    ]

    assert in_turns(pool_of, ids_of, rows) == ["a1", "a2", "b1", "a3", "b2"]


def test_some_rows_only(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """Only the given rows take turns."""
    pool = pool_of(
        [
            {"row_id": name, "given": name[0], "doubt": doubt}
            for name, doubt in [("a1", 0.9), ("a2", 0.8), ("b1", 0.7), ("a3", 0.6)]
        ]
    )

    assert ids_of(pool, order_in_turns(pool, np.array([1, 2, 3])).tolist()) == ["a2", "b1", "a3"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=40))
def test_no_class_crowds_out_another(pool_of: Callable[..., Any], kinds: list[tuple[str, str]]) -> None:
    """At any point of the queue, classes with rows left differ by one row at most."""
    pool = pool_of([{"given": label, "reasons": [reason]} for label, reason in kinds])

    order = order_in_turns(pool, np.arange(pool.n_rows))

    assert sorted(order.tolist()) == list(range(len(kinds)))
    labels = pool.labels[order].tolist()
    total = Counter(labels)
    for n in range(len(labels)):
        so_far = Counter(labels[:n])
        unfinished = [so_far[label] for label in total if so_far[label] < total[label]]
        assert max(so_far.values(), default=0) - min(unfinished, default=n) <= 1


@pytest.mark.parametrize(
    ("n_characters", "suggestion", "seconds"),
    [
        (0, 0.0, 2 + 5),  # a look, and an answer other than the suggestion
        (0, 1.0, 2 + 1.5),  # a look, and one click
        (0, 0.5, 2 + 3.25),
        (715, 0.0, 2 + 30 + 5),  # half a minute's reading
        (1430, 1.0, 2 + 60 + 1.5),
        (1_000_000, 1.0, 2 + 60 + 1.5),  # one minute of reading at most
    ],
)
def test_minutes(n_characters: int, suggestion: float, seconds: float) -> None:
    """The time of a row is a look, its reading and an answer."""
    minutes = estimate_minutes(np.array([n_characters]), np.array([suggestion]))

    assert minutes.tolist() == pytest.approx([seconds / 60])


def test_most_corrections_a_minute(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """A short row with less doubt may come before a long one with more; doubt orders the short ones."""
    pool = pool_of(
        [
            {"row_id": "long", "doubt": 0.95, "characters": 1430},  # .95 of 67 s
            {"row_id": "short", "doubt": 0.30, "characters": 0},  # .30 of 7 s
            {"row_id": "shorter", "doubt": 0.20, "characters": 0},
            {"row_id": "click", "doubt": 0.19, "characters": 0, "suggested": "billing", "confidence": 1.0},
        ]
    )

    order = order_by_corrections(pool, np.arange(4))

    assert ids_of(pool, order.tolist()) == ["click", "short", "shorter", "long"]


def test_ties_stay(pool_of: Callable[..., Any]) -> None:
    """Ties stay in the order of their rank."""
    pool = pool_of([{"doubt": 0.5} for _ in range(20)])

    assert order_by_corrections(pool, np.array([4, 2, 7])).tolist() == [4, 2, 7]


@pytest.mark.parametrize("name", STRATEGIES)
def test_one_strategy(name: str) -> None:
    """One name alone is the whole queue."""
    assert parse_shares(name) == {name: 100}


@pytest.mark.parametrize(
    "text",
    ["top=70%,random=30%", " top = 70 % , random=30 ", "top=70,random=30"],
    ids=["plain", "loose", "bare"],
)
def test_shares(text: str) -> None:
    """Shares are whole percentages, with the sign or without, in the order in which they are given."""
    assert list(parse_shares(text).items()) == [("top", 70), ("random", 30)]


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("audit", {"random": 100}),
        ("top=80,audit=20", {"top": 80, "random": 20}),
        ("audit=30%,balanced=70%", {"random": 30, "balanced": 70}),
    ],
)
def test_former_name(text: str, shares: dict[str, int]) -> None:
    """The strategy random is also accepted as audit, its name in earlier versions."""
    assert parse_shares(text) == shares


@pytest.mark.parametrize(
    "text",
    [
        "topp",
        "",
        "top=70%,best=30%",
        "top,random",
        "top=0%,random=100%",
        "top=101%",
        "top=33.3%,random=66.7%",
        "top=-5%,random=105%",
        "top=50%,random=30%",
        "top=60%,random=60%",
        "top=50%,top=50%",
        "random=50%,audit=50%",
        "top=100%,",
    ],
)
def test_refused(sentences: Sentences, text: str) -> None:
    """An unknown strategy, a wrong share, or shares that don't add up to 100% are refused."""
    with pytest.raises(SettingsError) as error:
        parse_shares(text)

    assert error.value.where == "--strategy"
    sentences.check(error.value)


def test_nearest_name() -> None:
    """The error for a misspelt strategy suggests the right name."""
    with pytest.raises(SettingsError) as error:
        parse_shares("balance")

    assert "'balanced'" in str(error.value.hint)


@pytest.mark.parametrize(
    ("n_rows", "shares", "rows"),
    [
        (200, {"top": 70, "random": 30}, {"top": 140, "random": 60}),
        (10, {"top": 67, "random": 33}, {"top": 7, "random": 3}),
        (1, {"top": 50, "random": 50}, {"top": 1, "random": 0}),
        (10, {"top": 33, "random": 33, "budget": 34}, {"top": 3, "random": 3, "budget": 4}),
        (0, {"top": 100}, {"top": 0}),
    ],
)
def test_sizes(n_rows: int, shares: dict[str, int], rows: dict[str, int]) -> None:
    """Rows are split by largest remainder; ties go to the strategy named first."""
    assert split_by_share(n_rows, shares) == rows


@given(st.integers(0, 10**6), st.integers(1, 99))
def test_all_rows_are_split(n_rows: int, share: int) -> None:
    """The parts add up to all rows, and each is within one row of its share."""
    shared = split_by_share(n_rows, {"top": share, "random": 100 - share})

    assert sum(shared.values()) == n_rows
    assert abs(shared["top"] - n_rows * share / 100) < 1


def test_spot_check(pool_of: PoolOf) -> None:
    """A spot check has the whole queue: first the rows drawn at random, then the others by doubt."""
    choice = QueueChoice({"spot-check": 100}, 4, audit="f1a65f1a" * 8)

    picks = choose_rows(pool_of(linear(24)), choice, 0)

    places = [SpotCheckPlace.parse(str(pick.stratum)) for pick in picks]
    assert sorted(pick.row for pick in picks) == list(range(12))
    assert [pick.row for pick in picks[4:]] == sorted(pick.row for pick in picks[4:])
    assert [place and place.place for place in places] == [pick.row + 1 for pick in picks]
    assert [place and place.draw for place in places] == [1, 2, 3, 4] + [None] * 8
    assert {(place.n_flagged, place.audit) for place in places if place} == {(12, "f1a65f1a")}
    assert {pick.inclusion for pick in picks} == {4 / 12}


def test_spot_check_draws_evenly(pool_of: PoolOf) -> None:
    """Each row of the queue is drawn equally often: in 600 draws of 3 of 12 rows, 150 times each."""
    pool = pool_of(linear(24))
    counts: Counter[int] = Counter()

    for seed in range(600):
        picks = choose_rows(pool, QueueChoice({"spot-check": 100}, 3, seed), 0)
        counts.update(pick.row for pick in picks[:3])

    assert all(110 <= counts[row] <= 190 for row in range(12))


def test_larger_spot_check(pool_of: PoolOf) -> None:
    """A larger spot check of the same audit draws the same rows first."""
    pool = pool_of(linear(24))

    few, more = (choose_rows(pool, QueueChoice({"spot-check": 100}, size), 0) for size in (3, 6))

    assert [pick.row for pick in more[:3]] == [pick.row for pick in few[:3]]


def test_whole_spot_check(pool_of: PoolOf) -> None:
    """If as many rows are drawn as the queue has, or more, all are drawn."""
    picks = choose_rows(pool_of(linear(24)), QueueChoice({"spot-check": 100}, 40), 0)

    assert len(picks) == 12
    assert {pick.inclusion for pick in picks} == {1.0}


def test_spot_check_leaves_out_waived_rows(pool_of: PoolOf) -> None:
    """A waived row is not in a spot check."""
    rows = linear(24)
    rows[3]["waived"] = True

    picks = choose_rows(pool_of(rows), QueueChoice({"spot-check": 100}, 4), 0)

    assert 3 not in {pick.row for pick in picks}


def test_spot_check_without_size(pool_of: PoolOf) -> None:
    """A spot check needs to know how many rows to draw."""
    with pytest.raises(SettingsError) as caught:
        choose_rows(pool_of(linear(24)), QueueChoice({"spot-check": 100}), 0)

    assert caught.value.where == "--size"


def test_spot_check_is_not_mixed() -> None:
    """A spot check can't be mixed with other strategies."""
    with pytest.raises(SettingsError):
        parse_shares("top=70%,spot-check=30%")
