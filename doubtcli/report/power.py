"""What a scan of a file would find, in words and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from doubtcli.records import SHARE_OF_PARTS
from doubtcli.report.summary import power_sentence
from doubtcli.wording.numbers import count, percent
from doubtcli.wording.quoting import printable
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from doubtcli.records import Power

_NAME_SHARE = 0.5
"""Of a line, for the name of a class or a reason at most."""


def print_power(console: Console, power: Power, class_names: Sequence[str]) -> None:
    """Print how many planted errors are found, by how far one looks, by class and by reason.

    Args:
        console: Where to.
        power: What was measured.
        class_names: Of each code.
    """
    sheet = Sheet(console)
    if not power.assessable:
        sheet.hang(sheet.indent(), power_sentence(power))
        return
    sheet.title(f"{count(power.n_planted, 'error')} planted")
    sheet.hang(sheet.indent(), power.why, "dim")
    sheet.title("Found among the most doubted rows")
    _print_shares(
        sheet, {f"the first {share:.0%} of rows": found for share, found in power.found_in_first.items()}
    )
    first = f"in the first {SHARE_OF_PARTS:.0%} of rows"
    sheet.title("Found by each reason alone", first)
    _print_shares(sheet, dict(sorted(power.by_reason.items(), key=lambda item: (-item[1], item[0]))))
    sheet.title("Found by planted label", first)
    by_class = {class_names[code]: found for code, found in power.by_class.items()}
    _print_shares(sheet, dict(sorted(by_class.items(), key=lambda item: (item[1], item[0]))))


def _print_shares(sheet: Sheet, shares: Mapping[str, float]) -> None:
    most = int(sheet.width * _NAME_SHARE)
    names = [sheet.crop(printable(name), most) for name in shares]
    cells = max(map(cell_len, names), default=0)
    for name, share in zip(names, shares.values(), strict=True):
        sheet.print(sheet.indent(sheet.pad(name, cells), f"  {percent(share).rjust(5)}"))
