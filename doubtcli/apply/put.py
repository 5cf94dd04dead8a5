"""The file as it will be, its batch and waivers -> all of them in their places, and told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.backup import keep, shown
from doubtcli.apply.commit import commit
from doubtcli.apply.ledger import aside_path, ledger_path, render
from doubtcli.apply.waive import write_waivers

if TYPE_CHECKING:
    from doubtcli.apply.data import Data
    from doubtcli.apply.ledger import Batch
    from doubtcli.apply.result import Applied
    from doubtcli.apply.waive import Waivers


@dataclass(frozen=True)
class New:
    """The file as it will be."""

    stored: bytes
    batch: Batch | None
    """What makes it so; None where nothing is changed."""


def is_there(path: Path, content: bytes) -> bool:
    """Whether a file holds these bytes already."""
    return path.is_file() and path.read_bytes() == content


def put_file(found: Applied, new: New, target: Path, data: Data, output: str, *, in_place: bool) -> Applied:
    """Put the file and its ledger's lines into place.

    Args:
        found: What there is to tell.
        new: The file as it will be.
        target: Where it goes; no other run writes there meanwhile.
        data: What it is made from.
        output: What `target` is called.
        in_place: Whether what it holds is to be kept.

    Returns:
        What there is to tell, and what was written.

    Raises:
        OutputError: The system won't let us.
    """
    notes = found.notes
    if new.batch is None and ledger_path(target).exists():
        aside = aside_path(Path(output))
        notes += (f"nothing is changed in the new file: the ledger of the old one is now {aside}",)
    backup = keep(target, data) if in_place else None
    commit(target, new.stored, render(new.batch) if new.batch else b"", like=Path(data.path))
    return replace(found, output=output, backup=shown(backup, output), notes=notes)


def put_waivers(found: Applied, waivers: Waivers) -> Applied:
    """Put the file of waivers into place, after all else.

    Args:
        found: What there is to tell, and what was written.
        waivers: What is to be written.

    Raises:
        OutputError: The system won't let us; it names what was written before.
    """
    written = [] if found.output is None else [Path(found.output)]
    if found.batch:
        written += [ledger_path(path) for path in written]
    write_waivers(waivers, written)
    return replace(found, waivers=str(waivers.path), n_waived=waivers.n_rows)
