from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.errors import InputError
from doubtcli.review.desk import Desk
from doubtcli.review.filters import RowFilter
from doubtcli.review.map import SIDE, Region, RowMap, choose_points
from tests.review.conftest import serve_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doubtcli.records import ScanResult
    from doubtcli.review.session import Session
    from doubtcli.review.update import Basis
    from tests.review.conftest import Site


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Ana's desk, with the map's places."""
    desk.row_map.finish()
    return desk


@pytest.fixture
def new_site(start: Callable[..., Session], judged: tuple[ScanResult, Basis]) -> Iterator[Site]:
    """Ana's review, served, whose map nobody has looked at."""
    with serve_desk(Desk(start(), replace(judged[1], keeper=None))) as served:
        yield served


def read_columns(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """The header and the columns of a map, read as its description says."""
    length = int.from_bytes(content[:4], "little")
    head = json.loads(content[4 : 4 + length])
    n, n_rows, at = head["points"], head["rows"], 4 + length
    columns = {}
    code = "<u1" if head["labelBytes"] == 1 else "<u2"
    kinds = {"marks": ("<u1", -(-n_rows // 8)), "x": ("<u2", n), "y": ("<u2", n), "doubt": ("<u1", n)}
    kinds |= {"reason": ("<u1", n), "given": (code, n), "suggested": (code, n), "queued": ("<u1", -(-n // 8))}
    for name, (kind, size) in kinds.items():
        at += -at % 8
        columns[name] = np.frombuffer(content, kind, size, at)
        at += columns[name].nbytes
    assert len(content) == at + -at % 8
    return head, columns


def bits(content: np.ndarray[Any, Any], n: int) -> list[bool]:
    """The first bits of some bytes, the lowest first."""
    return [bool(content[at // 8] >> (at % 8) & 1) for at in range(n)]


def test_columns_of_the_map(site: Site) -> None:
    """The page gets each row's place, doubt, reason and labels as bytes, and which rows are on the map."""
    site.desk.row_map.finish()
    audit, session = site.desk.session.audit, site.desk.session

    status, content, headers = site.send(f"/{site.token}/api/map", {})

    head, columns = read_columns(content)
    assert (status, headers["content-type"]) == (200, "application/octet-stream")
    rows = np.flatnonzero(bits(columns["marks"], head["rows"]))
    assert rows.tolist() == sorted(site.desk.list_rows(RowFilter(), scope="all").tolist())
    assert (columns["given"] == audit.examples.given_labels[rows]).all()
    shown = columns["doubt"] < 255
    assert columns["doubt"][shown] == pytest.approx(audit.ranking.doubt[rows][shown] * 254, abs=0.5)
    assert (columns["suggested"][shown] == audit.ranking.suggested_labels[rows][shown]).all()
    queue = set(site.desk.list_rows(RowFilter()).tolist())
    assert bits(columns["queued"], len(rows)) == [row in queue for row in rows.tolist()]
    assert (session.states[rows] == 0).all()


def test_reason_of_a_point(desk: Desk) -> None:
    """The reason of a point is the one with the highest score of those that raise doubt."""
    head, columns = read_columns(desk.describe_map())
    audit = desk.session.audit
    scores = {one.name: one.scores for one in audit.reasons}

    for at, row in enumerate(desk.row_map.points.rows.tolist()):
        speaking = {name: scores[name][row] for name in head["reasons"] if scores[name][row] >= 0.5}
        if columns["doubt"][at] < 255:
            code = columns["reason"][at]
            assert (code == 255) == (not speaking)
            assert not speaking or speaking[head["reasons"][code]] == max(speaking.values())


def test_bytes_of_a_point(desk: Desk) -> None:
    """A point takes eight bytes, and a row a bit."""
    content = desk.describe_map()

    n = len(desk.row_map.points.rows)
    length = int.from_bytes(content[:4], "little")
    assert len(content) - length <= 8 * n + 2 * (n // 8 + 1) + 10 * 8


def test_mask(site: Site) -> None:
    """A filter is one bit for each point."""
    site.desk.row_map.finish()

    status, content, _ = site.send(f"/{site.token}/api/mask", {"filter": {"given": "refund"}})

    points, audit = site.desk.row_map.points, site.desk.session.audit
    is_refund = audit.examples.given_labels[points.rows] == audit.examples.class_names.index("refund")
    assert status == 200
    assert len(content) <= len(points.rows) / 8 + 8
    assert bits(np.frombuffer(content, np.uint8), len(points.rows)) == is_refund.tolist()


def test_states(site: Site) -> None:
    """What became of each row is one byte for each point."""
    site.desk.row_map.finish()
    row = int(site.desk.row_map.points.rows[3])
    site.desk.decide("s1", [row], "keep")

    status, content, _ = site.send(f"/{site.token}/api/states", {})

    assert status == 200
    assert content[3] == 1
    assert sum(content) == 1


def test_nobody_waits_for_the_map(new_site: Site) -> None:
    """While places are computed the page gets to know that, and its other questions are answered."""
    first = new_site.ask("map")

    status, about = new_site.ask("about")
    new_site.desk.row_map.finish()

    assert first == (200, {"state": "making"})
    assert (status, about["rows"]) == (200, new_site.desk.session.audit.examples.n_rows)
    assert new_site.send(f"/{new_site.token}/api/map", {})[2]["content-type"] == "application/octet-stream"


def test_same_map_is_not_sent_again(desk: Desk) -> None:
    """A page that has the map already does not get it again; after an update it gets the new doubts."""
    edition = read_columns(desk.describe_map())[0]["edition"]
    assert desk.describe_map(edition) == {"state": "same"}

    desk.decide("s1", [int(desk.session.audit.ranking.queue[0])], "keep")
    desk.update()

    assert isinstance(desk.describe_map(edition), bytes)


def test_questions_before_there_is_a_map(new_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points that are not there yet have no bits."""
    monkeypatch.setattr(RowMap, "start", lambda _: None)

    assert new_site.ask("mask")[0] == new_site.ask("states")[0] == 400


def test_trouble_with_the_map(new_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the places can't be computed, the page gets the reason, and the review goes on."""
    monkeypatch.setattr("doubtcli.review.map.build_features", lambda _: 1 // 0)
    new_site.desk.row_map.finish()

    answer = new_site.ask("map")

    assert answer == (
        200,
        {"state": "trouble", "why": "the map could not be made: integer division or modulo by zero"},
    )
    assert new_site.ask("about")[0] == 200


def test_places_are_kept(
    start: Callable[..., Session],
    judged: tuple[ScanResult, Basis],
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next review of the same rows finds the places that an earlier one computed."""
    monkeypatch.setattr("doubtcli.review.map.build_features", lambda _: 1 // 0)
    again = Desk(start(), judged[1])

    again.row_map.finish()

    assert again.row_map.points.name == desk.row_map.points.name


SQUARE = "10,10,20,10,20,20,10,20"


@pytest.mark.parametrize(
    ("corners", "place", "expected"),
    [
        (SQUARE, (15, 15), True),
        (SQUARE, (25, 15), False),
        (SQUARE, (15, 5), False),
        pytest.param(SQUARE, (10, 15), True, id="on the left side"),
        pytest.param(SQUARE, (20, 15), False, id="on the right side"),
        pytest.param("0,0,65535,65535,0,65535", (0, SIDE - 1), True, id="largest numbers"),
        pytest.param("0,0,40,0,0,40,40,40", (20, 10), True, id="hourglass, lower half"),
        pytest.param("0,0,40,0,0,40,40,40", (2, 20), False, id="hourglass, beside its waist"),
        pytest.param("0,0,30,0,30,30,10,10,20,10,0,30", (15, 12), False, id="twice around is outside"),
    ],
)
def test_inside_a_region(corners: str, place: tuple[int, int], expected: bool) -> None:
    """A place is inside if an odd number of sides is to its right; on a side it belongs to the right."""
    region = Region.parse(f"m:{corners}")

    assert region.find_inside(np.array([place], dtype=np.uint16)).tolist() == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "m:",
        ":1,2,3,4,5,6",
        "m:1,2,3,4",
        "m:1,2,3,4,5",
        "m:1,2,3,4,5,-6",
        "m:1,2,3,4,5,x",
        "m:1,2,3,4,5,999999",
        "m:1,2,3,4,5,٣",
        "m:" + ",".join(["1"] * 1_002),
    ],
)
def test_unusable_region(desk: Desk, text: str) -> None:
    """What is no region is refused."""
    with pytest.raises(InputError, match="region"):
        desk.list_rows(RowFilter(region=text))


def test_region_of_another_map(desk: Desk) -> None:
    """A region that was drawn on another map is refused, as its places have other rows now."""
    with pytest.raises(InputError, match="another map"):
        desk.list_rows(RowFilter(region=f"elsewhere:{SQUARE}"))


def test_region_is_a_filter(desk: Desk) -> None:
    """A region filters lists and counts, together with other parts of the filter."""
    points = desk.row_map.points
    right = np.flatnonzero(points.places[:, 0] >= 30_000)
    region = f"{points.name}:30000,0,65535,0,65535,65535,30000,65535"
    inside = {
        int(points.rows[at]) for at in right if points.places[at, 0] < SIDE and points.places[at, 1] < SIDE
    }
    refund = desk.session.labels.index("refund")

    both = RowFilter(region=region, given="refund")

    assert set(desk.list_rows(RowFilter(region=region), scope="all").tolist()) == inside
    given = desk.session.audit.examples.given_labels
    assert set(desk.list_rows(both, scope="all").tolist()) == {row for row in inside if given[row] == refund}
    counted = desk.leave_out_hidden(np.array(sorted(inside)))
    counts = desk.count_rows(RowFilter(region=region), "all")
    assert sum(counts["states"].values()) == len(inside)
    assert sum(counts["tiers"].values()) == len(counted)


def test_sample_of_many_rows(audit: ScanResult) -> None:
    """Above the limit all doubted rows are on the map, and of each given label its share of the others."""
    rows = np.arange(audit.examples.n_rows)
    given, doubted = audit.examples.given_labels, audit.ranking.doubted

    chosen = choose_points(audit, rows, 200)

    assert set(np.flatnonzero(doubted)) <= set(chosen.tolist())
    assert len(chosen) == 200
    assert (np.diff(chosen) > 0).all()
    share = (200 - doubted.sum()) / (~doubted).sum()
    for code in range(audit.examples.n_classes):
        expected = share * np.count_nonzero(given[~doubted] == code)
        assert np.count_nonzero(given[chosen][~doubted[chosen]] == code) == pytest.approx(expected, abs=1)
    assert choose_points(audit, rows, len(rows)) is rows
