"""An audit's figures, its findings and the limits -> one check per limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.errors import SettingsError
from doubtcli.gate.limit_words import format_share
from doubtcli.gate.result import Change, Check, Outcome
from doubtcli.settings import EACH, Limit
from doubtcli.wording.lists import did_you_mean
from doubtcli.wording.numbers import format_count, format_percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.gate.result import Finding
    from doubtcli.records import AuditDocument, NoiseRate
    from doubtcli.settings import GateSettings

_MOST_SHOWN = 5


@dataclass(frozen=True)
class Figures:
    """The figures and findings that limits are checked on."""

    document: AuditDocument
    """`audit.json`."""
    doubted: tuple[Finding, ...]
    """Doubted rows that are not waived, most doubted first."""
    unjudged: tuple[Finding, ...]
    """Rows that were added or changed, and have a label that models can't judge."""
    conflicts: tuple[Finding, ...]
    unlabelled: tuple[Finding, ...]
    contradicted: tuple[Finding, ...] = ()
    """Rows that are contradicted, not doubted, and not waived; none where no limit asks for them."""

    @property
    def n_rows(self) -> int:
        """Counted over the whole file."""
        return self.document.counts.n_rows

    @property
    def n_labelled(self) -> int:
        """Counted over the whole file."""
        return self.document.counts.n_labelled


def check_limits(settings: GateSettings, figures: Figures) -> tuple[Check, ...]:
    """One check for every limit that is set.

    Raises:
        SettingsError: A limit names a reason that does not exist.
    """
    checks = [
        *_check_noise(settings, figures),
        *_check_doubted(settings, figures),
        *_check_contradicted(settings, figures),
        *_check_classes(settings, figures),
        *_check_by_reason(settings, figures),
        *_check_new(settings, figures),
        *_check_conflicts(settings, figures),
        *_check_unlabelled(settings, figures),
        *_check_skill(settings, figures),
        *_check_measured(settings, figures),
        *_check_required(settings, figures),
    ]
    return tuple(checks)


# ---------------------------------------------------------------- limits on models


def _check_noise(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.max_noise is None:
        return
    noise = figures.document.noise_rate
    bound = noise.high if settings.strict else noise.low
    value = max(noise.at_least, bound or 0.0)
    unknown = _explain_no_bound(noise, settings)
    check = Check(
        limit="max-noise",
        of="",
        measured=f"wrong labels, {'upper' if settings.strict else 'lower'} bound",
        value=None if unknown else value,
        bound=settings.max_noise,
        is_share=True,
        is_floor=False,
        outcome=Outcome.PASSED,
        allowed=False,
        why=_explain_noise(noise, settings.max_noise, value),
        rows=_list_fingerprints(figures.doubted),
    )
    yield _mark_unassessable(check, unknown, settings) if unknown else _judge_value(check)


def _explain_no_bound(noise: NoiseRate, settings: GateSettings) -> str:
    """Why there is no bound to compare with; "" where there is one."""
    if not noise.assessable:
        return noise.why
    if settings.strict and not noise.is_measured:
        return "models give no upper bound: it takes a random sample that people checked (--audit-sample 30)"
    return ""


def _explain_noise(noise: NoiseRate, limit: float, value: float) -> str:
    """What the outcome rests on: "not shown to be above 3%; models contradict 24%"."""
    contradicted = (
        "" if noise.contradicted is None else f"models contradict {format_percent(noise.contradicted)}"
    )
    if noise.rate is not None and noise.low is not None and noise.high is not None:
        interval = f"{format_percent(noise.low)} to {format_percent(noise.high)}"
        measured = (
            f"{format_percent(noise.rate)} ({interval}) on {format_count(noise.n_checked, 'checked row')}"
        )
        by_models = f"by models at least {format_percent(noise.at_least)}"
        return "; ".join(part for part in (measured, by_models, contradicted) if part)
    shown = f"{'' if value > limit else 'not '}shown to be above {format_share(limit)} by models"
    return f"{shown}; {contradicted.replace('models', 'they')}" if contradicted else shown


def _check_measured(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.require_measured is None:
        return
    noise = figures.document.noise_rate
    yield _judge_value(
        Check(
            limit="require-measured",
            of="",
            measured="rows of a random sample that people checked",
            value=noise.n_checked,
            bound=settings.require_measured,
            is_share=False,
            is_floor=True,
            outcome=Outcome.PASSED,
            allowed=False,
            why=noise.why,
            rows=(),
        )
    )


def _check_skill(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.min_skill is None:
        return
    skill = figures.document.skill
    check = Check(
        limit="min-skill",
        of="",
        measured="balanced accuracy of models on rows that they never saw",
        value=skill.balanced_accuracy,
        bound=settings.min_skill,
        is_share=True,
        is_floor=True,
        outcome=Outcome.PASSED,
        allowed=False,
        why=skill.why,
        rows=(),
    )
    is_measured = skill.assessable and skill.balanced_accuracy is not None
    yield _judge_value(check) if is_measured else _mark_unassessable(check, skill.why, settings)


# ------------------------------------------------------------------ limits on doubted rows


def _check_doubted(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.max_doubted is not None:
        check = _check_number(
            "max-doubted", "doubted rows", settings.max_doubted, figures.doubted, figures.n_labelled
        )
        yield _judge_by_skill(check, settings, figures)


def _check_contradicted(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.max_contradicted is not None:
        rows = (*figures.doubted, *figures.contradicted)
        measured = "doubted and contradicted rows"
        check = _check_number(
            "max-contradicted", measured, settings.max_contradicted, rows, figures.n_labelled
        )
        yield _judge_by_skill(check, settings, figures)


def _check_classes(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    sizes = {one.name: one.n_given for one in figures.document.classes}
    gone = {name: 0 for name in settings.max_per_class if name != EACH}
    for name, limit in _list_limits(settings.max_per_class, gone | sizes):
        rows = [row for row in figures.doubted if row.given_label == name]
        n_rows = sizes.get(name, 0)
        check = _check_number("max-per-class", "doubted rows of this label", limit, rows, n_rows, of=name)
        yield _judge_by_skill(check, settings, figures)


def _check_by_reason(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    run = {one.name: one.family for one in figures.document.reasons}
    skipped = {one.name: one.why for one in figures.document.skipped}
    _refuse_unknown_reasons(settings.max_per_reason, run | skipped)
    for name, limit in settings.max_per_reason.items():
        if name in skipped:
            check = _check_number(
                "max-per-reason", f"rows doubted for {name}", limit, (), figures.n_labelled, of=name
            )
            yield _mark_unassessable(replace(check, value=None), skipped[name], settings)
    ours = {
        name: family for name, family in run.items() if family == "error" or name in settings.max_per_reason
    }
    for name, limit in _list_limits(settings.max_per_reason, ours):
        rows = [row for row in figures.doubted if name in row.reasons]
        check = _check_number(
            "max-per-reason", f"rows doubted for {name}", limit, rows, figures.n_labelled, of=name
        )
        yield _judge_by_skill(check, settings, figures)


def _check_new(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.max_new is not None:
        rows = [row for row in (*figures.doubted, *figures.unjudged) if row.change is Change.NEW]
        measured = "doubted rows that the baseline does not know"
        check = _check_number("max-new", measured, settings.max_new, rows, figures.n_labelled)
        yield _judge_by_skill(check, settings, figures)


# -------------------------------------------------------------- limits that need no models


def _check_conflicts(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.max_conflicts is not None:
        measured = "rows whose exact input occurs elsewhere with another label"
        yield _judge_value(
            _check_number(
                "max-conflicts", measured, settings.max_conflicts, figures.conflicts, figures.n_labelled
            )
        )


def _check_unlabelled(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    if settings.max_unlabelled is not None:
        yield _judge_value(
            _check_number(
                "max-unlabelled",
                "rows without a label",
                settings.max_unlabelled,
                figures.unlabelled,
                figures.n_rows,
            )
        )


def _check_required(settings: GateSettings, figures: Figures) -> Iterator[Check]:
    run = [one.name for one in figures.document.reasons]
    skipped = {one.name: one.why for one in figures.document.skipped}
    for name in settings.require_reason:
        yield Check(
            limit="require-reason",
            of=name,
            measured="required reason",
            value=None,
            bound=None,
            is_share=False,
            is_floor=False,
            outcome=Outcome.PASSED if name in run else Outcome.FAILED,
            allowed=False,
            why="it was run" if name in run else skipped.get(name, "it was not among the reasons to run"),
            rows=(),
        )


# --------------------------------------------------------------------------- parts


def _check_number(  # noqa: PLR0917  # as a line of a table
    name: str, measured: str, limit: Limit, rows: Sequence[Finding], n_rows: int, of: str = ""
) -> Check:
    """The check of a number of rows, or of their share of `n_rows`."""
    share = len(rows) / n_rows if n_rows else 0.0
    return Check(
        limit=name,
        of=of,
        measured=measured,
        value=share if limit.is_share else len(rows),
        bound=limit.bound,
        is_share=limit.is_share,
        is_floor=False,
        outcome=Outcome.PASSED,
        allowed=False,
        why=f"{len(rows):,} of {n_rows:,} rows",
        rows=_list_fingerprints(rows),
    )


def _judge_value(check: Check) -> Check:
    """The check with the outcome that follows from its value and bound."""
    if check.value is None or check.bound is None:
        return check
    missed = check.value < check.bound if check.is_floor else check.value > check.bound
    return replace(check, outcome=Outcome.FAILED if missed else Outcome.PASSED)


def _judge_by_skill(check: Check, settings: GateSettings, figures: Figures) -> Check:
    """The check with its outcome where models have skill; without skill, doubts may have been missed."""
    skill = figures.document.skill
    if skill.assessable:
        return _judge_value(check)
    if settings.allow_unassessable:
        why = f"{check.why}, counting only reasons that need no models: {skill.why}"
        return replace(_judge_value(check), why=why)
    return _mark_unassessable(check, skill.why, settings)


def _mark_unassessable(check: Check, why: str, settings: GateSettings) -> Check:
    return replace(check, outcome=Outcome.NOT_ASSESSABLE, allowed=settings.allow_unassessable, why=why)


def _list_limits(limits: Mapping[str, Limit], names: Iterable[str]) -> list[tuple[str, Limit]]:
    """The limit of each name: its own, or the one for all that have none."""
    found = ((name, limits.get(name, limits.get(EACH))) for name in names)
    return [(name, limit) for name, limit in found if limit is not None]


def _refuse_unknown_reasons(limits: Mapping[str, Limit], known: Iterable[str]) -> None:
    names = list(known)
    for name in limits:
        if name == EACH or name in names:
            continue
        raise SettingsError(
            f"{name!r} is not a reason of this audit",
            where="--max-per-reason",
            expected=f"one of {quote_first_names(names)}",
            hint=did_you_mean(name, names),
        )


def quote_first_names(names: Sequence[str]) -> str:
    """The first few names in quotes; an ellipsis shows that there are more."""
    return ", ".join(map(repr, names[:_MOST_SHOWN])) + (", …" if len(names) > _MOST_SHOWN else "")


def _list_fingerprints(rows: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(row.fingerprint for row in rows)


def list_failed_limits(checks: Iterable[Check]) -> dict[str, tuple[str, ...]]:
    """The names of the limits that failed because of a finding, by its fingerprint."""
    failed: dict[str, tuple[str, ...]] = {}
    for check in checks:
        if not check.passed:
            for fingerprint in check.rows:
                failed[fingerprint] = (*failed.get(fingerprint, ()), check.name)
    return failed
