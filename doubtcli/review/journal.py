"""A folder of verdicts: one file for each person and run, to which lines are only ever added."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.file import make_hints, os_errors_as_output_error, sync_folder
from doubtcli.errors import InputError
from doubtcli.tools.verdict_lines import (
    LINES_ENDING,
    MARK,
    Step,
    list_verdict_files,
    parse_steps,
    render_step,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.tools.verdict_lines import RowVerdict, SeenRow

HINTS = make_hints(
    full="free some space: what was decided before is saved", other="let doubt write to this folder"
)
SOURCE = "file"
"""The part of the mark of a folder of verdicts that names the file that they are on."""
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_MOST_IN_NAME = 40
_OWN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL


def read_source(folder: Path) -> str:
    """The name of the file whose verdicts a folder has; "" where it is not known."""
    try:
        found = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    source = found.get(SOURCE) if isinstance(found, dict) else None
    return source if isinstance(source, str) else ""


class Journal:
    """Writes the steps of one person and run; each is safe on disk before `write` returns.

    The file is made with the first step. A folder may have the files of many people and runs.

    Args:
        folder: Where the files are; made if it is missing.
        annotator: Who decides.
        source: The name of the file that is reviewed: a new folder is marked as its own.
    """

    def __init__(self, folder: Path, annotator: str, source: str = "") -> None:
        self.folder = folder
        self.annotator = annotator
        self._source = source
        self.path: Path | None = None
        """The file of this run; None before the first step."""
        self._last = ""

    def read(self) -> list[Step]:
        """The steps of all people and runs in the folder, the oldest first.

        Raises:
            InputError: A file is not as we wrote it.
        """
        steps: dict[str, Step] = {}
        for path in list_verdict_files(self.folder):
            for step in _read_steps(path):
                steps.setdefault(step.name, step)
        return sorted(steps.values(), key=lambda step: (step.time, step.name))

    def has_steps(self) -> bool:
        """Whether anybody has written a step to the folder."""
        return bool(list_verdict_files(self.folder))

    def write(
        self,
        name: str,
        verdicts: Sequence[tuple[SeenRow, RowVerdict]],
        *,
        undoes: str = "",
        redoes: str = "",
    ) -> Step:
        """Add a step, and wait until it is safe on disk.

        Args:
            name: Of the step; unique.
            verdicts: What the person says about each row, as the person saw it.
            undoes: The step that this one takes back.
            redoes: The step that this one brings back.

        Raises:
            OutputError: It can't be written; nothing was added.
        """
        step = Step(name, self.annotator, self._next_time(), tuple(verdicts), undoes, redoes)
        content = render_step(step).encode(errors="replace")
        with os_errors_as_output_error(self.path or self.folder, HINTS):
            if self.path is None:
                self.path = self._make_file()
            _append(self.path, content)
        return step

    def _next_time(self) -> str:
        """The time now, later than that of the step before."""
        now = dt.datetime.now(dt.UTC)
        if self._last:
            now = max(now, dt.datetime.fromisoformat(self._last) + dt.timedelta(microseconds=1))
        self._last = now.isoformat(timespec="microseconds")
        return self._last

    def _make_file(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._mark_new_folder()
        name = _NOT_IN_NAMES.sub("-", self.annotator).strip("-.")[:_MOST_IN_NAME] or "somebody"
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
        number = 1
        while True:
            ending = f"-{number}{LINES_ENDING}" if number > 1 else LINES_ENDING
            path = self.folder / f"{name}-{stamp}{ending}"
            try:
                os.close(os.open(path, _OWN, 0o666))
            except FileExistsError:
                number += 1
                continue
            sync_folder(self.folder)
            return path

    def _mark_new_folder(self) -> None:
        """Keep the name of the file with its first verdicts; older folders may be of several files."""
        if self._source and not list_verdict_files(self.folder):
            (self.folder / MARK).write_text(json.dumps({SOURCE: self._source}), encoding="utf-8")


def _append(path: Path, content: bytes) -> None:
    """Add some bytes to a file: all of them, or none."""
    with path.open("ab", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise


def _read_steps(path: str) -> list[Step]:
    try:
        return list(parse_steps(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", where=path) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "it is not as `doubt review` wrote it",
            where=path,
            expected="JSON Lines with a step on each line",
            hint="restore it, or move it out of the folder",
        ) from error
