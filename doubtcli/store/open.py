"""The directory of an audit -> the audit, checked to be of the very data and settings that are there now.

The bytes that it judged must be there, in its data file or in a backup beside it.
"""

from __future__ import annotations

import glob
import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import STANDARD_INPUT, is_in_memory, path_from_here, relative_path
from doubtcli.errors import InputError
from doubtcli.records import FROM_FILES
from doubtcli.settings import ScanSettings
from doubtcli.store.audit_key import SIDE_FILES
from doubtcli.store.folder import read_audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from doubtcli.records import AuditDocument, DoubtTable, InMemory, SideFile, Source, Table

_BACKUP = ".bak"
"""What backups of a file are called behind its name; a number may follow."""
_NOT_COMPARED = frozenset({"path", "output", "force", "threads", "config", "queue_size", "audit_sample"})
"""Settings by which a given audit need not be what is asked for now: they don't touch what a gate reads."""


@dataclass(frozen=True)
class FoundAudit:
    """An audit, and the data file that it is of."""

    document: AuditDocument
    """`audit.json`."""
    doubts: DoubtTable
    """`doubts.parquet`."""
    data_path: str
    """The data file as seen from the working directory, or a backup of it: these bytes were judged."""
    folder: Path | None
    """Where the audit is kept; None where it is not."""
    origin: str
    """In plain words."""
    notes: tuple[str, ...] = ()
    given: InMemory = FROM_FILES
    """What is in memory, and not in files."""
    backup_of: str | None = None
    """The data file, changed or gone since, that `data_path` is a backup of; None where it is that itself."""

    @property
    def settings(self) -> ScanSettings:
        """The settings that the audit was made with; by them a backup is read as the data file was."""
        from doubtcli.files.formats import find_input_format

        settings = restore_settings(self.document, self.data_path)
        if settings.input_format or self.backup_of is None:
            return settings
        # the ending of a backup no longer says it
        return replace(settings, input_format=find_input_format(self.document.source))

    @property
    def source(self) -> Source:
        """The data file, and how it is stored."""
        return replace(self.document.source, path=self.data_path)

    def read_data(self) -> Table:
        """The data file, read as the audit read it.

        Raises:
            InputError: It can't be read, or was changed meanwhile.
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
    """The settings that an audit was made with; those that a later doubt wrote are passed over."""
    known = {item.name for item in fields(ScanSettings)}
    stored = {key: value for key, value in document.settings.items() if key in known}
    lists = {key: tuple(value) for key, value in stored.items() if isinstance(value, list)}
    return ScanSettings(**(stored | lists | {"path": data_path}))


def open_audit(path: str, *, or_backup: bool = True) -> FoundAudit:
    """The audit in a directory, checked to be of the data and of the files beside them that lie there now.

    Args:
        path: The directory.
        or_backup: Whether, where the data are others by now, a backup that holds the bytes that were judged
            will do: DATA.bak, DATA.bak2, … beside DATA. Not for those who ask what the data are like now.

    Raises:
        InputError: There is no audit, it is damaged, or its data or a file beside them are gone or others by
            now.
    """
    folder = Path(path)
    stored = read_audit(folder)
    data_path, backup_of = _find_judged_data(folder, stored.document.source, or_backup=or_backup)
    _check_side_files(folder, stored.document.side_files)
    origin, notes = f"the audit {path}", _note_settings(stored.document.settings)
    return FoundAudit(stored.document, stored.doubts, data_path, folder, origin, notes, backup_of=backup_of)


def check_settings(found: FoundAudit, said: Mapping[str, Any]) -> None:
    """Refuse a given audit that was made with other settings than flags and settings file say.

    Args:
        found: As `open_audit` gives it.
        said: By field of `ScanSettings`; what they don't say is as the audit has it.

    Raises:
        InputError: It was made with other settings, or with another file beside the data.
    """
    for name, value in said.items():
        if name in _NOT_COMPARED:
            continue
        if name in SIDE_FILES:
            _check_side_file(found, name, value)
        elif _as_stored(value) != found.document.settings.get(name):
            stored = found.document.settings.get(name)
            raise _made_with_error(found, f"{name.replace('_', '-')} = {stored!r}", name, value)


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
        expected=f"{name.replace('_', '-')} = {_as_stored(value)!r}, as the flags or the settings file say",
        hint="scan the file again, or name it in place of the audit",
    )


def _find_judged_data(folder: Path, judged: Source, *, or_backup: bool) -> tuple[str, str | None]:
    """The file with the bytes that an audit judged; if that is a backup, the data file that it is one of."""
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
    """Where the data of an audit may be: beside it, or where they were, seen from the working directory."""
    if judged == STANDARD_INPUT:
        raise InputError(
            "the audit is of standard input: nobody can tell whether its data are still the same",
            where=str(folder),
            hint="scan a file, and name it or its audit",
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
    """Files called a backup of the data, and as long, by their number; of a link beside what it leads to."""
    for place in dict.fromkeys(path for told in places for path in (told, told.resolve())):
        named = place.parent.glob(glob.escape(place.name) + f"{_BACKUP}*")
        for backup in sorted(named, key=lambda path: (len(path.name), path.name)):
            if backup.is_file() and backup.stat().st_size == size:
                yield path_from_here(str(backup))


def _data_gone_error(folder: Path, judged: str, *, is_needed: bool) -> InputError:
    """Nobody who needs the audit can name a data file in its place; others may, wherever it is by now."""
    other = "put it back beside the audit" if is_needed else "name the data file itself"
    return InputError(
        f"its data file {judged!r} is not there",
        where=str(folder),
        expected="the file that was judged, beside the audit or where it was",
        hint=f"run from the folder that the scan was run from, or {other}",
    )


def _data_changed_error(folder: Path, data_path: str, *, or_backup: bool = False) -> InputError:
    hint = f"scan it again: doubt scan {data_path}"
    if or_backup and Path(data_path).is_file():
        hint += f"; or put what was judged beside it, as {data_path}{_BACKUP}"
    return InputError(
        f"{data_path} was changed since it was judged",
        where=str(folder),
        expected="an audit of the data as they are now",
        hint=hint,
    )


def _check_side_files(folder: Path, side_files: Mapping[str, SideFile]) -> None:
    """Refuse an audit that was made with vectors, probabilities or verdicts that are others by now."""
    from doubtcli.files.table import sha256_of

    for name, file in side_files.items():
        if sha256_of(file.path) != file.sha256:
            raise InputError(
                f"{file.path} (--{name.replace('_', '-')}) was changed since it was read",
                where=str(folder),
                expected="an audit by the files as they are now",
                hint="scan the data again",
            )


def _note_settings(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """What the audit was asked to do beyond the defaults, so that nobody takes it for another."""
    default = ScanSettings(path="")
    others = [
        f"{name.replace('_', '-')} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in settings.items()
        if name not in _NOT_COMPARED and value != _as_stored(getattr(default, name, None))
    ]
    return (f"scanned with {', '.join(others)}",) if others else ()


def _as_stored(value: object) -> object:
    """A setting as `audit.json` has it."""
    return json.loads(json.dumps(value, default=str))
