"""Reasons, ours and other people's: found by entry point, checked, named with their package, and asked.

Our own are found the way everybody's are: by the entry-point group `doubtcli.reasons`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from typing import TYPE_CHECKING, Any, get_type_hints

from doubtcli.errors import ReasonError, SettingsError
from doubtcli.reasons.contract import FAMILIES, NEEDS, sources_of
from doubtcli.records import ReasonScores, SkippedReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from doubtcli.records import Evidence

GROUP = "doubtcli.reasons"
OURS = "doubtcli"
NAME = re.compile(r"[a-z]+(-[a-z]+)*")
ORDER = (
    "low-self-confidence",
    "cross-val-flip",
    "confident-learning",
    "model-disagreement",
    "annotator-disagreement",
    "neighbor-disagreement",
    "duplicate-conflict",
    "ambiguous",
    "outlier",
)
"""The order in which our reasons are told; other people's follow by name."""


@dataclass(frozen=True)
class ListedReason:
    """A reason that is installed; nothing of it is imported yet."""

    name: str
    package: str
    """With its version: "doubtcli 0.1.0"."""
    entry_point: EntryPoint


@dataclass(frozen=True)
class LoadedReason:
    """A reason with its settings, ready to be asked."""

    name: str
    package: str
    family: str
    because: str
    needs: tuple[str, ...]
    reason: Any

    @property
    def sources(self) -> tuple[str, ...]:
        """What its needs are made of, in the order of `NEEDS`."""
        return sources_of(self.needs)


def list_reasons() -> tuple[ListedReason, ...]:
    """Every installed reason, ours first; `DOUBT_PLUGINS=off` leaves out other people's.

    Raises:
        ReasonError: Two packages bring a reason of the same name.
    """
    only_ours = os.environ.get("DOUBT_PLUGINS", "").lower() == "off"
    listed: dict[str, ListedReason] = {}
    for point in entry_points(group=GROUP):
        found = ListedReason(point.name, _package(point), point)
        if only_ours and _distribution(point) != OURS:
            continue
        taken = listed.setdefault(found.name, found)
        if taken.entry_point.value != point.value or taken.package != found.package:
            raise ReasonError(
                f"two packages bring a reason {found.name!r}: {taken.package} and {found.package}",
                where=found.package,
                hint="uninstall one of them, or leave all plug-ins out with DOUBT_PLUGINS=off",
            )
    return tuple(sorted(listed.values(), key=_place))


def load_reasons(
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    only: Sequence[str] | None = None,
    skip: Sequence[str] = (),
) -> tuple[LoadedReason, ...]:
    """The reasons to ask, each with its settings.

    Args:
        settings: By reason, its table of the settings file.
        only: Names to ask and no others; None for all.
        skip: Names not to ask.

    Raises:
        SettingsError: A name or a setting that nobody knows.
        ReasonError: A reason can't be imported or breaks the contract.
    """
    listed = list_reasons()
    names = [reason.name for reason in listed]
    for where, asked in (
        ("--reasons", only or ()),
        ("--skip", skip),
        ("[tool.doubt.reasons]", settings or ()),
    ):
        _check_known(asked, names, where)
    chosen = [
        reason for reason in listed if (only is None or reason.name in only) and reason.name not in skip
    ]
    if not chosen:
        raise SettingsError(
            "no reason is left to ask", where="--reasons, --skip", hint="leave one of them out"
        )
    return tuple(load(reason, (settings or {}).get(reason.name, {})) for reason in chosen)


def load(listed: ListedReason, settings: Mapping[str, Any] | None = None) -> LoadedReason:
    """Import one reason, check that it keeps the contract's form, and give it its settings.

    Raises:
        ReasonError: It can't be imported, or breaks the contract.
        SettingsError: A setting that it does not have, or of another type.
    """
    where = f"reason {listed.name!r} of {listed.package}"
    try:
        kind = listed.entry_point.load()
    except Exception as error:
        raise ReasonError(
            f"it can't be imported: {type(error).__name__}: {error}",
            where=where,
            hint="update or uninstall it",
        ) from error
    _check_form(kind, listed.name, where)
    return LoadedReason(
        name=listed.name,
        package=listed.package,
        family=getattr(kind, "family", "error"),
        because=kind.because,
        needs=needs_of(kind),
        reason=_made(kind, settings or {}, listed.name),
    )


def needs_of(kind: Any) -> tuple[str, ...]:  # noqa: ANN401  # anybody's class
    """The names of the arrays that a reason asks for."""
    return tuple(signature(kind.score).parameters)[1:]  # the first is the reason itself


def run_reasons(
    loaded: Sequence[LoadedReason], evidence: Evidence
) -> tuple[tuple[ReasonScores, ...], tuple[SkippedReason, ...]]:
    """Ask every reason; one whose needs this file can't meet is skipped, with why for each of them.

    Raises:
        ReasonError: A reason crashed, or gave something else than one doubt a row.
    """
    scored, skipped = [], []
    for one in loaded:
        missing = [need for need in one.needs if getattr(evidence, need) is None]
        if missing:
            whys = dict.fromkeys(NEEDS[need].missing for need in missing)
            skipped.append(SkippedReason(one.name, one.package, "; ".join(whys)))
        else:
            scored.append(
                ReasonScores(
                    one.name,
                    one.package,
                    one.family,
                    one.because,
                    _ask(one, evidence),
                    sources=one.sources,
                    lowers_doubt=getattr(one.reason, "lowers_doubt", False),
                )
            )
    return tuple(scored), tuple(skipped)


def _ask(one: LoadedReason, evidence: Evidence) -> NDArray[np.float64]:
    import numpy as np

    where = f"reason {one.name!r} of {one.package}"
    try:
        scores = one.reason.score(**{need: getattr(evidence, need) for need in one.needs})
        doubts = np.asarray(scores, dtype=np.float64)
    except Exception as error:
        raise ReasonError(
            f"it crashed: {type(error).__name__}: {error}",
            where=where,
            hint=f"leave it out with --skip {one.name}, and tell its authors",
        ) from error
    expected = (len(evidence.given_labels),)
    if doubts.shape != expected:
        raise ReasonError(
            f"it gave an array of shape {doubts.shape}",
            where=where,
            expected=f"one doubt a row: {expected}",
        )
    outside = np.flatnonzero((doubts < 0) | (doubts > 1))
    if len(outside):
        raise ReasonError(
            f"it gave a doubt of {doubts[outside[0]]:g}",
            where=where,
            expected="0 to 1, or NaN for nothing to say",
        )
    return doubts


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else ""


def _place(reason: ListedReason) -> tuple[int, str]:
    ours = reason.name in ORDER and reason.package.split()[0] == OURS
    return (ORDER.index(reason.name) if ours else len(ORDER), reason.name)


def _check_known(asked: Iterable[str], names: Sequence[str], where: str) -> None:
    for name in asked:
        if name not in names:
            near = get_close_matches(name, names, 1)
            raise SettingsError(
                f"there is no reason {name!r}",
                where=where,
                expected=f"one of {', '.join(names)}",
                hint=f"did you mean {near[0]!r}?" if near else "`doubt reasons` lists them all",
            )


def _check_form(kind: Any, name: str, where: str) -> None:  # noqa: ANN401  # anybody's class
    """Refuse what could not be asked, told or ranked."""
    if not is_dataclass(kind):
        raise ReasonError(
            "it is no dataclass", where=where, expected="a frozen dataclass with a method `score`"
        )
    if getattr(kind, "name", None) != name or not NAME.fullmatch(name):
        raise ReasonError(
            f"its class is named {getattr(kind, 'name', None)!r} and its entry point {name!r}",
            where=where,
            expected="the same kebab-case name in both",
        )
    if not isinstance(getattr(kind, "because", None), str):
        raise ReasonError(
            "it does not say why", where=where, expected="a class attribute `because`, a string"
        )
    family = getattr(kind, "family", "error")
    if family not in FAMILIES:
        found = f"its family is {family!r}"
        raise ReasonError(found, where=where, expected=" or ".join(FAMILIES))
    lowers_doubt = getattr(kind, "lowers_doubt", False)
    if not isinstance(lowers_doubt, bool):
        raise ReasonError(f"its `lowers_doubt` is {lowers_doubt!r}", where=where, expected="True or False")
    if not callable(getattr(kind, "score", None)):
        raise ReasonError("it has no method `score`", where=where, expected="`score(self, <needs by name>)`")
    for need in needs_of(kind):
        if need not in NEEDS:
            near = get_close_matches(need, NEEDS, 1)
            raise ReasonError(
                f"it needs {need!r}, which there is not",
                where=where,
                expected=f"parameters of `score` out of {', '.join(NEEDS)}",
                hint=f"did you mean {near[0]!r}?" if near else None,
            )


def _made(kind: Any, settings: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # anybody's class
    """The reason with its settings; what the class itself refuses is the settings' fault."""
    where = f"[tool.doubt.reasons.{name}]"
    checked = _checked(settings, kind, where) if settings else {}
    try:
        return kind(**checked)
    except Exception as error:
        raise SettingsError(
            f"the reason refuses its settings: {error}",
            where=where,
            hint=f"change them, or leave the reason out with --skip {name}",
        ) from error


def _checked(settings: Mapping[str, Any], kind: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
    """A reason's settings, its keys in the class's spelling, each of the type of its field."""
    known = {field.name.replace("_", "-"): field.name for field in fields(kind)}
    try:
        types = get_type_hints(kind)
    except NameError as error:
        raise ReasonError(
            f"the types of its settings can't be told: {error}",
            where=where,
            hint="import the types of fields outside `if TYPE_CHECKING`",
        ) from error
    checked = {}
    for key, value in settings.items():
        if key not in known:
            near = get_close_matches(key, known, 1)
            raise SettingsError(
                f"there is no setting {key!r}",
                where=where,
                expected=f"one of {', '.join(known)}" if known else "no settings: this reason has none",
                hint=f"did you mean {near[0]!r}?" if near else None,
            )
        wanted = types[known[key]]
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        fits = type(value) is wanted or (wanted is float and is_whole)
        if isinstance(wanted, type) and not fits:
            raise SettingsError(
                f"{key} is {value!r}", where=where, expected=f"a value of type {wanted.__name__}"
            )
        checked[known[key]] = float(value) if wanted is float and is_whole else value
    return checked
