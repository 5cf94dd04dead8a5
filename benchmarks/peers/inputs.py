"""How the peers' scripts read a file, and what they write: a column of scores for each method."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler

EMBEDDING = "embedding"
"""The column with a vector for each row; the others are then not used."""
MEAN_LENGTH_OF_TEXT = 15
"""A column of longer strings counts as text."""


def read_inputs(path: str) -> tuple[pd.DataFrame | pd.Series | np.ndarray, np.ndarray]:
    """The inputs, a series of texts, a table or a matrix of embeddings, and the labels as whole numbers."""
    data = pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
    labels = LabelEncoder().fit_transform(data["label"].astype(str))
    inputs = data.drop(columns=[name for name in ("id", "label") if name in data])
    if EMBEDDING in inputs:
        return np.stack(inputs[EMBEDDING]), labels
    texts = text_columns(inputs)
    if not texts:
        return inputs, labels
    return inputs[texts].fillna("").astype(str).agg(" ".join, axis=1), labels


def text_columns(inputs: pd.DataFrame) -> list[str]:
    """The columns of text."""
    strings = [name for name in inputs if not pd.api.types.is_numeric_dtype(inputs[name])]
    return [name for name in strings if inputs[name].astype(str).str.len().mean() > MEAN_LENGTH_OF_TEXT]


def split(labels: np.ndarray) -> StratifiedKFold:
    """Five reshuffled folds, or as many as the smallest class has rows, but two at least."""
    smallest = int(np.bincount(labels).min())
    return StratifiedKFold(min(max(smallest, 2), 5), shuffle=True, random_state=0)


def encoder_for(inputs: pd.DataFrame | pd.Series):  # noqa: ANN201  # a scikit-learn transformer
    """Features for a linear model: TF-IDF, or standardised numbers and one-hot categories, gaps filled."""
    if isinstance(inputs, pd.Series):
        return TfidfVectorizer()
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    kinds = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (kinds, make_column_selector(dtype_exclude="number")),
        sparse_threshold=0,
    )


def write_scores(path: str, scores: dict[str, np.ndarray], flagged: np.ndarray | None = None) -> None:
    """Write a column of scores for each method, by row, and which rows are flagged."""
    found = pd.DataFrame(scores)
    if flagged is not None:
        found["flagged"] = flagged
    found.rename_axis("row").reset_index().to_parquet(path)
