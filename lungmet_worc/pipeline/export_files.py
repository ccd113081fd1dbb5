"""The files of an arm as a plain WORC experiment, and the script that runs it."""

from __future__ import annotations

import csv
import os
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata, resources
from pathlib import Path

from lungmet_worc.display.csv_cells import inert
from lungmet_worc.imaging.plain_files import plain_image, plain_mask
from lungmet_worc.pipeline import arm_matrix
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study import clinical, worc_settings
from lungmet_worc.study.config import ArmConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.splits import write_splits

SCRIPT = "run_worc.py"
#: The one file that says where the images lie on this machine.
ROOT = "root.txt"
#: Goes on where WORC's evaluation ends with an error (errata E39).
EVALUATION = "evaluate_worc.py"

Settings = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Experiment:
    """An arm as a plain WORC experiment, decided before a file is written.

    Parameters
    ----------
    plan : Plan
        The study, as a run would take it.
    arm : str
        Name of the arm.
    name, outcome : str
        What WORC calls the experiment and the label.
    names : mapping of str to str
        The user's patient id -> WORC's.
    settings : mapping
        WORC's settings of each modality.
    """

    plan: Plan
    arm: str
    name: str
    outcome: str
    names: Mapping[str, str]
    settings: Mapping[str, Settings]

    @property
    def config(self) -> ArmConfig:
        """Return the arm."""
        return self.plan.study.arms[self.arm]

    @property
    def members(self) -> list[Patient]:
        """Return the patients of the arm."""
        return [self.plan.patients[member] for member in self.plan.cohort.arms[self.arm]]


def write_experiment(experiment: Experiment, out: Path) -> list[Path]:
    """Write the files of an experiment, and return them without the masks of single labels."""
    plan, names = experiment.plan, experiment.names
    ids = [patient.patient_id for patient in experiment.members]
    written = []
    for modality, settings in experiment.settings.items():
        path = out / f"worc_{modality}.ini"
        path.write_text(worc_settings.to_ini(settings), "utf-8")
        written.append(path)
    labels, splits = out / "labels.csv", out / "fixedsplits.csv"
    arm_matrix.write_labels(labels, experiment.outcome, {names[p]: plan.outcomes[p] for p in ids})
    of_arm = plan.arm_splits[experiment.arm]
    tested = [replace(part, index=new) for new, part in enumerate(of_arm.tested.values())]
    write_splits(splits, tested, names)
    written += [labels, splits]
    if of_arm.untested:
        rows = [["split", "n_train", "n_test", "reason"]]
        rows += [[str(s.split), str(s.n_train), str(s.n_test), s.reason] for s in of_arm.untested]
        written.append(_write_rows(out / "untested.csv", rows))
    if experiment.config.clinical:
        semantics = out / "semantics.csv"
        said = experiment.plan.study.clinical
        encoded = clinical.encode(experiment.members, experiment.config.clinical, said)
        arm_matrix.write_semantics(semantics, encoded, names)
        written.append(semantics)
    root, sources = _sources(experiment, out)
    (out / ROOT).write_text(f"{root}\n", "utf-8")
    written += [_write_rows(out / "sources.csv", sources), out / ROOT]
    rows = [["patient_id", "worc_id", "outcome"]]
    rows += [[inert(user), names[user], str(plan.outcomes[user])] for user in ids]
    written.append(_write_rows(out / "patients.csv", rows))
    script = script_text(
        study=plan.study.name,
        arm=experiment.arm,
        name=experiment.name,
        modalities=list(experiment.settings),
    )
    (out / SCRIPT).write_text(script, "utf-8")
    evaluation = resources.files("lungmet_worc").joinpath(f"study/templates/{EVALUATION}.txt")
    (out / EVALUATION).write_text(evaluation.read_text("utf-8"), "utf-8")
    written += [out / SCRIPT, out / EVALUATION]
    return written


def _sources(experiment: Experiment, out: Path) -> tuple[Path, list[list[str]]]:
    """Return the folder above all images, and where they lie in it; masks lie in ``out``."""
    rows = [["patient", "modality", "image", "segmentation"]]
    pairs = [p.images[m] for m in experiment.config.modalities for p in experiment.members]
    files = [path for pair in pairs for path in pair.files.values()]
    root = Path(os.path.commonpath([path.parent for path in files]))
    for modality in experiment.config.modalities:
        label = experiment.plan.study.images[modality].label
        for patient in experiment.members:
            scan, worc_id = patient.images[modality].files, experiment.names[patient.patient_id]
            image = plain_image(scan["image"], out, Path("images", modality, worc_id))
            mask = plain_mask(scan["segmentation"], label, out, Path("masks", modality, worc_id))
            rows.append([worc_id, modality, _below(root, image), _below(root, mask)])
    return root, rows


def _below(root: Path, path: str) -> str:
    """Return a path from the root; what lies in the export is relative already."""
    return Path(path).relative_to(root).as_posix() if Path(path).is_absolute() else path


def _write_rows(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def script_text(*, study: str, arm: str, name: str, modalities: Sequence[str]) -> str:
    """Return the script that runs an arm with plain WORC.

    Names come from the user, who may have them from somebody else, and the script is run: they
    stand in it as literals in ASCII, so that nothing in a name is code.

    Parameters
    ----------
    study, arm : str
        Their names.
    name : str
        WORC's name of the experiment.
    modalities : sequence of str
        Names of the arm's modalities.
    """
    template = resources.files("lungmet_worc").joinpath("study/templates/run_worc.py.txt")
    values = {
        "study": ascii(study),
        "arm": ascii(arm),
        "name": ascii(name),
        "modalities": ascii(list(modalities)),
        "version": metadata.version("WORC"),
        "packages": " ".join(
            f"{package}=={metadata.version(package)}"
            for package in ("WORC", "numpy", "pandas", "scikit-learn", "setuptools")
        ),
    }
    return string.Template(template.read_text("utf-8")).substitute(values)
