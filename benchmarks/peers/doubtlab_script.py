"""doubtlab as in its README: a fitted logistic regression and reasons, applied to the same rows.

Usage: python doubtlab_script.py DATA OUT

Two rankings: by the two reasons of the README's example, and by all the reasons that its README lists for
classification and in general. A score is the share of the reasons that fire.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from doubtlab import reason
from doubtlab.ensemble import DoubtEnsemble
from inputs import encoder_for, read_inputs, write_scores
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

warnings.filterwarnings("ignore")


def main() -> None:
    """Rank the rows of one file."""
    source, target = sys.argv[1:]
    inputs, labels = read_inputs(source)
    model = make_pipeline(encoder_for(inputs), LogisticRegression(max_iter=1_000)).fit(inputs, labels)
    example = {
        "proba": reason.ProbaReason(model=model),
        "wrong_pred": reason.WrongPredictionReason(model=model),
    }
    everything = example | others(model, inputs, labels)
    scores = {
        "doubtlab": share_that_fire(example, inputs, labels),
        "doubtlab, all reasons": share_that_fire(everything, inputs, labels),
    }
    write_scores(target, scores, scores["doubtlab"] > 0)


def others(model: Pipeline, inputs: pd.DataFrame | pd.Series, labels: np.ndarray) -> dict:
    """The rest of the README's list, with a different model where a second one is needed."""
    tree = DecisionTreeClassifier(max_depth=10, random_state=0)
    tree = make_pipeline(encoder_for(inputs), tree).fit(inputs, labels)
    forest = make_pipeline(encoder_for(inputs), IsolationForest(random_state=0)).fit(inputs)
    return {
        "random": reason.RandomReason(),
        "outlier": reason.OutlierReason(model=forest),
        "short": reason.ShortConfidenceReason(model=model),
        "long": reason.LongConfidenceReason(model=model),
        "disagree": reason.DisagreeReason(model1=model, model2=tree),
        "cleanlab": reason.CleanlabReason(model=model),
        "margin": reason.MarginConfidenceReason(model=model),
    }


def share_that_fire(reasons: dict, inputs: pd.DataFrame | pd.Series, labels: np.ndarray) -> np.ndarray:
    """The share of the reasons that fire on each row, in the order of the file."""
    predicates = DoubtEnsemble(**reasons).get_predicates(inputs, labels)
    # They come back sorted: the index, not the place, says which row it is.
    return predicates.mean(axis=1).sort_index().to_numpy()


if __name__ == "__main__":
    main()
