"""Two audits, each with its data -> whether they can be compared, and which row is which."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from doubtcli.compare.count import NO_LABEL_CODE, Pairs
from doubtcli.errors import InputError
from doubtcli.records import Role
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import pyarrow as pa

    from doubtcli.records import AuditDocument, Bools, Codes, Examples, Labels, Roles
    from doubtcli.settings import ScanSettings


@dataclass(frozen=True)
class Side:
    """One of two audits and its data; arrays of rows are in file order."""

    folder: str
    """As the user gave it."""
    data_path: str
    """The data file, or a backup of it with the bytes that were scanned."""
    document: AuditDocument
    settings: ScanSettings
    """The settings that the audit was made with."""
    roles: Roles
    labels: Labels
    examples: Examples
    row_ids: Sequence[str]
    doubted: Bools
    judged: Bools
    """False for a row without a label, or judged unusable."""

    @property
    def label_column(self) -> str:
        """The label column."""
        return self.roles.names(Role.LABEL)[0]

    @property
    def input_columns(self) -> set[str]:
        """The columns that models could learn from, used or not."""
        return {column.name for column in self.roles.columns if column.is_input}

    @property
    def has_ids(self) -> bool:
        """Whether rows have ids that are not made from their values."""
        hashes = self.examples.row_hashes
        return any(not row_id.startswith(own) for row_id, own in zip(self.row_ids, hashes, strict=True))

    def named_rows(self, *, by_id: bool) -> NamedRows:
        """The rows as they are matched: by their ids, or by their values."""
        names = self.row_ids if by_id else list(self.examples.row_hashes)
        labels = [self.labels.class_names[code] if code >= 0 else None for code in self.labels.codes.tolist()]
        return NamedRows(names, self.row_ids, labels)


def check_comparable(before: Side, after: Side) -> None:
    """Refuse two audits with different label or input columns.

    Raises:
        InputError: The columns differ; it names them.
    """
    if before.label_column != after.label_column:
        raise InputError(
            f"is an audit of the labels in {after.label_column!r}",
            where=after.folder,
            expected=f"an audit of the labels in {before.label_column!r}, like {before.folder}",
            hint="scan one of the files again with --label",
        )
    if others := sorted(before.input_columns ^ after.input_columns):
        raise InputError(
            f"has other input columns than {before.folder}; only one of the two has {quote_names(others, 5)}",
            where=after.folder,
            expected="audits of one data set in which only labels have changed",
            hint="scan both files with the same columns; --ignore leaves one out",
        )


@dataclass(frozen=True)
class NamedRows:
    """The rows of one file, in file order, and what identifies them."""

    names: Sequence[str]
    """What stays the same when a label changes: an id, or the hash of the inputs, which may not be unique."""
    row_ids: Sequence[str]
    labels: Sequence[str | None]


def match_rows(before: NamedRows, after: NamedRows) -> list[tuple[int, int]]:
    """Pairs of places in the two files, in the order of the row ids before; each row is in one pair at most.

    Rows of one name are paired by label first, because rows with equal inputs are numbered by their labels,
    and a changed label also changes the numbers of others. The rows left of a name have changed their label.
    If several rows are equal in both files, the first is paired with the first.
    """
    same = _pair_by_name(
        _sort_rows_by_id(before),
        _sort_rows_by_id(after),
        lambda row: (before.names[row], before.labels[row]),
        lambda row: (after.names[row], after.labels[row]),
    )
    paired_before, paired_after = ({pair[side] for pair in same} for side in (0, 1))
    changed = _pair_by_name(
        [row for row in _sort_rows_by_id(before) if row not in paired_before],
        [row for row in _sort_rows_by_id(after) if row not in paired_after],
        before.names.__getitem__,
        after.names.__getitem__,
    )
    return sorted(same + changed, key=lambda pair: before.row_ids[pair[0]])


def _sort_rows_by_id(rows: NamedRows) -> list[int]:
    """Rows by id, with `<hash>.10` after `<hash>.9`."""
    return sorted(range(len(rows.row_ids)), key=lambda row: (len(rows.row_ids[row]), rows.row_ids[row]))


def _pair_by_name(
    before: Iterable[int],
    after: Iterable[int],
    name_before: Callable[[int], Hashable],
    name_after: Callable[[int], Hashable],
) -> list[tuple[int, int]]:
    """The first row of a name with the first of the same name, the second with the second, and so on."""
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for row in after:
        waiting[name_after(row)].append(row)
    places = {name: iter(rows) for name, rows in waiting.items()}
    pairs = ((row, next(places.get(name_before(row), iter(())), None)) for row in before)
    return [(one, other) for one, other in pairs if other is not None]


@dataclass(frozen=True)
class Matched:
    """Two sides, and which row of one is which row of the other."""

    before: Side
    after: Side
    by_id: bool
    """Whether rows are matched by their ids; else they are matched by their values."""
    rows_before: Codes
    """Shape `(n_pairs,)`: places in the file before."""
    rows_after: Codes
    pairs: Pairs

    @property
    def judged(self) -> Codes:
        """The pairs of rows that have a label in both audits and were judged unusable in none."""
        return np.flatnonzero(self.before.judged[self.rows_before] & self.after.judged[self.rows_after])


def match_sides(before: Side, after: Side) -> Matched:
    """Which row of one file is which row of the other.

    Raises:
        InputError: They have no row in common.
    """
    by_id = before.has_ids and after.has_ids
    found = match_rows(before.named_rows(by_id=by_id), after.named_rows(by_id=by_id))
    if not found:
        raise InputError(
            f"has no row in common with {before.folder}",
            where=after.folder,
            expected="audits of one data set in which only labels have changed",
            hint="if rows have ids, scan both files with the same --id",
        )
    rows_before, rows_after = np.array(found, dtype=np.intp).T
    names = tuple(sorted({*before.labels.class_names, *after.labels.class_names}))
    pairs = Pairs(
        class_names=names,
        before=_encode_labels(before, names)[rows_before],
        after=_encode_labels(after, names)[rows_after],
        doubted_before=before.doubted[rows_before],
        doubted_after=after.doubted[rows_after],
        judged_after=after.judged[rows_after],
    )
    return Matched(before, after, by_id, rows_before, rows_after, pairs)


def _encode_labels(side: Side, names: tuple[str, ...]) -> Codes:
    """The labels of a file as codes of the classes of both."""
    place = {name: code for code, name in enumerate(names)}
    places = [place[name] for name in side.labels.class_names]
    return np.array([*places, NO_LABEL_CODE], dtype=np.intp)[side.labels.codes]  # the last one is for code -1


def list_answers(matched: Matched) -> dict[str, Bools]:
    """By annotator, shape `(n_pairs,)`: whether the label before is their answer."""
    examples = matched.before.examples
    if examples.annotations is None:
        return {}
    annotators = examples.annotations.annotators
    agrees = np.zeros((len(matched.before.judged), len(annotators)), dtype=np.bool_)
    agrees[examples.positions] = examples.annotations.codes == examples.given_labels[:, np.newaxis]
    return dict(zip(annotators, agrees[matched.rows_before].T, strict=True))


def select_same_rows(matched: Matched) -> tuple[Examples, Examples]:
    """The rows with a label in both audits, in the same order, with the inputs that both use."""
    before, after = matched.before.examples, matched.after.examples
    shared = [
        column.name
        for column in before.inputs.schema
        if column.name in after.inputs.column_names
        and before.column_roles[column.name] == after.column_roles[column.name]
    ]
    if before.embeddings is None or after.embeddings is None:
        before, after = replace(before, embeddings=None), replace(after, embeddings=None)
    one, other = (
        _places_among_examples(side, rows[matched.judged])
        for side, rows in ((matched.before, matched.rows_before), (matched.after, matched.rows_after))
    )
    return take_inputs(_select_inputs(before, shared), one), take_inputs(_select_inputs(after, shared), other)


def find_edited(before: Examples, after: Examples) -> Bools:
    """Which rows have changed inputs; both examples are from `select_same_rows`."""
    differs = np.zeros(before.n_rows, dtype=np.bool_)
    for one, other in zip(before.inputs.columns, after.inputs.columns, strict=True):
        differs |= _differs(one, other)
    if before.embeddings is not None and after.embeddings is not None:
        is_same_shape = before.embeddings.shape == after.embeddings.shape
        differs |= (before.embeddings != after.embeddings).any(axis=1) if is_same_shape else np.True_
    return differs


def take_inputs(examples: Examples, rows: Codes) -> Examples:
    """Some of the rows with their inputs only, without annotators, rules, verdicts or probabilities."""
    bare = replace(examples, annotations=None, rule_labels=None, given_pred_probs=None, verdicts=None)
    return bare.take(rows)


def _select_inputs(examples: Examples, names: list[str]) -> Examples:
    kept = {name: role for name, role in examples.column_roles.items() if name in names}
    return replace(examples, inputs=examples.inputs.select(names), column_roles=kept)


def _places_among_examples(side: Side, rows: Codes) -> Codes:
    """The places of rows of the file among the examples."""
    places = np.full(len(side.judged), -1, dtype=np.intp)
    places[side.examples.positions] = np.arange(side.examples.n_rows)
    return places[rows]


def _differs(one: pa.ChunkedArray, other: pa.ChunkedArray) -> Bools:
    """Where two columns differ; missing values are equal."""
    unlike = pc.fill_null(pc.not_equal(one, other), fill_value=False)
    one_missing = pc.xor(pc.is_null(one), pc.is_null(other))
    return np.asarray(pc.or_(unlike, one_missing), dtype=np.bool_)
