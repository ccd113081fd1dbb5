"""What only two parts of a study file together can tell: columns, arms, centres, the search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungmet_worc.basics.errors import Problem, did_you_mean
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import ArmConfig, StudyConfig, table_name
from lungmet_worc.study.feature_groups import extracted_groups, needed_switches
from lungmet_worc.study.key_causes import UNKNOWN_MODALITY


def column_problems(config: StudyConfig) -> Iterator[Problem]:
    """Check what is said of columns that nothing else names."""
    used = {column for arm in config.arms.values() for column in arm.clinical}
    for column in config.clinical:
        if column not in used:
            what = Sentence("No arm has this clinical column.")
            remedy = (
                did_you_mean(column, used) if used else Sentence("Name it in clinical of an arm.")
            )
            yield Problem(what, remedy, column=f"clinical.{column}")
    for column in config.statistics.bands:
        if column not in config.statistics.subgroups:
            what = Sentence("There are bands of this column, but it is no subgroup.")
            remedy = Sentence("Add it to subgroups, or take its bands out.")
            yield Problem(what, remedy, column=f"statistics.bands.{column}")
    if config.search.split_type == "leave-one-centre-out" and config.cohort.centre is None:
        what = Sentence("No column says of which centre a patient is.")
        yield Problem(what, Sentence("Name it: [cohort] centre."), column="search.split_type")
    yield from _centre_problems(config)
    yield from _combat_problems(config)


def arm_problems(column: str, arm: ArmConfig, config: StudyConfig) -> Iterator[Problem]:
    """Check that an arm names modalities that there are, and something to learn from."""
    for name in arm.modalities:
        if name not in config.modalities:
            what = Sentence('There is no modality "{name}".', name=name)
            remedy = did_you_mean(name, config.modalities)
            yield Problem(what, remedy, column=f"{column}.modalities", kind=UNKNOWN_MODALITY)
    if not arm.modalities and not arm.clinical:
        what = Sentence("This arm knows nothing about a patient.")
        yield Problem(what, Sentence("Give it modalities or clinical columns."), column=column)
    if arm.features != "all" and not arm.modalities:
        what = Sentence("Features of images need a modality with a segmentation.")
        yield Problem(what, Sentence("Name one in modalities."), column=f"{column}.features")
    for name in (each for each in arm.modalities if each in config.modalities):
        if arm.features != "all" and name not in config.images:
            what = Sentence("{modality} is no image: it has no volume or groups.", modality=name)
            remedy = Sentence('Take it out of the arm, or use features = "all".')
            yield Problem(what, remedy, column=f"{column}.features")
    yield from _group_problems(column, arm, config)
    if config.outcome in arm.clinical:
        what = Sentence("The outcome cannot be its own predictor.")
        yield Problem(what, Sentence("Take it out."), column=f"{column}.clinical")
    repeated = {name for name in arm.modalities if arm.modalities.count(name) > 1}
    if repeated:
        names = ", ".join(sorted(repeated))
        what = Sentence("A modality is named twice: {names}.", names=names)
        yield Problem(what, Sentence("Name it once."), column=f"{column}.modalities")


def search_problems(config: StudyConfig, search: Mapping[str, Any]) -> Iterator[Problem]:
    """Check the sizes of the search against each other; ``search`` is the table as written."""
    if config.search.split_type == "leave-one-centre-out":
        for key in ("splits", "test_size"):
            if key in search:
                what = Sentence(
                    "There is one split for each centre, and its patients are the test part."
                )
                remedy = Sentence('Take {key} out, or use split_type = "random".', key=key)
                yield Problem(what, remedy, column=f"search.{key}")
    size, candidates = config.search.ensemble.size, config.search.candidates
    if size > candidates:
        what = Sentence(
            "An ensemble of {size} cannot be made from {candidates} candidates (errata E19).",
            size=size,
            candidates=candidates,
        )
        remedy = Sentence(
            "Ask for at most {candidates}, or search more candidates.", candidates=candidates
        )
        yield Problem(what, remedy, column="search.ensemble.size")
    maxlen = config.worc_settings()["HyperOptimization"]["maxlen"]
    kept = int(maxlen) if maxlen.isdecimal() else size  # what is no number is told as that
    if size > kept and config.search.ensemble.method in worc_settings.RANKED_ENSEMBLE_METHODS:
        what = Sentence(
            "WORC keeps the best {kept} candidates, fewer than the ensemble's {size}.",
            kept=kept,
            size=size,
        )
        remedy = Sentence("Set [worc.HyperOptimization] maxlen higher.")
        yield Problem(what, remedy, column="search.ensemble.size")
    method, scoring = config.search.ensemble.method, config.search.scoring
    ranked = method in worc_settings.RANKED_ENSEMBLE_METHODS
    if not ranked and scoring not in worc_settings.ENSEMBLE_SCORES:
        known = ", ".join(worc_settings.ENSEMBLE_SCORES)
        what = Sentence(
            'WORC\'s "{method}" ensemble cannot be scored by "{scoring}" (errata E19).',
            method=method,
            scoring=scoring,
        )
        remedy = Sentence("Use one of {known}, or the ensemble method top_N.", known=known)
        yield Problem(what, remedy, column="search.scoring")


def _centre_problems(config: StudyConfig) -> Iterator[Problem]:
    """Check that the centre is no column of another kind, and no predictor unsaid."""
    centre = config.cohort.centre or ""
    if centre in (config.outcome, config.cohort.patient_id):
        what = Sentence("The outcome, or the patient's id, is no centre.")
        yield Problem(what, Sentence("Name another column."), column="cohort.centre")
    for name, arm in config.arms.items():
        if centre in arm.clinical and centre not in config.clinical:
            what = Sentence('"{centre}" is the centre, and here a predictor too.', centre=centre)
            remedy = Sentence(
                'Take it out, or say that it is meant: {table} kind = "unordered".',
                table=table_name(centre),
            )
            yield Problem(what, remedy, column=f"arms.{name}.clinical")


def _combat_problems(config: StudyConfig) -> Iterator[Problem]:
    """Check that ComBat is told nothing that it may not know."""
    for name, modality in config.modalities.items():
        if modality.combat is None:
            continue
        column = f"modalities.{name}.combat"
        covariates = modality.combat.covariates
        if config.outcome in (modality.combat.batch, *covariates):
            what = Sentence("ComBat would write the outcome into the features of all patients.")
            yield Problem(what, Sentence("Take it out."), column=column)
        if config.cohort.patient_id in (modality.combat.batch, *covariates):
            what = Sentence("The patient's id is neither a batch nor a covariate.")
            yield Problem(what, Sentence("Name another column."), column=column)
        if modality.combat.batch in covariates or len(set(covariates)) < len(covariates):
            what = Sentence("A column is named twice.")
            yield Problem(what, Sentence("Name it once."), column=f"{column}.covariates")


def _group_problems(column: str, arm: ArmConfig, config: StudyConfig) -> Iterator[Problem]:
    """Yield groups of features that no image gives, or that the user has switched off."""
    known = {
        name: config.modality_settings(name) for name in arm.modalities if name in config.images
    }
    for modality, settings in known.items():
        for group in arm.feature_groups:
            if group not in extracted_groups(settings):
                what = Sentence(
                    'With these settings {modality} has no feature of the group "{group}".',
                    modality=modality,
                    group=group,
                )
                said: str = what
                remedy = Sentence(
                    'Take it out, use preset = "full", or switch such features on in '
                    "[worc.ImageFeatures] or [worc.PyRadiomics]."
                )
                if group == "filtered" and settings["ImageFeatures"]["log"] == "True":
                    erratum = Sentence(
                        "WORC never uses its Laplacian-of-Gaussian features (errata E28)."
                    )
                    said = joined([what, erratum], " ")
                yield Problem(said, remedy, column=f"{column}.features")
    chosen = config.worc.get("SelectFeatGroup", {})
    for key in needed_switches(arm.feature_groups, known.values()):
        if chosen.get(key) == "False":
            what = Sentence("The arm needs these features, and {key} is switched off.", key=key)
            yield Problem(what, Sentence("Take that out."), column=f"worc.SelectFeatGroup.{key}")
