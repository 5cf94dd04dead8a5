"""What settings say -> the file of waivers that a gate reads, or that it would read if it were there."""

from __future__ import annotations

from pathlib import Path

from doubtcli.gate.waivers.read import WAIVERS
from doubtcli.settings import GatePlan, load_gate


def find_waivers(plan: GatePlan) -> str:
    """The file of waivers as seen from the working directory; "" where there is none.

    It is the one that flags or settings name, be it there or not; else the usual one in the working
    directory, else that beside the settings file.

    Args:
        plan: What flags and settings file say of the gate.
    """
    return plan.waivers or next((str(path) for path in _usual(plan) if path.is_file()), "")


def waivers_to_add_to(named: str | None) -> str:
    """The file that waivers are to be added to, so that a gate that is run from here finds them.

    Where there is none yet, it is to stand beside the settings file, for gates from other folders find it
    there, too.

    Args:
        named: By the user, who has the last word; None if they have not.

    Raises:
        SettingsError: The settings file can't be used.
    """
    if named:
        return named
    plan = _plan()
    return find_waivers(plan) or str(_usual(plan)[-1])


def waivers_to_read(named: str | None) -> str:
    """The file of waivers that a gate reads that is run from here; "" where there is none.

    Args:
        named: By the user, who has the last word; None if they have not.

    Raises:
        SettingsError: The settings file can't be used.
    """
    return named or find_waivers(_plan())


def _plan() -> GatePlan:
    return load_gate({}, {}, start=Path.cwd())


def _usual(plan: GatePlan) -> tuple[Path, ...]:
    return tuple(folder / WAIVERS for folder in (Path(), Path(plan.config or "").parent))
