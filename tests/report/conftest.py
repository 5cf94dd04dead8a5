"""A small audit made by hand, for everything that is made from audits."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.records import (
    Annotations,
    AuditComparison,
    AuditSample,
    Column,
    ComparedAudit,
    Evidence,
    Examples,
    Gain,
    LabelChange,
    Labels,
    NoiseRate,
    Power,
    Ranking,
    ReasonScores,
    RelabelScore,
    Role,
    Roles,
    RowOutcomes,
    ScanResult,
    Skill,
    SkippedReason,
    Source,
    Verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from doubtcli.records.arrays import Floats

TEXTS = (
    "My card was charged twice for one order",  # 0
    "The app closes when I open the camera",  # 1
    "Where is my parcel?",  # 2
    "Please send the invoice again",  # 3
    "The parcel came broken",  # 4
    "I was charged after I cancelled",  # 5
    "The login button does nothing",  # 6
    "Where is my parcel?",  # 7: the same as row 2, with another label
)
CLASS_NAMES = ("billing", "bug", "delivery")
GIVEN = (0, 1, 2, 0, 1, 0, 1, 0)
SUGGESTED = (0, 1, 2, 0, 2, 0, 1, 2)
"""Rows 4 and 7 look like deliveries."""
DOUBT = (0.02, 0.05, 0.10, 0.30, 0.80, 0.55, 0.05, 0.97)
"""Rows 7, 4 and 5 are doubted, in this order; row 5 has no better label."""
ANNOTATORS = ("ada", "ben")
ANSWERS = ((0, 0), (1, 1), (2, 2), (0, -1), (2, 1), (0, 1), (1, 1), (2, 0))

SKILLED = Skill(
    assessable=True,
    why="models that never saw a row predict 88% of the labels (always guessing the largest class: 50%)",
    accuracy=0.875,
    balanced_accuracy=0.86,
    majority_accuracy=0.5,
    permuted_accuracy=0.45,
    by_model={"words": 0.87, "spelling": 0.85},
)
UNSKILLED = Skill(
    assessable=False,
    why="models predict no better than the largest class",
    accuracy=0.5,
    balanced_accuracy=0.33,
    majority_accuracy=0.5,
    permuted_accuracy=0.41,
)
NOISE = NoiseRate(
    assessable=True,
    why="by models alone, which miss errors that follow a pattern, so measure yours with --audit-sample 100",
    at_least=0.022,
    contradicted=0.24,
)
NO_NOISE = NoiseRate(assessable=False, why="models predict no better than the largest class")

SKIPPED = (
    SkippedReason("model-disagreement", "doubtcli 0.1.0", "it needs models of two families; there is one"),
)


def build_audit(
    *,
    texts: Sequence[str | None] = TEXTS,
    given: Sequence[int] = GIVEN,
    suggested: Sequence[int] = SUGGESTED,
    doubt: Sequence[float] = DOUBT,
    doubted: Sequence[bool] | None = None,
    contradicted: Sequence[bool] | None = None,
    queue_length: int = 0,
    class_names: tuple[str, ...] = CLASS_NAMES,
    row_ids: tuple[str, ...] | None = None,
    extra_inputs: Mapping[str, Sequence[Any]] | None = None,
    annotators: tuple[str, ...] = ANNOTATORS,
    answers: Sequence[Sequence[int]] | None = ANSWERS,
    why: Sequence[str] | None = None,
    with_models: bool = True,
    with_neighbors: bool = True,
    noise: NoiseRate = NOISE,
    skill: Skill = SKILLED,
    skipped: tuple[SkippedReason, ...] = SKIPPED,
    notes: tuple[str, ...] = ("two rows have no label: they are set aside",),
    path: str = "data/tickets.csv",
    n_unlabelled: int = 2,
    n_unusable: int = 0,
    verdicts: Verdicts | None = None,
    sample: AuditSample | None = None,
    power: Power | None = None,
    timings: Mapping[str, float] | None = None,
    audit_key: str = "",
    n_more: int = 0,
) -> ScanResult:
    """An audit of a few support tickets; all other values are derived from those that are given.

    `n_more` rows like the first follow.

    In the file the rows are in reverse, unlabelled ones last. A row is doubted from a doubt of 0.5 on. Its
    neighbours are the next three rows. Models give its suggested label 0.75, and the others an equal share.
    """
    texts = (*texts, *(f"{texts[0]}, number {number}" for number in range(n_more)))
    given, suggested, doubt = (
        (*values, *values[:1] * n_more) for values in (tuple(given), tuple(suggested), tuple(doubt))
    )
    answers = (*answers, *tuple(answers)[:1] * n_more) if answers else answers
    n_rows = len(given)
    row_ids = row_ids or tuple(f"t{row:04d}" for row in range(n_rows))
    flags = np.asarray([value >= 0.5 for value in doubt] if doubted is None else doubted, dtype=bool)
    examples = Examples(
        row_ids=row_ids,
        positions=np.arange(n_rows)[::-1],
        given_labels=np.asarray(given, dtype=np.intp),
        class_names=class_names,
        inputs=pa.table(
            {
                "text": pa.array(texts, pa.string()),
                **{k: pa.array(v) for k, v in (extra_inputs or {}).items()},
            }
        ),
        column_roles={"text": "text"},
        annotations=Annotations(annotators, np.asarray(answers, dtype=np.intp)) if answers else None,
        unlabelled_row_ids=tuple(f"u{row:04d}" for row in range(n_unlabelled)),
        unlabelled_positions=tuple(range(n_rows, n_rows + n_unlabelled)),
        verdicts=verdicts,
        unusable_row_ids=tuple(f"x{row:04d}" for row in range(n_unusable)),
        unusable_positions=tuple(range(n_rows + n_unlabelled, n_rows + n_unlabelled + n_unusable)),
        row_hashes=tuple(f"{position:016x}" for position in range(n_rows + n_unlabelled + n_unusable)),
    )
    evidence = _evidence(examples, suggested, with_models=with_models, with_neighbors=with_neighbors)
    words = why or [
        f"models give {class_names[code]!r} more" if flag else ""
        for code, flag in zip(suggested, flags, strict=True)
    ]
    return ScanResult(
        source=Source(path, "csv", 421, "ab" * 32, encoding="utf-8", delimiter=","),
        roles=Roles(
            (
                Column("text", Role.TEXT, used=True, why="--text"),
                Column("label", Role.LABEL, used=True, why="named like a label"),
                Column("label_code", Role.CATEGORICAL, used=False, why="goes one to one with the label"),
            )
        ),
        labels=Labels(
            codes=np.concatenate(
                [examples.given_labels[::-1], np.full(n_unlabelled, -1), np.zeros(n_unusable, int)]
            ),
            class_names=class_names,
            class_values=class_names,
        ),
        examples=examples,
        evidence=evidence,
        model_names=("words", "spelling") if with_models else (),
        reasons=_reasons(n_rows, np.asarray(doubt), with_models=with_models, answers=answers),
        skipped=skipped,
        ranking=Ranking(
            doubt=np.asarray(doubt, dtype=float),
            doubt_sd=np.full(n_rows, 0.02),
            suggested_labels=np.asarray(suggested, dtype=np.intp),
            suggested_confidence=np.full(n_rows, 0.75),
            doubted=flags,
            contradicted=np.zeros(n_rows, dtype=bool) if contradicted is None else np.asarray(contradicted),
            order=np.asarray(
                sorted(range(n_rows), key=lambda row: (-doubt[row], row_ids[row])), dtype=np.intp
            ),
            voices=("two models", "neighbours"),
            margins=_to_log_odds(np.asarray(doubt, dtype=float)),
            queue_length=queue_length,
            decided=None if verdicts is None else verdicts.codes >= 0,
        ),
        audit_key=audit_key,
        why=tuple(words),
        skill=skill,
        noise_rate=noise,
        settings={"label": "label", "seed": 0, "reasons": None, "skip": ()},
        seed=0,
        versions={"doubtcli": "0.1.0", "numpy": "2.0.0"},
        notes=notes,
        timings=timings or {"read": 0.1, "rank": 0.02},
        sample=sample,
        power=power,
    )


def _to_log_odds(doubt: Floats) -> Floats:
    bounded = np.clip(doubt, 0.001, 0.999)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _evidence(
    examples: Examples, suggested: Sequence[int], *, with_models: bool, with_neighbors: bool
) -> Evidence:
    n_rows, n_classes = examples.n_rows, examples.n_classes
    probs = np.full((n_rows, n_classes), 0.25 / max(n_classes - 1, 1))
    probs[np.arange(n_rows), suggested] = 0.75
    steps = np.arange(1, min(3, n_rows - 1) + 1)
    near = (np.arange(n_rows)[:, None] + steps) % n_rows
    texts = examples.inputs.column("text").to_pylist()
    first = {text: row for row, text in reversed(list(enumerate(texts)))}
    return Evidence(
        given_labels=examples.given_labels,
        n_classes=n_classes,
        pred_probs=probs if with_models else None,
        pred_probs_by_model=np.stack([probs, probs]) if with_models else None,
        pred_probs_by_repeat=np.stack([probs, probs]) if with_models else None,
        neighbor_indices=near if with_neighbors else None,
        neighbor_distances=np.broadcast_to(steps / 10, near.shape) if with_neighbors else None,
        neighbor_votes=np.eye(n_classes)[examples.given_labels[near]].mean(axis=1)
        if with_neighbors
        else None,
        duplicate_groups=np.asarray([first[text] for text in texts], dtype=np.intp)
        if with_neighbors
        else None,
        annotations=examples.annotations.codes if examples.annotations else None,
    )


def _reasons(
    n_rows: int, doubt: np.ndarray[Any, Any], *, with_models: bool, answers: object
) -> tuple[ReasonScores, ...]:
    def score(
        name: str, because: str, scores: np.ndarray[Any, Any], source: str, *, family: str = "error"
    ) -> ReasonScores:
        return ReasonScores(name, "doubtcli 0.1.0", family, because, scores, (source,))

    silent = np.full(n_rows, np.nan)
    duplicates = silent.copy()
    duplicates[n_rows - 1] = 0.5  # the last row: it repeats row 2 with another label
    scored = [
        score("duplicate-conflict", "the same input has another label", duplicates, "duplicates"),
        score("outlier", "it looks like nothing else", np.full(n_rows, 0.25), "neighbors", family="context"),
    ]
    if with_models:
        because = "models that never saw it give its label little probability"
        scored.insert(0, score("low-self-confidence", because, doubt.astype(float), "models"))
    if answers:
        scored.append(score("annotator-disagreement", "its annotators disagree", 0.6 * doubt, "annotators"))
    return tuple(scored)


@pytest.fixture
def make_audit() -> Callable[..., ScanResult]:
    """Makes an audit by hand: see `build_audit`."""
    return build_audit


SCORE = RelabelScore(
    assessable=True,
    why="measured on the rows whose label stayed",
    model="logistic regression",
    n_folds=5,
    n_repeats=2,
    n_trained=1_200,
    n_judged=1_130,
    accuracy=Gain(before=0.8, after=0.85, low=0.0312, high=0.0688),
    balanced_accuracy=Gain(before=0.75, after=0.78, low=-0.01, high=0.07),
)
CLEANER = NoiseRate(assessable=True, why="by models alone", at_least=0.0, contradicted=0.08)


def build_comparison(**changes: Any) -> AuditComparison:
    """The comparison of two audits of some support tickets; `changes` are by field of `AuditComparison`.

    Of 60 doubted rows 30 are fixed, 10 cleared, 15 kept, 2 set aside and 3 gone; 4 are new and one is added.
    """
    before = ComparedAudit("tickets.doubt", "data/tickets.csv", 1_203, 1_201, 60, NOISE, SKILLED)
    after = ComparedAudit("fixed.doubt", "data/fixed.csv", 1_202, 1_199, 20, CLEANER, SKILLED)
    comparison = AuditComparison(
        before=before,
        after=after,
        n_matched=1_200,
        n_edited=0,
        n_gone=3,
        gone_doubted=3,
        n_added=2,
        added_doubted=1,
        changes=(
            LabelChange("billing", "bug", 40),
            LabelChange("bug", "delivery", 29),
            LabelChange(None, "bug", 1),
        ),
        outcomes=RowOutcomes(1_200, 57, 70, 30, 10, 15, 5, 2, 4),
        by_class={
            "billing": RowOutcomes(700, 40, 40, 20, 5, 13, 5, 2, 1),
            "bug": RowOutcomes(499, 17, 29, 10, 5, 2, 0, 0, 2),
            None: RowOutcomes(1, 0, 1, 0, 0, 0, 0, 0, 1),
        },
        by_annotator={"ada": RowOutcomes(900, 20, 30, 12, 4, 4, 1, 0, 3)},
        score=SCORE,
    )
    return replace(comparison, **changes)


@pytest.fixture
def make_comparison() -> Callable[..., AuditComparison]:
    """Makes a comparison by hand: see `build_comparison`."""
    return build_comparison


def _load_conftest(room: str) -> ModuleType:
    """The fixtures of another room's tests."""
    path = Path(__file__).parents[1] / room / "conftest.py"
    spec = spec_from_file_location(f"{room}_conftest", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_GATE = _load_conftest("gate")
a_finding, a_check, a_file, a_result = _GATE.a_finding, _GATE.a_check, _GATE.a_file, _GATE.a_result
findings, checks, full_result = _GATE.findings, _GATE.checks, _GATE.full_result
nasty, nasty_result = _GATE.nasty, _GATE.nasty_result
