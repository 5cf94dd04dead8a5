"""Files with people's answers -> the answers. The tool is recognised by a file's content, not by its name."""

from __future__ import annotations

import os.path
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.records.answers import FILLED_IN, AnswerFile, AnswersRead, keep_newest_answers
from doubtcli.tools.load import Records, load_records
from doubtcli.tools.plain import ID, VERDICT, find_our_columns
from doubtcli.tools.registry import blame_tool, load_tools
from doubtcli.tools.verdict_lines import expand_verdict_folders
from doubtcli.wording.lists import MOST_NAMED, find_nearest, quote_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from doubtcli.records.tool import AnswerRecord, AnswerShape, Tool

    ToolShape = tuple[Tool, AnswerShape]

MOST_KEYS = 12


# ----------------------------------------------------------------------- one file


def read_answers(source: str | Records, *, confirmed: bool = False) -> AnswerFile:
    """People's answers, from an annotation tool's export or a queue file that was filled in.

    Args:
        source: The file or folder, "-" for standard input; or records that were already read.
        confirmed: Whether all rows in it were looked at, if the tool doesn't record it (doccano).

    Raises:
        InputError: The file can't be read, no tool is recognised, no record has a `doubt_id`, or a record
            differs from the others or can't be used; names the record.
        ToolError: The code of a tool crashed.
    """
    tools = load_tools()
    inside = [tool.folder_file for tool in tools if tool.folder_file]
    records = load_records(source, inside) if isinstance(source, str) else source
    tool, shape = _find_shape(records, tools)
    with blame_tool(tool), _number_rows(records):
        answers = [
            replace(
                answer,
                row=records.number(answer.row),
                prefilled=answer.prefilled and not confirmed,
                tool=FILLED_IN if tool.is_filled_in else tool.name,
                file=records.path,
                column=tool.verdict_column,
            )
            for answer in shape.read(records.rows, records.path)
        ]
    if not any(answer.row_id for answer in answers):
        raise _explain_no_ids(records, shape)
    newest = tuple(keep_newest_answers(answers))
    notes = (*records.notes, shape.note, "" if confirmed else shape.unconfirmed)
    return AnswerFile(
        records.path,
        answers[0].tool,
        newest,
        records.sha256,
        n_older=len(answers) - len(newest),
        notes=tuple(filter(None, notes)),
    )


@contextmanager
def _number_rows(records: Records) -> Iterator[None]:
    """Give the row of an error the number that the file's program shows."""
    try:
        yield
    except InputError as error:
        error.row = None if error.row is None else records.number(error.row)
        raise


def _find_shape(records: Records, tools: Sequence[Tool]) -> ToolShape:
    """The shape that all records have, and its tool."""
    shapes = [(tool, shape) for tool in tools for shape in tool.shapes]
    found = next((one for one in shapes if _fits(*one, records.rows[0])), None)
    if found is None:
        raise _explain_unknown(records, [shape for _, shape in shapes])
    for row, record in enumerate(records.rows, start=1):
        if not _fits(*found, record):
            name, known_by = found[1].name, found[1].known_by
            raise InputError(
                "the record is not like the first one",
                where=records.path,
                row=records.number(row),
                expected=f"{name}, with {known_by}; it has {quote_names(record, MOST_KEYS)}",
                hint="give each export as the tool wrote it, with --verdicts for each file",
            )
    return found


def _fits(tool: Tool, shape: AnswerShape, record: AnswerRecord) -> bool:
    with blame_tool(tool):
        return shape.fits(record)


def _explain_unknown(records: Records, shapes: Sequence[AnswerShape]) -> InputError:
    record = records.rows[0]
    ours = set(find_our_columns(tuple(record)).values())
    missing = [name for name in (ID, VERDICT) if name not in ours]
    near = find_nearest(missing[0], record, lambda name: name.strip().lower()) if missing else None
    if missing == [ID] or (missing == [VERDICT] and near):
        return InputError(
            f"there is no column {missing[0]!r}",
            where=records.path,
            expected=f"the columns {ID!r} and {VERDICT!r}; it has {quote_names(record, MOST_KEYS)}",
            hint=f"if {near!r} is that column, rename it to {missing[0]!r}"
            if near
            else "give a queue.csv with verdicts filled in, or a file with these two columns",
        )
    known = "; ".join(dict.fromkeys(f"{shape.name} ({shape.known_by})" for shape in shapes))
    return InputError(
        f"it is not a known file of verdicts: its first record has {quote_names(record, MOST_KEYS)}",
        where=records.path,
        row=records.number(1),
        expected=f"one of: {known}",
        hint="give a tool's export, or a queue.csv with verdicts filled in",
    )


def _explain_no_ids(records: Records, shape: AnswerShape) -> InputError:
    return InputError(
        f"it is {shape.name}, but no record has a 'doubt_id'",
        where=records.path,
        expected="tasks from `doubt queue`: their ids say which rows they belong to",
        hint="export the project into which the queue was imported",
    )


# ------------------------------------------------------------------- several files


def read_answer_files(sources: Iterable[str | Records], *, confirmed: bool = False) -> AnswersRead:
    """People's answers from several files. A file that is named twice counts once, and so does a copy.

    Equal files that name neither people nor times may be copies, or may come from people who agree. The
    answers of all but one of them are marked as `repeated`.

    Args:
        sources: The files or folders, "-" for standard input; or records that were already read.
        confirmed: As in `read_answers`.

    Raises:
        InputError: As `read_answers`.
    """
    by_place: dict[str, str | Records] = {}
    for source in expand_verdict_folders(sources):
        by_place.setdefault(_find_place(source), source)
    firsts, copies, alike = _sort_out_copies(
        [read_answers(source, confirmed=confirmed) for source in by_place.values()]
    )
    files = [*firsts, *alike]
    found = [answer for file in files for answer in file.answers]
    answers = tuple(keep_newest_answers(found))
    n_older = sum(file.n_older for file in files)
    notes = dict.fromkeys(note for file in files for note in file.notes)
    own = _describe_copies(copies, alike, n_older, len(found) - len(answers))
    return AnswersRead(", ".join(file.path for file in files), answers, (*notes, *own))


def _find_place(source: str | Records) -> str:
    """A key that is equal for two paths of one file, and for equal records."""
    if not isinstance(source, str):
        return source.sha256
    return source if source == "-" else os.path.realpath(source)


def _sort_out_copies(
    files: Sequence[AnswerFile],
) -> tuple[list[AnswerFile], list[AnswerFile], list[AnswerFile]]:
    """The different files, the copies of them, and equal files that may be copies or not."""
    firsts: dict[str, AnswerFile] = {}
    copies, alike = [], []
    for file in files:
        if firsts.setdefault(file.sha256, file) is file:
            continue
        if any(answer.annotator or answer.time for answer in file.answers):
            copies.append(file)
        else:
            repeated = tuple(replace(answer, repeated=True) for answer in file.answers)
            alike.append(replace(file, answers=repeated))
    return list(firsts.values()), copies, alike


def _describe_copies(
    copies: Sequence[AnswerFile], alike: Sequence[AnswerFile], n_older: int, n_elsewhere: int
) -> Iterator[str]:
    if copies:
        yield f"left out, because they are copies of another file: {_list_paths(copies)}"
    if alike:
        yield (
            f"files that are equal to another, without names of people: {_list_paths(alike)}; they may be "
            "copies, so a majority counts only if it is the same without them"
        )
    if n_older + n_elsewhere:
        elsewhere = f" ({n_elsewhere:,} of them in another file)" if n_elsewhere else ""
        n_all = n_older + n_elsewhere
        yield f"older answers, left out because the same person answered again: {n_all:,}{elsewhere}"


def _list_paths(files: Sequence[AnswerFile]) -> str:
    return quote_names((file.path for file in files), MOST_NAMED)
