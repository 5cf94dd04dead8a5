"""A queue -> its head: in plain words which rows these are, how they were chosen, and what to do with them.

It stands beside the queue's files, since a comment within them would break whoever reads them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.relabel.choose.shares import AUDIT, BALANCED, BUDGET, TOP
from doubtcli.relabel.layout import TYPED, hanging, numbered, paragraph
from doubtcli.store import default_folder
from doubtcli.wording.quoting import escape_unprintable, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.relabel.formats.format import Format
    from doubtcli.relabel.task import Queue

HEAD_FILE = "README.txt"
CHOSEN = {
    TOP: "the most doubted rows, in this order.",
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
SPREAD = "A verdict holds for its own row alone; `doubt apply --spread` gives it to these others, too."
UNLIKE = (
    "Rows of equal input and unlike labels are what is to be decided: they come apart, and name each other "
    "in doubt_conflicts."
)
COLUMNS = {
    "doubt_id": "the row's id, which must come back",
    "given_label": "the label in the file",
    "doubt_suggested": "what doubt would write instead; the given label where nothing better is seen",
    "doubt_score": "the doubt, from 0 (none) to 1 (most)",
    "doubt_reasons": "the reasons that speak, strongest first; `doubt explain NAME` explains one",
    "doubt_why": "the same in plain words",
    "doubt_strategy": "which strategy brought the row",
    "doubt_duplicates": "ids of rows with the same input and the same label, as a JSON list",
    "doubt_conflicts": "ids of rows with the same input and another label, as a JSON list",
    "doubt_row_hash": "tells whether the row is still what was seen: it must come back",
}
SAMPLE_COLUMNS = {
    "doubt_stratum, doubt_inclusion": "how the row was drawn; the noise rate needs them back as they are",
}


@dataclass(frozen=True)
class Origin:
    """Where a queue is from, and where its verdicts may go."""

    data_path: str
    """What was judged."""
    audit_path: str
    apply_to: str | None
    """The file that verdicts can be written back into; None where there is none."""
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
    rows = "1 row" if len(queue.tasks) == 1 else f"{len(queue.tasks):,} rows"
    title = f"{rows} of {escape_unprintable(origin.data_path)} to relabel, for {format_.title}"
    yield from (title, "=" * len(title), "")
    yield paragraph(
        f"Made by {queue.made_by} from the audit {escape_unprintable(origin.audit_path)}. {_worth(queue)}"
    )
    yield from _section("Which rows these are", "\n\n".join(_chosen(queue, origin)))
    yield from _section("What stands beside each row", "\n".join(_columns(queue)))
    in_ = "How to fill them in" if format_.is_ours else f"How to load them into {format_.title}"
    yield from _section(in_, numbered(format_.load(queue)))
    yield from _section("How to bring them back", numbered(_back(queue, format_, origin)))


def _section(title: str, text: str) -> Iterator[str]:
    yield from ("", title, "-" * len(title), "", text)


def _worth(queue: Queue) -> str:
    minutes = max(1, round(sum(task.minutes for task in queue.tasks)))
    takes = (
        f"To decide on all takes a person about {minutes:,} min, by the model of time that the strategy "
        "budget goes by."
    )
    if not queue.assessable:
        return takes
    n_wrong = round(sum(task.doubt for task in queue.tasks))
    expected = f"Wrong labels to be expected here: about {n_wrong:,} of {len(queue.tasks):,}."
    return f"Doubt is the probability that a label is wrong. {expected} {takes}"


def _chosen(queue: Queue, origin: Origin) -> Iterator[str]:
    counts = Counter(task.strategy for task in queue.tasks)
    for name, n in counts.items():
        yield paragraph(f"{n:,} by {name}: {CHOSEN[name]}")
    if len(counts) > 1:
        yield paragraph("They stand in this order; a row that several strategies would bring comes once.")
    yield paragraph(_equal(queue, origin))
    for note in queue.notes:
        yield paragraph(f"Note: {escape_unprintable(note)}.")


def _equal(queue: Queue, origin: Origin) -> str:
    drawn = ", but for those drawn at random" if queue.is_sampled else ""
    once = f"Rows of equal input and equal label come once{drawn}; doubt_duplicates names the others."
    return " ".join((once, *([SPREAD] if origin.apply_to else []), UNLIKE))


def _columns(queue: Queue) -> Iterator[str]:
    told = COLUMNS | (SAMPLE_COLUMNS if queue.is_sampled else {})
    return (hanging(f"{name}: ", about) for name, about in told.items())


def _back(queue: Queue, format_: Format, origin: Origin) -> Iterator[str]:
    yield from format_.back
    if origin.apply_to is None:
        yield "`doubt apply` can't write the verdicts back: see the note above."
    if origin.apply_to is not None or queue.is_sampled:
        saved = f"put the path of what you saved in place of {format_.verdicts}"
        yield f"Go to the folder in which `doubt queue` was run. In what follows, {saved}."
    if origin.apply_to is not None:
        yield "Write the verdicts back:"
        yield f"{TYPED}doubt apply {_apply(origin.apply_to, origin.audit_path, format_)}"
    if queue.is_sampled:
        yield "Measure the noise rate on the rows that were drawn at random:"
        verdicts, output = f"--verdicts {format_.verdicts}", f"-o {shell_word(_measured(origin.data_path))}"
        told = (shell_word(origin.data_path), origin.flags, verdicts, output)
        yield f"{TYPED}doubt scan {' '.join(filter(None, told))}"


def _apply(path: str, audit_path: str, format_: Format) -> str:
    is_beside = default_folder(path) == Path(audit_path)
    audit = "" if is_beside else f" --audit {shell_word(audit_path)}"
    verdicts = f"--verdicts {format_.verdicts}{format_.flags}"
    return f"{shell_word(path)}{audit} {verdicts} -o {shell_word(_fixed(path))}"


def _fixed(path: str) -> str:
    """The name of a corrected file beside a file: "data.csv.gz" -> "data.fixed.csv.gz"."""
    folder, _, name = path.rpartition("/")
    stem, dot, endings = name.partition(".")
    return f"{folder}/{stem}.fixed{dot}{endings}".removeprefix("/" if not path.startswith("/") else "")


def _measured(path: str) -> str:
    """The name of another audit beside a file, so that the one of the queue stays to be compared with."""
    folder = default_folder(path)
    return str(folder.with_name(f"{folder.stem}.measured{folder.suffix}"))
