from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import SettingsError
from doubtcli.gate.limits import Figures, check_limits, list_failed_limits
from doubtcli.gate.result import Change, Check, Finding, Outcome
from doubtcli.records import (
    AuditDocument,
    ClassCount,
    NoiseRate,
    ReasonRun,
    Roles,
    RowCounts,
    Skill,
    SkippedReason,
    Source,
)
from doubtcli.settings import EACH, GateSettings, Limit

if TYPE_CHECKING:
    from tests.conftest import Sentences

NO_SKILL = "the models do no better than the largest class"


def finding(number: int, label: str = "ham", *reasons: str, change: Change | None = None) -> Finding:
    """A doubted row; its fingerprint is its number."""
    return Finding(
        row_id=f"r{number}",
        row=number,
        fingerprint=f"{number:016x}",
        given_label=label,
        suggested_label="spam",
        doubt=0.9,
        reasons=reasons,
        why="",
        rule="doubted",
        change=change,
    )


MEASURED = {"rate": 0.04, "low": 0.02, "high": 0.07, "rests_on": "verdicts", "n_checked": 30}


def document(*, skill: bool = True, noise: bool = True, is_measured: bool = False) -> AuditDocument:
    """`audit.json` of 100 rows, 80 of them labelled: 50 ham, 30 spam; 4 in 100 labels suspected."""
    families = {"low-self-confidence": "error", "duplicate-conflict": "error", "outlier": "context"}
    return AuditDocument(
        tool_name="doubt",
        tool_version="0.1.0",
        source=Source("data.csv", "csv", 0, ""),
        roles=Roles(()),
        settings={},
        seed=0,
        versions={},
        skill=Skill(
            assessable=skill,
            why="they know" if skill else NO_SKILL,
            accuracy=0.9,
            balanced_accuracy=0.85,
            majority_accuracy=0.6,
            permuted_accuracy=0.5,
        ),
        noise_rate=NoiseRate(
            assessable=noise,
            why="by models alone" if noise else "models are too seldom sure",
            at_least=0.01 if noise else 0.0,
            contradicted=0.24 if noise else None,
            **(MEASURED if is_measured else {}),
        ),
        counts=RowCounts(100, 80, 20, 3),
        classes=(ClassCount("ham", "ham", 50, 2), ClassCount("spam", "spam", 30, 1)),
        reasons=tuple(ReasonRun(name, "doubtcli", of, "", 80, 3, 3) for name, of in families.items()),
        skipped=(SkippedReason("annotator-disagreement", "doubtcli", "the file has no annotators"),),
    )


DOUBTED = (
    finding(1, "ham", "low-self-confidence", change=Change.NEW),
    finding(2, "spam", "low-self-confidence", "duplicate-conflict", change=Change.KNOWN),
    finding(3, "ham", change=Change.NEW),
)


def check(settings: GateSettings, **changes: Any) -> Check:
    """The only check of these settings."""
    (made,) = checks(settings, **changes)
    return made


def checks(
    settings: GateSettings, *, unlabelled: int = 0, conflicts: int = 0, contradicted: int = 0, **of: Any
) -> tuple[Check, ...]:
    """The checks of these settings on three doubted rows and some others."""
    others = [finding(number) for number in range(10, 30)]
    parts = (others[:conflicts], others[:unlabelled], others[:contradicted])
    figures = Figures(document(**of), DOUBTED, (), *map(tuple, parts))
    return check_limits(settings, figures)


def rows(number: int) -> Limit:
    """A number of rows."""
    return Limit(number, is_share=False)


def share(bound: float) -> Limit:
    """A share of rows."""
    return Limit(bound, is_share=True)


class TestNoise:
    """At least 1% of the labels are wrong by models, and 4% (2% to 7%) where people measured it."""

    @pytest.mark.parametrize(("bound", "outcome"), [(0.01, Outcome.PASSED), (0.009, Outcome.FAILED)])
    def test_models(self, bound: float, outcome: Outcome) -> None:
        """By models alone it fails when the share that is surely wrong is above the limit."""
        made = check(GateSettings(max_noise=bound))

        assert (made.outcome, made.value) == (outcome, 0.01)

    @pytest.mark.parametrize(
        ("bound", "strict", "outcome"),
        [
            (0.02, False, Outcome.PASSED),
            (0.019, False, Outcome.FAILED),
            (0.03, True, Outcome.FAILED),
            (0.07, True, Outcome.PASSED),
        ],
    )
    def test_people(self, bound: float, strict: bool, outcome: Outcome) -> None:
        """Where people measured it, the lower end of the interval counts too; where strict, the upper."""
        made = check(GateSettings(max_noise=bound, strict=strict), is_measured=True)

        assert made.outcome is outcome
        assert made.value == (0.07 if strict else 0.02)
        assert [figure in made.why for figure in ("4.0%", "2.0% to 7.0%", "30 checked")] == [True] * 3

    def test_strict_takes_people(self) -> None:
        """Models give no upper bound, so without a checked sample a strict limit is not assessable."""
        made = check(GateSettings(max_noise=0.5, strict=True))

        assert (made.outcome, made.value, made.passed) == (Outcome.NOT_ASSESSABLE, None, False)
        assert "--audit-sample" in made.why

    def test_what_it_rests_on(self, sentences: Sentences) -> None:
        """A pass says what it does not show; it and a failure say what models contradict."""
        sentences.check(check(GateSettings(max_noise=0.03)).why)
        sentences.check(check(GateSettings(max_noise=0.005)).why)
        sentences.check(check(GateSettings(max_noise=0.03), is_measured=True).why)

    @pytest.mark.parametrize(
        ("wanted", "is_measured", "passed"), [(30, True, True), (31, True, False), (1, False, False)]
    )
    def test_required_verdicts(self, wanted: int, is_measured: bool, passed: bool) -> None:
        """Without so many verdicts on a random sample the gate fails, even if what is unknown is allowed."""
        settings = GateSettings(require_measured=wanted, allow_unassessable=True)

        made = check(settings, is_measured=is_measured)

        assert (made.outcome, made.value) == (
            Outcome.PASSED if passed else Outcome.FAILED,
            30 if is_measured else 0,
        )

    def test_rows(self) -> None:
        """It has the doubted rows, most doubted first."""
        assert check(GateSettings(max_noise=0.0)).rows == tuple(one.fingerprint for one in DOUBTED)

    def test_not_assessable(self) -> None:
        """Where the rate is not known, the gate does not pass, unless that is allowed; it shows why."""
        closed = check(GateSettings(max_noise=0.1), noise=False)
        allowed = check(GateSettings(max_noise=0.1, allow_unassessable=True), noise=False)

        assert (closed.outcome, closed.passed) == (Outcome.NOT_ASSESSABLE, False)
        assert closed.why == "models are too seldom sure"
        assert (allowed.outcome, allowed.passed) == (Outcome.NOT_ASSESSABLE, True)


class TestContradicted:
    """Contradicted rows, doubted ones included: of 80 labelled rows."""

    @pytest.mark.parametrize(("limit", "passed"), [(rows(8), True), (rows(7), False), (share(0.1), True)])
    def test_all(self, limit: Limit, passed: bool) -> None:
        """Three doubted and five contradicted rows are eight."""
        made = check(GateSettings(max_contradicted=limit), contradicted=5)

        assert (made.passed, made.why) == (passed, "8 of 80 rows")

    def test_only_they_count_them(self) -> None:
        """No other limit counts contradicted rows."""
        limits = GateSettings(max_doubted=rows(3), max_per_class={EACH: rows(2)})

        assert all(made.passed for made in checks(limits, contradicted=5))

    def test_without_skill(self) -> None:
        """Models without skill contradict nothing that counts, so it is not known."""
        assert check(GateSettings(max_contradicted=rows(8)), skill=False).outcome is Outcome.NOT_ASSESSABLE


class TestDoubted:
    """Doubted rows: three of 80 labelled ones."""

    @pytest.mark.parametrize(
        ("limit", "value", "passed"),
        [
            (rows(3), 3, True),
            (rows(2), 3, False),
            (share(0.0375), 0.0375, True),
            (share(0.037), 0.0375, False),
        ],
    )
    def test_all(self, limit: Limit, value: float, passed: bool) -> None:
        """They are counted, or taken as a share of the labelled rows."""
        made = check(GateSettings(max_doubted=limit))

        assert (made.value, made.passed) == (value, passed)
        assert made.why == "3 of 80 rows"

    def test_per_class(self) -> None:
        """Each label's doubted rows are a share of its own rows; a limit of its own comes first."""
        ham, spam = checks(GateSettings(max_per_class={EACH: share(0.035), "ham": rows(2)}))

        assert (ham.name, ham.value, ham.passed) == ("max-per-class ham", 2, True)
        assert (spam.name, spam.value, spam.passed) == ("max-per-class spam", pytest.approx(1 / 30), True)

    def test_one_class(self) -> None:
        """A limit for one label checks only that label."""
        assert [made.of for made in checks(GateSettings(max_per_class={"spam": rows(0)}))] == ["spam"]

    def test_per_reason(self) -> None:
        """Rows count for each reason that doubts them; context reasons are checked only if named."""
        made = checks(GateSettings(max_per_reason={EACH: rows(1)}))
        named = checks(GateSettings(max_per_reason={"outlier": rows(1)}))

        assert [(one.of, one.value, one.passed) for one in made] == [
            ("low-self-confidence", 2, False),
            ("duplicate-conflict", 1, True),
        ]
        assert [(one.of, one.value) for one in named] == [("outlier", 0)]

    def test_a_skipped_reason_is_not_assessable(self) -> None:
        """A limit on a reason that could not be run on this file can't be assessed."""
        made = check(GateSettings(max_per_reason={"annotator-disagreement": rows(0)}))

        assert (made.outcome, made.value, made.why) == (
            Outcome.NOT_ASSESSABLE,
            None,
            "the file has no annotators",
        )

    def test_new(self) -> None:
        """New ones are those that the baseline does not know."""
        made = check(GateSettings(max_new=rows(1)))

        assert (made.value, made.passed) == (2, False)
        assert made.rows == (DOUBTED[0].fingerprint, DOUBTED[2].fingerprint)

    @pytest.mark.parametrize(
        "settings",
        [
            GateSettings(max_doubted=rows(9)),
            GateSettings(max_per_class={"ham": rows(9)}),
            GateSettings(max_per_reason={"outlier": rows(9)}),
            GateSettings(max_new=rows(9)),
            GateSettings(min_skill=0.1),
        ],
    )
    def test_without_skill(self, settings: GateSettings) -> None:
        """Where models have no skill, limits on doubted rows can't be assessed, and the reason is shown."""
        made = check(settings, skill=False)

        assert (made.outcome, made.passed, made.why) == (Outcome.NOT_ASSESSABLE, False, NO_SKILL)

    def test_without_skill_but_allowed(self, sentences: Sentences) -> None:
        """If that is allowed, only the other reasons' doubts count: too many still fail."""
        few = check(GateSettings(max_doubted=rows(3), allow_unassessable=True), skill=False)
        many = check(GateSettings(max_doubted=rows(2), allow_unassessable=True), skill=False)

        assert (few.passed, many.passed) == (True, False)
        assert few.why.endswith(NO_SKILL)
        sentences.check(few.why)


class TestOthers:
    """Limits that need no models."""

    def test_conflicts_and_unlabelled_need_no_skill(self) -> None:
        """Conflicts and rows without a label are checked even if models have no skill."""
        settings = GateSettings(max_conflicts=rows(1), max_unlabelled=share(0.02))

        conflicts, unlabelled = checks(settings, conflicts=2, unlabelled=2, skill=False)

        assert (conflicts.value, conflicts.outcome) == (2, Outcome.FAILED)
        assert (unlabelled.value, unlabelled.outcome) == (0.02, Outcome.PASSED)

    @pytest.mark.parametrize(("floor", "passed"), [(0.85, True), (0.86, False)])
    def test_skill(self, floor: float, passed: bool) -> None:
        """Skill must not fall below its floor."""
        made = check(GateSettings(min_skill=floor))

        assert (made.value, made.passed, made.is_floor) == (0.85, passed, True)

    def test_skill_without_a_figure(self) -> None:
        """An audit that has no figure for its skill does not pass a floor."""
        audit = document()
        audit = replace(audit, skill=replace(audit.skill, balanced_accuracy=None))

        (made,) = check_limits(GateSettings(min_skill=0.1), Figures(audit, DOUBTED, (), (), ()))

        assert (made.outcome, made.passed) == (Outcome.NOT_ASSESSABLE, False)

    @pytest.mark.parametrize(
        ("name", "passed"),
        [("outlier", True), ("annotator-disagreement", False), ("rule-conflict", False)],
    )
    def test_required(self, name: str, passed: bool, sentences: Sentences) -> None:
        """A required reason must have been run, even if limits that can't be assessed may pass."""
        made = check(GateSettings(require_reason=(name,), allow_unassessable=True))

        assert made.passed is passed
        sentences.check(made.why)

    def test_an_empty_file_of_labels(self) -> None:
        """Without rows no share is above its bound."""
        none = replace(document(), counts=RowCounts(0, 0, 0, 0))

        (made,) = check_limits(GateSettings(max_unlabelled=share(0.0)), Figures(none, (), (), (), ()))

        assert (made.value, made.passed) == (0.0, True)


class TestNames:
    """What limits name."""

    def test_a_label_that_is_gone(self) -> None:
        """A label that no row of this file has counts as 0 doubted rows; another file may have some."""
        made = check(GateSettings(max_per_class={"eggs": rows(0)}))

        assert (made.of, made.value, made.passed, made.why) == ("eggs", 0, True, "0 of 0 rows")

    def test_unknown_reason(self, sentences: Sentences) -> None:
        """A reason that does not exist is an error, not a limit that is met."""
        with pytest.raises(SettingsError) as caught:
            checks(GateSettings(max_per_reason={"outlyer": rows(0)}))
        assert caught.value.where == "--max-per-reason"
        assert "'outlyer'" in caught.value.found
        sentences.check(caught.value)


def test_failed_limits_of_findings() -> None:
    """Each finding has all limits that failed because of it, and none that were met or allowed."""
    failed, met = checks(GateSettings(max_doubted=rows(2), max_new=rows(2)))
    class_failed = check(GateSettings(max_per_class={"ham": rows(1)}))
    allowed = replace(failed, limit="max-noise", outcome=Outcome.NOT_ASSESSABLE, allowed=True)

    assert list_failed_limits([failed, met, class_failed, allowed]) == {
        DOUBTED[0].fingerprint: ("max-doubted", "max-per-class ham"),
        DOUBTED[1].fingerprint: ("max-doubted",),
        DOUBTED[2].fingerprint: ("max-doubted", "max-per-class ham"),
    }
