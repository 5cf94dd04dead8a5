"""Pieces of evidence by name: each is made when it is first asked for, or found where an earlier run kept it.

A provider that names the settings which it reads (`reads`) depends on nothing but these and the pieces that
it is made from. So a key of all that is a key of what it makes, and where that was kept under this key,
neither the provider nor what only it needs is run. All other pieces have the key of their content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from doubtcli.errors import ReasonError
from doubtcli.evidence.content_key import find_or_make, hash_content, hash_examples
from doubtcli.records import Examples, SamePiece
from doubtcli.settings.installed import blame_author

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from doubtcli.progress import Progress
    from doubtcli.records import Engine, Keeper, Provider
    from doubtcli.settings import ScanSettings

SERVICES = ("settings", "engine", "progress", "note")
"""What a provider may ask for besides pieces: the settings, the engine for jobs, the progress, and a function
that takes a sentence for the user. If one of these changes, no piece is made again."""
_MISSING = object()


@dataclass(frozen=True)
class LoadedProvider:
    """A provider, and what it needs."""

    name: str
    where: str
    """How a message names it."""
    provider: Provider
    made_from: tuple[str, ...]
    """The names of the pieces that it needs."""
    may_lack: frozenset[str]
    """Those of them that may be missing."""
    services: tuple[str, ...]
    """The names of the services that it needs, of `SERVICES`."""
    reads: tuple[str, ...] | None = None
    """The settings that it reads; None where it may read anything, as one of another package."""
    is_kept: bool = False
    """Whether what it makes is worth keeping for later runs."""

    @property
    def is_hidden(self) -> bool:
        """Whether reasons ask for none of its pieces, and only other providers use them."""
        return not any(self.provider.makes.values())

    def make(self, pieces: Mapping[str, Any], services: Mapping[str, Any]) -> dict[str, Any]:
        """The pieces that it makes; none if it lacks a piece that it can't do without."""
        if any(name not in pieces for name in self.made_from if name not in self.may_lack):
            return {}
        needed = {name: self._hide_labels(pieces.get(name)) for name in self.made_from} | {
            name: services[name] for name in self.services
        }
        if "settings" in needed:
            needed["settings"] = self.select_settings(needed["settings"])
        hint = "leave out the reasons that need it with --skip, and tell its authors"
        with blame_author(self.provider, self.where, ReasonError, hint):
            made = dict(self.provider.make(**needed))
        if unknown := made.keys() - self.provider.makes.keys():
            raise ReasonError(
                f"it made {min(unknown)!r}",
                where=self.where,
                expected=f"one of {', '.join(self.provider.makes)}",
            )
        return {name: _freeze(piece) for name, piece in made.items() if piece is not None}

    def _hide_labels(self, piece: Any) -> Any:  # noqa: ANN401  # a piece may be anything
        """Examples without what their key does not have."""
        return piece.hide_labels() if self.reads is not None and isinstance(piece, Examples) else piece

    def select_settings(self, settings: ScanSettings) -> ScanSettings:
        """The settings that it reads, and no others: a key has only those."""
        if self.reads is None:
            return settings
        return cast("ScanSettings", SimpleNamespace(**{name: getattr(settings, name) for name in self.reads}))


@dataclass(frozen=True)
class Later:
    """A piece that is made when it is asked for."""

    make: Callable[[], Any]
    key: str | None
    """What it is made from."""


@dataclass(frozen=True)
class Services:
    """What providers need besides pieces."""

    settings: ScanSettings
    engine: Engine
    progress: Progress
    keeper: Keeper | None = None
    """Where pieces are kept for later runs."""


class Pieces(Mapping[str, Any]):
    """The pieces that some providers make; a piece that can't be made is missing.

    Args:
        given: Pieces that are there.
        providers: Make the others, in the order in which they may be run.
        services: What the providers need besides.
        before: Where all further pieces are.
    """

    def __init__(
        self,
        given: Mapping[str, Any],
        providers: Sequence[LoadedProvider],
        services: Services,
        before: Mapping[str, Any],
    ) -> None:
        self._makers = {piece: one for one in providers for piece in one.provider.makes if piece not in given}
        self._given, self._services, self._before = given, services, before
        self._made: dict[str, Any] = {}
        self._keys: dict[str, str | None] = {}
        self._notes: dict[str, Sequence[str]] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  # a piece may be anything
        piece = self._find(name)
        if piece is _MISSING:
            raise KeyError(name)
        return piece

    def __contains__(self, name: object) -> bool:
        return self._find(str(name)) is not _MISSING

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  # a piece may be anything
        """The piece; `default` if it can't be made. An error in a provider is raised, even a KeyError."""
        piece = self._find(name)
        return default if piece is _MISSING else piece

    def __iter__(self) -> Iterator[str]:
        known = dict.fromkeys((*self._before, *self._given, *self._makers))
        return (name for name in known if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def list_notes(self, providers: Sequence[LoadedProvider]) -> tuple[str, ...]:
        """What the user should know, in the order of the providers.

        All of them are run, but those of which only other providers use the pieces, and that have nothing to
        say, or whose notes an earlier run kept.
        """
        return tuple(note for one in providers for note in self._find_notes(one))

    def _find_notes(self, one: LoadedProvider) -> Sequence[str]:
        if one.is_hidden and "note" not in one.services:
            return ()

        def run() -> Sequence[str]:
            self._run(one)
            return self._notes[one.name]

        def make_key() -> str | None:
            key = self._find_provider_key(one)
            return None if key is None else hash_content(key, "notes")

        only_notes = one.is_hidden and not one.is_kept
        return find_or_make(self._services.keeper if only_notes else None, make_key, run)

    def find_key(self, name: str) -> str | None:
        """A key of what the piece is; None if it has none."""
        if name not in self._keys:
            self._keys[name] = self._make_key(name)
        return self._keys[name]

    def _find(self, name: str) -> Any:  # noqa: ANN401  # a piece may be anything
        if name in self._makers:
            self._run(self._makers[name])
        if name not in self._made:
            found = self._given[name] if name in self._given else self._before.get(name, _MISSING)
            self._made[name] = _freeze(found.make() if isinstance(found, Later) else found)
        if isinstance(self._made[name], SamePiece):
            return self._find(self._made[name].name)
        return self._made[name]

    def _run(self, one: LoadedProvider) -> None:
        """Find what a provider makes, or let it make it, once."""
        if one.name in self._notes:
            return

        def make() -> dict[str, Any]:
            notes = list[str]()
            pieces = one.make(self, {**vars(self._services), "note": notes.append})
            return {"pieces": pieces, "notes": notes}

        keeper = self._services.keeper if one.is_kept else None
        found = find_or_make(keeper, lambda: self._find_provider_key(one), make)
        self._notes[one.name] = tuple(found["notes"])
        for name in one.provider.makes.keys() & self._makers.keys():
            self._made[name] = _freeze(found["pieces"].get(name, _MISSING))

    def _make_key(self, name: str) -> str | None:
        maker = self._makers.get(name)
        if maker is not None and maker.reads is not None:
            key = self._find_provider_key(maker)
            return None if key is None else hash_content(key, name)
        if maker is None and name not in self._given and isinstance(self._before, Pieces):
            return self._before.find_key(name)
        given = self._given.get(name)
        if isinstance(given, Later):
            return given.key
        piece = self.get(name)
        return hash_examples(piece) if isinstance(piece, Examples) else hash_content(piece)

    def _find_provider_key(self, one: LoadedProvider) -> str | None:
        """A key of all that a provider depends on; None if that is not known."""
        if one.reads is None:
            return None
        made_from = [self.find_key(name) for name in one.made_from]
        if None in made_from:
            return None
        settings = one.select_settings(self._services.settings)
        identify = getattr(one.provider, "identify", None)
        beside = None if identify is None else identify(settings)
        return hash_content(one.name, made_from, vars(settings), beside)


def _freeze(piece: Any) -> Any:  # noqa: ANN401  # a piece may be anything
    """Make an array read-only, so that no reason can change what the next one reads.

    It becomes contiguous, too, as it is when it was kept: the order in memory may change the last digit of a
    sum.
    """
    if isinstance(piece, np.ndarray):
        if not (piece.flags.c_contiguous or piece.flags.f_contiguous):
            piece = np.ascontiguousarray(piece)
        piece.flags.writeable = False
    return piece
