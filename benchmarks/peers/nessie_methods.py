"""Methods of nessie (Klie et al., 2022), rebuilt in a few lines each: its package conflicts with ours.

Usage: python nessie_methods.py DATA OUT

All share the same five folds. Texts become TF-IDF for models, and its 128 leading components where embeddings
are needed; tables are standardised and one-hot for both. Retag and the ensembles score 0 or 1, the others
continuously, as in nessie.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
from inputs import encoder_for, read_inputs, split, write_scores
from scipy.stats import entropy, mode, rankdata
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.random_projection import GaussianRandomProjection
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")

EMBEDDING_DIMENSIONS = 128
N_NEIGHBORS = 10
PROJECTIONS = [(n_dimensions, seed) for n_dimensions in (32, 64, 128, 256) for seed in range(4)]


def main() -> None:
    """Rank the rows of one file by every method."""
    source, target = sys.argv[1:]
    inputs, labels = read_inputs(source)
    embeddings = embed(inputs)
    model = make_pipeline(encoder_for(inputs), logistic_regression())
    pred_probs = cross_val_predict(model, inputs, labels, cv=split(labels), method="predict_proba")
    uncertainty = 1 - pred_probs[np.arange(len(labels)), labels]
    mixed, far = neighbor_entropy(embeddings, labels), mean_distance(embeddings, labels)
    methods = {
        "classification uncertainty": uncertainty,
        "retag": (pred_probs.argmax(axis=1) != labels).astype(float),
        "diverse ensemble": outvoted(diverse_models(inputs), inputs, labels),
        "projection ensemble": outvoted(projected_models(embeddings.shape[1]), embeddings, labels),
        "k-NN entropy": mixed,
        "mean distance": far,
        "Borda": borda([uncertainty, mixed, far]),
    }
    write_scores(target, methods)


def embed(inputs: pd.DataFrame | pd.Series) -> np.ndarray:
    """A short vector for each row."""
    encoded = encoder_for(inputs).fit_transform(inputs)
    if isinstance(inputs, pd.DataFrame):
        return encoded
    n_components = min(EMBEDDING_DIMENSIONS, *(size - 1 for size in encoded.shape))
    return TruncatedSVD(n_components, random_state=0).fit_transform(encoded)


def diverse_models(inputs: pd.DataFrame | pd.Series) -> list[Pipeline]:
    """Models of different families."""
    models = [
        logistic_regression(),
        LinearSVC(random_state=0),
        KNeighborsClassifier(N_NEIGHBORS),
        RandomForestClassifier(random_state=0),
    ]
    return [make_pipeline(encoder_for(inputs), model) for model in models]


def projected_models(n_features: int) -> list[Pipeline]:
    """Logistic regression on all features, and on 16 random projections that are not wider than they are."""
    widths = [(min(n_dimensions, n_features), seed) for n_dimensions, seed in PROJECTIONS]
    views = ["passthrough", *(GaussianRandomProjection(width, random_state=seed) for width, seed in widths)]
    return [make_pipeline(view, logistic_regression()) for view in views]


def logistic_regression() -> LogisticRegression:
    """The model of every method that needs one."""
    return LogisticRegression(max_iter=1000)


def outvoted(models: list, inputs: pd.DataFrame | pd.Series | np.ndarray, labels: np.ndarray) -> np.ndarray:
    """1 where the out-of-fold prediction of most models is not the label, else 0."""
    folds = split(labels)
    votes = [cross_val_predict(model, inputs, labels, cv=folds) for model in models]
    return (mode(votes, axis=0).mode != labels).astype(float)


def neighbor_entropy(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How mixed the labels of the ten nearest rows are, the row included; nearer rows count for more."""
    search = NearestNeighbors(n_neighbors=min(N_NEIGHBORS, len(labels))).fit(embeddings)
    distances, near = search.kneighbors(embeddings)
    squared = distances**2
    weights = np.exp(squared.min(axis=1, keepdims=True) - squared)
    shares = np.zeros((len(labels), labels.max() + 1))
    for place in range(near.shape[1]):
        shares[np.arange(len(labels)), labels[near[:, place]]] += weights[:, place]
    return entropy(shares, axis=1)


def mean_distance(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The distance of each row from the mean of the rows with its label."""
    means = np.array([embeddings[labels == one].mean(axis=0) for one in range(labels.max() + 1)])
    return np.linalg.norm(embeddings - means[labels], axis=1)


def borda(scores: list[np.ndarray]) -> np.ndarray:
    """The sum of each row's ranks by several scorers."""
    return rankdata(scores, axis=1).sum(axis=0)


if __name__ == "__main__":
    main()
