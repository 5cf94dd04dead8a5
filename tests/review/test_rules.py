from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from time import sleep
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.errors import DoubtError, OutputError, SettingsError
from doubtcli.pipelines.review import ReviewRequest, open_review
from doubtcli.progress import Silence
from doubtcli.records import Rule
from doubtcli.review.desk import Desk
from doubtcli.review.filters import RowFilter
from doubtcli.review.rules import RuleBook
from doubtcli.settings import ScanSettings
from tests.review.conftest import serve_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from doubtcli.records import ScanResult
    from doubtcli.review.session import Session
    from doubtcli.review.update import Basis
    from tests.review.conftest import Site

REFUND = 'contains(body, "refund")'


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    """A settings file that is still to be made."""
    return tmp_path / "doubt.toml"


@pytest.fixture
def desk(start: Callable[..., Session], judged: tuple[ScanResult, Basis], settings_file: Path) -> Desk:
    """Ana's desk, with rules kept in a file of their own."""
    return Desk(start(), replace(judged[1], rules=RuleBook(config=str(settings_file))))


@pytest.fixture
def site(desk: Desk) -> Iterator[Site]:
    """Ana's review, served."""
    with serve_desk(desk) as served:
        yield served


def rows_with(desk: Desk, word: str, column: str = "body") -> list[int]:
    """The rows that are shown and have a word in a column, in any case, by looking at each."""
    values = desk.session.audit.examples.inputs.column(column).to_pylist()
    shown = desk.list_rows(RowFilter(), scope="all").tolist()
    return sorted(row for row in shown if word in (values[row] or "").lower())


def given(desk: Desk, rows: list[int]) -> list[str]:
    """The labels that rows have in the file."""
    return [desk.session.given_label(row) for row in rows]


# ---------------------------------------------------------------------------- what a condition fires on


def test_preview(desk: Desk) -> None:
    """A condition is said to fire on as many rows as have it, with how many of them have the label."""
    labels = given(desk, rows_with(desk, "refund"))

    found = desk.rules.preview(REFUND, "billing")

    n_billing = labels.count("billing")
    assert 0 < n_billing < len(labels)
    assert found == {
        "fires": len(labels),
        "same": n_billing,
        "contradicts": len(labels) - n_billing,
        "commonest": "refund",
    }


def test_commonest_label(desk: Desk) -> None:
    """Without a label the commonest one of the rows is taken; of no rows there is none."""
    labels = given(desk, rows_with(desk, "refund"))

    assert desk.rules.preview(REFUND)["same"] == labels.count("refund")
    assert desk.rules.preview('contains(body, "xyzzy")') == {
        "fires": 0,
        "same": 0,
        "contradicts": 0,
        "commonest": "",
    }


def test_filter_by_a_rule(desk: Desk) -> None:
    """A filter shows the rows that a condition fires on, and those of them that have another label."""
    rows = rows_with(desk, "refund")
    others = [row for row, label in zip(rows, given(desk, rows), strict=True) if label != "refund"]

    assert sorted(desk.list_rows(RowFilter(when=REFUND), scope="all").tolist()) == rows
    contradicted = RowFilter(when=REFUND, unlike="refund")
    assert sorted(desk.list_rows(contradicted, scope="all").tolist()) == others
    assert len(others) == desk.rules.preview(REFUND, "refund")["contradicts"]


def test_rule_gives_no_drawn_row_away(desk: Desk) -> None:
    """A filter by a condition asks no model, so drawn rows stay among its rows, wherever they are."""
    hidden = set(desk._mixed.tolist())
    wanted = RowFilter(when='contains(body, "e")', unlike="refund")

    assert not wanted.asks_models
    expected = {row for row in hidden if desk.session.given_label(row) != "refund"}
    assert hidden & set(desk.list_rows(wanted, scope="all").tolist()) == expected


@pytest.mark.parametrize("when", ["refund", "body ==", "__import__('os')", 'contains(bodi, "x")', ""])
def test_no_condition(desk: Desk, when: str) -> None:
    """What is no condition on these columns is refused, also as a filter."""
    with pytest.raises(DoubtError):
        desk.rules.preview(when)
    with pytest.raises(DoubtError):
        desk.list_rows(RowFilter(when=when))


# ---------------------------------------------------------------------------- what is proposed


def test_proposal_of_a_search(desk: Desk) -> None:
    """A search becomes a condition on the columns in which its text is found, as it is written there."""
    assert desk.propose_rule(RowFilter(text=" Refund "))["when"] == (
        'contains(subject, "Refund") or contains(body, "Refund")'
    )
    assert desk.propose_rule(RowFilter(text="chat"))["when"].endswith('contains(channel, "chat")')
    assert desk.propose_rule(RowFilter(text='x"y'))["when"] == r'contains(subject, "x\"y")'


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("T0479", 'contains(ticket_id, "T0479")'),
        ("2025-01-07", 'contains(opened_at, "2025-01-07")'),
        ("login_problem", 'contains(subject, "login_problem")'),  # only the label has it
    ],
)
def test_proposal_of_a_search_for_an_id_or_a_date(own_desk: Desk, text: str, when: str) -> None:
    """A condition reads every column that a search reads, and so fires on the rows that it shows."""
    wanted = RowFilter(text=text)

    assert own_desk.propose_rule(wanted)["when"] == when
    assert own_desk.rules.preview(when)["fires"] == len(own_desk.list_rows(wanted, scope="all"))


def test_proposal_of_a_search_among_rows(own_desk: Desk) -> None:
    """Where the search is for some rows, columns count in which these rows have the text."""
    chat = RowFilter(text="chat", when='channel == "chat" and not contains(body, "chat")')

    assert own_desk.propose_rule(chat)["when"] == 'contains(channel, "chat")'
    assert own_desk.propose_rule(RowFilter(text="2025-01-07 19"))["when"] == ""  # the file has 2025-01-07T19
    assert RowFilter.parse({"text": "  "}).is_empty


def test_proposals_of_a_filter(desk: Desk) -> None:
    """What separates the rows of a filter from the others is proposed, with how many of each it fires on."""
    labels = given(desk, rows_with(desk, "refund"))
    n_refund = labels.count("refund")

    found = desk.propose_rule(RowFilter(given="refund"))

    assert [REFUND, n_refund, len(labels) - n_refund] in found["proposed"]
    assert found["rows"] == len(desk.list_rows(RowFilter(given="refund"), scope="all"))
    assert found == desk.propose_rule(RowFilter(given="refund"))
    assert desk.propose_rule(RowFilter()) == {"when": "", "rows": 0, "proposed": []}


def test_proposals_do_not_give_drawn_rows_away(desk: Desk) -> None:
    """Where a filter asks models, proposals say nothing about rows whose cards hide what models say."""
    n_shown = len(desk.leave_out_hidden(desk.list_rows(RowFilter(), scope="all")))
    found = desk.propose_rule(RowFilter(suggested="refund"))
    when, n_inside, n_outside = found["proposed"][0]

    fires = desk.session.conditions.find(when)

    shown = desk.leave_out_hidden(desk.list_rows(RowFilter(when=when), scope="all"))
    assert len(shown) == n_inside + n_outside < int(fires.sum())
    assert found["rows"] < n_shown


def test_proposals_of_a_lasso(desk: Desk) -> None:
    """Of rows that were drawn around on the map, the counts are those of rows inside and outside."""
    desk.row_map.finish()
    points = desk.row_map.points
    corners = "0,0,20000,0,20000,65535,0,65535"

    found = desk.propose_rule(RowFilter(region=f"{points.name}:{corners}"))

    inside = set(points.rows[(points.places[:, 0] < 20000)].tolist())
    assert found["rows"] == len(inside)
    assert found["proposed"]
    for when, n_inside, n_outside in found["proposed"]:
        fires = set(desk.list_rows(RowFilter(when=when), scope="all").tolist())
        assert (len(fires & inside), len(fires - inside)) == (n_inside, n_outside)


# ---------------------------------------------------------------------------- what is kept


def test_keep(desk: Desk, settings_file: Path) -> None:
    """A rule is in the settings file before it is said to be kept; said twice, it is there once."""
    rule = Rule("money-back", REFUND, "refund", "they say so")

    first, again = desk.rules.keep(rule), desk.rules.keep(rule)

    assert tomllib.loads(settings_file.read_text("utf-8"))["rules"] == [
        {"name": "money-back", "when": REFUND, "label": "refund", "why": "they say so"}
    ]
    (kept,) = first["rules"]
    counted = desk.rules.preview(REFUND, "refund")
    assert first == again
    assert (first["file"], kept["isNew"]) == ("doubt.toml", True)
    assert (kept["fires"], kept["contradicts"]) == (counted["fires"], counted["contradicts"])


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule("a", "no condition", "refund"), "read"),
        (Rule("a", REFUND, "no such label"), "no such label"),
        (Rule("", REFUND, "refund"), "name"),
    ],
)
def test_refused_rules(desk: Desk, settings_file: Path, rule: Rule, why: str) -> None:
    """A rule without a condition, a label or a name is refused, and nothing is written."""
    with pytest.raises(DoubtError, match=why):
        desk.rules.keep(rule)
    assert not settings_file.exists()


def test_name_that_is_taken(desk: Desk) -> None:
    """Two rules can't have one name."""
    desk.rules.keep(Rule("a", REFUND, "refund"))

    with pytest.raises(SettingsError, match="name"):
        desk.rules.keep(Rule("a", REFUND, "billing"))


def test_file_that_cannot_be_written(desk: Desk, settings_file: Path) -> None:
    """Where the settings file can't be written, the rule is not among the kept ones."""
    settings_file.mkdir()

    with pytest.raises((OutputError, SettingsError)):
        desk.rules.keep(Rule("a", REFUND, "refund"))
    assert desk.rules.describe()["rules"] == []


def test_without_a_settings_file(start: Callable[..., Session], judged: tuple[ScanResult, Basis]) -> None:
    """Where no settings file may be read, none is written, and that is said."""
    desk = Desk(start(), replace(judged[1], rules=RuleBook(isolated=True)))

    with pytest.raises(SettingsError, match="isolated"):
        desk.rules.keep(Rule("a", REFUND, "refund"))


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("price > 3", "there is no column 'price'"),
        ('intent == "refund"', "it reads the column 'intent', which is what is judged"),
    ],
)
def test_rule_of_another_file(
    start: Callable[..., Session], judged: tuple[ScanResult, Basis], when: str, why: str
) -> None:
    """A rule on a column that this file doesn't have, or on its label, is listed with why it isn't asked."""
    desk = Desk(start(), replace(judged[1], rules=RuleBook((Rule("a", when, "refund"),))))

    (found,) = desk.rules.describe()["rules"]

    assert found["trouble"] == why


def test_settings_file_above(
    start: Callable[..., Session],
    judged: tuple[ScanResult, Basis],
    settings_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is wrong with a settings file is said with its path from the working directory."""
    settings_file.write_text("[[rules]", "utf-8")
    (settings_file.parent / "sub").mkdir()
    monkeypatch.chdir(settings_file.parent / "sub")
    desk = Desk(start(), replace(judged[1], rules=RuleBook(config="../doubt.toml")))

    with pytest.raises(SettingsError) as caught:
        desk.rules.keep(Rule("a", REFUND, "refund"))
    assert caught.value.where == "../doubt.toml"


@pytest.fixture
def own_desk(tmp_path: Path, settings_file: Path, pytestconfig: pytest.Config) -> Desk:
    """Ana's desk with a copy of the tickets beside the settings file; nothing is decided."""
    data = tmp_path / "tickets.csv"
    shutil.copy(pytestconfig.rootpath / "fixtures" / "tickets.csv", data)
    settings = ScanSettings(path=str(data), label="intent", fast=True, config=str(settings_file))
    return open_review(ReviewRequest(settings, "ana"), progress=Silence())


def test_rules_that_are_edited_by_hand(own_desk: Desk, settings_file: Path) -> None:
    """They are listed as the settings file has them; while it is broken, as they were, with why."""
    own_desk.rules.keep(Rule("a", REFUND, "refund"))
    kept = settings_file.read_text("utf-8")

    settings_file.write_text(kept.replace('"a"', '"b"'), "utf-8")
    (edited,) = own_desk.rules.describe()["rules"]
    settings_file.write_text("[[rules]", "utf-8")
    broken = own_desk.rules.describe()

    assert (edited["name"], edited["isNew"]) == ("b", True)
    assert broken["rules"] == [edited]
    assert "is not valid TOML" in broken["trouble"]


def test_nothing_to_update(own_desk: Desk, settings_file: Path) -> None:
    """An update without a decision or a new rule changes nothing; a rule written by hand is new."""
    assert own_desk.update() == {"same": True}
    assert not own_desk.describe_progress()["provisional"]

    settings_file.write_text(f"[[rules]]\nname = 'a'\nwhen = '{REFUND}'\nlabel = 'refund'\n", "utf-8")

    assert own_desk.update()["judging"]


def test_update_reads_the_settings_file(own_desk: Desk, settings_file: Path) -> None:
    """An update asks the rules that the settings file has by then, also where it was edited by hand."""
    desk, config = own_desk, settings_file
    desk.rules.keep(Rule("a", REFUND, "refund"))
    config.write_text(config.read_text("utf-8").replace('"refund"\n', '"billing"\n'), "utf-8")

    desk.update()
    while (news := desk.take_new_audit())["state"] == "running":
        sleep(0.01)

    (rule,) = desk.rules.describe()["rules"]
    doubted = desk.list_rows(RowFilter(reason="rule-conflict"), scope="all").tolist()
    assert news["state"] == "ready"
    assert (rule["label"], rule["isNew"]) == ("billing", False)
    assert sorted(doubted) == sorted(
        row for row in rows_with(desk, "refund") if desk.session.given_label(row) != "billing"
    )


# ---------------------------------------------------------------------------- what the server answers


def test_served_rules(site: Site, settings_file: Path) -> None:
    """The server says what a condition fires on, and that a rule was kept and where."""
    counted = site.ask("preview", when=REFUND, label="refund")
    kept = site.ask("keep-rule", name="a", when=REFUND, label="refund", why="")

    assert counted == (200, site.desk.rules.preview(REFUND, "refund"))
    assert (kept[0], kept[1]["file"], len(kept[1]["rules"])) == (200, "doubt.toml", 1)
    assert site.ask("rules") == (200, {"rules": kept[1]["rules"]})
    assert site.ask("propose", filter={"text": "refund"})[1]["when"].startswith("contains(")
    assert settings_file.exists()


@pytest.mark.parametrize(
    ("question", "body"),
    [
        ("preview", {"when": 3}),
        ("preview", {"when": "<script>alert(1)</script>"}),
        ("preview", {"when": REFUND, "label": "none such"}),
        ("preview", {"when": "(" * 5_000}),
        ("propose", {"filter": {"region": "nowhere"}}),
        ("keep-rule", {"name": "a", "when": REFUND, "label": ["refund"]}),
        ("keep-rule", {"name": "a", "when": "open('x')", "label": "refund"}),
        ("list", {"filter": {"when": 3}}),
        ("list", {"filter": {"when": "not one"}}),
    ],
)
def test_unusable_questions(site: Site, settings_file: Path, question: str, body: dict[str, object]) -> None:
    """A question that can't be used is answered with why, and nothing is written."""
    status, answer = site.ask(question, **body)

    assert (status, list(answer)) == (400, ["error"])
    assert not settings_file.exists()


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_rules_of_other_pages(site: Site, settings_file: Path, headers: dict[str, str]) -> None:
    """A rule that another page sends is refused, even if it knows the token."""
    body = {"name": "a", "when": REFUND, "label": "refund"}

    status, *_ = site.send(f"/{site.token}/api/keep-rule", body, **headers)

    assert status in {403, 421}
    assert not settings_file.exists()


def test_counts_of_a_rule(desk: Desk) -> None:
    """The matrix of a rule's contradicted rows has them all, and none with the rule's label."""
    counts = desk.count_rows(RowFilter(when=REFUND, unlike="refund"), "all")

    n_rows = len(desk.leave_out_hidden(desk.list_rows(RowFilter(when=REFUND, unlike="refund"), scope="all")))
    assert sum(n for *_, n in counts["matrix"]) == n_rows
    assert desk.session.labels.index("refund") not in np.array(counts["matrix"])[:, 0]
