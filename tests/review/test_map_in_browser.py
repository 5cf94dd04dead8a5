"""The map of a review in a browser, with the real server."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

from doubtcli.review.filters import RowFilter
from tests.browsing import ESCAPE, OpenPage, needs_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

    from doubtcli.records import ScanResult
    from doubtcli.review.session import Session
    from tests.review.conftest import Site

pytestmark = [pytest.mark.browser, needs_browser]

SECONDS = 20
SETTLED = "!painting && !waits && unsaved.length === 0 && map.mask !== null && map.kinds !== null"


class MapPage(OpenPage):
    """An open review, in the view of the map."""

    def open(self, site: Site, address: str = "view=map&scope=all") -> None:
        """Go to the map, once its places are computed."""
        site.desk.row_map.finish()
        self.browser.get("about:blank")
        self.browser.get(f"{site.address}#{address}")
        self.settle()

    def wait(self, condition: str) -> None:
        """Wait until a condition of the page holds."""
        WebDriverWait(self.browser, SECONDS, 0.02).until(
            lambda _: self.ask(f"typeof map !== 'undefined' && Boolean({condition})"), condition
        )

    def settle(self) -> None:
        """Wait until all is drawn and saved."""
        self.wait(SETTLED)

    def screen_places(self) -> np.ndarray[Any, Any]:
        """Where each point is in the window, shape `(n_points, 2)`."""
        script = (
            "(() => { const box = byId('map-canvas').getBoundingClientRect(); const of = map.points;"
            " return [...of.x.keys()].map((at) => { const [x, y] = toScreen(of.x[at], of.y[at]);"
            " return [box.left + x / devicePixelRatio, box.top + y / devicePixelRatio]; }); })()"
        )
        return np.array(self.ask(script))

    def drag(self, *corners: tuple[float, float], shift: bool = False) -> None:
        """Drag from corner to corner."""
        actions = ActionChains(self.browser, duration=10)
        if shift:
            actions.key_down("\ue008")
        pointer = actions.w3c_actions.pointer_action
        pointer.move_to_location(*map(round, corners[0])).pointer_down()
        for corner in corners[1:]:
            pointer.move_to_location(*map(round, corner))
        pointer.pointer_up()
        actions.perform()
        if shift:
            ActionChains(self.browser, duration=0).key_up("\ue008").perform()

    def lasso(self, n: int) -> set[int]:
        """Draw a lasso around the points farthest left, and return their places among the points."""
        places = self.screen_places()
        order = np.argsort(places[:, 0], kind="stable")
        right = float(places[order[n - 1], 0] + places[order[n], 0]) / 2
        left, top = places.min(axis=0) - 4
        bottom = float(places[:, 1].max()) + 4
        self.drag((right, top), (right, bottom), (left, bottom), (left, top))
        self.wait("place.filter.region && nPending > 0")
        self.settle()
        return {int(at) for at in np.flatnonzero(self.ask("[...map.inside]"))}


@pytest.fixture
def start(start: Callable[..., Session], audit: ScanResult) -> Callable[..., Session]:
    """Starts a review without rows drawn at random, which a lasso does not decide."""
    return partial(start, of=replace(audit, sample=None))


@pytest.fixture
def page(browser: WebDriver) -> Iterator[MapPage]:
    """A window of the usual size."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    opened = MapPage(browser)
    _ = opened.console_errors  # of other tests
    yield opened
    opened.ask("typeof unsaved !== 'undefined' && unsaved.splice(0)")
    browser.get("about:blank")


def test_lasso_on_a_phone(page: MapPage, site: Site) -> None:
    """On a phone what is said of a lasso is in sight above the commands, and nothing is cut off."""
    page.resize(360, 640)
    page.open(site)
    page.ask("setFilter({ region: `${map.points.name}:0,0,65535,0,65535,65535,0,65535` })")
    page.wait("byId('map-count') && !byId('map-region').hidden")
    page.settle()

    low, high = page.ask("['map-region', 'legend'].map((id) => byId(id).getBoundingClientRect())")
    assert 0 < low["top"] < low["bottom"] <= high["top"]
    assert page.ask("document.documentElement.scrollWidth") <= 360


def test_lasso_then_keep_then_undo(page: MapPage, site: Site) -> None:
    """A lasso of 100 points is counted, kept in one step, and taken back by one undo."""
    page.open(site)

    inside = page.lasso(100)

    n = len(inside)
    assert abs(n - 100) <= 5  # points of one column of pixels may be on either side
    assert page.texts("#map-count") == [f"{n} rows"]
    page.wait(f"byId('bulk').textContent.includes('Keep all {n}')")
    page.ask(
        "[...document.querySelectorAll('#bulk button')].find((one) => /Keep/.test(one.textContent)).click()"
    )
    page.press("#confirm")
    page.wait("progress.decided > 0")
    page.settle()
    assert site.desk.session.count_states() == {"kept": n}
    assert len(site.desk.session.journal.path.read_text().splitlines()) == n

    ActionChains(page.browser).send_keys("u").perform()
    page.wait("progress.decided === 0")

    assert site.desk.session.count_states() == {}
    assert page.console_errors == []


def test_page_and_server_find_the_same_rows(page: MapPage, site: Site) -> None:
    """The page and the server find the same rows in a lasso."""
    page.open(site)

    inside = page.lasso(57)

    region = page.ask("place.filter.region")
    rows = {int(site.desk.row_map.points.rows[at]) for at in inside}
    assert set(site.desk.list_rows(RowFilter(region=region), scope="all").tolist()) == rows


def test_grey_outside_the_filter(page: MapPage, site: Site) -> None:
    """Points outside the filter stay on the map, and are grey; those of the filter keep their colours."""
    page.open(site, "view=map&scope=all&given=refund")

    kinds, inks = np.array(page.ask("[...map.kinds]")), np.array(page.ask("[...map.inks]"))

    audit, points = site.desk.session.audit, site.desk.row_map.points
    is_refund = audit.examples.given_labels[points.rows] == audit.examples.class_names.index("refund")
    assert (kinds == np.where(is_refund, 2, 0)).all()
    assert len(set(inks[~is_refund])) == len(set(inks[is_refund])) == 1
    assert inks[is_refund][0] != inks[~is_refund][0]


def test_rows_beside_the_queue_are_faint(page: MapPage, site: Site) -> None:
    """Rows that are not in the queue have a paler colour."""
    page.open(site, "view=map")

    kinds = np.array(page.ask("[...map.kinds]"))

    queue = set(site.desk.list_rows(RowFilter()).tolist())
    points = site.desk.row_map.points
    assert kinds.tolist() == [2 if row in queue else 1 for row in points.rows.tolist()]


def test_lassoed_rows_as_cards(page: MapPage, site: Site) -> None:
    """The rows in a lasso are reviewed as cards, and the browser's button goes back to the map."""
    page.open(site)
    n = len(page.lasso(40))

    page.press("#review-region")
    page.wait("place.view === 'card' && shown !== null")
    assert page.texts("#position") == [f"1 of {n} rows of the filter"]
    page.browser.back()
    page.wait("place.view === 'map'")

    assert page.ask("map.inside.reduce((sum, one) => sum + one)") == n


def test_click_opens_the_card(page: MapPage, site: Site) -> None:
    """A click on a point opens its card."""
    page.open(site)
    at = int(np.argmin(page.screen_places()[:, 0]))

    page.drag(tuple(page.screen_places()[at]))
    page.wait("place.view === 'card' && shown !== null")

    assert page.ask("place.row") == int(site.desk.row_map.points.rows[at])


def test_hover_shows_the_row(page: MapPage, site: Site) -> None:
    """The row under the pointer is shown in short: its label, its doubt, its text."""
    page.open(site)
    at = int(np.argmin(page.screen_places()[:, 0]))
    x, y = page.screen_places()[at]

    actions = ActionChains(page.browser, duration=10)
    actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
    actions.perform()
    page.wait("!byId('map-card').hidden && byId('map-card').children.length > 2")

    audit = site.desk.session.audit
    row = int(site.desk.row_map.points.rows[at])
    assert audit.examples.class_names[audit.examples.given_labels[row]] in page.texts("#map-card")[0]


def test_shift_moves_the_map(page: MapPage, site: Site) -> None:
    """With Shift a drag moves the map, and draws no lasso."""
    page.open(site)
    before = page.screen_places()

    page.drag((700, 400), (760, 430), shift=True)
    page.settle()

    assert np.allclose(page.screen_places() - before, [60, 30], atol=1)
    assert page.ask("place.filter.region === undefined")


def test_keys_of_the_map(page: MapPage, site: Site) -> None:
    """Keys enlarge the map and show all of it again, and Escape lets the lasso go."""
    page.open(site)
    page.lasso(20)
    scale = page.ask("map.view.scale")
    page.ask("byId('map-stage').focus()")

    page.keys("+")
    page.settle()
    assert page.ask("map.view.scale") == pytest.approx(scale * 1.5)
    page.keys("0")
    page.settle()
    assert page.ask("map.view.scale") == scale
    page.keys(ESCAPE)
    page.wait("map.inside === null && !place.filter.region")


@pytest.mark.parametrize("colour", ["given", "suggested", "doubt", "reason", "state"])
def test_colours(page: MapPage, site: Site, colour: str) -> None:
    """Points are coloured in five ways, each with a legend; the address holds the way."""
    page.open(site)

    page.press(f'[data-colour="{colour}"]')
    page.settle()

    assert page.ask("new Set(map.inks).size") >= (1 if colour == "state" else 2)
    assert page.texts("#map-legend") != [""]
    assert page.ask("new URLSearchParams(location.hash.slice(1)).get('colour') ?? 'given'") == colour
    assert page.console_errors == []


def test_drawn_rows_are_not_given_away(page: MapPage, site: Site) -> None:
    """The map has no doubt, no reason and no suggestion of rows that are judged without them in sight."""
    page.open(site)

    points = site.desk.row_map.points
    blind = np.isin(points.rows, sorted(site.desk._blind))
    for column, hidden in (("doubt", 255), ("reason", 255)):
        assert (np.array(page.ask(f"[...map.points.{column}]"))[blind] == hidden).all()
    assert (
        page.ask("[...map.points.suggested]")
        == np.where(
            blind,
            site.desk.session.audit.examples.given_labels[points.rows],
            site.desk.session.audit.ranking.suggested_labels[points.rows],
        ).tolist()
    )


def test_a_label_has_one_colour(page: MapPage, site: Site) -> None:
    """A label has the same colour where it is given and where it is suggested."""
    page.open(site)
    ink_of_given = dict(zip(page.ask("[...map.points.given]"), page.ask("[...map.inks]"), strict=True))

    page.press('[data-colour="suggested"]')
    page.settle()

    ink_of_suggested = dict(
        zip(page.ask("[...map.points.suggested]"), page.ask("[...map.inks]"), strict=True)
    )
    assert ink_of_suggested == ink_of_given


def test_colours_are_told_apart(page: MapPage, site: Site) -> None:
    """The colours of labels have a contrast of at least 3 with the ground of the map, light and dark."""
    page.open(site)

    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        style = "getComputedStyle(byId('map-stage')).getPropertyValue"
        ground = page.ask(f"{style}('--card')").strip()
        colours = [page.ask(f"{style}('--hue-{name}')").strip() for name in [*range(1, 9), "rest"]]
        assert all(contrast(colour, ground) >= 3 for colour in colours)
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG defines it."""
    parts = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in (one, other)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    dark, light = sorted((linear @ [0.2126, 0.7152, 0.0722]).tolist())
    return (light + 0.05) / (dark + 0.05)
