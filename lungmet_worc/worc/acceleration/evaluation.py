"""WORC's evaluation without a search through all patients for each patient of each split."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.worc.acceleration.replacements import Replacement, Replacements

#: WORC's names of the metrics, in the order in which ``performance_singlelabel`` returns them.
METRICS = (
    "Accuracy", "BCA", "Sensitivity", "Specificity", "Precision", "NPV", "F1-score", "AUC",
)  # fmt: skip


def plot_estimator_performance(
    prediction: Any, label_data: Any, label_type: Any, **options: Any
) -> Any:
    """Evaluate the splits of an arm.

    Stands for ``WORC.plotting.plot_estimator_performance.plot_estimator_performance``, which
    looks through all patients twice for each test patient of each split, for positions that
    nothing uses, and prints every prediction. WORC's own functions compute the metrics and the
    intervals. WORC's function runs for what its studies of two classes do not ask for: several
    labels, regression, bootstrapping, leaving one out, searches without an ensemble, and any
    option but ``output="stats"``.

    Parameters
    ----------
    prediction : DataFrame
        WORC's estimator frame.
    label_data : str
        The label file.
    label_type : str
        Name of the outcome.
    **options
        Of WORC's function.

    Returns
    -------
    dict
        Rankings, Statistics and All_performances.
    """
    if not _is_plain_study(prediction, label_data, label_type, options):
        plain = plot_estimator_performance.stands_for  # type: ignore[attr-defined]
        return plain(prediction, label_data, label_type, **options)
    from WORC.classification.metrics import performance_singlelabel
    from WORC.processing.label_processing import load_labels

    labels = load_labels(label_data, [[label_type]])
    splits = prediction[prediction.keys()[0]]
    performances: list[Sequence[float]] = []
    tested: dict[str, list[bool]] = {}
    for model, features, truth, patients in zip(
        splits["classifiers"],
        splits["X_test"],
        splits["Y_test"],
        splits["patient_ID_test"],
        strict=True,
    ):
        predicted = model.predict(features)
        score = model.predict_proba(features)[:, 1]
        if isinstance(predicted, np.ndarray):
            if predicted.shape[0] == 1:
                predicted = [predicted.tolist()]
            if np.sum(np.isnan(score)) == len(predicted):
                score = predicted
        for name, is_right in zip(patients, _successes(truth, predicted), strict=True):
            tested.setdefault(name, []).append(is_right)
        performances.append(performance_singlelabel(truth, predicted, score, False))
    by_metric = {
        name: [values[place] for values in performances] for place, name in enumerate(METRICS)
    }
    sizes = [float(len(splits[part][0])) for part in ("patient_ID_train", "patient_ID_test")]
    return {
        "Rankings": _rankings(tested, labels),
        "Statistics": _statistics(by_metric, *sizes),
        "All_performances": by_metric,
    }


def _is_plain_study(
    prediction: Any, label_data: Any, label_type: Any, options: Mapping[str, Any]
) -> bool:
    """Tell whether this is what the replacement stands for."""
    from sklearn.base import is_regressor

    if not isinstance(prediction, pd.DataFrame) or options != {"output": "stats"}:
        return False
    if not isinstance(label_data, str) or not isinstance(label_type, str):
        return False
    splits = prediction[prediction.keys()[0]]
    config, models = splits["config"], splits["classifiers"]
    return (
        config["Labels"]["modus"] == "singlelabel"
        and config["CrossValidation"]["Type"] != "LOO"
        and not config["Bootstrap"]["Use"]
        and len(models) == len(splits["Y_test"])
        and all(getattr(model, "ensemble", None) is True for model in models)
        and all(len(part) > 0 for part in splits["patient_ID_test"])
        and not is_regressor(models[0].best_estimator_)
    )


def _successes(truth: Sequence[float], predicted: Sequence[Any]) -> list[bool]:
    """Tell of each prediction whether it is right; that of one patient lies in a list."""
    return [bool(a == b) for a, b in zip(truth, predicted, strict=True)]


def _rankings(
    tested: Mapping[str, Sequence[bool]], labels: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return how often each patient was tested, and how often right."""
    outcomes = labels["label"][0]
    places: dict[Any, int] = {}
    for place, name in enumerate(labels["patient_IDs"]):
        places.setdefault(name, place)
    right: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    percentages: dict[str, str] = {}
    times: dict[str, int] = {}
    for name, successes in tested.items():
        known = next((n for n in (name, name.split("_")[0]) if n in places), None)
        if known is None:
            continue
        label = outcomes[places[known]][0]
        share = sum(successes) / float(len(successes))
        percentages[name] = f"{label}: {round(share, 2) * 100}%"
        if share == 1.0:
            right[name] = label
        elif share == 0:
            wrong[name] = label
        times[name] = len(successes)
    return {
        "Always right": right,
        "Always wrong": wrong,
        "Percentages": percentages,
        "timesintestset": times,
    }


def _statistics(
    by_metric: Mapping[str, Sequence[float]], n_train: float, n_test: float
) -> OrderedDict[str, str]:
    """Return mean and interval of each metric as WORC writes them."""
    from WORC.statistics.compute_CI import compute_confidence

    texts = {}
    for name, values in by_metric.items():
        try:
            interval = compute_confidence(values, n_train, n_test, 0.95)
        except ZeroDivisionError:
            interval = [np.nan, np.nan]
        texts[f"{name} 95%:"] = f"{np.nanmean(values)} {interval}"
    return OrderedDict(sorted(texts.items()))


def _replacements() -> Iterator[Replacement]:
    from WORC.plotting import plot_estimator_performance as module

    yield module, "plot_estimator_performance", plot_estimator_performance


EVALUATION = Replacements("evaluation", _replacements)
