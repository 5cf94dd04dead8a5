"""How quick the page of a review is in a browser: the next card, the map, and a lasso on it.

Each figure is the median of several, from the event to the end of the frame that shows the effect. The
browser is Chromium without a window, which draws on the processor.
"""

from __future__ import annotations

import math
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from browsing import CHROMIUM, DRIVER, OpenPage, serve_until_end, start_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.review.desk import Desk

TIMES = 20
SECONDS = 120
CORNERS, RADIUS = 24, 150
"""Of the lasso: its corners, and its radius in pixels."""
SETTLED = "typeof shown !== 'undefined' && audit && !waits && !unsaved.length"
ON_CARD = f"{SETTLED} && shown && nextPending(listed.indexOf(place.row)) !== null"
ON_MAP = f"{SETTLED} && map.mask && map.kinds && !painting"

MEASURE_CARD = """
  window.took = null;
  const before = shown.index;
  addEventListener("keydown", (event) => {
    const look = () => requestAnimationFrame(() => {
      if (!shown || shown.index === before) look();
      else setTimeout(() => { window.took = performance.now() - event.timeStamp; });
    });
    look();
  }, { capture: true, once: true });
"""
MEASURE_MAP = """
  window.took = null;
  const draw = paint;
  const start = performance.now();
  window.paint = () => {
    draw();
    if (!map.mask) return;
    window.paint = draw;
    setTimeout(() => { window.took = performance.now() - start; });
  };
  moveTo({ view: "map" });
"""
MEASURE_LASSO = """
  window.took = null;
  addEventListener("pointerup", (event) => {
    const look = () => requestAnimationFrame(() => {
      if (!byId("map-count")) look();
      else setTimeout(() => { window.took = performance.now() - event.timeStamp; });
    });
    look();
  }, { capture: true, once: true });
"""
RECEIVED = (
    "performance.getEntriesByType('resource').findLast((one) => one.name.endsWith('api/{}')).encodedBodySize"
)


@dataclass(frozen=True)
class PageCost:
    """What a person waits for, in milliseconds, and what the browser is sent for a map, in bytes."""

    next_card: float
    first_map: float
    lasso: float
    map_bytes: int
    filter_bytes: int


def has_browser() -> bool:
    """Whether there is one to measure with."""
    return CHROMIUM.exists() and DRIVER.exists()


def measure_page(desk: Desk) -> PageCost:
    """The cost of the page of a review that has a map."""
    desk.row_map.finish()
    address = serve_until_end(desk)
    with tempfile.TemporaryDirectory() as profile, open_page(profile) as page:
        page.open(address, "", ON_CARD)
        cards = [page.time_next_card() for _ in range(TIMES)]
        maps = []
        for _ in range(TIMES):
            page.open(address, "scope=all", ON_CARD)
            maps.append(page.time(MEASURE_MAP))
        page.wait(ON_MAP)
        map_bytes, filter_bytes = (page.ask(RECEIVED.format(question)) for question in ("map", "mask"))
        lassos = [page.time_lasso() for _ in range(TIMES)]
    return PageCost(median(cards), median(maps), median(lassos), map_bytes, filter_bytes)


@contextmanager
def open_page(profile: str) -> Iterator[MeasuredPage]:
    """A browser for the time of the measurements."""
    browser = start_browser(Path(profile))
    try:
        yield MeasuredPage(browser)
    finally:
        browser.quit()


class MeasuredPage(OpenPage):
    """An open review whose steps are timed in the page."""

    def open(self, address: str, place: str, condition: str) -> None:
        """Load the page again, and wait for a condition."""
        self.browser.get("about:blank")
        self.browser.get(f"{address}#{place}")
        self.wait(condition)

    def wait(self, condition: str) -> None:
        """Wait until a condition of the page holds."""
        WebDriverWait(self.browser, SECONDS, 0.05).until(
            lambda _: self.ask(f"Boolean({condition})"), condition
        )

    def time(self, script: str, act: ActionChains | None = None) -> float:
        """The milliseconds that a script measures, of what it does or a person does after it."""
        self.browser.execute_script(script)
        if act is not None:
            act.perform()
        self.wait("window.took !== null")
        return float(self.ask("window.took"))

    def time_next_card(self) -> float:
        """The time from the key that keeps a label until the next card is on the screen."""
        self.wait(ON_CARD)
        return self.time(MEASURE_CARD, ActionChains(self.browser, duration=0).send_keys("k"))

    def time_lasso(self) -> float:
        """The time from the end of a lasso until its count and its points are on the screen."""
        box = self.ask("byId('map-over').getBoundingClientRect().toJSON()")
        middle = box["left"] + box["width"] / 2, box["top"] + box["height"] / 2
        drag = ActionChains(self.browser, duration=5)
        pointer = drag.w3c_actions.pointer_action
        for corner in range(CORNERS):
            turn = 2 * math.pi * corner / CORNERS
            pointer.move_to_location(
                round(middle[0] + RADIUS * math.cos(turn)), round(middle[1] + RADIUS * math.sin(turn))
            )
            if corner == 0:
                pointer.pointer_down()
        pointer.pointer_up()
        took = self.time(MEASURE_LASSO, drag)
        self.wait(ON_MAP)
        self.browser.execute_script("clearRegion()")
        self.wait(f"{ON_MAP} && !byId('map-count')?.checkVisibility()")
        self.browser.execute_script("byId('map-count')?.remove()")
        return took
