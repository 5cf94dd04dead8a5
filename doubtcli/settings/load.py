"""Flags and a settings file -> checked records.

The settings file is the one that `--config` names, else the nearest one in the working directory or a folder
above it: `doubt.toml`, or a `pyproject.toml` with a table `[tool.doubt]`; where a folder has both,
`doubt.toml` is read. A key is the flag without its dashes. The keys of a gate are in a table `gate`, and
those of one file in a table of that file, in `gate.files`.
"""

from __future__ import annotations

import csv
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import is_same_file, relative_path, with_slashes
from doubtcli.errors import SettingsError
from doubtcli.settings.fields import check_known
from doubtcli.settings.gate import GATE_KEYS, GateSettings
from doubtcli.settings.rules import RULES
from doubtcli.settings.scan import FILE_KEYS, ScanSettings
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from doubtcli.settings.fields import Kind

GATE, FILES = "gate", "files"
DASHES = "--"
MOST_BYTES = 2**17
"""A settings file may come with a pull request, and there is TOML of 200,000 bytes that takes 20 seconds."""
SCAN_KEYS = {**FILE_KEYS, "rules": RULES}
"""The keys for the scan: those that are flags, too, and rules."""
ALL_KEYS = {**SCAN_KEYS, **GATE_KEYS}
_GATE_KEYS_OF_A_FILE = {key: kind for key, kind in GATE_KEYS.items() if key != "waivers"}
"""All waivers are in one file: each can name its data file."""


def load_settings(
    flags: Mapping[str, Any],
    *,
    start: Path,
    config: str | None = None,
    isolated: bool = False,
    dashes: str = DASHES,
) -> ScanSettings:
    """The settings of one scan: flags overrule the settings file, which overrules the defaults.

    In the settings file, keys of this data file in `[gate.files."FILE"]` overrule those for all files.

    Args:
        flags: By field of `ScanSettings`, its path among them; None or an empty list where one was not given.
        start: The working directory.
        config: The settings file to read instead of the nearest.
        isolated: Whether to read no settings file.
        dashes: What is before a flag's name in messages: nothing where Python's keywords are given.

    Raises:
        SettingsError: A key is unknown, a value is not valid, or a file can't be read.
    """
    file = _settings_file(start, config, isolated=isolated)
    return ScanSettings(**{**file.scan, **file.of(str(flags["path"])).scan, **_from_flags(flags, dashes)})


@dataclass(frozen=True)
class GatePlan:
    """The files to gate, and how to gate each."""

    paths: tuple[str, ...]
    """The data files in the settings file, relative to the working directory."""
    _file: _SettingsFile
    _scan_flags: Mapping[str, Any]
    _gate_flags: Mapping[str, Any]

    @property
    def config(self) -> str | None:
        """The settings file, relative to the working directory."""
        return self._file.scan.get("config")

    @property
    def waivers(self) -> str | None:
        """The file of waivers: one for all files."""
        return {**self._file.gate, **self._gate_flags}.get("waivers")

    def scan_values(self, data_path: str) -> dict[str, Any]:
        """The values for the scan of a file from flags and settings file, by field of `ScanSettings`."""
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
    dashes: str = DASHES,
) -> GatePlan:
    """The files to gate, and their settings: a file's own table overrules the rest, and flags overrule both.

    Args:
        scan_flags: By field of `ScanSettings`; None or an empty list where the flag was not given.
        gate_flags: By field of `GateSettings`, in the same way.
        start: The working directory.
        config: The settings file to read instead of the nearest.
        isolated: Whether to read no settings file.
        dashes: As in `load_settings`.

    Raises:
        SettingsError: As in `load_settings`.
    """
    file = _settings_file(start, config, isolated=isolated)
    return GatePlan(tuple(file.files), file, _from_flags(scan_flags, dashes), _from_flags(gate_flags, dashes))


def _settings_file(start: Path, config: str | None, *, isolated: bool) -> _SettingsFile:
    path = find_settings_file(start, config, isolated=isolated)
    return _SettingsFile() if path is None else _from_file(path, start)


# ------------------------------------------------------------------- flags


def _from_flags(flags: Mapping[str, Any], dashes: str) -> dict[str, Any]:
    given = {name: value for name, value in flags.items() if value is not None and value != []}
    checked = {name: _check_flag(name, value, dashes) for name, value in given.items()}
    return checked | ({"memory_by": f"{DASHES}memory"} if "memory" in given else {})


def _check_flag(name: str, value: object, dashes: str) -> object:
    if name == "path":
        return with_slashes(str(value))
    key = name.replace("_", "-")
    if key not in ALL_KEYS:
        return value
    names = _split_names(value) if isinstance(value, list) else value
    shown = " ".join(value) if isinstance(value, list) else value
    shown_name = f"{dashes}{key}" if dashes else name
    checked = ALL_KEYS[key].check_value(
        names, where=shown_name, found=f"{shown!r} is not a valid value for {key if dashes else name}"
    )
    return with_slashes(str(checked)) if ALL_KEYS[key].names_path(checked) else checked


def _split_names(values: list[str]) -> list[str]:
    """The names in `a,b` and in `"last, first",c`: a comma separates names unless it is quoted."""
    return [name for line in csv.reader(values, skipinitialspace=True) for name in line]


# -------------------------------------------------------------------- file


def find_settings_file(start: Path, config: str | None = None, *, isolated: bool = False) -> Path | None:
    """The settings file that is read in a working directory; None if none is.

    Args:
        start: The working directory.
        config: The settings file to read instead of the nearest.
        isolated: Whether to read no settings file.

    Raises:
        SettingsError: Two of these contradict each other, or a file can't be read.
    """
    if config is not None and isolated:
        raise SettingsError("can't be used with --isolated", where="--config", hint="give one of the two")
    if config is not None or isolated:
        return None if config is None else start / config
    candidates = (
        folder / name for folder in (start, *start.parents) for name in ("doubt.toml", "pyproject.toml")
    )
    return next((path for path in candidates if _is_settings_file(path, start)), None)


def _is_settings_file(path: Path, start: Path) -> bool:
    """Whether a file has settings for doubt; refuses one that somebody else put into a folder above."""
    if not path.is_file() or _read_keys(path, start) is None:
        return False
    if path.parent != start and sys.platform != "win32":
        _check_owner(path, start, trusted={0, os.geteuid(), start.stat().st_uid})
    return True


def _check_owner(path: Path, start: Path, *, trusted: set[int]) -> None:
    if path.stat().st_uid not in trusted:
        shown = _show_path(path, start)
        raise SettingsError(
            "belongs to another user, so its settings are not used",
            where=shown,
            expected="a file of yours, of root, or of the owner of the working directory",
            hint=f"name it with --config {shell_word(shown)}, or leave it out with --isolated",
        )


def _read_keys(path: Path, start: Path) -> dict[str, Any] | None:
    """The settings in a file; None if it is a `pyproject.toml` without a table for `doubt`."""
    import tomllib

    try:
        size = path.stat().st_size
        keys = tomllib.loads(path.read_text(encoding="utf-8-sig")) if size <= MOST_BYTES else {}
    except OSError as error:
        raise SettingsError(f"can't be read: {error.strerror}", where=_show_path(path, start)) from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"is not valid TOML: {error}", where=_show_path(path, start)) from error
    if size > MOST_BYTES:
        raise SettingsError(
            f"has {size:,} bytes", where=_show_path(path, start), expected=f"at most {MOST_BYTES:,} bytes"
        )
    if path.name != "pyproject.toml":
        _refuse_tool_table(keys, _show_path(path, start))
    for table in ("tool", "doubt") if path.name == "pyproject.toml" else ():
        if table not in keys:
            return None
        keys = keys[table]
        if not isinstance(keys, dict):
            raise SettingsError(
                f"{table!r} is not a table", where=_show_path(path, start), expected="[tool.doubt]"
            )
    return keys


def _refuse_tool_table(keys: Mapping[str, Any], where: str) -> None:
    """Refuse tables as `pyproject.toml` has them in a file that is for doubt alone."""
    tool = keys.get("tool")
    if isinstance(tool, dict) and "doubt" in tool:
        raise SettingsError(
            "[tool.doubt] is only for pyproject.toml",
            where=where,
            expected="the same tables without `tool.doubt`, such as [[rules]] or [gate]",
            hint="leave out [tool.doubt], and write [[rules]] in place of [[tool.doubt.rules]]",
        )


@dataclass(frozen=True)
class _Settings:
    """Checked settings by field: of the scan, and of the gate."""

    scan: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _SettingsFile(_Settings):
    """The settings in a file: for all data files, and for single ones."""

    files: dict[str, _Settings] = field(default_factory=dict)
    """By data file, relative to the working directory."""

    def of(self, data_path: str) -> _Settings:
        """The settings in a data file's own table."""
        same = (own for path, own in self.files.items() if is_same_file(path, data_path))
        return next(same, _Settings())


def _from_file(path: Path, start: Path) -> _SettingsFile:
    is_project = path.name == "pyproject.toml"
    where = _show_path(path, start) + (", [tool.doubt]" if is_project else "")
    tables = _read_keys(path, start)
    if tables is None:
        raise SettingsError(
            "has no settings for doubt", where=_show_path(path, start), expected="a table [tool.doubt]"
        )
    keys = _Keys(path.parent, start, where)
    gate = keys.table(tables.pop(GATE, {}), GATE)
    files = keys.table(gate.pop(FILES, {}), f"{GATE}.{FILES}")
    return _SettingsFile(
        scan={"config": _show_path(path, start)} | keys.settings(tables, SCAN_KEYS),
        gate=keys.settings(gate, GATE_KEYS),
        files={keys.path(name): keys.of_file(name, table) for name, table in files.items()},
    )


@dataclass(frozen=True)
class _Keys:
    """Checks the keys of one settings file."""

    folder: Path
    """The settings file's folder."""
    start: Path
    where: str

    def table(self, value: object, name: str) -> dict[str, Any]:
        """A copy of a table, whose keys the caller may remove."""
        if not isinstance(value, dict):
            raise SettingsError(f"{name} is not a table", where=self.where, expected=f"a table [{name}]")
        return dict(value)

    def of_file(self, name: str, value: object) -> _Settings:
        """The settings in one data file's table, which has keys of the scan and of the gate."""
        table = self.table(value, f'{GATE}.{FILES}."{name}"')
        of_gate = {key: value for key, value in table.items() if key in _GATE_KEYS_OF_A_FILE}
        others = {key: value for key, value in table.items() if key not in of_gate}
        return _Settings(
            self.settings(others, {**SCAN_KEYS, **_GATE_KEYS_OF_A_FILE}), self.settings(of_gate, GATE_KEYS)
        )

    def settings(self, table: Mapping[str, Any], known: Mapping[str, Kind]) -> dict[str, Any]:
        """Checked values by field."""
        settings: dict[str, Any] = {}
        for key, value in table.items():
            if key == "reasons" and isinstance(value, dict) and key in known:
                settings |= _reason_tables(value, self.where)
            else:
                name = _find_field(key, known, self.where)
                settings[name] = self._value(key, value)
        return settings | ({"memory_by": f"memory in {self.where}"} if "memory" in settings else {})

    def path(self, value: object) -> str:
        """A path relative to the settings file's folder, made relative to the working directory."""
        return _show_path(self.folder / str(value), self.start)

    def _value(self, key: str, value: object) -> object:
        checked = ALL_KEYS[key].check_value(
            value, where=self.where, found=f"{value!r} is not a valid value for {key}"
        )
        return self.path(checked) if ALL_KEYS[key].names_path(checked) else checked


def _find_field(key: str, known: Mapping[str, Kind], where: str) -> str:
    """The field that a key sets."""
    if key in GATE_KEYS and key not in known:
        raise SettingsError(f"{key!r} is a key for the gate", where=where, hint=f"put it into [{GATE}]")
    check_known(key, known, where=where)
    return key.replace("-", "_")


def _reason_tables(tables: dict[str, Any], where: str) -> dict[str, Any]:
    """`[tool.doubt.reasons]`: a table of settings for each reason, and `run`, the reasons to ask."""
    settings: dict[str, Any] = {}
    for name, value in tables.items():
        if name == "run":
            found = f"{value!r} is not a valid value for reasons.run"
            settings["reasons"] = ALL_KEYS["reasons"].check_value(value, where=where, found=found)
        elif not isinstance(value, dict):
            expected = "a table of that reason's settings"
            found = f"{value!r} is not a valid value for reasons.{name}"
            raise SettingsError(found, where=where, expected=expected)
    return settings | {"reason_settings": {name: value for name, value in tables.items() if name != "run"}}


def _show_path(path: Path, start: Path) -> str:
    """A path relative to the working directory."""
    return relative_path(path, start)
