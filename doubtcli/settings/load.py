"""Flags and a settings file -> one checked record.

The settings file is the one that `--config` names, else the nearest one that says something, walking up from
the working directory: `doubt.toml`, or a `pyproject.toml` with a table `[tool.doubt]`; where a folder has
both, `doubt.toml` is read. A key is the flag without its dashes.
"""

from __future__ import annotations

import csv
import difflib
import os
import tomllib
from typing import TYPE_CHECKING, Any

from doubtcli.errors import SettingsError
from doubtcli.settings.scan import FILE_KEYS, ScanSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load_settings(
    flags: Mapping[str, Any], *, start: Path, config: str | None = None, isolated: bool = False
) -> ScanSettings:
    """The settings of one scan: defaults, overruled by the settings file, overruled by the flags.

    Args:
        flags: By field of `ScanSettings`; None or an empty list where the flag was not given.
        start: The working directory.
        config: The settings file to read instead of the nearest.
        isolated: Whether to read none at all.

    Raises:
        SettingsError: A key that nobody knows, a value that can't be meant, a file that can't be read.
    """
    if config is not None and isolated:
        raise SettingsError("can't be joined with --isolated", where="--config", hint="give one of the two")
    path = start / config if config is not None else None if isolated else _nearest(start)
    from_file = {} if path is None else _from_file(path, start)
    return ScanSettings(**(from_file | _from_flags(flags)))


# ------------------------------------------------------------------- flags


def _from_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in flags.items() if value is not None and value != []}
    return {name: _flag(name.replace("_", "-"), value) for name, value in given.items()}


def _flag(key: str, value: object) -> object:
    if key not in FILE_KEYS:
        return value
    names = _split(value) if isinstance(value, list) else value
    shown = " ".join(value) if isinstance(value, list) else value
    return _checked(key, names, where=f"--{key}", found=f"{shown!r} won't do")


def _split(values: list[str]) -> list[str]:
    """The names in `a,b` and in `"last, first",c`: a comma parts names unless it is quoted."""
    return [name for line in csv.reader(values, skipinitialspace=True) for name in line]


# -------------------------------------------------------------------- file


def _nearest(start: Path) -> Path | None:
    candidates = (
        folder / name for folder in (start, *start.parents) for name in ("doubt.toml", "pyproject.toml")
    )
    return next((path for path in candidates if path.is_file() and _read(path, start) is not None), None)


def _read(path: Path, start: Path) -> dict[str, Any] | None:
    """The settings in a file; None if it is a `pyproject.toml` that says nothing of `doubt`."""
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"can't be read: {error.strerror}", where=_shown(path, start)) from error
    except ValueError as error:
        raise SettingsError(f"is no valid TOML: {error}", where=_shown(path, start)) from error
    for table in ("tool", "doubt") if path.name == "pyproject.toml" else ():
        if table not in keys:
            return None
        keys = keys[table]
        if not isinstance(keys, dict):
            raise SettingsError(f"{table!r} is no table", where=_shown(path, start), expected="[tool.doubt]")
    return keys


def _from_file(path: Path, start: Path) -> dict[str, Any]:
    where = _shown(path, start) + (", [tool.doubt]" if path.name == "pyproject.toml" else "")
    keys = _read(path, start)
    if keys is None:
        raise SettingsError(
            "says nothing of doubt", where=_shown(path, start), expected="a table [tool.doubt]"
        )
    settings: dict[str, Any] = {"config": _shown(path, start)}
    for key, value in keys.items():
        if key == "reasons" and isinstance(value, dict):
            settings |= _reason_tables(value, where)
        else:
            name = _known(key, where)
            settings[name] = _file_value(key, value, where, path.parent, start)
    return settings


def _known(key: str, where: str) -> str:
    """The field that a key sets."""
    if key in FILE_KEYS:
        return key.replace("-", "_")
    nearest = difflib.get_close_matches(key, FILE_KEYS, n=1)
    raise SettingsError(
        f"{key!r} is no known key",
        where=where,
        expected=None if nearest else f"one of {', '.join(FILE_KEYS)}",
        hint=f"did you mean {nearest[0]!r}?" if nearest else None,
    )


def _file_value(key: str, value: object, where: str, folder: Path, start: Path) -> object:
    checked = _checked(key, value, where=where, found=f"{key} = {value!r} won't do")
    return _shown(folder / str(checked), start) if FILE_KEYS[key].is_path else checked


def _reason_tables(tables: dict[str, Any], where: str) -> dict[str, Any]:
    """`[tool.doubt.reasons]`: a table of settings a reason, and `run`, the reasons to ask."""
    settings: dict[str, Any] = {}
    for name, value in tables.items():
        if name == "run":
            found = f"reasons.run = {value!r} won't do"
            settings["reasons"] = _checked("reasons", value, where=where, found=found)
        elif not isinstance(value, dict):
            expected = "a table of that reason's settings"
            raise SettingsError(f"reasons.{name} = {value!r} won't do", where=where, expected=expected)
    return settings | {"reason_settings": {name: value for name, value in tables.items() if name != "run"}}


def _shown(path: Path, start: Path) -> str:
    """A path as the user would write it in the working directory."""
    return os.path.relpath(path, start)


def _checked(key: str, value: object, *, where: str, found: str) -> object:
    try:
        return FILE_KEYS[key].check(value)
    except ValueError as error:
        raise SettingsError(found, where=where, expected=FILE_KEYS[key].expected) from error
