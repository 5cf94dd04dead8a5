from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from doubtcli.relabel.choose.shares import STRATEGIES
from doubtcli.relabel.formats.every import FORMATS
from doubtcli.relabel.head import COLUMNS, SAMPLE_COLUMNS, Origin, brought, write_head

if TYPE_CHECKING:
    from tests.relabel.conftest import Case

ORIGIN = Origin("data/tickets.csv", "data/tickets.doubt")


def head(case: Case, tool: str = "csv", origin: Origin = ORIGIN, **shares: int) -> str:
    """The head of a queue, on one line."""
    size = 4 if "audit" in shares else None
    text = write_head(case.queue(shares or None, size=size), FORMATS[tool], origin).decode()
    return " ".join(text.split())


def test_what_it_says(tickets: Case) -> None:
    """It tells how many rows of which file, for which tool, and from which audit."""
    text = head(tickets)

    assert text.startswith("3 rows of data/tickets.csv to relabel, for CSV ===")
    assert "Made by doubt 0.1.0 from the audit data/tickets.doubt." in text
    # .97 + .6 + .512 = 2.08
    assert "about 2 of these 3 labels are wrong" in text
    assert "a person about 1 min" in text


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_is_explained(tickets: Case, name: str) -> None:
    """What brought the rows is explained, and nothing else is."""
    text = head(tickets, **{name: 100})

    assert f" by {name}: " in text
    assert [other for other in STRATEGIES if f" by {other}: " in text] == [name]


def test_mixed(tickets: Case) -> None:
    """Of a mixed queue each part is explained, in the order in which it comes."""
    text = head(tickets, top=50, audit=50)

    assert text.index("2 by audit: ") < text.index("2 by top: ")
    assert "They stand in this order" in text


@pytest.mark.parametrize("tool", FORMATS)
def test_every_column_is_explained(tickets: Case, tool: str) -> None:
    """Each key of ours is explained; those of a sample only where there is one."""
    queue = tickets.queue({"audit": 100}, size=4)
    explained = {*COLUMNS, *", ".join(SAMPLE_COLUMNS).split(", ")}

    assert set(queue.keys(queue.tasks[0])) == explained
    assert all(f"{name}: " in head(tickets, tool) for name in COLUMNS)
    assert "doubt_stratum" not in head(tickets, tool)
    assert "doubt_stratum, doubt_inclusion: " in head(tickets, tool, audit=100)


@pytest.mark.parametrize("tool", FORMATS)
def test_the_way_in_and_back(tickets: Case, tool: str) -> None:
    """It tells how to load the files, naming each, and with which command verdicts come back."""
    text = head(tickets, tool)

    files = FORMATS[tool].render(tickets.queue())
    named = [name for name in files if name in text or tool == "argilla" or tool in ("jsonl", "parquet")]
    assert named == list(files)
    is_filled_in = tool in ("csv", "jsonl", "parquet")
    assert (f"How to load them into {FORMATS[tool].title}" in text) is not is_filled_in
    assert ("How to fill them in" in text) is is_filled_in
    assert (
        "doubt apply data/tickets.csv --audit data/tickets.doubt "
        f"--verdicts {FORMATS[tool].verdicts}{' --confirmed' if tool == 'doccano' else ''} "
        "-o data/tickets.fixed.csv"
    ) in text


def test_noise_rate(tickets: Case) -> None:
    """Where rows were drawn at random, it tells how the noise rate is measured on them."""
    assert "doubt scan data/tickets.csv --verdicts queue.done.csv" in head(tickets, "csv", audit=100)
    assert "doubt scan" not in head(tickets, "csv")
    assert "doubt scan data/tickets.csv --verdicts" in head(tickets, "prodigy", audit=100)


@pytest.mark.parametrize(
    ("path", "fixed"),
    [
        ("data.csv", "data.fixed.csv"),
        ("/a/b.c/data.jsonl.gz", "/a/b.c/data.fixed.jsonl.gz"),
        ("/data", "/data.fixed"),
        ("my data.csv", "'my data.fixed.csv'"),
    ],
)
def test_name_of_the_corrected_file(tickets: Case, path: str, fixed: str) -> None:
    """The corrected file goes beside the data, and a shell takes its name for one word."""
    assert f"-o {fixed}" in head(tickets, origin=Origin(path, "x.doubt"))


def test_without_skill(tickets: Case) -> None:
    """Where doubts are no probabilities, no number of errors is promised."""
    text = head(replace(tickets, skill={"assessable": False, "why": "They guess."}))

    assert "labels are wrong" not in text.partition("How to load")[0].replace("a label is wrong", "")
    assert "Note: the doubts put these rows in order, and are no probabilities: They guess." in text


def test_odd_paths(tickets: Case) -> None:
    """A path with a line end or bytes that are no text breaks nothing."""
    text = head(tickets, origin=Origin("a\nb\udc80.csv", "x.doubt"))

    assert r"3 rows of a\nb\udc80.csv to relabel" in text


def test_lines_are_narrow(tickets: Case) -> None:
    """Nothing but commands and paths is wider than 88 characters; the last line ends."""
    text = write_head(tickets.queue({"audit": 100}, size=4), FORMATS["label-studio"], ORIGIN).decode()

    assert max(len(line) for line in text.splitlines() if not line.startswith("    doubt")) <= 88
    assert text.endswith("\n")


def test_brought(tickets: Case) -> None:
    """How many rows each strategy brought, in the order of the queue."""
    assert brought(tickets.queue({"top": 50, "audit": 50}, size=4)) == "2 by audit, 2 by top"
