"""Rows that a person wants left as they are: read from their file, held against findings, added to it."""

from doubtcli.gate.waivers.apply import AppliedWaivers, apply_waivers, lapsed_waivers, waived_rows
from doubtcli.gate.waivers.read import find_waivers, read_waivers, waivers_to_add_to, waivers_to_read
from doubtcli.gate.waivers.write import add_waivers

__all__ = [
    "AppliedWaivers",
    "add_waivers",
    "apply_waivers",
    "find_waivers",
    "lapsed_waivers",
    "read_waivers",
    "waived_rows",
    "waivers_to_add_to",
    "waivers_to_read",
]
