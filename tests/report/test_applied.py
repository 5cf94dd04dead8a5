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
MOST_KEPT = 1000
"""Longer texts are not kept."""
APPLIED = ApplyResult("data.csv", "fixed.csv", BATCH, (), (), (), Settled((), ()))


def printed(print_result: Any, *arguments: Any, **options: Any) -> str:
    """The text that is printed into a pipe of 80 columns."""
    console = Console(file=io.StringIO(), width=80, **options)
    print_result(console, *arguments)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_whole(sentences: Any) -> None:
    """Changes come first, then verdicts that were not applied, then the files that were written."""
    unapplied = (Unapplied(UnappliedKind.UNKNOWN, "r9", None, ("y",), (), (3,), "its cause"),)
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

    sentences.check(printed(print_applied, found))


def test_nothing_changed(sentences: Any) -> None:
    """A copy has no ledger; if there is no copy either, waivers may have been written."""
    copied = printed(print_applied, replace(APPLIED, batch=None))
    waived = printed(print_applied, replace(APPLIED, batch=None, output=None, waivers="waivers.toml"))

    assert ("fixed.csv" in copied, "ledger" in copied) == (True, False)
    assert ("fixed.csv" in waived, "waivers.toml" in waived) == (False, True)
    sentences.check(copied)
    sentences.check(waived)


def test_many_rows_of_one_kind() -> None:
    """The first ten rows of a kind are named; rows that nobody has to look at are only counted."""
    kinds = (UnappliedKind.UNDECIDED, UnappliedKind.CHANGED)
    unapplied = tuple(
        Unapplied(kind, f"r{row}", None, (), (), (row,), "why") for kind in kinds for row in range(12)
    )

    text = printed(print_applied, replace(APPLIED, settled=Settled((), unapplied)))

    assert "  undecided: 12\n  changed: 12\n    - r0: why\n" in text
    assert "    - r9: why\n    - and 2 more\n" in text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (LINE, "2026-11-20, in Argilla; why not\n  - x\n  + y\n"),
        (replace(LINE, old="a  b", new="a b "), "  - a  b\n  + a b \n"),
        (replace(LINE, old="\x1b[31m[red]", new="né\n"), "  - \\x1b[31m[red]\n  + né\\n\n"),
        (replace(LINE, action=LedgerAction.DROP, new=None), "  - x  ("),
        (replace(LINE, action=LedgerAction.RESTORE, old=None), "  + y  ("),
        (replace(LINE, who=(), when="", why="", seen_as="r7"), " on its duplicate r7 in Argilla\n"),
        (replace(LINE, new="y" * 10_000), "  + " + "y" * 2000 + "\n"),
    ],
    ids=["label", "spaces", "control characters", "dropped", "restored", "spread", "long"],
)
def test_changes(line: LedgerLine, shown: str, sentences: Any) -> None:
    """A change is a diff of the label with all its spaces; control characters are shown, not obeyed."""
    dry = replace(APPLIED, output=None, is_dry_run=True, batch=replace(BATCH, lines=(line,)))

    text = printed(print_applied, dry)

    assert shown in text
    if len(text) < MOST_KEPT:
        sentences.check(text)


def test_colours() -> None:
    """At a terminal, old labels are red and new ones are green."""
    dry = replace(APPLIED, output=None, is_dry_run=True)

    text = printed(print_applied, dry, force_terminal=True, color_system="standard")

    assert "\x1b[31m- x\x1b[0m" in text
    assert "\x1b[32m+ y\x1b[0m" in text


def test_undone(sentences: Any) -> None:
    """An undo shows which batch was undone, and which files were written."""
    back = replace(BATCH, id="ba9876543210", lines=(replace(LINE, old="y", new="x"),))

    sentences.check(printed(print_undone, UndoResult("fixed.csv", "back.csv", BATCH, back, None)))


def test_undone_in_a_dry_run(sentences: Any) -> None:
    """A dry run of an undo lists each change."""
    sentences.check(printed(print_undone, UndoResult("fixed.csv", None, BATCH, BATCH, None)))


def test_log(sentences: Any) -> None:
    """A log lists batches, the newest first, and shows which are not in effect any more."""
    old = replace(BATCH, id="old")
    undone = replace(BATCH, id="one")
    undo = replace(BATCH, id="two", source=None, undoes="one")

    text = printed(print_log, "fixed.csv", [old, undone, undo])

    assert [line.split()[1] for line in text.splitlines() if line.startswith("batch")] == [
        "two",
        "one",
        "old",
    ]
    sentences.check(text)


def test_long_log() -> None:
    """The first twenty rows of a batch are listed, and a line says where all of them are."""
    many = replace(BATCH, lines=tuple(replace(LINE, row=row) for row in range(1, 24)))

    text = printed(print_log, "fixed.csv", [replace(many, lines=many.lines[:20]), many])

    assert text.count("\n  row ") == 40
    assert text.count("--output-format json") == 1
    assert "  + y\n  and 3 more" in text


def test_incomplete_batch() -> None:
    """A batch with lost lines is marked in the list."""
    batch = replace(BATCH, n_written=3)

    text = printed(print_log, "fixed.csv", [batch])

    assert f"batch 0123456789ab  2026-11-21T14:05:00Z  {batch.missing_lines}\n" in text


def test_answer_without_an_id() -> None:
    """Without an id, only the cause is printed."""
    one = Unapplied(UnappliedKind.UNKNOWN, "", None, (), (), (3,), "its cause")

    text = printed(print_applied, replace(APPLIED, settled=Settled((), (one,))))

    assert "\n    - its cause\n" in text


DECIDERS = [
    (("1", "2"), "2026-11-20", "label-studio", ""),
    (("ann", "bob", "cy"), "", "doubt", ""),
    ((), "2026-11-20", "doubt", ""),
    ((), "", "doubt", ""),
    ((), "", "", ""),
    ((), "", "prodigy", ""),
    ((), "", "argilla, doubt", ""),
    (("ann",), "", "another tool", ""),
    (("ann",), "", "doubt", "r9"),
    ((), "", "doubt", "r9"),
]
"""Who decided, when, in which tool, and on which other row."""


def test_who_decided(sentences: Any) -> None:
    """People and tools are named, a tool by its title; doubt itself never decides."""
    lines = [
        replace(LINE, row=row, who=who, when=when, tool=tool, seen_as=seen_as)
        for row, (who, when, tool, seen_as) in enumerate(DECIDERS, start=1)
    ]

    sentences.check(printed(print_log, "fixed.csv", (replace(BATCH, lines=tuple(lines)),)))


def test_why_of_an_undone_line() -> None:
    """The batch that is undone is named once for all lines."""
    line = replace(LINE, who=(), when="", tool="doubt undo", why="undoes batch aa")

    text = printed(print_log, "fixed.csv", (replace(BATCH, lines=(line,), undoes="aa"),))

    assert "row 1 (r1)\n" in text
    assert text.count("batch aa") == 1


def test_queue(tickets: Case, sentences: Any) -> None:
    """For a queue, the number of rows, the strategies, notes and the path of its README are printed."""
    queue = replace(tickets.queue(), notes=("none is sure\x07",))

    sentences.check(printed(print_queue, queue, "Label Studio", "a b/README.txt"))
