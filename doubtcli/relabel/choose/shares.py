"""What `--strategy` says -> the strategies, and the share of the queue that each may fill."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from doubtcli.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOP, BALANCED, AUDIT, BUDGET = "top", "balanced", "audit", "budget"
STRATEGIES = (TOP, BALANCED, AUDIT, BUDGET)
OPTION = "--strategy"
WHOLE = 100


def parse_shares(text: str) -> dict[str, int]:
    """The strategies that a text names, each with its share in percent; they make 100 together.

    Raises:
        SettingsError: It names no strategy of ours, or one twice, or shares that do not make 100%.

    Example:
        >>> parse_shares("top=70%,audit=30%")
        {'top': 70, 'audit': 30}
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and "=" not in text:
        return {_known(parts[0]): WHOLE}
    shares: dict[str, int] = {}
    for part in parts:
        name, share = _parsed(part)
        if name in shares:
            raise SettingsError(f"{name!r} is named twice", where=OPTION, expected="one share a strategy")
        shares[name] = share
    if sum(shares.values()) != WHOLE:
        raise SettingsError(
            f"the shares make {sum(shares.values())}%",
            where=OPTION,
            expected="shares that make 100% together",
        )
    return shares


def sizes(n_rows: int, shares: Mapping[str, int]) -> dict[str, int]:
    """How many of some rows each strategy brings: what is left by rounding down goes to the largest rests.

    Example:
        >>> sizes(10, {"top": 67, "audit": 33})
        {'top': 7, 'audit': 3}
    """
    whole = {name: n_rows * share // WHOLE for name, share in shares.items()}
    by_rest = sorted(shares, key=lambda name: -(n_rows * shares[name] % WHOLE))
    left = n_rows - sum(whole.values())
    return {name: n + (name in by_rest[:left]) for name, n in whole.items()}


def _parsed(part: str) -> tuple[str, int]:
    name, _, share = part.partition("=")
    found = re.fullmatch(r"\s*([1-9][0-9]?|100)\s*%?\s*", share)
    if not found:
        raise SettingsError(
            f"{part!r} is no share of a strategy",
            where=OPTION,
            expected="one name, or names with whole shares: top=70%,audit=30%",
        )
    return _known(name.strip()), int(found[1])


def _known(name: str) -> str:
    if name in STRATEGIES:
        return name
    near = get_close_matches(name, STRATEGIES, n=1)
    raise SettingsError(
        f"there is no strategy {name!r}",
        where=OPTION,
        expected=f"one of {', '.join(STRATEGIES)}, or several by share: top=70%,audit=30%",
        hint=f"did you mean {near[0]!r}?" if near else None,
    )
