"""An arm as a plain WORC experiment: files and a script that need WORC and nothing of ours."""

from __future__ import annotations

import csv
import re
import shutil
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

from lungmet_worc import arms, clinical
from lungmet_worc.checks.study import CheckReport, check_study
from lungmet_worc.cohort import build_cohort
from lungmet_worc.config import ArmConfig, StudyConfig
from lungmet_worc.engines.local import LocalEngine
from lungmet_worc.errors import (
    CohortError,
    LungmetError,
    Problem,
    TaskFailedError,
    did_you_mean,
)
from lungmet_worc.manifest import Patient, read_manifest
from lungmet_worc.plan import Plan
from lungmet_worc.runs import RunPaths
from lungmet_worc.sentences import Sentence
from lungmet_worc.splits import restrict, with_counted_splits, write_splits
from lungmet_worc.tasks import Task, content_hash
from lungmet_worc.worc import settings as worc_settings

SCRIPT = "run_worc.py"

#: Words of the paths in which WORC looks for patients' ids (errata E5).
_WORC_PATHS = (
    "featureconverter_train_predict_CalcFeatures_1_0_pyradiomics_Pyradiomics_1_0_"
    "features_0.hdf5 config_fingerprinter __fastr_result__"
).lower()

#: Scores that WORC's own evaluation can hand to its ensembling (errata E19).
_ENSEMBLE_SCORES = ("f1_weighted", "f1")

Settings = dict[str, dict[str, str]]


@dataclass(frozen=True)
class _Experiment:
    """What is decided about the experiment before a file is written."""

    plan: Plan
    arm: str
    name: str
    outcome: str
    names: Mapping[str, str]
    settings: Mapping[str, Settings]

    @property
    def config(self) -> ArmConfig:
        return self.plan.study.arms[self.arm]

    @property
    def members(self) -> list[Patient]:
        return [self.plan.patients[member] for member in self.plan.cohort.arms[self.arm]]


def export_worc(study: StudyConfig, arm: str, out: Path) -> list[Path]:
    """Write an arm as a plain WORC experiment.

    The settings of each modality are those that a run uses, decided by WORC's Fingerprinter.
    The Fingerprinter stays on where it leaves them as they are, and is switched off where it
    would undo what the study sets (errata E25).

    Parameters
    ----------
    study : StudyConfig
        The study.
    arm : str
        Name of the arm.
    out : Path
        The folder to write into; it must be empty or not there.

    Returns
    -------
    list of Path
        The files written, without the masks of single labels.

    Raises
    ------
    LungmetError
        There is no such arm, plain WORC cannot express it, or the folder is not empty.
    CohortError
        The manifest or the images have errors; all are listed.
    TaskFailedError
        WORC's Fingerprinter failed.
    """
    _refuse(study, arm, out)
    out = out.resolve()
    scratch = out / "lungmet_scratch"
    try:
        plan = _plan(study, arm, RunPaths(scratch))
        experiment = _experiment(plan, arm)
        scratch.mkdir(parents=True, exist_ok=True)
        experiment = _decided(experiment)
        written = _write(experiment, out)
    except OSError as error:
        message = f'"{out.name}" cannot be written: {error.strerror}. Choose another folder.'
        raise LungmetError(message) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return written


def _refuse(study: StudyConfig, arm: str, out: Path) -> None:
    if arm not in study.arms:
        message = f'The study has no arm "{arm}". {did_you_mean(arm, study.arms)}'
        raise LungmetError(message)
    problems = list(_inexpressible(study, arm))
    if problems:
        message = f'Plain WORC cannot do what the arm "{arm}" does.'
        raise LungmetError(message, problems)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        message = f'"{out}" is not an empty folder; nothing was written. Choose another one.'
        raise LungmetError(message)


def _inexpressible(study: StudyConfig, name: str) -> Iterator[Problem]:
    """Yield everything about an arm that WORC has no setting for."""
    arm, column = study.arms[name], f"arms.{name}"
    if not arm.modalities:
        what = "The arm has clinical columns only, and WORC needs images."
        yield Problem(what, "Export an arm with a modality.", column=f"{column}.modalities")
    for modality in arm.modalities:
        if study.modalities[modality].combat is not None:
            what = (
                "WORC hands ComBat a file for each modality and toolbox, and takes each for a "
                "patient (errata E45)."
            )
            remedy = "Export the arm without it."
            yield Problem(what, remedy, column=f"modalities.{modality}.combat")
    if arm.feature_groups:
        # fit_and_score imputes before it selects groups.
        what = (
            "WORC switches groups of features off only within a candidate, after the features of "
            "all groups had a part in the imputation."
        )
        yield Problem(what, 'Export an arm with features = "all".', column=f"{column}.features")
    elif arm.features != "all":
        what = "WORC cannot be told to use the tumour volume only."
        yield Problem(what, 'Export an arm with features = "all".', column=f"{column}.features")
    if arm.missing == "impute":
        what = "WORC takes features of a stand-in image where a scan is missing (errata E4)."
        yield Problem(what, 'Export an arm with missing = "exclude".', column=f"{column}.missing")
    if arm.clinical and arm.modalities:
        calculators = study.modality_settings(arm.modalities[0])["General"]["FeatureCalculators"]
        if "predict" not in calculators:
            what = "WORC takes clinical data from PREDICT only, and the first modality lacks it."
            remedy = "Add predict/CalcFeatures:1.0 to its FeatureCalculators."
            yield Problem(what, remedy, column=f"{column}.clinical")
    yield from _inexpressible_search(study)


def _inexpressible_search(study: StudyConfig) -> Iterator[Problem]:
    ensemble, scoring = study.search.ensemble, study.search.scoring
    ranked = ensemble.method in worc_settings.RANKED_ENSEMBLE_METHODS
    if not ranked and scoring not in _ENSEMBLE_SCORES:
        what = f'WORC ends with an error for "{ensemble.method}" scored by {scoring} (errata E19).'
        remedy = f"Use {' or '.join(_ENSEMBLE_SCORES)}, or the ensemble method top_N."
        yield Problem(what, remedy, column="search.scoring")
    if study.worc_settings()["Ensemble"]["Metric"] == "generalization":
        what = "WORC ends with an error for this metric (errata E31)."
        yield Problem(what, "Leave it out.", column="worc.Ensemble.Metric")


def _plan(study: StudyConfig, arm: str, paths: RunPaths) -> Plan:
    """Check the study as a run does, and return who enters which arm."""
    manifest = read_manifest(study)
    report: CheckReport = check_study(study)
    excludes = study.run.on_error == "exclude-patient"
    fatal = report.study_errors if excludes else report.errors
    if fatal:
        message: str = Sentence.plural(
            len(fatal),
            "The study cannot be exported: {n} problem.",
            "The study cannot be exported: {n} problems.",
        )
        raise CohortError(message, fatal)
    cohort = build_cohort(study, manifest, report.unusable if excludes else {})
    if not cohort.arms[arm]:
        message = f"No patient enters the arm {arm}. {cohort.summary()}"
        raise CohortError(message)
    return Plan(with_counted_splits(study, cohort), cohort, report.digests, paths)


def _experiment(plan: Plan, arm: str) -> _Experiment:
    name = _word(f"{plan.study.name}_{arm}")
    outcome = _word(plan.study.outcome)
    # WORC looks at the balance of the classes only where the label's name is one letter (E6).
    outcome = outcome if len(outcome) > 1 else f"outcome_{outcome}"
    return _Experiment(plan, arm, name, outcome, _names(plan, name), {})


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")


def _names(plan: Plan, experiment: str) -> Mapping[str, str]:
    """Return the user's patient id -> an id that is in no path of WORC but the patient's own."""
    types = [modality.image_type.lower() for modality in plan.study.modalities.values()]
    around = " ".join([_WORC_PATHS, experiment.lower(), *types])
    if any(name.lower() in around for name in plan.names.values()):
        return {user: f"patient{number:05d}" for number, user in enumerate(sorted(plan.names), 1)}
    return plan.names


def _decided(experiment: _Experiment) -> _Experiment:
    """Return the experiment with the settings that a run would use, and with its search's."""
    plan, chosen = experiment.plan, experiment.config.modalities
    fingerprints = [t for t in plan.fingerprints() if t.key.partition("/")[2] in chosen]
    with LocalEngine(cores=1, folder=plan.paths.scratch) as engine:

        def run(tasks: Sequence[Task]) -> None:
            for result in engine.run(tasks):
                if not result.done:
                    message = f"WORC could not look at {result.task.label}: {result.error}"
                    raise TaskFailedError(message)

        run(fingerprints)
        run([task for task in plan.arm_settings() if task.label == experiment.arm])
        settings = {name: _read(plan.paths.fingerprint(name)) for name in chosen}
        settings[chosen[0]] = _read(plan.paths.settings(experiment.arm, chosen[0]))
        again = [_again(task, settings[task.label]) for task in fingerprints]
        run(again)
        unchanged = all(_read(task.output) == settings[task.label] for task in again)
    on = unchanged and all(s["General"]["Fingerprint"] == "True" for s in settings.values())
    for values in settings.values():
        values["General"]["Fingerprint"] = str(on)
        values["Labels"]["label_names"] = experiment.outcome
        # The splits are given; this is for the splits within them.
        values["CrossValidation"]["fixed_seed"] = "True"
    return _Experiment(
        plan, experiment.arm, experiment.name, experiment.outcome, experiment.names, settings
    )


def _again(task: Task, settings: Settings) -> Task:
    """Return the task that asks WORC's Fingerprinter what it makes of decided settings."""
    return Task(
        key=f"again/{task.label}",
        label=task.label,
        function=task.function,
        arguments={**task.arguments, "settings": settings, "overrides": {}},
        output=task.output.with_name("again.ini"),
        stamp=content_hash("again", settings),
    )


def _read(path: Path) -> Settings:
    return worc_settings.from_ini(path.read_text("utf-8"))


def _write(experiment: _Experiment, out: Path) -> list[Path]:
    plan, names = experiment.plan, experiment.names
    ids = [patient.patient_id for patient in experiment.members]
    written = []
    for modality, settings in experiment.settings.items():
        path = out / f"worc_{modality}.ini"
        path.write_text(worc_settings.to_ini(settings), "utf-8")
        written.append(path)
    labels, splits = out / "labels.csv", out / "fixedsplits.csv"
    arms.write_labels(labels, experiment.outcome, {names[p]: plan.outcomes[p] for p in ids})
    write_splits(splits, [restrict(split, ids) for split in plan.splits], names)
    written += [labels, splits]
    if experiment.config.clinical:
        semantics = out / "semantics.csv"
        said = experiment.plan.study.clinical
        encoded = clinical.encode(experiment.members, experiment.config.clinical, said)
        arms.write_semantics(semantics, encoded, names)
        written.append(semantics)
    written.append(_write_rows(out / "sources.csv", _sources(experiment, out)))
    rows = [["patient_id", "worc_id", "outcome"]]
    rows += [[user, names[user], str(plan.outcomes[user])] for user in ids]
    written.append(_write_rows(out / "patients.csv", rows))
    written.append(_write_script(experiment, out / SCRIPT))
    return written


def _sources(experiment: _Experiment, out: Path) -> list[list[str]]:
    rows = [["patient", "modality", "image", "segmentation"]]
    for modality in experiment.config.modalities:
        label = experiment.plan.study.modalities[modality].label
        for patient in experiment.members:
            pair, worc_id = patient.pairs[modality], experiment.names[patient.patient_id]
            mask = str(pair.segmentation)
            if label is not None:
                target = Path("masks", modality, f"{worc_id}.nii.gz")
                _write_label(mask, label, out / target)
                mask = str(target)
            rows.append([worc_id, modality, str(pair.image), mask])
    return rows


def _write_label(segmentation: str, label: int, path: Path) -> None:
    """Write one value of a segmentation as a mask: WORC takes every value above 0."""
    import SimpleITK as sitk

    path.parent.mkdir(parents=True, exist_ok=True)
    mask = sitk.Cast(sitk.ReadImage(segmentation) == label, sitk.sitkUInt8)
    sitk.WriteImage(mask, str(path), True)


def _write_rows(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def _write_script(experiment: _Experiment, path: Path) -> Path:
    template = resources.files("lungmet_worc").joinpath("templates/run_worc.py.txt")
    values = {
        "study": experiment.plan.study.name,
        "arm": experiment.arm,
        "name": experiment.name,
        "modalities": repr(list(experiment.settings)),
        "version": metadata.version("WORC"),
        "packages": " ".join(
            f"{package}=={metadata.version(package)}"
            for package in ("WORC", "numpy", "pandas", "scikit-learn", "setuptools")
        ),
    }
    path.write_text(string.Template(template.read_text("utf-8")).substitute(values), "utf-8")
    return path
