"""tabaudit 0.3.1 as in its README: `run_audit` with the label as the target.

Usage: python tabaudit_script.py DATA OUT

Its report only names rows of low self-confidence. To have a score for every row, this script records the
probabilities on their way to the report; rows that the report calls likely mislabelled are flagged.
"""

from __future__ import annotations

import sys

import numpy as np
from inputs import write_scores
from tabaudit import run_audit
from tabaudit.checks import label_noise


def main() -> None:
    """Rank the rows of one file."""
    source, target = sys.argv[1:]
    original, recorded = label_noise.out_of_fold_probs, []

    def record(context):  # noqa: ANN001, ANN202  # as in tabaudit
        recorded.append(original(context))
        return recorded[-1]

    label_noise.out_of_fold_probs = record
    report = run_audit(source, target="label")
    failed = [f"{run.name}: {run.error}" for run in report.checks if run.status != "ok"]
    if failed:
        sys.exit("; ".join(failed))
    if recorded[0] is None:  # a class of fewer than five rows, or fewer than 50 in all
        write_scores(target, {})
        return
    index, codes, _, pred_probs = recorded[0]
    self_confidence = pred_probs[np.arange(len(codes)), codes]
    likely = [row for finding in report.findings for row in finding.evidence.get("rows_likely", [])]
    write_scores(target, {"tabaudit": 1 - self_confidence}, np.isin(index, likely))


if __name__ == "__main__":
    main()
