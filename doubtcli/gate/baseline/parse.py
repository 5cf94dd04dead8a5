"""The JSON of one data file in a baseline -> its section, refused where it is not as it was written."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError
from doubtcli.gate.baseline.rows import DIGEST_DIGITS, from_lines, prefix_digits
from doubtcli.gate.baseline.section import KnownDoubt, Section

if TYPE_CHECKING:
    from collections.abc import Sequence


def parsed_section(path: str, body: object, where: str) -> Section:
    """What a baseline knows of one data file.

    Args:
        path: The data file.
        body: What stands behind it.
        where: The baseline's file.

    Raises:
        InputError: A part is missing, malformed or stands twice, or two parts contradict each other.
    """
    match body:
        case {
            "sha256": str() as sha256,
            "n_rows": int() as n_rows,
            "label": str() as label,
            "inputs": list() as inputs,
            "settings": dict() as settings,
            "version": str() as version,
            "doubts": list() as doubts,
            "borderline": dict() as near,
            "rows": dict() as lines,
        } if _are_texts(inputs) and type(n_rows) is int:
            _check_lines(path, lines, n_rows, where)
            _check_form(path, near, sum(map(_n_digests, near.values())), where)
            known = tuple(_doubt(path, number, doubt, where) for number, doubt in enumerate(doubts, 1))
            borderline = from_lines(near)
            section = Section(
                path, sha256, n_rows, label, tuple(inputs), settings, version, known, lines, borderline
            )
            _check_doubts(section, where)
            return section
        case _:
            raise broken(where, f"what it says of {path!r} is malformed, or a part of it is missing")


def _check_lines(path: str, lines: dict[str, Any], n_rows: int, where: str) -> None:
    """Refuse digests that can't be looked up, or are not as many as there are rows."""
    _check_form(path, lines, n_rows, where)
    n_digests = sum(map(_n_digests, lines.values()))
    if n_digests != n_rows:
        raise broken(where, f"it says that {path!r} has {n_rows:,} rows, and lists {n_digests:,}")


def _check_form(path: str, lines: dict[str, Any], n_digests: int, where: str) -> None:
    """Refuse lines that are not as `in_lines` makes them of so many digests."""
    n_first = prefix_digits(n_digests)
    rest = f"[0-9a-f]{{{DIGEST_DIGITS - n_first}}}"
    prefix, line = re.compile(f"[0-9a-f]{{{n_first}}}"), re.compile(f"{rest}(?: {rest})*")
    for start, digests in lines.items():
        if not (prefix.fullmatch(start) and isinstance(digests, str) and line.fullmatch(digests)):
            raise broken(where, f"the line {start!r} of the rows of {path!r} is malformed")


def _n_digests(line: object) -> int:
    """How many digests stand in a line; 0 in what is no line."""
    return line.count(" ") + 1 if isinstance(line, str) else 0


def _doubt(path: str, number: int, doubt: object, where: str) -> KnownDoubt:
    match doubt:
        case {
            "row": str() as row_hash,
            "id": str() as row_id,
            "given": str() as given,
            "doubt": float() | int() as value,
            "reasons": list() as reasons,
            **more,
        } if _are_texts(reasons) and type(value) is not bool and 0 <= value <= 1:
            n = more.get("n", 1)
            if type(n) is int and n >= 1:
                return KnownDoubt(row_hash, n, row_id, given, float(value), tuple(reasons))
    raise broken(where, f"doubt {number:,} of {path!r} is malformed")


def _check_doubts(section: Section, where: str) -> None:
    """Refuse a doubt that stands twice, and one on a row that is not among the rows."""
    lines = Counter((*doubt.key, doubt.n) for doubt in section.doubts)
    twice = next((doubt for doubt in section.doubts if lines[*doubt.key, doubt.n] > 1), None)
    if twice:
        raise broken(where, f"the doubt on row {twice.row_id!r} of {section.path!r} stands twice")
    equal = Counter(doubt.key for doubt in section.doubts)
    for doubt in section.doubts:
        if equal[doubt.key] > section.count_like(*doubt.key):
            raise broken(
                where, f"the doubt on row {doubt.row_id!r} of {section.path!r} is on none of its rows"
            )


def _are_texts(values: Sequence[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def broken(where: str, found: str, line: int | None = None) -> InputError:
    """The error for a baseline that does not say what it should."""
    expected = "a baseline as `doubt baseline` wrote it"
    return InputError(found, where=where, line=line, expected=expected, hint=write_again(where))


def write_again(where: str) -> str:
    """What to do with a baseline that is of no use."""
    return f"write it again: doubt baseline DATA --force -o {where}; or take it back from git"
