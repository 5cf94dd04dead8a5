"""A queue -> its head: in plain words which rows these are, how they were chosen, and what to do with them.

It stands beside the queue's files, since a comment within them would break whoever reads them.
"""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doubtcli.relabel.choose.shares import AUDIT, BALANCED, BUDGET, TOP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.relabel.formats.format import Format
    from doubtcli.relabel.task import Queue

HEAD_FILE = "README.txt"
WIDTH = 80
CHOSEN = {
    TOP: "the most doubted rows, in this order. Doubt is the probability that a label is wrong.",
    BALANCED: (
        "doubted rows in turns: one of each given label, and within a label one of each strongest reason, so "
        "that no class and no reason crowds out the rest. The most doubted ones of each come first."
    ),
    AUDIT: (
        "rows drawn at random from all that are undecided, doubted or not, more densely where doubt is "
        "unsure. They stand in the order of the draw, which tells nothing about them, so that the first half "
        "alone is a random sample, too. The noise rate is measured on them: don't leave out the dull ones. "
        "Each comes for itself, even where two are equal, since the rate is a share of rows."
    ),
    BUDGET: (
        "rows by the corrections to be expected a minute: the row's doubt, by how long it takes to read it "
        "(238 words a minute, at most one minute), to look (2 seconds) and to answer (1.5 seconds where the "
        "suggestion is right, else 5). These times are assumptions: trust the order more than the sum."
    ),
}
"""How each strategy chooses, and in which order."""
EQUAL = (
    "Rows of equal input and equal label come once; doubt_duplicates names the others, for which the same "
    "verdict may be meant. Rows of equal input and unlike labels are what is to be decided: they come apart, "
    "and name each other in doubt_conflicts."
)
COLUMNS = {
    "doubt_id": "the row's id: it must come back",
    "given_label": "the label in the file",
    "doubt_suggested": "what doubt would write instead; the given label where nothing better is seen",
    "doubt_score": "the doubt, from 0 (none) to 1 (most): high is doubtful",
    "doubt_reasons": "the reasons that speak, strongest first; `doubt explain NAME` explains one",
    "doubt_why": "the same in plain words",
    "doubt_strategy": "which strategy brought the row",
    "doubt_duplicates": "ids of rows with the same input and the same label, as a JSON list",
    "doubt_conflicts": "ids of rows with the same input and another label, as a JSON list",
}
SAMPLE_COLUMNS = {
    "doubt_stratum, doubt_inclusion": "how the row was drawn; the noise rate needs them back as they are",
}


@dataclass(frozen=True)
class Origin:
    """Where a queue is from."""

    data_path: str
    audit_path: str
    flags: str = ""
    """By which the audit was made: "--id ticket_id"."""


def write_head(queue: Queue, format_: Format, origin: Origin) -> bytes:
    """The text of `README.txt`."""
    return ("\n".join(_sections(queue, format_, origin)) + "\n").encode(errors="backslashreplace")


def brought(queue: Queue) -> str:
    """How many rows each strategy brought: "140 by top, 60 by audit"."""
    counts = Counter(task.strategy for task in queue.tasks)
    return ", ".join(f"{n:,} by {name}" for name, n in counts.items())


def _sections(queue: Queue, format_: Format, origin: Origin) -> Iterator[str]:
    title = f"{len(queue.tasks):,} rows of {_printable(origin.data_path)} to relabel, for {format_.title}"
    yield from (title, "=" * len(title), "")
    yield _paragraph(
        f"Made by {queue.made_by} from the audit {_printable(origin.audit_path)}. {_worth(queue)}"
    )
    yield from _section("Which rows these are", _chosen(queue))
    yield from _section("What stands beside each row", _columns(queue))
    in_ = "How to fill them in" if format_.is_ours else f"How to load them into {format_.title}"
    yield from _section(in_, _steps(format_.load(queue)))
    yield from _section("How to bring them back", _steps((*format_.back, *_apply(queue, format_, origin))))


def _worth(queue: Queue) -> str:
    minutes = max(1, round(sum(task.minutes for task in queue.tasks)))
    takes = (
        f"To decide them all takes a person about {minutes:,} min, by the model of time that the strategy "
        "budget goes by."
    )
    if not queue.assessable:
        return takes
    n_wrong = round(sum(task.doubt for task in queue.tasks))
    return f"By their doubts, about {n_wrong:,} of these {len(queue.tasks):,} labels are wrong. {takes}"


def _chosen(queue: Queue) -> Iterator[str]:
    counts = Counter(task.strategy for task in queue.tasks)
    for name, n in counts.items():
        yield _paragraph(f"{n:,} by {name}: {CHOSEN[name]}")
    yield _paragraph(EQUAL)
    if len(counts) > 1:
        yield _paragraph("They stand in this order; a row that several strategies would bring comes once.")
    for note in queue.notes:
        yield _paragraph(f"Note: {_printable(note)}.")


def _columns(queue: Queue) -> Iterator[str]:
    told = COLUMNS | (SAMPLE_COLUMNS if queue.is_sampled else {})
    yield "\n".join(_hanging(f"{name}: ", about) for name, about in told.items())


def _steps(steps: tuple[str, ...]) -> Iterator[str]:
    """Numbered steps; what is indented is to be typed, and belongs to the step before."""
    number, lines = 0, []
    for step in steps:
        if step.startswith("    "):
            lines.append(step)
        else:
            number += 1
            lines.append(_hanging(f"{number}. ", step))
    yield "\n".join(lines)


def _apply(queue: Queue, format_: Format, origin: Origin) -> tuple[str, ...]:
    data, audit = shlex.quote(origin.data_path), shlex.quote(origin.audit_path)
    fixed = shlex.quote(_fixed(origin.data_path))
    steps = (
        f"Where the audit was made, run this, with the file that you saved in place of {format_.verdicts}:",
        f"    doubt apply {data} --audit {audit} --verdicts {format_.verdicts}{format_.flags} -o {fixed}",
    )
    if not queue.is_sampled:
        return steps
    return (
        *steps,
        "Measure the noise rate on the rows that were drawn at random:",
        " ".join(filter(None, ("    doubt scan", data, origin.flags, "--verdicts", format_.verdicts))),
    )


def _fixed(path: str) -> str:
    """The name of a corrected file beside a file: "data.csv.gz" -> "data.fixed.csv.gz"."""
    folder, _, name = path.rpartition("/")
    stem, dot, endings = name.partition(".")
    return f"{folder}/{stem}.fixed{dot}{endings}".removeprefix("/" if not path.startswith("/") else "")


# ----------------------------------------------------------------------- layout


def _section(title: str, parts: Iterator[str]) -> Iterator[str]:
    yield from ("", title, "-" * len(title), "")
    yield "\n\n".join(parts)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _hanging(lead: str, text: str) -> str:
    indent = " " * min(len(lead), 4)
    return textwrap.fill(
        lead + text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)
