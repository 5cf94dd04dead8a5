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
    from tests.conftest import Case


ORIGIN = QueueOrigin("data/tickets.csv", "data/tickets.doubt", "data/tickets.csv")
FOLDER = QueueOrigin("parts", "parts.doubt", None)


def head(case: Case, tool: str = "csv", origin: QueueOrigin = ORIGIN, **shares: int) -> str:
    """The head of a queue, on one line."""
    size = 4 if "audit" in shares else None
    text = write_readme(case.queue(shares or None, size=size), load_tool(tool), origin).decode()
    return " ".join(text.split())


def test_what_it_says(tickets: Case) -> None:
    """It tells how many rows of which file, for which tool, and from which audit."""
    text = head(tickets)

    assert text.startswith("3 rows of data/tickets.csv to relabel, for CSV ===")
    assert "Made by doubt 0.1.0 from the audit data/tickets.doubt." in text
    # .97 + .6 + .512 = 2.08
    assert "Wrong labels to be expected here: about 2 of 3." in text
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

    assert text.index("2 by audit: ") < text.index("2 by top: ") < text.index("They stand in this order")


def test_one_row(tickets: Case) -> None:
    """A row alone is one row."""
    one = write_readme(tickets.queue(size=1), load_tool("csv"), ORIGIN).decode()

    assert one.startswith("1 row of data/tickets.csv to relabel, for CSV\n====")


def test_equal_rows(tickets: Case) -> None:
    """It says what becomes of rows of equal input, and how a verdict gets to those that don't come."""
    assert "label come once; doubt_duplicates names the others. A verdict" in head(tickets)
    assert "`doubt apply --spread` gives it to these others, too" in head(tickets)
    assert "label come once, but for those drawn at random; doubt_duplicates" in head(tickets, audit=100)


@pytest.mark.parametrize("tool", list_tool_names())
def test_every_column_is_explained(tickets: Case, tool: str) -> None:
    """Each key of ours is explained; those of a sample only where there is one."""
    queue = tickets.queue({"audit": 100}, size=4)
    explained = {*COLUMN_NOTES, *", ".join(SAMPLE_COLUMN_NOTES).split(", ")}

    assert set(queue.cells(queue.rows[0])) == explained
    assert all(f"{name}: " in head(tickets, tool) for name in COLUMN_NOTES)
    assert "doubt_stratum" not in head(tickets, tool)
    assert "doubt_stratum, doubt_inclusion: " in head(tickets, tool, audit=100)


@pytest.mark.parametrize("tool", list_tool_names())
def test_the_way_in_and_back(tickets: Case, tool: str) -> None:
    """It tells how to load the files, naming each, and with which command verdicts come back."""
    text = head(tickets, tool)

    files = load_tool(tool).hand_out(tickets.queue())
    named = [name for name in files if name in text or tool == "argilla" or tool in ("jsonl", "parquet")]
    assert named == list(files)
    is_filled_in = tool in ("csv", "jsonl", "parquet")
    assert (f"How to load them into {load_tool(tool).title}" in text) is not is_filled_in
    assert ("How to fill them in" in text) is is_filled_in
    assert f"path of what you saved in place of {load_tool(tool).answers_file}." in text
    assert (
        f"doubt apply data/tickets.csv --verdicts {load_tool(tool).answers_file}"
        f"{' --confirmed' if tool == 'doccano' else ''} -o data/tickets.fixed.csv"
    ) in text


def test_an_audit_elsewhere(tickets: Case) -> None:
    """An audit that is not beside the data is named where verdicts are written back."""
    text = head(tickets, origin=QueueOrigin("data.csv", "x y/first", "data.csv"))

    assert "doubt apply data.csv --audit 'x y/first' --verdicts" in text


def test_a_backup(tickets: Case) -> None:
    """Of a backup that was read, verdicts go back into the data file; the noise rate is the backup's."""
    text = head(tickets, origin=QueueOrigin("data.csv.bak", "data.doubt", "data.csv"), audit=100)

    assert "4 rows of data.csv.bak to relabel" in text
    assert "doubt apply data.csv --verdicts queue.done.csv -o data.fixed.csv" in text
    assert "doubt scan data.csv.bak --verdicts queue.done.csv" in text


@pytest.mark.parametrize("tool", list_tool_names())
def test_a_folder(tickets: Case, tool: str) -> None:
    """Nobody is told to run what would be refused: verdicts can't be written back into a folder."""
    text = head(tickets, tool, FOLDER)

    assert "`doubt apply` can't write the verdicts back: see the note above." in text
    assert "doubt apply parts" not in text
    assert "--spread" not in text
    assert "place of" not in text


def test_the_noise_rate_of_a_folder(tickets: Case) -> None:
    """The noise rate of a folder can be measured all the same."""
    text = head(tickets, "csv", FOLDER, audit=100)

    assert "path of what you saved in place of queue.done.csv." in text
    assert "doubt scan parts --verdicts queue.done.csv" in text


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
    assert f"-o {fixed}" in head(tickets, origin=QueueOrigin(path, "x.doubt", path))


def test_without_skill(tickets: Case) -> None:
    """Where doubts are no probabilities, no number of errors is promised."""
    text = head(replace(tickets, skill={"assessable": False, "why": "They guess."}))

    assert "Wrong labels to be expected" not in text
    assert "probability that" not in text
    assert "Note: the doubts put these rows in order, and are no probabilities: They guess." in text


def test_odd_paths(tickets: Case) -> None:
    """A path with a line end or bytes that are no text breaks nothing, and stays one word for a shell."""
    path = "a\nb'\\\udc80é.csv"
    text = head(tickets, origin=QueueOrigin(path, "x.doubt", path))

    assert r"3 rows of a\nb'\\udc80é.csv to relabel" in text
    assert r"doubt apply $'a\x0ab\x27\x5c\x80\xc3\xa9.csv' --audit x.doubt" in text


@pytest.mark.skipif(sys.platform == "win32", reason="asks a shell")
@settings(max_examples=25)
@given(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1))
def test_a_shell_reads_paths_as_they_are(tickets: Case, path: str) -> None:
    """Whatever a path holds, a shell that is given the command gets it back, and as no option."""
    text = write_readme(tickets.queue(), load_tool("csv"), QueueOrigin("d", f"-{path}", "d")).decode()

    (command,) = [line for line in text.splitlines() if line.startswith("    doubt apply d --audit ")]
    word = command.removeprefix("    doubt apply d --audit ").partition(" --verdicts queue.done.csv")[0]
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout.decode() == f"./-{path}"


@pytest.mark.parametrize("tool", list_tool_names())
def test_lines_are_narrow(tickets: Case, tool: str) -> None:
    """Unless paths are long, nothing is wider than 80 characters; the last line ends, and none in a blank."""
    origin = QueueOrigin("data.csv", "data.doubt", "data.csv")
    text = write_readme(tickets.queue({"audit": 100}, size=4), load_tool(tool), origin).decode()

    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert text.endswith(f"--verdicts {load_tool(tool).answers_file} -o data.measured.doubt\n")


def test_brought(tickets: Case) -> None:
    """How many rows each strategy brought, in the order of the queue."""
    assert count_by_strategy(tickets.queue({"top": 50, "audit": 50}, size=4)) == "2 by audit, 2 by top"


def test_paragraph() -> None:
    """A text is filled up to 80 characters; a word that is longer stays whole, hyphens and all."""
    path = "a-" * 50

    assert fill_paragraph(f"{'ab ' * 27}{path} c") == f"{'ab ' * 26}ab\n{path}\nc"


def test_hanging() -> None:
    """Further lines are set in below what leads the first one."""
    assert fill_hanging("1. ", "abc " * 25) == f"1. {'abc ' * 18}abc\n   {'abc ' * 5}abc"


def test_numbered() -> None:
    """Steps are numbered; what is to be typed stands apart, below the step that it belongs to."""
    steps = ("Open it.", "Run:", "    one", "      two", "Close it.", "Look.")

    assert number_steps(steps) == "1. Open it.\n2. Run:\n\n    one\n      two\n\n3. Close it.\n4. Look."
