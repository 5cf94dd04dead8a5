"""A queue -> its README.txt: which rows these are, how they were chosen, and what to do with them.

It is a separate file, since programs that read the queue's files can't read a comment in them.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.files.formats import name_corrected_file
from doubtcli.queue.strategies import BALANCED, BUDGET, RANDOM, SPOT_CHECK, TOP
from doubtcli.store import default_folder
from doubtcli.wording.numbers import format_count
from doubtcli.wording.quoting import escape_unprintable, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from doubtcli.records.queue import Queue
    from doubtcli.records.tool import Tool

README_FILE = "README.txt"
STRATEGY_NOTES = {
    TOP: "the most doubted rows, most doubted first.",
    BALANCED: (
        "doubted rows in turns: one of each given label, and within a label one of each strongest reason, so "
        "that no class and no reason crowds out the others. The most doubted rows of each come first."
    ),
    RANDOM: (
        "rows drawn at random from all rows without a verdict, doubted or not; the most doubted ones are "
        "drawn more often. Decide them in their order, and stop where you like: the first rows alone are a "
        "random sample, too. The noise rate is measured on them: don't skip the easy ones. If equal rows are "
        "drawn, each of them is in the queue, since the noise rate is a share of rows."
    ),
    BUDGET: (
        "rows by expected corrections a minute: the row's doubt, divided by the time to read it (238 words a "
        "minute, at most one minute), to look (2 seconds) and to answer (1.5 seconds if the suggestion is "
        "right, else 5). These times are assumptions: trust the order more than the total time."
    ),
    SPOT_CHECK: (
        "all rows of the scan's queue. The first ones were drawn at random from them, each with the same "
        "chance, and are in random order; the others follow, most doubted first. The verdicts on those that "
        "were drawn show how many of these labels are wrong at least, and how often suggestions are right."
    ),
}
"""How each strategy chooses, and in which order."""
EQUAL = (
    "Equal rows (the same cells in every column that models could use, and the same label) are one row of "
    "the queue: doubt_equal_rows says how many it stands for, and its verdict decides them all."
)
DRAWN = "A row that was drawn at random stands for itself alone, so equal rows may come again."
SPREAD = "`doubt apply --spread` gives its verdict to all its equal rows, too."
UNLIKE = (
    "Rows with the same input and different labels are each in the queue, so that you can decide between "
    "them; doubt_conflicts of each names the others."
)
COLUMN_NOTES = {
    "doubt_id": "the row's id: keep it, since verdicts are matched to rows by it",
    "given_label": "the label in the file",
    "doubt_suggested": "the label that doubt suggests; the given label if it found no better one",
    "doubt_score": "the doubt, from 0 (none) to 1 (most)",
    "doubt_reasons": "the reasons to doubt it, strongest first; `doubt explain NAME` explains one",
    "doubt_why": "the same in plain words",
    "doubt_equal_rows": "how many equal rows the verdict decides; write 1 to decide this row alone",
    "tier": "doubted: likelier wrong than right; contradicted: models would write something else",
    "doubt_strategy": "the strategy that chose the row",
    "doubt_conflicts": "ids of rows with the same input and another label, as a JSON list",
    "doubt_row_hash": "shows whether the row has changed since: keep it",
}
SAMPLE_COLUMN_NOTES = {
    "doubt_stratum, doubt_inclusion": "how the row was drawn: keep them, to measure the noise rate",
}
SPOT_CHECK_COLUMN_NOTES = {
    "doubt_stratum, doubt_inclusion": "the row's place, and whether it was drawn: keep them, to count on it",
}
TEXT_WIDTH = 80
TYPED = "    "
"""The start of a line that is to be typed."""
_fill = partial(textwrap.fill, width=TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)


@dataclass(frozen=True)
class QueueOrigin:
    """Which data and audit a queue is from, and the file that its verdicts can be written into."""

    data_path: str
    """The file that was scanned."""
    audit_path: str
    apply_to: str | None
    """The file that verdicts can be written back into; None if there is none."""
    flags: str = ""
    """The flags that the audit was made with: "--id ticket_id"."""


def write_readme(queue: Queue, tool: Tool, origin: QueueOrigin) -> bytes:
    """The text of `README.txt`."""
    return ("\n".join(_compose_readme(queue, tool, origin)) + "\n").encode(errors="backslashreplace")


def count_by_strategy(queue: Queue) -> str:
    """How many rows each strategy chose: "140 by the strategy top, 60 by the strategy random"."""
    counts = Counter(row.strategy for row in queue.rows)
    return ", ".join(f"{n:,} by the strategy {name}" for name, n in counts.items())


def _compose_readme(queue: Queue, tool: Tool, origin: QueueOrigin) -> Iterator[str]:
    data, audit = escape_unprintable(origin.data_path), escape_unprintable(origin.audit_path)
    title = f"{format_count(len(queue.rows), 'row')} of {data} to relabel, for {tool.title}"
    yield from (title, "=" * len(title), "")
    yield fill_paragraph(f"Made by {queue.made_by} from the audit {audit}. {_estimate_worth(queue)}")
    yield from _title_section("Which rows these are", "\n\n".join(_explain_choice(queue, origin)))
    yield from _title_section("What the columns mean", "\n".join(_explain_columns(queue)))
    how = "How to fill them in" if tool.is_filled_in else f"How to load them into {tool.title}"
    yield from _title_section(how, number_steps(tool.how_to_import(queue)))
    yield from _title_section("How to bring them back", number_steps(_list_steps_back(queue, tool, origin)))


def _title_section(title: str, text: str) -> Iterator[str]:
    yield from ("", title, "-" * len(title), "", text)


def _estimate_worth(queue: Queue) -> str:
    minutes = max(1, round(sum(row.minutes for row in queue.rows)))
    takes = f"A person needs about {minutes:,} min for all rows, estimated from how much there is to read."
    if not queue.assessable:
        return takes
    return f"Doubt is the probability that a label is wrong, as far as models can know. {takes}"


def _explain_choice(queue: Queue, origin: QueueOrigin) -> Iterator[str]:
    counts = Counter(row.strategy for row in queue.rows)
    for name, n in counts.items():
        yield fill_paragraph(f"{n:,} by the strategy {name}: {STRATEGY_NOTES[name]}")
    if len(counts) > 1:
        yield fill_paragraph(
            "They are in this order; a row that several strategies would choose is in the queue once."
        )
    yield fill_paragraph(_explain_equal_rows(queue, origin))
    for note in queue.notes:
        yield fill_paragraph(f"Note: {escape_unprintable(note)}.")


def _explain_equal_rows(queue: Queue, origin: QueueOrigin) -> str:
    stand = [f"So these {len(queue.rows):,} rows stand for {queue.n_equal_rows:,}."]
    drawn = [DRAWN, *([SPREAD] if origin.apply_to else [])]
    return " ".join(
        (
            EQUAL,
            *(stand if queue.n_equal_rows > len(queue.rows) else ()),
            *(drawn if queue.is_sampled else ()),
            UNLIKE,
        )
    )


def _explain_columns(queue: Queue) -> Iterator[str]:
    notes = COLUMN_NOTES | (SAMPLE_COLUMN_NOTES if queue.is_sampled else {})
    notes |= SPOT_CHECK_COLUMN_NOTES if queue.is_spot_check else {}
    return (fill_hanging(f"{name}: ", about) for name, about in notes.items())


def _list_steps_back(queue: Queue, tool: Tool, origin: QueueOrigin) -> Iterator[str]:
    yield from tool.how_to_export
    if origin.apply_to is None:
        yield "`doubt apply` can't write the verdicts back: see the note above."
    is_drawn = queue.is_sampled or queue.is_spot_check
    if origin.apply_to is not None or is_drawn:
        saved = f"replace {tool.answers_file} with the path of the file that you saved"
        yield f"Go to the folder where `doubt queue` was run. In the commands below, {saved}."
    if origin.apply_to is not None:
        yield "Write the verdicts back:"
        yield f"{TYPED}doubt apply {_write_apply_words(origin.apply_to, origin.audit_path, tool)}"
        if queue.is_spot_check:
            yield "Or also accept suggestions, where the verdicts show that they are right:"
            apply_words = _write_apply_words(origin.apply_to, origin.audit_path, tool)
            yield f"{TYPED}doubt apply {apply_words} --accept-suggestions --at-least 95%"
    if is_drawn:
        yield (
            "See how many of these labels are wrong at least:"
            if queue.is_spot_check
            else "Measure the noise rate on the rows that were drawn at random:"
        )
        output = f"-o {shell_word(_name_measured_audit(origin.data_path))}"
        words = (shell_word(origin.data_path), origin.flags, f"--verdicts {tool.answers_file}", output)
        yield f"{TYPED}doubt scan {' '.join(filter(None, words))}"


def _write_apply_words(path: str, audit_path: str, tool: Tool) -> str:
    is_beside = default_folder(path) == Path(audit_path)
    audit = "" if is_beside else f" --audit {shell_word(audit_path)}"
    verdicts = f"--verdicts {tool.answers_file}{tool.apply_flags}"
    return f"{shell_word(path)}{audit} {verdicts} -o {shell_word(name_corrected_file(path))}"


def _name_measured_audit(path: str) -> str:
    """The name of a second audit beside a file, so that the audit of the queue is kept to compare with."""
    folder = default_folder(path)
    return str(folder.with_name(f"{folder.stem}.measured{folder.suffix}"))


# ---------------------------------------------------------------- lines of 80 characters


def fill_paragraph(text: str) -> str:
    """A text in lines; a word that is longer than a line stays whole."""
    return _fill(text)


def fill_hanging(lead: str, text: str) -> str:
    """A text after a lead, with its other lines indented."""
    return _fill(lead + text, subsequent_indent=" " * min(len(lead), len(TYPED)))


def number_steps(steps: Iterable[str]) -> str:
    """Steps with their numbers; lines to be typed belong to the step before, with an empty line between."""
    number, lines, was_typed = 0, [""], False
    for step in steps:
        is_typed = step.startswith(TYPED)
        if is_typed is not was_typed:
            lines.append("")
        number += not is_typed
        lines.append(step if is_typed else fill_hanging(f"{number}. ", step))
        was_typed = is_typed
    return "\n".join(lines[1:])
