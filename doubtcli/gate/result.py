"""What a gate found: the records that all its output formats are made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from doubtcli.records import CONTRADICTED, DOUBTED

if TYPE_CHECKING:
    import datetime as dt


class Outcome(StrEnum):
    """Whether a limit was met."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASSESSABLE = "not assessable"
    """It is not known; the gate fails, unless that is allowed."""


class Change(StrEnum):
    """Whether the baseline knows a doubted row."""

    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True)
class Waiver:
    """A person's decision that a row's label stays as it is."""

    row_id: str
    """The row's `doubt_id`."""
    number: int
    """Its position in the waivers file, from 1."""
    label: str | None = None
    """It applies only while the given label is this one."""
    reasons: tuple[str, ...] = ()
    """The reasons that it applies to; all of them where none is named."""
    until: dt.date | None = None
    """The last day on which it applies."""
    why: str = ""
    files: tuple[str, ...] = ()
    """The data files that it applies to; all of them where none is named."""
    seen_hash: str = ""
    """Of a verdict: it applies only while the row, without its label, has this hash."""
    with_equal_rows: bool = False
    """Of a verdict: whether it was given for all rows that are equal to this one."""

    @property
    def is_verdict(self) -> bool:
        """Whether it was given in a review, and not written into a file of waivers."""
        return bool(self.seen_hash)


@dataclass(frozen=True)
class Finding:
    """A row that is doubted or contradicted, is in conflict with an equal one, or has no label."""

    row_id: str
    row: int
    """Its number in the file, from 1, not counting the header."""
    fingerprint: str
    """16 hexadecimal digits, made from the file's path, the row's content, its label and, among equal rows,
    its number. Adding or removing other rows does not change it."""
    given_label: str | None
    """None where the row has no label."""
    suggested_label: str | None
    doubt: float | None
    """From 0 to 1; None where the row has no label, or one that can't be judged."""
    reasons: tuple[str, ...]
    """Those that raise doubt about the row and are not waived, strongest first."""
    why: str
    """The reasons in plain words; "" where there are none."""
    rule: str
    """What it is reported as: its strongest reason's name, `DOUBTED` where no single reason raises doubt,
    `CONTRADICTED`, `LABEL_CONFLICT`, `UNLABELLED` or `UNJUDGED`."""
    change: Change | None = None
    """None without a baseline, and on a row that is not doubted."""
    change_why: str = ""
    """Why it is new, in plain words: "the row was added or changed since the baseline"."""
    waiver: Waiver | None = None
    """Where there is one, no limit counts the finding."""
    failed: tuple[str, ...] = ()
    """The names of the limits that failed because of it."""
    lines: tuple[int, int] | None = None
    """The first and last physical line of its row; None in a file without lines, or where not asked for."""

    @property
    def tier(self) -> str | None:
        """`DOUBTED`, `CONTRADICTED`, or None where it is neither."""
        if self.rule in {LABEL_CONFLICT, UNLABELLED, UNJUDGED}:
            return None
        return CONTRADICTED if self.rule == CONTRADICTED else DOUBTED


LABEL_CONFLICT, UNLABELLED, UNJUDGED = "label-conflict", "unlabelled", "unjudged"
"""Rules of findings that are not reported under the name of a single reason."""
RULES = {
    DOUBTED: "No single reason raises doubt, but together they make its label more likely wrong than right.",
    CONTRADICTED: "Models that never saw the row would give it another label, which may be right or wrong.",
    LABEL_CONFLICT: "The same input occurs elsewhere with another label.",
    UNLABELLED: "It has no label.",
    UNJUDGED: "The row is new, and too few rows have its label for models to judge it.",
}


@dataclass(frozen=True)
class Check:
    """One limit, checked on one file."""

    limit: str
    """The setting's name: "max-noise", "max-per-class"."""
    of: str
    """The class or reason that it applies to; "" where it applies to the whole file."""
    measured: str
    """What was measured, in words: "wrong labels, lower bound"."""
    value: float | None
    """A share (0 to 1) where `is_share`, else a number of rows; None where it is not known."""
    bound: float | None
    """As `value`; None where the limit is not a number (a required reason)."""
    is_share: bool
    is_floor: bool
    """Whether the value must not fall below the bound, rather than not rise above it."""
    outcome: Outcome
    allowed: bool
    """Whether the gate may pass although the limit can't be assessed (`--allow-unassessable`)."""
    why: str
    """Why the outcome is what it is, in one sentence."""
    rows: tuple[str, ...]
    """The fingerprints of the findings that were counted, most doubted first."""

    @property
    def passed(self) -> bool:
        """Whether the limit lets the gate pass."""
        return self.outcome is Outcome.PASSED or self.allowed

    @property
    def name(self) -> str:
        """The limit and what it applies to: "max-per-class refund"."""
        return f"{self.limit} {self.of}".rstrip()


@dataclass(frozen=True)
class Comparison:
    """The doubted rows, compared with the baseline."""

    path: str
    """The baseline file."""
    n_new: int
    n_known: int
    gone: tuple[GoneDoubt, ...]


@dataclass(frozen=True)
class GoneDoubt:
    """A doubt of the baseline that is there no longer."""

    row_id: str
    given_label: str
    why: str
    """"the row is gone or was changed", "it is no longer doubted"."""


@dataclass(frozen=True)
class LapsedWaiver:
    """A waiver that applied to no row, and why."""

    waiver: Waiver
    why: str
    """"expired on 2026-06-30", "no row has this id"."""


@dataclass(frozen=True)
class FileResult:
    """What the gate found in one data file."""

    path: str
    """The data file, as the user gave it or as the audit names it."""
    sha256: str
    format: str
    """"csv", "jsonl", "parquet" or "arrow"."""
    n_rows: int
    n_labelled: int
    n_doubted: int
    """Waived rows are not counted."""
    audit: str | None
    """The directory of the audit that was checked; None where none was kept."""
    origin: str
    """Where the audit comes from, in plain words: "scanned now", "the audit data.doubt"."""
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    """Most doubted first, then contradicted rows, then conflicts, then rows without a label, these two
    in file order; waived ones are included."""
    comparison: Comparison | None
    """None without a baseline."""
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every limit was met."""
        return all(check.passed for check in self.checks)

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings because of which a limit failed."""
        return tuple(finding for finding in self.findings if finding.failed)

    @property
    def waived(self) -> tuple[Finding, ...]:
        """The findings that a person waived."""
        return tuple(finding for finding in self.findings if finding.waiver)


@dataclass(frozen=True, repr=False)
class GateResult:
    """What the gate found in all files: all output formats are made from it."""

    files: tuple[FileResult, ...]
    waivers_path: str | None
    lapsed: tuple[LapsedWaiver, ...]
    """Waivers that applied to none of the files."""
    version: str
    """The version of doubt."""
    rules: dict[str, str]
    """What each rule means, in one sentence: every reason that was run, and `RULES`."""

    @property
    def passed(self) -> bool:
        """Whether every file passed."""
        return all(file.passed for file in self.files)

    def __repr__(self) -> str:
        """Whether it passed, and a line for each limit: all findings would be too much to look at."""
        from doubtcli.gate.limit_words import format_value_and_bound  # which has words for these records

        lines = [
            f"  {file.path}: {check.name} {check.outcome}: {format_value_and_bound(check) or check.why}"
            for file in self.files
            for check in file.checks
        ]
        return "\n".join([f"<GateResult: {'passed' if self.passed else 'failed'}>", *lines])
