"""What a gate found -> Markdown for a job's summary: the verdict, the limits, the worst rows, what to do."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from doubtcli.gate.limit_words import limit_lines, verdict
from doubtcli.gate.result import Change, Outcome
from doubtcli.gate.sentences import failing_first_new, on_a_line, print_next, why_words
from doubtcli.wording.lists import and_more
from doubtcli.wording.numbers import count, score

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.gate.limit_words import LimitLine
    from doubtcli.gate.result import FileResult, Finding, GateResult

MOST_TABLE_ROWS = 50
MOST_LIMITS = 100
MOST_FILES = 20
MOST_LAPSED_LISTED = 20
MOST_NOTES = 3
"""Of a file."""
MOST_STEPS = 20_000
"""Characters of what to do next: a command can't be cut, and past 1,024 KiB GitHub shows nothing at all."""
_NAME, _TOLD, _WHY = 80, 200, 300
"""Characters of an id or a label, of what is told of a file or a limit, and of a row's reasons."""
_SIGNS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌"}
_UNKNOWN = "❔"
_MARKS = re.compile(
    r"""[\\`*{}\[\]<>()#+!|~&@$^"']|(?<=[wW])\.|:(?!\s|$)|(?<![^\W_])_|_(?![^\W_])"""
    r"""|^[-=]|^\d(?=\d*\.(?:\s|$))"""
)
"""What begins anything in GitHub's Markdown, within a line or at its start; as character references they
begin nothing. What is no mark stays readable: `a_b`, `a: b`, `0.97`."""
_AFTER_MARKS = re.compile("(&#(?:58|64|35);)")
"""Of `:`, `@` and `#`: GitHub looks for emoji names, people and issues once references are characters."""
_IN_ADDRESSES = re.compile(r"(&#64;)(?=[\w.-]|&#95;)")
"""They are linked even in typewriter letters."""
_NOTHING = r"\1<!-- -->"
"""A comment, which parts a mark from what follows, and nobody sees."""
_FENCE = "```"


def render_markdown(result: GateResult) -> str:
    """The summary; nothing in it that the data holds is taken for markup."""
    lines = [
        f"## {'✅' if result.passed else '❌'} {words(verdict(result), _TOLD)}",
        "",
        *_files(result),
        *_limits(result),
        *_row_table(result),
        *_lapsed_section(result),
        *_next(result),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _ordered(result: GateResult) -> list[FileResult]:
    """Files that failed come first."""
    return sorted(result.files, key=lambda file: file.passed)


def _files(result: GateResult) -> Iterator[str]:
    """One line a file."""
    files = _ordered(result)
    for file in files[:MOST_FILES]:
        yield f"- {code(file.path, _TOLD)}: {'; '.join(_what_stands_in(file))}"
        yield from (f"  - {words(note, _TOLD)}" for note in file.notes[:MOST_NOTES] if note.strip())
    yield from _left_out_lines(len(files) - MOST_FILES, "file", "- ")
    yield ""


def _what_stands_in(file: FileResult) -> Iterator[str]:
    """Rows, doubts, waivers, and what became of the doubts since the baseline."""
    labelled = "" if file.n_labelled == file.n_rows else f", {count(file.n_labelled)} with a label"
    yield f"{count(file.n_rows, 'row')}{labelled}"
    n_waived = len({finding.row for finding in file.waived})
    yield f"{count(file.n_doubted)} doubted{f', {count(n_waived)} waived' if n_waived else ''}"
    if file.comparison:
        one = file.comparison
        told = f"{count(one.n_new)} new, {count(one.n_known)} known, {count(len(one.gone))} gone"
        yield f"since the baseline {code(one.path, _NAME)}: {told}"


# ------------------------------------------------------------------------ tables


def _limits(result: GateResult) -> Iterator[str]:
    """Those that were not met first, whatever file they are of."""
    lines = [(file, line) for file in _ordered(result) for line in limit_lines(file.checks)]
    lines.sort(key=lambda one: one[1].state == Outcome.PASSED)
    many = len(result.files) > 1
    heads = ["Limit", "Outcome", "Value", "Bound", "Measured"]
    yield from ["### Limits", ""]
    yield from table(
        [*["File"] * many, *heads],
        ([*[code(file.path, _NAME)] * many, *_limit_cells(line)] for file, line in lines[:MOST_LIMITS]),
    )
    yield ""
    yield from _left_out_lines(len(lines) - MOST_LIMITS, "limit")


def _limit_cells(line: LimitLine) -> list[str]:
    sign = next((sign for state, sign in _SIGNS.items() if state == line.state), _UNKNOWN)
    told = words(line.why, _TOLD)
    return [code(line.name, _NAME), f"{sign} {line.state}", line.value, line.bound, told]


def _row_table(result: GateResult) -> Iterator[str]:
    """The rows that made limits fail, new ones first, most doubted first."""
    failing = failing_first_new(result.files)
    if not failing:
        return
    many = len(result.files) > 1
    heads = ["Row", "Label", "Suggested", "Doubt", "Why"]
    yield from ["### Rows over a limit", ""]
    yield from table(
        [*["File"] * many, *heads],
        (
            [*[code(file.path, _NAME)] * many, *_row_cells(one, result.rules)]
            for file, one in failing[:MOST_TABLE_ROWS]
        ),
    )
    yield ""
    yield from _left_out_lines(len(failing) - MOST_TABLE_ROWS, "row")


def _row_cells(finding: Finding, rules: Mapping[str, str]) -> list[str]:
    place = f"line {finding.lines[0]}" if finding.lines else f"row {finding.row}"
    given, suggested = finding.given_label, finding.suggested_label
    new = "**new** " if finding.change is Change.NEW else ""
    return [
        f"{code(finding.row_id, _NAME)}, {place}",
        "no label" if given is None else code(given, _NAME),
        "" if suggested is None or suggested == given else code(suggested, _NAME),
        "" if finding.doubt is None else words(score(finding.doubt), _NAME),
        f"{new}{words(why_words(finding, rules), _WHY)}",
    ]


# -------------------------------------------------------------------------- parts


def _lapsed_section(result: GateResult) -> Iterator[str]:
    """The waivers that held for nothing, each with why."""
    if not result.lapsed:
        return
    yield from ["### Waivers that did not hold", ""]
    for lapsed in result.lapsed[:MOST_LAPSED_LISTED]:
        waiver, why = lapsed.waiver, words(lapsed.why, _TOLD)
        yield f"- {code(waiver.row_id, _NAME)} (number {waiver.number}): {why}"
    yield from _left_out_lines(len(result.lapsed) - MOST_LAPSED_LISTED, "waiver", "- ")
    yield ""


def _next(result: GateResult) -> Iterator[str]:
    """What a person may do about a gate that failed, as the terminal tells it."""
    from rich.console import Console

    from doubtcli.wording.sheet import Sheet

    printed = StringIO()
    print_next(Sheet(Console(file=printed, width=110, color_system=None)), result)
    steps = printed.getvalue().split("\n")[2:-1]
    if steps and sum(map(len, steps)) <= MOST_STEPS:
        yield from ["### Next", "", *block([line.removeprefix("  ") for line in steps])]


def _left_out_lines(n: int, noun: str, lead: str = "") -> Iterator[str]:
    """How many are not listed."""
    if rest := and_more(n, noun):
        yield from [f"{lead}{rest}", *[""] * (not lead)]


# ----------------------------------------------------------------------------- text


def words(text: str, most: int) -> str:
    """A sentence, cut to so many characters."""
    return _AFTER_MARKS.sub(_NOTHING, _referenced(text.strip(), most))


def code(text: str, most: int) -> str:
    """A name in typewriter letters, cut to so many characters; one that nobody could see is put in quotes."""
    seen = text if text.strip() else f'"{text}"'
    return f"<code>{_IN_ADDRESSES.sub(_NOTHING, _referenced(seen, most))}</code>"


def _referenced(text: str, most: int) -> str:
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", on_a_line(text, most))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; the cells are Markdown."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def block(lines: Sequence[str]) -> list[str]:
    """Lines shown as they are, between fences that none of them can close."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(len(_FENCE), longest + 1)
    return [f"{fence}text", *lines, fence]
