from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from doubtcli.records import Decision, Settled, Unapplied, UnappliedKind
from doubtcli.records.file_format import FileLayout
from doubtcli.records.relabelling import ApplyResult, Batch, LedgerAction, LedgerLine, UndoResult
from doubtcli.report.applied import print_applied, print_log, print_queue, print_undone

if TYPE_CHECKING:
    from tests.conftest import Case

LINE = LedgerLine(
    LedgerAction.RELABEL,
    "r1",
    1,
    "x",
    "y",
    b"x",
    b"y",
    b"",
    "rest",
    ("ann", "bob"),
    "2026-11-20",
    "argilla",
    "why not",
)
BATCH = Batch(
    "0123456789ab", "2026-11-21T14:05:00Z", (LINE,), FileLayout("csv", "label"), 9, "", "", "data.csv"
)
DECISION = Decision("r2", 2, "x", "x", False, (), "", "doubt", "")
APPLIED = ApplyResult("data.csv", "fixed.csv", BATCH, (), (), (), Settled((), ()))


def printed(tell: Any, *arguments: Any, **options: Any) -> str:
    """What is printed into a pipe of 80 columns."""
    console = Console(file=io.StringIO(), width=80, **options)
    tell(console, *arguments)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_whole() -> None:
    """What was changed comes first, then what was not applied, then what was written."""
    unapplied = (Unapplied(UnappliedKind.UNKNOWN, "r9", None, ("y",), (), (3,), "no row bears this id"),)
    found = replace(
        APPLIED,
        kept=(DECISION,),
        unusable=(DECISION,),
        done_before=(DECISION,),
        settled=Settled((), unapplied, (DECISION, DECISION), ("y",)),
        waivers="waivers.toml",
        n_waived=1,
        backup="data.csv.bak",
        notes=("a note",),
    )

    assert printed(print_applied, found) == (
        "data.csv\n"
        "  changed: 1 label\n"
        "  found right, and kept: 1 label; 1 of them doubted before, and waived now\n"
        "  judged unusable, and left in: 1 row; --drop takes them out\n"
        "  of equal input and label, and seen by nobody: 2 rows; --spread decides on\n"
        "  them, too\n"
        "  labels that the file did not have: y\n"
        "\n"
        "Not applied\n"
        "  unknown: 1\n"
        "    - r9: no row bears this id\n"
        "\n"
        "Applied before, and edited since: left as they are\n"
        "  - row 2 (r2)\n"
        "\n"
        "Notes\n"
        "  - a note\n"
        "\n"
        "Written\n"
        "  fixed.csv  the labels as they are now\n"
        "  fixed.csv.ledger.jsonl  who changed what and why: batch 0123456789ab\n"
        "  data.csv.bak  the file as it was\n"
        "  waivers.toml  what is waived, and why\n"
    )


def test_nothing_changed() -> None:
    """A copy has no ledger; where not even that was written, waivers may have been."""
    copied = printed(print_applied, replace(APPLIED, batch=None))
    waived = printed(print_applied, replace(APPLIED, batch=None, output=None, waivers="waivers.toml"))

    assert copied.endswith("nothing is left to change\n\nWritten\n  fixed.csv  as the input is\n")
    assert waived.endswith("nothing is left to change\n\nWritten\n  waivers.toml  what is waived, and why\n")


def test_many_rows_of_one_kind() -> None:
    """Of many rows the first are named; those that nobody has to look at are only counted."""
    kinds = (UnappliedKind.UNDECIDED, UnappliedKind.CHANGED)
    unapplied = tuple(
        Unapplied(kind, f"r{row}", None, (), (), (row,), "why") for kind in kinds for row in range(12)
    )

    told = printed(print_applied, replace(APPLIED, settled=Settled((), unapplied)))

    assert "  undecided: 12\n  changed: 12\n    - r0: why\n" in told
    assert "    - r9: why\n    - and 2 more\n" in told


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (LINE, "  row 1 (r1); decided by ann and bob, 2026-11-20, in Argilla; why not\n  - x\n  + y\n"),
        (replace(LINE, old="a  b", new="a b "), "  - a  b\n  + a b \n"),
        (replace(LINE, old="\x1b[31m[red]", new="né\n"), "  - \\x1b[31m[red]\n  + né\\n\n"),
        (replace(LINE, action=LedgerAction.DROP, new=None), "  - x  (the row goes)\n"),
        (replace(LINE, action=LedgerAction.RESTORE, old=None), "  + y  (the row is put back)\n"),
        (replace(LINE, who=(), when="", why="", seen_as="r7"), "  row 1 (r1); decided on r7 in Argilla\n"),
        (replace(LINE, new="y" * 10_000), "  + " + "y" * 2000 + "\n"),
    ],
    ids=["label", "blanks", "control characters", "dropped", "put back", "spread", "long"],
)
def test_changes(line: LedgerLine, shown: str) -> None:
    """A change is a diff of the label with all its blanks; nothing in it is obeyed."""
    dry = replace(APPLIED, output=None, is_dry_run=True, batch=replace(BATCH, lines=(line,)))

    told = printed(print_applied, dry)

    assert shown in told
    assert "would change" in told
    assert "Written" not in told


def test_colours() -> None:
    """At a terminal, what goes is red and what comes is green."""
    dry = replace(APPLIED, output=None, is_dry_run=True)

    told = printed(print_applied, dry, force_terminal=True, color_system="standard")

    assert "\x1b[31m- x\x1b[0m" in told
    assert "\x1b[32m+ y\x1b[0m" in told


def test_undone() -> None:
    """An undo tells which batch it took back, and what was written."""
    back = replace(BATCH, id="ba9876543210", lines=(replace(LINE, old="y", new="x"),))

    told = printed(print_undone, UndoResult("fixed.csv", "back.csv", BATCH, back, None))

    assert told == (
        "fixed.csv\n"
        "  batch 0123456789ab of 2026-11-21T14:05:00Z is taken back: 1 label\n"
        "\n"
        "Written\n"
        "  back.csv  the labels as they are now\n"
        "  back.csv.ledger.jsonl  who changed what and why: batch ba9876543210\n"
    )


def test_undone_in_a_dry_run() -> None:
    """A dry run of an undo lists each change."""
    told = printed(print_undone, UndoResult("fixed.csv", None, BATCH, BATCH, None))

    assert "would be taken back: 1 label\n\nChanges\n" in told
    assert told.endswith("  - x\n  + y\n")


def test_log() -> None:
    """A log lists batches, the newest first, and says which are in effect no more."""
    old = replace(BATCH, id="old")
    taken_back = replace(BATCH, id="one")
    undo = replace(BATCH, id="two", source=None, undoes="one")

    told = printed(print_log, "fixed.csv", [old, taken_back, undo])

    titles = [line for line in told.splitlines() if line.startswith("batch")]
    assert titles == [
        "batch two  2026-11-21T14:05:00Z",
        "batch one  2026-11-21T14:05:00Z  taken back",
        "batch old  2026-11-21T14:05:00Z  the file was made anew since",
    ]
    assert "  1 label, in place, takes back batch one\n" in told
    assert "  1 label, from data.csv\n" in told


def test_long_log() -> None:
    """Of many rows of a batch the first twenty are listed; where all of them are is said."""
    many = replace(BATCH, lines=tuple(replace(LINE, row=row) for row in range(1, 24)))

    told = printed(print_log, "fixed.csv", [replace(many, lines=many.lines[:20]), many])

    assert told.count("\n  row ") == 40
    assert told.count(" more; ") == 1
    assert "  + y\n  and 3 more; --output-format json has all\n\nbatch" in told


def test_incomplete_batch() -> None:
    """A batch of which lines are lost is told so in the list."""
    told = printed(print_log, "fixed.csv", [replace(BATCH, n_written=3)])

    assert "batch 0123456789ab  2026-11-21T14:05:00Z  incomplete: 1 of 3 lines\n" in told


def test_answer_without_an_id() -> None:
    """Where there is no id to name, the reason alone is told."""
    one = Unapplied(UnappliedKind.UNKNOWN, "", None, (), (), (3,), "the answer has no id (a.csv, row 3)")

    told = printed(print_applied, replace(APPLIED, settled=Settled((), (one,))))

    assert "\n    - the answer has no id (a.csv, row 3)\n" in told


@pytest.mark.parametrize(
    ("who", "when", "tool", "seen_as", "told"),
    [
        (
            ("1", "2"),
            "2026-11-20",
            "label-studio",
            "",
            "decided by 1 and 2, 2026-11-20, in Label Studio; why not",
        ),
        (("ann", "bob", "cy"), "", "doubt", "", "decided by ann, bob and cy; why not"),
        ((), "2026-11-20", "doubt", "", "decided 2026-11-20; why not"),
        ((), "", "doubt", "", "why not"),
        ((), "", "", "", "why not"),
        ((), "", "prodigy", "", "decided in Prodigy; why not"),
        ((), "", "argilla, doubt", "", "decided in Argilla and a queue file; why not"),
        (("ann",), "", "another tool", "", "decided by ann, in another tool; why not"),
        (("ann",), "", "doubt", "r9", "decided on r9 by ann; why not"),
        ((), "", "doubt", "r9", "decided on r9; why not"),
    ],
)
def test_who_decided(who: tuple[str, ...], when: str, tool: str, seen_as: str, told: str) -> None:
    """Names are told as those of people who decided, and tools by their names; doubt never decides."""
    line = replace(LINE, who=who, when=when, tool=tool, seen_as=seen_as)

    out = printed(print_log, "fixed.csv", (replace(BATCH, lines=(line,)),))

    assert f"row 1 (r1); {told}\n" in out


def test_why_of_a_line_taken_back() -> None:
    """Which batch is taken back is told once for all lines."""
    line = replace(LINE, who=(), when="", tool="doubt undo", why="takes back batch aa")

    out = printed(print_log, "fixed.csv", (replace(BATCH, lines=(line,), undoes="aa"),))

    assert "row 1 (r1)\n" in out
    assert out.count("takes back batch aa") == 1


def test_queue(tickets: Case) -> None:
    """A queue tells how many rows it has, by which strategies, what is to be known, and what to read."""
    queue = replace(tickets.queue(), notes=("none is sure\x07",))

    text = printed(print_queue, queue, "Label Studio", "a b/README.txt")

    assert text == (
        "3 rows for Label Studio: 3 by top.\n"
        "Note: none is sure\\x07.\n"
        "How to load them, and how to bring them back: a b/README.txt\n"
    )
