"""The page as a person has it: opened from a file, clicked and typed at."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.records import Verdicts
from doubtcli.report.page import render_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

    from doubtcli.records import ScanResult

    Make = Callable[..., ScanResult]

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
CONTROL, ESCAPE = "\ue009", "\ue00c"
"""As WebDriver writes these keys."""
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

pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()) and "CI" not in os.environ,
    reason="the page is only tried where chromium and chromedriver are installed",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A browser of its own, without a window."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


class View:
    """An open page, and what it shows."""

    def __init__(self, browser: WebDriver) -> None:
        self.browser = browser

    def all(self, css: str) -> list[WebElement]:
        """The elements that a selector finds."""
        return self.browser.find_elements("css selector", css)

    def texts(self, css: str) -> list[str]:
        """What these elements say."""
        return [element.text for element in self.all(css)]

    def press(self, css: str) -> None:
        """Press the one element that a selector finds, wherever on the page it is."""
        (element,) = self.all(css)
        self.browser.execute_script("arguments[0].click()", element)

    def keys(self, *keys: str) -> None:
        """Type at whatever has the focus."""
        self.browser.switch_to.active_element.send_keys(*keys)

    @property
    def ids(self) -> list[str]:
        """The row ids in the table, from top to bottom."""
        return self.texts(".row .text bdi")

    @property
    def complaints(self) -> list[object]:
        """What the browser's console has heard of since the last time."""
        return list(self.browser.get_log("browser"))


@pytest.fixture
def show(browser: WebDriver, tmp_path: Path) -> Callable[[ScanResult], View]:
    """Opens an audit's page."""

    def opened(audit: ScanResult) -> View:
        path = tmp_path / "report.html"
        path.write_text(render_html(audit), encoding="utf-8")
        browser.get(path.as_uri())
        return View(browser)

    return opened


Show = "Callable[[ScanResult], View]"


def test_verdicts(show: Show, make_audit: Make) -> None:
    """The page counts what people decided, and what was set aside."""
    verdicts = Verdicts("v.csv", np.array([0, 2, *[-1] * 6]), (None,) * 8, np.full(8, np.nan))

    view = show(make_audit(verdicts=verdicts, n_unusable=1))

    assert view.complaints == []
    (counts,) = view.texts("#counts")
    assert counts.endswith(" · 1 row judged unusable set aside · 2 decided: 1 kept, 1 corrected")


def test_opens(show: Show, make_audit: Make) -> None:
    """The page opens from a file without a complaint and starts with what was found."""
    view = show(make_audit())

    assert view.complaints == []
    assert view.texts("h1") == ["3 of 8 labels are doubted"]
    assert view.texts("#noise")[0].startswith(
        "Suspected label noise: 4.1% of rows (90% interval 2.2% to 6.0%)"
    )
    assert view.ids == ["t0007", "t0004", "t0005"]
    assert view.texts("#shown") == ["3 rows"]


def test_matrix_filters(show: Show, make_audit: Make) -> None:
    """A cell of the matrix leaves its rows, is told as two filters, and lets go when pressed again."""
    view = show(make_audit())
    cell = '.cell[aria-label="1 row: given bug, suggested delivery"]'

    view.press(cell)

    assert view.ids == ["t0004"]
    assert view.texts("#chips .filter bdi") == ["given: bug", "suggested: delivery"]
    assert view.texts("#shown") == ["1 of 3 rows"]
    assert view.all(cell)[0].get_attribute("aria-pressed") == "true"

    view.press(cell)

    assert view.ids == ["t0007", "t0004", "t0005"]
    assert view.texts("#chips .filter bdi") == []


def test_filters_combine(show: Show, make_audit: Make) -> None:
    """Filters of a class, a reason and a bin hold together, and each comes off by its chip."""
    view = show(make_audit())

    view.press('#classes [title^="billing:"]')
    assert view.ids == ["t0007", "t0005"]
    view.press('#reasons [title="Doubted because its annotators disagree"]')
    assert view.ids == ["t0007"]
    view.press('.bin[aria-label^="doubt 0.55 to 0.60"]')
    assert view.ids == []
    assert view.texts("#empty") == ["No row fits these filters."]

    view.press('#chips [aria-label="Remove filter reason: annotator-disagreement"]')
    assert view.ids == ["t0005"]
    view.press("#chips .clear")
    assert view.ids == ["t0007", "t0004", "t0005"]


def test_search(show: Show, make_audit: Make) -> None:
    """Searching finds words in any order and case, in texts, labels, ids and reasons."""
    view = show(make_audit())

    view.keys("/")
    view.keys("CHARGED cancelled")
    assert view.ids == ["t0005"]

    view.keys(CONTROL + "a")
    view.keys("t0004")
    assert view.ids == ["t0004"]


def test_sorting(show: Show, make_audit: Make) -> None:
    """A column's head sorts by it, pressed again the other way, and says so."""
    view = show(make_audit())

    view.press("th.doubt button")
    assert view.ids == ["t0007", "t0004", "t0005"]
    view.press("th.doubt button")
    assert view.ids == ["t0005", "t0004", "t0007"]
    assert view.all("th.doubt")[0].get_attribute("aria-sort") == "ascending"
    view.press("th.row button")
    assert view.ids == ["t0007", "t0005", "t0004"]


def test_evidence(show: Show, make_audit: Make) -> None:
    """Opening a row shows what was seen of it; opening another, or Escape, closes it."""
    view = show(make_audit())

    view.press('[aria-label="Evidence on row t0007"]')

    sections = dict(zip(view.texts(".evidence h3"), view.texts(".evidence section"), strict=True))
    assert list(sections) == [
        "The row",
        "Probability of each label",
        "Nearest rows",
        "The same input elsewhere",
        "Annotators",
        "What each reason says",
    ]
    assert "My card was charged twice for one order" in sections["Nearest rows"]
    assert "billing at distance 0.10" in sections["Nearest rows"]
    assert "t0002" in sections["The same input elsewhere"]
    assert sections["Annotators"].split("\n")[1:] == ["ada", "delivery", "ben", "billing"]

    view.press('[aria-label="Evidence on row t0004"]')
    assert len(view.all(".evidence")) == 1
    view.keys(ESCAPE)
    assert view.all(".evidence") == []


def test_keys(show: Show, make_audit: Make) -> None:
    """The rows can be gone through with j and k alone; the ends stay put."""
    view = show(make_audit())

    for key, row in [("j", "1"), ("j", "2"), ("k", "1"), ("k", "1"), ("j", "2"), ("j", "3"), ("j", "3")]:
        view.keys(key)
        assert view.texts(".opened .open") == [row]


def test_filtering_closes(show: Show, make_audit: Make) -> None:
    """A row that is filtered away takes its evidence with it; one that stays keeps it."""
    view = show(make_audit())
    view.press('[aria-label="Evidence on row t0007"]')

    view.press('#classes [title^="billing:"]')
    assert len(view.all(".evidence")) == 1
    view.press('#classes [title^="bug:"]')
    assert view.all(".evidence") == []
    assert view.ids == ["t0004"]


def test_hostile_texts(show: Show, make_audit: Make) -> None:
    """Hostile texts are shown letter by letter and run nothing."""
    script = "</script><script>alert(1)</script>"
    image = "<img src=x onerror=alert(2)>"
    view = show(
        make_audit(
            texts=[script] * 8,
            class_names=(image, "<b>bug</b>", script),
            why=[image] * 8,
            notes=(image, "line\u2028break"),
            path=f"{image}.csv",
            annotators=(image, script),
        )
    )

    for button in view.all(".open"):
        view.browser.execute_script("arguments[0].click()", button)

    assert view.complaints == []  # an alert, too, would have made the calls above fail
    assert view.all("img, main b, main script") == []
    assert view.texts("#file") == [f"{image}.csv"]
    assert view.texts(".row .excerpt") == [script] * 3
    assert view.texts(".row td.given") == [image, "<b>bug</b>", image]


@pytest.mark.parametrize("width", [400, 1400])
def test_fits(show: Show, make_audit: Make, width: int) -> None:
    """Nothing sticks out sideways, on a phone as on a desk, with names and texts of any length."""
    view = show(make_audit(texts=["x" * 3_000] * 8, class_names=("a" * 90, "b c" * 40, "ש" * 50)))
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}

    view.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    view.press('[aria-label="Evidence on row t0007"]')
    shown = view.browser.execute_script("return document.documentElement.scrollWidth")
    view.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert shown <= width


def test_many_classes(show: Show, make_audit: Make) -> None:
    """Of many classes the matrix shows the twenty most in doubt, the rest as one that filters as well."""
    n = 60
    audit = make_audit(
        texts=[f"text {row}" for row in range(n)],
        given=[row % 30 for row in range(n)],
        suggested=[30 + row % 30 for row in range(n)],
        doubt=[0.9] * n,
        class_names=tuple(f"class {code:02}" for code in range(77)),
        answers=None,
    )
    view = show(audit)

    assert len(view.all("#matrix tbody tr")) == 21
    assert "17 classes without rows to check left out." in view.texts("#matrix > p")[0]
    view.press('.cell[aria-label*="given 40 other classes"]')
    assert view.texts("#chips .filter bdi")[0] == "given: 40 other classes"


def test_filled_queue(show: Show, make_audit: Make) -> None:
    """Rows that fill the queue up are listed and counted by every panel, and a line says what they are."""
    view = show(make_audit(queue_at_least=5))

    assert view.texts("h1") == ["3 of 8 labels are doubted"]
    assert view.ids == ["t0007", "t0004", "t0005", "t0003", "t0002"]
    assert view.texts("#cut")[0].startswith(
        "3 of these rows are doubted outright; the other 2 labels are likelier right than wrong"
    )
    assert sum(int(cell) for cell in view.texts(".cell")) == 5
    view.press('.bin[aria-label="doubt 0.30 to 0.35: 1 row, 1 to check"]')
    assert view.ids == ["t0003"]
    view.press("#chips .filter")
    view.press('#classes [title^="billing:"]')
    assert view.texts('#classes [title^="billing:"] .figure') == ["3 of 4"]
    assert view.ids == ["t0007", "t0005", "t0003"]


@pytest.mark.parametrize(
    ("doubt", "line"),
    [
        ([0.1] * 8, "None of these rows is doubted outright: each label is likelier right than wrong"),
        ([0.9] * 4 + [0.1] * 4, "4 of these rows are doubted outright; the last label is likelier right"),
        ([0.9] * 5 + [0.1] * 3, ""),
    ],
)
def test_queue_line(show: Show, make_audit: Make, doubt: list[float], line: str) -> None:
    """The line above the table tells how many of its rows are doubted outright, unless all are."""
    view = show(make_audit(doubt=doubt, queue_at_least=5))

    assert len(view.ids) == 5
    assert view.texts("#cut")[0][: len(line) or None] == line


def test_never_certain(show: Show, make_audit: Make) -> None:
    """No doubt is shown as 1, and one without a wobble (of a single repeat) is shown alone."""
    audit = make_audit(doubt=(0.9996,) * 8)
    view = show(replace(audit, ranking=replace(audit.ranking, doubt_sd=np.full(8, np.nan))))

    view.press('[aria-label="Evidence on row t0000"]')

    assert view.complaints == []
    assert view.texts(".row .figure")[0] == ">0.99"
    assert "Doubt >0.99." in view.texts(".evidence")[0]
    assert "1.00" not in view.texts(".evidence")[0]


@pytest.mark.parametrize("doubt", [0.1, 0.9])
def test_little_to_show(show: Show, make_audit: Make, doubt: float) -> None:
    """With nothing doubted, or nothing but annotators to go by, the page still opens and says so."""
    audit = make_audit(doubt=(doubt,) * 8, with_models=False, with_neighbors=False, notes=(), skipped=())
    view = show(audit)

    assert view.complaints == []
    if doubt < 0.5:
        assert view.texts("h1") == ["None of 8 labels is doubted"]
        assert not view.all("#rows")[0].is_displayed()
    else:
        view.press('[aria-label="Evidence on row t0000"]')
        assert view.texts(".evidence h3") == ["The row", "Annotators", "What each reason says"]
