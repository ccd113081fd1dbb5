"""The candidate workflows of a search: which have a score, why not, and who joined the ensemble."""

from __future__ import annotations

from typing import Any

import numpy as np

from lungmet_worc.worc.explanation import chosen_groups


def candidates_table(search: Any) -> list[dict[str, Any]]:
    """Return each candidate that WORC kept: number, classifier, scores, and why it has none."""
    results = search.cv_results_
    n_splits = len(search.cv_iter)
    per_candidate = len(search.fit_causes_) // n_splits
    kept: list[dict[str, Any]] = [
        {
            "number": int(parameters["Number"]),
            "classifier": parameters["classifiers"],
            "score": _finite(results["mean_test_score"][row]),
            "train_score": _finite(results["mean_train_score"][row]),
        }
        for row, parameters in enumerate(results["params"])
    ]
    others = set(range(per_candidate)) - {candidate["number"] for candidate in kept}
    nothing = dict.fromkeys(("classifier", "score", "train_score"))
    kept += [{"number": number, **nothing} for number in sorted(others)]
    for candidate in kept:
        causes = search.fit_causes_[candidate["number"] :: per_candidate]
        candidate["cause"] = next((cause for cause in causes if cause), None)
    return kept


def prune(search: Any) -> None:
    """Keep only candidates that have a score: no other may enter an ensemble.

    WORC keeps its best ``maxlen`` candidates even where fewer could be scored, and most of
    its ensemble methods then fail on the rest. At least one must have a score.
    """
    results = search.cv_results_
    keep = np.flatnonzero(np.isfinite(results["mean_test_score"]))
    for key, values in results.items():
        if key == "params":
            results[key] = [values[row] for row in keep]
        elif isinstance(values, np.ndarray):
            results[key] = values[keep]


def describe_member(member: Any, modalities: tuple[str, ...]) -> dict[str, Any]:
    """Return what an ensemble's member is: classifier, steps before it, and chosen features.

    Parameters
    ----------
    member : RandomizedSearchCVfastr
        Fitted.
    modalities : tuple of str
        Modalities of the arm.
    """
    parameters = member.best_params_
    steps = {
        "group_selection": member.best_groupsel,
        "scaling": member.best_scaler,
        "relief": member.best_reliefsel,
        "model_selection": member.best_modelsel,
        "univariate_test": member.best_statisticalsel,
        "rfe": member.best_rfesel,
        "pca": member.best_pca,
        "resampling": member.best_Sampler,
    }
    return {
        "number": int(parameters["Number"]),
        "classifier": parameters["classifiers"],
        "steps": [name for name, step in steps.items() if step is not None],
        "chosen": chosen_groups(list(member.best_featlab), modalities),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
