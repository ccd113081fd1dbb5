"""What a study file may not say of centres, batches and groups of features."""

from __future__ import annotations

from collections.abc import Iterator

from lungmet_worc.config import ArmConfig, StudyConfig
from lungmet_worc.errors import Problem
from lungmet_worc.feature_groups import extracted_groups, needed_switches


def centre_key_problems(config: StudyConfig) -> list[Problem]:
    """Check that the centre is no column of another kind, and no predictor unsaid."""
    centre, problems = config.cohort.centre, []
    if centre in (config.outcome, config.cohort.patient_id):
        what = "The outcome, or the patient's id, is no centre."
        problems.append(Problem(what, "Name another column.", column="cohort.centre"))
    for name, arm in config.arms.items():
        if centre in arm.clinical and centre not in config.clinical:
            what = f'"{centre}" is the centre, and here a predictor too.'
            remedy = (
                f'Take it out, or say that it is meant: [clinical."{centre}"] kind = "unordered".'
            )
            problems.append(Problem(what, remedy, column=f"arms.{name}.clinical"))
    return problems


def combat_key_problems(config: StudyConfig) -> list[Problem]:
    """Check that ComBat is told nothing that it may not know."""
    problems = []
    for name, modality in config.modalities.items():
        if modality.combat is None:
            continue
        column = f"modalities.{name}.combat"
        covariates = modality.combat.covariates
        if config.outcome in (modality.combat.batch, *covariates):
            what = "ComBat would write the outcome into the features of all patients."
            problems.append(Problem(what, "Take it out.", column=column))
        if config.cohort.patient_id in (modality.combat.batch, *covariates):
            what = "The patient's id is neither a batch nor a covariate."
            problems.append(Problem(what, "Name another column.", column=column))
        if modality.combat.batch in covariates or len(set(covariates)) < len(covariates):
            what = "A column is named twice."
            problems.append(Problem(what, "Name it once.", column=f"{column}.covariates"))
    return problems


def group_key_problems(column: str, arm: ArmConfig, config: StudyConfig) -> Iterator[Problem]:
    """Yield groups of features that no image gives, or that the user has switched off."""
    known = {
        name: config.modality_settings(name) for name in arm.modalities if name in config.modalities
    }
    for modality, settings in known.items():
        for group in arm.feature_groups:
            if group not in extracted_groups(settings):
                what = f'With these settings {modality} has no feature of the group "{group}".'
                remedy = (
                    'Take it out, use preset = "full", or switch such features on in '
                    "[worc.ImageFeatures] or [worc.PyRadiomics]."
                )
                if group == "filtered" and settings["ImageFeatures"]["log"] == "True":
                    what += " WORC never uses its Laplacian-of-Gaussian features (errata E28)."
                yield Problem(what, remedy, column=f"{column}.features")
    chosen = config.worc.get("SelectFeatGroup", {})
    for key in needed_switches(arm.feature_groups, known.values()):
        if chosen.get(key) == "False":
            what = f"The arm needs these features, and {key} is switched off."
            yield Problem(what, "Take that out.", column=f"worc.SelectFeatGroup.{key}")
