"""What a person looks for -> the rows that have it: label, reason, tier, doubt, text, condition, state."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.records import REASON_SPEAKS, TIERS
from doubtcli.report.page_rows import list_shown_columns
from doubtcli.review.session import STATES
from doubtcli.tools.values import to_csv_texts
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records import Bools, Codes, ScanResult
    from doubtcli.review.session import Session

NEITHER = "neither"
"""The tier of rows that are neither doubted nor contradicted."""


@dataclass(frozen=True)
class RowFilter:
    """What rows must have; a part that is None or empty lets all rows through."""

    given: str | None = None
    """The label in the file."""
    suggested: str | None = None
    """The label that is suggested; rows without another label have their own."""
    reason: str | None = None
    """A reason that raises doubt about them."""
    annotator: str | None = None
    """Somebody who gave another label than the file has."""
    tier: str | None = None
    """"doubted", "contradicted" or "neither"."""
    state: str | None = None
    """What became of them: one of `STATES`."""
    least: float | None = None
    """The lowest doubt, 0 to 1."""
    most: float | None = None
    """The highest doubt."""
    text: str = ""
    """What their id or one of their values contains, in any case."""
    region: str | None = None
    """A part of the map that they are in, as `Region.parse` reads it."""
    when: str | None = None
    """A condition that fires on them, as a rule has it."""
    unlike: str | None = None
    """A label that they don't have: with `when`, the rows that contradict a rule."""

    @classmethod
    def parse(cls, parts: Mapping[str, Any]) -> RowFilter:
        """The filter of a request.

        Raises:
            InputError: It has a part that is not known, or of another type.
        """
        types = {"least": (int, float), "most": (int, float)}
        known = {field.name for field in fields(cls)}
        for name, value in parts.items():
            if name not in known:
                raise InputError(f"{name!r} is not a filter", hint=did_you_mean(name, known))
            is_valid = isinstance(value, types.get(name, str)) and not isinstance(value, bool)
            if value is not None and not is_valid:
                raise InputError(f"{value!r} is not a value of the filter {name!r}")
        return cls(**{**parts, "text": (parts.get("text") or "").strip()})

    @property
    def asks_models(self) -> bool:
        """Whether it says something of what models and other evidence say."""
        without = replace(self, given=None, unlike=None, state=None, text="", region=None, when=None)
        return not without.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether it lets all rows through."""
        return self == RowFilter()


def find_rows(wanted: RowFilter, session: Session) -> Bools:
    """Which rows a filter lets through by all but its region, shape `(n_rows,)`.

    Raises:
        InputError: A name in it is not known.
    """
    audit, ranking = session.audit, session.audit.ranking
    through = _find_labels(wanted, session)
    if wanted.suggested is not None:
        through &= ranking.suggested_labels == _find_place(wanted.suggested, session.labels, "a label")
    if wanted.tier is not None:
        tiers = [tier or NEITHER for tier in TIERS]
        through &= ranking.tiers == _find_place(wanted.tier, tiers, "a tier")
    if wanted.state is not None:
        through &= session.states == _find_place(wanted.state, STATES, "a state")
    if wanted.reason is not None:
        reason = audit.reasons[_find_place(wanted.reason, [one.name for one in audit.reasons], "a reason")]
        through &= reason.scores >= REASON_SPEAKS
    if wanted.annotator is not None:
        through &= _find_contradicted(audit, wanted.annotator)
    if wanted.least is not None:
        through &= ranking.doubt >= wanted.least
    if wanted.most is not None:
        through &= ranking.doubt <= wanted.most
    if wanted.text.strip():
        through &= _find_text(audit, wanted.text.strip())
    if wanted.when is not None:
        through &= session.conditions.find(wanted.when)
    return through


def _find_labels(wanted: RowFilter, session: Session) -> Bools:
    """Which rows have the given label that a filter asks for, and not the one that it leaves out."""
    given = session.audit.examples.given_labels
    through = np.ones(len(given), dtype=np.bool_)
    if wanted.given is not None:
        through &= given == _find_place(wanted.given, session.labels, "a label")
    if wanted.unlike is not None:
        through &= given != _find_place(wanted.unlike, session.labels, "a label")
    return through


def _find_place(name: str, names: Sequence[str], what: str) -> int:
    if name not in names:
        raise InputError(f"{name!r} is not {what} of this audit", hint=did_you_mean(name, names))
    return list(names).index(name)


def _find_contradicted(audit: ScanResult, annotator: str) -> Bools:
    annotations = audit.examples.annotations
    names = annotations.annotators if annotations else ()
    answers = annotations.codes if annotations else np.zeros((audit.examples.n_rows, 0))
    codes = answers[:, _find_place(annotator, names, "an annotator")]
    differs: Bools = (codes >= 0) & (codes != audit.examples.given_labels)
    return differs


def count_contradictions(audit: ScanResult, rows: Codes) -> dict[str, int]:
    """For each annotator, how many of some rows they gave another label than the file has."""
    annotations = audit.examples.annotations
    if annotations is None:
        return {}
    answers, given = annotations.codes[rows], audit.examples.given_labels[rows]
    counts = ((answers >= 0) & (answers != given[:, None])).sum(axis=0)
    return dict(zip(annotations.annotators, counts.tolist(), strict=True))


def _find_text(audit: ScanResult, text: str) -> Bools:
    """Which rows have a text in their id or in a value that is shown."""
    table = audit.examples.inputs.select(list_shown_columns(audit))
    columns = [pa.chunked_array([pa.array(audit.examples.row_ids, pa.large_string())]), *table.columns]
    found = np.zeros(audit.examples.n_rows, dtype=np.bool_)
    for column in columns:
        has = pc.match_substring(to_csv_texts(column), text, ignore_case=True)
        found |= pc.fill_null(has, False).to_numpy()  # noqa: FBT003  # Arrow's way
    return found
