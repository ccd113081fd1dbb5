"""All features of a run as one table for other programs: a row for each patient."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, model_validator

from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.regular_file import read_plain
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import read_stamp, write_text
from lungmet_worc.pipeline.feature_files import FeatureTable
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study.clinical import NOTHING_SAID, column_numbers, column_texts
from lungmet_worc.study.feature_names import parsed, readable_name, told_apart, variable
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import read_state, tasks_of
from lungmet_worc.worc.storage import read_features

#: Columns of the codebook.
CODEBOOK = ("name", "kind", "modality", "toolbox", "group", "filter", "source", "n_known")


class _Patients(BaseModel):
    """What the file of `write_patients` holds, whoever wrote it."""

    patient_id: list[str]
    outcome: list[Literal[0, 1]]
    clinical: dict[str, list[str | float | None]]

    @model_validator(mode="after")
    def _of_one_length(self) -> _Patients:
        columns: list[list[Any]] = [self.outcome, *self.clinical.values()]
        if any(len(column) != len(self.patient_id) for column in columns):
            message = "columns of different lengths"
            raise ValueError(message)
        return self


def write_patients(path: Path, plan: Plan) -> None:
    """Write outcome and clinical values of the patients of all arms, for `features_table`.

    Parameters
    ----------
    path : Path
        A JSON file.
    plan : Plan
        Who enters.
    """
    patients = list(plan.patients.values())
    columns: dict[str, list[Any]] = {}
    for name in plan.cohort.clinical:
        texts = column_texts(patients, name)
        config = plan.study.clinical.get(name, NOTHING_SAID)
        # A rank of an ordered column would say less than its word.
        numbers = None if config.kind == "ordered" else column_numbers(texts, config)
        values = texts if numbers is None else numbers
        columns[name] = [None if value == "" or value != value else value for value in values]
    known = {"patient_id": list(plan.patients), "outcome": list(plan.outcomes.values())}
    write_text(path, json.dumps({**known, "clinical": columns}, indent=1) + "\n")


def features_table(paths: RunPaths) -> FeatureTable:
    """Read all features of a run.

    Parameters
    ----------
    paths : RunPaths
        A run folder in which the extraction is complete.

    Raises
    ------
    ResultsError
        Features are missing, damaged or stale.
    """
    state = read_state(paths)
    study = state["study"]
    known = _patients(paths)
    ids = known.patient_id
    columns = {"patient_id": ids, study["outcome"]: known.outcome, **known.clinical}
    kinds = ["id", "outcome", *["clinical"] * len(known.clinical)]
    rows = [_entry(kind, source=name) for kind, name in zip(kinds, columns, strict=True)]
    names = [variable(name) for name in columns]
    frames = [pd.DataFrame(dict(enumerate(columns.values())))]
    found = _features(paths, state)
    for modality in (name for name in study["modalities"] if name in found):
        frame = pd.DataFrame([found[modality].get(patient, {}) for patient in ids], dtype=float)
        for name in frame.columns:
            parts = parsed(name)
            names.append(readable_name(name, modality))
            rows.append(
                _entry(
                    "feature",
                    modality=modality,
                    toolbox=parts.toolbox,
                    group=parts.group,
                    filter=parts.filter,
                    source=name,
                )
            )
        frames.append(frame)
    names = told_apart(names)
    values = pd.concat(frames, axis=1)
    values.columns = pd.Index(names)
    codebook = pd.DataFrame(rows, columns=list(CODEBOOK))
    codebook["name"], codebook["n_known"] = names, values.notna().sum().to_list()
    return FeatureTable(values, codebook, study["name"])


def _entry(kind: str, **parts: str) -> dict[str, str]:
    return {**dict.fromkeys(CODEBOOK, ""), "kind": kind, **parts}


def _patients(paths: RunPaths) -> _Patients:
    """Return what `write_patients` wrote."""
    try:
        known = _Patients.model_validate_json(read_plain(paths.patients), strict=True)
    except FileNotFoundError:
        raise ResultsError(
            Sentence(
                "This run has not come to its features yet, or is of an earlier version; the same "
                "run command goes on with it."
            )
        ) from None
    except (OSError, ValueError) as error:
        message = Sentence(
            "{file} of this run is damaged. Delete it; the same run command writes it again.",
            file=paths.patients.name,
        )
        raise ResultsError(message) from error
    return known


def _features(paths: RunPaths, state: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """Return modality -> patient -> features."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    wrong: list[str] = []
    for key, entry in tasks_of(state).items():
        if key.stage != "extraction":
            continue
        path = paths.features(key.modality, key.patient)
        if entry["state"] == "done" and read_stamp(path) == entry["stamp"]:
            found.setdefault(key.modality, {})[key.patient] = read_features(path)
        else:
            wrong.append(f"{key.patient} {key.modality}")
    if wrong or not found:
        raise ResultsError(_incomplete(wrong))
    return found


def _incomplete(wrong: Sequence[str]) -> Sentence:
    if not wrong:
        return Sentence("This run has no features of images.")
    return Sentence.plural(
        len(wrong),
        "The features of {n} image are not there or not as run.json says: {named}. The same run "
        "command goes on with them.",
        "The features of {n} images are not there or not as run.json says: {named}. The same run "
        "command goes on with them.",
        named=", ".join(wrong[:3]) + (", ..." if len(wrong) > 3 else ""),
    )
