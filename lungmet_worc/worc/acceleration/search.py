"""Switch the accelerated search on and off in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from lungmet_worc.worc import fitting
from lungmet_worc.worc.acceleration import cells, reuse, scaling, scoring, selection, workflow
from lungmet_worc.worc.acceleration.checked import differences

_replaced: list[tuple[Any, str, Any]] = []


def install() -> bool:
    """Put every replacement into WORC's modules, in this process.

    To be called before :func:`lungmet_worc.worc.fitting.fit_function`, which takes WORC's
    ``fit_and_score`` as it finds it. Calling it again changes nothing.

    Returns
    -------
    bool
        False if another version is installed than the replacements were checked with: then
        everything stays as it is.
    """
    if _replaced:
        return True
    if differences("search"):
        return False
    from WORC.classification import SearchCV, fitandscore
    from WORC.featureprocessing.Relief import SelectMulticlassRelief
    from WORC.featureprocessing.Scalers import RobustStandardScaler
    from WORC.featureprocessing.SelectGroups import SelectGroups
    from WORC.featureprocessing.StatisticalTestThreshold import StatisticalTestThreshold

    for owner in (fitandscore, SearchCV):
        _replace(owner, "replacenan", cells.replacenan)
    _replace(RobustStandardScaler, "fit", scaling.fit_robust)
    _replace(StatisticalTestThreshold, "fit", selection.fit_univariate)
    _replace(SelectMulticlassRelief, "single_class_relief", selection.single_class_relief)
    for selector in (SelectGroups, SelectMulticlassRelief, StatisticalTestThreshold):
        _replace(selector, "transform", selection.transform_columns(selector.transform))
    _replace(fitandscore, "_fit_and_score", scoring.fit_and_score_estimator)
    fitting.record_errors(fitandscore)
    plain = fitandscore.fit_and_score
    _replace(fitandscore, "fit_and_score", workflow.fit_and_score)
    _replace(SearchCV, "f1_score", scoring.f1_of_ensemble)
    if SearchCV.fit_and_score is plain:
        _replace(SearchCV, "fit_and_score", workflow.fit_and_score)
    return True


def uninstall() -> None:
    """Put back what :func:`install` replaced, and drop everything kept."""
    while _replaced:
        owner, name, plain = _replaced.pop()
        setattr(owner, name, plain)
    forget()


def forget() -> None:
    """Drop what is kept of the splits that were worked on."""
    reuse.forget_splits()


@contextlib.contextmanager
def installed() -> Iterator[bool]:
    """Accelerate the search within a block."""
    already = bool(_replaced)
    try:
        yield install()
    finally:
        if not already:
            uninstall()


def _replace(owner: Any, name: str, replacement: Callable[..., Any]) -> None:
    plain = getattr(owner, name)
    _replaced.append((owner, name, plain))
    # What a replacement hands over to, where it does not stand for the plain function.
    replacement.stands_for = plain  # type: ignore[attr-defined]
    setattr(owner, name, replacement)
