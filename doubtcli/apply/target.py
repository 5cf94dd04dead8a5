"""Where a corrected file and its waivers go, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.apply.commit import list_backup_paths
from doubtcli.apply.ledger import aside_path, ledger_path
from doubtcli.errors import OutputError, SettingsError
from doubtcli.files.formats import PACKED_ENDINGS, find_by_ending, find_format

if TYPE_CHECKING:
    from collections.abc import Iterable

IN_PLACE, DRY = "--in-place", "--dry-run"
WAIVE_ELSEWHERE = "name another file with --waivers FILE, or waive nothing: --no-waive"
PACKED = frozenset(PACKED_ENDINGS.values())


@dataclass(frozen=True)
class OutputOptions:
    """Where the user wants the file."""

    output: str | None = None
    """A new file."""
    in_place: bool = False
    """Over the file itself, of which a backup is kept."""
    force: bool = False
    """Whether to replace what stands at `output`."""
    dry_run: bool = False
    """Nowhere: nothing is written."""

    def choose_target(self, path: str, *, but_not: Iterable[str] = ()) -> Path | None:
        """The file to write, links followed; None in a dry run.

        Args:
            path: The file that is corrected.
            but_not: Other files that are read, and so must not be written over.

        Raises:
            SettingsError: Not one place is named, or it is a file that is read.
            OutputError: Something is in the way.
        """
        self._check_flags()
        if self.dry_run:
            return None
        place = self.find_place(path)
        if place is None:
            raise SettingsError(
                "it is not said where the corrected file goes",
                where="-o",
                hint=f"name a new file: -o FILE; or {IN_PLACE}, which keeps a backup; or look first: {DRY}",
            )
        if not self.in_place:
            self._check_free(place, path, but_not)
        return place

    def find_place(self, path: str) -> Path | None:
        """The file that is meant, links followed, be it written or not; None where none is named.

        Args:
            path: The file that is corrected.
        """
        named = path if self.in_place else self.output
        return None if named is None else Path(named).resolve()

    def _check_flags(self) -> None:
        if self.output == "-":
            raise SettingsError(
                "the new file can't go to standard output: its ledger stands beside it",
                where="-o -",
                hint="name a file: -o FILE; or one that is called so: -o ./-",
            )
        if self.in_place and self.output is not None:
            raise SettingsError("it is either a new file or the old one", where=f"-o and {IN_PLACE}")
        if self.in_place and self.force:
            raise SettingsError(
                "the old file is replaced without being forced to, and its backup never is",
                where=f"--force and {IN_PLACE}",
                hint="leave out --force, or name a new file to replace: -o FILE",
            )

    def _check_free(self, target: Path, path: str, but_not: Iterable[str]) -> None:
        where = str(self.output)
        for read in (path, *but_not):
            if target.exists() and Path(read).exists() and target.samefile(read):
                hint = f"to replace it, with a backup: {IN_PLACE}" if read == path else None
                raise SettingsError("it is read, and so not written over", where=where, hint=hint)
        if target.exists() and not target.is_file():
            raise OutputError(
                "it is no file that could be replaced", where=where, hint="name another with -o"
            )
        if target.exists() and not self.force:
            hint = "name another with -o, or replace it with --force"
            raise OutputError("a file is in the way", where=where, hint=hint)


def follow_link(path: str) -> str:
    """A path as it was given; of a link what it leads to, for a ledger and a backup stand beside that."""
    return str(Path(path).resolve()) if Path(path).is_symlink() else path


def check_ending(target: Path, path: str, format_: str, compression: str | None) -> None:
    """Refuse a name that promises another format, or another way of packing, than the file has.

    Args:
        target: The file to be written.
        path: The file that it is made from.
        format_: Of both.
        compression: Of both.

    Raises:
        SettingsError: It says what it would be.
    """
    word = find_by_ending(target.name)
    promised = format_ if word is None else find_format(word).name
    if promised != format_:
        raise SettingsError(
            f"its ending promises {promised}, but like {path} it will be {format_}",
            where=str(target),
            hint="convert it afterwards: doubt changes no more than labels",
        )
    wanted = PACKED_ENDINGS.get(compression or "", "")
    found = next((ending for ending in _list_endings(target)[-1:] if ending in PACKED), "")
    if found != wanted and (found or wanted in _list_endings(Path(path))):
        raise SettingsError(
            f"it is named as {_as_packed(found)}, but like {path} it will be {_as_packed(wanted)}",
            where=str(target),
            hint=f"name it {target.name.removesuffix(found)}{wanted}",
        )


def _list_endings(path: Path) -> list[str]:
    return [ending.lower() for ending in path.suffixes]


def _as_packed(ending: str) -> str:
    return f"packed ({ending})" if ending in PACKED else "unpacked"


def check_waivers_apart(path: str, target: Path, read: Iterable[str]) -> None:
    """Refuse a file of waivers that is another file of the same run, too.

    Args:
        path: The file of waivers.
        target: The corrected file.
        read: Files that are read.

    Raises:
        SettingsError: It says which one it is.
    """
    found = Path(path)
    other = {
        "the corrected file": target,
        "its ledger": ledger_path(target),
        "its ledger of earlier": aside_path(target),
    }
    what = [name for name, place in other.items() if _is_same_file(found, place)]
    what += ["its backup" for place in list_backup_paths(target) if _is_same_file(found, place)]
    what += ["a file that is read" for one in read if _is_same_file(found, Path(one))]
    if what:
        raise SettingsError(
            f"waivers can't be written there: it is {what[0]}",
            where=str(found),
            hint=WAIVE_ELSEWHERE,
        )


def _is_same_file(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
