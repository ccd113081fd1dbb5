"""Where the functions of the accelerated search stand for WORC's."""

from __future__ import annotations

from collections.abc import Iterator

from lungmet_worc.worc import fitting
from lungmet_worc.worc.acceleration import cells, scaling, scoring, selection, workflow
from lungmet_worc.worc.acceleration.replacements import Replacement, Replacements


def _replacements() -> Iterator[Replacement]:
    from WORC.classification import SearchCV, fitandscore
    from WORC.featureprocessing.Relief import SelectMulticlassRelief
    from WORC.featureprocessing.Scalers import RobustStandardScaler
    from WORC.featureprocessing.SelectGroups import SelectGroups
    from WORC.featureprocessing.StatisticalTestThreshold import StatisticalTestThreshold

    for owner in (fitandscore, SearchCV):
        yield owner, "replacenan", cells.replacenan
    yield RobustStandardScaler, "fit", scaling.fit_robust
    yield StatisticalTestThreshold, "fit", selection.fit_univariate
    yield SelectMulticlassRelief, "single_class_relief", selection.single_class_relief
    for selector in (SelectGroups, SelectMulticlassRelief, StatisticalTestThreshold):
        yield selector, "transform", selection.transform_columns(selector.transform)
    yield fitandscore, "_fit_and_score", scoring.fit_and_score_estimator
    fitting.record_errors(fitandscore)
    plain = fitandscore.fit_and_score
    yield fitandscore, "fit_and_score", workflow.fit_and_score
    yield SearchCV, "f1_score", scoring.f1_of_ensemble
    if SearchCV.fit_and_score is plain:
        yield SearchCV, "fit_and_score", workflow.fit_and_score


#: To be used before :func:`lungmet_worc.worc.fitting.fit_function`, which takes WORC's
#: ``fit_and_score`` as it finds it.
SEARCH = Replacements("search", _replacements)
