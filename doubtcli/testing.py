"""What tests need: that labels are within limits, and that a reason keeps the contract of reasons.

from doubtcli.testing import assert_labels, check_reason

def test_labels_are_clean():
    assert_labels("data.csv", label="intent", max_doubted="2%")

def test_my_reason_keeps_the_contract():
    check_reason(MyReason)
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pyarrow as pa

from doubtcli import plugins
from doubtcli.api.keywords import GateOptions, plan_gate
from doubtcli.api.scan import scan
from doubtcli.errors import ReasonError
from doubtcli.evidence.graph import list_known_needs
from doubtcli.gate.formats.concise import render_concise
from doubtcli.reasons.contract import SECTIONS
from doubtcli.records import REASON_SPEAKS, Background, Evidence, ReasonScores, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from doubtcli.api.keywords import Data, LabelOptions
    from doubtcli.gate.result import GateResult
    from doubtcli.records import Need
    from doubtcli.records.arrays import Codes, Floats

MOST_ROWS = 10
"""How many rows a failed assertion lists."""
_PACKAGE = "the package under test"
_NOT_NEEDS = frozenset({"row", "doubt", "because"})
_RULES = tuple(
    Rule(f"rule {number}", 'contains(text, "1")', "class 0", "why" * number) for number in range(3)
)
_SMALL_SHARE = 0.15
_OTHER_SIZE = 3
_TOLERANCE = 1e-6
"""By how much two doubts may differ that should be equal: float32 sums depend on their order by so much."""


def assert_labels(data: Data, **options: Unpack[LabelOptions]) -> None:
    """See that the labels of a table or a file are within limits, as `doubt gate` does.

    Args:
        data: A pandas or polars DataFrame, a pyarrow Table, or the path of a file.
        options: The keywords of `doubtcli.scan`, and at least one limit of `Audit.gate`.

    Raises:
        AssertionError: A limit is not met; the message names it, and the rows that fail it.
        DoubtError: The data can't be used, or an option is not valid.

    Example:
        >>> from doubtcli.testing import assert_labels
        >>> assert_labels("fixtures/penguins.csv", label="species", max_doubted="50%", fast=True)
    """
    config = options.get("config")
    scan_options = {name: value for name, value in options.items() if name not in GateOptions.__annotations__}
    limits = {name: value for name, value in options.items() if name in GateOptions.__annotations__}
    plan_gate(limits, config)  # what is wrong with a limit is an error before the scan
    audit = scan(data, **({"progress": False} | scan_options))  # type: ignore[arg-type]  # split by name just now
    result = audit.gate(**limits, config=config)  # type: ignore[arg-type]
    if not result.passed:
        raise AssertionError(_describe_failure(result))


def _describe_failure(result: GateResult) -> str:
    """The limits that are not met, then the most doubted rows that fail them."""
    n_rows = sum(len(file.failing) for file in result.files)
    lines = render_concise(result).splitlines()
    rows, limits = lines[:n_rows], lines[n_rows:-1]
    more = [f"... and {n_rows - MOST_ROWS:,} more"] if n_rows > MOST_ROWS else []
    return "\n".join(["the labels are not within their limits", *limits, *rows[:MOST_ROWS], *more])


def check_reason(reason: Any) -> None:  # noqa: ANN401  # any class or instance
    """Check that a reason keeps the contract: its form, its worked rows, its behaviour on random evidence.

    Args:
        reason: The class, tested with its default settings, or an instance.

    Raises:
        AssertionError: The reason breaks the contract, or crashed; the message says what was found.
    """
    one = reason() if inspect.isclass(reason) else reason
    check_form(one)
    check_worked_rows(one)
    for n_rows, n_classes in ((40, 3), (40, 2), (2, 2), (12, 1)):
        evidence = make_example_evidence(seed=n_rows, n_rows=n_rows, n_classes=n_classes)
        check_behaviour(one, evidence)
        check_explanations(one, evidence)


def check_form(reason: Any) -> None:  # noqa: ANN401
    """Check the form of a reason: its name, family, texts and needs."""
    kind = type(reason)
    with _as_assertion_error():
        plugins.check_class(kind, str(getattr(kind, "name", "")), kind.__name__)
    frozen = kind.__dataclass_params__.frozen
    assert frozen, f"{kind.__name__} is a dataclass, but not frozen: write @dataclass(frozen=True)"
    assert reason.because, "`because` is empty"
    missing = [section for section in SECTIONS if section not in (inspect.getdoc(kind) or "")]
    assert not missing, f"the docstring has no section {', '.join(missing)}"


def check_worked_rows(reason: Any) -> None:  # noqa: ANN401
    """Check that a reason gives its worked rows the stated doubts; some raise doubt, some stay quiet."""
    for table, loud in (("raises_doubt", True), ("stays_quiet", False)):
        rows = getattr(reason, table, ())
        assert rows, f"`{table}` has no worked rows"
        for worked in rows:
            doubt = score_worked_row(reason, worked)
            stated = worked["doubt"]
            assert np.isclose(doubt, stated, atol=5e-4, equal_nan=True), (
                f"`{table}`: {worked['because']!r} states a doubt of {stated}, but `score` gives {doubt:.6g}"
            )
            belongs = (stated >= REASON_SPEAKS) == loud
            other = "stays_quiet" if loud else "raises_doubt"
            assert belongs, f"`{table}`: the row with a stated doubt of {stated} belongs in `{other}`"


def score_worked_row(reason: Any, worked: Mapping[str, Any]) -> float:  # noqa: ANN401
    """The doubt that a reason gives the row of a worked example."""
    needs: dict[str, Any] = {
        name: _make_read_only(np.asarray(value)) for name, value in worked.items() if name not in _NOT_NEEDS
    }
    if "n_classes" in needs:
        needs["n_classes"] = int(worked["n_classes"])
    n_rows = [
        needs[name].shape[need.axes.index("rows")] for name, need in _list_needs_with_rows() if name in needs
    ]
    return float(_run_on_needs(reason, needs, n_rows[0])[worked["row"]])


def check_behaviour(reason: Any, evidence: Evidence) -> None:  # noqa: ANN401
    """Check that a reason depends on its needs alone, not on the order of rows or the codes of classes."""
    doubts = _run_on_evidence(reason, evidence)
    _check_same(_run_on_evidence(reason, evidence), doubts, "run again on the same evidence", tolerance=0)
    order = np.random.default_rng(0).permutation(len(evidence.given_labels))
    in_order = _run_on_evidence(reason, reorder_rows(evidence, order))
    _check_same(in_order, doubts[order], "with the rows in another order")
    renamed = np.roll(np.arange(evidence.n_classes), 1)
    with_codes = _run_on_evidence(reason, rename_classes(evidence, renamed))
    _check_same(with_codes, doubts, "with other codes for the same classes")


def _check_same(doubts: Floats, expected: Floats, when: str, tolerance: float = _TOLERANCE) -> None:
    is_same = np.isclose(doubts, expected, rtol=0, atol=tolerance, equal_nan=True)
    if not is_same.all():
        row = int(np.argmin(is_same))
        raise AssertionError(
            f"{when}, it gave a row a doubt of {doubts[row]:.6g} instead of {expected[row]:.6g}"
        )


def check_explanations(reason: Any, evidence: Evidence) -> None:  # noqa: ANN401
    """Check that `explain`, if there is one, gives one line of text for each row."""
    if not hasattr(reason, "explain"):
        return
    doubts = _run_on_evidence(reason, evidence)
    rows = np.flatnonzero(doubts > 0)  # only these rows are ever explained
    texts = _explain_rows(reason, doubts, evidence, rows)
    assert all("\n" not in text for text in texts), "`explain` gave a text of more than one line"
    back = _explain_rows(reason, doubts, evidence, rows[::-1])
    assert back == texts[::-1], "`explain` gave a row another text when the rows came in another order"


def make_example_evidence(seed: int = 0, n_rows: int = 40, n_classes: int = 3) -> Evidence:
    """Random evidence: all that a reason may ask for, with some values missing in some rows.

    Probabilities are float32, as in a scan. Evidence that other installed packages provide is made of random
    numbers from 0 to 1, or of codes, in the shape that its axes give; an axis of its own has length 3.
    """
    rng = np.random.default_rng(seed)
    k = min(3, n_rows - 1)
    by_repeat = rng.dirichlet(np.ones(n_classes), size=(2, n_rows))
    by_model = rng.dirichlet(np.ones(n_classes), size=(3, n_rows))
    indices = np.stack(
        [rng.choice(np.delete(np.arange(n_rows), row), k, replace=False) for row in range(n_rows)]
    )
    distances = np.sort(rng.random((n_rows, k)), axis=1)
    labels = rng.integers(0, n_classes, n_rows)
    votes = np.stack([np.bincount(labels[row], minlength=n_classes) / k for row in indices])
    alone = rng.random(n_rows) < _SMALL_SHARE
    indices[alone], distances[alone], votes[alone] = -1, np.nan, 0.0
    annotations = rng.integers(-1, n_classes, (n_rows, 4))
    annotations[rng.random(n_rows) < _SMALL_SHARE] = -1
    made = Evidence(
        given_labels=labels,
        n_classes=n_classes,
        pred_probs=by_repeat.mean(axis=0).astype(np.float32),
        pred_probs_by_model=by_model.astype(np.float32),
        pred_probs_by_repeat=by_repeat.astype(np.float32),
        neighbor_indices=indices,
        neighbor_distances=distances,
        neighbor_votes=votes,
        duplicate_groups=rng.integers(0, max(2, n_rows // 2), n_rows),
        equal_groups=rng.integers(0, n_rows, n_rows),
        are_copies=rng.random(n_rows) < _SMALL_SHARE,
        annotations=annotations,
        rule_labels=rng.integers(-1, n_classes, (n_rows, len(_RULES))),
    )
    sizes = {"rows": n_rows, "classes": n_classes}
    others = {name: need for name, need in list_known_needs().items() if name not in made}
    return _make_all_read_only(
        Evidence(made, **{name: _draw_evidence(need, sizes, rng) for name, need in others.items()})
    )


def _draw_evidence(need: Need, sizes: Mapping[str, int], rng: np.random.Generator) -> NDArray[Any]:
    shape = tuple(sizes.get(axis, _OTHER_SIZE) for axis in need.axes)
    if need.codes_of:
        return rng.integers(0, sizes.get(need.codes_of, _OTHER_SIZE), shape)
    return np.asarray(rng.random(shape))


def reorder_rows(evidence: Evidence, order: Codes) -> Evidence:
    """The same rows in another order; the indices of neighbours still point at the same rows."""
    return _reorder_axis(evidence, "rows", order)


def rename_classes(evidence: Evidence, renamed: Codes) -> Evidence:
    """The same rows, where class `c` has the code `renamed[c]`."""
    return _reorder_axis(evidence, "classes", np.argsort(renamed))


def _reorder_axis(evidence: Evidence, axis: str, order: Codes) -> Evidence:
    """The same evidence with one axis in another order."""
    place = np.argsort(order)
    moved: dict[str, Any] = {}
    for name, need in list_known_needs().items():
        value = evidence[name]
        if axis in need.axes:
            value = value.take(order, axis=need.axes.index(axis))
        if need.codes_of == axis:
            value = np.where(value >= 0, place[value], -1)
        moved[name] = value
    return _make_all_read_only(Evidence(moved))


def _list_needs_with_rows() -> list[tuple[str, Need]]:
    return [(name, need) for name, need in list_known_needs().items() if "rows" in need.axes]


def _run_on_evidence(reason: Any, evidence: Evidence) -> Floats:  # noqa: ANN401
    needs = {need: evidence[need] for need in plugins.list_needs(type(reason))}
    return _run_on_needs(reason, needs, len(evidence.given_labels))


def _run_on_needs(reason: Any, needs: Mapping[str, Any], n_rows: int) -> Floats:  # noqa: ANN401
    with _as_assertion_error():
        return plugins.run_reason(plugins.wrap_reason(reason, _PACKAGE), needs, n_rows)


def _explain_rows(reason: Any, doubts: Floats, evidence: Evidence, rows: Codes) -> list[str]:  # noqa: ANN401
    one = plugins.wrap_reason(reason, _PACKAGE)
    scores = ReasonScores(one.name, one.package, one.family, one.because, doubts)
    with _as_assertion_error():
        return plugins.explain_reason(one, scores, evidence, make_example_background(evidence), rows)


def make_example_background(evidence: Evidence) -> Background:
    """All that `explain` may ask for besides evidence; every third row has the same input."""
    n_rows = len(evidence.given_labels)
    return Background(
        class_names=tuple(f"class {code}" for code in range(evidence.n_classes)),
        suggested_labels=_make_read_only((evidence.given_labels + 1) % evidence.n_classes),
        training_labels=evidence.given_labels,
        pred_probs_are_yours=False,
        inputs=pa.table({"text": [f"input {row % 3}" for row in range(n_rows)]}),
        rules=_RULES,
    )


@contextmanager
def _as_assertion_error() -> Iterator[None]:
    """Turn an error about a reason into a failed assertion."""
    try:
        yield
    except ReasonError as error:
        raise AssertionError(str(error)) from error


def _make_all_read_only(evidence: Evidence) -> Evidence:
    values = {name: evidence[name] for name, _ in _list_needs_with_rows()}
    arrays: dict[str, Any] = {name: _make_read_only(value) for name, value in values.items()}
    return Evidence(evidence, **arrays)


def _make_read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = array.copy()
    array.flags.writeable = False
    return array
