"""The page in one file, opened in a browser as a file."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

from doubtcli.cli.main import run
from doubtcli.pipelines.review import ReviewRequest, open_review
from doubtcli.progress import Silence
from doubtcli.review.desk import Desk
from doubtcli.review.export import make_content, render_page, write_page
from doubtcli.review.filters import RowFilter
from doubtcli.review.journal import Journal
from doubtcli.review.session import Session
from doubtcli.settings import ScanSettings
from tests.browsing import ENTER, needs_browser
from tests.review.test_page import NASTY, SAVED, SECONDS, ReviewPage, nasty_audit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

    from doubtcli.records import ScanResult
    from doubtcli.review.update import Basis

pytestmark = [pytest.mark.browser, needs_browser]

FILTERS: list[dict[str, Any]] = [
    {},
    {"given": "refund"},
    {"suggested": "delivery"},
    {"reason": "low-self-confidence"},
    {"annotator": "annotator_ana"},
    {"tier": "doubted"},
    {"tier": "neither"},
    {"state": "open"},
    {"least": 0.5, "most": 0.9},
    {"text": "CARD"},
    {"given": "refund", "text": "money"},
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> tuple[Path, Desk]:
    """The sample tickets, and their review in one file beside them."""
    data = tmp_path_factory.mktemp("exported") / "tickets.csv"
    shutil.copy(pytestconfig.rootpath / "fixtures" / "tickets.csv", data)
    settings = ScanSettings(path=str(data), label="intent", id="ticket_id", fast=True, audit_sample=10)
    desk = open_review(ReviewRequest(settings, ""), progress=Silence())
    write_page(desk, data.with_name("page.html"))
    return data, desk


@pytest.fixture
def view(browser: WebDriver, exported: tuple[Path, Desk], tmp_path: Path) -> Iterator[ReviewPage]:
    """The page, opened as a file; nothing is kept of tests before."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    page = ReviewPage(browser)
    page.open(exported[0].with_name("page.html").as_uri())
    page.ask("localStorage.clear()")
    page.open(exported[0].with_name("page.html").as_uri())
    page.console_errors  # noqa: B018  # of tests before
    yield page
    page.ask("localStorage.clear()")
    page.ask("held.isKept = true")
    browser.get("about:blank")


def download(view: ReviewPage, folder: Path, name: str = "") -> Path:
    """Press the button, give a name if it is asked for, and wait for the file."""
    view.press("#download")
    if name:
        view.keys(name, ENTER)
    WebDriverWait(view.browser, SECONDS, 0.05).until(lambda _: list(folder.glob("*.jsonl")))
    (found,) = folder.glob("*.jsonl")
    return found


def read_labels(path: Path) -> dict[str, str]:
    """The label of each ticket."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["ticket_id"]: row["intent"] for row in csv.DictReader(file)}


def test_decide_and_apply(view: ReviewPage, exported: tuple[Path, Desk], tmp_path: Path) -> None:
    """Ten rows are decided by key, one is taken back; `doubt apply` takes the download as it is."""
    data, _ = exported
    chosen: dict[str, str] = {}
    for number in range(10):
        row_id, second = view.ask("nameOf(shown)"), view.ask("className(orderLabels(shown)[1])")
        given = view.ask("className(shown.given)")
        view.type("k" if number % 2 else "2")
        chosen[row_id] = given if number % 2 else second
    view.type("u")
    del chosen[row_id]
    assert view.texts("#decided") == ["9 decided"]

    verdicts = download(view, tmp_path, "Bo B.")
    output = tmp_path / "fixed.csv"
    flags = ["--verdicts", str(verdicts), "--waivers", str(tmp_path / "waivers.toml"), "-q"]
    code = run(["apply", str(data), *flags, "-o", str(output)])

    assert code == 0
    assert verdicts.name.startswith("Bo-B-20")
    before, after = map(read_labels, (data, output))
    assert len(chosen) == 9
    assert {row: after[row] for row in chosen} == chosen
    assert {row for row in before if before[row] != after[row]} <= chosen.keys()
    assert view.ask("performance.getEntriesByType('resource').length") == 0
    assert view.console_errors == []


def test_download_is_ours(view: ReviewPage, exported: tuple[Path, Desk], tmp_path: Path) -> None:
    """In a folder of verdicts, a review takes a download up, once: decisions, undone ones, and drawn rows."""
    desk = exported[1]
    for key in ("k", "2", "x", " ", "3", "u", "2"):
        view.type(key)
    expected = view.ask("Object.fromEntries([...held.said.keys()].map(row => [row, stateIn(row)]))")

    path = download(view, tmp_path, "bo")

    folder = tmp_path / "tickets.verdicts"
    folder.mkdir()
    shutil.copy(path, folder)
    shutil.copy(path, folder / "again.jsonl")
    session = Session(desk.session.audit, Journal(folder, "bo"))
    names = ("open", "kept", "corrected", "unusable", "skipped")
    assert {str(row): names[session.states[row]] for row in session._said} == expected
    assert session.n_outdated == 0
    assert session.can_undo
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    sample = desk.session.audit.sample
    ids = [desk.session.audit.examples.row_ids[row] for row in sample.rows.tolist()]
    drawn = {line["doubt_id"]: line["doubt_stratum"] for line in lines if line["doubt_id"] in ids}
    assert drawn
    assert all(drawn.values())
    assert {line["doubt_stratum"] for line in lines if line["doubt_id"] not in ids} == {""}


def test_gate_with_download(
    view: ReviewPage,
    exported: tuple[Path, Desk],
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """`doubt gate --waivers` waives rows that were kept in a download, which is not new after a reload."""
    desk = exported[1]
    for _ in range(len(desk.list_rows(RowFilter()))):
        view.keys("k")
    view.wait("nPending === 0 && unsaved.length === 0")

    path = download(view, tmp_path, "bo")
    flags = ["--max-doubted", "0", "--waivers", str(path), "--output-format", "json", "--isolated"]
    run(["gate", str(exported[0].with_name("tickets.doubt")), *flags])

    (file,) = json.loads(capsysbinary.readouterr().out)["files"]
    waived = {one["row_id"] for one in file["findings"] if one.get("waiver")}
    audit = desk.session.audit
    doubted = {audit.examples.row_ids[row] for row, one in enumerate(audit.ranking.doubted) if one}
    assert waived == doubted
    view.browser.refresh()
    view.wait("audit !== null")
    assert view.texts("#download") == ["Download verdicts"]


def test_scan_with_download(view: ReviewPage, exported: tuple[Path, Desk], tmp_path: Path) -> None:
    """`doubt scan --verdicts` counts what was kept and corrected in a download, and what was drawn."""
    for _ in range(12):
        view.type("k")

    path = download(view, tmp_path, "bo")
    audit = tmp_path / "again.doubt"
    flags = ["--label", "intent", "--id", "ticket_id", "--fast", "--isolated", "-q"]
    code = run(["scan", str(exported[0]), "--verdicts", str(path), "-o", str(audit), *flags])

    counts = json.loads((audit / "audit.json").read_text(encoding="utf-8"))["verdicts"]
    assert code == 0
    assert (counts["kept"], counts["corrected"]) == (12, 0)


def test_same_answers(view: ReviewPage, exported: tuple[Path, Desk]) -> None:
    """The file answers as the server does: lists and counts of each filter, in both orders."""
    desk = exported[1]
    ask = """const [question, body, done] = arguments;
        askFile(question, body).then((found) => done(found.length === undefined ? found : [...found]))"""
    for order in ("doubt", "alike"):
        for parts in FILTERS:
            listed = view.browser.execute_async_script(ask, "list", {"filter": parts, "order": order})
            assert listed == desk.list_rows(RowFilter.parse(parts), order).tolist(), parts
    for parts in FILTERS:
        counts = view.browser.execute_async_script(ask, "counts", {"filter": parts})
        counts["matrix"].sort()
        assert counts == desk.count_rows(RowFilter.parse(parts)), parts


def test_reload(view: ReviewPage) -> None:
    """A reload keeps what was decided, and undo and redo go on."""
    view.type("k", "2", "x")
    view.browser.refresh()
    view.wait("audit !== null && shown !== null")

    assert view.texts("#decided") == ["3 decided"]
    view.type("u", "u", "U")
    assert view.texts("#decided") == ["2 decided"]
    view.browser.refresh()
    view.wait("audit !== null && shown !== null")
    assert view.texts("#decided") == ["2 decided"]
    assert view.ask("progress.canRedo")


def test_browser_keeps_nothing(view: ReviewPage, exported: tuple[Path, Desk]) -> None:
    """Where the browser keeps nothing, the page says so, and asks before it is closed with verdicts in it."""
    refuse = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })"
    script = view.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": refuse})
    view.open(exported[0].with_name("page.html").as_uri())
    view.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    (note,) = view.texts("#offline p")
    assert "download the verdicts before you close it" in note
    asks = "!window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert not view.ask(asks)
    view.type("k")
    assert view.ask(asks)
    view.ask("held.nDownloaded = 1")
    assert not view.ask(asks)
    view.browser.get("about:blank")
    view.open(exported[0].with_name("page.html").as_uri())


def test_two_windows(view: ReviewPage) -> None:
    """Two windows of the page know of each other's decisions."""
    first = view.browser.current_window_handle
    address = view.browser.current_url
    view.browser.switch_to.new_window("tab")
    view.open(address)
    view.type("k")
    view.browser.close()
    view.browser.switch_to.window(first)

    view.wait("byId('decided').textContent === '1 decided'")


def test_filter_and_bulk(view: ReviewPage, exported: tuple[Path, Desk]) -> None:
    """All rows of a cell of the matrix are kept at once, and one undo takes all back."""
    given, suggested, n = max(exported[1].count_rows(RowFilter())["matrix"], key=lambda pair: pair[2])
    names = exported[1].session.labels
    view.ask(f"setFilter({json.dumps({'given': names[given], 'suggested': names[suggested]})})")
    view.wait(f"listed.length === {n}")

    view.wait("document.querySelector('#bulk button')")
    view.ask("document.querySelector('#bulk button').click()")
    view.press("#confirm")
    view.wait(SAVED.replace("shown !== null && ", ""))
    assert view.texts("#decided") == [f"{n} decided"]
    view.keys("u")
    view.wait("byId('decided').textContent === '0 decided'")


def test_map(view: ReviewPage) -> None:
    """The map has the rows of the file; a lasso around all of them chooses all."""
    view.keys("m")
    view.wait("map.mask !== null && map.kinds !== null")

    assert view.ask("map.points.points === listed.length")
    view.ask("setFilter({ region: `${map.points.name}:0,0,65535,0,65535,65535,0,65535` })")
    view.wait("byId('map-count') && !byId('map-region').hidden")
    assert view.ask("listed.length === held.data.queue.length")
    assert view.console_errors == []


def test_what_needs_a_server(view: ReviewPage) -> None:
    """What can't be done without a server is not offered: no new order, and no rows that are not there."""
    view.type("k")
    view.wait("counts !== null && meters !== null")

    assert view.all("[data-key='r']") == []
    assert "All" not in " ".join(view.texts("#order button"))
    assert view.texts("#meters button") == []
    ActionChains(view.browser).send_keys("r").perform()
    assert view.ask("byId('trouble').hidden")


def test_pictures(view: ReviewPage, shots: Desk, tmp_path: Path) -> None:
    """The page draws pictures that are in it, with their paths as words, and asks nobody for them."""
    write_page(shots, tmp_path / "shots.html")
    view.open((tmp_path / "shots.html").as_uri())

    view.wait("[...document.querySelectorAll('#card .picture img')].every(one => one.naturalWidth === 8)")
    assert len(view.all("#card .picture img")) == 1
    (path,) = view.texts("#card .picture .path")
    assert view.ask("document.querySelector('#card .picture img').alt") == path
    view.keys("l")
    view.wait("document.querySelectorAll('#rows .thumb img').length > 0")
    assert view.ask("performance.getEntriesByType('resource').every(one => one.name.startsWith('data:'))")
    assert view.console_errors == []


def test_hostile_data(view: ReviewPage, judged: tuple[ScanResult, Basis], tmp_path: Path) -> None:
    """Markup, control characters, line separators and huge cells show themselves and do nothing else."""
    session = Session(nasty_audit(), Journal(tmp_path / "nasty.verdicts", ""))
    write_page(Desk(session, judged[1]), tmp_path / "nasty.html", "</script><b>\u2028")
    view.open((tmp_path / "nasty.html").as_uri())

    assert view.texts(".prose") == [NASTY]
    assert view.ask("document.querySelectorAll('script').length") == 2
    assert view.all("#desk script, #desk img, #filters script, body > b") == []
    assert view.ask("document.title") == "tickets.csv - doubt review"
    assert view.ask("held.data.person") == "</script><b>\u2028"
    view.type("n")
    assert view.texts(".prose") == ["a\N{SYMBOL FOR NULL}b"]
    view.type("n", "n", "n")
    assert view.texts(".values .more") == ["Show all 100,001 letters"]
    view.type("p", "p", "p", "p", "k")
    assert view.console_errors == []
    path = download(view, tmp_path, "bo")
    (line,) = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert line["annotator"] == "bo"
    assert line["verdict"] == line["given_label"] == NASTY


def test_page_of_hidden_cards(browser: WebDriver, exported: tuple[Path, Desk], tmp_path: Path) -> None:
    """Where all cards hide what models say, there are filters by the rest, and it is said why."""
    desk = exported[1]
    page = ReviewPage(browser)
    content = make_content(desk, most_rows=20)
    path = tmp_path / "hidden.html"
    path.write_text(render_page(content), encoding="utf-8")

    page.open(path.as_uri())
    page.wait("counts !== null && document.querySelector('#by-state .line')")

    labels = [desk.session.labels[desk.session.audit.examples.given_labels[row]] for row in content["queue"]]
    assert page.ask("Object.values(counts.states)") == [20, 0, 0, 0, 0]
    lines = [line.split("\n") for line in page.texts("#classes .line")]
    assert {name: int(n) for name, n in lines} == Counter(labels)
    assert page.texts("#matrix .muted")[0].startswith("In this page all rows hide what models say")
    hidden = "#reasons, #tiers-of-doubt, #doubts, #annotators"
    assert page.ask(f"[...document.querySelectorAll('{hidden}')].every((one) => one.hidden)")
    assert page.texts("#order .segments button") == ["Most doubted"]
    assert any("None of the 20 cards shows" in note for note in page.texts("#offline p"))
    page.press("#classes .line:first-child")
    page.wait(f"listed.length === {max(Counter(labels).values())}")
    assert page.console_errors == []
