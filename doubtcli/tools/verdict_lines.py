"""The verdicts that people give in `doubt review`, as JSON Lines: a line for each row, in the order of time.

Each line has the columns of a queue that was filled in, so that what reads a queue reads it, too. A step is
what one key or click decided: its lines are written together, each with the step's name and the number of its
lines. Nothing is ever changed: what a person takes back gets a new line, with the status `withdrawn` or with
what was decided before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from doubtcli.errors import InputError
from doubtcli.records.answers import WITHDRAWN_STATUS
from doubtcli.records.queue import EQUAL_ROWS_COLUMN, ROW_HASH_COLUMN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Source = TypeVar("Source")

FOLDER_ENDING = ".verdicts"
"""The ending of a folder with the verdicts of a file, after the file's name without its ending."""
LINES_ENDING = ".jsonl"
MARK = "about.json"
"""A file in such a folder that says which file its verdicts are on."""
STEP, SIZE = "review_step", "review_rows"
"""Two fields of each line: the name of the step, and how many lines it has."""
UNDOES, REDOES = "review_undoes", "review_redoes"
"""Fields of a step that takes another one back, or brings it back: the name of that step."""


@dataclass(frozen=True)
class RowVerdict:
    """What one person says about one row; empty where nothing was said, or it was taken back."""

    label: str = ""
    """The chosen label as it is shown: the given one to keep it; empty where none was chosen."""
    status: str = ""
    """"", "skip", "unusable" or "withdrawn"."""
    why: str = ""

    @property
    def decides(self) -> bool:
        """Whether it decides what happens to the row."""
        return bool(self.label) or self.status == "unusable"


WITHDRAWN = RowVerdict(status=WITHDRAWN_STATUS)
"""What is written for a row on which nothing had been said before the step that is taken back."""


@dataclass(frozen=True)
class SeenRow:
    """A row as the person saw it."""

    row_id: str
    given_label: str
    row_hash: str = ""
    equal_rows: int = 1
    """How many equal rows it stands for, itself counted."""
    stratum: str = ""
    inclusion: str = ""
    """Of an audit sample; empty for rows outside it."""


@dataclass(frozen=True)
class Step:
    """What one key or click of a person decided, on one row or on many at once."""

    name: str
    """Unique: a step that is sent twice is written once."""
    annotator: str
    time: str
    """ISO 8601 in UTC, to the microsecond."""
    verdicts: tuple[tuple[SeenRow, RowVerdict], ...]
    """What was said about each row, as the person saw it."""
    undoes: str = ""
    redoes: str = ""


def render_step(step: Step) -> str:
    """The lines of a step."""
    return "".join(
        json.dumps(_make_line(step, seen, verdict), ensure_ascii=False) + "\n"
        for seen, verdict in step.verdicts
    )


def _make_line(step: Step, seen: SeenRow, verdict: RowVerdict) -> dict[str, Any]:
    line = {
        "doubt_id": seen.row_id,
        "given_label": seen.given_label,
        "verdict": verdict.label,
        "verdict_status": verdict.status,
        "annotator": step.annotator,
        "time": step.time,
        "why": verdict.why,
        EQUAL_ROWS_COLUMN: seen.equal_rows,
        "doubt_stratum": seen.stratum,
        "doubt_inclusion": seen.inclusion,
        ROW_HASH_COLUMN: seen.row_hash,
        STEP: step.name,
        SIZE: len(step.verdicts),
    }
    return (
        line | ({UNDOES: step.undoes} if step.undoes else {}) | ({REDOES: step.redoes} if step.redoes else {})
    )


def parse_steps(text: str) -> Iterator[Step]:
    """The steps in a file, in its order; what a killed run left unfinished is passed over.

    Raises:
        json.JSONDecodeError: A line that is not the last one is not JSON.
        KeyError: A line lacks a field.
    """
    lines = [json.loads(line) for line in drop_unfinished_step(text).split("\n") if line.strip()]
    start = 0
    while start < len(lines):
        first = lines[start]
        own = lines[start : start + first[SIZE]]
        yield Step(
            first[STEP],
            first["annotator"],
            first["time"],
            tuple(map(_parse_line, own)),
            first.get(UNDOES, ""),
            first.get(REDOES, ""),
        )
        start += first[SIZE]


def _parse_line(line: Mapping[str, Any]) -> tuple[SeenRow, RowVerdict]:
    seen = SeenRow(
        line["doubt_id"],
        line["given_label"],
        line[ROW_HASH_COLUMN],
        line[EQUAL_ROWS_COLUMN],
        line["doubt_stratum"],
        line["doubt_inclusion"],
    )
    return seen, RowVerdict(line["verdict"], line["verdict_status"], line["why"])


def drop_unfinished_step(text: str) -> str:
    """The lines of a file without those of a step that was not written to its end.

    Only the last step can be unfinished: a run was killed, or the disk was full. Nobody was shown that it
    was saved.
    """
    whole = text[: text.rfind("\n") + 1]
    lines = whole.split("\n")[:-1]
    if not lines:
        return ""
    last = json.loads(lines[-1])
    n_written = 0
    while n_written < len(lines) and _is_of_step(lines[-1 - n_written], last[STEP]):
        n_written += 1
    if n_written == last[SIZE]:
        return whole
    return "".join(line + "\n" for line in lines[: len(lines) - n_written])


def _is_of_step(line: str, name: str) -> bool:
    found: dict[str, Any] = json.loads(line)
    return found.get(STEP) == name


def are_verdict_lines(text: str) -> bool:
    """Whether a text is a file of such lines, by its first one."""
    first = text[: text.find("\n") + 1 or len(text)]
    return text.lstrip().startswith("{") and f'"{STEP}": ' in first


def list_verdict_files(folder: Path) -> Sequence[str]:
    """The files of verdicts in a folder, by name.

    Raises:
        OSError: It can't be read.
    """
    return [str(path) for path in sorted(folder.glob(f"*{LINES_ENDING}"))]


def expand_verdict_folders(sources: Iterable[Source]) -> Iterator[Source | str]:
    """The sources of verdicts, with each folder of `doubt review` replaced by the files in it.

    Raises:
        InputError: Such a folder has no files.
    """
    for source in sources:
        if not isinstance(source, str) or not is_verdict_folder(source):
            yield source
            continue
        files = list_verdict_files(Path(source))
        if not files:
            raise InputError(
                "nobody has decided on a row yet",
                where=source,
                expected=f"files of `doubt review` (*{LINES_ENDING})",
                hint="decide on some rows first, with `doubt review`",
            )
        yield from files


def is_verdict_folder(path: str) -> bool:
    """Whether a path is a folder of verdicts: one of `doubt review`, or one with such files and no others."""
    folder = Path(path)
    if folder.name.endswith(FOLDER_ENDING) and folder.is_dir():
        return True
    try:
        files = [file for file in folder.iterdir() if file.name != MARK and not file.name.startswith(".")]
        return bool(files) and all(is_verdict_file(str(file)) for file in files)
    except (OSError, ValueError):  # the second where the path has a zero byte
        return False


def is_verdict_file(path: str) -> bool:
    """Whether a path is a file of such verdicts, as a page of `doubt review --export` gives it."""
    file = Path(path)
    if not file.name.endswith(LINES_ENDING) or not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as lines:
        return are_verdict_lines(lines.readline())
