"""Small records made by hand, for everything that is made from what a gate found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.gate.result import RULES, Check, FileResult, Finding, GateResult, Outcome

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
    """Makes a doubted row that fails no limit; what is given differs."""
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
