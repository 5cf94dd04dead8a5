"""Kept labels of doubted rows -> waivers for the gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.commit import list_backup_paths
from doubtcli.apply.ledger import aside_path, ledger_path
from doubtcli.disk.file import FILE_HINTS, OTHER_ERROR, check_writable, replace_file
from doubtcli.disk.paths import path_beside
from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers import add_waivers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doubtcli.apply.labelled import LabelledFile
    from doubtcli.records import Decision, DoubtTable


ELSEWHERE = "name another file with --waivers FILE, or waive nothing: --no-waive"
WAIVER_HINTS = {number: f"{hint}; or {ELSEWHERE}" for number, hint in FILE_HINTS.items()} | {
    OTHER_ERROR: ELSEWHERE
}
"""What to do about a file of waivers, by the system's error number."""


@dataclass(frozen=True)
class WaiverFile:
    """A file of waivers as it is to be written."""

    path: Path
    text: str
    n_rows: int
    """How many kept rows it waives."""


def check_waivers_apart(path: str, target: Path, read: Iterable[str]) -> None:
    """Refuse a file of waivers that is another file of the same run, too.

    Args:
        path: The file of waivers.
        target: The corrected file.
        read: Files that are read.

    Raises:
        SettingsError: It says which one it is.
    """
    found = Path(path)
    other = {
        "the corrected file": target,
        "its ledger": ledger_path(target),
        "its ledger of earlier": aside_path(target),
    }
    what = [name for name, place in other.items() if _is_same(found, place)]
    what += ["its backup" for place in list_backup_paths(target) if _is_same(found, place)]
    what += ["a file that is read" for one in read if _is_same(found, Path(one))]
    if what:
        raise SettingsError(
            f"waivers can't be written there: it is {what[0]}",
            where=str(found),
            hint=ELSEWHERE,
        )


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def plan_waivers(
    kept: Iterable[Decision], doubts: DoubtTable, file: LabelledFile, target: Path, path: str
) -> WaiverFile | None:
    """The file of waivers with one for each kept row that was doubted; None where nothing is to be added.

    Args:
        kept: Rows whose label was found right.
        doubts: `doubts.parquet`: it tells which of them were doubted.
        file: The data.
        target: The corrected file.
        path: The file of waivers.

    Raises:
        InputError: The file can't be read, or nothing can be added to it.
    """
    found = Path(path)
    doubted = _doubted(doubts)
    rows = [one for one in kept if one.row_id in doubted]
    # an id that the user gave may stand in other files; a hash of the content means the same input there.
    # Both names are told, since the corrected file may take the place of the data.
    files = (path_beside(file.source.path, found), path_beside(target, found)) if file.has_ids else ()
    text = _text(found)
    added = add_waivers(text, [_waiver(one, tuple(dict.fromkeys(files))) for one in rows], where=str(found))
    return None if added == text else WaiverFile(found, added, len(rows))


def check_waivers_writable(waivers: WaiverFile) -> None:
    """Make sure that the file of waivers can be written.

    Raises:
        OutputError: The system won't let us.
    """
    check_writable(waivers.path, waivers.text.encode(), hints=WAIVER_HINTS)


def write_waivers(waivers: WaiverFile, written: Iterable[Path]) -> None:
    """Write the file of waivers, after all else.

    Args:
        waivers: The file.
        written: What was written before it.

    Raises:
        OutputError: The system won't let us; it names what was written.
    """
    try:
        replace_file(waivers.path, waivers.text.encode(), hints=WAIVER_HINTS)
    except OutputError as error:
        done = ", ".join(map(str, written))
        if done:
            error.found += f"; written before it, and complete: {done}"
        raise


def _doubted(doubts: DoubtTable) -> set[str]:
    return set(doubts.filter(doubts.doubted).row_id.to_pylist())


def _waiver(decision: Decision, files: tuple[str, ...]) -> Waiver:
    who = ", ".join(decision.annotators) or "a person"
    said = ", ".join(part for part in (decision.tool, decision.time) if part)
    other = decision.spread_from
    did = f"decided on {other}, which is the same, and kept the label" if other else "kept its label"
    why = f"{who} {did} ({said})" + (f": {decision.why}" if decision.why else "")
    return Waiver(decision.row_id, 0, label=decision.given_label, files=files, why=why)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't be read: {error}", where=str(path), hint=ELSEWHERE) from error
