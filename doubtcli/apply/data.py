"""A data file -> its bytes, its rows and labels, and how it is written."""

from __future__ import annotations

import datetime as dt
import hashlib
import stat
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.audit import read_examples
from doubtcli.errors import DoubtError, InputError, OutputError
from doubtcli.read.labels.encode import class_label_names
from doubtcli.read.source import open_source
from doubtcli.relabel.rewrite import Drop, Form, Relabel, plain_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.progress import Progress
    from doubtcli.records import Decision, Examples, Labels, Roles, Source, Table
    from doubtcli.relabel.rewrite.edits import Edit
    from doubtcli.settings import ScanSettings


@dataclass(frozen=True)
class Data:
    """All that a file holds."""

    path: str
    stored: bytes
    """As it lies on disk."""
    content: bytes
    """Unpacked."""
    compression: str | None
    sha256: str
    """Of `stored`."""


@dataclass(frozen=True)
class LabelledFile:
    """A file and what is read from it."""

    data: Data
    table: Table
    roles: Roles
    labels: Labels
    examples: Examples
    form: Form
    listed: tuple[str, ...]
    """The names that a ClassLabel column lists; empty for any other."""
    quoting: str | None

    @property
    def source(self) -> Source:
        """How the file was read."""
        return self.table.source

    @cached_property
    def bearers(self) -> dict[str, int]:
        """For each label a row, from 0, that bears it."""
        codes, rows = np.unique(self.labels.codes, return_index=True)
        return {
            self.labels.class_names[code]: row
            for code, row in zip(codes.tolist(), rows.tolist(), strict=True)
            if code >= 0
        }

    def edit(self, decision: Decision) -> Edit:
        """What becomes of a row.

        Raises:
            OutputError: The label is none that the column lists.
        """
        label = decision.verdict
        if label is None:
            return Drop()
        if not self.listed:
            return Relabel(label, self.bearers.get(label))
        if label in self.listed:
            return Relabel(str(self.listed.index(label)), self.bearers.get(label))
        raise OutputError(
            f"the label {label!r} can't be written: the file lists its classes, and this is none of them",
            where=self.data.path,
            row=decision.row,
            column=self.form.column,
            expected=f"one of {', '.join(map(repr, self.listed))}",
            hint="decide for one of them, or write the file anew with another list (ClassLabel)",
        )


def sha256(content: bytes) -> str:
    """The hash as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def time_told(now: dt.datetime) -> str:
    """A time as ledgers tell it: "2026-11-21T14:05:00Z"."""
    return now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_data(path: str) -> Data:
    """All that a file holds, read at once.

    Raises:
        InputError: It can't be read, changes meanwhile, or is no single file.
    """
    if path == "-":
        raise _no_file("standard input", "save it to a file, and scan that one")
    if Path(path).is_dir():
        raise _no_file(path, "its parts can't be rewritten together: scan one of them, and apply to that one")
    if Path(path).exists() and not stat.S_ISREG(Path(path).stat().st_mode):
        raise _no_file(path, "save what comes out of it to a file, and scan that one")
    with open_source(path) as stored:
        with stored.open_stored() as file:
            as_stored = content = file.read()
        if stored.compression is not None:
            with stored.open() as unpacked:
                content = unpacked.read()
        return Data(path, as_stored, content, stored.compression, stored.sha256)


def _no_file(where: str, hint: str) -> InputError:
    return InputError("verdicts can be written back into a single file only", where=where, hint=hint)


def read_labelled(data: Data, settings: ScanSettings, progress: Progress) -> LabelledFile:
    """A file's rows and labels, read as an audit with these settings reads them.

    Raises:
        DoubtError: The file can't be used, or was changed meanwhile.
    """
    # what people decided before an audit was made is in the file by now, or does not count
    table, roles, labels, examples = read_examples(replace(settings, verdicts=None), progress)
    if table.source.sha256 != data.sha256:
        raise InputError(
            "the file changed while it was read",
            where=data.path,
            hint="run again when nothing writes to it any more",
        )
    column = next(column.name for column in roles.columns if column.role == "label")
    form = _form(table, data, column, quoted=settings.quoting != "none")
    listed = tuple(class_label_names(table, column))
    return LabelledFile(data, table, roles, labels, examples, form, listed, settings.quoting)


def _form(table: Table, data: Data, column: str, *, quoted: bool) -> Form:
    source, names = table.source, table.data.column_names
    return Form(
        format=source.format,
        column=column,
        place=names.index(column),
        n_columns=len(names),
        encoding=plain_encoding(data.content, source.encoding or "utf-8"),
        delimiter=source.delimiter or ",",
        quoted=quoted,
    )


@contextmanager
def located(path: str) -> Iterator[None]:
    """Name the file in errors that know but the row."""
    try:
        yield
    except DoubtError as error:
        error.where = error.where or path
        raise
