"""An audit's directory -> the audit and its data, read anew; two of them are checked to be comparable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.compare.match import KnownRows
from doubtcli.errors import InputError
from doubtcli.read.examples import read_examples
from doubtcli.records import INPUT_ROLES, Role
from doubtcli.store.folder import is_audit
from doubtcli.store.open import open_audit
from doubtcli.verdicts.examples import read_verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.progress import Progress
    from doubtcli.records import Bools, Examples, Labels, Roles
    from doubtcli.store.open import FoundAudit

_MOST_NAMED = 5


@dataclass(frozen=True)
class Side:
    """One of two audits and its data; what is told of rows stands in file order."""

    folder: str
    """As the user gave it."""
    found: FoundAudit
    roles: Roles
    labels: Labels
    examples: Examples
    row_ids: Sequence[str]
    doubted: Bools
    judged: Bools
    """False for a row without a label, or judged unusable."""

    @property
    def label_column(self) -> str:
        """The column that was judged."""
        return self.roles.names(Role.LABEL)[0]

    @property
    def input_columns(self) -> set[str]:
        """The columns that could be learnt from, whether or not they were."""
        return {column.name for column in self.roles.columns if column.role in INPUT_ROLES}

    @property
    def has_ids(self) -> bool:
        """Whether rows are named otherwise than by what stands in them."""
        hashes = self.examples.row_hashes
        return any(not row_id.startswith(own) for row_id, own in zip(self.row_ids, hashes, strict=True))

    def known_rows(self, *, by_id: bool) -> KnownRows:
        """The rows as they are matched: by their ids, or by what stands in them."""
        names = self.row_ids if by_id else self.examples.row_hashes
        labels = [self.labels.class_names[code] if code >= 0 else None for code in self.labels.codes.tolist()]
        return KnownRows(names, self.row_ids, labels)


def read_side(folder: str, progress: Progress) -> Side:
    """The audit in a directory, with the data that it judged.

    Raises:
        InputError: There is no audit, it is damaged, or its data are gone or others by now.
    """
    if not is_audit(folder):
        raise InputError(
            "is no audit",
            where=folder,
            expected="a folder that `doubt scan` wrote",
            hint="scan the data first, then name the folder that the scan says it wrote",
        )
    found = open_audit(folder)
    table, roles, labels, examples = read_examples(found.settings, progress)
    if found.settings.verdicts is not None:
        examples = read_verdicts(found.settings.verdicts, examples, labels, table.source.path)
    judged = np.zeros(len(labels.codes), dtype=np.bool_)
    judged[examples.positions] = True
    doubted = np.zeros(len(judged), dtype=np.bool_)
    doubted[found.doubts.row - 1] = found.doubts.doubted
    return Side(folder, found, roles, labels, examples, _row_ids(examples), doubted, judged)


def check_comparable(before: Side, after: Side) -> None:
    """Refuse two audits whose labels or inputs are other columns.

    Raises:
        InputError: Names the columns that differ.
    """
    if before.label_column != after.label_column:
        raise InputError(
            f"judges the labels in {after.label_column!r}",
            where=after.folder,
            expected=f"an audit of the labels in {before.label_column!r}, as {before.folder} is",
            hint="scan one of the files again with --label",
        )
    if others := sorted(before.input_columns ^ after.input_columns):
        told = ", ".join(repr(name) for name in others[:_MOST_NAMED])
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        raise InputError(
            f"has other input columns than {before.folder}; in one of the two alone: {told}{more}",
            where=after.folder,
            expected="audits of one data set, whose labels alone have changed",
            hint="scan both files with the same columns; --ignore leaves one out",
        )


def nothing_shared(before: Side, after: Side) -> InputError:
    """What to say of two audits that have no row in common."""
    return InputError(
        f"has no row in common with {before.folder}",
        where=after.folder,
        expected="audits of one data set, whose labels alone have changed",
        hint="if rows have ids, scan both files with the same --id",
    )


def _row_ids(examples: Examples) -> list[str]:
    """The id of every row of the file, in file order."""
    by_position = dict(zip(examples.positions.tolist(), examples.row_ids, strict=True))
    by_position |= zip(examples.unlabelled_positions, examples.unlabelled_row_ids, strict=True)
    by_position |= zip(examples.unusable_positions, examples.unusable_row_ids, strict=True)
    return [by_position[position] for position in range(len(by_position))]
