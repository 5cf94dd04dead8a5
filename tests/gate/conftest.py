"""Small records made by hand, for tests of everything that is made from what a gate found."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.gate.baseline.compare import CHANGED_ROW, GONE_ROW, UNDOUBTED_ROW
from doubtcli.gate.result import (
    LABEL_CONFLICT,
    RULES,
    UNLABELLED,
    Change,
    Check,
    Comparison,
    FileResult,
    Finding,
    GateResult,
    GoneDoubt,
    LapsedWaiver,
    Outcome,
    Waiver,
)

if TYPE_CHECKING:
    from collections.abc import Callable


FINDING = Finding(
    row_id="T0017",
    row=17,
    fingerprint="00000000000000aa",
    given_label="refund",
    suggested_label="billing",
    doubt=0.97,
    reasons=("low-self-confidence",),
    why="models give billing 0.97, refund 0.01",
    rule="low-self-confidence",
)
CHECK = Check(
    limit="max-doubted",
    of="",
    measured="doubted rows",
    value=0.04,
    bound=0.05,
    is_share=True,
    is_floor=False,
    outcome=Outcome.PASSED,
    allowed=False,
    why="4 of 100 rows",
    rows=(),
)
FILE = FileResult(
    path="data/tickets.csv",
    sha256="ab" * 32,
    format="csv",
    n_rows=102,
    n_labelled=100,
    n_doubted=4,
    audit=None,
    origin="scanned now",
    checks=(CHECK,),
    findings=(),
    comparison=None,
)
RESULT = GateResult(
    files=(FILE,),
    waivers_path=None,
    lapsed=(),
    version="0.1.0",
    rules={"low-self-confidence": "Models give it little probability.", **RULES},
)


@pytest.fixture
def a_finding() -> Callable[..., Finding]:
    """Makes a doubted row because of which no limit failed; what is given differs."""
    return lambda **changes: replace(FINDING, **changes)


@pytest.fixture
def a_check() -> Callable[..., Check]:
    """Makes a limit that was met; what is given differs."""
    return lambda **changes: replace(CHECK, **changes)


@pytest.fixture
def a_file() -> Callable[..., FileResult]:
    """Makes a file that passed one limit, without findings; what is given differs."""
    return lambda **changes: replace(FILE, **changes)


@pytest.fixture
def a_result() -> Callable[..., GateResult]:
    """Makes what a gate found in the files given, else in one that passed; what is given differs."""

    def make(*files: FileResult, **changes: Any) -> GateResult:
        return replace(RESULT, **({"files": files} if files else {}), **changes)

    return make


NO_SKILL = "models predict no better than the largest class"


@pytest.fixture
def findings(a_finding: Callable[..., Finding]) -> tuple[Finding, ...]:
    """Rows of every kind: new, known, long, in conflict, without a label, waived."""
    return (
        a_finding(
            row_id="T0480",
            row=480,
            fingerprint="00000000000000a1",
            doubt=0.9996,
            why="models give billing 0.97, refund 0.01; 9 of 10 nearest rows are billing, none refund; 3 of "
            "3 annotators say billing",
            change=Change.KNOWN,
            failed=("max-noise", "max-per-class refund"),
            lines=(481, 483),
        ),
        a_finding(
            fingerprint="00000000000000a2",
            change=Change.NEW,
            change_why=CHANGED_ROW,
            doubt=0.93,
            failed=("max-noise", "max-per-class refund", "max-new"),
            lines=(18, 18),
        ),
        a_finding(
            row_id="3f2a9c0d1b7e6655",
            row=1100,
            fingerprint="00000000000000a3",
            given_label="question about the monthly invoice of a business customer",
            suggested_label="card payment declined by the bank although it is covered",
            doubt=0.62,
            reasons=(),
            rule="doubted",
            why="",
            change=Change.KNOWN,
            change_why="0.62 is over 0.5, but by no more than it varies between repeats (0.20)",
            failed=("max-noise",),
            lines=(1101, 1101),
        ),
        a_finding(row_id="T0700", row=700, fingerprint="00000000000000a4", doubt=0.6, failed=("max-noise",)),
        a_finding(
            row_id="T0005",
            row=5,
            fingerprint="00000000000000a5",
            doubt=0.58,
            waiver=Waiver(
                "T0005", 1, "refund", ("outlier",), dt.date(2027, 6, 30), "checked by ada", ("a.csv",)
            ),
        ),
        a_finding(
            row_id="T0033",
            row=33,
            fingerprint="00000000000000a6",
            doubt=0.2,
            suggested_label="refund",
            reasons=(),
            rule=LABEL_CONFLICT,
            failed=("max-conflicts",),
        ),
        a_finding(
            row_id="T0044",
            row=44,
            fingerprint="00000000000000a7",
            given_label=None,
            suggested_label=None,
            doubt=None,
            reasons=(),
            why="",
            rule=UNLABELLED,
            failed=("max-unlabelled",),
            lines=(45, 45),
        ),
    )


@pytest.fixture
def checks(a_check: Callable[..., Check]) -> tuple[Check, ...]:
    """Limits of every kind, met and not met."""
    failed, unknown = Outcome.FAILED, Outcome.NOT_ASSESSABLE
    counted = {"is_share": False, "value": 1, "bound": 0, "outcome": failed}
    doubted = tuple(f"00000000000000a{number}" for number in (1, 2, 3, 4))
    return (
        a_check(
            limit="max-noise",
            measured="wrong labels, lower bound",
            value=0.0431,
            bound=0.03,
            outcome=failed,
            why="5.2% of the labels, 90% interval 4.3% to 6.1%",
            rows=doubted,
        ),
        a_check(value=0.0336, why="4 of 1,190 rows", rows=doubted),
        *(
            a_check(limit="max-per-class", of=f"class {number}", value=number / 1000, bound=0.1, why="few")
            for number in range(1, 18)
        ),
        a_check(
            limit="max-per-class",
            of="refund",
            measured="doubted rows of this label",
            value=0.15,
            bound=0.1,
            outcome=failed,
            why="18 of 120 rows",
            rows=doubted[:2],
        ),
        a_check(
            limit="max-per-reason",
            of="annotator-disagreement",
            is_share=False,
            value=12,
            bound=40,
            why="12 of 1,190 rows",
        ),
        a_check(
            limit="max-new",
            measured="doubted rows that the baseline does not know",
            why="1 of 1,190 rows",
            rows=doubted[1:2],
            **counted,
        ),
        a_check(
            limit="max-conflicts",
            measured="rows whose exact input occurs elsewhere with another label",
            why="1 of 1,190 rows",
            rows=("00000000000000a6",),
            **counted,
        ),
        a_check(
            limit="max-unlabelled",
            measured="rows without a label",
            why="1 of 1,200 rows",
            rows=("00000000000000a7",),
            **counted,
        ),
        a_check(
            limit="min-skill",
            measured="balanced accuracy of models on rows that they never saw",
            value=None,
            bound=0.6,
            is_floor=True,
            outcome=unknown,
            why=NO_SKILL,
        ),
        a_check(
            limit="max-per-reason",
            of="outlier",
            measured="rows doubted for outlier",
            value=None,
            bound=5,
            is_share=False,
            outcome=unknown,
            allowed=True,
            why="it needs numbers",
        ),
        a_check(
            limit="require-reason",
            of="model-disagreement",
            measured="required reason",
            value=None,
            bound=None,
            is_share=False,
            outcome=failed,
            why="it needs models of two families",
        ),
    )


@pytest.fixture
def full_result(
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    findings: tuple[Finding, ...],
    checks: tuple[Check, ...],
) -> GateResult:
    """A gate that failed, with something in every part of it."""
    undoubted, gone = UNDOUBTED_ROW, GONE_ROW
    file = a_file(
        n_rows=1200,
        n_labelled=1190,
        audit="data/tickets.doubt",
        origin="the audit data/tickets.doubt",
        findings=findings,
        checks=checks,
        comparison=Comparison(
            ".doubt-baseline.json",
            1,
            3,
            tuple(
                GoneDoubt(f"T{n:04d}", "refund", why) for n, why in enumerate([gone, undoubted, undoubted])
            ),
        ),
        notes=("scanned with seed = 3",),
    )
    return a_result(
        file,
        waivers_path="doubt-waivers.toml",
        lapsed=(
            LapsedWaiver(Waiver("T0003", 3, until=dt.date(2026, 6, 30)), "expired on 2026-06-30"),
            LapsedWaiver(Waiver("T0007", 7), "no row has this id"),
        ),
    )


NASTY = (
    "\"double\" 'single' `tick` \\",
    "two\nlines\r\nand\rmore\u2028still",
    "::error file=a,line=1::no %0A 100% a,b:c",
    "]]> <script>alert(1)</script> <!-- --> &amp; </failure>",
    "| a | b | [x](javascript:x) [y](1) **bold** # @someone www.example.com ~~s~~",
    "😀 👩\u200d👩\u200d👧 e\u0301",
    "\u202eright to left\u202c עברית العربية",
    "\x00\x01\x1b[31m\x7f\x85\ufffe\uffff",
    "\ud800 half \udfff",
    "long " * 2_000,
    "",
    " ",
)
"""Texts that could break one of the formats."""


@pytest.fixture(params=NASTY, ids=lambda text: ascii(text)[:24])
def nasty(request: pytest.FixtureRequest) -> str:
    """A text that could break one of the formats."""
    text: str = request.param
    return text


@pytest.fixture
def nasty_result(
    nasty: str,
    a_finding: Callable[..., Finding],
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> GateResult:
    """A gate that failed, with that text in every place where a text can be."""
    texts = {"row_id": nasty, "given_label": nasty, "suggested_label": f"{nasty}!", "why": nasty}
    rows = (
        a_finding(
            **texts, fingerprint="0" * 16, rule=nasty, reasons=(nasty,), failed=(f"max-doubted {nasty}",)
        ),
        a_finding(**texts, fingerprint="1" * 16, waiver=Waiver(nasty, 1, nasty, why=nasty)),
        a_finding(**texts, fingerprint="2" * 16, change=Change.NEW, change_why=nasty, failed=("max-new",)),
    )
    limits = (
        a_check(of=nasty, measured=nasty, why=nasty, outcome=Outcome.FAILED, rows=("0" * 16,)),
        a_check(limit="max-noise", of=nasty, why=nasty, outcome=Outcome.FAILED, rows=("0" * 16,)),
        a_check(limit="require-reason", of=nasty, why=nasty, outcome=Outcome.NOT_ASSESSABLE, allowed=True),
    )
    file = a_file(
        path=nasty.replace("\x00", ""),
        findings=rows,
        checks=limits,
        comparison=Comparison(nasty, 1, 2, (GoneDoubt(nasty, nasty, nasty),)),
        notes=(nasty,),
        origin=nasty,
    )
    lapsed = (LapsedWaiver(Waiver(nasty, 1, nasty, why=nasty), nasty),)
    return a_result(file, waivers_path=nasty, lapsed=lapsed, rules={nasty: nasty})
