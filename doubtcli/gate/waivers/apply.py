"""Findings and waivers -> which findings a person waived, and which waivers did not hold, with why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.disk.paths import resolve_parents
from doubtcli.gate.result import LABEL_CONFLICT, UNJUDGED, UNLABELLED, LapsedWaiver
from doubtcli.wording.lists import find_nearest
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.gate.result import Finding, Waiver
    from doubtcli.records import DoubtTable


@dataclass(frozen=True)
class AppliedWaivers:
    """What the waivers made of the findings of one data file."""

    findings: tuple[Finding, ...]
    """In their order; waived ones bear their waiver, others only the reasons that are left."""
    unused: Mapping[int, UnusedWaiver]
    """By number, the waivers that held for no row of this file."""


def apply_waivers(
    waivers: Sequence[Waiver],
    findings: Sequence[Finding],
    doubts: DoubtTable,
    *,
    waivers_path: str,
    data_path: str,
    today: dt.date,
) -> AppliedWaivers:
    """The findings of one data file with the waivers that hold for them.

    A waiver that names reasons takes these off the row, and waives it where no other speaks. A waiver that
    names none waives the row, whatever speaks; nothing else waives a row on which no single reason speaks.

    Args:
        waivers: As they were read, for all files.
        findings: Of this file, nothing waived.
        doubts: `doubts.parquet` of this file: every row.
        waivers_path: The file of waivers: their files are seen from its folder.
        data_path: The data file.
        today: A waiver holds through its last day.
    """
    idle = {waiver.number: _why_not_asked(waiver, waivers_path, data_path, today) for waiver in waivers}
    asked = [waiver for waiver in waivers if idle[waiver.number] is None]
    by_id: dict[str, list[Waiver]] = defaultdict(list)
    for waiver in asked:
        by_id[waiver.row_id].append(waiver)
    judged = [_apply_to_finding(finding, by_id.get(finding.row_id, ())) for finding in findings]
    held = {number for _, numbers in judged for number in numbers}
    without_use = [waiver for waiver in asked if waiver.number not in held]
    off = {number: why for number, why in idle.items() if why is not None}
    return AppliedWaivers(
        tuple(finding for finding, _ in judged), off | explain_unused(without_use, findings, doubts)
    )


def lapsed_waivers(waivers: Sequence[Waiver], applied: Sequence[AppliedWaivers]) -> tuple[LapsedWaiver, ...]:
    """The waivers that held for no row of any file, each with the most telling why.

    One for a file that is there and was not judged now is left out: nobody asked it.
    """
    lapsed = []
    for waiver in waivers:
        whys = [one.unused.get(waiver.number) for one in applied]
        told = [why for why in whys if why is not None]
        if told and len(told) == len(whys) and min(told).cause is not UnusedCause.NOT_ASKED:
            lapsed.append(LapsedWaiver(waiver, min(told).why))
    return tuple(lapsed)


def waived_rows(
    waivers: Sequence[Waiver], doubts: DoubtTable, *, waivers_path: str, data_path: str, today: dt.date
) -> set[int]:
    """The rows of one data file that are waived whatever speaks, doubted or not: their places, from 1.

    Args:
        waivers: As they were read, for all files; those that name reasons play no part.
        doubts: `doubts.parquet` of this file.
        waivers_path: The file of waivers: their files are seen from its folder.
        data_path: The data file.
        today: A waiver holds through its last day.
    """
    labels: dict[str, set[str | None]] = defaultdict(set)
    for waiver in waivers:
        if not waiver.reasons and _why_not_asked(waiver, waivers_path, data_path, today) is None:
            labels[waiver.row_id].add(waiver.label)
    ids = pa.array(sorted(labels), doubts.row_id.type)
    rows = doubts.filter(pc.is_in(doubts.row_id, value_set=ids)).to_rows()
    return {row.row for row in rows if labels[row.row_id] & {None, row.given_label}}


def _why_not_asked(waiver: Waiver, waivers_path: str, data_path: str, today: dt.date) -> UnusedWaiver | None:
    """Why a waiver can't hold for any row of a file; None if it may."""
    files = [resolve_parents(Path(waivers_path).parent / file) for file in waiver.files]
    if files and resolve_parents(data_path) not in files:
        is_there = any(file.exists() for file in files)
        return (
            UnusedWaiver(UnusedCause.NOT_ASKED, "")
            if is_there
            else UnusedWaiver(UnusedCause.NO_FILE, "there is no such file")
        )
    if waiver.until is not None and waiver.until < today:
        return UnusedWaiver(UnusedCause.EXPIRED, f"expired on {waiver.until.isoformat()}")
    return None


def _apply_to_finding(finding: Finding, waivers: Collection[Waiver]) -> tuple[Finding, set[int]]:
    """A finding with what its row's waivers say of it, and the numbers of those that hold."""
    fitting = [waiver for waiver in waivers if waiver.label in (None, finding.given_label)]
    whole = [waiver for waiver in fitting if not waiver.reasons]
    parts = [waiver for waiver in fitting if {*waiver.reasons} & {*finding.reasons}]
    held = {waiver.number for waiver in (*whole, *parts)}
    taken = {name for waiver in parts for name in waiver.reasons}
    left = tuple(name for name in finding.reasons if name not in taken)
    if whole or (parts and not left):
        return replace(finding, waiver=(*whole, *parts)[0]), held
    return (_leave_reasons(finding, left) if parts else finding), held


def _leave_reasons(finding: Finding, left: tuple[str, ...]) -> Finding:
    is_special = finding.rule in (LABEL_CONFLICT, UNLABELLED, UNJUDGED)
    return replace(finding, reasons=left, rule=finding.rule if is_special else left[0])


_MOST_SUGGESTED = 20
"""Waivers that a near id is looked for: each passes over all ids of the file."""
_MOST_ALIKE_IDS = 1000
_LONGEST_ID = 200


class UnusedCause(IntEnum):
    """What keeps a waiver from holding; over several files the first of these tells most."""

    EXPIRED = 0
    OTHER_LABEL = 1
    NOT_NEEDED = 2
    NO_ROW = 3
    NO_FILE = 4
    NOT_ASKED = 5
    """It is for another file."""


@dataclass(frozen=True, order=True)
class UnusedWaiver:
    """Why a waiver holds for no row of a file."""

    cause: UnusedCause
    why: str
    """In plain words."""


def explain_unused(
    waivers: Sequence[Waiver], findings: Sequence[Finding], doubts: DoubtTable
) -> dict[int, UnusedWaiver]:
    """Why each of these waivers holds for no finding, by number.

    Args:
        waivers: Those that may hold for this file, and don't.
        findings: Of the file.
        doubts: `doubts.parquet`: every row.
    """
    if not waivers:
        return {}
    labels = _labels_by_id(waivers, doubts)
    found = {finding.row_id for finding in findings}
    idle = {
        waiver.number: _why_unused(waiver, labels[waiver.row_id], is_found=waiver.row_id in found)
        for waiver in waivers
        if waiver.row_id in labels
    }
    strangers = [waiver for waiver in waivers if waiver.row_id not in labels]
    near = {
        waiver.number: _find_near_id(waiver.row_id, doubts.row_id) for waiver in strangers[:_MOST_SUGGESTED]
    }
    return idle | {waiver.number: _no_such_row(near.get(waiver.number)) for waiver in strangers}


def _labels_by_id(waivers: Sequence[Waiver], doubts: DoubtTable) -> Mapping[str, list[str | None]]:
    """The labels of the waivers' rows, by id, where there are such rows."""
    ids = sorted({waiver.row_id for waiver in waivers})
    rows = doubts.filter(pc.is_in(doubts.row_id, value_set=pa.array(ids, doubts.row_id.type)))
    labels: dict[str, list[str | None]] = defaultdict(list)
    for row_id, label in zip(rows.row_id.to_pylist(), rows.given_label.to_pylist(), strict=True):
        labels[row_id].append(label)
    return labels


def _why_unused(waiver: Waiver, labels: Sequence[str | None], *, is_found: bool) -> UnusedWaiver:
    """Why a waiver whose row is there does not hold for it."""
    if waiver.label is not None and waiver.label not in labels:
        now = (
            "the row has no label now"
            if labels[0] is None
            else f"the row's label is now {shorten_quoted(labels[0])}"
        )
        return UnusedWaiver(UnusedCause.OTHER_LABEL, now)
    if is_found and waiver.reasons:
        return UnusedWaiver(
            UnusedCause.NOT_NEEDED, "not needed: none of its reasons speaks on the row any more"
        )
    return UnusedWaiver(UnusedCause.NOT_NEEDED, "not needed: the row is not doubted any more")


def _no_such_row(near: str | None) -> UnusedWaiver:
    suggestion = f"; did you mean {shorten_quoted(near)}?" if near else ""
    return UnusedWaiver(UnusedCause.NO_ROW, f"no row bears this id{suggestion}")


def _find_near_id(row_id: str, ids: pa.ChunkedArray) -> str | None:
    """The id most like this one; it begins or ends as this one does."""
    if len(row_id) > _LONGEST_ID:
        return None
    for kept in (len(row_id) - 1, 3 * len(row_id) // 4, len(row_id) // 2):
        n = max(1, kept)
        begins = pc.starts_with(ids, row_id[:n], ignore_case=True)
        alike = ids.filter(pc.or_(begins, pc.ends_with(ids, row_id[-n:], ignore_case=True)))
        if near := find_nearest(row_id, alike.slice(0, _MOST_ALIKE_IDS).to_pylist(), str.lower):
            return near
    return None
