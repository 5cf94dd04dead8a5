"""Findings and waivers -> which findings are waived, and which waivers applied to no row, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.disk.paths import resolve_parents
from doubtcli.gate.result import LapsedWaiver
from doubtcli.records import DOUBTED
from doubtcli.wording.lists import find_nearest
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.gate.result import Finding, Waiver
    from doubtcli.records import DoubtTable


@dataclass(frozen=True)
class AppliedWaivers:
    """The findings of one data file with their waivers."""

    findings: tuple[Finding, ...]
    """In their order; waived ones have their waiver, the others only the reasons that are left."""
    unused: Mapping[int, UnusedWaiver]
    """The waivers that applied to no row of this file, by number."""


def apply_waivers(
    waivers: Sequence[Waiver],
    findings: Sequence[Finding],
    doubts: DoubtTable,
    *others: DoubtTable,
    waivers_path: str,
    data_path: str,
    today: dt.date,
) -> AppliedWaivers:
    """The findings of one data file with the waivers that apply to them.

    A waiver that names reasons removes these from the row, and waives the row if no other reason is left. A
    waiver without reasons waives the row in any case; a row that no single reason doubts needs one of these.

    Args:
        waivers: As they were read, for all files.
        findings: The findings of this file, none of them waived.
        doubts: `doubts.parquet` of this file: every row.
        others: The same rows with other ids or hashes, by which waivers may name them, too.
        waivers_path: The waivers file: the paths in it are relative to its folder.
        data_path: The data file.
        today: A waiver applies until the end of its last day.
    """
    waivers = _rename_rows(waivers, doubts, others)
    ruled_out = {waiver.number: _find_obstacle(waiver, waivers_path, data_path, today) for waiver in waivers}
    usable = [waiver for waiver in waivers if ruled_out[waiver.number] is None]
    by_id: dict[str, list[Waiver]] = defaultdict(list)
    rows = _find_rows_as_seen(usable, doubts)
    for waiver in usable:
        for row_id in rows.get(waiver.number, ()) if waiver.is_verdict else (waiver.row_id,):
            by_id[row_id].append(waiver)
    judged = [_apply_to_finding(finding, by_id.get(finding.row_id, ())) for finding in findings]
    applied = {number for _, numbers in judged for number in numbers}
    without_use = [waiver for waiver in usable if waiver.number not in applied]
    unused = {number: why for number, why in ruled_out.items() if why is not None}
    changed = {
        waiver.number: UnusedWaiver(UnusedCause.CHANGED, "the row's content has changed since")
        for waiver in without_use
        if waiver.is_verdict and waiver.number not in rows
    }
    return AppliedWaivers(
        tuple(finding for finding, _ in judged),
        unused | explain_unused(without_use, findings, doubts) | changed,
    )


def _find_rows_as_seen(waivers: Sequence[Waiver], doubts: DoubtTable) -> dict[int, list[str]]:
    """The ids of the rows that each verdict is about, if their content is as it was seen, by its number."""
    hashes = {waiver.seen_hash for waiver in waivers if waiver.is_verdict}
    if not hashes:
        return {}
    seen = doubts.filter(pc.is_in(doubts.row_hash, value_set=pa.array(sorted(hashes), doubts.row_hash.type)))
    ids: dict[str | None, list[str]] = defaultdict(list)
    for row_hash, row_id in zip(seen.row_hash.to_pylist(), seen.row_id.to_pylist(), strict=True):
        ids[row_hash].append(row_id)
    return {
        waiver.number: ids[waiver.seen_hash] if waiver.with_equal_rows else [waiver.row_id]
        for waiver in waivers
        if waiver.row_id in ids[waiver.seen_hash] or (waiver.with_equal_rows and ids[waiver.seen_hash])
    }


def find_lapsed_waivers(
    waivers: Sequence[Waiver], applied: Sequence[AppliedWaivers]
) -> tuple[LapsedWaiver, ...]:
    """The waivers that applied to no row of any file, each with the most important reason.

    A waiver for a file that exists and was not checked in this run is left out: it was not needed.
    """
    lapsed = []
    for waiver in waivers:
        whys = [one.unused.get(waiver.number) for one in applied]
        known = [why for why in whys if why is not None]
        if known and len(known) == len(whys) and min(known).cause is not UnusedCause.NOT_ASKED:
            lapsed.append(LapsedWaiver(waiver, min(known).why))
    return tuple(lapsed)


def find_waived_rows(
    waivers: Sequence[Waiver], doubts: DoubtTable, *, waivers_path: str, data_path: str, today: dt.date
) -> set[int]:
    """The numbers of the rows of one data file that are waived for all reasons, doubted or not, from 1.

    Args:
        waivers: As they were read, for all files; those that name reasons are left out.
        doubts: `doubts.parquet` of this file.
        waivers_path: The waivers file: the paths in it are relative to its folder.
        data_path: The data file.
        today: A waiver applies until the end of its last day.
    """
    labels: dict[str, set[str | None]] = defaultdict(set)
    renamed = _rename_rows(waivers, doubts)
    seen = _find_rows_as_seen(renamed, doubts)
    for waiver in renamed:
        if not waiver.reasons and _find_obstacle(waiver, waivers_path, data_path, today) is None:
            for row_id in seen.get(waiver.number, ()) if waiver.is_verdict else (waiver.row_id,):
                labels[row_id].add(waiver.label)
    ids = pa.array(sorted(labels), doubts.row_id.type)
    rows = doubts.filter(pc.is_in(doubts.row_id, value_set=ids)).to_rows()
    return {row.row for row in rows if labels[row.row_id] & {None, row.given_label}}


def _rename_rows(
    waivers: Sequence[Waiver], doubts: DoubtTable, others: Sequence[DoubtTable] = ()
) -> list[Waiver]:
    """The waivers with the ids of today in place of others that their rows have had."""
    ids = find_ids_of_today({waiver.row_id for waiver in waivers}, doubts, others)
    return [
        replace(waiver, row_id=ids[waiver.row_id]) if waiver.row_id in ids else waiver for waiver in waivers
    ]


def find_ids_of_today(
    names: Collection[str], doubts: DoubtTable, others: Sequence[DoubtTable] = ()
) -> dict[str, str]:
    """The id of the row that each name means, of the names that no row has as its id now.

    A row that has an id of the user's may have been named by its content before, as `<hash>` or `<hash>.2`;
    and hashes may have been made in another way.

    Args:
        names: Ids as they were once.
        doubts: `doubts.parquet`: every row.
        others: The same rows with other ids or hashes.
    """
    if not names:
        return {}
    known = doubts.filter(pc.is_in(doubts.row_id, value_set=pa.array(sorted(names), doubts.row_id.type)))
    unknown = sorted({*names} - {*known.row_id.to_pylist()})
    if not unknown:
        return {}
    ids = dict(zip(doubts.row.tolist(), doubts.row_id.to_pylist(), strict=True))
    found: dict[str, str] = {}
    for table in (doubts, *others):
        rows = _number_by_name(unknown, table)
        found = {name: ids[rows[name]] for name in unknown if name in rows} | found
    return found


def _number_by_name(names: Sequence[str], doubts: DoubtTable) -> dict[str, int]:
    """The row that each name means, as an id, or as a hash with the row's place among rows of that hash."""
    hashes = pa.array([name.partition(".")[0] for name in names], doubts.row_hash.type)
    has_earlier = pc.greater(pc.fill_null(pc.list_value_length(doubts.earlier_hashes), 0), 0)
    is_named = pc.is_in(doubts.row_id, value_set=pa.array(names, doubts.row_id.type))
    some = doubts.filter(pc.or_(pc.or_(is_named, has_earlier), pc.is_in(doubts.row_hash, value_set=hashes)))
    found: dict[str, int] = {}
    count: Counter[str] = Counter()
    for row in sorted(some.to_rows(), key=lambda row: (row.given_label is None, row.given_label, row.row)):
        for one in {row.row_hash or "", *row.earlier_hashes}:
            count[one] += 1
            found.setdefault(one if count[one] == 1 else f"{one}.{count[one]}", row.row)
        found[row.row_id] = row.row
    return found


def _find_obstacle(waiver: Waiver, waivers_path: str, data_path: str, today: dt.date) -> UnusedWaiver | None:
    """Why a waiver can't apply to any row of a file; None if it can."""
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
    """A finding after its row's waivers, and the numbers of those that applied."""
    fitting = [waiver for waiver in waivers if waiver.label in (None, finding.given_label)]
    whole = [waiver for waiver in fitting if not waiver.reasons]
    parts = [waiver for waiver in fitting if {*waiver.reasons} & {*finding.reasons}]
    applied = {waiver.number for waiver in (*whole, *parts)}
    removed = {name for waiver in parts for name in waiver.reasons}
    left = tuple(name for name in finding.reasons if name not in removed)
    if whole or (parts and not left):
        return replace(finding, waiver=(*whole, *parts)[0]), applied
    return (_keep_reasons(finding, left) if parts else finding), applied


def _keep_reasons(finding: Finding, left: tuple[str, ...]) -> Finding:
    return replace(finding, reasons=left, rule=left[0] if finding.tier == DOUBTED else finding.rule)


_MOST_SUGGESTED = 20
"""Waivers for which a similar id is looked for: each search goes over all ids of the file."""
_MOST_ALIKE_IDS = 1000
_LONGEST_ID = 200


class UnusedCause(IntEnum):
    """Why a waiver applies to no row; over several files the first of these is the most important."""

    EXPIRED = 0
    CHANGED = 1
    NOT_NEEDED = 2
    NO_ROW = 3
    NO_FILE = 4
    NOT_ASKED = 5
    """It is for another file."""


@dataclass(frozen=True, order=True)
class UnusedWaiver:
    """Why a waiver applies to no row of a file."""

    cause: UnusedCause
    why: str
    """In plain words."""


def explain_unused(
    waivers: Sequence[Waiver], findings: Sequence[Finding], doubts: DoubtTable
) -> dict[int, UnusedWaiver]:
    """Why each of these waivers applies to no finding, by number.

    Args:
        waivers: Those that could apply to this file, and don't.
        findings: The findings of the file.
        doubts: `doubts.parquet`: every row.
    """
    if not waivers:
        return {}
    labels = _find_labels_by_id(waivers, doubts)
    found = {finding.row_id for finding in findings}
    unused = {
        waiver.number: _explain_unused_waiver(waiver, labels[waiver.row_id], is_found=waiver.row_id in found)
        for waiver in waivers
        if waiver.row_id in labels
    }
    unknown = [waiver for waiver in waivers if waiver.row_id not in labels]
    near = {
        waiver.number: _find_near_id(waiver.row_id, doubts.row_id) for waiver in unknown[:_MOST_SUGGESTED]
    }
    return unused | {waiver.number: _explain_missing_row(near.get(waiver.number)) for waiver in unknown}


def _find_labels_by_id(waivers: Sequence[Waiver], doubts: DoubtTable) -> Mapping[str, list[str | None]]:
    """The labels of the rows that the waivers name, by id; without ids that no row has."""
    ids = sorted({waiver.row_id for waiver in waivers})
    rows = doubts.filter(pc.is_in(doubts.row_id, value_set=pa.array(ids, doubts.row_id.type)))
    labels: dict[str, list[str | None]] = defaultdict(list)
    for row_id, label in zip(rows.row_id.to_pylist(), rows.given_label.to_pylist(), strict=True):
        labels[row_id].append(label)
    return labels


def _explain_unused_waiver(waiver: Waiver, labels: Sequence[str | None], *, is_found: bool) -> UnusedWaiver:
    """Why a waiver does not apply to the row that it names; many kept labels were not doubted at all."""
    if waiver.is_verdict and waiver.label in labels:
        return UnusedWaiver(UnusedCause.NOT_ASKED, "")
    if waiver.label is not None and waiver.label not in labels:
        now = (
            "the row has no label now"
            if labels[0] is None
            else f"the row's label is now {shorten_quoted(labels[0])}"
        )
        return UnusedWaiver(UnusedCause.CHANGED, now)
    if is_found and waiver.reasons:
        return UnusedWaiver(
            UnusedCause.NOT_NEEDED, "not needed: none of its reasons raises doubt about the row any more"
        )
    return UnusedWaiver(UnusedCause.NOT_NEEDED, "not needed: the row is not doubted any more")


def _explain_missing_row(near: str | None) -> UnusedWaiver:
    suggestion = f"; did you mean {shorten_quoted(near)}?" if near else ""
    return UnusedWaiver(UnusedCause.NO_ROW, f"no row has this id{suggestion}")


def _find_near_id(row_id: str, ids: pa.ChunkedArray) -> str | None:
    """The most similar id that begins or ends like this one."""
    if len(row_id) > _LONGEST_ID:
        return None
    for kept in (len(row_id) - 1, 3 * len(row_id) // 4, len(row_id) // 2):
        n = max(1, kept)
        begins = pc.starts_with(ids, row_id[:n], ignore_case=True)
        alike = ids.filter(pc.or_(begins, pc.ends_with(ids, row_id[-n:], ignore_case=True)))
        if near := find_nearest(row_id, alike.slice(0, _MOST_ALIKE_IDS).to_pylist(), str.lower):
            return near
    return None
