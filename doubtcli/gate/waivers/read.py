"""`doubt-waivers.toml`: where it is, which keys a waiver can have, and the waivers in it."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers.verdicts import waive_kept_labels
from doubtcli.settings import WAIVERS_FILE, GatePlan, load_gate
from doubtcli.settings.fields import Kind, check_known, check_name_list, check_text
from doubtcli.tools.verdict_lines import is_verdict_file, is_verdict_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

TABLE = "waive"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


# ----------------------------------------------------------------------------- keys


def _as_any_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  # as all checks of a kind
    return value


def _as_day(value: object) -> dt.date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value)
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise ValueError  # noqa: TRY004  # as all checks of a kind
    return value


KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        "id": Kind("The row, by its doubt_id.", 'a text that is not empty: id = "17"', check_text),
        "label": Kind(
            "It applies only while the given label is this one.",
            'a text that is not empty: label = "spam"; leave it out for any label',
            check_text,
        ),
        "reasons": Kind(
            "It removes these reasons from the row, and waives the row if no other reason is left.",
            "a reason's name, or a list of them; leave it out for every reason",
            check_name_list,
        ),
        "until": Kind("The last day on which it applies.", "a day: until = 2027-06-30", _as_day),
        "why": Kind("What was found, and by whom.", "a text", _as_any_text),
        "file": Kind(
            "It applies only to these data files; paths are relative to the folder of the waivers file.",
            'a file, or a list of them: file = "data/train.csv"; leave it out for any file',
            check_name_list,
        ),
    }
)
"""In the order in which they are written."""


# ---------------------------------------------------------------------------- place


def find_waivers_file(plan: GatePlan) -> str:
    """The waivers file, relative to the working directory; "" where there is none.

    It is the one that flags or settings name, even if it does not exist; else the usual one in the working
    directory, else the one next to the settings file.

    Args:
        plan: The flags and the settings file.
    """
    return plan.waivers or next((str(path) for path in _list_usual_places(plan) if path.is_file()), "")


def choose_waivers_to_write(named: str | None) -> str:
    """The file to add waivers to, so that a gate that is run from here finds them.

    A new one goes next to the settings file, because gates that are run in other folders find it there, too.

    Args:
        named: The file that the user named, which is taken; None if they named none.

    Raises:
        SettingsError: The settings file can't be used.
    """
    if named:
        return named
    plan = _load_plan()
    return find_waivers_file(plan) or str(_list_usual_places(plan)[-1])


def choose_waivers_to_read(named: str | None) -> str:
    """The waivers file of a gate that is run from here; "" where there is none.

    Args:
        named: The file that the user named, which is taken; None if they named none.

    Raises:
        SettingsError: The settings file can't be used.
    """
    return named or find_waivers_file(_load_plan())


def _load_plan() -> GatePlan:
    return load_gate({}, {}, start=Path.cwd())


def _list_usual_places(plan: GatePlan) -> tuple[Path, ...]:
    return tuple(folder / WAIVERS_FILE for folder in (Path(), Path(plan.config or "").parent))


# -------------------------------------------------------------------------- reading


def read_waivers(path: str, known_reasons: Collection[str] | None = None) -> tuple[Waiver, ...]:
    """The waivers in a file, in its order; or those of verdicts.

    Args:
        path: The file; or a folder of verdicts, or one file of such a folder.
        known_reasons: The names that `reasons` can have; None allows any.

    Raises:
        InputError: The file can't be read, is not TOML, or has a waiver that is not valid.
    """
    if is_verdict_folder(path) or is_verdict_file(path):
        return waive_kept_labels(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", where=path) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not UTF-8: byte {error.start + 1} can't be decoded", where=path, hint="save it as UTF-8"
        ) from error
    return parse_waivers(text, path, known_reasons)


def parse_waivers(text: str, where: str, known_reasons: Collection[str] | None = None) -> tuple[Waiver, ...]:
    """The waivers in the text of a file; arguments and errors as for `read_waivers`."""
    tables = _waive_tables(_parse_toml(text, where), where)
    waivers = tuple(_read_waiver(table, number, where) for number, table in enumerate(tables, 1))
    for waiver in waivers:
        _check_reasons(waiver, known_reasons, where)
    _refuse_repeated_waivers(waivers, where)
    return waivers


def make_waiver_key(waiver: Waiver) -> tuple[object, ...]:
    """A key that is equal for waivers that differ at most in their `why`."""
    return waiver.row_id, waiver.label, frozenset(waiver.reasons), waiver.until, frozenset(waiver.files)


def _parse_toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = _PLACE.search(str(error))
        line = int(place[1] or len(text.rstrip().split("\n"))) if place else None
        found = f"is not valid TOML: {_PLACE.sub('', str(error))}"
        raise InputError(found, where=where, line=line) from error


def _waive_tables(document: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    for key in document:
        if key != TABLE:
            hint = "put it under [[waive]]" if key in KEYS else None
            raise InputError(
                f"{key!r} is not a known key", where=where, expected="[[waive]] tables", hint=hint
            )
    tables = document.get(TABLE, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InputError(
            f"{TABLE!r} is not a list of tables", where=where, expected="[[waive]], with double brackets"
        )
    return tables


def _read_waiver(table: Mapping[str, Any], number: int, where: str) -> Waiver:
    for key in table:
        check_known(key, KEYS, where=_describe_place(number, where), error=InputError)
    if "id" not in table:
        raise InputError(
            "it has no id",
            where=_describe_place(number, where),
            expected='id = "…", with the row\'s doubt_id',
        )
    values = {key: _check_value(key, value, number, where) for key, value in table.items()}
    return Waiver(row_id=values.pop("id"), number=number, files=values.pop("file", ()), **values)


def _check_value(key: str, value: object, number: int, where: str) -> Any:  # noqa: ANN401  # of any kind
    shown = value.isoformat() if isinstance(value, (dt.date, dt.time)) else repr(value)
    found = f"{key} = {shown} is not valid"
    return KEYS[key].check_value(value, found=found, where=_describe_place(number, where), error=InputError)


def _check_reasons(waiver: Waiver, known_reasons: Collection[str] | None, where: str) -> None:
    for name in waiver.reasons if known_reasons is not None else ():
        place = _describe_place(waiver.number, where)
        check_known(name, known_reasons or (), "reason", where=place, error=InputError)


def _refuse_repeated_waivers(waivers: Sequence[Waiver], where: str) -> None:
    first: dict[tuple[object, ...], Waiver] = {}
    for waiver in waivers:
        before = first.setdefault(make_waiver_key(waiver), waiver)
        if before is not waiver:
            found = f"it waives the same as waiver {before.number}: row {waiver.row_id!r}"
            raise InputError(found, where=_describe_place(waiver.number, where), hint="remove one of the two")


def _describe_place(number: int, where: str) -> str:
    return f"{where}, waiver {number}"
