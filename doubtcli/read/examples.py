"""Table, roles and labels -> the labelled rows, sorted by row id."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.files.table import read_table
from doubtcli.files.values import find_distinct, is_text, remember_columns
from doubtcli.read.answers import encode_answers
from doubtcli.read.labels import clear_other_cells, find_rows_of_names
from doubtcli.read.roles.assign import assign_roles, convert_column, find_claims, list_roles
from doubtcli.read.roles.embedding import read_vectors
from doubtcli.read.roles.label import find_label_column
from doubtcli.read.roles.numeric import describe_other_cells
from doubtcli.read.row_ids import (
    describe_odd_ids,
    hash_rows,
    hash_rows_as_before,
    list_number_columns,
    make_row_ids,
    number_equal_inputs,
)
from doubtcli.read.rule_labels import find_rule_labels
from doubtcli.read.side_files import read_embeddings, read_pred_probs
from doubtcli.records import FROM_FILES, Annotations, Examples, Role
from doubtcli.records.arrays import give_back_memory, split_rows
from doubtcli.records.mapped import map_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from doubtcli.progress import Progress
    from doubtcli.records import Codes, InMemory, Labels, Roles, Rule, Table, Task
    from doubtcli.settings import ScanSettings

_LONG_TEXTS = 2**26
"""Bytes of a column from which a second copy counts."""


def read_examples(
    settings: ScanSettings, task: Task, progress: Progress, given: InMemory = FROM_FILES
) -> tuple[Table, Roles, Labels, Examples]:
    """A file as labelled rows sorted by row id, and the role of each column; verdicts are added later.

    Args:
        settings: What to read and how.
        task: What kind of labels it has.
        progress: Shows how many rows were read.
        given: What is in memory already, and is not read from files.

    Raises:
        DoubtError: The file can't be used, or a setting is not valid.
    """
    with progress.stage("Reading rows") as advance, remember_columns():
        n_read = 0

        def on_rows(so_far: int) -> None:
            nonlocal n_read
            advance(so_far - n_read)
            n_read = so_far

        table = given.table or _read_into_file(settings, on_rows)
        claims = find_claims(table, settings)
        label = find_label_column(table, settings, claims)
        cells = clear_other_cells(table, label[0], settings.no_label)
        labels = task.parse_labels(cells.table, label[0])
        labels = replace(labels, notes=(*cells.notes, *labels.notes))
        roles = assign_roles(table, settings, label, labels)
        table = _add_notes(table, roles, ~find_rows_of_names(table, label[0]))
        give_back_memory()
        n_rows = table.data.num_rows
        examples = build_examples(
            table,
            roles,
            labels,
            embeddings=_read_embeddings(settings, n_rows, given),
            pred_probs=_read_pred_probs(settings, labels, n_rows, given),
            rules=settings.rules,
        )
    give_back_memory()
    return table, roles, labels, examples


def _read_into_file(settings: ScanSettings, on_rows: Callable[[int], None]) -> Table:
    """The file, out of memory if it is large: most of it is needed again only for the rows of the queue."""
    table = read_table(settings.path, settings.read_options, on_rows=on_rows)
    table = replace(table, data=map_table(table.data))
    give_back_memory()
    return table


def _add_notes(table: Table, roles: Roles, is_data: NDArray[np.bool_]) -> Table:
    """The table with notes on odd cells; the rows that are no data have notes of their own."""
    rows = table if is_data.all() else replace(table, data=table.data.filter(pa.array(is_data)))
    cells = describe_other_cells(rows, roles.names(Role.NUMERIC))
    found = (*filter(None, [cells]), *describe_odd_ids(table, roles, is_data))
    return replace(table, notes=(*table.notes, *found))


def _read_embeddings(settings: ScanSettings, n_rows: int, given: InMemory) -> NDArray[np.float32] | None:
    if settings.embeddings is None:
        return None
    return read_embeddings(settings.embeddings, n_rows, given.arrays.get("embeddings"))


def _read_pred_probs(
    settings: ScanSettings, labels: Labels, n_rows: int, given: InMemory
) -> NDArray[np.float64] | None:
    if settings.pred_probs is None:
        return None
    return read_pred_probs(settings.pred_probs, labels, n_rows, given.arrays.get("pred_probs"))


def build_examples(
    table: Table,
    roles: Roles,
    labels: Labels,
    *,
    embeddings: NDArray[np.float32] | None = None,
    pred_probs: NDArray[np.float64] | None = None,
    rules: Sequence[Rule] = (),
) -> Examples:
    """The labelled rows, sorted by row id, with everything that models and reasons use.

    Inputs have the types that models need: text and categories are large_string, numbers float64, times
    timestamp; missing values are null. Rows without a label are set aside.

    Args:
        table: The file.
        roles: The roles of its columns.
        labels: Its label column.
        embeddings: A vector for each row of the file, appended to those of embedding columns.
        pred_probs: The user's own probabilities for each row of the file.
        rules: The user's own rules.

    Raises:
        InputError: There is nothing to judge the labels by; or a value does not fit the role that the user
            gave its column, and the error names the row.
    """
    annotators = roles.names(Role.ANNOTATOR)
    if not (roles.inputs or annotators or embeddings is not None or pred_probs is not None):
        raise _no_inputs_error(table, roles)
    hashes = hash_rows(table, roles, embeddings, pred_probs)
    ids = make_row_ids(table, roles, labels, embeddings, pred_probs, hashes=hashes)
    order = pc.sort_indices(ids.array).to_numpy().astype(np.intp)
    rows, unlabelled = order[labels.codes[order] >= 0], order[labels.codes[order] < 0]
    return Examples(
        row_ids=ids.take(rows),
        positions=rows,
        given_labels=labels.codes[rows],
        class_names=labels.class_names,
        are_classes=labels.are_classes,
        inputs=_convert_inputs(table, roles, rows),
        column_roles=_column_roles(roles),
        pairs=roles.pairs,
        embeddings=_join_embeddings(table, roles, embeddings, rows),
        groups=_number_groups(table, roles, rows),
        annotations=_encode_annotations(table, annotators, labels, rows),
        given_pred_probs=None if pred_probs is None else _take_probabilities(pred_probs, rows),
        rule_labels=find_rule_labels(table, roles, rules, labels, rows),
        unlabelled_row_ids=tuple(ids.take(unlabelled)),
        unlabelled_positions=tuple(unlabelled.tolist()),
        row_hashes=hashes,
        hashed_as_numbers=list_number_columns(table, roles),
        earlier_hashes=tuple(hash_rows_as_before(table, roles, hashes, embeddings, pred_probs)),
        equal_inputs=number_equal_inputs(table, roles, hashes, embeddings)[rows],
    )


def _take_probabilities(pred_probs: NDArray[np.float64], rows: Codes) -> NDArray[np.float32]:
    """The probabilities of some rows, in single precision as those of our own models."""
    taken = np.empty((len(rows), pred_probs.shape[1]), dtype=np.float32)
    for block in split_rows(*taken.shape):
        taken[block] = pred_probs[rows[block]]
    return taken


def _column_roles(roles: Roles) -> dict[str, str]:
    """The role of each input that stays a column, in file order; columns of vectors become one matrix."""
    return {
        column.name: column.role
        for column in roles.columns
        if column.used and column.is_input and column.role != Role.EMBEDDING
    }


def _convert_inputs(table: Table, roles: Roles, rows: Codes) -> pa.Table:
    names = _column_roles(roles)
    wanted = pa.array(rows)
    converted = {
        name: convert_column(role, table, name).take(wanted)  # one by one: all columns twice are much
        for role in list_roles()
        for name in names
        if names[name] == role.name
    }
    return map_table(pa.table({name: converted[name] for name in names}))


def share_texts(table: Table, examples: Examples) -> Table:
    """The table with its long texts as places in the inputs, so that each text is held once.

    Such a column has the values that it had, as categories; one that is short stays as it is.

    Args:
        table: The file.
        examples: Its rows; where some are left out of the inputs, the table has all texts of its own.
    """
    if examples.n_rows < table.data.num_rows:
        return table
    data, places = table.data, np.empty(examples.n_rows, dtype=np.int32)
    places[examples.positions] = np.arange(examples.n_rows)
    for name in examples.columns_of(Role.TEXT):
        own, inputs = data.column(name), examples.inputs.column(name)
        if is_text(own.type) and own.nbytes >= _LONG_TEXTS and inputs.num_chunks == 1:
            shared = pa.DictionaryArray.from_arrays(pa.array(places), inputs.chunk(0))
            data = data.set_column(data.column_names.index(name), name, shared)
    return replace(table, data=data)


def _join_embeddings(
    table: Table, roles: Roles, given: NDArray[np.float32] | None, rows: Codes
) -> NDArray[np.float32] | None:
    parts = [read_vectors(table.data.column(name)) for name in roles.names(Role.EMBEDDING)]
    if given is not None:
        parts.append(given)
    return np.hstack([np.asarray(part)[rows] for part in parts]) if parts else None


def _number_groups(table: Table, roles: Roles, rows: Codes) -> Codes | None:
    """Groups as numbers in the order of their names; a row without a group gets one for itself."""
    names = roles.names(Role.GROUP)
    if not names:
        return None
    values = find_distinct(table.data.column(names[0]))
    in_order = np.argsort(np.array(values.texts.to_pylist(), dtype=object))
    place = np.empty(len(in_order), dtype=np.intp)
    place[in_order] = np.arange(len(in_order))
    groups = values.on_rows(place, missing=-1)[rows]
    alone = groups < 0
    groups[alone] = len(place) + np.arange(alone.sum())
    return np.asarray(groups, dtype=np.intp)


def _encode_annotations(
    table: Table, names: tuple[str, ...], labels: Labels, rows: Codes
) -> Annotations | None:
    if not names:
        return None
    codes = [encode_answers(table, name, labels, by_words=True)[0][rows] for name in names]
    return Annotations(names, np.column_stack(codes))


def _no_inputs_error(table: Table, roles: Roles) -> InputError:
    return InputError(
        "there is nothing to judge the labels by: no column is left that models can learn from",
        where=table.source.path,
        expected="besides the label: texts, numbers, categories, dates, vectors, probabilities or annotators",
        hint=_suggest_inputs(roles),
    )


def _suggest_inputs(roles: Roles) -> str | None:
    """What to do where no column is left to learn from; None if there is no other column."""
    others = [column for column in roles.columns if column.role != Role.LABEL]
    broken = [column for column in others if column.role == Role.EMBEDDING]
    shown = ", ".join(f"{column.name!r} ({column.why})" for column in broken or others)
    if broken:
        return f"mend the row that is named here, or remove it: {shown}"
    return f"use one of the other columns with --use COLUMN: {shown}" if others else None
