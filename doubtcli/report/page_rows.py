"""The doubted rows for the page: each with its evidence, and one pool of all rows that are mentioned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.rank.combine import list_counted_reasons
from doubtcli.rank.figures import find_bins
from doubtcli.records import Role
from doubtcli.records.arrays import take_rows
from doubtcli.wording.numbers import format_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from doubtcli.rank.figures import RowSummary
    from doubtcli.records import ScanResult

EXCERPT = 1_000
"""Characters of one value of a doubted row: about a screen."""
MENTION = 240
"""Characters of all values of a row that is only mentioned: three lines."""
MOST_COLUMNS = 60
NEAREST = 5
"""Nearest rows that are shown; all are counted. More would double the page, and few people scroll to them."""
MOST_DUPLICATES = 10
MOST_EQUAL = 20
"""Equal rows that are named, and found by a search for their id; all are counted."""
TOP_CLASSES = 6
"""Probabilities that are shown; those of the given and the suggested label are always among them."""
DECIMALS = 3


def row_content(audit: ScanResult, rows: Sequence[RowSummary], excerpt: int = EXCERPT) -> dict[str, Any]:
    """The evidence for each row, and a pool of rows, ready for JSON.

    The pool has `[row id, row, given class, values]` of the doubted rows, in their order, then of every row
    that is mentioned by one of them. Evidence refers to rows by their place in the pool.

    Args:
        audit: What a scan found.
        rows: The rows.
        excerpt: How many characters of each of their values are shown.
    """
    evidence = [_Evidence.of(audit, row.index) for row in rows]
    duplicates = _find_duplicates(audit, [row.index for row in rows])
    mentioned = (
        row for parts in zip(evidence, duplicates, strict=True) for row in (*parts[0].near, *parts[1])
    )
    pooled = list(dict.fromkeys([*(row.index for row in rows), *mentioned]))
    place = {row: n for n, row in enumerate(pooled)}
    return {
        "columns": list(list_shown_columns(audit)),
        "pool": _build_pool(audit, pooled, n_doubted=len(rows), excerpt=excerpt),
        "doubted": [
            _plain_row(audit, row)
            | known.to_plain(place)
            | ({"duplicates": [[place[r] for r in same[:MOST_DUPLICATES]], len(same)]} if same else {})
            | _name_equal_rows(audit, row)
            for row, known, same in zip(rows, evidence, duplicates, strict=True)
        ],
    }


def _name_equal_rows(audit: ScanResult, row: RowSummary) -> dict[str, Any]:
    """The ids and numbers of the first rows that an entry stands for, itself among them, and how many."""
    if len(row.equal) < 2:  # noqa: PLR2004
        return {}
    examples = audit.examples
    named = [[examples.row_ids[one], int(examples.positions[one]) + 1] for one in row.equal[:MOST_EQUAL]]
    return {"equal": [named, len(row.equal)]}


def _plain_row(audit: ScanResult, row: RowSummary) -> dict[str, Any]:
    ranking = audit.ranking
    counted = list_counted_reasons(audit.reasons, audit.skill)
    names = [reason.name for reason in counted]
    return {
        "suggested": int(ranking.suggested_labels[row.index]),
        "confidence": _round_or_none(row.suggested_confidence),
        "doubt": _round_or_none(row.doubt),
        "tier": row.tier,
        "bin": int(find_bins(ranking.doubt[[row.index]])[0]),
        "doubtSd": _round_or_none(float(ranking.doubt_sd[row.index])),
        "why": row.why,
        "scores": [_round_or_none(float(reason.scores[row.index])) for reason in counted],
        "speaks": [names.index(name) for name in row.reasons],
    }


# ----------------------------------------------------------------- evidence


@dataclass(frozen=True)
class _Evidence:
    """The evidence for one row; a part that could not be computed is empty."""

    probs: list[list[float]]
    near: list[int]
    distances: list[float | None]
    tally: list[list[int]]
    answers: list[list[int]]

    @classmethod
    def of(cls, audit: ScanResult, row: int) -> _Evidence:
        near, distances = _find_nearest(audit, row)
        return cls(
            probs=_list_probs(audit, row),
            near=near[:NEAREST],
            distances=distances[:NEAREST],
            tally=_count_labels(audit.examples.training_labels[near]),
            answers=_list_answers(audit, row),
        )

    def to_plain(self, place: dict[int, int]) -> dict[str, Any]:
        near = [[place[row], distance] for row, distance in zip(self.near, self.distances, strict=True)]
        parts = {"probs": self.probs, "near": near, "tally": self.tally, "answers": self.answers}
        return {name: part for name, part in parts.items() if part}


def _list_probs(audit: ScanResult, row: int) -> list[list[float]]:
    """`[class, probability]`, likeliest first; none by models without skill."""
    if audit.evidence.pred_probs is None or not audit.skill.assessable:
        return []
    probs = take_rows(audit.evidence.pred_probs, np.array([row]))[0]
    likeliest = np.argsort(-probs, kind="stable")
    shown = {*likeliest[:TOP_CLASSES].tolist()}
    shown |= {int(audit.examples.given_labels[row]), int(audit.ranking.suggested_labels[row])}
    return [[code, round(float(probs[code]), DECIMALS)] for code in likeliest.tolist() if code in shown]


def _find_nearest(audit: ScanResult, row: int) -> tuple[list[int], list[float | None]]:
    """The nearest rows and their distances, nearest first."""
    indices, distances = audit.evidence.neighbor_indices, audit.evidence.neighbor_distances
    if indices is None or distances is None:
        return [], []
    there = indices[row] >= 0
    return indices[row][there].tolist(), [_round_or_none(value) for value in distances[row][there].tolist()]


def _count_labels(labels: NDArray[np.intp]) -> list[list[int]]:
    """`[class, how many]`, most first."""
    codes, counts = np.unique(labels, return_counts=True)
    return sorted(map(list, zip(codes.tolist(), counts.tolist(), strict=True)), key=lambda pair: -pair[1])


def _list_answers(audit: ScanResult, row: int) -> list[list[int]]:
    """`[annotator, class]` for each annotator with an answer."""
    if audit.examples.annotations is None:
        return []
    codes = audit.examples.annotations.codes[row].tolist()
    return [[annotator, code] for annotator, code in enumerate(codes) if code >= 0]


def _find_duplicates(audit: ScanResult, rows: Sequence[int]) -> list[list[int]]:
    """The other rows that have the same input as each of `rows`, by row id."""
    groups = audit.evidence.duplicate_groups
    if groups is None:
        return [[] for _ in rows]
    members: dict[int, list[int]] = {}
    for row in np.flatnonzero(np.isin(groups, groups[list(rows)])).tolist():
        members.setdefault(int(groups[row]), []).append(row)
    return [[other for other in members[int(groups[row])] if other != row] for row in rows]


# ----------------------------------------------------------------- the rows' own values


def list_shown_columns(audit: ScanResult) -> tuple[str, ...]:
    """The input columns to show: texts first, then the others in the order of the file."""
    texts = audit.examples.columns_of(Role.TEXT)
    others = (name for name in audit.examples.inputs.column_names if name not in texts)
    return (*texts, *others)[:MOST_COLUMNS]


def _build_pool(audit: ScanResult, rows: Sequence[int], *, n_doubted: int, excerpt: int) -> list[list[Any]]:
    examples = audit.examples
    table = examples.inputs.select(list_shown_columns(audit)).take(pa.array(rows, pa.int64()))
    values = list(zip(*(to_shown_texts(column) for column in table.columns), strict=True)) or [()] * len(rows)
    return [
        [
            examples.row_ids[row],
            int(examples.positions[row]) + 1,
            int(examples.given_labels[row]),
            [_cut_text(value, excerpt) for value in own] if n < n_doubted else _excerpt_values(own),
        ]
        for n, (row, own) in enumerate(zip(rows, values, strict=True))
    ]


def _excerpt_values(values: Iterable[str | None]) -> list[str | None]:
    """The first values, up to `MENTION` characters."""
    shown: list[str | None] = []
    room = MENTION
    for value in values:
        if room <= 0:
            break
        shown.append(_cut_text(value, room))
        room -= len(value or "")
    return shown


def _cut_text(value: str | None, most: int) -> str | None:
    """A text with at most so many characters; a text that was cut ends in "…"."""
    return value if value is None or len(value) <= most else value[:most].rstrip() + "…"


def to_shown_texts(column: pa.ChunkedArray) -> list[str | None]:
    """Each value as text; for a vector, only its length."""
    if any(is_kind(column.type) for is_kind in _VECTORS):
        lengths = pc.list_value_length(column).to_pylist()
        return [None if length is None else f"[{length} numbers]" for length in lengths]
    return [None if value is None else format_value(value) for value in column.to_pylist()]


_VECTORS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


def _round_or_none(value: float) -> float | None:
    """A number rounded for reading; None for NaN."""
    return None if np.isnan(value) else round(value, DECIMALS)
