from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.queue.readme import (
    COLUMN_NOTES,
    SAMPLE_COLUMN_NOTES,
    QueueOrigin,
    count_by_strategy,
    fill_hanging,
    fill_paragraph,
    number_steps,
    write_readme,
)
from doubtcli.queue.strategies import STRATEGIES
from doubtcli.tools.registry import list_tool_names, load_tool

if TYPE_CHECKING:
    from tests.conftest import Case, Sentences


ORIGIN = QueueOrigin("data/tickets.csv", "data/tickets.doubt", "data/tickets.csv")
FOLDER = QueueOrigin("parts", "parts.doubt", None)


def readme(case: Case, tool: str = "csv", origin: QueueOrigin = ORIGIN, **shares: int) -> str:
    """The README.txt of a queue, on one line."""
    size = {"size": 4} if "random" in shares else {}
    text = write_readme(case.queue(shares or None, **size), load_tool(tool), origin).decode()
    return " ".join(text.split())


def test_what_it_says(tickets: Case, sentences: Sentences) -> None:
    """It names the file, the tool and the audit, and counts rows and minutes."""
    text = readme(tickets)

    assert text.startswith("3 rows of data/tickets.csv ")
    assert " doubt 0.1.0 " in text
    assert " data/tickets.doubt." in text
    assert " 1 min " in text
    sentences.check(write_readme(tickets.queue(), load_tool("csv"), ORIGIN).decode())


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_is_explained(tickets: Case, name: str) -> None:
    """The strategy that chose the rows is explained, and no other."""
    text = readme(tickets, **{name: 100})

    assert f" by the strategy {name}: " in text
    assert [other for other in STRATEGIES if f" by the strategy {other}: " in text] == [name]


def test_spot_check(tickets: Case, sentences: Sentences) -> None:
    """A spot check says which rows were drawn, and how to learn from them and to accept suggestions."""
    queue = tickets.queue({"spot-check": 100}, size=2)

    text = write_readme(queue, load_tool("csv"), ORIGIN).decode()

    assert "--accept-suggestions" in text
    assert "noise rate" not in text
    sentences.check(text)


def test_mixed(tickets: Case) -> None:
    """Each part of a mixed queue is explained, in the order of the rows."""
    text = readme(tickets, top=50, random=50)

    assert text.index("2 by the strategy random: ") < text.index("2 by the strategy top: ")


def test_one_row(tickets: Case) -> None:
    """One row is in the singular."""
    one = write_readme(tickets.queue(size=1), load_tool("csv"), ORIGIN).decode()

    assert one.startswith("1 row of data/tickets.csv ")


def test_equal_rows(tickets: Case, sentences: Sentences) -> None:
    """It says how many rows the queue stands for, and how a drawn row's verdict gets to its equal rows."""
    assert "these 3 rows stand for 4." in readme(tickets)
    assert "`doubt apply --spread`" not in readme(tickets)
    sentences.check(write_readme(tickets.queue({"random": 100}, size=4), load_tool("csv"), ORIGIN).decode())


@pytest.mark.parametrize("tool", list_tool_names())
def test_every_column_is_explained(tickets: Case, tool: str) -> None:
    """Each key of ours is explained; those of a random sample only if there is one."""
    queue = tickets.queue({"random": 100}, size=4)
    explained = {*COLUMN_NOTES, *", ".join(SAMPLE_COLUMN_NOTES).split(", ")}

    assert set(queue.cells(queue.rows[0])) == explained
    assert all(f"{name}: " in readme(tickets, tool) for name in COLUMN_NOTES)
    assert "doubt_stratum" not in readme(tickets, tool)
    assert "doubt_stratum, doubt_inclusion: " in readme(tickets, tool, random=100)


@pytest.mark.parametrize("tool", list_tool_names())
def test_the_way_in_and_back(tickets: Case, tool: str) -> None:
    """It says how to load the files, naming each, and with which command verdicts come back."""
    text = readme(tickets, tool)

    files = load_tool(tool).hand_out(tickets.queue())
    named = [name for name in files if name in text or tool == "argilla" or tool in ("jsonl", "parquet")]
    assert named == list(files)
    is_filled_in = tool in ("csv", "xlsx", "jsonl", "parquet")
    assert (f"How to load them into {load_tool(tool).title}" in text) is not is_filled_in
    assert ("How to fill them in" in text) is is_filled_in
    assert f"replace {load_tool(tool).answers_file} " in text
    assert (
        f"doubt apply data/tickets.csv --verdicts {load_tool(tool).answers_file}"
        f"{' --confirmed' if tool == 'doccano' else ''} -o data/tickets.fixed.csv"
    ) in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows quotes words in another way")
def test_an_audit_elsewhere(tickets: Case) -> None:
    """The command that writes verdicts back names an audit that is not beside the data."""
    text = readme(tickets, origin=QueueOrigin("data.csv", "x y/first", "data.csv"))

    assert "doubt apply data.csv --audit 'x y/first' --verdicts" in text


def test_a_backup(tickets: Case) -> None:
    """If a backup was read, verdicts go into the data file; the noise rate is measured on the backup."""
    text = readme(tickets, origin=QueueOrigin("data.csv.bak", "data.doubt", "data.csv"), random=100)

    assert "4 rows of data.csv.bak " in text
    assert "doubt apply data.csv --verdicts queue.done.csv -o data.fixed.csv" in text
    assert "doubt scan data.csv.bak --verdicts queue.done.csv" in text


@pytest.mark.parametrize("tool", list_tool_names())
def test_a_folder(tickets: Case, tool: str) -> None:
    """No command is shown that would be refused: verdicts can't be written back into a folder."""
    text = readme(tickets, tool, FOLDER)

    assert "doubt apply parts" not in text
    assert "--spread" not in text
    assert "replace " not in text


def test_the_noise_rate_of_a_folder(tickets: Case) -> None:
    """The noise rate of a folder can still be measured."""
    text = readme(tickets, "csv", FOLDER, random=100)

    assert "replace queue.done.csv " in text
    assert "doubt scan parts --verdicts queue.done.csv" in text


def test_noise_rate(tickets: Case) -> None:
    """If rows were drawn at random, it says how to measure the noise rate on them."""
    assert "doubt scan data/tickets.csv --verdicts queue.done.csv" in readme(tickets, "csv", random=100)
    assert "doubt scan" not in readme(tickets, "csv")
    assert "doubt scan data/tickets.csv --verdicts" in readme(tickets, "prodigy", random=100)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows quotes words in another way")
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
    """The corrected file is beside the data, and its name is one word for a shell."""
    assert f"-o {fixed}" in readme(tickets, origin=QueueOrigin(path, "x.doubt", path))


def test_without_skill(tickets: Case) -> None:
    """If doubts are not probabilities, no number of wrong labels is promised; a note says why."""
    text = readme(replace(tickets, skill={"assessable": False, "why": "They guess."}))

    assert " 2 of these 3 " not in text
    assert "probability that" not in text
    assert "They guess." in text


def test_odd_paths(tickets: Case) -> None:
    """A path with a line end or bytes that are not text breaks nothing, and is one word for a shell."""
    path = "a\nb'\\\udc80é.csv"
    text = readme(tickets, origin=QueueOrigin(path, "x.doubt", path))

    assert r"3 rows of a\nb'\\udc80é.csv " in text
    assert r"doubt apply $'a\x0ab\x27\x5c\x80\xc3\xa9.csv' --audit x.doubt" in text


@pytest.mark.skipif(sys.platform == "win32", reason="asks a shell")
@settings(max_examples=25)
@given(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1))
def test_a_shell_reads_paths_as_they_are(tickets: Case, path: str) -> None:
    """A shell that runs the command gets any path as it is, and not as an option."""
    text = write_readme(tickets.queue(), load_tool("csv"), QueueOrigin("d", f"-{path}", "d")).decode()

    (command,) = [line for line in text.splitlines() if line.startswith("    doubt apply d --audit ")]
    word = command.removeprefix("    doubt apply d --audit ").partition(" --verdicts queue.done.csv")[0]
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout.decode() == f"./-{path}"


@pytest.mark.parametrize("tool", list_tool_names())
def test_lines_are_narrow(tickets: Case, tool: str) -> None:
    """With short paths no line is wider than 80 characters, none ends in a blank, and the last one ends."""
    origin = QueueOrigin("data.csv", "data.doubt", "data.csv")
    text = write_readme(tickets.queue({"random": 100}, size=4), load_tool(tool), origin).decode()

    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert text.endswith(f"--verdicts {load_tool(tool).answers_file} -o data.measured.doubt\n")


def test_count_by_strategy(tickets: Case) -> None:
    """How many rows each strategy chose, in the order of the queue."""
    counted = count_by_strategy(tickets.queue({"top": 50, "random": 50}, size=4))

    assert counted == "2 by the strategy random, 2 by the strategy top"


def test_paragraph() -> None:
    """Lines have up to 80 characters; a longer word stays whole, with its hyphens."""
    path = "a-" * 50

    assert fill_paragraph(f"{'ab ' * 27}{path} c") == f"{'ab ' * 26}ab\n{path}\nc"


def test_hanging() -> None:
    """Lines after the first one are indented by the length of the lead."""
    assert fill_hanging("1. ", "abc " * 25) == f"1. {'abc ' * 18}abc\n   {'abc ' * 5}abc"


def test_numbered() -> None:
    """Steps are numbered; lines to be typed are below their step, with an empty line before and after."""
    steps = ("Open it.", "Run:", "    one", "      two", "Close it.", "Look.")

    assert number_steps(steps) == "1. Open it.\n2. Run:\n\n    one\n      two\n\n3. Close it.\n4. Look."
