"""One candidate on one inner split: WORC's ``fit_and_score``, aligned and with its cause.

Three things are added around WORC's function, none inside it: labels in the order that two of
its steps take for granted (errata E2), the reason why a candidate has no score (errata E9),
and an exception in one candidate no longer ends the search.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

FitFunction = Callable[..., Any]

_NO_FEATURES = "no feature was left after selection"

#: Name in WORC's ensembling -> name as a scorer: WORC has no score that both know (errata E19).
_SCORER_NAMES = {"auc": "roc_auc"}


class _LastError:
    """The error that scikit-learn met last; WORC overwrites it with None."""

    text: str | None = None


def fit_function(*, aligned: bool) -> FitFunction:
    """Return a stand-in for WORC's ``fit_and_score`` with the same arguments.

    Parameters
    ----------
    aligned : bool
        Hand the rows over in the order train, test, so that the labels that Relief and the
        univariate test take from the front of ``y`` are those of the training rows. False
        leaves WORC 3.7.0 as it is.

    Returns
    -------
    callable
        Returns what WORC returns; where that is one dictionary (``return_all=False``), with
        ``cause`` added: why there is no score, or None.
    """
    from sklearn.base import clone
    from WORC.classification import fitandscore

    original = fitandscore.fit_and_score
    record_errors(fitandscore)

    def fit_and_score(
        X: Any,
        y: Any,
        scoring: Any,
        train: Any,
        test: Any,
        parameters: Any,
        **options: Any,
    ) -> Any:
        if isinstance(scoring, str):
            scoring = _SCORER_NAMES.get(scoring, scoring)
        if aligned and not _in_front(train):
            order = np.concatenate((train, test))
            X, y = [X[row] for row in order], np.asarray(y)[order]
            train, test = np.arange(len(train)), np.arange(len(train), len(order))
        _LastError.text = None
        if options.get("return_all", True):
            everything = original(X, y, scoring, train, test, parameters, **options)
            _refuse_want_of_memory(_LastError.text)
            if _LastError.text is not None and "estimator" in everything[0]:
                # Half fitted: WORC only notices an estimator that is not fitted at all
                # before it lets it into an ensemble (errata E39).
                everything[0]["estimator"] = clone(everything[0]["estimator"])
            return everything
        try:
            result = original(X, y, scoring, train, test, parameters, **options)
        except (ValueError, ArithmeticError, LookupError, RuntimeError, TypeError) as error:
            # WORC would end the whole experiment here.
            _LastError.text = f"{type(error).__name__}: {error}"
            result = _unscored(parameters, len(test))
        _refuse_want_of_memory(_LastError.text or result.get("fit_error"))
        result["cause"] = _cause(result)
        return result

    return fit_and_score


def _refuse_want_of_memory(text: str | None) -> None:
    """Let the whole task fail: which candidates have a score must not hang on the machine."""
    if text and ("MemoryError" in text or "bad_alloc" in text):
        message = f"a candidate could not be fitted: {text.strip().splitlines()[-1]}"
        raise MemoryError(message)


def _in_front(train: Any) -> bool:
    return bool(np.array_equal(train, np.arange(len(train))))


def _unscored(parameters: Any, n_test: int) -> dict[str, Any]:
    return {
        "test_scores": np.nan,
        "train_scores": np.nan,
        "n_test_samples": n_test,
        "fit_time": 0.0,
        "score_time": 0.0,
        "parameters": parameters,
        "fit_error": None,
    }


def _cause(result: dict[str, Any]) -> str | None:
    """Return in a few words why a fit has no score, None if it has one."""
    scores = result["test_scores"]
    values = list(scores.values()) if isinstance(scores, dict) else [scores]
    if np.isfinite(np.asarray(values, float)).all():
        return None
    text = _LastError.text or result.get("fit_error") or ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[-1].startswith("NoneType: None"):
        return _NO_FEATURES
    # Causes that differ only by a number are one cause.
    return re.sub(r"\d+(\.\d+)?(e-?\d+)?", "n", lines[-1])[:200]


def record_errors(fitandscore: Any) -> None:
    """Keep the error text of scikit-learn's fit, which WORC drops."""
    inner = fitandscore._fit_and_score
    if getattr(inner, "records_errors", False):
        return

    def recording(*args: Any, **options: Any) -> Any:
        result = inner(*args, **options)
        _LastError.text = result.get("fit_error")
        return result

    recording.records_errors = True  # type: ignore[attr-defined]
    fitandscore._fit_and_score = recording
