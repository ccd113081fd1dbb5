"""The measures of performance that are reported, and their names, in the order of tables."""

from __future__ import annotations

METRIC_NAMES = {
    "auc": "AUC",
    "bca": "Balanced accuracy",
    "f1_weighted": "F1 score (weighted)",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "npv": "Negative predictive value",
    "ppv": "Positive predictive value",
    "brier": "Brier score",
    "average_precision": "Average precision",
}

METRICS = tuple(METRIC_NAMES)

LOWER_IS_BETTER = frozenset({"brier"})
