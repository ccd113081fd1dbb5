"""An arm as a plain WORC experiment: files and a script that need WORC and nothing of ours."""

from __future__ import annotations

import csv
import logging
import os
import re
import shutil
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata, resources
from pathlib import Path

from lungmet_worc.basics.errors import LungmetError, Problem, TaskFailedError, did_you_mean
from lungmet_worc.basics.file_names import shortened
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.study import check_study
from lungmet_worc.display.csv_cells import inert
from lungmet_worc.imaging.plain_files import plain_image, plain_mask
from lungmet_worc.pipeline import arm_matrix
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.runnable import runnable_cohort
from lungmet_worc.study import clinical, worc_settings
from lungmet_worc.study.config import ArmConfig, StudyConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.splits import with_counted_splits, write_splits
from lungmet_worc.study.tested_splits import ArmSplits
from lungmet_worc.tasks.engines.local import LocalEngine
from lungmet_worc.tasks.run_folder.mark import not_writable, require_new, resolved
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

logger = logging.getLogger(__name__)

SCRIPT = "run_worc.py"
#: The one file that says where the images lie on this machine.
ROOT = "root.txt"
#: Goes on where WORC's evaluation ends with an error (errata E39).
EVALUATION = "evaluate_worc.py"

#: Words of the paths in which WORC looks for patients' ids (errata E5).
_WORC_PATHS = (
    "featureconverter_train_predict_CalcFeatures_1_0_pyradiomics_Pyradiomics_1_0_"
    "features_0.hdf5 config_fingerprinter __fastr_result__"
).lower()

#: Scores that WORC's own evaluation can hand to its ensembling (errata E19).
_ENSEMBLE_SCORES = ("f1_weighted", "f1")
_ALL_FEATURES = Sentence('Export an arm with features = "all".')

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


def export_worc(
    study: StudyConfig, arm: str, out: Path, *, note: Callable[[str], None] = logger.warning
) -> list[Path]:
    """Write an arm as a plain WORC experiment.

    The settings of each modality are those that a run uses, decided by WORC's Fingerprinter.
    The Fingerprinter stays on where it leaves them as they are, and is switched off where it
    would undo what the study sets (errata E25). Splits in which the arm is not tested are left
    out, since plain WORC would end with an error there; the others are numbered anew.

    Parameters
    ----------
    study : StudyConfig
        The study.
    arm : str
        Name of the arm.
    out : Path
        The folder to write into; it must be empty or not there.
    note : callable
        Is told of splits that are left out.

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
    out = resolved(out)
    scratch = out / "lungmet_scratch"
    try:
        plan = _plan(study, RunPaths(scratch))
        experiment = _experiment(plan, arm)
        scratch.mkdir(parents=True, exist_ok=True)
        experiment = _decided(experiment)
        written = _write(experiment, out)
        for text in (*_left_out(plan.arm_splits[arm]), *_warnings(study)):
            note(text)
    except OSError as error:
        raise not_writable(out, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return written


def _warnings(study: StudyConfig) -> list[Sentence]:
    """Return what whoever runs the exported experiment should know before it takes a night."""
    classifiers = study.worc_settings()["Classification"]["classifiers"]
    if "QDA" not in classifiers.replace(" ", "").split(","):
        return []
    return [
        Sentence(
            "Among the classifiers is quadratic discriminant analysis (QDA). Where one that could "
            "not be fitted is in an ensemble, WORC's evaluation ends with an error after the "
            "search (errata E39); {script} then goes on with {evaluation}, and no search is lost.",
            script=SCRIPT,
            evaluation=EVALUATION,
        )
    ]


def _refuse(study: StudyConfig, arm: str, out: Path) -> None:
    if arm not in study.arms:
        message = Sentence(
            'The study has no arm "{arm}". {hint}', arm=arm, hint=did_you_mean(arm, study.arms)
        )
        raise LungmetError(message)
    problems = list(_inexpressible(study, arm))
    if problems:
        message = Sentence('Plain WORC cannot do what the arm "{arm}" does.', arm=arm)
        raise LungmetError(message, problems)
    require_new(out)


def _inexpressible(study: StudyConfig, name: str) -> Iterator[Problem]:
    """Yield everything about an arm that WORC has no setting for."""
    arm, column = study.arms[name], f"arms.{name}"
    if not arm.modalities:
        what = Sentence("The arm has clinical columns only, and WORC needs images.")
        remedy = Sentence("Export an arm with a modality.")
        yield Problem(what, remedy, column=f"{column}.modalities")
    for modality in arm.modalities:
        if study.modalities[modality].combat is not None:
            what = Sentence(
                "WORC hands ComBat a file for each modality and toolbox, and takes each for a "
                "patient (errata E45)."
            )
            remedy = Sentence("Export the arm without it.")
            yield Problem(what, remedy, column=f"modalities.{modality}.combat")
    if arm.feature_groups:
        # fit_and_score imputes before it selects groups.
        what = Sentence(
            "WORC switches groups of features off only within a candidate, after the features of "
            "all groups had a part in the imputation."
        )
        yield Problem(what, _ALL_FEATURES, column=f"{column}.features")
    elif arm.features != "all":
        what = Sentence("WORC cannot be told to use the tumour volume only.")
        yield Problem(what, _ALL_FEATURES, column=f"{column}.features")
    if arm.missing == "impute":
        what = Sentence(
            "WORC takes features of a stand-in image where a scan is missing (errata E4)."
        )
        remedy = Sentence('Export an arm with missing = "exclude".')
        yield Problem(what, remedy, column=f"{column}.missing")
    if arm.clinical and arm.modalities:
        calculators = study.modality_settings(arm.modalities[0])["General"]["FeatureCalculators"]
        if "predict" not in calculators:
            what = Sentence(
                "WORC takes clinical data from PREDICT only, and the first modality lacks it."
            )
            remedy = Sentence("Add predict/CalcFeatures:1.0 to its FeatureCalculators.")
            yield Problem(what, remedy, column=f"{column}.clinical")
    yield from _inexpressible_search(study)


def _inexpressible_search(study: StudyConfig) -> Iterator[Problem]:
    ensemble, scoring = study.search.ensemble, study.search.scoring
    ranked = ensemble.method in worc_settings.RANKED_ENSEMBLE_METHODS
    if not ranked and scoring not in _ENSEMBLE_SCORES:
        what = Sentence(
            'WORC ends with an error for "{method}" scored by {scoring} (errata E19).',
            method=ensemble.method,
            scoring=scoring,
        )
        remedy = Sentence(
            "Use one of {scores}, or the ensemble method top_N.",
            scores=", ".join(_ENSEMBLE_SCORES),
        )
        yield Problem(what, remedy, column="search.scoring")
    if study.worc_settings()["Ensemble"]["Metric"] == "generalization":
        what = Sentence("WORC ends with an error for this metric (errata E31).")
        yield Problem(what, Sentence("Leave it out."), column="worc.Ensemble.Metric")


def _plan(study: StudyConfig, paths: RunPaths) -> Plan:
    """Check the study as a run does, and return who enters which arm."""
    report = check_study(study)
    cohort = runnable_cohort(study, report)
    return Plan(with_counted_splits(study, cohort), cohort, report.digests, paths)


def _experiment(plan: Plan, arm: str) -> _Experiment:
    name = shortened(_word(f"{plan.study.name}_{arm}"), before_hash="_")
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
    fingerprints = [t for t in plan.fingerprints() if t.key.modality in chosen]
    with LocalEngine(cores=1, folder=plan.paths.scratch) as engine:

        def run(tasks: Sequence[Task]) -> None:
            for result in engine.run(tasks):
                if not result.done:
                    message = Sentence(
                        "WORC could not look at {task}: {error}",
                        task=result.task.label,
                        error=result.error,
                    )
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
        tested = plan.arm_splits[experiment.arm].tested
        values["CrossValidation"]["N_iterations"] = str(len(tested))
        # The splits are given; this is for the splits within them.
        values["CrossValidation"]["fixed_seed"] = "True"
    return _Experiment(
        plan, experiment.arm, experiment.name, experiment.outcome, experiment.names, settings
    )


def _again(task: Task, settings: Settings) -> Task:
    """Return the task that asks WORC's Fingerprinter what it makes of decided settings."""
    return Task(
        key=TaskKey("again", task.label),
        label=task.label,
        function=task.function,
        arguments={**task.arguments, "settings": settings, "overrides": {}},
        output=task.output.with_name("again.ini"),
        stamp=content_hash("again", settings),
    )


def _read(path: Path) -> Settings:
    return worc_settings.read_ini(path)


def _write(experiment: _Experiment, out: Path) -> list[Path]:
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
    written.append(_write_script(experiment, out / SCRIPT))
    evaluation = resources.files("lungmet_worc").joinpath(f"study/templates/{EVALUATION}.txt")
    (out / EVALUATION).write_text(evaluation.read_text("utf-8"), "utf-8")
    written.append(out / EVALUATION)
    return written


def _left_out(splits: ArmSplits) -> Iterator[Sentence]:
    """Yield what is to be said of the splits that plain WORC is not given."""
    left_out = [split.split + 1 for split in splits.untested]
    if left_out:
        yield Sentence.plural(
            len(left_out),
            "Split {numbers} of the study is left out, since the arm cannot be tested there and "
            "plain WORC would end with an error; the others are numbered anew. See untested.csv.",
            "Splits {numbers} of the study are left out, since the arm cannot be tested there and "
            "plain WORC would end with an error; the others are numbered anew. See untested.csv.",
            numbers=", ".join(map(str, left_out)),
        )


def _sources(experiment: _Experiment, out: Path) -> tuple[Path, list[list[str]]]:
    """Return the folder above all images, and where they lie in it; masks lie in ``out``."""
    rows = [["patient", "modality", "image", "segmentation"]]
    pairs = [p.pairs[m] for m in experiment.config.modalities for p in experiment.members]
    files = [Path(str(path)) for pair in pairs for path in (pair.image, pair.segmentation)]
    root = Path(os.path.commonpath([path.parent for path in files]))
    for modality in experiment.config.modalities:
        label = experiment.plan.study.modalities[modality].label
        for patient in experiment.members:
            pair, worc_id = patient.pairs[modality], experiment.names[patient.patient_id]
            if pair.image is None or pair.segmentation is None:
                continue  # the members of an arm have all images
            image = plain_image(pair.image, out, Path("images", modality, worc_id))
            mask = plain_mask(pair.segmentation, label, out, Path("masks", modality, worc_id))
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


def _write_script(experiment: _Experiment, path: Path) -> Path:
    text = script_text(
        study=experiment.plan.study.name,
        arm=experiment.arm,
        name=experiment.name,
        modalities=list(experiment.settings),
    )
    path.write_text(text, "utf-8")
    return path
