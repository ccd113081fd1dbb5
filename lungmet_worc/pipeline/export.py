"""An arm as a plain WORC experiment: files and a script that need WORC and nothing of ours."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lungmet_worc.basics.errors import LungmetError, TaskFailedError, did_you_mean
from lungmet_worc.basics.file_names import shortened
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.study import check_study
from lungmet_worc.pipeline.export_files import (
    EVALUATION,
    SCRIPT,
    Experiment,
    Settings,
    write_experiment,
)
from lungmet_worc.pipeline.export_limits import inexpressible
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.runnable import runnable_plan
from lungmet_worc.pipeline.stages.fingerprint import FINGERPRINT
from lungmet_worc.pipeline.stages.settings import SETTINGS
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.ids import numbered_ids
from lungmet_worc.study.tested_splits import ArmSplits
from lungmet_worc.study.worc_settings import read_ini
from lungmet_worc.tasks.engines.local import LocalEngine
from lungmet_worc.tasks.run_folder.mark import not_writable, require_new, resolved
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task, TaskKey, content_hash
from lungmet_worc.worc.environment import SET_UP

logger = logging.getLogger(__name__)

#: Words of the paths in which WORC looks for patients' ids (errata E5).
_WORC_PATHS = (
    "featureconverter_train_predict_CalcFeatures_1_0_pyradiomics_Pyradiomics_1_0_"
    "features_0.hdf5 config_fingerprinter __fastr_result__"
).lower()


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
        plan = runnable_plan(study, check_study(study), RunPaths(scratch))
        scratch.mkdir(parents=True)  # one that came while the images were read is not ours
        try:
            written = write_experiment(_experiment(plan, arm), out)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise not_writable(out, error) from error
    for text in (*_left_out(plan.arm_splits[arm]), *_warnings(study)):
        note(text)
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
    problems = list(inexpressible(study, arm))
    if problems:
        message = Sentence('Plain WORC cannot do what the arm "{arm}" does.', arm=arm)
        raise LungmetError(message, problems)
    require_new(out)


def _experiment(plan: Plan, arm: str) -> Experiment:
    name = shortened(_word(f"{plan.study.name}_{arm}"), before_hash="_")
    outcome = _word(plan.study.outcome)
    # WORC looks at the balance of the classes only where the label's name is one letter (E6).
    outcome = outcome if len(outcome) > 1 else f"outcome_{outcome}"
    return Experiment(plan, arm, name, outcome, _names(plan, name), _settings(plan, arm, outcome))


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")


def _names(plan: Plan, experiment: str) -> Mapping[str, str]:
    """Return the user's patient id -> an id that is in no path of WORC but the patient's own."""
    types = [source.image_type.lower() for source in plan.study.images.values()]
    around = " ".join([_WORC_PATHS, experiment.lower(), *types])
    if any(name.lower() in around for name in plan.names.values()):
        return numbered_ids(plan.names)
    return plan.names


def _settings(plan: Plan, arm: str, outcome: str) -> dict[str, Settings]:
    """Return the settings of each modality that a run would use, and those of the arm's search."""
    chosen = plan.study.arms[arm].modalities
    fingerprints = [t for t in FINGERPRINT.tasks(plan, {}) if t.key.modality in chosen]
    with LocalEngine(cores=1, folder=plan.paths.scratch, set_up=SET_UP) as engine:

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
        run([task for task in SETTINGS.tasks(plan, {}) if task.key.arm == arm])
        settings = {name: read_ini(plan.paths.fingerprint(name)) for name in chosen}
        settings[chosen[0]] = read_ini(plan.paths.settings(arm, chosen[0]))
        again = [_again(task, settings[task.key.modality]) for task in fingerprints]
        run(again)
        unchanged = all(read_ini(task.output) == settings[task.key.modality] for task in again)
    on = unchanged and all(s["General"]["Fingerprint"] == "True" for s in settings.values())
    for values in settings.values():
        values["General"]["Fingerprint"] = str(on)
        values["Labels"]["label_names"] = outcome
        tested = plan.arm_splits[arm].tested
        values["CrossValidation"]["N_iterations"] = str(len(tested))
        # The splits are given; this is for the splits within them.
        values["CrossValidation"]["fixed_seed"] = "True"
    return settings


def _again(task: Task, settings: Settings) -> Task:
    """Return the task that asks WORC's Fingerprinter what it makes of decided settings."""
    return Task(
        key=TaskKey("again", task.key.modality),
        label=task.label,
        function=task.function,
        arguments={**task.arguments, "settings": settings, "overrides": {}},
        output=task.output.with_name("again.ini"),
        stamp=content_hash("again", settings),
    )


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
