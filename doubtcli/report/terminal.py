"""An audit -> what `doubt scan` prints: with colours and bars on a terminal, as plain text into a pipe."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.files.formats import find_title
from doubtcli.rank.figures import count_rows_to_decide, list_queued_rows
from doubtcli.records import Role
from doubtcli.report.findings import print_confusions, print_findings, print_first_rows, print_rows
from doubtcli.report.summary import summarize
from doubtcli.wording.lists import and_more, join_first
from doubtcli.wording.numbers import format_count, format_size
from doubtcli.wording.quoting import printable, printable_path, shell_word
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from pathlib import Path

    from rich.console import Console

    from doubtcli.records import Column, FileRead, ScanResult
    from doubtcli.report.summary import Summary

NAME_SHARE = 0.4
"""The part of a line that names of columns may take."""

MOST_LINES = 12
"""A table with more columns is shown by kinds of column: this is half of a screen of 24 lines."""
SCREEN_LINES = 24
"""Lines of a terminal at least: the most for what was found and what to do next. The first line is empty, so
that the rest is in sight above the next prompt."""
TOP_IF_VERBOSE = 10
MOST_RULES = 3
"""How many of the user's rules have a line if not verbose: as many as rows are listed."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
FILES = {
    "report.html": "the whole audit as one page",
    "queue.csv": "{queued}",
    "doubts.parquet": "every row with its doubt, and what each reason says",
    "audit.json": "what was scanned, with which settings, and the results",
}


def print_file(console: Console, file: FileRead, *, verbose: bool = False) -> None:
    """Print what was read: how it is stored, its columns, and notes; its path is printed already.

    Text from the data is printed as it is, never as markup, and its control characters are escaped.

    Args:
        console: Where to print.
        file: What was read.
        verbose: Whether each column has a line of its own, in a table of any width.
    """
    sheet = Sheet(console)
    _print_source(sheet, file)
    _print_columns(sheet, file.roles.columns, verbose=verbose)
    print_notes(console, file.notes, has_title=False)


def print_notes(console: Console, notes: Sequence[str], *, has_title: bool) -> None:
    """Print notes, each with a dash; below the notes that were printed before, if these have a title."""
    sheet = Sheet(console)
    if notes and not has_title:
        sheet.title("Notes")
    for note in notes:
        sheet.hang(sheet.indent("- "), printable(note))


def print_found(
    console: Console, audit: ScanResult, *, folder: Path, top: int | None = None, verbose: bool = False
) -> None:
    """Print what a scan found, the most doubted rows, and what to do next: together at most a screen.

    Args:
        console: Where to print; bars are drawn only on a terminal.
        audit: The result of a scan.
        folder: The audit directory.
        top: How many of the most doubted rows to list; as many as fit if None.
        verbose: Whether to print everything else, too.
    """
    sheet, summary = Sheet(console), summarize(audit)
    found = partial(_print_figures, sheet, summary, verbose=verbose)
    steps = partial(_print_next, sheet, audit, folder, verbose=verbose)
    found()
    if verbose:
        print_confusions(sheet, summary)
        print_rows(sheet, audit, summary, TOP_IF_VERBOSE if top is None else top)
        sheet.print_list("Reasons skipped", _group_skipped(audit))
        _print_files(sheet, audit, folder)
    elif top is None:
        print_first_rows(sheet, audit, summary, SCREEN_LINES - sheet.count_lines(found, steps))
    else:
        print_rows(sheet, audit, summary, top)
    steps()


def _print_figures(sheet: Sheet, summary: Summary, *, verbose: bool) -> None:
    """What was found, and below it a line for each of the user's rules."""
    print_findings(sheet, summary, verbose=verbose)
    rules = summary.rule_sentences
    if rules:
        n_shown = len(rules) if verbose else MOST_RULES
        sheet.print_list("Rules", [*rules[:n_shown], *filter(None, [and_more(len(rules) - n_shown, "rule")])])


def _print_source(sheet: Sheet, file: FileRead) -> None:
    source, rows = file.source, format_count(file.n_rows, "row")
    if file.n_unlabelled:
        rows += f", {format_count(file.n_unlabelled)} of them without a label (set aside)"
    sheet.hang(sheet.indent(), rows)
    stored = [find_title(source.format), source.compression, _name_encoding(source.encoding)]
    if source.delimiter:
        stored.append(_name_delimiter(source.delimiter))
    if source.sheet:
        stored.append(f"sheet {source.sheet!r}")
    parts = (*stored, format_size(source.size))
    sheet.hang(sheet.indent(), printable(", ".join(part for part in parts if part)), "dim")


def _name_encoding(name: str | None) -> str | None:
    """An encoding as people write it: "UTF-8", "windows-1252"."""
    return name.upper() if name and name.startswith("utf") else name


def _name_delimiter(delimiter: str) -> str:
    """How values are separated: "comma-separated"."""
    name = DELIMITERS.get(delimiter)
    return f"{name}-separated" if name else f"separated by {delimiter!r}"


def _print_columns(sheet: Sheet, columns: Sequence[Column], *, verbose: bool) -> None:
    sheet.title("Columns")
    most_lines = len(columns) if verbose else MOST_LINES
    lines = [(_show_names(sheet, line), line) for line in fold_columns(columns, most_lines)]
    name_cells = max(cell_len(names) for names, _ in lines)
    use_cells = max(len(line.use) for _, line in lines)
    for names, line in lines:
        style = {LEFT_OUT: "dim", Role.LABEL: "bold"}.get(line.use, "")
        cells = f"{sheet.pad(names, name_cells)}  {sheet.pad(line.use, use_cells)}  "
        sheet.hang(sheet.indent((cells, style)), printable(line.why), "dim")


def _show_names(sheet: Sheet, line: ColumnLine) -> str:
    """The names as a list: all of them, or as many as fit and how many more there are."""
    cells = int(sheet.width * NAME_SHARE)
    names = [printable(name) for name in line.names]
    for n_named in range(len(names), 1, -1):
        listed = join_first(names, n_named)
        if cell_len(listed) <= cells:
            return listed
    rest = join_first(["", *names[1:]], 1)
    return sheet.crop(names[0], cells - cell_len(rest)) + rest


def _group_skipped(audit: ScanResult) -> list[str]:
    """Why reasons were skipped, those with the same cause together."""
    by_cause: dict[str, list[str]] = defaultdict(list)
    for reason in audit.skipped:
        by_cause[reason.why].append(reason.name)
    return [f"{', '.join(names)}: {why}" for why, names in by_cause.items()]


def _describe_queue(audit: ScanResult) -> str:
    """How many rows are queued, how many they stand for, and how many are doubted if not all are."""
    n_rows, n_doubted, n_equal = _count_queue(audit)
    text = f"{format_count(n_rows, 'row')} to check"
    if n_equal > n_rows:
        text += f", which stand for {n_equal:,}"
    if n_doubted != n_rows:
        text += f", {format_count(n_doubted) if n_doubted else 'none'} of them doubted"
    if audit.sample is not None:
        text += f"; the first {format_count(len(audit.sample.rows))} are a random sample"
    return text


def _count_queue(audit: ScanResult) -> tuple[int, int, int]:
    """How many rows `queue.csv` has, how many of them are doubted, and how many rows they stand for."""
    queue = list_queued_rows(audit, audit.settings.get("queue_size"))
    return len(queue), int(audit.ranking.doubted[queue].sum()), count_rows_to_decide(audit, queue)


def _print_files(sheet: Sheet, audit: ScanResult, folder: Path) -> None:
    sheet.title(f"Written to {printable_path(str(folder))}")
    cells = max(map(len, FILES))
    for name, what in FILES.items():
        lead = sheet.indent(sheet.pad(name, cells), "  ")
        sheet.hang(lead, what.format(queued=_describe_queue(audit)), "dim")


def _print_next(sheet: Sheet, audit: ScanResult, folder: Path, *, verbose: bool) -> None:
    sheet.title("Next")
    _print_step(sheet, "Look:     ", "in a browser, open", str(folder / "report.html"))
    n_rows, n_doubted, n_equal = _count_queue(audit)
    if n_rows:
        is_grouped = n_equal > n_rows
        asides = [f"for {n_equal:,} rows"] if is_grouped else []
        if n_doubted < n_rows:
            asides.append(
                f"{n_doubted:,} of the {n_rows:,} doubted" if is_grouped else f"{n_doubted:,} doubted"
            )
        which = format_count(n_rows, "row") + (f" ({'; '.join(asides)})" if asides else "")
        _print_relabelling(sheet, which, folder, can_review=audit.source.path != STANDARD_INPUT)
    if not verbose:
        sheet.print(sheet.indent("Details:  on the page, or here with --verbose"))


def _print_relabelling(sheet: Sheet, rows: str, folder: Path, *, can_review: bool) -> None:
    """How to decide on the queue: in a review, which reads the file again, or by hand."""
    lead, by_hand = "Relabel:  ", "enter labels under verdict in"
    if can_review:
        _print_step(sheet, lead, f"{rows}:", f"doubt review {shell_word(str(folder))}")
        lead, by_hand = " " * len(lead), f"or {by_hand}"
    else:
        by_hand = f"{rows}: {by_hand}"
    _print_step(sheet, lead, by_hand, str(folder / "queue.csv"))


def _print_step(sheet: Sheet, lead: str, words: str, copied: str) -> None:
    """What to do, with a path or command; a long one is on a line of its own, uncut, to be copied."""
    shown = printable_path(copied)
    fits = cell_len(lead + words + shown) + len("   ") <= sheet.width
    if not fits:
        sheet.hang(sheet.indent(lead), words)
    sheet.print(sheet.indent(*((lead, words, " ") if fits else (" " * len(lead),)), (shown, "bold")))


LEFT_OUT = "left out"


class ColumnLine(NamedTuple):
    """One column, or several of one kind."""

    names: tuple[str, ...]
    """In file order."""
    use: str
    """The role; "left out" if the columns are not used."""
    why: str


def fold_columns(columns: Sequence[Column], most_lines: int = MOST_LINES) -> list[ColumnLine]:
    """How the columns are used: the label first, columns left out last, many of one kind on one line."""
    ordered = sorted(columns, key=lambda column: (_is_left_out(column), *_place_of_role(column.role)))
    if len(ordered) <= most_lines:
        return [_fold_line([column]) for column in ordered]
    lines = _fold_kinds(ordered, lambda column: (_is_left_out(column), column.role, column.why))
    if len(lines) <= most_lines:
        return lines
    return _fold_kinds(ordered, lambda column: (_is_left_out(column), column.role))


def _place_of_role(role: str) -> tuple[int, str]:
    """Where a role is listed; roles from plug-ins follow our own inputs, by name."""
    known = list(Role)
    return (known.index(Role(role)), "") if role in known else (known.index(Role.EMBEDDING), role)


def _fold_kinds(columns: Iterable[Column], kind: Callable[[Column], Hashable]) -> list[ColumnLine]:
    kinds: dict[Hashable, list[Column]] = defaultdict(list)
    for column in columns:
        kinds[kind(column)].append(column)
    return [_fold_line(alike) for alike in kinds.values()]


def _fold_line(alike: Sequence[Column]) -> ColumnLine:
    names, first = tuple(column.name for column in alike), alike[0]
    causes = {column.why for column in alike}
    why = first.why if len(causes) == 1 else "why: see --verbose"
    if not _is_left_out(first):
        return ColumnLine(names, first.role, why)
    once = why.replace(f": {LEFT_OUT}", "")  # the column "use" has it already
    return ColumnLine(names, LEFT_OUT, once if first.role == Role.IGNORED else f"{first.role}: {once}")


def _is_left_out(column: Column) -> bool:
    return not column.used or column.role == Role.IGNORED
