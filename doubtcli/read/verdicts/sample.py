"""What answers tell of the audit sample that their rows were drawn for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import TEXT, parse_numbers
from doubtcli.records import Stratum

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doubtcli.records import Floats
    from doubtcli.records.answers import Answer

STRATUM, INCLUSION = "doubt_stratum", "doubt_inclusion"


def drawn(
    told: Iterable[tuple[int, Answer]], n_rows: int, path: str
) -> tuple[tuple[Stratum | None, ...], Floats]:
    """The stratum of each row that was drawn for an audit sample, and with what probability it was.

    Args:
        told: The answers, decided or not, each with its row's number.
        n_rows: How many rows there are.
        path: The file of verdicts.

    Raises:
        InputError: What stands there is not as a queue has it.
    """
    strata: list[Stratum | None] = [None] * n_rows
    inclusion = np.full(n_rows, np.nan)
    for row, answer in told:
        if answer.stratum.strip():
            strata[row], inclusion[row] = _stratum(answer, path), _inclusion(answer, path)
    return tuple(strata), inclusion


def _stratum(answer: Answer, path: str) -> Stratum:
    stratum = Stratum.parse(answer.stratum)
    if stratum is None:
        raise InputError(
            f"{answer.stratum!r} is no part of an audit sample",
            where=path,
            row=answer.row,
            column=STRATUM,
            expected="what --audit-sample wrote there, such as '1 of 3 (120 rows)'",
        )
    return stratum


def _inclusion(answer: Answer, path: str) -> float:
    inclusion = float(parse_numbers(pa.array([answer.inclusion], TEXT))[0])
    if not 0 < inclusion <= 1:
        raise InputError(
            f"{answer.inclusion!r} is no probability",
            where=path,
            row=answer.row,
            column=INCLUSION,
            expected="what --audit-sample wrote there, such as 0.125",
        )
    return inclusion
