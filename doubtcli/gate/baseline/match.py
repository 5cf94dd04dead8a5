"""A data file and a baseline -> what the baseline has on the file, and the rows as the baseline names them.

A baseline is read with its own columns: those that it was written with make up the content of a row, with any
roles of the file's columns today.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.gate.baseline.rows import check_hashes, make_digest, make_digests
from doubtcli.gate.baseline.section import make_section_path, select_doubt_settings
from doubtcli.records import Column, DoubtTable, Role, Roles, name_embedders
from doubtcli.records.stored import ROW_HASH_VERSION
from doubtcli.wording.lists import MOST_NAMED, quote_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from doubtcli.gate.baseline.section import Baseline, Section
    from doubtcli.records import AuditDocument, Table

    ReadData = Callable[[], Table]
    """Reads the data file that was audited."""

RENAMED_FROM = 0.1
"""Two files that share at least this part of the rows of the smaller one count as one, renamed."""
AS_BEFORE = "rows are compared as before, but some doubts may differ"
_MOST_FILES = 20
"""Files of a baseline that a message names."""


def find_section(
    baseline: Baseline, data_path: str, document: AuditDocument, doubts: DoubtTable, read_data: ReadData
) -> tuple[Section, DoubtTable, tuple[str, ...]]:
    """What a baseline has on a data file, the rows as it names them, and notes that the user should read.

    It is found by its path. If the baseline has only one file, that file is also found under another name, as
    long as it has the same columns and enough of the same rows.

    Args:
        baseline: As it was read.
        data_path: The data file, relative to the working directory.
        document: `audit.json`.
        doubts: `doubts.parquet`.
        read_data: Is called only where the roles of columns are not those of the baseline.

    Raises:
        InputError: The baseline has nothing on this file, or what it has is about another data set; or the
            audit was made by an earlier version, which kept no hashes of rows.
    """
    check_hashes(doubts, data_path)
    path = make_section_path(data_path, baseline.path)
    found = next((section for section in baseline.sections if section.path == path), None)
    if found is not None:
        _check_label(found, baseline.path, data_path, document)
        named = name_rows(found, document, doubts, read_data)
        if isinstance(named, str):
            missing = f"it has no column {named!r}, an input of the baseline"
            raise _make_other_data_error(missing, baseline.path, data_path)
        if not any(map(found.count, make_digests(named))):
            raise _make_other_data_error("the two have no row in common", baseline.path, data_path)
        return found, named, _make_notes(found, document)
    renamed = baseline.sections[0] if len(baseline.sections) == 1 else None
    if renamed is not None and renamed.label == document.label_column:
        named = name_rows(renamed, document, doubts, read_data)
        if not isinstance(named, str) and _have_rows_in_common(renamed, named):
            same = "they have the same columns, and rows in common"
            note = f"{path} is compared with {renamed.path} in the baseline: {same}"
            return renamed, named, (note, *_make_notes(renamed, document))
    raise _make_unknown_file_error(baseline, data_path, path)


def _have_rows_in_common(section: Section, named: DoubtTable) -> bool:
    here = Counter(make_digests(named))
    n_shared = sum(min(n, section.count(row_digest)) for row_digest, n in here.items())
    return n_shared >= max(1, RENAMED_FROM * min(section.n_rows, named.n_rows))


# ------------------------------------------------------------------------- its own names


def name_rows(
    section: Section, document: AuditDocument, doubts: DoubtTable, read_data: ReadData
) -> DoubtTable | str:
    """The rows with the hashes and ids that the baseline's own columns give; or the first column they lack.

    Args:
        section: What the baseline has on the file.
        document: `audit.json`.
        doubts: `doubts.parquet`.
        read_data: Is called only where the roles of columns are not those of the baseline.

    Raises:
        InputError: An earlier version made the audit, and hashed rows in another way than the baseline has.
    """
    if document.row_hash_version < section.row_hash_version:
        raise InputError(
            "an earlier version of doubt made the audit: its rows are hashed in another way than now",
            where=document.source.path,
            expected=f"row_hash_version {ROW_HASH_VERSION}, as in the baseline",
            hint="scan the file again",
        )
    is_same_content = sorted(section.inputs) == sorted(document.input_columns)
    is_same_type = section.numbers is None or section.numbers == document.hashed_as_numbers
    is_same_id = not section.roles or section.id == document.id_column
    if not (is_same_content and is_same_type and is_same_id) and section.inputs:
        renamed = _name_by_own_columns(section, doubts, read_data())
        if isinstance(renamed, str):
            return renamed
        doubts = renamed
    elif not is_same_content:  # without inputs, rows have hashes of what is not in the file
        return next(iter({*document.input_columns} - {*section.inputs}))
    return _choose_known_hashes(section, doubts)


def _name_by_own_columns(section: Section, doubts: DoubtTable, table: Table) -> DoubtTable | str:
    """The rows with hashes of the baseline's inputs, and with ids from its column of ids."""
    from doubtcli.files.table import add_missing_keys
    from doubtcli.read.row_ids import fill_in_ids, hash_rows, hash_rows_as_before

    table = add_missing_keys(table, section.inputs)
    missing = [name for name in section.inputs if name not in table.data.column_names]
    if missing:
        return missing[0]
    own = Roles(tuple(Column(name, Role.TEXT, used=True, why="") for name in section.inputs))
    hashes = hash_rows(table, own, numbers=section.numbers)
    earlier = hash_rows_as_before(table, own, hashes, numbers=section.numbers)
    columns: dict[str, Sequence[object]] = {"row_hash": hashes, "earlier_hashes": earlier}
    if section.id in table.data.column_names:
        columns["row_id"] = fill_in_ids(table.data.column(section.id), hashes)
    rows = (doubts.row - 1).tolist()
    data = doubts.data
    for name, values in columns.items():
        field = data.schema.field(name)
        data = data.set_column(
            data.column_names.index(name), field, pa.array([values[row] for row in rows], field.type)
        )
    return DoubtTable(data)


def _choose_known_hashes(section: Section, doubts: DoubtTable) -> DoubtTable:
    """The rows, each with the hash that the baseline knows it by, if it is one of an earlier version."""
    lengths = pc.fill_null(pc.list_value_length(doubts.earlier_hashes), 0)
    if section.row_hash_version == ROW_HASH_VERSION or not pc.max(lengths).as_py():
        return doubts
    doubted = {doubt.row_hash for doubt in section.doubts}
    columns = (doubts.row_hash, doubts.earlier_hashes, doubts.given_label)
    chosen = [
        next(
            (
                one
                for one in (row_hash, *(earlier or ()))
                if one in doubted or section.count(make_digest(one, label))
            ),
            row_hash,
        )
        for row_hash, earlier, label in zip(*(column.to_pylist() for column in columns), strict=True)
    ]
    place = doubts.data.column_names.index("row_hash")
    return DoubtTable(doubts.data.set_column(place, "row_hash", pa.array(chosen, pa.string())))


# ------------------------------------------------------------------------------- errors


def _check_label(section: Section, where: str, data_path: str, document: AuditDocument) -> None:
    if document.label_column == section.label:
        return
    found = f"its label column is {document.label_column!r}, in the baseline it is {section.label!r}"
    cure = f"name the label column: --label {section.label}" if document.has_column(section.label) else ""
    raise _make_other_data_error(found, where, data_path, cure)


def _make_other_data_error(found: str, where: str, data_path: str, cure: str = "") -> InputError:
    """The error for a file that has the name of another data set."""
    again = f"write the baseline again: doubt baseline {data_path} -o {where}"
    return InputError(
        f"{data_path} is not the data set that the baseline was written for: {found}",
        where=where,
        expected="the same label column, the baseline's input columns and some of the same rows",
        hint=f"{cure}; or {again}" if cure else again,
    )


def _make_unknown_file_error(baseline: Baseline, data_path: str, path: str) -> InputError:
    names = [section.path for section in baseline.sections]
    known = quote_names(names, _MOST_FILES)
    return InputError(
        f"the baseline has no entry for {path!r}",
        where=baseline.path,
        expected=f"one of {known}" if names else "a file that is in it; it is empty",
        hint=f"add the file: doubt baseline {data_path} -o {baseline.path}",
    )


# -------------------------------------------------------------------------------- notes


def _make_notes(section: Section, document: AuditDocument) -> tuple[str, ...]:
    """What can change doubts about rows that did not change themselves."""
    then = {"rules": [], **section.settings}  # there were none in earlier versions
    now = select_doubt_settings(document)
    changed = [
        "other rules"
        if name == "rules"
        else f"{name.replace('_', '-')} = {_as_json_text(then[name])}, now {_as_json_text(value)}"
        for name, value in now.items()
        if name in then and then[name] != value
    ]
    version = document.tool_version
    if version != section.version:
        changed = [f"doubt {section.version}, now {version}", *changed]
    differences = "; ".join(changed)
    note = f"some doubts may differ only because the baseline was written with {differences}"
    return (
        *([note] if changed else []),
        *_note_other_embedder(section, document),
        *_note_other_inputs(section, document),
    )


def _note_other_embedder(section: Section, document: AuditDocument) -> Iterator[str]:
    """What to do about another embedding model than the baseline's, such as one that CI does not have."""
    then, now = section.embedder, document.embedder
    if (then and then.sha256) == (now and now.sha256):
        return
    if now is None:
        cure = "install or name that model (--embed; wordllama comes with doubtcli[embed])"
    elif then is None:
        cure = "gate with --embed none"
    else:
        cure = "name the same model with --embed"
    names = name_embedders(then, now)
    yield (
        f"some doubts may differ only because the baseline was written with {names[0]}, and the file is now "
        f"judged with {names[1]}: {cure}, or write the baseline again"
    )


def _note_other_inputs(section: Section, document: AuditDocument) -> Iterator[str]:
    added = [name for name in document.input_columns if name not in section.inputs]
    gone = [name for name in section.inputs if name not in document.input_columns]
    if added:
        names = quote_names(added, MOST_NAMED)
        yield f"inputs now, but not when the baseline was written: {names}; {AS_BEFORE}"
    if gone:
        names = quote_names(gone, MOST_NAMED)
        yield f"inputs when the baseline was written, but not now: {names}; {AS_BEFORE}"


def _as_json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
