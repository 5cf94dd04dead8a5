"""The contract that every reason passes: public, so that a plug-in's authors can test theirs in one line.

from doubtcli.testing import check_reason

def test_my_reason_keeps_the_contract():
    check_reason(MyReason)
"""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.plugins import NAME, needs_of
from doubtcli.reasons.contract import FAMILIES, NEEDS, SECTIONS
from doubtcli.records import REASON_SPEAKS, Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_NOT_NEEDS = frozenset({"row", "doubt", "because"})
_SMALL_SHARE = 0.15
_SAME = 1e-6
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
        check_behaviour(one, example_evidence(seed=n_rows, n_rows=n_rows, n_classes=n_classes))


def check_form(reason: Any) -> None:  # noqa: ANN401
    """See that its name, family, words and needs have the contract's form."""
    kind = type(reason)
    assert is_dataclass(kind), f"{kind.__name__} is no dataclass"
    frozen = kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # every dataclass has it
    assert frozen, f"{kind.__name__} is not frozen"
    assert NAME.fullmatch(reason.name), f"the name {reason.name!r} is not kebab-case letters"
    assert getattr(reason, "family", "error") in FAMILIES, (
        f"the family is {reason.family!r}, not of {FAMILIES}"
    )
    assert isinstance(reason.because, str), "there is no `because` that completes 'doubted because …'"
    assert reason.because, "`because` is empty"
    missing = [section for section in SECTIONS if section not in (inspect.getdoc(kind) or "")]
    assert not missing, f"the docstring lacks {', '.join(missing)}"
    unknown = [need for need in needs_of(kind) if need not in NEEDS]
    assert not unknown, f"there are no needs {unknown}; known are {list(NEEDS)}"


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
    return float(_ask(reason, needs)[worked["row"]])


def check_behaviour(reason: Any, evidence: Evidence) -> None:  # noqa: ANN401
    """See that it is a pure function of its needs: shape, range, order of rows, names of classes."""
    doubts = _score(reason, evidence)
    n_rows = len(evidence.given_labels)
    assert doubts.shape == (n_rows,), f"the shape is {doubts.shape}, not ({n_rows},)"
    known = doubts[~np.isnan(doubts)]
    assert ((known >= 0) & (known <= 1)).all(), f"doubts run from {known.min()} to {known.max()}, not 0 to 1"
    np.testing.assert_array_equal(_score(reason, evidence), doubts, "asked twice, it answers unlike")
    order = np.random.default_rng(0).permutation(n_rows)
    np.testing.assert_allclose(
        _score(reason, reordered(evidence, order)),
        doubts[order],
        atol=_SAME,
        err_msg="rows in another order get other doubts",
    )
    renamed = np.roll(np.arange(evidence.n_classes), 1)
    np.testing.assert_allclose(
        _score(reason, with_classes_renamed(evidence, renamed)),
        doubts,
        atol=_SAME,
        err_msg="classes under other codes get other doubts",
    )


def example_evidence(seed: int = 0, n_rows: int = 40, n_classes: int = 3) -> Evidence:
    """Random evidence with everything that a reason may ask for, some of it missing on some rows.

    Probabilities are float32, as a scan's are.
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
    return _all_read_only(
        Evidence(
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
    )


def reordered(evidence: Evidence, order: NDArray[np.intp]) -> Evidence:
    """The same rows in another order; neighbours still point at the same rows."""
    place = np.argsort(order)
    indices = evidence.neighbor_indices
    assert indices is not None
    moved: dict[str, Any] = {
        name: value[order] if name not in _ROWS_SECOND else value[:, order]
        for name, value in _arrays(evidence)
    }
    moved["neighbor_indices"] = np.where(indices[order] >= 0, place[indices[order]], -1)
    return _all_read_only(replace(evidence, **moved))


def with_classes_renamed(evidence: Evidence, renamed: NDArray[np.intp]) -> Evidence:
    """The same rows with class `c` under the code `renamed[c]`."""
    old = np.argsort(renamed)
    moved: dict[str, Any] = {
        name: value[..., old]
        for name, value in _arrays(evidence)
        if name.startswith("pred_probs") or name == "neighbor_votes"
    }
    moved["given_labels"] = renamed[evidence.given_labels]
    answers = evidence.annotations
    assert answers is not None
    moved["annotations"] = np.where(answers >= 0, renamed[answers], -1)
    return _all_read_only(replace(evidence, **moved))


_ROWS_SECOND = frozenset({"pred_probs_by_model", "pred_probs_by_repeat"})


def _arrays(evidence: Evidence) -> list[tuple[str, NDArray[Any]]]:
    values = ((field.name, getattr(evidence, field.name)) for field in fields(evidence))
    return [(name, value) for name, value in values if isinstance(value, np.ndarray)]


def _score(reason: Any, evidence: Evidence) -> NDArray[np.float64]:  # noqa: ANN401
    return _ask(reason, {need: getattr(evidence, need) for need in needs_of(type(reason))})


def _ask(reason: Any, needs: dict[str, Any]) -> NDArray[np.float64]:  # noqa: ANN401
    try:
        return np.asarray(reason.score(**needs), dtype=np.float64)
    except Exception as error:
        told = f"it crashed: {type(error).__name__}: {error}"
        raise AssertionError(told) from error


def _all_read_only(evidence: Evidence) -> Evidence:
    arrays: dict[str, Any] = {name: _read_only(value) for name, value in _arrays(evidence)}
    return replace(evidence, **arrays)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = array.copy()
    array.flags.writeable = False
    return array
