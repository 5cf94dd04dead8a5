"""The directory of an audit -> the audit, after checking that its data and settings are still the same.

The bytes that were scanned must be there, in the data file or in a backup beside it.
"""

from __future__ import annotations

import glob
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import STANDARD_INPUT, is_in_memory, path_from_here, relative_path
from doubtcli.errors import InputError
from doubtcli.records import FROM_FILES, Rule
from doubtcli.records.stored import AUDIT_SCHEMA_VERSION
from doubtcli.settings import ScanSettings
from doubtcli.store.audit_key import SIDE_FILES
from doubtcli.store.folder import read_audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from doubtcli.records import AuditDocument, DoubtTable, InMemory, SideFile, Source, Table

_BACKUP = ".bak"
"""The ending of backups, after the name of the file; a number may follow."""
_RULES = "rules"
"""The setting whose value is shown by names."""
_NOT_COMPARED = frozenset(
    {"path", "output", "force", "threads", "config", "queue_size", "audit_sample", "stop_below"}
)
"""Settings that may differ between a given audit and those asked for: they make no difference to a gate."""


@dataclass(frozen=True)
class FoundAudit:
    """An audit, and its data file."""

    document: AuditDocument
    """`audit.json`."""
    doubts: DoubtTable
    """`doubts.parquet`."""
    data_path: str
    """The data file, as a path from the working directory, or a backup of it: these bytes were scanned."""
    folder: Path | None
    """Where the audit is kept; None if it is not."""
    origin: str
    """Where the audit is from, in words."""
    notes: tuple[str, ...] = ()
    given: InMemory = FROM_FILES
    """What is in memory, and not in files."""
    backup_of: str | None = None
    """If `data_path` is a backup: the data file, which has changed or is gone."""

    @property
    def settings(self) -> ScanSettings:
        """The settings that the audit was made with; a backup is read with the format of the data file."""
        from doubtcli.files.formats import find_input_format

        settings = restore_settings(self.document, self.data_path)
        if settings.input_format or self.backup_of is None:
            return settings
        # the ending of a backup does not give its format
        return replace(settings, input_format=find_input_format(self.document.source))

    @property
    def source(self) -> Source:
        """The data file, and how it is stored."""
        return replace(self.document.source, path=self.data_path)

    def read_data(self) -> Table:
        """The data file, read as the audit read it; the table itself where it is in memory.

        Raises:
            InputError: It can't be read, or has changed.
        """
        from doubtcli.files.formats import find_input_format
        from doubtcli.files.table import read_table

        if self.given.table is not None:
            return self.given.table
        options = self.settings.read_options
        if options.input_format is None:
            options = replace(options, input_format=find_input_format(self.document.source))
        table = read_table(self.data_path, options)
        if table.source.sha256 != self.document.source.sha256:
            raise _data_changed_error(self.folder or Path(self.data_path), self.data_path)
        return table


def restore_settings(document: AuditDocument, data_path: str) -> ScanSettings:
    """The settings that an audit was made with; settings of later versions are left out."""
    known = {item.name for item in fields(ScanSettings)}
    stored = {key: value for key, value in document.settings.items() if key in known}
    lists = {key: tuple(value) for key, value in stored.items() if isinstance(value, list)}
    rules = tuple(Rule(**one) for one in stored.get("rules", ()))
    return ScanSettings(**(stored | lists | {"rules": rules, "path": data_path}))


def open_judged_audit(path: str, *, or_backup: bool = True) -> FoundAudit:
    """The audit in a directory, after checking that data and side files are still the same.

    Args:
        path: The directory.
        or_backup: Whether to accept a backup that has the bytes that were scanned if the data have changed:
            DATA.bak, DATA.bak2, … beside DATA. False for callers that need the data as they are now.

    Raises:
        InputError: There is no audit, it is damaged, or its data or a side file have changed or are gone.
    """
    folder = Path(path)
    stored = read_audit(folder)
    data_path, backup_of = _find_judged_data(folder, stored.document.source, or_backup=or_backup)
    _check_side_files(folder, stored.document.side_files)
    origin, notes = f"the audit {path}", _note_settings(stored.document.settings)
    return FoundAudit(stored.document, stored.doubts, data_path, folder, origin, notes, backup_of=backup_of)


def check_has_tiers(found: FoundAudit) -> None:
    """Refuse an audit of a version that knew no contradicted rows, and estimated the noise rate by models.

    Raises:
        InputError: Its schema version is an earlier one.
    """
    document = found.document
    if document.schema_version < AUDIT_SCHEMA_VERSION:
        raise InputError(
            f"the audit was made by doubt {document.tool_version}, whose figures meant something else",
            where=str(found.folder or found.data_path),
            expected=f"schema version {AUDIT_SCHEMA_VERSION}, not {document.schema_version}",
            hint="scan the file again",
        )


def check_settings(found: FoundAudit, given: Mapping[str, Any]) -> None:
    """Refuse a given audit that was made with other settings than those of the flags and the settings file.

    Args:
        found: As `open_judged_audit` gives it.
        given: By field of `ScanSettings`; settings that are not given are taken from the audit.

    Raises:
        InputError: It was made with other settings, or with another side file.
    """
    for name, value in given.items():
        if name in _NOT_COMPARED:
            continue
        if name in SIDE_FILES:
            _check_side_file(found, name, value)
        elif _as_stored(value) != found.document.settings.get(name):
            stored = found.document.settings.get(name)
            made_with = "other rules" if name == _RULES else f"{name.replace('_', '-')} = {stored!r}"
            raise _made_with_error(found, made_with, name, value)


def _check_side_file(found: FoundAudit, name: str, path: str) -> None:
    from doubtcli.files.table import sha256_of

    stored = found.document.side_files.get(name)
    if stored is None:
        raise _made_with_error(found, f"no {name.replace('_', '-')}", name, path)
    if sha256_of(path) != stored.sha256:
        raise _made_with_error(found, f"{name.replace('_', '-')} = {stored.path!r}", name, path)


def _made_with_error(found: FoundAudit, stored: str, name: str, value: object) -> InputError:
    return InputError(
        f"it was made with {stored}",
        where=str(found.folder),
        expected="the rules of the settings file"
        if name == _RULES
        else f"{name.replace('_', '-')} = {_as_stored(value)!r}, as in the flags or the settings file",
        hint="scan the file again, or name the file instead of the audit",
    )


def _find_judged_data(folder: Path, judged: Source, *, or_backup: bool) -> tuple[str, str | None]:
    """The file with the bytes that were scanned; if that is a backup, also the data file."""
    from doubtcli.files.table import sha256_of

    places = _possible_places(folder, judged.path)
    there = list(dict.fromkeys(path_from_here(str(path)) for path in places if path.exists()))
    for path in there:
        if sha256_of(path) == judged.sha256:
            return path, None
    for path in _list_backups(places, judged.size) if or_backup else ():
        if sha256_of(path) == judged.sha256:
            return path, there[0] if there else judged.path
    if not there:
        raise _data_gone_error(folder, judged.path, is_needed=or_backup)
    raise _data_changed_error(folder, there[0], or_backup=or_backup)


def _possible_places(folder: Path, judged: str) -> tuple[Path, Path]:
    """Where the data of an audit may be: beside it, or at their path, seen from the working directory."""
    if judged == STANDARD_INPUT:
        raise InputError(
            "the audit is of standard input, so it is not known whether its data are still the same",
            where=str(folder),
            hint="save the data as a file and scan it, then name the file or its audit",
        )
    if is_in_memory(judged):
        raise InputError(
            f"the audit is of an object in Python's memory, {judged}, not of a file",
            where=str(folder),
            hint=f"use it from Python: doubtcli.open_audit({str(folder)!r}, data=...)",
        )
    beside = folder.resolve().parent / Path(judged).name
    return beside if folder.is_absolute() else Path(relative_path(beside)), Path(judged)


def _list_backups(places: Iterable[Path], size: int) -> Iterator[str]:
    """Files with the name of a backup and the right size, by number; for a link, also beside its target."""
    for place in dict.fromkeys(path for one in places for path in (one, one.resolve())):
        named = place.parent.glob(glob.escape(place.name) + f"{_BACKUP}*")
        for backup in sorted(named, key=lambda path: (len(path.name), path.name)):
            if backup.is_file() and backup.stat().st_size == size:
                yield path_from_here(str(backup))


def _data_gone_error(folder: Path, judged: str, *, is_needed: bool) -> InputError:
    """A caller that needs this audit must have its data back; others can name a data file instead."""
    other = "put it back beside the audit" if is_needed else "name the data file itself"
    return InputError(
        f"its data file {judged!r} does not exist",
        where=str(folder),
        expected="the file that was scanned, beside the audit or at its path",
        hint=f"run this in the folder where the scan was run, or {other}",
    )


def _data_changed_error(folder: Path, data_path: str, *, or_backup: bool = False) -> InputError:
    hint = f"scan it again: doubt scan {data_path}"
    if or_backup and Path(data_path).is_file():
        hint += f"; or put the file that was scanned beside it, as {data_path}{_BACKUP}"
    return InputError(
        f"{data_path} has changed since it was scanned",
        where=str(folder),
        expected="an audit of the data as they are now",
        hint=hint,
    )


def _check_side_files(folder: Path, side_files: Mapping[str, SideFile]) -> None:
    """Refuse an audit whose vectors, probabilities or verdicts have changed."""
    from doubtcli.files.table import sha256_of

    for name, file in side_files.items():
        if sha256_of(file.path) != file.sha256:
            raise InputError(
                f"{file.path} (--{name.replace('_', '-')}) has changed since the scan",
                where=str(folder),
                expected="an audit made with the files as they are now",
                hint="scan the data again",
            )


def _note_settings(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings that are not defaults, so that the audit is not mistaken for another."""
    default = ScanSettings(path="")
    others = [
        f"{name.replace('_', '-')} = {json.dumps(_shorten_setting(name, value), ensure_ascii=False)}"
        for name, value in settings.items()
        if name not in _NOT_COMPARED and value != _as_stored(getattr(default, name, None))
    ]
    return (f"scanned with {', '.join(others)}",) if others else ()


def _shorten_setting(name: str, value: Any) -> object:  # noqa: ANN401  # JSON is anything
    """A stored setting as a note shows it: rules by their names."""
    return [rule["name"] for rule in value] if name == _RULES else value


def _as_stored(value: object) -> object:
    """A setting as `audit.json` has it."""
    return json.loads(json.dumps(value, default=_write_record))


def _write_record(value: object) -> object:
    return asdict(value) if isinstance(value, Rule) else str(value)
