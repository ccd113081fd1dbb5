"""What plain WORC cannot be told to do."""

from __future__ import annotations

from collections.abc import Iterator

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import StudyConfig

#: Scores that WORC's own evaluation can hand to its ensembling (errata E19).
_ENSEMBLE_SCORES = ("f1_weighted", "f1")
_ALL_FEATURES = Sentence('Export an arm with features = "all".')


def inexpressible(study: StudyConfig, name: str) -> Iterator[Problem]:
    """Yield everything about an arm that WORC has no setting for."""
    arm, column = study.arms[name], f"arms.{name}"
    if not arm.modalities:
        what = Sentence("The arm has clinical columns only, and WORC needs images.")
        remedy = Sentence("Export an arm with a modality.")
        yield Problem(what, remedy, column=f"{column}.modalities")
    for modality in arm.modalities:
        if modality not in study.images:
            what = Sentence("WORC needs images, and {modality} is none.", modality=modality)
            remedy = Sentence("Export an arm of images alone.")
            yield Problem(what, remedy, column=f"{column}.modalities")
        if study.modalities[modality].combat is not None:
            what = Sentence(
                "WORC hands ComBat a file for each modality and toolbox, and takes each for a "
                "patient (errata E45)."
            )
            remedy = Sentence("Export the arm without it.")
            yield Problem(what, remedy, column=f"modalities.{modality}.combat")
    if arm.feature_groups:
        # fit_and_score imputes before it selects groups.
        what = Sentence(
            "WORC switches groups of features off only within a candidate, after the features of "
            "all groups had a part in the imputation."
        )
        yield Problem(what, _ALL_FEATURES, column=f"{column}.features")
    elif arm.features != "all":
        what = Sentence("WORC cannot be told to use the tumour volume only.")
        yield Problem(what, _ALL_FEATURES, column=f"{column}.features")
    if arm.missing == "impute":
        what = Sentence(
            "WORC takes features of a stand-in image where a scan is missing (errata E4)."
        )
        remedy = Sentence('Export an arm with missing = "exclude".')
        yield Problem(what, remedy, column=f"{column}.missing")
    if arm.clinical and arm.modalities:
        calculators = study.modality_settings(arm.modalities[0])["General"]["FeatureCalculators"]
        if "predict" not in calculators:
            what = Sentence(
                "WORC takes clinical data from PREDICT only, and the first modality lacks it."
            )
            remedy = Sentence("Add predict/CalcFeatures:1.0 to its FeatureCalculators.")
            yield Problem(what, remedy, column=f"{column}.clinical")
    yield from _inexpressible_search(study)


def _inexpressible_search(study: StudyConfig) -> Iterator[Problem]:
    ensemble, scoring = study.search.ensemble, study.search.scoring
    ranked = ensemble.method in worc_settings.RANKED_ENSEMBLE_METHODS
    if not ranked and scoring not in _ENSEMBLE_SCORES:
        what = Sentence(
            'WORC ends with an error for "{method}" scored by {scoring} (errata E19).',
            method=ensemble.method,
            scoring=scoring,
        )
        remedy = Sentence(
            "Use one of {scores}, or the ensemble method top_N.",
            scores=", ".join(_ENSEMBLE_SCORES),
        )
        yield Problem(what, remedy, column="search.scoring")
    if study.worc_settings()["Ensemble"]["Metric"] == "generalization":
        what = Sentence("WORC ends with an error for this metric (errata E31).")
        yield Problem(what, Sentence("Leave it out."), column="worc.Ensemble.Metric")
