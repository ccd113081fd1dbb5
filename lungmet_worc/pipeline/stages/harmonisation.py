"""Which features ComBat harmonises, and on what: the tasks, decided without WORC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lungmet_worc.basics import versions
from lungmet_worc.study.combat import PACKAGE, combat_settings, installed_version, values_of
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.sources import ComBatConfig
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

#: Bump when our own code changes what a harmonisation gives.
REVISION = 1

#: Packages whose version decides harmonised values.
PACKAGES = ("WORC", "numpy", "scikit-learn")


def harmonisation_tasks(
    study: StudyConfig,
    patients: Mapping[str, Patient],
    extractions: Mapping[tuple[str, str], Task],
    paths: RunPaths,
) -> list[Task]:
    """Return a task for each modality whose features ComBat harmonises.

    All patients of the modality are harmonised together, before any split (errata E13).

    Parameters
    ----------
    study : StudyConfig
        The study.
    patients : mapping of str to Patient
        The patients that enter any arm.
    extractions : mapping of (patient id, modality) to Task
        Who has which features.
    paths : RunPaths
        The run folder.
    """
    tasks = []
    for modality, config in study.modalities.items():
        members = [patients[name] for name, of in extractions if of == modality]
        if config.combat is None or not members:
            continue
        files = {p.patient_id: extractions[p.patient_id, modality] for p in members}
        tasks.append(_task(study, modality, config.combat, members, files, paths))
    return tasks


def _task(
    study: StudyConfig,
    modality: str,
    combat: ComBatConfig,
    members: Sequence[Patient],
    files: Mapping[str, Task],
    paths: RunPaths,
) -> Task:
    settings, seed = combat_settings(study), study.search.seed
    science: dict[str, Any] = {
        "batches": values_of(members, combat.batch),
        "covariates": {column: values_of(members, column) for column in combat.covariates},
        "settings": settings,
        "mended": study.search.worc_compat is None,
        "seed": seed if settings["per_feature"] != "0" else None,
    }
    made_from = {
        "revision": REVISION,
        "versions": {**versions.of(PACKAGES), PACKAGE: installed_version()},
        "patients": list(files),
        "features_of": {f"{modality}/{name}": task.stamp for name, task in files.items()},
        "batches": science["batches"],
        "combat": [combat.batch, *combat.covariates],
        "covariates": science["covariates"],
        "settings": {"ComBat": settings},
        "worc_compat": study.search.worc_compat,
    }
    return Task(
        key=TaskKey("harmonisation", modality),
        label=modality,
        function="lungmet_worc.worc.combat:harmonise",
        arguments={
            "features": {name: str(task.output) for name, task in files.items()},
            "batches": science["batches"],
            "covariates": science["covariates"],
            "settings": settings,
            "mended": science["mended"],
            "seed": seed,
            "scratch": str(paths.scratch),
        },
        output=paths.harmonised(modality),
        stamp=content_hash("harmonisation", made_from, science, list(files)),
        ingredients=made_from,
    )
