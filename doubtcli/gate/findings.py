"""`doubts.parquet` -> the rows that a gate may find fault with."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from doubtcli.gate.baseline.rows import check_hashes
from doubtcli.gate.result import DOUBTED, LABEL_CONFLICT, UNJUDGED, UNLABELLED, Finding
from doubtcli.plugins import our_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import DoubtRow, DoubtTable

_FINGERPRINT_BYTES = 8
"""Of a fingerprint: 16 hexadecimal digits."""


def doubted_findings(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """The doubted rows, most doubted first.

    Args:
        doubts: As `doubts.parquet` has it.
        path: Of the data file, as it is to be shown.

    Raises:
        InputError: The audit is of an earlier version, which told no hash of a row.
    """
    rows = _read_rows(doubts.filter(doubts.doubted))
    return tuple(_make_finding(row, path, number, row.reasons) for row, number in _number_equals(rows))


def conflict_findings(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows whose very input stands elsewhere with another label, by place in the file.

    Raises:
        InputError: As `doubted_findings`.
    """
    check_hashes(doubts)
    labelled = doubts.filter(~np.isnan(doubts.doubt))
    labels = labelled.data.group_by("row_hash").aggregate([("given_label", "count_distinct")])
    at_odds = labels.filter(pc.greater(labels["given_label_count_distinct"], 1))["row_hash"]
    rows = _read_rows(labelled.filter(pc.is_in(labelled.row_hash, at_odds.combine_chunks())))
    # what a waiver of a conflict may name
    reasons = tuple(one.name for one in our_reasons() if one.sources == ("duplicates",))
    found = [
        _make_finding(row, path, number, reasons, LABEL_CONFLICT) for row, number in _number_equals(rows)
    ]
    return tuple(sorted(found, key=lambda finding: finding.row))


def unjudged_findings(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows with labels that nobody can judge, but those that are doubted all the same, by place in the file.

    Args:
        doubts: As `doubts.parquet` has it, of these rows alone.
        path: Of the data file, as it is to be shown.

    Raises:
        InputError: As `doubted_findings`.
    """
    rows = _read_rows(doubts.filter(~doubts.doubted))
    found = [_make_finding(row, path, number, (), UNJUDGED) for row, number in _number_equals(rows)]
    told = (replace(finding, suggested_label=None, doubt=None, why="") for finding in found)
    return tuple(sorted(told, key=lambda finding: finding.row))


def unlabelled_findings(doubts: DoubtTable, path: str) -> tuple[Finding, ...]:
    """Rows without a label, by place in the file.

    Raises:
        InputError: As `doubted_findings`.
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
