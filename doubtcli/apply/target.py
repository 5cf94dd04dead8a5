"""Where a corrected file and its waivers are written, and whether that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.commit import list_backup_paths
from doubtcli.apply.ledger import ledger_path, old_ledger_path
from doubtcli.errors import OutputError, SettingsError
from doubtcli.files.formats import PACKED_ENDINGS, find_by_ending, find_format

if TYPE_CHECKING:
    from collections.abc import Iterable

IN_PLACE, DRY = "--in-place", "--dry-run"
WAIVE_ELSEWHERE = "name another file with --waivers FILE, or write no waivers: --no-waive"
PACKED = frozenset(PACKED_ENDINGS.values())


@dataclass(frozen=True)
class OutputOptions:
    """Where the user wants the corrected file."""

    output: str | None = None
    """A new file."""
    in_place: bool = False
    """Whether to replace the file itself, with a backup."""
    force: bool = False
    """Whether to replace a file at `output`."""
    dry_run: bool = False
    """Whether to write nothing."""

    def choose_target(self, path: str, *, but_not: Iterable[str] = ()) -> Path | None:
        """The file to write, with links resolved; None in a dry run.

        Args:
            path: The file that is corrected.
            but_not: Other files that are read, and so must not be overwritten.

        Raises:
            SettingsError: No place or several are named, or it is a file that is read.
            OutputError: There is already a file, or a folder, at that place.
        """
        self._check_flags()
        if self.dry_run:
            return None
        place = self.find_place(path)
        if place is None:
            raise SettingsError(
                "there is no name for the corrected file",
                where="-o",
                hint=f"name a new file: -o FILE; or replace the old one: {IN_PLACE}; or only look: {DRY}",
            )
        if not self.in_place:
            self._check_free(place, path, but_not)
        return place

    def find_place(self, path: str) -> Path | None:
        """The named file, with links resolved, also in a dry run; None where none is named.

        Args:
            path: The file that is corrected.
        """
        named = path if self.in_place else self.output
        return None if named is None else Path(named).resolve()

    def _check_flags(self) -> None:
        if self.output == "-":
            raise SettingsError(
                "the new file can't be written to standard output, since its ledger is written next to it",
                where="-o -",
                hint="name a file: -o FILE; for a file called '-': -o ./-",
            )
        if self.in_place and self.output is not None:
            raise SettingsError(
                "only one of them can be given",
                where=f"-o and {IN_PLACE}",
                hint=f"write a new file: -o FILE; or replace the old one: {IN_PLACE}",
            )
        if self.in_place and self.force:
            raise SettingsError(
                f"--force has no use with {IN_PLACE}, which always replaces the file, and never a backup",
                where=f"--force and {IN_PLACE}",
                hint="leave out --force, or name a new file to replace: -o FILE",
            )

    def _check_free(self, target: Path, path: str, but_not: Iterable[str]) -> None:
        where = str(self.output)
        for read in (path, *but_not):
            if target.exists() and Path(read).exists() and target.samefile(read):
                other = "name another file with -o"
                hint = f"to replace it, use {IN_PLACE}, which keeps a backup" if read == path else other
                raise SettingsError(
                    "this command reads it, so it can't be the new file", where=where, hint=hint
                )
        if target.exists() and not target.is_file():
            raise OutputError(
                "it is not a file, so it can't be replaced", where=where, hint="name another with -o"
            )
        if target.exists() and not self.force:
            hint = "name another with -o, or replace it with --force"
            raise OutputError("the file exists already", where=where, hint=hint)


def follow_link(path: str) -> str:
    """A path as it was given; for a link, its target, since ledger and backup are next to that."""
    return str(Path(path).resolve()) if Path(path).is_symlink() else path


def check_ending(target: Path, path: str, format_: str, compression: str | None) -> None:
    """Refuse a file name with the ending of another format, or another compression, than the file has.

    Args:
        target: The file to be written.
        path: The file that it is made from.
        format_: The format of both.
        compression: The compression of both.

    Raises:
        SettingsError: The ending is wrong; names the format or compression that the file will have.
    """
    word = find_by_ending(target.name)
    promised = format_ if word is None else find_format(word).name
    own = find_by_ending(path)
    if promised != format_ and own and find_format(own).corrected_as == format_:
        raise SettingsError(
            f"{path} is a spreadsheet, which is not rewritten: the corrected file is "
            f"{find_format(format_).title}",
            where=str(target),
            hint=f"name it {target.stem}{find_format(format_).endings[0]}",
        )
    if promised != format_:
        raise SettingsError(
            f"its ending is that of {promised}, but it will be {format_}, like {path}",
            where=str(target),
            hint=f"use the ending of {path}, and convert the file afterwards: doubt only changes labels",
        )
    wanted = PACKED_ENDINGS.get(compression or "", "")
    found = next((ending for ending in _list_endings(target)[-1:] if ending in PACKED), "")
    if found != wanted and (found or wanted in _list_endings(Path(path))):
        promised, real = _name_packing(found), _name_packing(wanted)
        raise SettingsError(
            f"its ending is that of {promised}, but it will be {real}, like {path}",
            where=str(target),
            hint=f"name it {target.name.removesuffix(found)}{wanted}",
        )


def _list_endings(path: Path) -> list[str]:
    return [ending.lower() for ending in path.suffixes]


def _name_packing(ending: str) -> str:
    return f"a compressed file ({ending})" if ending in PACKED else "an uncompressed file"


def check_waivers_apart(path: str, target: Path, read: Iterable[str]) -> None:
    """Refuse a file of waivers that is also another file of the same run.

    Args:
        path: The file of waivers.
        target: The corrected file.
        read: Files that are read.

    Raises:
        SettingsError: It is another file; names which one.
    """
    found = Path(path)
    other = {
        "the corrected file": target,
        "the ledger of the corrected file": ledger_path(target),
        "the earlier ledger of the corrected file": old_ledger_path(target),
    }
    what = [name for name, place in other.items() if _is_same_file(found, place)]
    what += [
        "a backup of the corrected file" for place in list_backup_paths(target) if _is_same_file(found, place)
    ]
    what += ["a file that this command reads" for one in read if _is_same_file(found, Path(one))]
    if what:
        raise SettingsError(
            f"waivers can't be written to it: it is {what[0]}",
            where=str(found),
            hint=WAIVE_ELSEWHERE,
        )


def _is_same_file(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
