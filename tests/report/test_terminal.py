from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from doubtcli.plugins import load_our_reasons
from doubtcli.rank.why import explain_rows
from doubtcli.records import (
    AuditSample,
    Column,
    FileRead,
    NoiseRate,
    Power,
    Role,
    Roles,
    Rule,
    RuleLabels,
    SkippedReason,
    Source,
    Stratum,
    Verdicts,
)
from doubtcli.report.terminal import fold_columns, print_file, print_found, print_notes
from doubtcli.wording.quoting import printable
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.records import ScanResult
    from tests.conftest import Sentences

    Make = Callable[..., ScanResult]


def read_of(audit: ScanResult) -> FileRead:
    """What was read, of a scan that is done."""
    n_unlabelled = len(audit.examples.unlabelled_row_ids)
    n_rows = audit.examples.n_rows + n_unlabelled
    return FileRead(audit.source, audit.roles, n_rows, n_unlabelled, audit.notes)


def printed(
    audit: ScanResult,
    *,
    width: int = 80,
    top: int | None = None,
    verbose: bool = True,
    folder: str = "data/tickets.doubt",
    **console: Any,
) -> str:
    """What is printed, as into a pipe unless the console's options say otherwise."""
    file = console.pop("file", None) or io.StringIO()
    shown = Console(file=file, width=width, **console)
    print_file(shown, read_of(audit), verbose=verbose)
    print_found(shown, audit, folder=Path(folder), top=top, verbose=verbose)
    return file.getvalue()  # type: ignore[no-any-return]


def full_audit(make_audit: Make) -> ScanResult:
    """An audit with something in every section."""
    complaint = (
        "My card was charged twice for one order. I wrote three mails, waited a week, and nobody answers; "
    )
    texts = [
        complaint + "please send the money back, or I will have to call my bank and a lawyer.",
        *"abcde",
        "",
        "x",
    ]
    audit = make_audit(
        texts=texts,
        doubt=(0.91, 0.05, 0.1, 0.3, 0.8, 0.55, 0.6, 0.97),
        suggested=(1, 1, 2, 0, 2, 0, 1, 2),
        power=Power(assessable=True, why="planted", n_planted=61, found_in_first={0.05: 0.721}),
    )
    why = explain_rows(
        load_our_reasons(), audit.reasons, audit.examples, audit.evidence, audit.ranking, range(8)
    )
    why[6] = ""
    pixels = [
        Column(f"f_pixel_{i}_{j}", Role.NUMERIC, used=True, why="numbers") for i in range(3) for j in range(4)
    ]
    identifier = Column("ticket", Role.IDENTIFIER, used=True, why="--id")
    return replace(audit, why=tuple(why), roles=Roles((identifier, *audit.roles.columns, *pixels)))


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.parametrize("width", [80, 140])
def test_whole_report(make_audit: Make, sentences: Sentences, width: int, verbose: bool) -> None:
    """The whole report of a scan, brief and with all details, on a narrow terminal and on a wide one."""
    top = 4 if verbose else None
    sentences.check(printed(full_audit(make_audit), width=width, top=top, verbose=verbose))


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.parametrize("width", [60, 80, 140, 300])
def test_width(make_audit: Make, width: int, verbose: bool) -> None:
    """Except for paths, no line is wider than the console or than 140 cells, or ends with a space."""
    lines = printed(full_audit(make_audit), width=width, folder="f", verbose=verbose).splitlines()

    assert max(cell_len(line) for line in lines if "f/" not in line) <= min(width, 140)
    assert [line for line in lines if line != line.rstrip()] == []


def test_plain_when_piped(make_audit: Make) -> None:
    """Into a pipe, no escape sequences and no bars are printed."""
    text = printed(full_audit(make_audit))

    assert "\x1b" not in text
    assert "━" not in text


def test_terminal(make_audit: Make) -> None:
    """On a terminal there are colours, and a bar next to each doubt."""
    text = printed(full_audit(make_audit), force_terminal=True, color_system="standard", legacy_windows=False)

    assert "\x1b[1;31m0.97\x1b[0m \x1b[31m━━━━━━━━━━\x1b[0m" in text
    assert "\x1b[1;33m0.55\x1b[0m \x1b[33m━━━━━━\x1b[0m\x1b[2m────\x1b[0m" in text


def test_no_color(make_audit: Make) -> None:
    """With NO_COLOR there are no colours."""
    text = printed(full_audit(make_audit), force_terminal=True, color_system="standard", no_color=True)

    assert "\x1b[31m" not in text
    assert "━━━" in text


def test_ascii(make_audit: Make) -> None:
    """A terminal that only has ASCII gets ASCII characters."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_found(Console(file=file, width=80, force_terminal=True), full_audit(make_audit), folder=Path("f"))

    file.flush()
    text = file.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert "->" in text
    assert "####" in text


HOSTILE = "[bold]big[/bold] [/] :smile:\n\x1b[31mred\x07\u202e\x00 end"
SHOWN = "[bold]big[/bold] [/] :smile: \\x1b[31mred\\x07\\u202e\\x00 end"


def test_data_is_not_markup(make_audit: Make) -> None:
    """Names, texts, ids, notes and paths are neither markup nor control sequences."""
    audit = make_audit(
        texts=[HOSTILE] * 8,
        class_names=(HOSTILE, "b", "c"),
        why=[HOSTILE] * 8,
        notes=(HOSTILE,),
        path=HOSTILE,
        row_ids=tuple(f"{i}\x1b" for i in range(8)),
    )
    columns = (Column(HOSTILE, Role.IDENTIFIER, used=True, why=HOSTILE), *audit.roles.columns)

    text = printed(replace(audit, roles=Roles(columns)), width=140, folder="[red]\x1b")

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert text.count(SHOWN) >= 4
    assert "[bold]big[/bold] [/] :smile:" in text
    assert "id 7\\x1b" in text
    assert " [red]\\x1b\n" in text


def test_nothing_doubted(make_audit: Make) -> None:
    """If nothing is doubted, the report says so, and leaves out the sections on doubted rows."""
    text = printed(make_audit(doubt=[0.1] * 8, skipped=(), notes=(), n_unlabelled=0))

    assert "\nNone of 8 " in text
    assert text.startswith("  8 rows\n")
    assert " 0 rows " in text
    for absent in ("Most", "Relabel:", "Reasons skipped", "Notes"):
        assert absent not in text


def test_one_doubted(make_audit: Make) -> None:
    """One doubted label is in the singular."""
    assert "\n1 of 8 labels is doubted (12.5%)\n" in printed(make_audit(doubt=[0.1] * 7 + [0.9]))


def test_top(make_audit: Make) -> None:
    """As many rows are listed as asked for, and the title has the number of all."""
    text = printed(make_audit(), top=1)

    assert " 1 of 3 rows\n" in text
    assert text.count("models give") == 1
    assert "models give" not in printed(make_audit(), top=0)


def test_equal_rows(make_audit: Make, sentences: Sentences) -> None:
    """Equal rows are one block, with their number and the places of the first of them in the file."""
    audit = make_audit(doubt=[0.9, 0.1, 0.9, 0.9, 0.9, 0.8, 0.1, 0.1])
    audit = replace(audit, ranking=replace(audit.ranking, entries=np.array([0, 2, 0, 0, 0, 1, 3, 4])))

    text = printed(audit)

    assert text.count("models give") == 2
    wanted = ("Most doubted", " equal rows: ", "queue.csv ")
    sentences.check("\n".join(line for line in text.splitlines() if any(word in line for word in wanted)))
    assert "Most doubted  the first 1 of 2 entries, for 5 rows\n" in printed(audit, top=1)


def test_filled_queue(make_audit: Make, sentences: Sentences) -> None:
    """Contradicted rows have a list of their own, which says why to check them."""
    audit = make_audit(contradicted=[True] * 8, queue_length=5)
    text = printed(audit, force_terminal=True, color_system="standard", legacy_windows=False)

    doubted, others = printed(audit).split("\nContradicted  ")
    assert doubted.count("  row ") == 3
    assert others.count("  row ") == 2
    assert "queue.csv       5 rows to check, 3 of them doubted\n" in others
    assert "\x1b[1m0.30\x1b[0m" in text
    assert "; the first 1 of 2 rows\n" in printed(audit, top=4)
    assert "\nContradicted" not in printed(audit, top=3)
    sentences.check(others.partition("\nReasons skipped")[0])


def test_filled_queue_alone(make_audit: Make, sentences: Sentences) -> None:
    """If nothing is doubted, the rows with the highest doubt are listed, and not called doubted."""
    text = printed(make_audit(doubt=[0.1] * 8, queue_length=2))

    assert "\nNone of 8 " in text
    assert "Most doubted" not in text
    assert "2 rows to check, none of them doubted\n" in text
    sentences.check(text[text.index("Highest doubt") : text.index("\nReasons skipped")])


def test_never_certain(make_audit: Make) -> None:
    """A doubt is never printed as 1, and all doubts are aligned."""
    text = printed(make_audit(doubt=(0.02, 0.05, 0.1, 0.3, 0.8, 0.55, 0.05, 0.9996)))

    assert "\n  >0.99  billing → delivery  row 1\n" in text
    assert "\n   0.80  bug → delivery  row 4\n" in text


def test_invisible_ends(make_audit: Make) -> None:
    """Invisible characters at the ends of a text are left out; inside it they are escaped."""
    text = printed(make_audit(texts=["\u200b \ufeffone\ufefftwo\x1b \ufeff "] * 8))

    assert "        one\\ufefftwo\\x1b\n" in text


def test_long_paths(make_audit: Make) -> None:
    """A path that is too long for its line has a line of its own, and is not cut."""
    folder = "/home/ada/" + "long/" * 12 + "tickets.doubt"

    lines = printed(make_audit(), folder=folder).splitlines()

    indent = " " * len("  Relabel:  ")
    assert f"{indent}{folder}/report.html" in lines
    assert f"{indent}doubt review {folder}" in lines
    assert f"{indent}{folder}/queue.csv" in lines


def test_skipped_together(make_audit: Make) -> None:
    """Reasons that were skipped for the same cause are on one line."""
    skipped = tuple(SkippedReason(name, "doubtcli 0.1.0", why) for name, why in ("ax", "by", "cx"))

    assert "\nReasons skipped\n  - a, c: x\n  - b: y\n" in printed(make_audit(skipped=skipped))


def test_not_assessable(make_audit: Make) -> None:
    """If neither noise rate nor skill is assessable, the cause is printed once."""
    audit = make_audit(
        noise=NoiseRate(assessable=False, why="no skill"),
        skill=replace(make_audit().skill, assessable=False, why="no skill"),
    )

    assert "\n  Label noise: not assessable. No skill.\n\n" in printed(audit)
    assert printed(audit).lower().count("no skill") == 1


def test_rules(make_audit: Make, sentences: Sentences) -> None:
    """Rules have a line each, at most three if not verbose, and so does the number of the others."""
    audit = make_audit()
    rules = tuple(Rule(f"rule {number}", "x > 1", "bug") for number in range(5))
    labels = RuleLabels(rules, np.ones((8, 5), dtype=np.intp))
    audit = replace(audit, examples=replace(audit.examples, rule_labels=labels))

    brief, verbose = (printed(audit, verbose=verbose) for verbose in (False, True))

    assert brief.count("says bug on 8 rows") == 3
    assert verbose.count("says bug on 8 rows") == 5
    sentences.check(brief)


def test_queue_size(make_audit: Make) -> None:
    """The report counts the rows in the queue, which may be fewer than the doubted ones."""
    audit = make_audit()

    assert "queue.csv       2 rows to check\n" in printed(replace(audit, settings={"queue_size": 2}))
    assert "queue.csv       3 rows to check\n" in printed(replace(audit, settings={"queue_size": 9}))


def test_verdicts(make_audit: Make, sentences: Sentences) -> None:
    """Verdicts are counted before the noise rate, and unusable rows at the top."""
    verdicts = Verdicts("v.csv", np.array([0, *[-1] * 7]), (None,) * 8, np.full(8, np.nan))

    report = printed(make_audit(verdicts=verdicts, n_unusable=3))

    assert report.index("1 kept, 0 corrected") < report.index("By models and verdicts")
    sentences.check(report[report.index("3 of 8 labels") : report.index("By models and verdicts")])


def test_audit_sample(make_audit: Make) -> None:
    """The rows of a random sample are counted, too, among those of the queue."""
    sample = AuditSample(np.array([6, 4]), (Stratum(1, 1, 8),) * 2, np.array([0.25, 0.25]))

    report = " ".join(printed(make_audit(sample=sample)).split())

    assert "queue.csv 4 rows to check, 3 of them doubted; the first 2 are " in report


def test_table_without_text(make_audit: Make) -> None:
    """A row without texts is shown by its first values, without lists; a row of vectors has no values."""
    audit = make_audit()
    inputs = pa.table(
        {"mass": [3750.0] * 8, "sex": [None] * 8, "vector": [[1.0]] * 8, "island": ["Torgersen"] * 8}
    )

    table = replace(audit, examples=replace(audit.examples, inputs=inputs, column_roles={}))
    vectors = replace(audit, examples=replace(audit.examples, inputs=pa.table({}), column_roles={}))

    assert "        mass 3750, island Torgersen\n" in printed(table)
    assert "billing → delivery  row 1\n        models give" in printed(vectors)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"size": 1}, ", 1 byte\n"),
        ({"size": 1234}, ", 1.23 kB\n"),
        ({"size": 999_700}, ", 1 MB\n"),
        ({"size": 5 * 10**15}, "TB\n"),
        ({"compression": "gzip", "encoding": "latin-1"}, "  CSV, gzip, latin-1, comma-separated, "),
        ({"delimiter": "^"}, ", separated by '^', "),
        ({"format": "parquet", "encoding": None, "delimiter": None}, "  Parquet, 421 bytes\n"),
    ],
)
def test_source(make_audit: Make, changes: dict[str, Any], expected: str) -> None:
    """The second line says how the file is stored."""
    audit = make_audit()

    assert expected in printed(replace(audit, source=replace(audit.source, **changes)))


def test_long_names(make_audit: Make) -> None:
    """Long class names are cropped so that both fit."""
    text = printed(make_audit(class_names=("billing " * 20, "bug", "delivery " * 20)))

    line = next(line for line in text.splitlines() if "0.97" in line)
    assert cell_len(line) <= 80
    assert line.startswith("  0.97  billing billing billing")
    assert " → delivery delivery" in line
    assert "bug → delivery delivery" in text


@given(st.text())
def test_printable(text: str) -> None:
    """Any text becomes one line without control characters."""
    shown = printable(text)

    assert all(c.isprintable() or c in "\u200c\u200d" for c in shown)
    assert "  " not in shown


@given(st.text(), st.integers(3, 30))
def test_crop(text: str, cells: int) -> None:
    """A cropped text is at most as wide as asked for, and whole if it fits."""
    sheet, shown = Sheet(Console(file=io.StringIO(), width=80)), printable(text)

    cropped = sheet.crop(shown, cells)

    assert cell_len(cropped) <= cells
    assert (cropped == shown) == (cell_len(shown) <= cells)


def column(name: str, role: Role, why: str = "--x", *, used: bool = True) -> Column:
    """A column."""
    return Column(name, role, used=used, why=why)


def test_order() -> None:
    """The label is first, then the inputs; columns left out are last, with their role."""
    lines = fold_columns(
        [
            column("when", Role.DATETIME, "a constant: left out (--use when keeps it)", used=False),
            column("old", Role.IGNORED, "--ignore"),
            column("size", Role.NUMERIC),
            column("y", Role.LABEL),
        ]
    )

    assert lines == [
        (("y",), "label", "--x"),
        (("size",), "numeric", "--x"),
        (("when",), "left out", "datetime: a constant (--use when keeps it)"),
        (("old",), "left out", "--ignore"),
    ]


def test_few_columns_have_lines_of_their_own() -> None:
    """Up to twelve columns have a line each."""
    lines = fold_columns([column(f"f{i}", Role.NUMERIC) for i in range(12)])

    assert [line.names for line in lines] == [(f"f{i}",) for i in range(12)]


def test_many_are_folded() -> None:
    """With more columns, those with the same role for the same reason share a line."""
    numeric = [column(f"f{i}", Role.NUMERIC) for i in range(12)]

    lines = fold_columns([*numeric, column("y", Role.LABEL), column("g", Role.NUMERIC, "named")])

    assert lines == [
        (("y",), "label", "--x"),
        (tuple(f"f{i}" for i in range(12)), "numeric", "--x"),
        (("g",), "numeric", "named"),
    ]


def test_many_reasons_are_folded() -> None:
    """With too many reasons, the columns of a role share a line, which says where the reasons are."""
    lines = fold_columns([column(f"f{i}", Role.NUMERIC, f"{i} numbers") for i in range(13)])

    assert lines == [(tuple(f"f{i}" for i in range(13)), "numeric", "why: see --verbose")]


def printed_columns(names: Sequence[str], *, verbose: bool = False) -> list[str]:
    """The lines on columns of numbers."""
    file = io.StringIO()
    roles = Roles(tuple(column(name, Role.NUMERIC, "numbers") for name in names))
    source = Source("a.csv", "csv", 1, "ab" * 32)
    print_file(Console(file=file, width=80), FileRead(source, roles, 9, 0, ()), verbose=verbose)
    return file.getvalue().partition("Columns\n")[2].splitlines()


def test_names_are_a_list() -> None:
    """Columns on one line are listed, with the number of those that are not named, and never as a range."""
    assert printed_columns([f"f{i}" for i in range(60)]) == [
        "  f0, f1, f2, f3, f4 and 55 more  numeric  numbers"
    ]
    assert printed_columns(["x" * 40, *[f"f{i}" for i in range(12)]]) == [
        f"  {'x' * 19}… and 12 more  numeric  numbers"
    ]


def test_all_columns() -> None:
    """With all details, each of 60 columns has a line."""
    assert len(printed_columns([f"f{i}" for i in range(60)], verbose=True)) == 60


@pytest.mark.parametrize("n_classes", [3, 40])
@pytest.mark.parametrize(
    "power", [None, Power(assessable=True, why="x", n_planted=9, found_in_first={0.05: 1})]
)
@pytest.mark.parametrize("doubt", [0.1, 0.9])
def test_one_screen(make_audit: Make, n_classes: int, power: Power | None, doubt: float) -> None:
    """What was found and what to do next are at most 24 lines of 80 cells, with a row if any is listed."""
    names = tuple(f"a long name of class {code}" for code in range(n_classes))
    audit = make_audit(
        doubt=[doubt] * 8, class_names=names, power=power, queue_length=5, texts=["word " * 90] * 8
    )
    file = io.StringIO()

    print_found(Console(file=file, width=80), audit, folder=Path("data/tickets.doubt"))

    text = file.getvalue()
    assert text.count("\n") <= 24
    assert text.count("  row ") >= 1
    assert "report.html" in text
    assert "queue.csv" in text


def test_next_step_counts_equal_rows(make_audit: Make) -> None:
    """The next step counts the rows of the queue, and the doubted or equal ones if these are others."""
    audit = make_audit(doubt=(0.1, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.9))
    entries = np.array([0, 1, 2, 3, 4, 5, 6, 4])

    def step(**ranking: Any) -> str:
        ranked = replace(audit, ranking=replace(audit.ranking, **ranking))
        return printed(ranked, verbose=False).partition("Relabel:  ")[2].partition(":")[0]

    assert step() == "2 rows"
    assert step(queue_length=3) == "3 rows (2 doubted)"
    assert step(entries=entries) == "1 row (for 2 rows)"
    assert step(entries=entries, queue_length=3) == "3 rows (for 4 rows; 1 of the 3 doubted)"


def test_next_step_names_the_review(make_audit: Make) -> None:
    """The review of an audit is named, but where the data came from standard input, which is gone."""
    audit = make_audit()
    piped = replace(audit, source=replace(audit.source, path="-"))

    assert "doubt review" in printed(audit, verbose=False)
    assert "doubt review" not in printed(piped, verbose=False)
    assert "queue.csv" in printed(piped, verbose=False)


def test_later_notes() -> None:
    """Notes that become known later follow those printed before, below one title."""
    file = io.StringIO()
    console = Console(file=file, width=80)

    print_notes(console, (), has_title=False)
    print_notes(console, ("one", "two\x1b"), has_title=False)
    print_notes(console, ("three",), has_title=True)

    assert file.getvalue() == "\nNotes\n  - one\n  - two\\x1b\n  - three\n"
