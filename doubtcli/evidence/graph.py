"""Examples -> all evidence that the reasons need: runs the providers, each once, in the order of their graph.

A provider makes pieces of evidence from other pieces; the parameters of its `make` name what it needs. So the
providers are a graph, and it is known which pieces depend on the labels. To judge planted errors or verdicts,
only these are made again, from other labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from inspect import Parameter, signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from doubtcli.errors import ReasonError
from doubtcli.evidence.content_key import hash_content
from doubtcli.evidence.pieces import SERVICES, Later, LoadedProvider, Pieces, Services
from doubtcli.records import Evidence
from doubtcli.settings.installed import find_installed
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from doubtcli.progress import Progress
    from doubtcli.records import (
        Codes,
        Engine,
        Examples,
        Features,
        Keeper,
        Model,
        Need,
        Predictions,
        Provider,
    )
    from doubtcli.settings import ScanSettings
    from doubtcli.settings.installed import Installed

PROVIDERS_GROUP = "doubtcli.evidence"
PROVIDERS_ORDER = (
    "labels",
    "rules",
    "features",
    "meaning",
    "models",
    "predictions",
    "nearest-rows",
    "neighbor-votes",
    "duplicates",
)
"""The order of our own; a reason that reads several sources has the voice of the first."""
PROVIDER_PARTS = ("makes", "is_costly", "is_fast", "make")


@dataclass(frozen=True)
class Gathered:
    """All pieces that were made from some examples, and what the user should know about them."""

    pieces: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    providers: tuple[LoadedProvider, ...] = ()
    """The providers that were run, in order."""

    @property
    def evidence(self) -> Evidence:
        """The pieces that reasons may ask for, with the given labels, not the training labels."""
        return Evidence({name: self.pieces[name] for name in list_known_needs() if name in self.pieces})

    @property
    def features(self) -> Features | None:
        """The features that models and neighbours use; None where there is nothing to learn from."""
        found: Features | None = self.pieces.get("learnable_features")
        return found

    @property
    def predictions(self) -> Predictions | None:
        """The predictions of the models."""
        found: Predictions | None = self.pieces.get("predictions")
        return found

    @property
    def together(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number are held out together."""
        found: Codes = self.pieces["together"]
        return found

    def make_key(self, *beside: object) -> str | None:
        """A key of what is computed from the evidence, and from some values beside; None if it has none."""
        if not isinstance(self.pieces, Pieces):
            return None
        keys = {name: self.pieces.find_key(name) for name in self.evidence}
        return None if None in keys.values() else hash_content(keys, beside)

    def choose_models(self, names: Collection[str]) -> Later:
        """The models of these names, in their order."""

        def choose() -> tuple[Model, ...]:
            return tuple(model for model in self.pieces["models"] if model.name in names)

        key = self.pieces.find_key("models") if isinstance(self.pieces, Pieces) else None
        return Later(choose, None if key is None else hash_content(key, list(names)))


def gather_evidence(  # noqa: PLR0917  # the pipelines name all its parts
    examples: Examples,
    needed: Collection[str],
    settings: ScanSettings,
    engine: Engine,
    progress: Progress,
    keeper: Keeper | None = None,
) -> Gathered:
    """All evidence that the reasons need.

    Args:
        examples: The labelled rows.
        needed: The pieces that some reason asks for; costly pieces are only made if they are needed.
        settings: How to judge.
        engine: Runs jobs in parallel.
        progress: Shows each long stage.
        keeper: Keeps pieces for later runs.
    """
    providers = _order_providers(load_providers(), needed)
    services = Services(settings, engine, progress, keeper)
    return _gather(Pieces({"examples": examples}, providers, services, {}), providers, providers)


def gather_evidence_again(  # noqa: PLR0917  # as `gather_evidence`
    gathered: Gathered,
    changed: Mapping[str, Any],
    settings: ScanSettings,
    engine: Engine,
    progress: Progress,
    keeper: Keeper | None = None,
) -> Gathered:
    """The same evidence with some pieces replaced, and with all pieces that depend on them made again.

    Args:
        gathered: The evidence from the examples as they are.
        changed: The new pieces by name: "given_labels" are judged, models learn from "training_labels".
        settings: How to judge.
        engine: Runs jobs in parallel.
        progress: Shows each long stage.
        keeper: Keeps pieces for later runs.
    """
    stale = set(changed)
    again = []
    for one in gathered.providers:
        if stale & set(one.made_from):
            stale |= one.provider.makes.keys()
            again.append(one)
    pieces = Pieces(changed, again, Services(settings, engine, progress, keeper), gathered.pieces)
    return _gather(pieces, again, gathered.providers)


def _gather(
    pieces: Pieces, to_run: Sequence[LoadedProvider], providers: tuple[LoadedProvider, ...]
) -> Gathered:
    return Gathered(pieces, pieces.list_notes(to_run), providers)


def list_known_needs() -> Mapping[str, Need]:
    """All pieces that a reason may ask for, by name."""
    return _list_needs(load_providers())


def list_sources(needs: Iterable[str]) -> tuple[str, ...]:
    """The sources of some needs, each once, in the order of `list_known_needs`."""
    wanted = set(needs)
    known = list_known_needs().items()
    return tuple(dict.fromkeys(need.source for name, need in known if name in wanted and need.source))


def find_slow_pieces() -> frozenset[str]:
    """The pieces that a fast scan leaves out, and all pieces that depend on them."""
    out: set[str] = set()
    for one in _order_providers(load_providers(), list_known_needs()):
        if not one.provider.is_fast or out & (set(one.made_from) - one.may_lack):
            out |= one.provider.makes.keys()
    return frozenset(out)


def load_providers() -> tuple[LoadedProvider, ...]:
    """Every installed provider, ours first.

    Raises:
        ReasonError: One can't be imported, two make the same piece, or one needs a piece that none makes.
    """
    return _load_installed(find_installed(PROVIDERS_GROUP, "provider", ReasonError, PROVIDERS_ORDER))


@cache
def _load_installed(installed: tuple[Installed, ...]) -> tuple[LoadedProvider, ...]:
    loaded = tuple(_load_provider(one) for one in installed)
    if not any(one.is_ours for one in installed):
        raise ReasonError(
            "doubtcli's own providers of evidence are not installed",
            where=f"entry points {PROVIDERS_GROUP!r}",
            hint="install doubtcli again, as the installed package is older than its code",
        )
    _check_graph(loaded)
    return loaded


@cache
def _list_needs(providers: tuple[LoadedProvider, ...]) -> Mapping[str, Need]:
    made = (piece for one in providers for piece in one.provider.makes.items())
    return MappingProxyType({name: need for name, need in made if need is not None})


def _load_provider(installed: Installed) -> LoadedProvider:
    provider: Provider = installed.make(PROVIDER_PARTS)
    parameters = signature(provider.make).parameters
    return LoadedProvider(
        name=installed.name,
        where=installed.where,
        provider=provider,
        made_from=tuple(name for name in parameters if name not in SERVICES),
        may_lack=frozenset(
            name for name, parameter in parameters.items() if parameter.default is not Parameter.empty
        ),
        services=tuple(name for name in parameters if name in SERVICES),
        reads=getattr(provider, "reads", None) if installed.is_ours else None,
        is_kept=installed.is_ours and getattr(provider, "is_kept", False),
    )


def _check_graph(providers: Sequence[LoadedProvider]) -> None:
    makers: dict[str, LoadedProvider] = {}
    for one in providers:
        for piece in one.provider.makes:
            other = makers.setdefault(piece, one)
            if other is not one:
                found = f"it makes {piece!r}, which {other.where} makes, too"
                raise ReasonError(found, where=one.where, hint="uninstall one of the two packages")
    known = ("examples", *makers, *SERVICES)
    for one in providers:
        for piece in one.made_from:
            if piece not in known:
                raise ReasonError(
                    f"`make` has a parameter {piece!r}, which no provider makes",
                    where=one.where,
                    expected=f"one of {', '.join(known)}",
                    hint=did_you_mean(piece, known),
                )
    try:
        _order_providers(providers, makers)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ReasonError(
            f"they are made from each other, in a circle: {circle}", where="the providers"
        ) from error


def _order_providers(
    providers: Sequence[LoadedProvider], needed: Collection[str]
) -> tuple[LoadedProvider, ...]:
    """The providers that are needed or cheap, and those that they need, in the order to run them."""
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
