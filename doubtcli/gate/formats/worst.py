"""The findings of all files -> one list, those first that a person should see first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.gate.result import Change

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doubtcli.gate.result import FileResult, Finding

    Found = tuple[FileResult, Finding]


def worst_first(files: Iterable[FileResult]) -> list[Found]:
    """Those that fail a limit first, waived ones last, each kind most doubted first; ties as they stood."""
    found = [(file, finding) for file in files for finding in file.findings]
    return sorted(
        found, key=lambda one: (not one[1].failed, one[1].waiver is not None, -(one[1].doubt or 0.0))
    )


def failing_first_new(files: Iterable[FileResult]) -> list[Found]:
    """Those alone that fail a limit: what the baseline does not know first, most doubted first."""
    failing = [one for one in worst_first(files) if one[1].failed]
    return sorted(failing, key=lambda one: one[1].change is not Change.NEW)
