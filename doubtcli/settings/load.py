"""Flags and a settings file -> checked records.

The settings file is the one that `--config` names, else the nearest one that says something, walking up from
the working directory: `doubt.toml`, or a `pyproject.toml` with a table `[tool.doubt]`; where a folder has
both, `doubt.toml` is read. A key is the flag without its dashes; those of a gate stand in a table `gate`, and
there in a table of its own, below `files`, those of one file.
"""

from __future__ import annotations

import csv
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.errors import SettingsError
from doubtcli.settings.fields import check_known
from doubtcli.settings.gate import GATE_KEYS, GateSettings
from doubtcli.settings.scan import FILE_KEYS, ScanSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.settings.fields import Kind

GATE, FILES = "gate", "files"
ALL_KEYS = {**FILE_KEYS, **GATE_KEYS}
_GATE_KEYS_OF_A_FILE = {key: kind for key, kind in GATE_KEYS.items() if key != "waivers"}
"""Waivers stand in one file for all: each says which data file it is for, if it must."""


def load_settings(
    flags: Mapping[str, Any], *, start: Path, config: str | None = None, isolated: bool = False
) -> ScanSettings:
    """The settings of one scan: defaults, overruled by the settings file, overruled by the flags.

    What the settings file says of this very file, in `[gate.files."FILE"]`, overrules what it says of all.

    Args:
        flags: By field of `ScanSettings`, its path among them; None or an empty list where one was not given.
        start: The working directory.
        config: The settings file to read instead of the nearest.
        isolated: Whether to read none at all.

    Raises:
        SettingsError: A key that nobody knows, a value that can't be meant, a file that can't be read.
    """
    file = _settings_file(start, config, isolated=isolated)
    return ScanSettings(**{**file.scan, **file.of(str(flags["path"])).scan, **_from_flags(flags)})


@dataclass(frozen=True)
class GatePlan:
    """What is to be gated, and how."""

    paths: tuple[str, ...]
    """The files of the settings file, as seen from the working directory."""
    _file: _SettingsFile
    _scan_flags: Mapping[str, Any]
    _gate_flags: Mapping[str, Any]

    @property
    def config(self) -> str | None:
        """The settings file, as seen from the working directory."""
        return self._file.scan.get("config")

    @property
    def waivers(self) -> str | None:
        """The file of waivers: one for all files."""
        return {**self._file.gate, **self._gate_flags}.get("waivers")

    def scan_values(self, data_path: str) -> dict[str, Any]:
        """What flags and settings file say of the scan of a file, by field of `ScanSettings`."""
        return {**self._file.scan, **self._file.of(data_path).scan, **self._scan_flags}

    def scan(self, data_path: str) -> ScanSettings:
        """The settings of the scan of a file."""
        return ScanSettings(**(self.scan_values(data_path) | {"path": data_path}))

    def limits(self, data_path: str) -> GateSettings:
        """The settings of the gate of a file."""
        return GateSettings(**{**self._file.gate, **self._file.of(data_path).gate, **self._gate_flags})


def load_gate(
    scan_flags: Mapping[str, Any],
    gate_flags: Mapping[str, Any],
    *,
    start: Path,
    config: str | None = None,
    isolated: bool = False,
) -> GatePlan:
    """What a gate is asked to do; a file's own table overrules what holds for all, flags overrule both.

    Args:
        scan_flags: By field of `ScanSettings`; None or an empty list where the flag was not given.
        gate_flags: By field of `GateSettings`, likewise.
        start: The working directory.
        config: The settings file to read instead of the nearest.
        isolated: Whether to read none at all.

    Raises:
        SettingsError: As `load_settings`.
    """
    file = _settings_file(start, config, isolated=isolated)
    return GatePlan(tuple(file.files), file, _from_flags(scan_flags), _from_flags(gate_flags))


def _settings_file(start: Path, config: str | None, *, isolated: bool) -> _SettingsFile:
    if config is not None and isolated:
        raise SettingsError("can't be joined with --isolated", where="--config", hint="give one of the two")
    path = start / config if config is not None else None if isolated else _find_settings_file(start)
    return _SettingsFile() if path is None else _from_file(path, start)


# ------------------------------------------------------------------- flags


def _from_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in flags.items() if value is not None and value != []}
    return {name: _check_flag(name.replace("_", "-"), value) for name, value in given.items()}


def _check_flag(key: str, value: object) -> object:
    if key not in ALL_KEYS:
        return value
    names = _split_names(value) if isinstance(value, list) else value
    shown = " ".join(value) if isinstance(value, list) else value
    return ALL_KEYS[key].check_value(names, where=f"--{key}", found=f"{shown!r} won't do")


def _split_names(values: list[str]) -> list[str]:
    """The names in `a,b` and in `"last, first",c`: a comma parts names unless it is quoted."""
    return [name for line in csv.reader(values, skipinitialspace=True) for name in line]


# -------------------------------------------------------------------- file


def _find_settings_file(start: Path) -> Path | None:
    candidates = (
        folder / name for folder in (start, *start.parents) for name in ("doubt.toml", "pyproject.toml")
    )
    return next((path for path in candidates if path.is_file() and _read_keys(path, start) is not None), None)


def _read_keys(path: Path, start: Path) -> dict[str, Any] | None:
    """The settings in a file; None if it is a `pyproject.toml` that says nothing of `doubt`."""
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"can't be read: {error.strerror}", where=_show_path(path, start)) from error
    except ValueError as error:
        raise SettingsError(f"is no valid TOML: {error}", where=_show_path(path, start)) from error
    for table in ("tool", "doubt") if path.name == "pyproject.toml" else ():
        if table not in keys:
            return None
        keys = keys[table]
        if not isinstance(keys, dict):
            raise SettingsError(
                f"{table!r} is no table", where=_show_path(path, start), expected="[tool.doubt]"
            )
    return keys


@dataclass(frozen=True)
class _Said:
    """Checked settings by field: of the scan, and of the gate."""

    scan: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _SettingsFile(_Said):
    """What a settings file says, of all files and of single ones."""

    files: dict[str, _Said] = field(default_factory=dict)
    """By path, as seen from the working directory."""

    def of(self, data_path: str) -> _Said:
        """What is said of one file alone."""
        here = Path(data_path).resolve()
        return next((said for path, said in self.files.items() if Path(path).resolve() == here), _Said())


def _from_file(path: Path, start: Path) -> _SettingsFile:
    is_project = path.name == "pyproject.toml"
    where = _show_path(path, start) + (", [tool.doubt]" if is_project else "")
    tables = _read_keys(path, start)
    if tables is None:
        raise SettingsError(
            "says nothing of doubt", where=_show_path(path, start), expected="a table [tool.doubt]"
        )
    keys = _Keys(path.parent, start, where)
    gate = keys.table(tables.pop(GATE, {}), f"[{GATE}]")
    files = keys.table(gate.pop(FILES, {}), f"[{GATE}.{FILES}]")
    return _SettingsFile(
        scan={"config": _show_path(path, start)} | keys.settings(tables, FILE_KEYS),
        gate=keys.settings(gate, GATE_KEYS),
        files={keys.path(name): keys.of_file(name, said) for name, said in files.items()},
    )


@dataclass(frozen=True)
class _Keys:
    """Checks the keys of one settings file."""

    folder: Path
    """That the settings file stands in."""
    start: Path
    where: str

    def table(self, value: object, name: str) -> dict[str, Any]:
        """A table of tables or keys, free to be taken apart."""
        if not isinstance(value, dict):
            raise SettingsError(f"{name} is no table", where=self.where, expected=f"a table {name}")
        return dict(value)

    def of_file(self, name: str, said: object) -> _Said:
        """What is said of one file: settings of its scan and of its gate side by side."""
        said = self.table(said, f'[{GATE}.{FILES}."{name}"]')
        of_gate = {key: value for key, value in said.items() if key in _GATE_KEYS_OF_A_FILE}
        others = {key: value for key, value in said.items() if key not in of_gate}
        return _Said(
            self.settings(others, {**FILE_KEYS, **_GATE_KEYS_OF_A_FILE}), self.settings(of_gate, GATE_KEYS)
        )

    def settings(self, said: Mapping[str, Any], known: Mapping[str, Kind]) -> dict[str, Any]:
        """Checked values by field."""
        settings: dict[str, Any] = {}
        for key, value in said.items():
            if key == "reasons" and isinstance(value, dict) and key in known:
                settings |= _reason_tables(value, self.where)
            else:
                name = _find_field(key, known, self.where)
                settings[name] = self._value(key, value)
        return settings

    def path(self, value: object) -> str:
        """A path that is meant from the settings file's folder, as seen from the working directory."""
        return _show_path(self.folder / str(value), self.start)

    def _value(self, key: str, value: object) -> object:
        checked = ALL_KEYS[key].check_value(value, where=self.where, found=f"{key} = {value!r} won't do")
        return self.path(checked) if ALL_KEYS[key].is_path else checked


def _find_field(key: str, known: Mapping[str, Kind], where: str) -> str:
    """The field that a key sets."""
    if key in GATE_KEYS and key not in known:
        raise SettingsError(f"{key!r} is a key of the gate", where=where, hint=f"put it into [{GATE}]")
    check_known(key, known, where=where)
    return key.replace("-", "_")


def _reason_tables(tables: dict[str, Any], where: str) -> dict[str, Any]:
    """`[tool.doubt.reasons]`: a table of settings a reason, and `run`, the reasons to ask."""
    settings: dict[str, Any] = {}
    for name, value in tables.items():
        if name == "run":
            found = f"reasons.run = {value!r} won't do"
            settings["reasons"] = ALL_KEYS["reasons"].check_value(value, where=where, found=found)
        elif not isinstance(value, dict):
            expected = "a table of that reason's settings"
            raise SettingsError(f"reasons.{name} = {value!r} won't do", where=where, expected=expected)
    return settings | {"reason_settings": {name: value for name, value in tables.items() if name != "run"}}


def _show_path(path: Path, start: Path) -> str:
    """A path as the user would write it in the working directory."""
    return os.path.relpath(path, start)
