"""What came of applying verdicts, or of taking them back: what reports are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doubtcli.apply.ledger import Batch
    from doubtcli.records import Decision, Settled


@dataclass(frozen=True)
class Applied:
    """What became of the verdicts on a file's rows."""

    path: str
    """The file that they were applied to."""
    output: str | None
    """The file that was written; None where none was."""
    batch: Batch | None
    """What was changed, or would be; None where nothing is left to change."""
    kept: tuple[Decision, ...]
    """Rows whose label was found right."""
    unusable: tuple[Decision, ...]
    """Rows that were judged unusable, and stay."""
    done_before: tuple[Decision, ...]
    """Rows that the ledger says were changed so before, and that are not so any more."""
    settled: Settled
    """Among it what is not applied, and why."""
    is_dry_run: bool = False
    backup: str | None = None
    """Where the file as it was is kept; None where it was not written over."""
    waivers: str | None = None
    """The file that waivers were added to; None where none was."""
    n_waived: int = 0
    """How many of the kept rows were doubted, and are waived."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Undone:
    """What was taken back."""

    path: str
    output: str | None
    """The file that was written; None in a dry run."""
    undone: Batch
    """What was taken back."""
    batch: Batch
    """The batch that did so."""
    backup: str | None = None
