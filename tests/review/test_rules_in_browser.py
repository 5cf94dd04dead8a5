"""Rules that are made on the page of a review, in a browser, with the real server and settings file."""

from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains

from doubtcli.pipelines.review import ReviewRequest, open_review
from doubtcli.progress import Silence
from doubtcli.records import Rule
from doubtcli.review.filters import RowFilter
from doubtcli.settings import ScanSettings
from tests.browsing import ENTER, ESCAPE, needs_browser
from tests.review.conftest import serve_desk
from tests.review.test_map_in_browser import MapPage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

    from tests.review.conftest import Site

pytestmark = [pytest.mark.browser, needs_browser]

TAB = "\ue004"
COUNTED = "byId('rule-preview').textContent.startsWith('Fires on')"
SHOWN = "!byId('dialog').open && place.filter.when"


@pytest.fixture
def site(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Site]:
    """A review of a copy of the tickets, beside a settings file that is still to be made."""
    data = tmp_path / "tickets.csv"
    shutil.copy(pytestconfig.rootpath / "fixtures" / "tickets.csv", data)
    settings = ScanSettings(path=str(data), label="intent", fast=True, config=str(tmp_path / "doubt.toml"))
    with serve_desk(open_review(ReviewRequest(settings, "ana"), progress=Silence())) as served:
        yield served


@pytest.fixture
def page(browser: WebDriver) -> Iterator[MapPage]:
    """A window of the usual size."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    opened = MapPage(browser)
    _ = opened.console_errors  # of other tests
    yield opened
    browser.get("about:blank")


def press_keys(page: MapPage, *keys: str) -> None:
    """Press keys, wherever the focus is."""
    ActionChains(page.browser, duration=0).send_keys(*keys).perform()


def open_dialog(page: MapPage, site: Site, address: str) -> None:
    """Open the page at a filter, and the dialog of a rule with a key."""
    page.browser.get("about:blank")
    page.browser.get(f"{site.address}#{address}")
    page.wait("audit !== null && listed.length > 0")
    press_keys(page, "t")
    page.wait("byId('rule-when') && !byId('rule-proposals').textContent.includes('Looking')")


def read_rules(tmp_path: Path) -> list[dict[str, str]]:
    """The rules in the settings file."""
    return tomllib.loads((tmp_path / "doubt.toml").read_text("utf-8"))["rules"]


def contradicted_by(site: Site, rule: dict[str, str]) -> list[int]:
    """The rows that contradict a rule, rising."""
    wanted = RowFilter(when=rule["when"], unlike=rule["label"])
    return sorted(site.desk.list_rows(wanted, scope="all").tolist())


def test_rule_from_a_lasso(page: MapPage, site: Site, tmp_path: Path) -> None:
    """A lasso becomes a rule: a proposal is taken, counted, kept; an update doubts the rows against it."""
    page.open(site)
    n = len(page.lasso(100))
    press_keys(page, "t")
    page.wait("document.querySelector('.proposal')")

    when, counts = page.texts(".proposal")[0].split("\n")
    page.all(".proposal")[0].click()
    page.wait(COUNTED)
    assert counts.startswith("fires on ")
    assert f" of the {n} rows in the lasso, and on " in counts
    counted = site.desk.rules.preview(when)
    figures = [counted[name] for name in ("fires", "same", "contradicts")]
    words = "Fires on {} rows: {} have this label, {} have another."
    assert page.texts("#rule-preview") == [words.format(*figures)]
    page.click("#keep-rule")
    page.wait(SHOWN)

    (rule,) = read_rules(tmp_path)
    assert (rule["when"], rule["label"]) == (when, counted["commonest"])
    assert page.ask("byId('said').textContent") == (
        "Kept in doubt.toml. The next update or scan uses it as the reason rule-conflict."
    )
    contradicted = contradicted_by(site, rule)
    assert len(contradicted) == counted["contradicts"]
    page.wait(f"listed.length === {len(contradicted)}")
    assert sorted(page.ask("[...listed]")) == contradicted
    page.wait(f"map.kinds.filter(Boolean).length === {len(contradicted)}")
    marked = np.flatnonzero(page.ask("[...map.kinds]"))
    assert sorted(site.desk.row_map.points.rows[marked].tolist()) == contradicted

    press_keys(page, "r")
    page.wait("!isJudging && ruleBook.rules.length && !hasNewRules()")
    page.wait("audit.reasons.some(({ name }) => name === 'rule-conflict')")

    doubted = site.desk.list_rows(RowFilter(reason="rule-conflict"), scope="all").tolist()
    assert sorted(doubted) == contradicted
    assert page.console_errors == []


def test_rule_from_a_search_by_keyboard(page: MapPage, site: Site, tmp_path: Path) -> None:
    """A search becomes a rule without a mouse; what was typed is there again after Escape."""
    page.browser.get(f"{site.address}#view=list&scope=all")
    page.wait("audit !== null && listed.length > 0")
    press_keys(page, "/")
    press_keys(page, *"refund")
    page.wait("place.filter.text === 'refund' && listed.length < audit.rows")
    press_keys(page, ESCAPE)
    press_keys(page, "t")
    page.wait(COUNTED)

    assert page.ask("byId('rule-when').value") == 'contains(subject, "refund") or contains(body, "refund")'
    assert page.ask("byId('rule-label').value") == "refund"
    assert page.ask("byId('rule-name').value") == "subject-refund-body"
    page.ask("byId('rule-name').focus()")
    press_keys(page, TAB, *"they say so", ESCAPE)
    page.wait("!byId('dialog').open")
    press_keys(page, "t")
    page.wait(COUNTED)
    assert page.ask("byId('rule-why').value") == "they say so"
    press_keys(page, ENTER)
    page.wait(SHOWN)

    (rule,) = read_rules(tmp_path)
    assert rule == {
        "name": "subject-refund-body",
        "when": 'contains(subject, "refund") or contains(body, "refund")',
        "label": "refund",
        "why": "they say so",
    }
    contradicted = contradicted_by(site, rule)
    page.wait(f"listed.length === {len(contradicted)}")
    assert sorted(page.ask("[...listed]")) == contradicted
    assert page.texts("#chips .chip")[1].startswith("label is not: refund")


def test_rows_are_seen_before_the_rule_is_kept(page: MapPage, site: Site, tmp_path: Path) -> None:
    """The contradicted rows are shown before the rule is kept, and the rule is there again after that."""
    open_dialog(page, site, "text=refund")
    page.wait(COUNTED)
    page.ask("byId('rule-why').focus()")
    press_keys(page, *"why not")
    n = page.ask("Number(/\\d+/.exec(byId('show-contradicted').textContent)[0])")

    page.click("#show-contradicted")
    page.wait(f"{SHOWN} && listed.length === {n}")
    assert not (tmp_path / "doubt.toml").exists()
    press_keys(page, "t")
    page.wait(COUNTED)

    assert page.ask("byId('rule-why').value") == "why not"
    assert page.ask("byId('rule-when').value") == page.ask("place.filter.when")


def test_rule_of_a_suggested_label(page: MapPage, site: Site) -> None:
    """The label of a rule is the one that the filter's rows are suggested, not the one that they have."""
    open_dialog(page, site, "scope=all&given=technical_issue&suggested=delivery")

    page.all(".proposal")[0].click()
    page.wait(COUNTED)

    assert page.ask("byId('rule-label').value") == "delivery"
    assert page.texts("#rule-preview")[0].endswith("another label.")


def test_rule_that_is_written_by_hand(page: MapPage, site: Site, tmp_path: Path) -> None:
    """An update is possible at any time: it says that nothing has changed, or takes up a rule of the file."""
    page.browser.get("about:blank")
    page.browser.get(site.address)
    page.wait("audit !== null && listed.length > 0")
    press_keys(page, "r")
    page.wait("byId('said').textContent === 'Nothing has changed: no row is decided, and no rule is new.'")

    rule = "[[rules]]\nname = 'mine'\nwhen = 'contains(body, \"refund\")'\nlabel = 'refund'\n"
    (tmp_path / "doubt.toml").write_text(rule, "utf-8")
    press_keys(page, "r")

    page.wait("!isJudging && ruleBook.rules.length === 1 && !hasNewRules()")
    assert page.texts(".rule-line .name > bdi") == ["mine"]


def test_no_condition(page: MapPage, site: Site, tmp_path: Path) -> None:
    """What is no condition is said beside the field, shows itself, does nothing, and is not kept."""
    open_dialog(page, site, "")
    typed = "<img src=x onerror=alert(1)><script>alert(2)</script>"

    press_keys(page, *typed)
    page.wait("!byId('rule-trouble').hidden")
    press_keys(page, ENTER)
    page.wait("!byId('keep-rule').disabled")

    assert page.ask("byId('rule-refusal').hidden")
    assert page.texts("#rule-trouble")[0].startswith("this is no condition: it can't be read at character 1")
    assert page.ask("byId('rule-when').value") == typed
    assert page.ask("document.querySelectorAll('#dialog img, #dialog script').length") == 0
    assert not (tmp_path / "doubt.toml").exists()


def test_hostile_rule(page: MapPage, site: Site) -> None:
    """A rule's name, condition and reason are shown as they are, and are never markup."""
    hostile = "<b>x</b>"
    site.desk.rules.keep(
        Rule(hostile, f'contains(body, "a") or contains(body, "{hostile}")', "refund", hostile)
    )
    page.browser.get("about:blank")
    page.browser.get(site.address)
    page.wait("document.querySelector('.rule-line')")

    page.press(".rule-line")
    page.wait(SHOWN)

    assert page.texts(".rule-line .name > bdi") == [hostile]
    assert hostile in page.texts("#chips .chip")[0]
    assert page.ask("document.querySelectorAll('main b b, #chips b, .rule-line b').length") == 0


def test_rule_that_cannot_be_written(page: MapPage, site: Site, tmp_path: Path) -> None:
    """Where the settings file can't be written that is said, and all that was typed stays."""
    (tmp_path / "doubt.toml").mkdir()
    open_dialog(page, site, "text=refund")
    page.wait(COUNTED)
    page.ask("byId('rule-why').focus()")
    press_keys(page, *"so it is", ENTER)
    page.wait("!byId('rule-refusal').hidden")

    assert "doubt.toml" in page.texts("#rule-refusal")[0]
    assert page.ask("byId('rule-trouble').hidden")
    assert page.ask(COUNTED)
    assert page.ask("byId('dialog').open")
    assert page.ask("byId('rule-why').value") == "so it is"
    assert page.ask("byId('rule-when').value").startswith("contains(")


def test_name_that_is_taken(page: MapPage, site: Site) -> None:
    """That another rule has the name is said beside the button, until something else is typed."""
    site.desk.rules.keep(Rule("taken", 'contains(body, "refund")', "refund"))
    open_dialog(page, site, "text=refund")
    page.wait(COUNTED)
    page.ask("byId('rule-name').value = ''")
    page.ask("byId('rule-name').focus()")
    press_keys(page, *"taken", ENTER)
    page.wait("!byId('rule-refusal').hidden")

    assert "two rules have the name 'taken'" in page.texts("#rule-refusal")[0]
    assert page.ask(COUNTED)
    assert page.ask("!byId('show-contradicted').hidden")
    press_keys(page, "2")
    assert page.ask("byId('rule-refusal').hidden")


def test_order_of_labels(page: MapPage, site: Site) -> None:
    """The labels to choose from are in natural order, by number where they have one."""
    page.browser.get("about:blank")
    page.browser.get(site.address)
    page.wait("audit !== null && listed.length > 0")
    page.ask("audit.classes = [['c10', 1], ['c1', 2], ['none', 0], ['c2', 3], ['C3', 1]]")

    assert page.ask("ruleLabels()") == ["c1", "c2", "C3", "c10"]
