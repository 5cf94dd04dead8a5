"""How often the lower bound of the noise rate holds, on clean labels with planted errors.

Usage: python benchmarks/intervals.py [FIRST LAST]      (`make bench-coverage` runs replicates 100 and 101)

Every replicate takes thirteen labelled sets: four public ones that are clean or nearly so, and nine made up,
of 2, 4 and 10 classes that overlap until logistic regression is right about .75, .85 or .95 of the time.
Labels are flipped at known rates, the models are cross-fitted on the flipped labels as in `doubt scan`, and
the bound is compared with the share that was flipped, and with cleanlab's figure for the same
probabilities. The noise rate's few constants were chosen on replicates 0 to 2; the table is of new ones.
The table goes to standard output and into benchmarks/README.md.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from cleanlab.count import estimate_joint
from page import PAGE, write_between
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from doubtcli.evidence.duplicates import find_duplicates
from doubtcli.evidence.neighbors import count_votes, find_neighbors
from doubtcli.features.table import TableBlock
from doubtcli.predict.crossfit import cross_fit
from doubtcli.predict.engine import ThreadEngine, limit_native_threads
from doubtcli.predict.folds import assign_folds
from doubtcli.predict.pooling import calibrate_scores
from doubtcli.predict.skill import measure_skill
from doubtcli.predict.table_models import LinearModel
from doubtcli.rank.noise import estimate_noise
from doubtcli.records import Evidence, Features
from doubtcli.tasks.classification import pool_pred_probs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
RATES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4)
KINDS = ("uniform", "class-confused")
PUBLIC = {"digits": load_digits, "breast cancer": load_breast_cancer, "wine": load_wine, "iris": load_iris}
CLASSES = (2, 4, 10)
ACCURACIES = (0.75, 0.85, 0.95)
SIZES = (300, 600, 1000, 2000, 3000, 5000)
FOLDS, REPEATS = 5, 2
"""The defaults of `doubt scan`."""
FIRST, LAST = 100, 102
WEAK_PART = 4
"""The pool on weak features gets one column in this many."""


@dataclass(frozen=True)
class Base:
    """A set of rows whose labels are right."""

    name: str
    inputs: np.ndarray
    labels: np.ndarray

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Run:
    """One planting, and the models' predictions for it."""

    base: str
    model: str
    kind: str
    rate: float
    given_labels: np.ndarray
    wrong: np.ndarray
    groups: np.ndarray
    voices: np.ndarray
    """Shape `(n_repeats, n_rows, n_classes)`: the probabilities that the noise rate is estimated from."""
    has_skill: bool


def make_bases(replicate: int) -> Iterator[Base]:
    """The thirteen sets of a replicate; each replicate makes new made-up sets."""
    for name, load in PUBLIC.items():
        yield Base(name, *load(return_X_y=True))
    rng = np.random.default_rng(replicate)
    for n_classes in CLASSES:
        for accuracy in ACCURACIES:
            yield make_base(n_classes, accuracy, int(rng.choice(SIZES)), seed=int(rng.integers(2**31)))


def make_base(n_classes: int, accuracy: float, n_rows: int, seed: int) -> Base:
    """Classes just far enough apart for logistic regression to reach the accuracy; no label is flipped."""
    for separation in np.geomspace(0.1, 4.0, 25):
        inputs, labels = make_classification(
            n_rows,
            12,
            n_informative={2: 2, 4: 4, 10: 5}[n_classes],
            n_classes=n_classes,
            n_clusters_per_class=1,
            class_sep=separation,
            flip_y=0,
            random_state=seed,
        )
        predicted = cross_val_predict(LogisticRegression(C=0.1, max_iter=200), inputs, labels, cv=3)
        if (predicted == labels).mean() >= accuracy:
            break
    return Base(f"made up, {n_classes} classes, accuracy {accuracy}, {n_rows} rows", inputs, labels)


def plant(
    labels: np.ndarray, rate: float, confusion: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The labels after flips with this probability, and which were flipped.

    Args:
        labels: The right labels.
        rate: The probability of a flip.
        confusion: Shape `(n_classes, n_classes)`: where labels of each class go, up to a factor.
        rng: Draws the flips.
    """
    to = confusion * (1 - np.eye(len(confusion)))
    to /= to.sum(axis=1, keepdims=True)
    wrong = rng.random(len(labels)) < rate
    drawn = (to[labels].cumsum(axis=1) < rng.random(len(labels))[:, None]).sum(axis=1)
    return np.where(wrong, np.minimum(drawn, len(confusion) - 1), labels), wrong


def pool_voices(inputs: np.ndarray, labels: np.ndarray, n_classes: int, seed: int) -> np.ndarray:
    """The models and neighbours of `doubt scan`, pooled in each repeat."""
    features = Features((TableBlock(StandardScaler().fit_transform(inputs).astype(np.float32)),))
    groups = group_equal_rows(inputs)
    predictions = cross_fit(
        features.models(),
        labels,
        n_classes,
        groups,
        n_folds=FOLDS,
        n_repeats=REPEATS,
        seed=seed,
        engine=ThreadEngine(),
        advance=lambda _: None,
    )
    neighbors = find_neighbors(features, groups, groups)
    evidence = Evidence(
        given_labels=labels,
        n_classes=n_classes,
        pred_probs=predictions.pooled,
        pred_probs_by_repeat=predictions.by_repeat,
        neighbor_indices=neighbors.indices if neighbors else None,
        neighbor_votes=count_votes(neighbors.indices, groups, labels, n_classes) if neighbors else None,
    )
    return np.asarray(pool_pred_probs(evidence, {"models", "neighbors"}))


def weak_pool_voices(inputs: np.ndarray, labels: np.ndarray, n_classes: int, seed: int) -> np.ndarray:
    """The same with a quarter of the columns."""
    n_columns = inputs.shape[1]
    kept = np.random.default_rng(seed).permutation(n_columns)[: -(-n_columns // WEAK_PART)]
    return pool_voices(inputs[:, kept], labels, n_classes, seed)


def linear_voices(inputs: np.ndarray, labels: np.ndarray, n_classes: int, seed: int) -> np.ndarray:
    """Logistic regression alone."""
    dense, groups = StandardScaler().fit_transform(inputs).astype(np.float32), group_equal_rows(inputs)
    voices = []
    for repeat in range(REPEATS):
        folds = assign_folds(labels, groups, FOLDS, seed + repeat)
        voices.append(
            calibrate_scores(LinearModel(dense).predict_out_of_fold(labels, folds, n_classes, 0), labels)
        )
    return np.asarray(voices)


def bayes_voices(inputs: np.ndarray, labels: np.ndarray, n_classes: int, seed: int) -> np.ndarray:
    """Naive Bayes alone, once and not calibrated: like a user's own `--pred-probs`."""
    probs = np.zeros((len(labels), n_classes))
    folds = assign_folds(labels, group_equal_rows(inputs), FOLDS, seed)
    for fold in range(FOLDS):
        model = GaussianNB(var_smoothing=1e-3).fit(inputs[folds != fold], labels[folds != fold])
        probs[np.ix_(folds == fold, model.classes_)] = model.predict_proba(inputs[folds == fold])
    return probs[None]


MODELS = {
    "default models": pool_voices,
    "default models, a quarter of the columns": weak_pool_voices,
    "logistic regression alone": linear_voices,
    "naive Bayes alone, not calibrated": bayes_voices,
}
STRONG = "default models"


def group_equal_rows(inputs: np.ndarray) -> np.ndarray:
    """Rows with the same input, which share a fold."""
    return find_duplicates(Features((TableBlock(inputs.astype(np.float32)),))).groups


def run_plantings(base: Base, model: str, seed: int) -> Iterator[Run]:
    """Every rate and kind of flips on one set, judged by one model; clean labels first."""
    rng = np.random.default_rng([seed, list(MODELS).index(model)])
    clean = np.zeros(len(base.labels), dtype=bool)
    first = judge_labels(base, model, ("none", 0.0), (base.labels, clean), seed)
    yield first
    mean_probs = first.voices.mean(axis=0)
    confused = np.stack([mean_probs[base.labels == code].mean(axis=0) for code in range(base.n_classes)])
    for kind, confusion in zip(KINDS, (np.ones_like(confused), confused), strict=True):
        for rate in RATES[1:]:
            yield judge_labels(base, model, (kind, rate), plant(base.labels, rate, confusion, rng), seed)


def judge_labels(
    base: Base,
    model: str,
    planted: tuple[str, float],
    labels: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> Run:
    """The run with these labels, of which some are wrong."""
    (kind, rate), (given, wrong) = planted, labels
    voices = MODELS[model](base.inputs, given, base.n_classes, seed)
    names = [str(code) for code in range(base.n_classes)]
    skill = measure_skill(voices.mean(axis=0), {}, given, len(names), seed)
    groups = group_equal_rows(base.inputs)
    return Run(base.name, model, kind, rate, given, wrong, groups, voices, skill.assessable)


def cleanlab_rate(run: Run) -> float:
    """The share of wrong labels by cleanlab's estimate of the joint of given and true labels."""
    joint = estimate_joint(run.given_labels, run.voices.mean(axis=0))
    return float(1 - np.trace(joint))


@dataclass(frozen=True)
class Verdict:
    """The bound of one run, with the truth and cleanlab's figure."""

    model: str
    kind: str
    rate: float
    has_skill: bool
    truth: float
    bound: float | None
    """The share of labels that are wrong at least; None where it was not assessable."""
    cleanlab: float

    @property
    def holds(self) -> bool:
        """Whether no fewer labels were planted wrong."""
        return self.bound is not None and self.bound <= self.truth


def judge_bound(run: Run) -> Verdict:
    """Bound the noise rate of a run whose models have skill, and compare."""
    bound = None
    if run.has_skill:
        noise = estimate_noise(run.voices, run.given_labels, run.groups, seed=0).noise_rate
        bound = noise.at_least if noise.assessable else None
    truth = float(run.wrong.mean())
    return Verdict(run.model, run.kind, run.rate, run.has_skill, truth, bound, cleanlab_rate(run))


def render_row(name: str, verdicts: list[Verdict]) -> str:
    """A line of the table."""
    skilled = [one for one in verdicts if one.has_skill]
    assessed = [one for one in skilled if one.bound is not None]
    if not assessed:
        return f"| {name} | {len(verdicts)} | {len(verdicts) - len(skilled)} | - | - | - | - | - |"
    bounds = np.array([one.bound for one in assessed])
    cells = [
        len(verdicts),
        len(verdicts) - len(skilled),
        f"{1 - len(assessed) / len(skilled):.0%}",
        f"{np.mean([one.holds for one in assessed]):.0%}",
        f"{(bounds == 0).mean():.0%}",
        f"{np.median(bounds):.3f}",
        f"{np.mean([one.cleanlab for one in assessed]):.3f}",
    ]
    return f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |"


HEAD = (
    "| {} | runs | without skill | not assessable | holds | bound 0 | median bound | cleanlab's mean |\n"
    "|---|---|---|---|---|---|---|---|"
)


def report(verdicts: list[Verdict]) -> str:
    """All tables: by rate; by strength, kind and rate; by model and rate."""
    planted = [one for one in verdicts if one.rate > 0]
    parts = [f"{len(planted):,} plantings and {len(verdicts) - len(planted):,} runs on clean labels.\n"]
    parts += [HEAD.format("planted"), *render_lines(verdicts, lambda one: f"{one.rate:.0%}")]
    parts += ["", HEAD.format("models, flips, planted")]
    parts += render_lines(
        verdicts,
        lambda one: f"{'strong' if one.model == STRONG else 'weak'}, {one.kind}, {one.rate:.0%}",
    )
    parts += [
        "",
        HEAD.format("models, planted"),
        *render_lines(verdicts, lambda one: f"{one.model}, {one.rate:.0%}"),
    ]
    return "\n".join(parts)


def render_lines(verdicts: list[Verdict], name: Callable[[Verdict], str]) -> list[str]:
    """A line for each name, in the order of models, kinds and rates."""
    models, kinds = list(MODELS), ("none", *KINDS)
    ordered = sorted(verdicts, key=lambda one: (models.index(one.model), kinds.index(one.kind), one.rate))
    names = list(dict.fromkeys(name(one) for one in ordered))
    return [render_row(wanted, [one for one in verdicts if name(one) == wanted]) for wanted in names]


def main() -> None:
    """Run all replicates, print the tables and write them into the README next to this file."""
    first, last = (int(word) for word in sys.argv[1:]) if sys.argv[1:] else (FIRST, LAST)
    verdicts: list[Verdict] = []
    warnings.filterwarnings("ignore", message="lbfgs failed to converge")
    with limit_native_threads():
        for replicate in range(first, last):
            for place, base in enumerate(make_bases(replicate)):
                print(replicate, base.name, flush=True)
                for model in MODELS:
                    verdicts += [
                        judge_bound(run) for run in run_plantings(base, model, 1000 * replicate + place)
                    ]
    tables = report(verdicts)
    print("\n" + tables)
    if not sys.argv[1:]:
        write_between(PAGE, BEGIN, END, tables)


if __name__ == "__main__":
    main()
