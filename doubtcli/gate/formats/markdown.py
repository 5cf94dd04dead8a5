"""What a gate found -> Markdown for a job's summary: the outcome, the limits, the worst rows, what to do."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from doubtcli.gate.limit_words import describe_outcome, make_limit_lines
from doubtcli.gate.result import Change, Outcome
from doubtcli.gate.sentences import explain_finding, fit_on_line, list_failing_new_first, print_next
from doubtcli.wording.lists import and_more
from doubtcli.wording.numbers import format_count, format_score

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.gate.limit_words import LimitLine
    from doubtcli.gate.result import FileResult, Finding, GateResult

MOST_TABLE_ROWS = 50
MOST_LIMITS = 100
MOST_FILES = 20
MOST_LAPSED_LISTED = 20
MOST_NOTES = 3
"""Notes per file."""
MOST_STEPS = 20_000
"""Characters of the next steps: a command can't be cut, and beyond 1,024 KiB GitHub shows nothing at all."""
_NAME, _SENTENCE, _WHY = 80, 200, 300
"""Characters of an id or a label, of a sentence about a file or a limit, and of a row's reasons."""
_SIGNS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌"}
_UNKNOWN = "❔"
_MARKS = re.compile(
    r"""[\\`*{}\[\]<>()#+!|~&@$^"']|(?<=[wW])\.|:(?!\s|$)|(?<![^\W_])_|_(?![^\W_])"""
    r"""|^[-=]|^\d(?=\d*\.(?:\s|$))"""
)
"""Characters with a meaning in GitHub's Markdown, within a line or at its start; as character references they
have none. Where they have no meaning they stay readable: `a_b`, `a: b`, `0.97`."""
_AFTER_MARKS = re.compile("(&#(?:58|64|35);)")
"""After `:`, `@` and `#`: GitHub resolves references first, and then looks for emoji, people and issues."""
_IN_ADDRESSES = re.compile(r"(&#64;)(?=[\w.-]|&#95;)")
"""Addresses are turned into links even within code."""
_NOTHING = r"\1<!-- -->"
"""An invisible comment, which separates a mark from what follows."""
_FENCE = "```"


def render_markdown(result: GateResult) -> str:
    """The summary; nothing in the data is taken for markup."""
    lines = [
        f"## {'✅' if result.passed else '❌'} {escape_words(describe_outcome(result), _SENTENCE)}",
        "",
        *_list_file_lines(result),
        *_make_limit_table(result),
        *_make_row_table(result),
        *_list_lapsed_waivers(result),
        *_list_next_steps(result),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sort_failed_first(result: GateResult) -> list[FileResult]:
    """The files, those that failed first."""
    return sorted(result.files, key=lambda file: file.passed)


def _list_file_lines(result: GateResult) -> Iterator[str]:
    """One line per file, with its notes below it."""
    files = _sort_failed_first(result)
    for file in files[:MOST_FILES]:
        yield f"- {format_code(file.path, _SENTENCE)}: {'; '.join(_count_contents(file))}"
        yield from (
            f"  - {escape_words(note, _SENTENCE)}" for note in file.notes[:MOST_NOTES] if note.strip()
        )
    yield from _count_left_out(len(files) - MOST_FILES, "file", "- ")
    yield ""


def _count_contents(file: FileResult) -> Iterator[str]:
    """Counts of rows, doubts and waivers, and how doubts changed since the baseline."""
    labelled = "" if file.n_labelled == file.n_rows else f", {format_count(file.n_labelled)} with a label"
    yield f"{format_count(file.n_rows, 'row')}{labelled}"
    n_waived = len({finding.row for finding in file.waived})
    yield f"{format_count(file.n_doubted)} doubted{f', {format_count(n_waived)} waived' if n_waived else ''}"
    if file.comparison:
        one = file.comparison
        kinds = {"new": one.n_new, "known": one.n_known, "gone": len(one.gone)}
        changes = ", ".join(f"{format_count(n)} {kind}" for kind, n in kinds.items())
        yield f"since the baseline {format_code(one.path, _NAME)}: {changes}"


# ------------------------------------------------------------------------ tables


def _make_limit_table(result: GateResult) -> Iterator[str]:
    """The limits of all files, those that were not met first."""
    lines = [(file, line) for file in _sort_failed_first(result) for line in make_limit_lines(file.checks)]
    lines.sort(key=lambda one: one[1].state == Outcome.PASSED)
    many = len(result.files) > 1
    heads = ["Limit", "Outcome", "Value", "Bound", "Measured"]
    yield from ["### Limits", ""]
    yield from make_markdown_table(
        [*["File"] * many, *heads],
        (
            [*[format_code(file.path, _NAME)] * many, *_make_limit_cells(line)]
            for file, line in lines[:MOST_LIMITS]
        ),
    )
    yield ""
    yield from _count_left_out(len(lines) - MOST_LIMITS, "limit")


def _make_limit_cells(line: LimitLine) -> list[str]:
    sign = next((sign for state, sign in _SIGNS.items() if state == line.state), _UNKNOWN)
    why = escape_words(line.why, _SENTENCE)
    return [format_code(line.name, _NAME), f"{sign} {line.state}", line.value, line.bound, why]


def _make_row_table(result: GateResult) -> Iterator[str]:
    """The rows because of which limits failed, new ones first, then most doubted first."""
    failing = list_failing_new_first(result.files)
    if not failing:
        return
    many = len(result.files) > 1
    heads = ["Row", "Label", "Suggested", "Doubt", "Why"]
    yield from ["### Rows over a limit", ""]
    yield from make_markdown_table(
        [*["File"] * many, *heads],
        (
            [*[format_code(file.path, _NAME)] * many, *_make_row_cells(one, result.rules)]
            for file, one in failing[:MOST_TABLE_ROWS]
        ),
    )
    yield ""
    yield from _count_left_out(len(failing) - MOST_TABLE_ROWS, "row")


def _make_row_cells(finding: Finding, rules: Mapping[str, str]) -> list[str]:
    place = f"line {finding.lines[0]}" if finding.lines else f"row {finding.row}"
    given, suggested = finding.given_label, finding.suggested_label
    new = "**new** " if finding.change is Change.NEW else ""
    return [
        f"{format_code(finding.row_id, _NAME)}, {place}",
        "no label" if given is None else format_code(given, _NAME),
        "" if suggested is None or suggested == given else format_code(suggested, _NAME),
        "" if finding.doubt is None else escape_words(format_score(finding.doubt), _NAME),
        f"{new}{escape_words(explain_finding(finding, rules), _WHY)}",
    ]


# -------------------------------------------------------------------------- parts


def _list_lapsed_waivers(result: GateResult) -> Iterator[str]:
    """The waivers that applied to no row, each with the reason."""
    if not result.lapsed:
        return
    yield from ["### Waivers that applied to no row", ""]
    for lapsed in result.lapsed[:MOST_LAPSED_LISTED]:
        waiver, why = lapsed.waiver, escape_words(lapsed.why, _SENTENCE)
        yield f"- {format_code(waiver.row_id, _NAME)} (number {waiver.number}): {why}"
    yield from _count_left_out(len(result.lapsed) - MOST_LAPSED_LISTED, "waiver", "- ")
    yield ""


def _list_next_steps(result: GateResult) -> Iterator[str]:
    """What to do about a gate that failed, as it is printed in a terminal."""
    from rich.console import Console

    from doubtcli.wording.sheet import Sheet

    printed = StringIO()
    print_next(Sheet(Console(file=printed, width=110, color_system=None)), result)
    steps = printed.getvalue().split("\n")[2:-1]
    if steps and sum(map(len, steps)) <= MOST_STEPS:
        yield from ["### Next", "", *make_block([line.removeprefix("  ") for line in steps])]


def _count_left_out(n: int, noun: str, lead: str = "") -> Iterator[str]:
    """How many are not listed."""
    if rest := and_more(n, noun):
        yield from [f"{lead}{rest}", *[""] * (not lead)]


# ----------------------------------------------------------------------------- text


def escape_words(text: str, most: int) -> str:
    """A sentence without markup, cut to so many characters."""
    return _AFTER_MARKS.sub(_NOTHING, _escape_marks(text.strip(), most))


def format_code(text: str, most: int) -> str:
    """A name as code, cut to so many characters; a blank one is put in quotes."""
    shown = text if text.strip() else f'"{text}"'
    return f"<code>{_IN_ADDRESSES.sub(_NOTHING, _escape_marks(shown, most))}</code>"


def _escape_marks(text: str, most: int) -> str:
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", fit_on_line(text, most))


def make_markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; the cells are Markdown."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def make_block(lines: Sequence[str]) -> list[str]:
    """Lines shown as they are, between fences that are longer than any in them."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(len(_FENCE), longest + 1)
    return [f"{fence}text", *lines, fence]
