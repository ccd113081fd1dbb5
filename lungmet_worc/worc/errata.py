"""Which defects of WORC 3.7.0 a study met, in words for its report.

The words are in ``errata.toml``, when they are said is here; ``docs/worc_errata.md`` describes
each defect, with its place in WORC and our answer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.given_names import shown_names
from lungmet_worc.study.worc_settings import PRESETS, QUANTITATIVE_TYPES

#: Whether something is so, or what the fields of a text stand for where it is.
Conditions = Mapping[str, bool | Mapping[str, object]]


class Erratum(NamedTuple):
    """What is said of a defect of WORC, under one of the conditions of this module."""

    number: str
    when: str
    text: str


@cache
def errata() -> tuple[Erratum, ...]:
    """Return all of them by their numbers."""
    file = Path(__file__).with_name("errata.toml")
    return tuple(Erratum(**each) for each in tomllib.loads(file.read_text("utf-8"))["erratum"])


def met(
    study: StudyConfig, ids: Mapping[str, str], n_without_score: int, *, undefined: bool
) -> list[tuple[str, Sentence]]:
    """Return number and sentence of each defect that a study met, in order.

    Parameters
    ----------
    study : StudyConfig
    ids : mapping of str to str
        Patient -> the id that WORC sees.
    n_without_score : int
        Candidate workflows that have no score, over all arms and splits.
    undefined : bool
        A predictive value is not defined in some split.
    """
    holds: Conditions = {
        "always": True,
        "renamed": any(user != worc for user, worc in ids.items()),
        "without score": {"n": n_without_score} if n_without_score else False,
        "undefined": undefined,
        **_of_arms(study),
        **_of_combat(study),
        **_of_search(study),
    }
    found = []
    for number, when, text in errata():
        if fields := holds[when]:
            found.append((number, Sentence(text, **({} if fields is True else fields))))
    return found


def _of_arms(study: StudyConfig) -> Conditions:
    names, arms = shown_names(study), study.arms
    types = {
        name: {study.images[each].image_type for each in arm.modalities if each in study.images}
        for name, arm in arms.items()
    }
    settings = {modality: study.modality_settings(modality) for modality in sorted(_used(study))}
    features = {modality: each["ImageFeatures"] for modality, each in settings.items()}
    whole = [
        modality
        for modality, each in features.items()
        if each["texture_Gabor"] == "True" and each["image_type"] in QUANTITATIVE_TYPES
    ]
    mixed = [name for name, kinds in types.items() if len(kinds) > 1]
    return {
        "mixed types": _named("arms", map(names.arm, mixed)),
        "impute": any(arm.missing == "impute" for arm in arms.values()),
        "clinical": any(arm.clinical for arm in arms.values()),
        "log": any(each["log"] == "True" for each in features.values()),
        "whole Gabor": _named("modalities", map(names.modality, whole)),
    }


def _of_combat(study: StudyConfig) -> Conditions:
    names, used, as_in_worc = shown_names(study), _used(study), study.search.worc_compat is not None
    combats = {
        names.modality(name): each.combat
        for name, each in study.modalities.items()
        if each.combat and name in used
    }
    covariates = [name for name, combat in combats.items() if combat.covariates]
    return {
        "combat": _named("named", combats),
        "covariates": _named("modalities", covariates),
        "combat mended": bool(combats) and not as_in_worc,
        "combat as in WORC": bool(combats) and as_in_worc,
    }


def _of_search(study: StudyConfig) -> Conditions:
    settings, as_in_worc = study.worc_settings(), study.search.worc_compat is not None
    relief = float(settings["Featsel"]["ReliefUse"]) > 0
    selects = relief or float(settings["Featsel"]["StatisticalTestUse"]) > 0
    chosen = (PRESETS[study.search.preset][1], study.worc)
    by_rule = not any("Use" in layer.get("Resampling", {}) for layer in chosen)
    fingerprint = settings["General"]["Fingerprint"] == "True"
    return {
        "selection mended": selects and not as_in_worc,
        "selection as in WORC": selects and as_in_worc,
        "resampling": fingerprint and by_rule and not as_in_worc,
        "relief mended": relief and not as_in_worc,
        "relief as in WORC": relief and as_in_worc,
        "toolbox": settings["SelectFeatGroup"]["toolbox"] != "All",
    }


def _used(study: StudyConfig) -> set[str]:
    return {modality for arm in study.arms.values() for modality in arm.modalities}


def _named(field: str, names: Iterable[str]) -> Mapping[str, object]:
    """Return the field of a text that names things; nothing where there are none."""
    said = ", ".join(names)
    return {field: said} if said else {}
