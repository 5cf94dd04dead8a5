"""The page of a review in a browser, with the real server."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

from doubtcli.review.desk import Desk
from doubtcli.review.filters import RowFilter
from doubtcli.review.journal import Journal
from doubtcli.review.session import Session
from tests.browsing import CONTROL, ENTER, ESCAPE, RIGHT, SHIFT, OpenPage, needs_browser
from tests.report.conftest import build_audit
from tests.review.conftest import serve_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

    from doubtcli.records import ScanResult
    from doubtcli.review.update import Basis
    from tests.review.conftest import Site

pytestmark = [pytest.mark.browser, needs_browser]

SAVED = "shown !== null && !waits && unsaved.length === 0 && !byId('said').textContent.startsWith('Saving')"
SECONDS = 10


class ReviewPage(OpenPage):
    """An open review."""

    def open(self, address: str) -> None:
        """Go to an address, and wait for the first card."""
        self.go(address)
        self.wait("audit !== null && shown !== null")

    def wait(self, condition: str) -> None:
        """Wait until a condition of the page holds."""
        WebDriverWait(self.browser, SECONDS, 0.01).until(
            lambda _: self.ask(
                f"(() => {{ try {{ return Boolean({condition}); }} catch {{ return false; }} }})()"
            ),
            condition,
        )

    def type(self, *keys: str) -> None:
        """Press keys one after the other; each when the one before is saved and a card is in sight."""
        for key in keys:
            ActionChains(self.browser, duration=0).send_keys(key).perform()
            self.wait(SAVED)

    def hold(self, key: str, *others: str) -> None:
        """Press a key while others are held."""
        chain = ActionChains(self.browser, duration=0)
        for other in others:
            chain.key_down(other)
        chain.send_keys(key)
        for other in others:
            chain.key_up(other)
        chain.perform()

    @property
    def row(self) -> int:
        """The row in sight, as the address has it."""
        found = re.search(r"row=(\d+)", self.browser.current_url)
        return int(found[1]) if found else -1

    @property
    def said(self) -> str:
        """What the page said last."""
        return str(self.ask("byId('said').textContent"))


@pytest.fixture
def view(browser: WebDriver) -> Iterator[ReviewPage]:
    """A window of the usual size; what was not saved at the end of a test is let go."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    page = ReviewPage(browser)
    yield page
    page.ask("typeof unsaved !== 'undefined' && unsaved.splice(0)")
    browser.get("about:blank")


@pytest.fixture
def page(view: ReviewPage, site: Site) -> ReviewPage:
    """Ana's review, in a window."""
    view.open(site.address)
    view.console_errors  # noqa: B018  # of tests before
    return view


def lines_of(site: Site) -> list[dict[str, Any]]:
    """All lines that were written, in order."""
    path = site.desk.session.journal.path
    return [] if path is None else [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def first_shown(site: Site, n: int = 1) -> list[int]:
    """The first rows whose cards show everything."""
    rows = site.desk.list_rows(RowFilter()).tolist()
    cards = [site.desk.make_cards([row])["cards"][0] for row in rows]
    return [card["index"] for card in cards if "blind" not in card][:n]


# ---------------------------------------------------------------------------- deciding


def test_forty_rows_by_keyboard(page: ReviewPage, site: Site) -> None:
    """Forty rows are decided with keys alone; each is in the journal once, as it was decided."""
    ids, expected = site.desk.session.audit.examples.row_ids, []

    for number in range(40):
        key = ("k", "2", "x", " ")[number % 4]
        row, second = page.row, page.ask("className(orderLabels(shown)[1])")
        given = site.desk.session.given_label(row)
        page.type(key)
        assert page.row != row
        answer = {"k": (given, ""), "2": (second, ""), "x": ("", "unusable"), " ": ("", "skip")}[key]
        expected.append((ids[row], *answer))

    assert page.console_errors == []
    written = [(line["doubt_id"], line["verdict"], line["verdict_status"]) for line in lines_of(site)]
    assert written == expected
    assert len({row for row, *_ in written}) == 40
    assert page.texts("#decided") == ["30 decided"]
    assert page.texts("#left") == [f"{len(site.desk.list_rows(RowFilter())) - 40} left"]


def test_quick_keys(page: ReviewPage, site: Site) -> None:
    """Keys that are pressed before the next cards have come are for those cards, in their order."""
    rows = [row for row in site.desk.list_rows(RowFilter()).tolist() if row != page.row][:3]
    page.ask(
        """(() => { const real = fetch; window.fetch = async (...sent) => {
          if (sent[0] === 'api/cards') await new Promise((done) => setTimeout(done, 300));
          return real(...sent); };
          for (const row of cards.keys()) if (row !== place.row) cards.delete(row); })()"""
    )
    first = page.row

    ActionChains(page.browser, duration=0).send_keys("kkxk").perform()
    page.wait("byId('decided').textContent === '4 decided'")

    states = [site.desk.session.states[row] for row in (first, *rows)]
    assert states == [1, 1, 3, 1]
    assert page.row not in {first, *rows}


def test_loading(view: ReviewPage, site: Site) -> None:
    """Before the first card has come the page says that it is on its way, and a key waits for it."""
    late = (
        "const real = fetch; window.fetch = (...sent) =>"
        " new Promise((done) => { window.go = () => done(real(...sent)); })"
    )
    script = view.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": late})
    view.browser.get(site.address)
    view.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    assert view.texts("#card") == ["Loading …"]
    view.keys("k")
    view.ask("window.fetch = real")
    view.ask("go()")
    view.wait("byId('decided').textContent === '1 decided'")


def test_undo_and_redo(page: ReviewPage, site: Site) -> None:
    """The key u takes the last decision back and shows its row again; U, or Ctrl+Shift+Z, brings it back."""
    first = page.row
    page.type("k")
    second = page.row
    page.type("x", "u")
    assert page.row == second
    page.type("u")
    assert (page.row, site.desk.session.count_states()) == (first, {})
    assert page.texts("#decided") == ["0 decided"]

    page.type("U")
    assert site.desk.session.count_states() == {"kept": 1}
    page.hold("z", CONTROL, SHIFT)
    page.wait("byId('decided').textContent === '2 decided'")
    assert site.desk.session.count_states() == {"kept": 1, "unusable": 1}


def test_moving(page: ReviewPage, site: Site) -> None:
    """The keys n and p move without a decision, and stop at the ends."""
    rows = site.desk.list_rows(RowFilter()).tolist()

    page.type("n", "n", "p")
    assert page.row == rows[1]
    page.type("p", "p")

    assert (page.row, page.said) == (rows[0], "This is the first row.")
    assert lines_of(site) == []


def test_label_found_by_typing(page: ReviewPage, site: Site) -> None:
    """After a slash, a part of a label's name and Enter pick it."""
    row = page.row

    page.keys("/")
    page.keys("login", ENTER)
    page.wait(SAVED)

    assert site.desk.session.verdict_on(row).label == "login_problem"


def test_flag(page: ReviewPage, site: Site) -> None:
    """The key f keeps a note with a row that stays open."""
    row = page.row

    page.keys("f")
    page.keys("ask the courier", ENTER)
    page.wait(SAVED)

    verdict = site.desk.session.verdict_on(row)
    assert (verdict.status, verdict.why) == ("skip", "ask the courier")
    page.type("p")
    assert page.texts(".row-head .state") == ["flagged: ask the courier"]


def test_held_key(page: ReviewPage, site: Site) -> None:
    """A key that is held down decides one row, not all that come by."""
    page.ask("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', repeat: true, bubbles: true}))")

    assert lines_of(site) == []
    assert page.texts("#decided") == ["0 decided"]


def test_mouse(page: ReviewPage, site: Site) -> None:
    """The same is done with clicks: on the given label, on any label, and on the commands."""
    first = page.row
    page.all("button.plate")[0].click()
    page.wait(SAVED)
    second = page.row
    page.press('.pick[data-code="4"]')
    page.wait(SAVED)
    page.press('.command[data-key="x"]')
    page.wait(SAVED)

    said = site.desk.session.verdict_on
    assert said(first).label == site.desk.session.given_label(first)
    assert said(second).label == "refund"
    assert site.desk.session.count_states()["unusable"] == 1


def test_all_decided(page: ReviewPage, site: Site) -> None:
    """After the last row the page says that nothing is left, and how the decisions are written back."""
    for row in site.desk.list_rows(RowFilter()).tolist()[:-1]:
        site.desk.decide(f"s{row}", [row], "keep")
    page.open(site.address)
    page.keys("k")

    page.wait("document.querySelector('.nothing')")
    assert page.texts(".nothing h2") == ["Nothing is left to decide here"]
    assert page.texts(".nothing code")[0].startswith("doubt apply tickets.csv --verdicts ")


# ---------------------------------------------------------------------------- what a card shows


def test_card(page: ReviewPage, site: Site) -> None:
    """A card has the label of the file, the suggested one, why, the row's values and annotators' answers."""
    (row,) = first_shown(site)
    audit = site.desk.session.audit
    page.open(f"{site.address}#row={row}")

    given, suggested = audit.examples.given_labels[row], audit.ranking.suggested_labels[row]
    assert page.texts(".plate .label") == [audit.label_names[given], audit.label_names[suggested]]
    assert page.texts(".why")[0] == site.desk.make_cards([row])["cards"][0]["why"]
    assert audit.examples.inputs["body"][row].as_py().split()[0] in page.texts(".prose")[-1]
    assert page.texts("#beside h3")[1:] == ["Annotators", "What each reason says"]
    likely = np.argsort(-audit.evidence.pred_probs[row], kind="stable")
    assert page.texts(".pick .label") == [audit.label_names[code] for code in likely]


def test_blind_card(page: ReviewPage, site: Site) -> None:
    """A drawn row shows nothing of what models say, with labels in the file's order; it is explained once."""
    names = site.desk.session.audit.label_names

    assert page.texts(".plate.blank") == ["Suggested\nnot shown on this card"]
    assert page.texts(".pick .label") == list(names)
    assert [page.all(css) for css in (".doubting", ".pick .meter", "mark", ".scores")] == [[], [], [], []]
    assert "drawn at random" in page.texts(".notice")[0]
    page.type("a")
    assert lines_of(site) == []

    page.type("k")
    assert page.texts(".plate.blank") == ["Suggested\nnot shown on this card"]
    assert page.texts(".notice") == []
    page.type("p")
    assert len(page.all(".doubting")) == 1


@pytest.fixture
def pairs(view: ReviewPage, judged: tuple[ScanResult, Basis], tmp_path: Path) -> Iterator[Site]:
    """An audit of eight tickets, of which numbers 2 and 7 are the same with another label; 7 is in sight."""
    session = Session(build_audit(), Journal(tmp_path / "tickets.verdicts", "ana"))
    with serve_desk(Desk(session, judged[1])) as site:
        view.open(f"{site.address}#row=7")
        yield site


def test_pair(view: ReviewPage, pairs: Site) -> None:
    """With c a like row is beside the row; a key decides the chosen side, and Shift with a digit both."""
    assert view.texts(".pick.find")[-1] == "c\nCompare with nearly the same input: delivery"
    view.type("c")
    assert view.texts(".side .label") == ["billing", "delivery"]
    assert view.texts(".side.target .label") == ["billing"]

    view.type(RIGHT, "k")
    assert (view.row, list(pairs.desk.session.verdicts)) == (7, ["t0002"])
    assert view.texts(".side .state") == ["kept"]
    assert view.texts(".side.target .label") == ["billing"]
    view.hold("1", SHIFT)
    view.wait(f"place.row !== 7 && {SAVED}")

    said = pairs.desk.session.verdict_on
    assert [said(row).label for row in (7, 2)] == ["delivery", "delivery"]
    view.type("u")
    assert (said(7), said(2).label, view.ask("unsaved.length")) == (None, "delivery", 0)


def test_group(view: ReviewPage, judged: tuple[ScanResult, Basis], tmp_path: Path) -> None:
    """With g a key decides all rows of the same input, in one step that one undo takes back."""
    texts = ["Where is my parcel?" if row in {1, 2, 5, 7} else f"text {row}" for row in range(8)]
    session = Session(build_audit(texts=texts), Journal(tmp_path / "tickets.verdicts", "ana"))
    with serve_desk(Desk(session, judged[1])) as site:
        view.open(f"{site.address}#row=7")
        view.type("c", "g")
        assert view.texts(".segments [aria-pressed='true']")[-1] == "All 4 of the group g"
        label = view.ask("className(orderLabels(shown)[0])")
        view.type("1")

        assert {row: said.label for row, said in session.verdicts.items()} == dict.fromkeys(
            ["t0001", "t0002", "t0005", "t0007"], label
        )
        view.keys("u")
        view.wait("byId('decided').textContent === '0 decided'")
        assert session.verdicts == {}


def test_differing_words(page: ReviewPage) -> None:
    """Of two texts with most words in common the others are marked; of unlike ones the words in both."""
    marks = """((left, right) => compareValues(left, right, true).map((parts) => parts
        .filter((one) => one instanceof Element).map((one) => `${one.className}: ${one.textContent}`)))"""

    def compare(left: str, right: str) -> object:
        return page.ask(f"{marks}({json.dumps(left)}, {json.dumps(right)})")

    assert compare("Where is my parcel?", "Where is the large parcel?") == [
        ["differs: my"],
        ["differs: the large"],
    ]
    assert compare("My card was charged twice", "Is the card broken or not?") == [
        ["common: card"],
        ["common: card"],
    ]
    assert compare("same", "same") == [[], []]


# ---------------------------------------------------------------------------- filters


def test_cell_kept_at_once(page: ReviewPage, site: Site) -> None:
    """A cell of the matrix filters; its rows are kept after a question, and one undo takes it back."""
    page.wait("document.querySelector('.cell')")
    cell = page.all('.cell[aria-label*="given refund, suggested cancel_subscription"]')[0]
    n = int(cell.text)
    cell.click()
    page.wait(f"listed.length === {n}")
    assert page.texts("#chips bdi") == ["given: refund", "suggested: cancel_subscription"]
    assert "given=refund" in page.browser.current_url

    page.all("#bulk button")[0].click()
    assert page.texts("#dialog h2") == [f"Keep the given label of {n} rows?"]
    assert page.texts("#confirm") == [f"Keep {n} rows"]
    page.keys(ENTER)
    page.wait(f"byId('decided').textContent === '{n} decided' && !waits")
    assert site.desk.session.count_states() == {"kept": n}

    page.type("u")
    assert site.desk.session.count_states() == {}
    assert page.ask(f"nPending === {n}")


def test_filters_and_address(page: ReviewPage, site: Site) -> None:
    """Filters, order and row are in the address: a reload stays there, and the browser's button goes back."""
    page.wait("document.querySelector('[data-filter]')")
    # by the mouse: the browser's button passes over addresses that a page made without a person
    page.click("""[data-filter='{"reason":"annotator-disagreement"}']""")
    n = len(site.desk.list_rows(RowFilter(reason="annotator-disagreement")))
    page.wait(f"listed.length === {n}")
    page.click('[title^="Rows of the same labels"]')
    page.wait("place.order === 'alike'")
    page.wait(SAVED)
    page.type("n", "n")
    row = page.row

    page.browser.refresh()
    page.wait("audit !== null && shown !== null")
    assert (page.row, page.ask("listed.length"), page.ask("place.order")) == (row, n, "alike")

    page.browser.back()
    page.wait(f"place.order === 'doubt' && listed.length === {n}")
    page.browser.back()
    page.wait(f"listed.length === {len(site.desk.list_rows(RowFilter()))}")
    assert page.texts("#chips bdi") == []


def test_doubt_range(page: ReviewPage, site: Site) -> None:
    """A lowest and a highest doubt filter; an empty field lets all rows through again."""
    n = len(site.desk.list_rows(RowFilter(least=0.5, most=0.8)))
    for field, value in (("least", "0.5"), ("most", "0.8")):
        page.all(f"#{field}")[0].send_keys(value, ENTER)
    page.wait(f"listed.length === {n}")
    assert page.texts("#chips bdi") == ["doubt from: 0.50", "doubt to: 0.80"]

    page.all("#chips .clear")[0].click()
    page.wait("listed.length > 40")
    assert [page.all(css)[0].get_attribute("value") for css in ("#least", "#most")] == ["", ""]


def test_search(page: ReviewPage) -> None:
    """A search filters by what a value contains; the list shows the same rows, and a click opens one."""
    page.keys("l")
    page.wait("document.querySelectorAll('#rows .row').length === 40")
    page.keys("/")
    page.keys("lamp flickers")
    page.wait("document.querySelectorAll('#rows .row').length === 1")

    page.press("#rows .open")
    page.wait(SAVED)
    assert "Lamp" in page.texts(".prose")[0]


# ---------------------------------------------------------------------------- what may go wrong


def test_two_windows(page: ReviewPage, site: Site) -> None:
    """A window that missed a decision shows it and asks again; the second answer counts."""
    row, first = page.row, page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    page.open(f"{site.address}#row={row}")
    page.type("x")
    page.browser.close()
    page.browser.switch_to.window(first)

    page.keys("k")
    page.wait("notices.size === 1 && shown !== null")
    assert page.row == row
    assert "another window said 'unusable'" in page.texts(".notice")[0]
    assert page.texts(".row-head .state") == ["unusable"]
    page.type("k")

    assert site.desk.session.count_states() == {"kept": 1}
    assert len(lines_of(site)) == 2


def test_stopped_server(view: ReviewPage, desk: Desk) -> None:
    """Decisions that the server did not take are shown as not saved; sent again later, each counts once."""
    with serve_desk(desk) as site:
        view.open(site.address)
        view.wait("cards.size > 3 && counts !== null")
    view.keys("k")
    view.wait("!byId('trouble').hidden")
    view.keys("x")
    view.wait("unsaved.length === 2")
    assert "Not saved: 2 steps" in view.ask("(showTrouble(new Error()), byId('trouble').textContent)")
    assert view.texts("#decided") == ["0 decided"]

    with serve_desk(desk, port=site.port, token=site.token) as site:
        view.keys("r")
        view.wait("unsaved.length === 0")
        view.wait("byId('decided').textContent === '2 decided'")
        assert view.ask("byId('trouble').hidden")
        assert [line["verdict_status"] for line in lines_of(site)] == ["", "unusable"]


def test_lost_answer(page: ReviewPage, site: Site) -> None:
    """A step whose answer was lost is sent again, and written once."""
    page.ask(
        """(() => { const real = fetch; let n = 0; window.fetch = async (...sent) => {
          const answer = await real(...sent);
          if (sent[0] === 'api/decide' && n++ < 1) throw new TypeError('lost');
          return answer; }; })()"""
    )

    page.keys("k")
    page.wait("!byId('trouble').hidden")
    page.keys("r")
    page.wait("byId('decided').textContent === '1 decided'")

    assert len(lines_of(site)) == 1


# ---------------------------------------------------------------------------- all kinds of data

NASTY = '<script>document.title = "gone"</script><img src=x onerror="document.title=1">'


def nasty_audit() -> ScanResult:
    """Eight rows with 1,000 labels, and texts that try to be more than texts."""
    names = (NASTY, "=1+1", "\U0001f4a9 emoji", "عربي", *(f"class {code}" for code in range(996)))
    texts = (
        NASTY,
        "a\0b",
        "\u202egnp.exe\u202c",
        "=cmd|' /C calc'!A0",
        "x" * 1_000_000,
        "",
        "שלום עולם",
        "\ud800",
    )
    return build_audit(
        texts=[text.encode(errors="replace").decode() for text in texts],
        given=(0, 1, 2, 3, 4, 5, 6, 7),
        suggested=(1, 0, 3, 2, 5, 4, 7, 6),
        doubt=[0.9 - 0.05 * row for row in range(8)],
        class_names=names,
        answers=None,
        extra_inputs={"</title>": [NASTY] * 8},
    )


def test_hostile_data(view: ReviewPage, judged: tuple[ScanResult, Basis], tmp_path: Path) -> None:
    """Markup, control characters, right-to-left marks and huge cells show themselves and do nothing else."""
    session = Session(nasty_audit(), Journal(tmp_path / "nasty.verdicts", NASTY))
    with serve_desk(Desk(session, judged[1])) as site:
        view.open(site.address)
        assert view.texts(".prose") == [NASTY]
        assert view.texts(".plate .label") == [NASTY, "=1+1"]
        assert view.all("#desk script, #desk img, #filters script") == []
        assert view.ask("document.title") == "tickets.csv - doubt review"

        view.type("n")
        assert view.texts(".prose") == ["a\N{SYMBOL FOR NULL}b"]
        view.type("n", "n", "n")
        assert len(view.texts(".prose")[0]) == 4_000
        assert view.texts(".values .more") == ["Show all 100,001 letters"]
        view.press(".values .more")
        assert view.ask("document.querySelector('.prose').textContent.length") == 100_001
        view.type("n", "n")
        assert view.ask("getComputedStyle(document.querySelector('.prose')).direction") == "rtl"

        assert view.texts(".pick.find")[0] == "/\nFind one of 1,000 labels"
        view.keys("/")
        view.keys("class 995", ENTER)
        view.wait(SAVED)
        assert session.verdict_on(6).label == "class 995"
        assert [one for one in view.console_errors if site.address in one["message"]] == []


def test_pictures(view: ReviewPage, shots: Desk) -> None:
    """A card and the list draw the pictures of their rows; of one that can't be shown the card says why."""
    with serve_desk(shots) as site:
        view.open(site.address)
        view.wait("document.querySelector('#card .picture img').naturalWidth === 8")
        (path,) = view.texts("#card .picture .path")
        assert view.ask("document.querySelector('#card .picture img').alt") == path
        view.keys("l")
        view.wait("[...document.querySelectorAll('.thumb img')].some((one) => one.naturalWidth === 8)")

        row = shots.session.audit.examples.positions.tolist().index(1)
        view.open(f"{site.address}#scope=all&row={row}")
        assert view.texts("#card .picture p") == ["Not shown: addresses are not opened."]
        assert view.texts("#card .picture .path") == ["https://example.org/a.png"]
        assert view.all("#card img") == []
        assert [one for one in view.console_errors if site.address in one["message"]] == []


# ---------------------------------------------------------------------------- looks and access


def test_legend(page: ReviewPage) -> None:
    """Each command that is always in sight is explained under the key ?, and Escape closes that."""
    assert len(page.texts("#commands kbd")) == 17
    page.keys("?")
    assert page.texts(".keys-list b")[:2] == ["Accept", "Keep"]
    assert len(page.texts(".keys-list b")) == 17
    page.keys(ESCAPE)
    assert not page.all("#dialog")[0].is_displayed()


def test_widths(page: ReviewPage, site: Site) -> None:
    """From a phone to 4K nothing is cut off at the side; what can be clicked has 24 pixels or more."""
    (row,) = first_shown(site)
    page.open(f"{site.address}#row={row}")
    page.wait("counts !== null && document.querySelector('.line')")

    for width in (360, 1024, 1400, 3840):
        page.resize(width, 800)
        assert page.ask("document.documentElement.scrollWidth") <= width
        sizes = page.ask(
            """[...document.querySelectorAll('button, summary, input')].map((one) => {
            const box = one.getBoundingClientRect(); return [one.textContent, box.width, box.height]; })"""
        )
        seen = [target for target in sizes if min(target[1:]) > 0]
        assert len(seen) > 15
        assert [target for target in seen if min(target[1:]) < 24] == []
        assert page.ask("document.querySelector('#legend').getBoundingClientRect().bottom") <= 801


def test_names(page: ReviewPage) -> None:
    """All that can be clicked or typed in has a name that is read aloud."""
    page.wait("counts !== null && document.querySelector('.line')")

    targets = [target for target in page.all("button, summary, input") if target.is_displayed()]
    assert len(targets) > 30
    assert [target.get_attribute("outerHTML") for target in targets if not target.accessible_name] == []


def test_focus_stays(page: ReviewPage) -> None:
    """After a filter is pressed by key, the focus is on it still, and letters decide on the row."""
    page.wait("document.querySelector('[data-filter]')")
    page.ask("""document.querySelector('[data-filter=\\'{"given":"refund"}\\']').focus()""")
    page.keys(ENTER)
    page.wait("place.filter.given === 'refund' && byId('position').textContent.includes('filter')")
    page.wait('document.activeElement.dataset.filter === \'{"given":"refund"}\'')

    page.type("k")
    assert page.texts("#decided") == ["1 decided"]
