"""An id that no row bears -> whether a spreadsheet may have taken it for a number: 154 for 00154."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LOST_ZEROS = "ids may have lost leading zeros, or been saved as numbers: save the column as text"
_NUMERAL = re.compile(r"0*([0-9]+)(?:\.0+)?")


def numerals(ids: Iterable[str]) -> frozenset[str]:
    """Those of some ids that are whole numbers, as a spreadsheet writes them.

    Example:
        >>> sorted(numerals(["00154", "7.0", "a7", "0"]))
        ['0', '154', '7']
    """
    found = (_NUMERAL.fullmatch(row_id.strip()) for row_id in ids)
    return frozenset(match[1] for match in found if match)
