"""The part that one column plays, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.files.values import find_distinct, holds_bytes
from doubtcli.read.labels import encode_answers
from doubtcli.read.roles.identify import check_names_rows, is_id, names_rows
from doubtcli.read.roles.infer import count_of_values, infer_role
from doubtcli.read.roles.leaks import LEAK, is_another_answer, one_to_one
from doubtcli.read.vectors import Flaw, looks_like_vectors, vectors
from doubtcli.records import Column, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.files.values import Distinct
    from doubtcli.records import Labels, Table


@dataclass(frozen=True)
class LookedAt:
    """One column, and what is needed to say its part."""

    table: Table
    name: str
    labels: Labels
    use: bool
    """Whether it is to be learnt from although it looks like a leak or an identifier."""

    @cached_property
    def values(self) -> Distinct:
        """What stands in it."""
        return find_distinct(self.table.data.column(self.name))

    def column(self, claims: Mapping[str, tuple[Role, str]]) -> Column:
        """The part that it plays."""
        role, why = claims.get(self.name, (None, ""))
        if role is Role.ANNOTATOR:
            why += self._unheard()
        elif role is Role.IDENTIFIER:
            check_names_rows(self.values, self.table, self.name)
        elif role is Role.EMBEDDING:
            self._check_vectors()
        elif role not in {Role.LABEL, Role.GROUP, Role.IGNORED}:
            return self._input(role, why)
        return Column(self.name, role, role is not Role.IGNORED, why)

    def _input(self, role: Role | None, why: str) -> Column:
        if role is None:
            column = self._inferred()
            if not column.used or column.role is Role.EMBEDDING:
                return column
        else:
            column = Column(self.name, role, used=True, why=why)
        out = self._left_out()
        if out and self.use:
            return replace(column, why=f"--use, though {out}")
        if out:
            return replace(column, used=False, why=f"{out}: left out (--use {self.name} keeps it)")
        if is_another_answer(self.name, self.values, self.labels):
            hint = f"--ignore {self.name} leaves it out"
            return replace(column, why=f"{column.why}; may be another answer to the same question: {hint}")
        return column

    def _inferred(self) -> Column:
        data = self.table.data.column(self.name)
        if holds_bytes(data.type):
            return Column(self.name, Role.IGNORED, used=False, why="bytes: can't be learnt from")
        if looks_like_vectors(data):
            found = vectors(data)
            if not isinstance(found, Flaw):
                return Column(self.name, Role.EMBEDDING, used=True, why=f"{found.shape[1]} numbers a row")
            return Column(
                self.name, Role.EMBEDDING, used=False, why=f"row {found.row}: {found.found}: left out"
            )
        id_why = names_rows(self.name, self.values)
        if id_why and not self.use:
            return Column(self.name, Role.IDENTIFIER, used=False, why=f"{id_why}: left out")
        role, why = infer_role(self.values)
        if role is Role.NUMERIC and is_id(self.name, self.values) and not self.use:
            role, why = Role.CATEGORICAL, f"named like an id, {count_of_values(self.values)}"
        return Column(self.name, role, used=True, why=f"--use, {why}" if self.use else why)

    def _left_out(self) -> str | None:
        """Why a model should not learn from it."""
        n_different = len(self.values.values)
        if n_different == 0:
            return "empty"
        if n_different == 1 and self.values.n_missing == 0:
            return "the same on every row"
        share = one_to_one(self.values, self.labels)
        if share < LEAK:
            return None
        # cut, not rounded: 99.96% is not all rows
        rows = "every row" if share == 1 else f"{int(share * 1000) / 10:g}% of rows"
        return f"it goes one to one with the label on {rows}"

    def _unheard(self) -> str:
        """How many answers are no class; a column of nothing else is refused."""
        codes, n_unheard = encode_answers(self.table, self.name, self.labels)
        if not (codes >= 0).any():
            raise InputError(
                "none of its answers is a class of the label",
                where=self.table.source.path,
                column=self.name,
                expected=f"answers such as {', '.join(map(repr, self.labels.class_names[:5]))}",
                hint=f"leave it out: --ignore {self.name}",
            )
        answers = "1 answer that is" if n_unheard == 1 else f"{n_unheard:,} answers that are"
        return f"; {answers} no class of the label count as not given" if n_unheard else ""

    def _check_vectors(self) -> None:
        found = vectors(self.table.data.column(self.name))
        if isinstance(found, Flaw):
            raise InputError(
                found.found,
                where=self.table.source.path,
                row=found.row,
                column=self.name,
                expected="as many numbers on every row, none missing or infinite",
            )
