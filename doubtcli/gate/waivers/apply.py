"""Findings and waivers -> which findings a person waived, and which waivers did not hold, with why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.gate.paths import settled
from doubtcli.gate.result import LABEL_CONFLICT, UNJUDGED, UNLABELLED, LapsedWaiver
from doubtcli.gate.waivers.idle import Idle, Telling, why_idle

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.gate.result import Finding, Waiver
    from doubtcli.records import DoubtTable


@dataclass(frozen=True)
class Applied:
    """What the waivers made of the findings of one data file."""

    findings: tuple[Finding, ...]
    """In their order; waived ones bear their waiver, others only the reasons that are left."""
    idle: Mapping[int, Idle]
    """By number, the waivers that held for no row of this file."""


def apply_waivers(
    waivers: Sequence[Waiver],
    findings: Sequence[Finding],
    doubts: DoubtTable,
    *,
    waivers_path: str,
    data_path: str,
    today: dt.date,
) -> Applied:
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
    idle = {waiver.number: _off(waiver, waivers_path, data_path, today) for waiver in waivers}
    asked = [waiver for waiver in waivers if idle[waiver.number] is None]
    by_id: dict[str, list[Waiver]] = defaultdict(list)
    for waiver in asked:
        by_id[waiver.row_id].append(waiver)
    judged = [_judged(finding, by_id.get(finding.row_id, ())) for finding in findings]
    held = {number for _, numbers in judged for number in numbers}
    without_use = [waiver for waiver in asked if waiver.number not in held]
    off = {number: why for number, why in idle.items() if why is not None}
    return Applied(tuple(finding for finding, _ in judged), off | why_idle(without_use, findings, doubts))


def lapsed_waivers(waivers: Sequence[Waiver], applied: Sequence[Applied]) -> tuple[LapsedWaiver, ...]:
    """The waivers that held for no row of any file, each with the most telling why.

    One for a file that is there and was not judged now is left out: nobody asked it.
    """
    lapsed = []
    for waiver in waivers:
        whys = [one.idle.get(waiver.number) for one in applied]
        told = [why for why in whys if why is not None]
        if told and len(told) == len(whys) and min(told).telling is not Telling.NOT_ASKED:
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
        if not waiver.reasons and _off(waiver, waivers_path, data_path, today) is None:
            labels[waiver.row_id].add(waiver.label)
    ids = pa.array(sorted(labels), doubts.row_id.type)
    rows = doubts.filter(pc.is_in(doubts.row_id, value_set=ids)).to_rows()
    return {row.row for row in rows if labels[row.row_id] & {None, row.given_label}}


def _off(waiver: Waiver, waivers_path: str, data_path: str, today: dt.date) -> Idle | None:
    """Why a waiver can't hold for any row of a file; None if it may."""
    files = [settled(Path(waivers_path).parent / file) for file in waiver.files]
    if files and settled(data_path) not in files:
        is_there = any(file.exists() for file in files)
        return Idle(Telling.NOT_ASKED, "") if is_there else Idle(Telling.NO_FILE, "there is no such file")
    if waiver.until is not None and waiver.until < today:
        return Idle(Telling.EXPIRED, f"expired on {waiver.until.isoformat()}")
    return None


def _judged(finding: Finding, waivers: Collection[Waiver]) -> tuple[Finding, set[int]]:
    """A finding with what its row's waivers say of it, and the numbers of those that hold."""
    fitting = [waiver for waiver in waivers if waiver.label in (None, finding.given_label)]
    whole = [waiver for waiver in fitting if not waiver.reasons]
    parts = [waiver for waiver in fitting if {*waiver.reasons} & {*finding.reasons}]
    held = {waiver.number for waiver in (*whole, *parts)}
    taken = {name for waiver in parts for name in waiver.reasons}
    left = tuple(name for name in finding.reasons if name not in taken)
    if whole or (parts and not left):
        return replace(finding, waiver=(*whole, *parts)[0]), held
    return (_reduced(finding, left) if parts else finding), held


def _reduced(finding: Finding, left: tuple[str, ...]) -> Finding:
    is_special = finding.rule in (LABEL_CONFLICT, UNLABELLED, UNJUDGED)
    return replace(finding, reasons=left, rule=finding.rule if is_special else left[0])
