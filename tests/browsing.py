"""A browser without a window, for tests, pictures and measurements of pages."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

    from doubtcli.review.desk import Desk

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
CONTROL, ESCAPE, ENTER, SHIFT, RIGHT = "\ue009", "\ue00c", "\ue007", "\ue008", "\ue014"
"""WebDriver's codes for these keys."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)

LOADS_WITHIN = 15
"""Seconds: without a limit the driver waits for minutes where it misses that a page has loaded."""

needs_browser = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()) and "CI" not in os.environ,
    reason="chromium and chromedriver are not installed",
)


def start_browser(profile: Path) -> WebDriver:
    """A new browser, whose console is kept.

    Args:
        profile: An empty folder for its files.
    """
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=Service(str(DRIVER)))
    browser.set_page_load_timeout(LOADS_WITHIN)
    return browser


def serve_until_end(desk: Desk) -> str:
    """Serve a review until the process ends; its address."""
    from doubtcli.review.server import HOST, make_app, make_server, make_token, open_socket

    listening, token = open_socket(0), make_token()
    port = listening.getsockname()[1]
    listening.listen()
    server = make_server(make_app(desk, token, port))
    Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    return f"http://{HOST}:{port}/{token}/"


class OpenPage:
    """An open page, and its elements."""

    def __init__(self, browser: WebDriver) -> None:
        self.browser = browser

    def go(self, address: str) -> None:
        """Go to an address, from an empty page; once more where the driver missed that it has loaded."""
        from selenium.common.exceptions import TimeoutException

        self.browser.get("about:blank")
        try:
            self.browser.get(address)
        except TimeoutException:
            self.browser.get(address)

    def all(self, css: str) -> list[WebElement]:
        """The elements that a selector finds."""
        return self.browser.find_elements("css selector", css)

    def texts(self, css: str) -> list[str]:
        """The texts of these elements, as they are on the screen."""
        # in one step: a page that is drawn again replaces its elements
        read = "return [...document.querySelectorAll(arguments[0])].map(found => found.innerText)"
        texts = self.browser.execute_script(read, css)
        return ["\n".join(line.strip() for line in text.splitlines() if line.strip()) for text in texts]

    def press(self, css: str) -> None:
        """Click the one element that a selector finds, on screen or not."""
        # in one step: a page that is drawn again replaces its elements
        click = (
            "const found = document.querySelectorAll(arguments[0]); found[0]?.click(); return found.length"
        )
        assert self.browser.execute_script(click, css) == 1, css

    def click(self, css: str) -> None:
        """Click the one element that a selector finds, as a person does with a mouse."""
        (element,) = self.all(css)
        element.click()

    def keys(self, *keys: str) -> None:
        """Type into the element that has the focus."""
        self.browser.switch_to.active_element.send_keys(*keys)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        drawn = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        self.browser.execute_async_script(drawn)

    def ask(self, script: str) -> Any:
        """What a script returns."""
        return self.browser.execute_script(f"return {script}")

    @property
    def console_errors(self) -> list[object]:
        """New messages in the browser's console."""
        return list(self.browser.get_log("browser"))
