"""What the searches of an arm read: its features side by side, its outcomes, its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lungmet_worc.basics.stamped_files import read_stamp, write_text
from lungmet_worc.pipeline.stages.extraction import by_pair
from lungmet_worc.tasks.stage import Made
from lungmet_worc.tasks.task import content_hash

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.tasks.stage_runner import StageRunner


def matrix_parts(plan: Plan, name: str, made: Made) -> tuple[str, dict[str, Any]]:
    """Return the stamp of an arm's feature matrix, and its ingredients."""
    from lungmet_worc.study import clinical

    arm, ids, extractions = plan.study.arms[name], plan.cohort.arms[name], by_pair(made)
    files = [
        [patient, modality, extractions[patient, modality].stamp]
        for patient in ids
        for modality in arm.modalities
        if (patient, modality) in extractions
    ]
    members = [plan.patients[patient] for patient in ids]
    encoded = clinical.encode(members, arm.clinical, plan.study.clinical)
    columns, values = list(encoded.columns), encoded.astype(str).to_numpy().tolist()
    harmonised = {
        task.key.modality: task.stamp
        for task in made["harmonisation"]
        if task.key.modality in arm.modalities
    }
    found = {
        "patients": list(ids),
        "modalities": list(arm.modalities),
        "features": arm.features if isinstance(arm.features, str) else list(arm.features),
        "features_of": {f"{modality}/{patient}": stamp for patient, modality, stamp in files},
        "clinical": columns,
        "clinical_of": {one: row for one, row in zip(ids, values, strict=True) if row},
        **({"harmonised": harmonised} if harmonised else {}),
    }
    stamp = content_hash(
        "matrix",
        files,
        *(found[part] for part in ("patients", "modalities", "features")),
        [columns, values],
        *([harmonised] if harmonised else []),
    )
    return stamp, found


def prepare(plan: Plan, made: Made, runner: StageRunner) -> None:
    """Write what the searches of each arm read: outcomes, clinical features, all features."""
    for name in plan.study.arms:
        _prepare_arm(plan, name, made, runner)


def _prepare_arm(plan: Plan, name: str, made: Made, runner: StageRunner) -> None:
    from lungmet_worc.pipeline import arm_matrix
    from lungmet_worc.study import clinical
    from lungmet_worc.worc.storage import write_matrix

    study, paths, arm = plan.study, plan.paths, plan.study.arms[name]
    members = [plan.patients[member] for member in plan.cohort.arms[name]]
    outcomes = {plan.names[p]: plan.outcomes[p] for p in plan.cohort.arms[name]}
    runner.aside.keep([paths.labels(name), paths.semantics(name)])
    arm_matrix.write_labels(paths.labels(name), study.outcome, outcomes)
    if arm.clinical:
        encoded = clinical.encode(members, arm.clinical, study.clinical)
        arm_matrix.write_semantics(paths.semantics(name), encoded, plan.names)
    for modality in (each for each in arm.modalities[1:] if each in study.images):
        text = paths.fingerprint(modality).read_text("utf-8")
        runner.aside.keep([paths.settings(name, modality)])
        write_text(paths.settings(name, modality), text)
    stamp, _ = matrix_parts(plan, name, made)
    if read_stamp(paths.matrix(name)) != stamp:
        runner.keep([paths.matrix(name)])
        files = {pair: task.output for pair, task in by_pair(made).items()}
        harmonised = {task.key.modality: task.output for task in made["harmonisation"]}
        matrix = arm_matrix.arm_matrix(arm, members, files, study.clinical, harmonised)
        write_matrix(paths.matrix(name), matrix, stamp=stamp)
