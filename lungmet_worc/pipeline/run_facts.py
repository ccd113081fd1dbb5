"""What the checklists ask of a run, as plain values."""

from __future__ import annotations

from lungmet_worc.analyses.registry import parts
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import installed_versions
from lungmet_worc.study.config import ArmConfig
from lungmet_worc.study.given_names import shown_names
from lungmet_worc.study.reading.spreadsheet import is_missing


def run_facts(plan: Plan, results: StudyResults) -> dict[str, object]:
    """Return the facts of a run.

    Parameters
    ----------
    plan : Plan
        The study and who enters.
    results : StudyResults
        Of the splits that were evaluated.

    Returns
    -------
    dict
        By name; those about one analysis come from its own part.
    """
    study, search = plan.study, plan.study.search
    names, arms = shown_names(study), list(study.arms.values())
    modalities = [name for name in study.modalities if any(name in a.modalities for a in arms)]
    images = [arm for arm in arms if arm.modalities and arm.features != "volume"]
    packages = installed_versions()
    of_analyses = [facts(results) for facts in parts("section", "facts").values()]
    return {
        **{name: fact for each in of_analyses for name, fact in each.items()},
        "outcome": study.outcome,
        "n_patients": len(plan.outcomes),
        "n_events": sum(plan.outcomes.values()),
        "arms": [names.arms.get(name, name) for name in study.arms],
        "modalities": [names.modality(name) for name in modalities if name in study.images],
        "clinical": list(dict.fromkeys(column for arm in arms for column in arm.clinical)),
        "split_type": search.split_type,
        "test_percent": round(100 * search.test_size),
        "seed": search.seed,
        "n_inner_splits": search.inner_splits,
        "n_candidates": search.candidates,
        "classifiers": list(search.classifiers),
        "ensemble": f"{search.ensemble.method}, {search.ensemble.size}",
        "n_centres": _number_of_centres(plan),
        "worc_version": packages["WORC"],
        "predict_version": packages["PREDICT"],
        "pyradiomics_version": packages["pyradiomics"],
        "lungmet_version": packages["lungmet_worc"],
        "has_combat": any(study.modalities[name].combat is not None for name in modalities),
        "has_imputation": any(arm.missing == "impute" for arm in arms),
        "has_volume": any(_volume_only(arm) for arm in arms),
        "has_baseline": 0 < len(images) < len(arms),
        "has_single_and_combined": len({len(arm.modalities) > 1 for arm in images}) == 2,
    }


def _volume_only(arm: ArmConfig) -> bool:
    return bool(arm.modalities) and arm.features == "volume" and not arm.clinical


def _number_of_centres(plan: Plan) -> int:
    """Return how many different centres the patients come from, 0 if no column says it."""
    column = plan.study.cohort.centre
    if column is None:
        return 0
    cells = (patient.clinical.get(column, "").strip() for patient in plan.patients.values())
    return len({cell for cell in cells if not is_missing(cell)})
