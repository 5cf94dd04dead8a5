"""An audit, limits, a baseline and waivers -> what a gate found in one file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.gate.baseline.compare import compare_with_baseline
from doubtcli.gate.baseline.rows import check_hashes
from doubtcli.gate.limits import Figures, check_limits, list_failed_limits
from doubtcli.gate.result import LABEL_CONFLICT, UNJUDGED, UNLABELLED, Change, FileResult, Finding
from doubtcli.gate.waivers.apply import apply_waivers
from doubtcli.plugins import load_our_reasons
from doubtcli.records import CONTRADICTED, DOUBTED

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from doubtcli.gate.baseline.section import Section
    from doubtcli.gate.result import Comparison, Waiver
    from doubtcli.gate.waivers.apply import AppliedWaivers
    from doubtcli.records import AuditDocument, DoubtRow, DoubtTable
    from doubtcli.settings import GateSettings


_FEWEST_OF_CLASS = 3
"""Models can judge a class that has at least so many rows."""
UNJUDGED_ROW = "the row was added or changed, and too few rows have its label for models to judge it"
_FINGERPRINT_BYTES = 8
"""16 hexadecimal digits."""


@dataclass(frozen=True)
class PriorKnowledge:
    """What people decided about doubts before: waivers and a baseline."""

    waivers: Sequence[Waiver]
    waivers_path: str
    today: dt.date
    """The day that decides which waivers have expired."""
    section: Section | None = None
    """What a baseline has on the file; None without a baseline."""
    baseline_path: str = ""
    named: DoubtTable | None = None
    """The file's rows with the ids and hashes that the baseline knows them by; None without a baseline."""


def judge_file(
    document: AuditDocument, doubts: DoubtTable, data_path: str, settings: GateSettings, known: PriorKnowledge
) -> tuple[FileResult, AppliedWaivers]:
    """Check an audit against limits; also gives which waivers were applied.

    Args:
        document: `audit.json`.
        doubts: `doubts.parquet`.
        data_path: The labelled file, as it is to be shown.
        settings: The limits.
        known: The waivers, and what the baseline has on this file.

    Raises:
        InputError: The audit was made by an earlier version, which kept no hashes of rows.
        SettingsError: A limit names a reason that does not exist.
    """
    named = known.named or doubts
    applied = apply_waivers(
        known.waivers,
        (
            *_find_findings(named, doubts, data_path, settings),
            *_find_new_unjudged(document, named, data_path, known.section),
        ),
        named,
        doubts,
        waivers_path=known.waivers_path,
        data_path=data_path,
        today=known.today,
    )
    comparison, findings = _compare_findings(known, named, applied.findings)
    figures = _count_findings(document, findings)
    checks = check_limits(settings, figures)
    failed = list_failed_limits(checks)
    result = FileResult(
        path=data_path,
        sha256=document.source.sha256,
        format=document.source.format,
        n_rows=figures.n_rows,
        n_labelled=figures.n_labelled,
        n_doubted=len(figures.doubted),
        audit=None,
        origin="",
        checks=checks,
        findings=tuple(replace(one, failed=failed.get(one.fingerprint, ())) for one in findings),
        comparison=comparison,
    )
    return result, applied


def _find_findings(
    named: DoubtTable, doubts: DoubtTable, data_path: str, settings: GateSettings
) -> Iterator[Finding]:
    """The doubted rows; where a limit asks for them, contradicted ones, conflicts, rows without a label."""
    yield from find_doubted(named, data_path)
    if settings.max_contradicted is not None:
        yield from find_contradicted(named, data_path)
    if settings.max_conflicts is not None:
        yield from find_conflicts(doubts, data_path, named)
    if settings.max_unlabelled is not None:
        yield from find_unlabelled(named, data_path)


def _find_new_unjudged(
    document: AuditDocument, doubts: DoubtTable, data_path: str, section: Section | None
) -> Iterator[Finding]:
    """Rows that the baseline does not know, with a label that too few rows have for models to judge it.

    No reason can doubt such a row: without this, a label that is misspelt once would go unnoticed.
    """
    tiny = [one.name for one in document.classes if 0 < one.n_given < _FEWEST_OF_CLASS]
    if section is None or not tiny:
        return
    rows = doubts.filter(pc.is_in(doubts.given_label, pa.array(tiny, pa.string())))
    hashes = dict(zip(rows.row.tolist(), rows.row_hash.to_pylist(), strict=True))
    for finding in find_unjudged(rows, data_path):
        if not section.count_like(hashes[finding.row], finding.given_label):
            yield replace(finding, change=Change.NEW, change_why=UNJUDGED_ROW)


def _compare_findings(
    known: PriorKnowledge, doubts: DoubtTable, findings: Sequence[Finding]
) -> tuple[Comparison | None, tuple[Finding, ...]]:
    """The findings, each doubted one marked as new or known."""
    if known.section is None:
        return None, tuple(findings)
    waived = {one.row for one in findings if one.waiver is not None and one.tier == DOUBTED}
    comparison, changes = compare_with_baseline(
        known.section, doubts, path=known.baseline_path, waived=waived
    )
    n_unjudged = sum(one.rule == UNJUDGED and one.waiver is None for one in findings)
    return replace(comparison, n_new=comparison.n_new + n_unjudged), tuple(
        replace(one, change=changes[one.row][0], change_why=changes[one.row][1])
        if one.tier == DOUBTED and one.row in changes
        else one
        for one in findings
    )


def _count_findings(document: AuditDocument, findings: Sequence[Finding]) -> Figures:
    counted = [one for one in findings if one.waiver is None]
    return Figures(
        document,
        doubted=tuple(one for one in counted if one.tier == DOUBTED),
        contradicted=tuple(one for one in counted if one.tier == CONTRADICTED),
        unjudged=tuple(one for one in counted if one.rule == UNJUDGED),
        conflicts=tuple(one for one in counted if one.rule == LABEL_CONFLICT),
        unlabelled=tuple(one for one in counted if one.rule == UNLABELLED),
    )


# -------------------------------------------------------------- findings of each kind


def find_doubted(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """The doubted rows, most doubted first.

    Args:
        doubts: As `doubts.parquet` has it.
        path: The path of the data file, as it is to be shown.

    Raises:
        InputError: The audit was made by an earlier version, which kept no hashes of rows.
    """
    rows = _read_rows(doubts.filter(doubts.doubted))
    return tuple(_make_finding(row, path, number, row.reasons) for row, number in _number_equals(rows))


def find_contradicted(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """The rows that are contradicted and not doubted, most doubted first.

    Args:
        doubts: As `doubts.parquet` has it.
        path: The path of the data file, as it is to be shown.

    Raises:
        InputError: As `find_doubted`.
    """
    is_contradicted = pc.fill_null(pc.equal(doubts.tier, CONTRADICTED), False)  # noqa: FBT003  # Arrow's way
    rows = _read_rows(doubts.filter(is_contradicted))
    return tuple(
        _make_finding(row, path, number, row.reasons, CONTRADICTED) for row, number in _number_equals(rows)
    )


def find_conflicts(doubts: DoubtTable, path: str, named: DoubtTable | None = None) -> tuple[Finding, ...]:
    """Rows whose exact input occurs elsewhere with another label, in file order.

    Args:
        doubts: As `doubts.parquet` has it.
        path: The path of the data file, as it is to be shown.
        named: The same rows, as a baseline names them.

    Raises:
        InputError: As `find_doubted`.
    """
    check_hashes(doubts)
    is_labelled = ~np.isnan(doubts.doubt)
    labelled, named = doubts.filter(is_labelled), (named or doubts).filter(is_labelled)
    labels = labelled.data.group_by("row_hash").aggregate([("given_label", "count_distinct")])
    in_conflict = labels.filter(pc.greater(labels["given_label_count_distinct"], 1))["row_hash"]
    rows = _read_rows(named.filter(pc.is_in(labelled.row_hash, in_conflict.combine_chunks())))
    # a waiver of a conflict may name one of these
    reasons = tuple(one.name for one in load_our_reasons() if one.sources == ("duplicates",))
    found = [
        _make_finding(row, path, number, reasons, LABEL_CONFLICT) for row, number in _number_equals(rows)
    ]
    return tuple(sorted(found, key=lambda finding: finding.row))


def find_unjudged(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows with labels that can't be judged, without those that are doubted anyway, in file order.

    Args:
        doubts: As `doubts.parquet` has it, of these rows only.
        path: The path of the data file, as it is to be shown.

    Raises:
        InputError: As `find_doubted`.
    """
    rows = _read_rows(doubts.filter(~doubts.doubted))
    found = [_make_finding(row, path, number, (), UNJUDGED) for row, number in _number_equals(rows)]
    bare = (replace(finding, suggested_label=None, doubt=None, why="") for finding in found)
    return tuple(sorted(bare, key=lambda finding: finding.row))


def find_unlabelled(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows without a label, in file order.

    Raises:
        InputError: As `find_doubted`.
    """
    rows = _read_rows(doubts.filter(pc.is_null(doubts.given_label)))
    found = [_make_finding(row, path, number, (), UNLABELLED) for row, number in _number_equals(rows)]
    return tuple(sorted(found, key=lambda finding: finding.row))


def _read_rows(doubts: DoubtTable) -> list[DoubtRow]:
    check_hashes(doubts)
    return doubts.to_rows()


def _number_equals(rows: Sequence[DoubtRow]) -> list[tuple[DoubtRow, int]]:
    """Each row with its number among the rows of the same content and label, in the order of their ids."""
    counts: Counter[tuple[str | None, str | None]] = Counter()
    numbers = {}
    for row in sorted(rows, key=lambda row: (len(row.row_id), row.row_id, row.row)):
        key = (row.row_hash, row.given_label)
        counts[key] += 1
        numbers[row.row] = counts[key]
    return [(row, numbers[row.row]) for row in rows]


def _make_finding(
    row: DoubtRow, path: str, number: int, reasons: tuple[str, ...], rule: str | None = None
) -> Finding:
    return Finding(
        row_id=row.row_id,
        row=row.row,
        fingerprint=_make_fingerprint(path, row, number, "" if rule is None else rule),
        given_label=row.given_label,
        suggested_label=row.suggested_label,
        doubt=row.doubt,
        reasons=reasons,
        why=row.why,
        rule=rule or (reasons[0] if reasons else DOUBTED),
    )


def _make_fingerprint(path: str, row: DoubtRow, number: int, kind: str) -> str:
    """Identifies a finding, and stays the same when other rows are added or removed."""
    label = "" if row.given_label is None else f"={row.given_label}"
    identity = "\0".join([path, row.row_hash or "", label, str(number), kind])
    return blake2b(identity.encode(errors="backslashreplace"), digest_size=_FINGERPRINT_BYTES).hexdigest()
