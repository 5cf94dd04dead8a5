"""The script that a careful user would write: out-of-fold probabilities, judged by cleanlab.

Usage: python cleanlab_script.py DATA OUT

It uses TF-IDF and logistic regression on texts, logistic regression on embeddings, and histogram gradient
boosting on tables; the doubt is one minus cleanlab's self-confidence, and the rows that `find_label_issues`
finds are flagged.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from inputs import read_inputs, split, write_scores
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

warnings.filterwarnings("ignore")


def model_for(inputs: pd.DataFrame | pd.Series | np.ndarray):  # noqa: ANN201  # a scikit-learn pipeline
    """The usual first choice for texts, for embeddings, or for tables."""
    if isinstance(inputs, np.ndarray):
        return LogisticRegression(max_iter=1000)
    if isinstance(inputs, pd.Series):
        return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    encoder = make_column_transformer(
        (codes, make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    return make_pipeline(encoder, HistGradientBoostingClassifier(random_state=0))


def main() -> None:
    """Rank the rows of one file."""
    source, target = sys.argv[1:]
    inputs, labels = read_inputs(source)
    model, folds = model_for(inputs), split(labels)
    pred_probs = cross_val_predict(model, inputs, labels, cv=folds, method="predict_proba", n_jobs=2)
    quality = get_label_quality_scores(labels, pred_probs, method="self_confidence")
    write_scores(target, {"cleanlab": 1 - quality}, find_label_issues(labels, pred_probs))


if __name__ == "__main__":
    main()
