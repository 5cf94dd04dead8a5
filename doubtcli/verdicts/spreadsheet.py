"""What a spreadsheet makes of a label or an id: another boolean, a number without its zeros, a date.

It reads `true` as a boolean and writes `TRUE` (`WAHR` in German), reads `0112` and `1.20` as numbers and
writes `112` and `1.2`, and shortens long numbers: `1.46032E+18`.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TRUE_WORDS = (
    *("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda", "sant", "sann", "sand"),
    *("tosi", "pravda", "igaz", "doğru", "cert", "истина", "істина"),
)
FALSE_WORDS = (
    *("false", "falsch", "faux", "falso", "onwaar", "fałsz", "falskt", "falsk", "usann", "epätosi"),
    *("nepravda", "hamis", "yanliş", "fals", "ложь", "хибність"),
)
TRUTH = dict.fromkeys(TRUE_WORDS, TRUE_WORDS[0]) | dict.fromkeys(FALSE_WORDS, FALSE_WORDS[0])
"""The words that spreadsheets write for true and false in their languages, and the English word for each."""

NUMBER = re.compile(r"([+-]?)([0-9]{1,40})(?:[.,]([0-9]{1,40}))?(?:[eE]([+-]?[0-9]{1,3}))?")
"""A number, with a point or, as in much of Europe, a comma."""
KEPT_DIGITS = 15
"""A spreadsheet keeps no more digits of a number than these: it has doubles."""

DATE = re.compile(
    r"\d{1,4}([./-])\d{1,2}\1\d{1,4}( [\d:]+)?|\d{1,2}[-. ]+[^\W\d]{3,4}\.?([-. ]+\d{2,4})?"
    r"|[^\W\d]{3,4}\.?[-. ]+\d{2,4}"
)
"""A date as a spreadsheet shows it: 02.01.2026, 2-Jan, Jan-98."""

NUMERAL = re.compile(r"0*([0-9]+)(?:\.0+)?")

LOST_ZEROS = "a spreadsheet may have turned ids into numbers without leading zeros: save the column as text"
SHORTENED_IDS = (
    "a spreadsheet has shortened ids, and their doubt_row_hash does not name one row each: save the column "
    "doubt_id as text"
)
SAVE_AS_TEXT = "open the queue again with its columns as text, and write the verdicts into that"


@lru_cache(maxsize=2**16)  # few labels, many rows
def find_value(text: str) -> str | None:
    """What a spreadsheet takes a text for, the same for all ways to write it; None if it is only text.

    Example:
        >>> find_value("WAHR"), find_value("1,20"), find_value("0112"), find_value("v1.2")
        ('true', '12e-1', '112e0', None)
    """
    truth = TRUTH.get(text.strip().casefold())
    if truth:
        return truth
    found = NUMBER.fullmatch(text.strip())
    return None if found is None else _write_number(found)


@lru_cache(maxsize=2**16)
def find_own_value(label: str) -> str | None:
    """Like `find_value`, for a label before a spreadsheet read it: only English words are booleans."""
    value = find_value(label)
    return None if value in {TRUE_WORDS[0], FALSE_WORDS[0]} and label.strip().casefold() != value else value


def _write_number(found: re.Match[str]) -> str:
    """A number without zeros that mean nothing, and with no more digits than a spreadsheet keeps."""
    sign, whole, part, power = found.groups(default="")
    digits = (whole + part).lstrip("0")
    kept = digits[:KEPT_DIGITS].rstrip("0")
    exponent = int(power or 0) - len(part) + len(digits) - len(kept)
    return f"{sign.strip('+')}{kept}e{exponent}" if kept else "0"


def is_shortened(text: str) -> bool:
    """Whether a text is a number as a spreadsheet shows a long one: 1.46032E+18."""
    found = NUMBER.fullmatch(text.strip())
    return found is not None and found[4] is not None


def is_rewritten(shown: str, original: str) -> bool:
    """Whether a spreadsheet may have made one text of another: a boolean, a number or a shortened number.

    Example:
        >>> is_rewritten("1,46032E+18", "1460323737035677698"), is_rewritten("112", "0112")
        (True, True)
        >>> is_rewritten("1,46032E+18", "1460999737035677698"), is_rewritten("Spam", "spam")
        (False, False)
    """
    if shown == original:
        return False
    value = find_value(shown)
    if value is None:
        return False
    return value == find_own_value(original) or (is_shortened(shown) and _is_rounded(shown, original))


def _is_rounded(shown: str, original: str) -> bool:
    """Whether a number with an exponent is another number, rounded to as many digits."""
    before, after = NUMBER.fullmatch(original.strip()), NUMBER.fullmatch(shown.strip())
    if before is None or after is None or before[4]:
        return False
    exact, short = (Decimal(one.string.strip().replace(",", ".")) for one in (before, after))
    step = Decimal(1).scaleb(int(after[4]) - len(after[3] or ""))
    return (exact / step).quantize(Decimal(1), ROUND_HALF_UP) == short / step


def find_numerals(ids: Iterable[str]) -> frozenset[str]:
    """The ids that are whole numbers, as a spreadsheet writes them.

    Example:
        >>> sorted(find_numerals(["00154", "7.0", "a7", "0"]))
        ['0', '154', '7']
    """
    found = (NUMERAL.fullmatch(row_id.strip()) for row_id in ids)
    return frozenset(match[1] for match in found if match)
