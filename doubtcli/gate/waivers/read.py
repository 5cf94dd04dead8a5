"""`doubt-waivers.toml` -> the waivers in it, refused where one can't be meant."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers.keys import KEYS, TABLE
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

WAIVERS = "doubt-waivers.toml"
"""Where waivers stand unless another file is named."""
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_waivers(path: str, known_reasons: Collection[str] | None = None) -> tuple[Waiver, ...]:
    """The waivers in a file, in its order.

    Args:
        path: The file.
        known_reasons: The names that `reasons` may hold; None: any.

    Raises:
        InputError: The file can't be read, is no TOML, or a waiver can't be meant.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", where=path) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"is no UTF-8: byte {error.start + 1} can't be read", where=path, hint="save it as UTF-8"
        ) from error
    return parse_waivers(text, path, known_reasons)


def parse_waivers(text: str, where: str, known_reasons: Collection[str] | None = None) -> tuple[Waiver, ...]:
    """The waivers in the text of a file; arguments and errors as for `read_waivers`."""
    tables = _tables(_parsed(text, where), where)
    waivers = tuple(_waiver(table, number, where) for number, table in enumerate(tables, 1))
    for waiver in waivers:
        _check_reasons(waiver, known_reasons, where)
    _check_unlike(waivers, where)
    return waivers


def what_it_waives(waiver: Waiver) -> tuple[object, ...]:
    """Equal in waivers that differ at most by what they say why."""
    return waiver.row_id, waiver.label, frozenset(waiver.reasons), waiver.until, frozenset(waiver.files)


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = _PLACE.search(str(error))
        line = int(place[1] or len(text.rstrip().split("\n"))) if place else None
        found = f"is no valid TOML: {_PLACE.sub('', str(error))}"
        raise InputError(found, where=where, line=line) from error


def _tables(document: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    for key in document:
        if key != TABLE:
            hint = "put it under [[waive]]" if key in KEYS else None
            raise InputError(f"{key!r} is no known key", where=where, expected="[[waive]] tables", hint=hint)
    tables = document.get(TABLE, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InputError(
            f"{TABLE!r} is no list of tables", where=where, expected="[[waive]], in two pairs of brackets"
        )
    return tables


def _waiver(table: Mapping[str, Any], number: int, where: str) -> Waiver:
    for key in table:
        _check_known(key, KEYS, "key", number, where)
    if "id" not in table:
        raise _refused(number, "it names no row", where, expected='id = "…", the row\'s doubt_id')
    told = {key: _checked(key, value, number, where) for key, value in table.items()}
    return Waiver(row_id=told.pop("id"), number=number, files=told.pop("file", ()), **told)


def _checked(key: str, value: object, number: int, where: str) -> Any:  # noqa: ANN401  # of any kind
    kind = KEYS[key]
    try:
        return kind.check(value)
    except ValueError as error:
        shown = value.isoformat() if isinstance(value, (dt.date, dt.time)) else repr(value)
        raise _refused(number, f"{key} = {shown} won't do", where, expected=kind.expected) from error


def _check_reasons(waiver: Waiver, known_reasons: Collection[str] | None, where: str) -> None:
    for name in waiver.reasons if known_reasons is not None else ():
        _check_known(name, known_reasons or (), "reason", waiver.number, where)


def _check_known(name: str, known: Collection[str], what: str, number: int, where: str) -> None:
    if name in known:
        return
    hint = did_you_mean(name, known)
    raise _refused(
        number,
        f"{name!r} is no known {what}",
        where,
        expected=None if hint else f"one of {', '.join(known)}",
        hint=hint,
    )


def _check_unlike(waivers: Sequence[Waiver], where: str) -> None:
    first: dict[tuple[object, ...], Waiver] = {}
    for waiver in waivers:
        before = first.setdefault(what_it_waives(waiver), waiver)
        if before is not waiver:
            found = f"it waives the same as waiver {before.number}: {waiver.row_id!r}"
            raise _refused(waiver.number, found, where, hint="take one of the two out")


def _refused(
    number: int, found: str, where: str, *, expected: str | None = None, hint: str | None = None
) -> InputError:
    return InputError(found, where=f"{where}, waiver {number}", expected=expected, hint=hint)
