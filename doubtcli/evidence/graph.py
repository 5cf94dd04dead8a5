"""Examples -> all that the reasons may ask for: a walk over the providers, each in its turn and asked once.

A provider makes pieces of evidence out of others; the parameters of its `make` name what they are made of. So
the providers are a graph, and what depends on the labels is what follows from them in it: errors are planted,
and verdicts are judged, by walking again from other labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from inspect import Parameter, signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import ReasonError
from doubtcli.records import Evidence
from doubtcli.settings.installed import blame_author, find_installed
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from doubtcli.progress import Progress
    from doubtcli.records import Codes, Engine, Examples, Features, Need, Predictions, Provider
    from doubtcli.settings import ScanSettings
    from doubtcli.settings.installed import Installed

PROVIDERS_GROUP = "doubtcli.evidence"
PROVIDERS_ORDER = (
    "labels",
    "features",
    "models",
    "predictions",
    "nearest-rows",
    "neighbor-votes",
    "duplicates",
)
"""Those of ours that are listed first: a reason that reads several sources speaks for the first."""
PROVIDER_PARTS = ("makes", "is_costly", "is_fast", "make")
HELP = ("settings", "engine", "progress", "note")
"""What a provider may ask for beside pieces: how to judge, who does jobs, whom to tell how far it is, and a
function that takes a sentence for the user. That another one is given makes no piece another."""


@dataclass(frozen=True)
class LoadedProvider:
    """A provider, and what it takes."""

    name: str
    where: str
    """As a message names it."""
    provider: Provider
    made_from: tuple[str, ...]
    """The pieces that it takes, by name."""
    may_lack: frozenset[str]
    """Those of them that it can do without."""
    helped_by: tuple[str, ...]
    """What else it takes, of `HELP`."""

    def make(self, pieces: Mapping[str, Any], helps: Mapping[str, Any]) -> dict[str, Any]:
        """What it makes of some pieces; nothing where one is missing that it can't do without."""
        if any(name not in pieces for name in self.made_from if name not in self.may_lack):
            return {}
        asked = {name: pieces.get(name) for name in self.made_from} | {
            name: helps[name] for name in self.helped_by
        }
        hint = "leave out the reasons that need it with --skip, and tell its authors"
        with blame_author(self.provider, self.where, ReasonError, hint):
            made = dict(self.provider.make(**asked))
        if unknown := made.keys() - self.provider.makes.keys():
            raise ReasonError(
                f"it made {min(unknown)!r}",
                where=self.where,
                expected=f"some of {', '.join(self.provider.makes)}",
            )
        return {name: _frozen(piece) for name, piece in made.items() if piece is not None}


@dataclass(frozen=True)
class Gathered:
    """All pieces that were made of some examples, and what the user should know of it."""

    pieces: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    asked: tuple[LoadedProvider, ...] = ()
    """In their order."""

    @property
    def evidence(self) -> Evidence:
        """What reasons may ask for; judges the given labels, though models were trained on others."""
        return Evidence({name: self.pieces[name] for name in list_known_needs() if name in self.pieces})

    @property
    def features(self) -> Features | None:
        """What models and neighbours look at; None where there is nothing to learn from."""
        found: Features | None = self.pieces.get("learnable_features")
        return found

    @property
    def predictions(self) -> Predictions | None:
        """What models make of the rows."""
        found: Predictions | None = self.pieces.get("predictions")
        return found

    @property
    def together(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number are held out together."""
        found: Codes = self.pieces["together"]
        return found


def gather_evidence(
    examples: Examples, needed: Collection[str], settings: ScanSettings, engine: Engine, progress: Progress
) -> Gathered:
    """All that the reasons may ask for.

    Args:
        examples: The labelled rows.
        needed: The pieces that some reason asks for; what costs much is made for these alone.
        settings: How to judge.
        engine: Does what can be done side by side.
        progress: Told of each long stage.
    """
    asked = _order_providers(load_providers(), needed)
    return _walk({"examples": examples}, asked, asked, settings, engine, progress)


def gather_evidence_again(
    gathered: Gathered,
    changed: Mapping[str, Any],
    settings: ScanSettings,
    engine: Engine,
    progress: Progress,
) -> Gathered:
    """The same with some pieces exchanged, and all that follows from them made again.

    Args:
        gathered: From the examples as they are.
        changed: The new pieces by name: "given_labels" are judged, "training_labels" learnt from.
        settings: How to judge.
        engine: Does what can be done side by side.
        progress: Told of each long stage.
    """
    stale = set(changed)
    again = []
    for one in gathered.asked:
        if stale & set(one.made_from):
            stale |= one.provider.makes.keys()
            again.append(one)
    kept = {name: piece for name, piece in gathered.pieces.items() if name not in stale}
    new = {name: _frozen(piece) for name, piece in changed.items()}
    return _walk(kept | new, again, gathered.asked, settings, engine, progress, exchanged=new)


def _walk(  # noqa: PLR0917  # one step of two functions that name all their parts
    given: Mapping[str, Any],
    providers: Iterable[LoadedProvider],
    asked: tuple[LoadedProvider, ...],
    settings: ScanSettings,
    engine: Engine,
    progress: Progress,
    *,
    exchanged: dict[str, Any] | None = None,
) -> Gathered:
    """Ask each provider in turn; a piece that was exchanged stays."""
    pieces, notes = dict(given), list[str]()
    helps = {"settings": settings, "engine": engine, "progress": progress, "note": notes.append}
    for one in providers:
        pieces |= one.make(pieces, helps) | (exchanged or {})
    return Gathered(MappingProxyType(pieces), tuple(notes), asked)


def list_known_needs() -> Mapping[str, Need]:
    """All that a reason may ask for, by name."""
    return _needs_of(load_providers())


def list_sources(needs: Iterable[str]) -> tuple[str, ...]:
    """What some needs are made of, each source once, in the order of `list_known_needs`."""
    asked = set(needs)
    known = list_known_needs().items()
    return tuple(dict.fromkeys(need.source for name, need in known if name in asked and need.source))


def find_slow_pieces() -> frozenset[str]:
    """The pieces that a fast scan does without, and all that follows from them."""
    out: set[str] = set()
    for one in _order_providers(load_providers(), list_known_needs()):
        if not one.provider.is_fast or out & (set(one.made_from) - one.may_lack):
            out |= one.provider.makes.keys()
    return frozenset(out)


def load_providers() -> tuple[LoadedProvider, ...]:
    """Every installed provider, ours first.

    Raises:
        ReasonError: One can't be imported, two make the same piece, or one needs what nobody makes.
    """
    return _load_installed(find_installed(PROVIDERS_GROUP, "provider", ReasonError, PROVIDERS_ORDER))


@cache
def _load_installed(installed: tuple[Installed, ...]) -> tuple[LoadedProvider, ...]:
    loaded = tuple(_as_loaded(one) for one in installed)
    if not any(one.is_ours for one in installed):
        raise ReasonError(
            "nothing is installed that could make evidence",
            where=f"entry points {PROVIDERS_GROUP!r}",
            hint="install doubtcli again: the installed package is older than its code",
        )
    _check_graph(loaded)
    return loaded


@cache
def _needs_of(providers: tuple[LoadedProvider, ...]) -> Mapping[str, Need]:
    made = (piece for one in providers for piece in one.provider.makes.items())
    return MappingProxyType({name: need for name, need in made if need is not None})


def _as_loaded(installed: Installed) -> LoadedProvider:
    provider: Provider = installed.make(PROVIDER_PARTS)
    parameters = signature(provider.make).parameters
    return LoadedProvider(
        name=installed.name,
        where=installed.where,
        provider=provider,
        made_from=tuple(name for name in parameters if name not in HELP),
        may_lack=frozenset(
            name for name, parameter in parameters.items() if parameter.default is not Parameter.empty
        ),
        helped_by=tuple(name for name in parameters if name in HELP),
    )


def _check_graph(providers: Sequence[LoadedProvider]) -> None:
    makers: dict[str, LoadedProvider] = {}
    for one in providers:
        for piece in one.provider.makes:
            other = makers.setdefault(piece, one)
            if other is not one:
                found = f"it makes {piece!r}, as {other.where} does"
                raise ReasonError(found, where=one.where, hint="uninstall one of the two packages")
    known = ("examples", *makers, *HELP)
    for one in providers:
        for piece in one.made_from:
            if piece not in known:
                raise ReasonError(
                    f"it is made from {piece!r}, which nobody makes",
                    where=one.where,
                    expected=f"parameters of `make` out of {', '.join(known)}",
                    hint=did_you_mean(piece, known),
                )
    try:
        _order_providers(providers, makers)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ReasonError(f"they are made from each other: {circle}", where="the providers") from error


def _order_providers(
    providers: Sequence[LoadedProvider], needed: Collection[str]
) -> tuple[LoadedProvider, ...]:
    """Those that are needed or cost little, and what they need themselves, each after what it is made of."""
    makers = {piece: one for one in providers for piece in one.provider.makes}
    waiting = [
        one for one in providers if not one.provider.is_costly or set(needed) & one.provider.makes.keys()
    ]
    wanted: dict[str, LoadedProvider] = {}
    while waiting:
        one = waiting.pop()
        if one.name not in wanted:
            wanted[one.name] = one
            waiting += [makers[piece] for piece in one.made_from if piece in makers]
    graph = {
        one.name: [makers[piece].name for piece in one.made_from if piece in makers]
        for one in providers
        if one.name in wanted
    }
    return tuple(wanted[name] for name in TopologicalSorter(graph).static_order())


def _frozen(piece: Any) -> Any:  # noqa: ANN401  # a piece is whatever its provider makes
    """The piece; an array read-only from now on, so that no reason can spoil what the next one sees."""
    if isinstance(piece, np.ndarray):
        piece.flags.writeable = False
    return piece
