"""What ``run.json`` says of a run beside its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import installed_versions
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest


def of_study(study: StudyConfig, cores: int) -> dict[str, Any]:
    """Return what is run, by what, without any path."""
    return {
        "study": study.model_dump(mode="json", exclude={"path"}),
        "study_file": study.path.name if study.path else None,
        "order": list(study.arms),
        "versions": installed_versions(),
        "cores": cores,
    }


def of_arms(plan: Plan, unusable: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """Return who enters which arm, and who was excluded."""
    return {
        "excluded": [
            {"patient_id": patient_id, "modality": modality, "cause": cause}
            for (patient_id, modality), cause in unusable.items()
        ],
        "arms": {
            name: {
                "n_patients": len(members),
                "n_events": sum(plan.outcomes[member] for member in members),
                "n_left_out": len(plan.cohort.reasons[name]),
            }
            for name, members in plan.cohort.arms.items()
        },
    }


def of_plan(plan: Plan) -> dict[str, Any]:
    """Return the seeds and the hashes of the files that features are made from."""
    return {
        "seeds": {
            "study": plan.study.search.seed,
            "searches": {str(split.index): plan.seed(split) for split in plan.splits},
        },
        "inputs": plan.inputs,
    }


def excluded(state: Mapping[str, Any], manifest: Manifest) -> dict[tuple[str, str], str]:
    """Return who was excluded when the features were extracted, as (patient id, modality)."""
    known = {patient.patient_id for patient in manifest.patients}
    return {
        (entry["patient_id"], entry["modality"]): entry["cause"]
        for entry in state.get("excluded", [])
        if entry["patient_id"] in known
    }
