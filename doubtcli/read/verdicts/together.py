"""Files of verdicts -> the answers in all of them, each file and each person's last word once."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.read.verdicts.recognise import read_answers
from doubtcli.records.answers import MOST_NAMED, newest_of_each
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from doubtcli.records.answers import Answer, AnswerFile


@dataclass(frozen=True)
class Told:
    """All that some files of verdicts say."""

    path: str
    """What messages call the files; several with ", "."""
    answers: tuple[Answer, ...]
    """In the files' order; nobody decides twice on a row, if times tell which answer is the newest."""
    notes: tuple[str, ...]
    """What the user should know of how they were read."""


def read_together(paths: Iterable[str], *, confirmed: bool = False) -> Told:
    """What people said in some files. One that is named twice counts once, and so does a copy of it.

    Files that are the same, and that tell neither who answered nor when, may be copies or those of people who
    said just the same. The answers of all but one are marked as `repeated`.

    Args:
        paths: The files or folders; "-" for standard input.
        confirmed: As `read_answers` has it.

    Raises:
        InputError: As `read_answers`.
    """
    by_place: dict[str, str] = {}
    for path in paths:
        by_place.setdefault(path if path == "-" else os.path.realpath(path), path)
    read = [read_answers(path, confirmed=confirmed) for path in by_place.values()]
    firsts, copies, alike = _apart(read)
    files = [*firsts, *alike]
    said = [answer for file in files for answer in file.answers]
    answers = tuple(newest_of_each(said))
    n_older = sum(file.n_older for file in files)
    notes = dict.fromkeys(note for file in files for note in file.notes)
    own = _notes(copies, alike, n_older, len(said) - len(answers))
    return Told(", ".join(file.path for file in files), answers, (*notes, *own))


def _apart(read: Sequence[AnswerFile]) -> tuple[list[AnswerFile], list[AnswerFile], list[AnswerFile]]:
    """The files that are like none before them, copies of them, and those that may be copies or not."""
    firsts: dict[str, AnswerFile] = {}
    copies, alike = [], []
    for file in read:
        if firsts.setdefault(file.sha256, file) is file:
            continue
        if any(answer.annotator or answer.time for answer in file.answers):
            copies.append(file)
        else:
            alike.append(_repeated(file))
    return list(firsts.values()), copies, alike


def _repeated(file: AnswerFile) -> AnswerFile:
    return replace(file, answers=tuple(replace(answer, repeated=True) for answer in file.answers))


def _notes(
    copies: Sequence[AnswerFile], alike: Sequence[AnswerFile], n_older: int, n_elsewhere: int
) -> Iterator[str]:
    if copies:
        yield f"files that are copies of another, passed over: {_listed(copies)}"
    if alike:
        yield (
            "files that are the same as another, and don't tell who answered: "
            f"{_listed(alike)}; a majority counts only if it is the same without them"
        )
    if n_older + n_elsewhere:
        elsewhere = f" ({n_elsewhere:,} of them in another file)" if n_elsewhere else ""
        yield f"answers of people who answered again, passed over: {n_older + n_elsewhere:,}{elsewhere}"


def _listed(files: Sequence[AnswerFile]) -> str:
    return listed((file.path for file in files), MOST_NAMED)
