"""Kept labels of doubted rows -> waivers for the gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.gate.paths import seen_beside
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers import WAIVERS, add_waivers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doubtcli.apply.data import LabelledFile
    from doubtcli.records import Decision
    from doubtcli.store import StoredAudit


@dataclass(frozen=True)
class Waivers:
    """A file of waivers as it is to be written."""

    path: Path
    text: str
    n_rows: int
    """How many kept rows it waives."""


def plan_waivers(
    kept: Iterable[Decision], audit: StoredAudit, file: LabelledFile, target: Path, path: str | None
) -> Waivers | None:
    """The file of waivers with one for each kept row that was doubted; None where nothing is to be added.

    Args:
        kept: Rows whose label was found right.
        audit: It tells which of them were doubted.
        file: The data.
        target: The corrected file.
        path: The file of waivers; the one that a gate finds by itself if None.

    Raises:
        InputError: The file can't be read, or nothing can be added to it.
    """
    found = Path(path or WAIVERS)
    doubted = _doubted(audit)
    rows = [one for one in kept if one.row_id in doubted]
    # an id that the user gave may stand in other files; a hash of the content means the same input there
    only = seen_beside(target, found) if file.has_ids else None
    text = _text(found)
    added = add_waivers(text, [_waiver(one, only) for one in rows], where=str(found))
    return None if added == text else Waivers(found, added, len(rows))


def _doubted(audit: StoredAudit) -> set[str]:
    columns = (audit.doubts.column(name).to_pylist() for name in ("row_id", "doubted"))
    return {row_id for row_id, doubted in zip(*columns, strict=True) if doubted}


def _waiver(decision: Decision, file: str | None) -> Waiver:
    who = ", ".join(decision.annotators) or "a person"
    said = ", ".join(part for part in (decision.tool, decision.time) if part)
    why = f"{who} kept its label ({said})" + (f": {decision.why}" if decision.why else "")
    return Waiver(decision.row_id, 0, label=decision.given_label, file=file, why=why)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"can't be read: {error}", where=str(path), hint="or leave it out: --no-waive"
        ) from error
