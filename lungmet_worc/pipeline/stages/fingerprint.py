"""WORC's decisions about the images of a modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import named
from lungmet_worc.study import worc_settings
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan

#: Bump when our own code changes what a fingerprint gives.
REVISION = 1


def _tasks(plan: Plan, _: Made) -> list[Task]:
    """Return a task for each modality that has images."""
    return [_task(plan, modality) for modality in plan.study.images if modality in plan.inputs]


def _task(plan: Plan, modality: str) -> Task:
    study, found, source = plan.study, plan.inputs[modality], plan.study.images[modality]
    members = [plan.patients[patient_id] for patient_id in found]
    pairs = [member.images[modality] for member in members]
    preset = worc_settings.PRESETS[study.search.preset][1]
    of_all: dict[str, Any] = {
        "revision": REVISION,
        "label": source.label,
        "settings": study.modality_settings(modality),
        "overrides": worc_settings.merge(preset, study.worc, source.worc),
    }
    chosen = worc_settings.extraction_settings(of_all["settings"])
    return Task(
        key=TaskKey("fingerprint", modality),
        label=modality,
        function="lungmet_worc.worc.fingerprint:fingerprint_images",
        arguments={
            "settings": of_all["settings"],
            "overrides": of_all["overrides"],
            "images": [str(pair.image) for pair in pairs],
            "segmentations": [str(pair.segmentation) for pair in pairs],
            "label": source.label,
            "scratch": str(plan.paths.scratch),
            "inputs": [each for p in members for each in plan.files_of(p, modality)],
        },
        output=plan.paths.fingerprint(modality),
        # What the patients are called decides nothing.
        stamp=content_hash(
            *("fingerprint", *of_all.values(), chosen),
            [[pair["image"], pair["segmentation"]] for pair in found.values()],
        ),
        ingredients={
            **of_all,
            "patients": list(found),
            "images": {name: pair["image"] for name, pair in found.items()},
            "masks": {name: pair["segmentation"] for name, pair in found.items()},
        },
    )


def _failed(keys: Sequence[TaskKey], why: str) -> Sentence:
    what = named([key.modality for key in keys])
    return Sentence("The look at the images of {what} failed: {why}.", what=what, why=why)


FINGERPRINT = Stage(
    Sentence("fingerprint"),
    Sentence("Looking at the images"),
    _tasks,
    part="extraction",
    seconds=lambda study: 2.0,
    failed=_failed,
)
