"""Waivers -> the text of a waivers file with these added, everything else in it as it was."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.gate.waivers.read import TABLE, make_waiver_key, parse_waivers
from doubtcli.settings import WAIVERS_FILE
from doubtcli.wording.quoting import toml_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tomlkit.items import Table

    from doubtcli.gate.result import Waiver

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
BYTE_ORDER_MARK = "\ufeff"
"""Some editors write it at the start of a file."""


def add_waivers(text: str, new: Sequence[Waiver], *, where: str = WAIVERS_FILE) -> str:
    """The text of a waivers file with these appended.

    The text so far is not changed. Nothing is waived twice, even with another `why`: a new waiver names only
    the files for which the same is not waived yet, and is left out if there are none.

    Args:
        text: The text of the file; "" for a new one.
        new: The waivers to append; their numbers don't matter.
        where: The file, for messages.

    Raises:
        InputError: The text is not a waivers file, or an id, label or file name can't be written in TOML.
    """
    old = parse_waivers(text.removeprefix(BYTE_ORDER_MARK), where)
    fresh = _select_new_waivers(new, old)
    if not fresh:
        return text
    ending = "\r\n" if "\r\n" in text else "\n"
    ended = text if not text or text.endswith("\n") else text + ending
    # Added to the text, not to a parsed document: tomlkit writes every header of a list like the first one.
    tables = _render_tables(fresh, where)
    added = ended + (tables if ended else tables.lstrip()).replace("\n", ending)
    _check_appended(added, where)
    return added


def _render_tables(waivers: Sequence[Waiver], where: str) -> str:
    """The text of these waivers, with an empty line before each."""
    import tomlkit

    tables = tomlkit.aot()
    for waiver in waivers:
        tables.append(_make_waiver_table(waiver, where))
    return tomlkit.document().append(TABLE, tables).as_string()


def _check_appended(text: str, where: str) -> None:
    """Make sure that the text with what was appended can be read."""
    try:
        tomllib.loads(text.removeprefix(BYTE_ORDER_MARK))
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            "no waiver can be appended, because of the way in which those in the file are written",
            where=where,
            expected="[[waive]] tables",
            hint="write each waiver as a [[waive]] table",
        ) from error


def _select_new_waivers(new: Sequence[Waiver], old: Sequence[Waiver]) -> list[Waiver]:
    """The new ones, each for the files for which the same is not waived yet."""
    known: dict[tuple[object, ...], set[str | None]] = defaultdict(set)
    for waiver in old:
        known[_make_key_without_files(waiver)].update(waiver.files or (None,))
    fresh = []
    for waiver in new:
        waived = known[_make_key_without_files(waiver)]
        left = tuple(file for file in waiver.files or (None,) if file not in waived)
        if left and None not in waived:
            fresh.append(replace(waiver, files=tuple(file for file in left if file is not None)))
            waived.update(left)
    return fresh


def _make_key_without_files(waiver: Waiver) -> tuple[object, ...]:
    """A key that is equal for waivers that differ at most in their files and their `why`."""
    return make_waiver_key(replace(waiver, files=()))


def _make_waiver_table(waiver: Waiver, where: str) -> Table:
    """A waiver's table: the keys that have a value, one per line."""
    import tomlkit

    files = tuple(_check_writable(file, "file", where) for file in waiver.files)
    values = {
        "id": _check_writable(waiver.row_id, "id", where),
        "label": None if waiver.label is None else _check_writable(waiver.label, "label", where),
        "reasons": waiver.reasons or None,
        "until": waiver.until,
        "file": files[0] if len(files) == 1 else files or None,
        "why": _HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", waiver.why) or None,
    }
    table = tomlkit.table()
    table.trivia.indent = "\n"
    for key, value in values.items():
        if value is not None:
            table.append(key, toml_item(value))
    return table


def _check_writable(text: str, key: str, where: str) -> str:
    if _HALF_CHARACTER.search(text):
        raise InputError(
            f"{key} = {text!r} can't be written: TOML has no way to write half of a character",
            where=where,
            expected="a text that is valid Unicode",
        )
    return text
