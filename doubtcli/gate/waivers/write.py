"""Waivers -> added to the text of a file of waivers, everything else in it as it was."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.gate.waivers.read import TABLE, parse_waivers, what_it_waives
from doubtcli.settings import WAIVERS_FILE
from doubtcli.wording.quoting import toml_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tomlkit.items import Table

    from doubtcli.gate.result import Waiver

_HALF = re.compile("[\ud800-\udfff]")
BYTE_ORDER_MARK = "\ufeff"
"""Some editors begin a file with it."""


def add_waivers(text: str, new: Sequence[Waiver], *, where: str = WAIVERS_FILE) -> str:
    """The text of a file of waivers with these appended.

    What stands there is not touched. Nothing is waived twice, whatever is said why: a new waiver names only
    the files for which the same is not waived yet, and one of which none is left is passed over.

    Args:
        text: The file's; "" for a new one.
        new: What to append; the numbers don't matter.
        where: The file, for messages.

    Raises:
        InputError: The text is no file of waivers, or an id, label or file's name can't be written in TOML.
    """
    there = parse_waivers(text.removeprefix(BYTE_ORDER_MARK), where)
    fresh = _fresh(new, there)
    if not fresh:
        return text
    ending = "\r\n" if "\r\n" in text else "\n"
    ended = text if not text or text.endswith("\n") else text + ending
    # Behind the text, not into a parsed document: tomlkit spells every header of a list as the first one.
    tables = _tables(fresh, where)
    added = ended + (tables if ended else tables.lstrip()).replace("\n", ending)
    _check_appended(added, where)
    return added


def _tables(waivers: Sequence[Waiver], where: str) -> str:
    """The text of these waivers, an empty line before each."""
    import tomlkit

    tables = tomlkit.aot()
    for waiver in waivers:
        tables.append(_waiver_table(waiver, where))
    return tomlkit.document().append(TABLE, tables).as_string()


def _check_appended(text: str, where: str) -> None:
    """Make sure that what was appended can be read."""
    try:
        tomllib.loads(text.removeprefix(BYTE_ORDER_MARK))
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            "nothing can be appended to the way its waivers are written",
            where=where,
            expected="[[waive]] tables",
            hint="write each waiver as a [[waive]] table",
        ) from error


def _fresh(new: Sequence[Waiver], there: Sequence[Waiver]) -> list[Waiver]:
    """The new ones, each for the files for which nothing waives the same yet."""
    known: dict[tuple[object, ...], set[str | None]] = defaultdict(set)
    for waiver in there:
        known[_same(waiver)].update(waiver.files or (None,))
    fresh = []
    for waiver in new:
        waived = known[_same(waiver)]
        left = tuple(file for file in waiver.files or (None,) if file not in waived)
        if left and None not in waived:
            fresh.append(replace(waiver, files=tuple(file for file in left if file is not None)))
            waived.update(left)
    return fresh


def _same(waiver: Waiver) -> tuple[object, ...]:
    """Equal in waivers that differ at most by their files, and by what they say why."""
    return what_it_waives(replace(waiver, files=()))


def _waiver_table(waiver: Waiver, where: str) -> Table:
    """A waiver's table: the keys that say something, one a line."""
    import tomlkit

    files = tuple(_exact(file, "file", where) for file in waiver.files)
    said = {
        "id": _exact(waiver.row_id, "id", where),
        "label": None if waiver.label is None else _exact(waiver.label, "label", where),
        "reasons": waiver.reasons or None,
        "until": waiver.until,
        "file": files[0] if len(files) == 1 else files or None,
        "why": _HALF.sub("\N{REPLACEMENT CHARACTER}", waiver.why) or None,
    }
    table = tomlkit.table()
    table.trivia.indent = "\n"
    for key, value in said.items():
        if value is not None:
            table.append(key, toml_item(value))
    return table


def _exact(text: str, key: str, where: str) -> str:
    if _HALF.search(text):
        raise InputError(
            f"{key} = {text!r} can't be written: TOML has no way to write half of a character",
            where=where,
            expected="a text that is valid Unicode",
        )
    return text
