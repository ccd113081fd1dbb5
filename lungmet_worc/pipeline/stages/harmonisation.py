"""Which features ComBat harmonises, and on what: the tasks, decided without WORC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lungmet_worc.basics import versions
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.study.sources.source import ComBatConfig

#: Bump when our own code changes what a harmonisation gives.
REVISION = 1

#: Packages whose version decides harmonised values.
PACKAGES = ("WORC", "numpy", "scikit-learn")


def _tasks(plan: Plan, made: Made) -> list[Task]:
    """Return a task for each modality whose features ComBat harmonises.

    All patients of the modality are harmonised together, before any split (errata E13).
    """
    tasks = []
    for modality, config in plan.study.modalities.items():
        files = {t.key.patient: t for t in made["extraction"] if t.key.modality == modality}
        if config.combat is not None and files:
            tasks.append(_task(plan, modality, config.combat, files))
    return tasks


def _task(plan: Plan, modality: str, combat: ComBatConfig, files: Mapping[str, Task]) -> Task:
    from lungmet_worc.study.combat import PACKAGE, combat_settings, installed_version, values_of

    study, members = plan.study, [plan.patients[name] for name in files]
    settings = combat_settings(study)
    science: dict[str, Any] = {
        "batches": values_of(members, combat.batch),
        "covariates": {column: values_of(members, column) for column in combat.covariates},
        "settings": settings,
        "mended": study.search.worc_compat is None,
        "seed": study.search.seed if settings["per_feature"] != "0" else None,
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
            **science,
            "seed": study.search.seed,
            "scratch": str(plan.paths.scratch),
        },
        output=plan.paths.harmonised(modality),
        stamp=content_hash("harmonisation", made_from, science, list(files)),
        ingredients=made_from,
    )


HARMONISATION = Stage(
    Sentence("harmonisation"),
    Sentence("Harmonising features"),
    _tasks,
    seconds=lambda study: 5.0,
    optional=True,
    packages=PACKAGES,
)
