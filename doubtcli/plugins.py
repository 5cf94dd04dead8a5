"""Finds the reasons that are installed, checks them, and runs them: ours and those of other packages.

All are found in the same way: by the entry-point group `doubtcli.reasons`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any, get_type_hints

from doubtcli.errors import ReasonError, SettingsError
from doubtcli.evidence.graph import list_known_needs, list_sources
from doubtcli.reasons.contract import REASON_FAMILIES, list_explain_parameters
from doubtcli.records import ReasonScores, SkippedReason
from doubtcli.settings.installed import find_installed
from doubtcli.wording.lists import did_you_mean
from doubtcli.wording.numbers import format_count, format_score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.records import Background, Evidence
    from doubtcli.records.arrays import Codes, Floats
    from doubtcli.settings.installed import Installed

GROUP = "doubtcli.reasons"
NAME = re.compile(r"[a-z]+(-[a-z]+)*")


@dataclass(frozen=True)
class LoadedReason:
    """A reason with its settings, ready to run."""

    name: str
    package: str
    family: str
    because: str
    needs: tuple[str, ...]
    reason: Any

    @property
    def where(self) -> str:
        """How a message names it: "reason 'outlier' of doubtcli 0.1.0"."""
        return f"reason {self.name!r} of {self.package}"

    @property
    def sources(self) -> tuple[str, ...]:
        """What its needs are made of, in the order of `list_known_needs`."""
        return list_sources(self.needs)

    @cached_property
    def n_axes(self) -> int:
        """How many dimensions its evidence has at most; the fewer, the plainer it is to explain."""
        return max((len(list_known_needs()[need].axes) for need in self.needs), default=0)

    @property
    def lowers_doubt(self) -> bool:
        """Whether a low score is a sign that the label is right."""
        return bool(getattr(self.reason, "lowers_doubt", False))

    @property
    def can_explain(self) -> bool:
        """Whether it has a method `explain`."""
        return hasattr(self.reason, "explain")


def list_reasons() -> tuple[Installed, ...]:
    """Every installed reason, ours first; `DOUBT_PLUGINS=off` leaves out those of other packages.

    Ours are in the order of their `place`. The others follow by name, and are not imported.

    Raises:
        ReasonError: Two packages have a reason of the same name.
    """

    def place(one: Installed) -> float:
        return one.load().place if one.is_ours else math.inf

    return tuple(sorted(find_installed(GROUP, "reason", ReasonError), key=place))


def load_our_reasons() -> tuple[LoadedReason, ...]:
    """Our own reasons with their default settings, in the order of `list_reasons`."""
    return tuple(load_reason(reason) for reason in list_reasons() if reason.is_ours)


def load_reasons(
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    only: Sequence[str] | None = None,
    skip: Sequence[str] = (),
) -> tuple[LoadedReason, ...]:
    """The reasons to run, each with its settings.

    Args:
        settings: The settings of each reason, by its name.
        only: The names of the reasons to run; None for all.
        skip: The names of those to leave out.

    Raises:
        SettingsError: There is no reason or no setting of this name.
        ReasonError: A reason can't be imported or breaks the contract.
    """
    listed = list_reasons()
    names = [reason.name for reason in listed]
    for where, wanted in (
        ("--reasons", only or ()),
        ("--skip", skip),
        ("[tool.doubt.reasons]", settings or ()),
    ):
        _check_names(wanted, names, where)
    chosen = [
        reason for reason in listed if (only is None or reason.name in only) and reason.name not in skip
    ]
    if not chosen:
        raise SettingsError("no reason is left to run", where="--reasons, --skip", hint="skip fewer reasons")
    return tuple(load_reason(reason, (settings or {}).get(reason.name, {})) for reason in chosen)


def load_reason(listed: Installed, settings: Mapping[str, Any] | None = None) -> LoadedReason:
    """Import one reason, check its form, and give it its settings.

    Raises:
        ReasonError: It can't be imported, or breaks the contract.
        SettingsError: It has no such setting, or the value has another type.
    """
    kind = listed.load()
    check_class(kind, listed.name, listed.where)
    return wrap_reason(_make_reason(kind, settings or {}, listed.name), listed.package)


def wrap_reason(reason: Any, package: str) -> LoadedReason:  # noqa: ANN401  # of any class
    """A reason that was checked, with what it takes to run it."""
    return LoadedReason(
        name=reason.name,
        package=package,
        family=getattr(reason, "family", "error"),
        because=reason.because,
        needs=list_needs(type(reason)),
        reason=reason,
    )


def list_needs(kind: Any, method: str = "score") -> tuple[str, ...]:  # noqa: ANN401  # any class
    """The names of the parameters of a reason's method: what it needs."""
    return tuple(signature(getattr(kind, method)).parameters)[1:]  # the first is the reason itself


def run_reasons(
    loaded: Sequence[LoadedReason], evidence: Evidence
) -> tuple[tuple[ReasonScores, ...], tuple[SkippedReason, ...]]:
    """Run every reason; one that needs what this file does not have is skipped, and it is said why.

    Raises:
        ReasonError: A reason crashed, or did not give one doubt for each row.
    """
    scored, skipped = [], []
    for one in loaded:
        missing = [need for need in one.needs if need not in evidence]
        if missing:
            whys = dict.fromkeys(list_known_needs()[need].missing for need in missing)
            skipped.append(SkippedReason(one.name, one.package, "; ".join(whys)))
        else:
            scored.append(
                ReasonScores(
                    one.name,
                    one.package,
                    one.family,
                    one.because,
                    run_reason(one, {need: evidence[need] for need in one.needs}, len(evidence.given_labels)),
                    sources=one.sources,
                    lowers_doubt=one.lowers_doubt,
                )
            )
    return tuple(scored), tuple(skipped)


def run_reason(one: LoadedReason, needs: Mapping[str, Any], n_rows: int) -> Floats:
    """The doubts that a reason gives, one for each row.

    Raises:
        ReasonError: It crashed, or did not give one doubt for each row.
    """
    import numpy as np

    try:
        scores = one.reason.score(**needs)
        doubts = np.asarray(scores, dtype=np.float64)
    except Exception as error:
        raise ReasonError(
            f"it crashed: {type(error).__name__}: {error}",
            where=one.where,
            hint=f"leave it out with --skip {one.name}, and tell its authors",
        ) from error
    expected = (n_rows,)
    if doubts.shape != expected:
        raise ReasonError(
            f"it gave an array of shape {doubts.shape}",
            where=one.where,
            expected=f"one doubt for each row: an array of shape {expected}",
        )
    outside = np.flatnonzero((doubts < 0) | (doubts > 1))
    if len(outside):
        raise ReasonError(
            f"it gave a doubt of {doubts[outside[0]]:g}",
            where=one.where,
            expected="a number from 0 to 1, or NaN for a row without a score",
        )
    return doubts


def explain_reason(
    one: LoadedReason, reason: ReasonScores, evidence: Evidence, background: Background, rows: Codes
) -> list[str]:
    """Why a reason doubts each of `rows`, one text for each.

    A reason that has no `explain`, or no text for a row, is shown by its `because` and its score.

    Raises:
        ReasonError: It crashed, or did not give one text for each row.
    """

    def show_score(row: int) -> str:
        return f"{reason.because} ({format_score(float(reason.scores[row]))})"

    if not one.can_explain or not len(rows):
        return [*map(show_score, rows)]
    further = {item.name: getattr(background, item.name) for item in fields(background)}
    known = {"rows": rows, **evidence, **further}
    needs = {name: known.get(name) for name in list_needs(type(one.reason), "explain")}
    if any(value is None for value in needs.values()):
        return [*map(show_score, rows)]
    try:
        texts = list(one.reason.explain(**needs))
    except Exception as error:
        raise ReasonError(
            f"its `explain` crashed: {type(error).__name__}: {error}",
            where=one.where,
            hint=f"leave it out with --skip {one.name}, and tell its authors",
        ) from error
    if len(texts) != len(rows) or not all(isinstance(text, str) for text in texts):
        found = (
            f"for {format_count(len(rows), 'row')}, its `explain` gave {format_count(len(texts), 'value')}"
        )
        raise ReasonError(found, where=one.where, expected="one text for each row")
    return [text or show_score(row) for text, row in zip(texts, rows, strict=True)]


def _check_names(wanted: Iterable[str], names: Sequence[str], where: str) -> None:
    for name in wanted:
        if name not in names:
            raise SettingsError(
                f"there is no reason {name!r}",
                where=where,
                expected=f"one of {', '.join(names)}",
                hint=did_you_mean(name, names) or "`doubt reasons` lists them all",
            )


def check_class(kind: Any, name: str, where: str) -> None:  # noqa: ANN401  # any class
    """Raise an error for a reason that can't be run, explained or ranked.

    Args:
        kind: The class of the reason.
        name: The name of its entry point.
        where: How the message names it.

    Raises:
        ReasonError: It breaks the contract.
    """
    if not is_dataclass(kind):
        raise ReasonError(
            "it is not a dataclass", where=where, expected="a frozen dataclass with a method `score`"
        )
    if getattr(kind, "name", None) != name or not NAME.fullmatch(name):
        raise ReasonError(
            f"its `name` is {getattr(kind, 'name', None)!r}, and its entry point is named {name!r}",
            where=where,
            expected="the same name in both: lower-case words joined by hyphens",
        )
    if not isinstance(getattr(kind, "because", None), str):
        raise ReasonError(
            "it has no `because`", where=where, expected="a class attribute `because`, a string"
        )
    family = getattr(kind, "family", "error")
    if family not in REASON_FAMILIES:
        found = f"its family is {family!r}"
        raise ReasonError(found, where=where, expected=" or ".join(REASON_FAMILIES))
    lowers_doubt = getattr(kind, "lowers_doubt", False)
    if not isinstance(lowers_doubt, bool):
        raise ReasonError(f"its `lowers_doubt` is {lowers_doubt!r}", where=where, expected="True or False")
    if not callable(getattr(kind, "score", None)):
        raise ReasonError("it has no method `score`", where=where, expected="`score(self, <needs by name>)`")
    _check_parameters("score", list_needs(kind), list(list_known_needs()), where)
    if hasattr(kind, "explain"):
        _check_parameters("explain", list_needs(kind, "explain"), list_explain_parameters(), where)


def _check_parameters(method: str, parameters: Iterable[str], known: Sequence[str], where: str) -> None:
    for name in parameters:
        if name not in known:
            raise ReasonError(
                f"`{method}` has an unknown parameter {name!r}",
                where=where,
                expected=f"one of {', '.join(known)}",
                hint=did_you_mean(name, known),
            )


def _make_reason(kind: Any, settings: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # any class
    """The reason with its settings; where the class refuses them, the settings are at fault."""
    where = f"[tool.doubt.reasons.{name}]"
    checked = _check_settings(settings, kind, where) if settings else {}
    try:
        return kind(**checked)
    except Exception as error:
        raise SettingsError(
            f"these settings are not valid: {error}",
            where=where,
            hint=f"change them (in doubt.toml they are under [reasons.{name}]), or leave the reason out with "
            f"--skip {name}",
        ) from error


def _check_settings(settings: Mapping[str, Any], kind: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
    """A reason's settings by the names of its fields, each with the type of its field."""
    known = {field.name.replace("_", "-"): field.name for field in fields(kind)}
    try:
        types = get_type_hints(kind)
    except NameError as error:
        raise ReasonError(
            f"the types of its settings can't be read: {error}",
            where=where,
            hint="import these types outside `if TYPE_CHECKING`",
        ) from error
    checked = {}
    for key, value in settings.items():
        if key not in known:
            raise SettingsError(
                f"there is no setting {key!r}",
                where=where,
                expected=f"one of {', '.join(known)}" if known else "no settings, as this reason has none",
                hint=did_you_mean(key, known),
            )
        wanted = types[known[key]]
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        fits = type(value) is wanted or (wanted is float and is_whole)
        if isinstance(wanted, type) and not fits:
            raise SettingsError(
                f"{value!r} is not a valid value for {key}",
                where=where,
                expected=f"a value of type {wanted.__name__}",
            )
        checked[known[key]] = float(value) if wanted is float and is_whole else value
    return checked
