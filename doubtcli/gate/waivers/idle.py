"""A waiver that holds for no row of a file -> why not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.wording.lists import find_nearest
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.gate.result import Finding, Waiver
    from doubtcli.records import DoubtTable

_MOST_SUGGESTED = 20
"""Waivers that a near id is looked for: each passes over all ids of the file."""
_MOST_CANDIDATES = 1000
_LONGEST_ID = 200


class Telling(IntEnum):
    """What keeps a waiver from holding; over several files the first of these tells most."""

    EXPIRED = 0
    OTHER_LABEL = 1
    NOT_NEEDED = 2
    NO_ROW = 3
    NO_FILE = 4
    NOT_ASKED = 5
    """It is for another file."""


@dataclass(frozen=True, order=True)
class Idle:
    """Why a waiver holds for no row of a file."""

    telling: Telling
    why: str
    """In plain words."""


def why_idle(waivers: Sequence[Waiver], findings: Sequence[Finding], doubts: DoubtTable) -> dict[int, Idle]:
    """Why each of these waivers holds for no finding, by number.

    Args:
        waivers: Those that may hold for this file, and don't.
        findings: Of the file.
        doubts: `doubts.parquet`: every row.
    """
    if not waivers:
        return {}
    labels = _labels(waivers, doubts)
    found = {finding.row_id for finding in findings}
    idle = {
        waiver.number: _why(waiver, labels[waiver.row_id], is_found=waiver.row_id in found)
        for waiver in waivers
        if waiver.row_id in labels
    }
    strangers = [waiver for waiver in waivers if waiver.row_id not in labels]
    near = {waiver.number: _near(waiver.row_id, doubts.row_id) for waiver in strangers[:_MOST_SUGGESTED]}
    return idle | {waiver.number: _no_row(near.get(waiver.number)) for waiver in strangers}


def _labels(waivers: Sequence[Waiver], doubts: DoubtTable) -> Mapping[str, list[str | None]]:
    """The labels of the waivers' rows, by id, where there are such rows."""
    ids = sorted({waiver.row_id for waiver in waivers})
    rows = doubts.filter(pc.is_in(doubts.row_id, value_set=pa.array(ids, doubts.row_id.type)))
    labels: dict[str, list[str | None]] = defaultdict(list)
    for row_id, label in zip(rows.row_id.to_pylist(), rows.given_label.to_pylist(), strict=True):
        labels[row_id].append(label)
    return labels


def _why(waiver: Waiver, labels: Sequence[str | None], *, is_found: bool) -> Idle:
    """Why a waiver whose row is there does not hold for it."""
    if waiver.label is not None and waiver.label not in labels:
        now = (
            "the row has no label now"
            if labels[0] is None
            else f"the row's label is now {shorten_quoted(labels[0])}"
        )
        return Idle(Telling.OTHER_LABEL, now)
    if is_found and waiver.reasons:
        return Idle(Telling.NOT_NEEDED, "not needed: none of its reasons speaks on the row any more")
    return Idle(Telling.NOT_NEEDED, "not needed: the row is not doubted any more")


def _no_row(near: str | None) -> Idle:
    suggestion = f"; did you mean {shorten_quoted(near)}?" if near else ""
    return Idle(Telling.NO_ROW, f"no row bears this id{suggestion}")


def _near(row_id: str, ids: pa.ChunkedArray) -> str | None:
    """The id most like this one; it begins or ends as this one does."""
    if len(row_id) > _LONGEST_ID:
        return None
    for kept in (len(row_id) - 1, 3 * len(row_id) // 4, len(row_id) // 2):
        n = max(1, kept)
        begins = pc.starts_with(ids, row_id[:n], ignore_case=True)
        alike = ids.filter(pc.or_(begins, pc.ends_with(ids, row_id[-n:], ignore_case=True)))
        if near := find_nearest(row_id, alike.slice(0, _MOST_CANDIDATES).to_pylist(), str.lower):
            return near
    return None
