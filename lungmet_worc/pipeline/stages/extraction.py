"""The features of each patient in each modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lungmet_worc.basics import versions
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.tasks.failures import patients_said
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.study.config import StudyConfig

#: Bump when our own code changes what an extraction gives.
REVISION = 2

#: Packages whose version decides a feature value.
PACKAGES = (
    "WORC",
    "PREDICT",
    "pyradiomics",
    "SimpleITK",
    "numpy",
    "scipy",
    "scikit-image",
    "PyWavelets",
    "phasepack",
)

#: Kind of task that a source names -> the function that writes the features of a patient.
EXTRACTORS = {"extract": "lungmet_worc.worc.extraction:extract"}

#: Run folders of all versions call a segmentation a mask.
_KEPT_AS = {"segmentation": "mask"}

#: By [run] accelerate: seconds of one core, measured on the 51 patients of the public cohort (see
#: experiments/benchmarks), used until the run itself has measured tasks of its own.
SECONDS_PER_VOLUME = {
    (True, "coarse"): 0.5,
    (True, "full"): 1.7,
    (False, "coarse"): 1.5,
    (False, "full"): 90.0,
}


def by_pair(made: Made) -> dict[tuple[str, str], Task]:
    """Return (patient id, modality) -> the task that yields the features."""
    return {(task.key.patient, task.key.modality): task for task in made["extraction"]}


def _tasks(plan: Plan, _: Made) -> list[Task]:
    """Return a task for each patient and modality; what WORC decided must be there."""
    tasks = []
    inis = {name: plan.paths.fingerprint(name) for name in plan.study.modalities}
    decided = {name: plan.extraction_part(ini) for name, ini in inis.items()}
    installed = versions.of(PACKAGES)
    for patient, modality in plan.needed():
        data, source = patient.data[modality], plan.study.modalities[modality]
        digests, science = plan.inputs[modality][patient.patient_id], source.science(data)
        made_from = {
            "revision": REVISION,
            "versions": installed,
            **{_KEPT_AS.get(kind, kind): digest for kind, digest in digests.items()},
            **science,
            "settings": decided[modality],
        }
        tasks.append(
            Task(
                key=TaskKey("extraction", modality, patient.patient_id),
                label=f"{patient.patient_id} {modality}",
                function=EXTRACTORS[source.task],
                arguments={
                    **{kind: str(path) for kind, path in data.files.items()},
                    **science,
                    "settings": str(inis[modality]),
                    "accelerate": plan.study.run.accelerate,
                    "scratch": str(plan.paths.scratch),
                    "inputs": plan.files_of(patient, modality),
                },
                output=plan.paths.features(modality, patient.patient_id),
                stamp=content_hash("extraction", *made_from.values()),
                ingredients=made_from,
                tool="lungmet/ExtractFeatures:1.0",
            )
        )
    return tasks


def _seconds(study: StudyConfig) -> float:
    coarse = study.worc_settings()["ImageFeatures"]["texture_Gabor"] == "False"
    return SECONDS_PER_VOLUME[study.run.accelerate, "coarse" if coarse else "full"]


def _failed(keys: Sequence[TaskKey], why: str) -> Sentence:
    of: dict[str, list[str]] = {}
    for key in keys:
        of.setdefault(key.modality, []).append(key.patient)
    parts = [
        Sentence("{modality} features of {who}", modality=modality, who=patients_said(patients))
        for modality, patients in of.items()
    ]
    return Sentence("{what} failed: {why}.", what=joined(parts, "; "), why=why)


EXTRACTION = Stage(
    Sentence("extraction"),
    Sentence("Extracting features"),
    _tasks,
    part="extraction",
    seconds=_seconds,
    failed=_failed,
    packages=PACKAGES,
)
