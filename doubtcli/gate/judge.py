"""An audit, limits, a baseline and waivers -> what a gate found in one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.gate.baseline import compare_with_baseline
from doubtcli.gate.findings import (
    conflict_findings,
    doubted_findings,
    unjudged_findings,
    unlabelled_findings,
)
from doubtcli.gate.limits import Figures, check_limits, failed_by
from doubtcli.gate.result import LABEL_CONFLICT, UNJUDGED, UNLABELLED, Change, FileResult
from doubtcli.gate.waivers import apply_waivers

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from doubtcli.gate.baseline import Section
    from doubtcli.gate.result import Comparison, Finding, Waiver
    from doubtcli.gate.waivers import AppliedWaivers
    from doubtcli.records import AuditDocument, DoubtTable
    from doubtcli.settings import GateSettings


_FEWEST_OF_CLASS = 3
"""Rows of a class from which on models are heard on it."""
UNJUDGED_ROW = "the row was added or changed, and too few rows bear its label for models to judge it"


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


def judge(
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
            *_find_unjudged(document, doubts, data_path, known.section),
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
    yield from doubted_findings(doubts, data_path)
    if settings.max_conflicts is not None:
        yield from conflict_findings(doubts, data_path)
    if settings.max_unlabelled is not None:
        yield from unlabelled_findings(doubts, data_path)


def _find_unjudged(
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
    for finding in unjudged_findings(borne, data_path):
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
