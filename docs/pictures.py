"""Takes the pictures of the review in docs/pictures/, in headless Chromium (`make pictures`).

Usage: python docs/pictures.py      (needs chromium, chromedriver and selenium)
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

from doubtcli.pipelines.review import ReviewRequest, open_review  # noqa: E402
from doubtcli.progress import Silence  # noqa: E402
from doubtcli.review.terminal import ReviewApp  # noqa: E402
from doubtcli.settings import ScanSettings  # noqa: E402
from tests.browsing import serve_until_end, start_browser  # noqa: E402

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from doubtcli.review.desk import Desk

PICTURES = REPOSITORY / "docs" / "pictures"
TICKETS = {
    "label": "intent",
    "id": "ticket_id",
    "annotators": ("annotator_ana", "annotator_ben", "annotator_chi"),
}
PENGUINS = {"label": "species"}
SETTLED = 2.0  # seconds
NARROW = 500  # pixels


@dataclass(frozen=True)
class Picture:
    """One picture of the page."""

    name: str
    file: str
    place: str = ""
    """The part of the address after #."""
    keys: str = ""
    size: tuple[int, int] = (1280, 800)
    is_dark: bool = False


ALL = (
    Picture("card", "tickets.csv"),
    Picture("pair", "tickets.csv", keys="c"),
    Picture("table", "penguins.csv"),
    Picture("list", "tickets.csv", "view=list"),
    Picture("map", "tickets.csv", "view=map&scope=all"),
    Picture("rule", "tickets.csv", "given=refund", keys="t\ue004\ue007"),  # Tab, Enter: the first proposal
    Picture("dark", "tickets.csv", is_dark=True),
    Picture("phone", "tickets.csv", size=(390, 844)),
)


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        desks = {
            "tickets.csv": open_desk("tickets.csv", TICKETS, Path(folder)),
            "penguins.csv": open_desk("penguins.csv", PENGUINS, Path(folder)),
        }
        addresses = {name: serve_until_end(desk) for name, desk in desks.items()}
        for desk in desks.values():
            desk.row_map.finish()
        browser = start_browser(Path(folder, "profile"))
        for picture in ALL:
            take(browser, picture, addresses[picture.file])
        browser.quit()
        asyncio.run(take_terminal(desks["tickets.csv"]))


def open_desk(name: str, settings: dict[str, object], folder: Path) -> Desk:
    """The review of one of the fixtures, of which nothing is kept."""
    path = folder / name
    shutil.copy(REPOSITORY / "fixtures" / name, path)
    request = ReviewRequest(ScanSettings(path=str(path), **settings), "ana")
    return open_review(request, progress=Silence(), cache=False)


def take(browser: WebDriver, picture: Picture, address: str) -> None:
    """Take one picture."""
    width, height = picture.size
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < NARROW}
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if picture.is_dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    browser.get("about:blank")
    browser.get(f"{address}#{picture.place}")
    time.sleep(SETTLED)
    for key in picture.keys:
        browser.switch_to.active_element.send_keys(key)
        time.sleep(SETTLED / 2)
    browser.save_screenshot(str(PICTURES / f"{picture.name}.png"))


async def take_terminal(desk: Desk) -> None:
    """Take the picture of the terminal."""
    app = ReviewApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.save_screenshot(str(PICTURES / "terminal.svg"))


if __name__ == "__main__":
    main()
