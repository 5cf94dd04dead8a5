"""The page in a browser: opened from a file, with clicks and keys."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.records import Verdicts
from doubtcli.report.page import render_html
from tests.browsing import CONTROL, ESCAPE, OpenPage, needs_browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

    from doubtcli.records import ScanResult
    from tests.conftest import Sentences

    Make = Callable[..., ScanResult]

pytestmark = needs_browser


class View(OpenPage):
    """A report, and its elements."""

    @property
    def ids(self) -> list[str]:
        """The row ids in the table, from top to bottom."""
        labels = [str(button.get_attribute("aria-label")) for button in self.all(".open")]
        return [label.removeprefix("Evidence for row ") for label in labels]

    @property
    def opened(self) -> list[str]:
        """The ids of the rows whose evidence is open."""
        return self.texts(".moves bdi")


@pytest.fixture
def show(browser: WebDriver, tmp_path: Path) -> Callable[[ScanResult], View]:
    """Opens an audit's page."""

    def opened(audit: ScanResult) -> View:
        path = tmp_path / "report.html"
        path.write_text(render_html(audit), encoding="utf-8")
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.get(path.as_uri())
        return View(browser)

    return opened


Show = "Callable[[ScanResult], View]"


def test_verdicts(show: Show, make_audit: Make, sentences: Sentences) -> None:
    """The page counts verdicts, and rows set aside."""
    verdicts = Verdicts("v.csv", np.array([0, 2, *[-1] * 6]), (None,) * 8, np.full(8, np.nan))

    view = show(make_audit(verdicts=verdicts, n_unusable=1))

    assert view.console_errors == []
    (counts,) = view.texts("#counts")
    assert [re.findall(r"\d+", part) for part in counts.split(" · ")[-2:]] == [["1"], ["2", "1", "1"]]
    sentences.check(counts)


def test_opens(show: Show, make_audit: Make) -> None:
    """The page opens from a file without an error, and starts with the results."""
    view = show(make_audit())

    assert view.console_errors == []
    assert view.texts("h1") == ["3 of 8 labels are doubted"]
    assert "at least 2.2% of the labels are wrong, and 24.0% are contradicted" in view.texts("#noise")[0]
    assert view.texts(".legend li") == ["at least 2.2% wrong", "24.0% contradicted"]
    assert view.ids == ["t0007", "t0004", "t0005"]
    assert view.texts("#shown") == ["3 rows, all doubted"]


def test_matrix_filters(show: Show, make_audit: Make) -> None:
    """A click on a cell of the matrix sets two filters, and a second click removes them."""
    view = show(make_audit())
    cell = '.cell[aria-label="1 row: given bug, suggested delivery"]'

    view.press(cell)

    assert view.ids == ["t0004"]
    assert view.texts("#chips bdi") == ["given: bug", "suggested: delivery"]
    assert view.texts("#shown") == ["1 of 3 rows"]
    assert view.all(cell)[0].get_attribute("aria-pressed") == "true"

    view.press(cell)

    assert view.ids == ["t0007", "t0004", "t0005"]
    assert view.texts("#chips bdi") == []


def test_filters_combine(show: Show, make_audit: Make) -> None:
    """Filters by class, reason and bin are combined, and each is removed by its chip."""
    view = show(make_audit())

    view.press('#classes [title^="billing:"]')
    assert view.ids == ["t0007", "t0005"]
    view.press('#reasons [title="Doubted because its annotators disagree"]')
    assert view.ids == ["t0007"]
    view.press('.bin[aria-label^="doubt 0.5 to 0.6"]')
    assert view.ids == []
    assert view.all("#empty")[0].is_displayed()

    view.press('#chips [aria-label="Remove filter reason: annotator-disagreement"]')
    assert view.ids == ["t0005"]
    view.press("#chips .clear")
    assert view.ids == ["t0007", "t0004", "t0005"]


def test_no_match(show: Show, make_audit: Make) -> None:
    """Where no row matches, a button removes the search and all filters."""
    view = show(make_audit())

    view.keys("/", "no such words")
    view.press('#classes [title^="billing:"]')
    assert view.ids == []
    view.press("#reset")

    assert view.ids == ["t0007", "t0004", "t0005"]
    assert view.texts("#chips bdi") == []


def test_search(show: Show, make_audit: Make) -> None:
    """A search finds words in any order and case, in texts, labels, ids and reasons."""
    view = show(make_audit())

    view.keys("/")
    view.keys("CHARGED cancelled")
    assert view.ids == ["t0005"]

    view.keys(CONTROL + "a")
    view.keys("t0004")
    assert view.ids == ["t0004"]


def test_sorting(show: Show, make_audit: Make) -> None:
    """A click on a column's head sorts by it, and a second click sorts the other way."""
    view = show(make_audit())

    assert view.all("th.doubt")[0].get_attribute("aria-sort") == "descending"
    view.press("th.doubt button")
    assert view.ids == ["t0005", "t0004", "t0007"]
    assert view.all("th.doubt")[0].get_attribute("aria-sort") == "ascending"
    view.press("th.place button")
    assert view.ids == ["t0007", "t0005", "t0004"]


def test_evidence(show: Show, make_audit: Make, sentences: Sentences) -> None:
    """An open row shows its evidence; opening another row, or Escape, closes it."""
    view = show(make_audit())

    view.press('[aria-label="Evidence for row t0007"]')

    sections = dict(zip(view.texts(".evidence h3"), view.texts(".evidence section"), strict=True))
    assert len(sections) == 6
    sentences.check("\n\n".join(view.texts(".evidence section")))
    assert "My card was charged twice for one order" in sections["Nearest rows"]
    assert "billing at distance 0.10" in sections["Nearest rows"]
    assert "t0002" in sections["Rows with the same input"]
    assert sections["Annotators"].split("\n")[1:] == ["ada", "delivery", "ben", "billing"]

    view.press('[aria-label="Evidence for row t0004"]')
    assert len(view.all(".evidence")) == 1
    view.keys(ESCAPE)
    assert view.all(".evidence") == []


def test_keys(show: Show, make_audit: Make) -> None:
    """The keys j and k open the next and the previous row, and stop at the ends."""
    view = show(make_audit())

    first, second, third = "t0007", "t0004", "t0005"
    for key, row in [("j", first), ("j", second), ("k", first), ("k", first), ("j", second), ("j", third)]:
        view.keys(key)
        assert view.opened == [row]
    view.keys("j")
    assert view.opened == [third]


def test_filtering_closes(show: Show, make_audit: Make) -> None:
    """An open row that a filter removes is closed; one that stays is still open."""
    view = show(make_audit())
    view.press('[aria-label="Evidence for row t0007"]')

    view.press('#classes [title^="billing:"]')
    assert len(view.all(".evidence")) == 1
    view.press('#classes [title^="bug:"]')
    assert view.all(".evidence") == []
    assert view.ids == ["t0004"]


def test_hostile_texts(show: Show, make_audit: Make) -> None:
    """Hostile texts are shown as they are, and no script in them runs."""
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

    assert view.console_errors == []  # an alert, too, would have made the calls above fail
    assert view.all("img, main b, main script") == []
    assert view.texts("#file") == [f"{image}.csv"]
    assert view.texts(".row .excerpt") == [script] * 3
    assert view.texts(".row td.given") == [image, "<b>bug</b>", image]


@pytest.mark.parametrize("width", [390, 1400])
def test_fits(show: Show, make_audit: Make, width: int) -> None:
    """On a phone and on a desktop the page is no wider than the window, for long names and texts."""
    view = show(make_audit(texts=["x" * 3_000] * 8, class_names=("a" * 90, "b c" * 40, "ש" * 50)))

    view.resize(width, 900)
    view.press('[aria-label="Evidence for row t0007"]')

    assert view.ask("document.documentElement.scrollWidth") <= width


def make_many(make_audit: Make, n_rows: int = 40, **changes: Any) -> ScanResult:
    """An audit with many doubted rows of two sentences each."""
    sentence = "The parcel came late, and the courier left it with a neighbour whom I don't know"
    return make_audit(
        texts=[f"{sentence}, on day {row}. {sentence}." for row in range(n_rows)],
        given=[row % 2 for row in range(n_rows)],
        suggested=[2 - row % 2 for row in range(n_rows)],
        doubt=[0.9] * n_rows,
        why=["8 of 10 nearest rows are delivery, none billing; models give delivery 0.97, billing <0.01"]
        * n_rows,
        answers=None,
        **changes,
    )


@pytest.mark.parametrize(
    ("width", "height", "n_whole", "tallest"),
    [(1400, 900, 8, 60), (390, 844, 4, 120)],
    ids=["desktop", "phone"],
)
def test_first_screen(  # noqa: PLR0917  # a window and what is in it
    show: Show, make_audit: Make, width: int, height: int, n_whole: int, tallest: int
) -> None:
    """The first screen has whole rows: of two lines on a desktop, and at most five on a phone."""
    view = show(make_many(make_audit, notes=("one note", "another note")))

    view.resize(width, height)

    boxes = view.ask("[...document.querySelectorAll('.row')].map((row) => row.getBoundingClientRect())")
    assert max(box["height"] for box in boxes) <= tallest
    assert sum(box["bottom"] <= height for box in boxes) >= n_whole


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)], ids=["desktop", "phone"])
def test_filters_show_rows(show: Show, make_audit: Make, width: int, height: int) -> None:
    """Wherever the page is scrolled to, a cell of the matrix and a search bring the first rows into view."""
    view = show(make_many(make_audit))
    view.resize(width, height)

    view.ask("scrollTo(0, 9000)")
    view.press('.cell[aria-label^="20 rows: given billing"]')
    assert is_first_row_in_view(view)
    view.ask("scrollTo(0, 1500)")
    view.keys("/", "day", " 38")
    assert view.ids == ["t0038"]
    assert is_first_row_in_view(view)
    view.ask("scrollTo(0, 0)")
    view.keys(CONTROL + "a", "day")
    assert is_first_row_in_view(view)


def is_first_row_in_view(view: View) -> bool:
    """Whether the first row is below the bar, and no lower than the middle of the window."""
    bar, row = (
        view.ask(f"document.querySelector('{css}').getBoundingClientRect()") for css in ("#bar", ".row")
    )
    middle: float = view.ask("innerHeight") / 2
    return bool(bar["bottom"] <= row["top"] + 1 <= middle)


@pytest.mark.parametrize("width", [390, 1400])
def test_targets(show: Show, make_audit: Make, width: int) -> None:
    """All that can be clicked has a name, and is at least 24 pixels wide and high (WCAG 2.5.8)."""
    view = show(make_audit())
    view.resize(width, 900)
    view.keys("j")
    view.ask("document.querySelectorAll('details').forEach((part) => { part.open = true; })")

    targets = [target for target in view.all("button, summary, input") if target.is_displayed()]

    assert len(targets) > 20
    assert [target.text for target in targets if min(target.size.values()) < 24] == []
    assert [target.tag_name for target in targets if not target.accessible_name] == []


def test_key_legend(show: Show, make_audit: Make) -> None:
    """Each key that the page shows does what is written beside it."""
    view = show(make_audit())
    assert view.texts("#bar kbd") == ["/", "j", "k"]

    view.keys("j", "j")
    assert view.texts(".moves .key") == ["Previous k", "Next j", "Close Esc"]
    first, second = view.ids[:2]
    assert view.opened == [second]
    view.keys("k")
    assert view.opened == [first]
    view.press(".moves .key:nth-of-type(2)")
    assert view.opened == [second]
    view.keys(ESCAPE)
    assert view.opened == []
    view.keys("/", "parcel")
    assert view.ids == ["t0007", "t0004"]


def test_right_to_left(show: Show, make_audit: Make) -> None:
    """A text in Hebrew is set from right to left; the sentence about it stays in English order."""
    why = "models give משלוח 0.9, חשבון 0.1"
    view = show(make_audit(texts=["איפה החבילה שלי?"] * 8, why=[why] * 8))

    assert view.ask("getComputedStyle(document.querySelector('.row .excerpt')).direction") == "rtl"
    assert view.ask("getComputedStyle(document.querySelector('.row .why p')).direction") == "ltr"
    assert view.texts(".row:first-child .why p") == [why]
    first, second = view.all(".row:first-child .why bdi")
    assert first.rect["x"] < second.rect["x"]


def test_many_classes(show: Show, make_audit: Make) -> None:
    """With many classes the matrix is in a dialog, with the twenty largest one by one."""
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

    assert not view.all(".cell")[0].is_displayed()
    view.press("#matrix .more")

    assert len(view.all(".matrix tbody tr")) == 21
    assert " 17 classes " in view.texts("#pairs > p")[-1]
    view.press('.cell[aria-label*="given 40 other classes"]')
    assert not view.all("#pairs")[0].is_displayed()
    assert view.texts("#chips bdi")[0] == "given: 40 other classes"


def test_filled_queue(show: Show, make_audit: Make) -> None:
    """Contradicted rows are listed and counted in every panel, and each row shows its tier."""
    view = show(make_audit(contradicted=[True] * 8, queue_length=5))

    assert view.texts("h1") == ["3 of 8 labels are doubted"]
    assert view.ids == ["t0007", "t0004", "t0005", "t0003", "t0002"]
    assert view.texts(".tier") == ["contradicted"] * 2
    view.press("#tiers .chip:last-child")
    assert view.ids == ["t0003", "t0002"]
    view.press("#chips .chip")
    assert view.texts("#shown") == ["5 rows, 3 of them doubted"]
    assert sum(int(cell) for cell in view.texts(".cell")) == 5
    view.press('.bin[aria-label="doubt 0.3 to 0.4: 1 row, 1 listed"]')
    assert view.ids == ["t0003"]
    view.press("#chips .chip")
    view.press('#classes [title^="billing:"]')
    assert view.texts('#classes [title^="billing:"] .figure') == ["3 of 4"]
    assert view.ids == ["t0007", "t0005", "t0003"]


def test_queue_of_another_size(show: Show, make_audit: Make) -> None:
    """Where `queue.csv` has other rows than the list, its number is given, and the title is another."""
    audit = make_audit(contradicted=[True] * 8, queue_length=5)

    assert show(audit).texts("#rows-title") == ["Rows to check"]
    view = show(replace(audit, settings={**audit.settings, "queue_size": 2}))

    assert view.texts("#rows-title") == ["Most doubted rows"]
    assert view.texts("#shown") == ["5 rows, 3 of them doubted; 2 to check in queue.csv"]


@pytest.mark.parametrize("n_doubted", [0, 4, 5])
def test_divider(show: Show, make_audit: Make, sentences: Sentences, n_doubted: int) -> None:
    """A line divides doubted rows from others, where rows are in order of doubt; the bar counts both."""
    view = show(
        make_audit(doubt=[0.9] * n_doubted + [0.1] * (8 - n_doubted), contradicted=[True] * 8, queue_length=5)
    )

    lines = [line.get_attribute("class") for line in view.all("#rows tbody tr")]
    assert lines == (
        ["row"] * n_doubted + ["divider"] + ["row"] * (5 - n_doubted) if n_doubted < 5 else ["row"] * 5
    )
    sentences.check(" | ".join([*view.texts("#shown"), *view.texts(".divider")]))
    view.press("th.given button")
    assert view.all(".divider") == []


def test_never_certain(show: Show, make_audit: Make) -> None:
    """No doubt is shown as 1, and one of a single repeat is shown without its standard deviation."""
    audit = make_audit(doubt=(0.9996,) * 8)
    view = show(replace(audit, ranking=replace(audit.ranking, doubt_sd=np.full(8, np.nan))))

    view.press('[aria-label="Evidence for row t0000"]')

    assert view.console_errors == []
    assert view.texts(".row .figure")[0] == ">0.99"
    assert "Doubt >0.99." in view.texts(".evidence")[0]
    assert "1.00" not in view.texts(".evidence")[0]


@pytest.mark.parametrize("doubt", [0.1, 0.9])
def test_little_to_show(show: Show, make_audit: Make, doubt: float) -> None:
    """If no row is doubted, or if annotators are the only evidence, the page opens without an error."""
    audit = make_audit(doubt=(doubt,) * 8, with_models=False, with_neighbors=False, notes=(), skipped=())
    view = show(audit)

    assert view.console_errors == []
    if doubt < 0.5:
        assert view.texts("h1") == ["None of 8 labels is doubted"]
        assert not view.all("#rows")[0].is_displayed()
    else:
        view.press('[aria-label="Evidence for row t0000"]')
        assert view.texts(".evidence h3")[1:] == ["Annotators", "What each reason says"]
