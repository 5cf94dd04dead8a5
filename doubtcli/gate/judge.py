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
from doubtcli.gate.limits import Figures, check_limits, failed_by
from doubtcli.gate.result import DOUBTED, LABEL_CONFLICT, UNJUDGED, UNLABELLED, Change, FileResult, Finding
from doubtcli.gate.waivers.apply import apply_waivers
from doubtcli.plugins import load_our_reasons

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from doubtcli.gate.baseline.section import Section
    from doubtcli.gate.result import Comparison, Waiver
    from doubtcli.gate.waivers.apply import AppliedWaivers
    from doubtcli.records import AuditDocument, DoubtRow, DoubtTable
    from doubtcli.settings import GateSettings


_FEWEST_OF_CLASS = 3
"""Rows of a class from which on models are heard on it."""
UNJUDGED_ROW = "the row was added or changed, and too few rows bear its label for models to judge it"


_FINGERPRINT_BYTES = 8
"""Of a fingerprint: 16 hexadecimal digits."""


@dataclass(frozen=True)
class Known:
    """What people have said of doubts before."""

    waivers: Sequence[Waiver]
    waivers_path: str
    today: dt.date
    """By which waivers expire."""
    section: Section | None = None
    """What a baseline knows of the file."""
    baseline_path: str = ""


def judge_file(
    document: AuditDocument, doubts: DoubtTable, data_path: str, settings: GateSettings, known: Known
) -> tuple[FileResult, AppliedWaivers]:
    """Hold an audit against limits; also says what became of the waivers.

    Args:
        document: `audit.json`.
        doubts: `doubts.parquet`.
        data_path: The file that was judged, as it is to be shown.
        settings: The limits.
        known: The waivers, and what the baseline knows of this file.

    Raises:
        InputError: The audit is of an earlier version, which told no hash of a row.
        SettingsError: A limit names a reason that there is none of.
    """
    applied = apply_waivers(
        known.waivers,
        (
            *_find_findings(doubts, data_path, settings),
            *_find_new_unjudged(document, doubts, data_path, known.section),
        ),
        doubts,
        waivers_path=known.waivers_path,
        data_path=data_path,
        today=known.today,
    )
    comparison, findings = _compare_findings(known, doubts, applied.findings)
    figures = _count_findings(document, findings)
    checks = check_limits(settings, figures)
    failed = failed_by(checks)
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


def _find_findings(doubts: DoubtTable, data_path: str, settings: GateSettings) -> Iterator[Finding]:
    """The doubted rows and, where they are limited, those in conflict and those without a label."""
    yield from find_doubted(doubts, data_path)
    if settings.max_conflicts is not None:
        yield from find_conflicts(doubts, data_path)
    if settings.max_unlabelled is not None:
        yield from find_unlabelled(doubts, data_path)


def _find_new_unjudged(
    document: AuditDocument, doubts: DoubtTable, data_path: str, section: Section | None
) -> Iterator[Finding]:
    """Rows that the baseline does not know, with labels that too few rows bear for models to judge them.

    Nothing could doubt them: a label that is misspelt once would go unseen.
    """
    tiny = [one.name for one in document.classes if 0 < one.n_given < _FEWEST_OF_CLASS]
    if section is None or not tiny:
        return
    borne = doubts.filter(pc.is_in(doubts.given_label, pa.array(tiny, pa.string())))
    hashes = dict(zip(borne.row.tolist(), borne.row_hash.to_pylist(), strict=True))
    for finding in find_unjudged(borne, data_path):
        if not section.count_like(hashes[finding.row], finding.given_label):
            yield replace(finding, change=Change.NEW, change_why=UNJUDGED_ROW)


def _compare_findings(
    known: Known, doubts: DoubtTable, findings: Sequence[Finding]
) -> tuple[Comparison | None, tuple[Finding, ...]]:
    """The findings, the doubted ones each with what it is to the baseline."""
    if known.section is None:
        return None, tuple(findings)
    waived = {one.row for one in findings if one.waiver is not None and _is_doubted(one)}
    comparison, changes = compare_with_baseline(
        known.section, doubts, path=known.baseline_path, waived=waived
    )
    n_unjudged = sum(one.rule == UNJUDGED and one.waiver is None for one in findings)
    return replace(comparison, n_new=comparison.n_new + n_unjudged), tuple(
        replace(one, change=changes[one.row][0], change_why=changes[one.row][1])
        if _is_doubted(one) and one.row in changes
        else one
        for one in findings
    )


def _count_findings(document: AuditDocument, findings: Sequence[Finding]) -> Figures:
    counted = [one for one in findings if one.waiver is None]
    return Figures(
        document,
        doubted=tuple(one for one in counted if _is_doubted(one)),
        unjudged=tuple(one for one in counted if one.rule == UNJUDGED),
        conflicts=tuple(one for one in counted if one.rule == LABEL_CONFLICT),
        unlabelled=tuple(one for one in counted if one.rule == UNLABELLED),
    )


def _is_doubted(finding: Finding) -> bool:
    return finding.rule not in (LABEL_CONFLICT, UNLABELLED, UNJUDGED)


# -------------------------------------------------------------- rows to find fault with


def find_doubted(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """The doubted rows, most doubted first.

    Args:
        doubts: As `doubts.parquet` has it.
        path: Of the data file, as it is to be shown.

    Raises:
        InputError: The audit is of an earlier version, which told no hash of a row.
    """
    rows = _read_rows(doubts.filter(doubts.doubted))
    return tuple(_make_finding(row, path, number, row.reasons) for row, number in _number_equals(rows))


def find_conflicts(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows whose very input stands elsewhere with another label, by place in the file.

    Raises:
        InputError: As `find_doubted`.
    """
    check_hashes(doubts)
    labelled = doubts.filter(~np.isnan(doubts.doubt))
    labels = labelled.data.group_by("row_hash").aggregate([("given_label", "count_distinct")])
    at_odds = labels.filter(pc.greater(labels["given_label_count_distinct"], 1))["row_hash"]
    rows = _read_rows(labelled.filter(pc.is_in(labelled.row_hash, at_odds.combine_chunks())))
    # what a waiver of a conflict may name
    reasons = tuple(one.name for one in load_our_reasons() if one.sources == ("duplicates",))
    found = [
        _make_finding(row, path, number, reasons, LABEL_CONFLICT) for row, number in _number_equals(rows)
    ]
    return tuple(sorted(found, key=lambda finding: finding.row))


def find_unjudged(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows with labels that nobody can judge, but those that are doubted all the same, by place in the file.

    Args:
        doubts: As `doubts.parquet` has it, of these rows alone.
        path: Of the data file, as it is to be shown.

    Raises:
        InputError: As `find_doubted`.
    """
    rows = _read_rows(doubts.filter(~doubts.doubted))
    found = [_make_finding(row, path, number, (), UNJUDGED) for row, number in _number_equals(rows)]
    told = (replace(finding, suggested_label=None, doubt=None, why="") for finding in found)
    return tuple(sorted(told, key=lambda finding: finding.row))


def find_unlabelled(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows without a label, by place in the file.

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
    """Each row with its number among those of equal content and label, which are counted by id."""
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
    """What tells a finding from all others, and stays when other rows come and go."""
    label = "" if row.given_label is None else f"={row.given_label}"
    told = "\0".join([path, row.row_hash or "", label, str(number), kind])
    return blake2b(told.encode(errors="backslashreplace"), digest_size=_FINGERPRINT_BYTES).hexdigest()
