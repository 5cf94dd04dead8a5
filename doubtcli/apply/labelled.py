"""A data file and its audit -> its rows, its labels and its layout."""

from __future__ import annotations

import hashlib
import stat
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import DoubtError, InputError, OutputError
from doubtcli.files.csv import USUAL, write_csv
from doubtcli.files.formats import find_format
from doubtcli.files.frame import IN_MEMORY
from doubtcli.files.source import open_source
from doubtcli.files.table import add_missing_keys, read_table
from doubtcli.files.text import find_plain_encoding
from doubtcli.read.labels import class_label_names, clear_other_cells
from doubtcli.read.row_ids import hash_rows, hash_rows_as_before, make_row_ids
from doubtcli.read.side_files import read_embeddings, read_pred_probs
from doubtcli.records import FROM_FILES, EarlierNames, Role, RowSnapshot, Source
from doubtcli.records.file_format import Drop, FileLayout, Relabel
from doubtcli.store.open import restore_settings
from doubtcli.tasks.registry import find_task
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from doubtcli.progress import Progress
    from doubtcli.records import AuditDocument, Decision, InMemory, Labels, Roles, Table
    from doubtcli.records.file_format import Edit
    from doubtcli.settings import ScanSettings


# ---------------------------------------------------------------------- the bytes


@dataclass(frozen=True)
class DataFile:
    """A file with all its bytes."""

    path: str
    stored: bytes
    """The bytes on disk."""
    content: bytes
    """The decompressed bytes."""
    compression: str | None
    sha256: str
    """Of `stored`."""


def hash_bytes(content: bytes) -> str:
    """The hash as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read_data_file(path: str) -> DataFile:
    """A file with all its bytes, read at once.

    Raises:
        InputError: It can't be read, changes meanwhile, or is not a single file.
    """
    if path == "-":
        raise _explain_no_file("standard input", "save it to a file, and scan that")
    if Path(path).is_dir():
        hint = "a folder can't be rewritten as a whole: scan one of its parts, and apply to that"
        raise _explain_no_file(path, hint)
    if Path(path).exists() and not stat.S_ISREG(Path(path).stat().st_mode):
        raise _explain_no_file(path, "it is not a regular file: save its content to one, and scan that")
    with open_source(path) as stored:
        with stored.open_stored() as file:
            as_stored = content = file.read()
        if stored.compression is not None:
            with stored.open() as unpacked:
                content = unpacked.read()
        return DataFile(path, as_stored, content, stored.compression, stored.sha256)


def _explain_no_file(where: str, hint: str) -> InputError:
    return InputError("verdicts can only be written back into a single file", where=where, hint=hint)


@contextmanager
def name_file_in_errors(path: str) -> Iterator[None]:
    """Add the file to errors that name only a row."""
    try:
        yield
    except DoubtError as error:
        error.where = error.where or path
        raise


# ----------------------------------------------------------------------- the rows


@dataclass(frozen=True)
class LabelledFile:
    """A file, and what was read from it."""

    data: DataFile
    table: Table
    """As it was read."""
    rows: tuple[RowSnapshot, ...]
    """In file order."""
    labels: Labels
    form: FileLayout
    listed: tuple[str, ...]
    """The names that a ClassLabel column lists; empty for all other columns."""
    has_ids: bool
    """Whether row ids are from a column; otherwise they are hashes of the content."""
    converted_from: Source | None = None
    """The file that was read, where files of its format can't be rewritten, and `data` are in another."""

    @property
    def source(self) -> Source:
        """How it was read."""
        return self.table.source

    @cached_property
    def earlier_names(self) -> EarlierNames:
        """What earlier versions of doubt called its rows."""
        return EarlierNames.of((row.row_hash, row.earlier_hashes) for row in self.rows)

    @cached_property
    def row_by_label(self) -> dict[str, int]:
        """For each label a row that has it, counted from 0."""
        codes, rows = np.unique(self.labels.codes, return_index=True)
        return {
            self.labels.class_names[code]: row
            for code, row in zip(codes.tolist(), rows.tolist(), strict=True)
            if code >= 0
        }

    def edit(self, decision: Decision) -> Edit:
        """The edit that carries out a decision.

        Raises:
            OutputError: The column does not list the label.
        """
        label = decision.verdict
        if label is None:
            return Drop()
        if not self.listed:
            return Relabel(label, self.row_by_label.get(label))
        if label in self.listed:
            return Relabel(str(self.listed.index(label)), self.row_by_label.get(label))
        raise OutputError(
            f"the label {label!r} can't be written: it is not in the file's list of classes",
            where=self.data.path,
            row=decision.row,
            column=self.form.column,
            expected=f"one of {', '.join(map(repr, self.listed))}",
            hint="choose one of them, or write the file again with another list (ClassLabel)",
        )


def read_labelled(
    data: DataFile, document: AuditDocument, progress: Progress, given: InMemory = FROM_FILES
) -> LabelledFile:
    """A file's rows and labels, read as its audit read them.

    The roles of columns are from the audit: they must not change because labels have changed.

    Args:
        data: The file.
        document: The `audit.json` of the audit.
        progress: Shows the stages.
        given: What is in memory, and not read from files.

    Raises:
        InputError: The file can't be read, was changed meanwhile, or does not have the audit's columns.
        SettingsError: A setting of the audit is not valid.
    """
    settings = restore_settings(document, data.path)
    with progress.stage("Reading"):
        roles = document.roles  # a column that is not in the audit is not used
        table = _with_columns(given.table or _read_same_table(data, settings), roles)
        data, table, original = _convert(data, table)
        column = roles.names(Role.LABEL)[0]
        cleared = clear_other_cells(table, column, settings.no_label).table
        labels = find_task(document.task_name).parse_labels(cleared, column, to_judge=False)
        rows = _snapshot_rows(table, document, labels, settings, given.arrays)
    return LabelledFile(
        data=data,
        table=table,
        rows=rows,
        labels=labels,
        form=_describe_layout(table, data, column),
        listed=tuple(class_label_names(table, column)),
        has_ids=bool(roles.names(Role.IDENTIFIER)),
        converted_from=original,
    )


def _read_same_table(data: DataFile, settings: ScanSettings) -> Table:
    table = read_table(data.path, settings.read_options)
    if table.source.sha256 == data.sha256:
        return table
    raise InputError(
        "the file changed while it was read",
        where=data.path,
        hint="run again when no other program writes to it",
    )


def _convert(data: DataFile, table: Table) -> tuple[DataFile, Table, Source | None]:
    """The data as CSV where files of their format can't be rewritten; and what they were read from."""
    original = table.source
    if original.format == IN_MEMORY or find_format(original.format).corrected_as is None:
        return data, table, None
    content = write_csv(table.data)
    as_csv = Source(data.path, "csv", len(content), data.sha256, encoding="utf-8", delimiter=USUAL.delimiter)
    source = replace(as_csv, quoting=USUAL.quoting, lead_lines=USUAL.lead_lines)
    return DataFile(data.path, content, content, None, data.sha256), replace(table, source=source), original


def _with_columns(table: Table, roles: Roles) -> Table:
    """The table with all columns of the audit. A JSON key that no row has any more gives an empty column."""
    names = [column.name for column in roles.columns if column.role != Role.LABEL]
    whole = add_missing_keys(table, names)
    gone = [one for one in roles.columns if one.name not in whole.data.column_names]
    if gone:
        raise InputError(
            "a column of the audit is missing",
            where=table.source.path,
            column=gone[0].name,
            expected=f"the columns of the audit; the file has {quote_names(table.data.column_names)}",
            hint="put it back; or scan the file as it is now, and make a new queue from that audit",
        )
    return whole


def _snapshot_rows(
    table: Table,
    document: AuditDocument,
    labels: Labels,
    settings: ScanSettings,
    arrays: Mapping[str, Any],
) -> tuple[RowSnapshot, ...]:
    n_rows, roles, numbers = table.data.num_rows, document.roles, document.hashed_as_numbers
    vectors = probs = None
    if (settings.embeddings or settings.pred_probs) and not _are_rows_distinct(table, roles, labels, numbers):
        if settings.embeddings:
            vectors = read_embeddings(settings.embeddings, n_rows, arrays.get("embeddings"))
        if settings.pred_probs:
            probs = read_pred_probs(settings.pred_probs, labels, n_rows, arrays.get("pred_probs"))
    hashes = hash_rows(table, roles, vectors, probs, numbers=numbers)
    ids = make_row_ids(table, roles, labels, vectors, probs, hashes=hashes)
    names = [labels.class_names[code] if code >= 0 else None for code in labels.codes.tolist()]
    earlier = hash_rows_as_before(table, roles, hashes, vectors, probs, numbers=numbers)
    rows = zip(ids, range(1, n_rows + 1), names, hashes, earlier, strict=True)
    return tuple(RowSnapshot(*row) for row in rows)


def _are_rows_distinct(table: Table, roles: Roles, labels: Labels, numbers: Collection[str] | None) -> bool:
    """Whether the file alone identifies its rows, without the files of embeddings and probabilities.

    Those have other rows once some rows were dropped. They are needed only if there are no input columns, or
    if rows have the same inputs and the same label.
    """
    if not any(column.is_input for column in roles.columns):
        return False
    if roles.names(Role.IDENTIFIER):
        return True
    hashes = hash_rows(table, roles, numbers=numbers)
    return len(set(zip(hashes, labels.codes.tolist(), strict=True))) == len(hashes)


def _describe_layout(table: Table, data: DataFile, column: str) -> FileLayout:
    source, names = table.source, table.data.column_names
    return FileLayout(
        format=source.format,
        column=column,
        place=names.index(column),
        n_columns=len(names),
        encoding=find_plain_encoding(data.content, source.encoding or "utf-8"),
        delimiter=source.delimiter or ",",
        quoted=source.quoting != "none",
        quoting=source.quoting,
        has_header=source.has_header,
        lead_lines=source.lead_lines,
    )
