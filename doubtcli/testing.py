"""The contract that every reason passes: public, so that a plug-in's authors can test theirs in one line.

from doubtcli.testing import check_reason

def test_my_reason_keeps_the_contract():
    check_reason(MyReason)
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from doubtcli import plugins
from doubtcli.errors import ReasonError
from doubtcli.evidence.graph import known_needs
from doubtcli.reasons.contract import SECTIONS
from doubtcli.records import REASON_SPEAKS, Background, Evidence, ReasonScores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from doubtcli.records import Need
    from doubtcli.records.arrays import Codes, Floats

_PACKAGE = "the package under test"
_NOT_NEEDS = frozenset({"row", "doubt", "because"})
_SMALL_SHARE = 0.15
_OTHER_SIZE = 3
_TOLERANCE = 1e-6
"""How far apart two doubts may lie that should be equal: sums of float32 depend on their order that much."""


def check_reason(reason: Any) -> None:  # noqa: ANN401  # anybody's class or instance
    """See that a reason keeps the contract: its form, its worked rows, and how it behaves on random evidence.

    Args:
        reason: The class, tested with its default settings, or an instance.

    Raises:
        AssertionError: It does not, or it crashed; the sentence says what was found.
    """
    one = reason() if inspect.isclass(reason) else reason
    check_form(one)
    check_worked_rows(one)
    for n_rows, n_classes in ((40, 3), (40, 2), (2, 2), (12, 1)):
        evidence = example_evidence(seed=n_rows, n_rows=n_rows, n_classes=n_classes)
        check_behaviour(one, evidence)
        check_words(one, evidence)


def check_form(reason: Any) -> None:  # noqa: ANN401
    """See that its name, family, words and needs have the contract's form."""
    kind = type(reason)
    with _as_assertion():
        plugins.check_class(kind, str(getattr(kind, "name", "")), kind.__name__)
    frozen = kind.__dataclass_params__.frozen
    assert frozen, f"{kind.__name__} is not frozen"
    assert reason.because, "`because` is empty"
    missing = [section for section in SECTIONS if section not in (inspect.getdoc(kind) or "")]
    assert not missing, f"the docstring lacks {', '.join(missing)}"


def check_worked_rows(reason: Any) -> None:  # noqa: ANN401
    """See that its worked rows come out as stated, and that some raise doubt and some stay quiet."""
    for table, loud in (("raises_doubt", True), ("stays_quiet", False)):
        rows = getattr(reason, table, ())
        assert rows, f"`{table}` has no worked row"
        for worked in rows:
            doubt = worked_doubt(reason, worked)
            stated = worked["doubt"]
            assert np.isclose(doubt, stated, atol=5e-4, equal_nan=True), (
                f"`{table}`: {worked['because']!r} is stated as {stated} and comes out as {doubt}"
            )
            belongs = (stated >= REASON_SPEAKS) == loud
            assert belongs, f"`{table}`: a stated doubt of {stated} belongs in the other table"


def worked_doubt(reason: Any, worked: Mapping[str, Any]) -> float:  # noqa: ANN401
    """What a reason says of the row that a worked example looks at."""
    needs: dict[str, Any] = {
        name: _read_only(np.asarray(value)) for name, value in worked.items() if name not in _NOT_NEEDS
    }
    if "n_classes" in needs:
        needs["n_classes"] = int(worked["n_classes"])
    n_rows = [needs[name].shape[need.axes.index("rows")] for name, need in _with_rows() if name in needs]
    return float(_ask(reason, needs, n_rows[0])[worked["row"]])


def check_behaviour(reason: Any, evidence: Evidence) -> None:  # noqa: ANN401
    """See that it is a pure function of its needs: shape, range, order of rows, names of classes."""
    doubts = _ask_evidence(reason, evidence)
    np.testing.assert_array_equal(_ask_evidence(reason, evidence), doubts, "asked twice, it answers unlike")
    order = np.random.default_rng(0).permutation(len(evidence.given_labels))
    np.testing.assert_allclose(
        _ask_evidence(reason, reordered(evidence, order)),
        doubts[order],
        atol=_TOLERANCE,
        err_msg="rows in another order get other doubts",
    )
    renamed = np.roll(np.arange(evidence.n_classes), 1)
    np.testing.assert_allclose(
        _ask_evidence(reason, with_classes_renamed(evidence, renamed)),
        doubts,
        atol=_TOLERANCE,
        err_msg="classes under other codes get other doubts",
    )


def check_words(reason: Any, evidence: Evidence) -> None:  # noqa: ANN401
    """See that `explain`, where there is one, gives one line of text for each row that it is asked for."""
    if not hasattr(reason, "explain"):
        return
    doubts = _ask_evidence(reason, evidence)
    rows = np.flatnonzero(doubts > 0)  # only these are ever explained
    texts = _words_for(reason, doubts, evidence, rows)
    assert all("\n" not in text for text in texts), "`explain` gave a text of several lines"
    back = _words_for(reason, doubts, evidence, rows[::-1])
    assert back == texts[::-1], "`explain` gives a row other words when rows are asked in another order"


def example_evidence(seed: int = 0, n_rows: int = 40, n_classes: int = 3) -> Evidence:
    """Random evidence with everything that a reason may ask for, some of it missing on some rows.

    Probabilities are float32, as a scan's are. Evidence of other packages that are installed is numbers from
    0 to 1, or codes, of the shape that its axes say; an axis of their own has a length of 3.
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
        annotations=annotations,
    )
    sizes = {"rows": n_rows, "classes": n_classes}
    others = {name: need for name, need in known_needs().items() if name not in made}
    return _all_read_only(Evidence(made, **{name: _draw(need, sizes, rng) for name, need in others.items()}))


def _draw(need: Need, sizes: Mapping[str, int], rng: np.random.Generator) -> NDArray[Any]:
    shape = tuple(sizes.get(axis, _OTHER_SIZE) for axis in need.axes)
    if need.codes_of:
        return rng.integers(0, sizes.get(need.codes_of, _OTHER_SIZE), shape)
    return np.asarray(rng.random(shape))


def reordered(evidence: Evidence, order: Codes) -> Evidence:
    """The same rows in another order; neighbours still point at the same rows."""
    return _moved(evidence, "rows", order)


def with_classes_renamed(evidence: Evidence, renamed: Codes) -> Evidence:
    """The same rows with class `c` under the code `renamed[c]`."""
    return _moved(evidence, "classes", np.argsort(renamed))


def _moved(evidence: Evidence, axis: str, order: Codes) -> Evidence:
    """The same evidence with what an axis counts in another order."""
    place = np.argsort(order)
    moved: dict[str, Any] = {}
    for name, need in known_needs().items():
        value = evidence[name]
        if axis in need.axes:
            value = value.take(order, axis=need.axes.index(axis))
        if need.codes_of == axis:
            value = np.where(value >= 0, place[value], -1)
        moved[name] = value
    return _all_read_only(Evidence(moved))


def _with_rows() -> list[tuple[str, Need]]:
    return [(name, need) for name, need in known_needs().items() if "rows" in need.axes]


def _ask_evidence(reason: Any, evidence: Evidence) -> Floats:  # noqa: ANN401
    needs = {need: evidence[need] for need in plugins.needs_of(type(reason))}
    return _ask(reason, needs, len(evidence.given_labels))


def _ask(reason: Any, needs: Mapping[str, Any], n_rows: int) -> Floats:  # noqa: ANN401
    with _as_assertion():
        return plugins.ask_reason(plugins.as_loaded(reason, _PACKAGE), needs, n_rows)


def _words_for(reason: Any, doubts: Floats, evidence: Evidence, rows: Codes) -> list[str]:  # noqa: ANN401
    one = plugins.as_loaded(reason, _PACKAGE)
    said = ReasonScores(one.name, one.package, one.family, one.because, doubts)
    with _as_assertion():
        return plugins.explain_reason(one, said, evidence, example_background(evidence), rows)


def example_background(evidence: Evidence) -> Background:
    """Something of everything that words may need; every third row has the same input."""
    n_rows = len(evidence.given_labels)
    return Background(
        class_names=tuple(f"class {code}" for code in range(evidence.n_classes)),
        suggested_labels=_read_only((evidence.given_labels + 1) % evidence.n_classes),
        training_labels=evidence.given_labels,
        pred_probs_are_yours=False,
        inputs=pa.table({"text": [f"input {row % 3}" for row in range(n_rows)]}),
    )


@contextmanager
def _as_assertion() -> Iterator[None]:
    """What `doubt` refuses a reason for, as what a test fails for."""
    try:
        yield
    except ReasonError as error:
        raise AssertionError(str(error)) from error


def _all_read_only(evidence: Evidence) -> Evidence:
    values = {name: evidence[name] for name, _ in _with_rows()}
    arrays: dict[str, Any] = {name: _read_only(value) for name, value in values.items()}
    return Evidence(evidence, **arrays)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = array.copy()
    array.flags.writeable = False
    return array
