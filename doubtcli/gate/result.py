"""What a gate found: the records that its formats are made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


class Outcome(StrEnum):
    """How a limit was met."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASSESSABLE = "not assessable"
    """Nobody can tell; the gate fails, unless that is allowed."""


class Change(StrEnum):
    """What a doubted row is, held against the baseline."""

    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True)
class Waiver:
    """A person's word that a row is to be left as it is."""

    row_id: str
    """The row's `doubt_id`."""
    number: int
    """Its place in the file of waivers, from 1."""
    label: str | None = None
    """It holds only while the given label is this one."""
    reasons: tuple[str, ...] = ()
    """It holds for these reasons; for all of them where none is named."""
    until: dt.date | None = None
    """The last day on which it holds."""
    why: str = ""
    files: tuple[str, ...] = ()
    """It holds for these data files alone; for all of them where none is named."""


@dataclass(frozen=True)
class Finding:
    """A row that is doubted, stands in conflict with an equal one, or lacks a label."""

    row_id: str
    row: int
    """Its place in the file, from 1, the header left out."""
    fingerprint: str
    """16 hexadecimal digits: of the file's path, the row's content, its label and, among equal rows, its
    number. Other rows may come and go."""
    given_label: str | None
    """None where the row has no label."""
    suggested_label: str | None
    doubt: float | None
    """From 0 to 1; None where the row has no label, or one that nobody can judge."""
    reasons: tuple[str, ...]
    """Those that speak on the row and are not waived, strongest first."""
    why: str
    """The reasons in plain words; "" where there are none."""
    rule: str
    """What it is reported as: its strongest reason's name, `DOUBTED` where no single one speaks,
    `LABEL_CONFLICT`, `UNLABELLED` or `UNJUDGED`."""
    change: Change | None = None
    """None without a baseline, and on a row that is not doubted."""
    change_why: str = ""
    """Of a new one, in plain words: "the row was added or changed since the baseline"."""
    waiver: Waiver | None = None
    """It is counted by no limit where there is one."""
    failed: tuple[str, ...] = ()
    """The limits that it made fail."""
    lines: tuple[int, int] | None = None
    """The first and last physical line of its row; None in a file without lines, or where nobody asked."""


DOUBTED, LABEL_CONFLICT, UNLABELLED = "doubted", "label-conflict", "unlabelled"
UNJUDGED = "unjudged"
"""Rules of findings that no single reason stands for."""
RULES = {
    DOUBTED: "No single reason speaks, but all of them together make its label likelier wrong than right.",
    LABEL_CONFLICT: "The very same input stands elsewhere with another label.",
    UNLABELLED: "It has no label.",
    UNJUDGED: "It is new, and too few rows bear its label for models to judge it.",
}


@dataclass(frozen=True)
class Check:
    """One limit, held against one file."""

    limit: str
    """The setting's name: "max-noise", "max-per-class"."""
    of: str
    """The class or reason that it holds for; "" where it holds for the file."""
    measured: str
    """What was measured, in words: "suspected label noise, by its lower bound"."""
    value: float | None
    """A share (0 to 1) where `is_share`, else a number of rows; None where it can't be told."""
    bound: float | None
    """As `value`; None where the limit is no number (a required reason)."""
    is_share: bool
    is_floor: bool
    """Whether the value must not fall below the bound, rather than not rise above it."""
    outcome: Outcome
    allowed: bool
    """Whether it does not count though it can't be assessed (`--allow-unassessable`)."""
    why: str
    """What the outcome rests on, in one plain sentence."""
    rows: tuple[str, ...]
    """The fingerprints of the findings that made the value, most doubted first."""

    @property
    def passed(self) -> bool:
        """Whether the gate may pass by this limit."""
        return self.outcome is Outcome.PASSED or self.allowed

    @property
    def name(self) -> str:
        """The limit and what it holds for: "max-per-class refund"."""
        return f"{self.limit} {self.of}".rstrip()


@dataclass(frozen=True)
class Comparison:
    """The doubted rows, held against the baseline."""

    path: str
    """The baseline's file."""
    n_new: int
    n_known: int
    gone: tuple[GoneDoubt, ...]


@dataclass(frozen=True)
class GoneDoubt:
    """A doubt of the baseline that is no more."""

    row_id: str
    given_label: str
    why: str
    """"the row is gone or was changed", "it is no longer doubted"."""


@dataclass(frozen=True)
class LapsedWaiver:
    """A waiver that did not hold, and why."""

    waiver: Waiver
    why: str
    """"expired on 2026-06-30", "no row bears this id"."""


@dataclass(frozen=True)
class FileResult:
    """What came of one data file."""

    path: str
    """The data file, as it was given or as the audit tells."""
    sha256: str
    format: str
    """"csv", "jsonl", "parquet" or "arrow"."""
    n_rows: int
    n_labelled: int
    n_doubted: int
    """Waived rows left out."""
    audit: str | None
    """The audit directory that was judged; None where none was kept."""
    origin: str
    """Where the audit is from, in plain words: "scanned now", "the audit of 2026-11-21 in the cache"."""
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    """Most doubted first, then conflicts, then rows without a label, each by place in the file; waived ones
    are among them."""
    comparison: Comparison | None
    """None without a baseline."""
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every limit was met."""
        return all(check.passed for check in self.checks)

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that made a limit fail."""
        return tuple(finding for finding in self.findings if finding.failed)

    @property
    def waived(self) -> tuple[Finding, ...]:
        """The findings that a person waived."""
        return tuple(finding for finding in self.findings if finding.waiver)


@dataclass(frozen=True, repr=False)
class GateResult:
    """What came of all files: the one thing that the formats are made from."""

    files: tuple[FileResult, ...]
    waivers_path: str | None
    lapsed: tuple[LapsedWaiver, ...]
    """Waivers that held for none of the files."""
    version: str
    """Of doubt."""
    rules: dict[str, str]
    """What each rule means, in one sentence: for every reason that was asked, and for `RULES`."""

    @property
    def passed(self) -> bool:
        """Whether every file passed."""
        return all(file.passed for file in self.files)

    def __repr__(self) -> str:
        """Whether it passed, and a line for each limit: all findings would be too much to look at."""
        from doubtcli.gate.limit_words import held_words  # which has words for these records

        lines = [
            f"  {file.path}: {check.name} {check.outcome}: {held_words(check) or check.why}"
            for file in self.files
            for check in file.checks
        ]
        return "\n".join([f"<GateResult: {'passed' if self.passed else 'failed'}>", *lines])
