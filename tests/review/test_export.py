"""The page in one file: what is in it, and where it is written."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.cli.main import run
from doubtcli.errors import OutputError
from doubtcli.review.desk import Desk
from doubtcli.review.export import check_page, make_content, render_page, write_page
from doubtcli.review.filters import RowFilter
from doubtcli.review.orders import list_review_rows
from tests.review.test_map import bits, read_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from doubtcli.review.session import Session
    from doubtcli.review.update import Basis


ON_BLIND_CARDS = {
    *("index", "place", "blind", "partners", "answers", "near", "tally", "duplicates"),
    *("state", "verdict", "note", "version", "others"),
}
"""What the card of a row may have that hides what models say: its place, its data and what people said."""


@pytest.fixture
def nobody(start: Callable[..., Session], judged: tuple[Any, Basis]) -> Desk:
    """The review of the sample tickets by nobody."""
    return Desk(start(""), judged[1])


def data_of(page: str) -> dict[str, Any]:
    """The data in a page."""
    (found,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)  # type: ignore[no-any-return]


def test_all_rows_of_the_queue(nobody: Desk) -> None:
    """Each row of the queue is in the file, in the queue's order, with its card and what a verdict names."""
    content = make_content(nobody)

    queue = nobody.list_rows(RowFilter()).tolist()
    assert content["queue"] == queue == [card["index"] for card in content["cards"]]
    assert content["notes"] == []
    examples = nobody.session.audit.examples
    for card in content["cards"]:
        row = card["index"]
        assert content["pool"][card["place"]][0] == content["rows"][row]["id"] == examples.row_ids[row]
        assert {partner["index"] for partner in card["partners"]} <= content["rows"].keys()


def test_nothing_of_models_for_blind_rows(nobody: Desk) -> None:
    """Of rows drawn at random, and of those among them, the file has nothing that models say."""
    rows, n_mixed = list_review_rows(nobody.session.audit)
    blind = set(rows[:n_mixed].tolist())

    content = make_content(nobody)

    of_blind = [card for card in content["cards"] if card["index"] in blind]
    assert len(of_blind) == 40
    assert all(card.keys() <= ON_BLIND_CARDS and card["partners"] == [] for card in of_blind)
    assert blind.isdisjoint(content["alike"])
    assert set(content["alike"]) == set(content["queue"]) - blind


def test_drawn_rows_are_not_told_apart(nobody: Desk) -> None:
    """No text of the file says which rows were drawn: neither a stratum nor a probability is to be read."""
    content = make_content(nobody)
    ids, sample = nobody.session.audit.examples.row_ids, nobody.session.audit.sample

    page = render_page(content)

    assert "inclusion" not in json.dumps(data_of(page))
    assert not any(str(stratum) in json.dumps(data_of(page)) for stratum in {*map(str, sample.strata)})
    assert not any(ids[row].encode() in base64.b64decode(content["sealed"]) for row in sample.rows.tolist())
    parts = {row: set(part) for row, part in content["rows"].items()}
    assert all(own == {"head", "id", "given", "hash", "equal"} for own in parts.values())


def test_map_hides_blind_rows(nobody: Desk) -> None:
    """On the map a blind row has no doubt and no reason, and its suggested label is its given one."""
    head, columns = read_columns(base64.b64decode(make_content(nobody)["map"]))

    queue, n_mixed = list_review_rows(nobody.session.audit)
    rows = np.flatnonzero(bits(columns["marks"], head["rows"]))
    hidden = np.isin(rows, queue[:n_mixed])
    assert rows.tolist() == sorted(queue.tolist())
    assert (columns["doubt"][hidden] == 255).all()
    assert (columns["reason"][hidden] == 255).all()
    assert (columns["suggested"][hidden] == columns["given"][hidden]).all()
    assert (columns["doubt"][~hidden] < 255).all()


def test_others_are_shown(start: Callable[..., Session], judged: tuple[Any, Basis]) -> None:
    """What people decided in the folder is in the file as theirs, and all of its rows are open."""
    ana = start("ana")
    row = int(ana.audit.ranking.queue[0])
    ana.keep([row])

    content = make_content(Desk(start(""), judged[1]))

    assert content["others"] == {int(ana.heads[row]): {"ana": ana.given_label(row)}}
    assert {card["state"] for card in content["cards"]} == {"open"}


def test_left_out_rows_are_named(nobody: Desk) -> None:
    """Rows above the limit are left out from the end of the queue, and so are those without room."""
    queue = nobody.list_rows(RowFilter()).tolist()

    few = make_content(nobody, most_rows=30)
    small = make_content(nobody, most_bytes=12_000)

    assert few["queue"] == queue[:30]
    assert few["notes"][:2] == [
        f"The first 30 rows of {len(queue)} are in this page: at most 30 fit.",
        "All are shown by `doubt review tickets.csv`.",
    ]
    assert small["queue"] == queue[: len(small["queue"])]
    assert 10 <= len(small["queue"]) < 40
    assert small["notes"][0].endswith("more would make it too large.")


def test_page_of_hidden_cards(nobody: Desk) -> None:
    """A page whose cards all hide what models say says so, and has no order of rows that are alike."""
    n_blind = sum(card.get("blind", False) for card in make_content(nobody)["cards"])

    content = make_content(nobody, most_rows=n_blind)

    assert content["notes"][2].startswith("None of the 40 cards shows what models say, so that rows drawn")
    assert "alike" in content["about"]["without"]
    assert make_content(nobody)["about"]["without"] == ["update", "all", "rules"]


def test_page_without_a_map(nobody: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a large file says that the map is left out."""
    monkeypatch.setattr("doubtcli.review.export.MOST_MAPPED", 500)

    content = make_content(nobody)

    assert content["map"] == ""
    assert content["notes"] == ["There is no map in this page, since the file has more than 500 rows."]


def test_one_file(nobody: Desk, tmp_path: Path) -> None:
    """The page names no other file and no address, and allows its own script and style alone."""
    path = tmp_path / "page.html"

    write_page(nobody, path, "bo")

    page = path.read_text(encoding="utf-8")
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[^>]*>", page) == [
        '<link rel="icon" href="data:,">'
    ]
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    assert data_of(page)["person"] == "bo"
    assert str(tmp_path) not in page


def test_same_bytes(nobody: Desk) -> None:
    """The same review gives the same page."""
    assert render_page(make_content(nobody)) == render_page(make_content(nobody))


def test_other_files_are_kept(nobody: Desk, tmp_path: Path) -> None:
    """A page is replaced by a page; another file only when it is forced, and a folder never."""
    own, other = tmp_path / "page.html", tmp_path / "notes.html"
    write_page(nobody, own)
    other.write_text("<title>Notes</title>", encoding="utf-8")

    check_page(own)
    check_page(tmp_path / "new.html")
    check_page(other, force=True)
    with pytest.raises(OutputError, match="not a page of"):
        check_page(other)
    with pytest.raises(OutputError, match="it is a folder"):
        check_page(tmp_path, force=True)


@pytest.mark.parametrize("flags", [("--tui",), ("--port", "8000"), ("--no-browser",)])
def test_flags_for_now(flags: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With flags that are about deciding now, it is a wrong usage, and nothing is scanned."""
    data = tmp_path / "data.csv"
    data.write_text("text,label\na,b\n", encoding="utf-8")

    code = run(["review", str(data), "--export", str(tmp_path / "page.html"), *flags])

    assert code == 2
    assert f"{flags[0]} is for deciding now" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [data]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes the page, says what to do with it, and replaces it when it is run again."""
    data, page = tmp_path / "data.csv", tmp_path / "page.html"
    lines = [f"{word} {row},{label}" for row in range(15) for word, label in (("up", "a"), ("down", "b"))]
    data.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    flags = ["--label", "label", "--fast", "--isolated", "--no-progress", "--as", "bo"]

    codes = [run(["review", str(data), "--export", str(page), *flags]) for _ in range(2)]

    said = capsys.readouterr().out
    assert codes == [0, 0]
    assert f"The page: {page}\nIt opens in a browser" in said
    assert f"doubt apply {data} --verdicts NAME-DATE-TIME.jsonl" in said
    assert data_of(page.read_text(encoding="utf-8"))["person"] == "bo"


def test_data_are_never_replaced(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Not even with --force the page replaces the file that is reviewed."""
    data = tmp_path / "tickets.csv"
    content = (pytestconfig.rootpath / "fixtures" / "tickets.csv").read_bytes()
    data.write_bytes(content)
    flags = ["--label", "intent", "--fast", "--isolated", "--no-cache", "--force", "-q"]

    code = run(["review", str(data), "--export", str(data), *flags])

    assert code == 2
    assert data.read_bytes() == content
