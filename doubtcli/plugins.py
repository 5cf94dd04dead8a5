"""Reasons, ours and other people's: found by entry point, checked, named with their package, and asked.

Our own are found the way everybody's are: by the entry-point group `doubtcli.reasons`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields, is_dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any, get_type_hints

from doubtcli.errors import ReasonError, SettingsError
from doubtcli.evidence.graph import known_needs, sources_of
from doubtcli.reasons.contract import REASON_FAMILIES, explain_parameters
from doubtcli.records import ReasonScores, SkippedReason
from doubtcli.settings.installed import find_installed
from doubtcli.wording.lists import did_you_mean
from doubtcli.wording.numbers import score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.records import Background, Evidence
    from doubtcli.records.arrays import Codes, Floats
    from doubtcli.settings.installed import Installed

GROUP = "doubtcli.reasons"
NAME = re.compile(r"[a-z]+(-[a-z]+)*")


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
    def where(self) -> str:
        """As a message names it: "reason 'outlier' of doubtcli 0.1.0"."""
        return f"reason {self.name!r} of {self.package}"

    @property
    def sources(self) -> tuple[str, ...]:
        """What its needs are made of, in the order of `known_needs`."""
        return sources_of(self.needs)

    @property
    def n_axes(self) -> int:
        """Of the evidence with the most dimensions that it reads; the fewer, the plainer to explain."""
        return max((len(known_needs()[need].axes) for need in self.needs), default=0)

    @property
    def lowers_doubt(self) -> bool:
        """Whether a low score is a sign that the label is right."""
        return bool(getattr(self.reason, "lowers_doubt", False))

    @property
    def has_words(self) -> bool:
        """Whether it explains itself by its evidence."""
        return hasattr(self.reason, "explain")


def list_reasons() -> tuple[Installed, ...]:
    """Every installed reason, ours first; `DOUBT_PLUGINS=off` leaves out other people's.

    Ours are listed by their `place`; other people's follow by name, and are not imported.

    Raises:
        ReasonError: Two packages bring a reason of the same name.
    """

    def place(one: Installed) -> float:
        return one.load().place if one.is_ours else math.inf

    return tuple(sorted(find_installed(GROUP, "reason", ReasonError), key=place))


def our_reasons() -> tuple[LoadedReason, ...]:
    """The built-in reasons with their default settings, as they are listed."""
    return tuple(load_reason(reason) for reason in list_reasons() if reason.is_ours)


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
        _check_names(asked, names, where)
    chosen = [
        reason for reason in listed if (only is None or reason.name in only) and reason.name not in skip
    ]
    if not chosen:
        raise SettingsError(
            "no reason is left to ask", where="--reasons, --skip", hint="leave one of them out"
        )
    return tuple(load_reason(reason, (settings or {}).get(reason.name, {})) for reason in chosen)


def load_reason(listed: Installed, settings: Mapping[str, Any] | None = None) -> LoadedReason:
    """Import one reason, check that it keeps the contract's form, and give it its settings.

    Raises:
        ReasonError: It can't be imported, or breaks the contract.
        SettingsError: A setting that it does not have, or of another type.
    """
    kind = listed.load()
    check_class(kind, listed.name, listed.where)
    return as_loaded(_make_reason(kind, settings or {}, listed.name), listed.package)


def as_loaded(reason: Any, package: str) -> LoadedReason:  # noqa: ANN401  # anybody's
    """A reason that keeps the contract's form, ready to be asked."""
    return LoadedReason(
        name=reason.name,
        package=package,
        family=getattr(reason, "family", "error"),
        because=reason.because,
        needs=needs_of(type(reason)),
        reason=reason,
    )


def needs_of(kind: Any, method: str = "score") -> tuple[str, ...]:  # noqa: ANN401  # anybody's class
    """The names of what a reason asks for, to score or to explain itself."""
    return tuple(signature(getattr(kind, method)).parameters)[1:]  # the first is the reason itself


def run_reasons(
    loaded: Sequence[LoadedReason], evidence: Evidence
) -> tuple[tuple[ReasonScores, ...], tuple[SkippedReason, ...]]:
    """Ask every reason; one whose needs this file can't meet is skipped, with why for each of them.

    Raises:
        ReasonError: A reason crashed, or gave something else than one doubt a row.
    """
    scored, skipped = [], []
    for one in loaded:
        missing = [need for need in one.needs if need not in evidence]
        if missing:
            whys = dict.fromkeys(known_needs()[need].missing for need in missing)
            skipped.append(SkippedReason(one.name, one.package, "; ".join(whys)))
        else:
            scored.append(
                ReasonScores(
                    one.name,
                    one.package,
                    one.family,
                    one.because,
                    ask_reason(one, {need: evidence[need] for need in one.needs}, len(evidence.given_labels)),
                    sources=one.sources,
                    lowers_doubt=one.lowers_doubt,
                )
            )
    return tuple(scored), tuple(skipped)


def ask_reason(one: LoadedReason, needs: Mapping[str, Any], n_rows: int) -> Floats:
    """One doubt a row.

    Raises:
        ReasonError: It crashed, or gave something else.
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
            expected=f"one doubt a row: {expected}",
        )
    outside = np.flatnonzero((doubts < 0) | (doubts > 1))
    if len(outside):
        raise ReasonError(
            f"it gave a doubt of {doubts[outside[0]]:g}",
            where=one.where,
            expected="0 to 1, or NaN for nothing to say",
        )
    return doubts


def explain_reason(
    one: LoadedReason, said: ReasonScores, evidence: Evidence, background: Background, rows: Codes
) -> list[str]:
    """What a reason rests on, one text for each of `rows`.

    A reason without words of its own, or without any for a row, speaks for itself: `because`, and its score.

    Raises:
        ReasonError: It crashed, or gave something else than one text a row.
    """
    itself = [f"{said.because} ({score(value)})" for value in said.scores[rows].tolist()]
    if not one.has_words or not len(rows):
        return itself
    beside = {item.name: getattr(background, item.name) for item in fields(background)}
    known = {"rows": rows, **evidence, **beside}
    asked = {name: known.get(name) for name in needs_of(type(one.reason), "explain")}
    if any(value is None for value in asked.values()):
        return itself
    try:
        texts = list(one.reason.explain(**asked))
    except Exception as error:
        raise ReasonError(
            f"its `explain` crashed: {type(error).__name__}: {error}",
            where=one.where,
            hint=f"leave it out with --skip {one.name}, and tell its authors",
        ) from error
    if len(texts) != len(rows) or not all(isinstance(text, str) for text in texts):
        found = f"its `explain` gave {len(texts)} texts for {len(rows)} rows"
        raise ReasonError(found, where=one.where, expected="one text a row")
    return [own or because for own, because in zip(texts, itself, strict=True)]


def _check_names(asked: Iterable[str], names: Sequence[str], where: str) -> None:
    for name in asked:
        if name not in names:
            raise SettingsError(
                f"there is no reason {name!r}",
                where=where,
                expected=f"one of {', '.join(names)}",
                hint=did_you_mean(name, names) or "`doubt reasons` lists them all",
            )


def check_class(kind: Any, name: str, where: str) -> None:  # noqa: ANN401  # anybody's class
    """Refuse a reason that could not be asked, explained or ranked.

    Args:
        kind: Its class.
        name: Of its entry point.
        where: What to call it in the message.

    Raises:
        ReasonError: It breaks the contract's form.
    """
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
    if family not in REASON_FAMILIES:
        found = f"its family is {family!r}"
        raise ReasonError(found, where=where, expected=" or ".join(REASON_FAMILIES))
    lowers_doubt = getattr(kind, "lowers_doubt", False)
    if not isinstance(lowers_doubt, bool):
        raise ReasonError(f"its `lowers_doubt` is {lowers_doubt!r}", where=where, expected="True or False")
    if not callable(getattr(kind, "score", None)):
        raise ReasonError("it has no method `score`", where=where, expected="`score(self, <needs by name>)`")
    _check_parameters("score", needs_of(kind), list(known_needs()), where)
    if hasattr(kind, "explain"):
        _check_parameters("explain", needs_of(kind, "explain"), explain_parameters(), where)


def _check_parameters(method: str, asked: Iterable[str], known: Sequence[str], where: str) -> None:
    for need in asked:
        if need not in known:
            raise ReasonError(
                f"it needs {need!r}, which there is not",
                where=where,
                expected=f"parameters of `{method}` out of {', '.join(known)}",
                hint=did_you_mean(need, known),
            )


def _make_reason(kind: Any, settings: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  # anybody's class
    """The reason with its settings; what the class itself refuses is the settings' fault."""
    where = f"[tool.doubt.reasons.{name}]"
    checked = _check_settings(settings, kind, where) if settings else {}
    try:
        return kind(**checked)
    except Exception as error:
        raise SettingsError(
            f"the reason refuses its settings: {error}",
            where=where,
            hint=f"change them, or leave the reason out with --skip {name}",
        ) from error


def _check_settings(settings: Mapping[str, Any], kind: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
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
            raise SettingsError(
                f"there is no setting {key!r}",
                where=where,
                expected=f"one of {', '.join(known)}" if known else "no settings: this reason has none",
                hint=did_you_mean(key, known),
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
