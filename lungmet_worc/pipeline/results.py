"""From the split files of a run to its tables, figures and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from lungmet_worc.analyses.acquisition.statistics import acquisition_table
from lungmet_worc.analyses.all_figures import write_all_figures
from lungmet_worc.analyses.all_tables import write_all_tables
from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.read_results import read_results
from lungmet_worc.analyses.run.digest import Digest
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, language
from lungmet_worc.imaging.thumbnails import ThumbnailSource, thumbnails
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.run_facts import run_facts
from lungmet_worc.pipeline.stages import installed_versions
from lungmet_worc.report.arm_descriptions import arm_kind, describe_arm
from lungmet_worc.report.page import write_report
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.given_names import shown_names
from lungmet_worc.study.tested_splits import UntestedSplit
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import now
from lungmet_worc.tasks.task import Task
from lungmet_worc.worc import errata


def write_results(
    plan: Plan,
    searches: Sequence[Task],
    permutations: Sequence[Task],
    unusable: Mapping[tuple[str, str], str],
    digest: Digest,
    into: RunPaths,
    untested: Sequence[UntestedSplit] = (),
) -> None:
    """Write the tables, the figures and the report of a run.

    Parameters
    ----------
    plan : Plan
        The study, its cohort and its run folder.
    searches : sequence of Task
        The search tasks, all done, of the same splits in every arm.
    permutations : sequence of Task
        Searches with permuted outcomes, all done.
    unusable : mapping of (patient id, modality) to str
        Who was left out, and why.
    digest : Digest
        What the run did, so far as it is known before the tables are there.
    into : RunPaths
        A new folder, in which they get the places that they have in a run folder.
    untested : sequence of UntestedSplit
        In which splits an arm was not tested.
    """
    study = plan.study
    results = read_results(
        study,
        plan.paths,
        searches,
        permutations,
        cohort=plan.cohort,
        acquisition=acquisition_table(
            study, list(plan.patients.values()), plan.needed(), plan.paths.inspections
        ),
        untested=untested,
    )
    names = shown_names(study)
    say = language(study.report.language).naming(names)
    tables = write_all_tables(
        results, into.tables, partial=digest.partial, say=ENGLISH.naming(names)
    )
    figures = write_all_figures(results, tables, into.figures, say=say)
    found = errata.met(
        study,
        plan.names,
        int(results.without_score["candidates"].sum()),
        undefined=bool(tables["splits"][["ppv", "npv"]].isna().any(axis=None)),
    )
    context = ReportContext(
        study_name=study.name,
        outcome=study.outcome,
        cohort=plan.cohort,
        figures=figures,
        settings=_settings(study, len({task.key.split for task in searches})),
        modalities={name: source.image_type for name, source in study.images.items()},
        sources=[
            Sentence(source.methods.template, modality=names.modality(name))
            for name, source in study.modalities.items()
            if source.methods
        ],
        arms={name: describe_arm(arm, say) for name, arm in study.arms.items()},
        errata=found,
        failures=results.without_score,
        excluded=[
            (
                patient,
                Sentence("{modality}: {cause}", modality=names.modality(modality), cause=cause),
            )
            for (patient, modality), cause in unusable.items()
        ],
        versions=installed_versions(),
        created=now()[:10],
        digest=replace(digest, errata=tuple(found)),
        tables=tables,
        thumbnails=_thumbnails(plan, tables["typical"]),
        facts=run_facts(plan, results),
        language=study.report.language,
        kinds={name: arm_kind(arm) for name, arm in study.arms.items()},
        names=names,
    )
    write_report(context, into.report)


def _thumbnails(plan: Plan, typical: pd.DataFrame) -> dict[tuple[str, str], bytes]:
    """Return the tumour slice of each patient who is shown, in each modality."""
    sources: dict[tuple[str, str], ThumbnailSource] = {}
    for patient_id in dict.fromkeys(typical["patient_id"]):
        for name, pair in plan.patients[patient_id].images.items():
            source = plan.study.images[name]
            files = pair.files
            sources[name, patient_id] = (
                files["image"],
                files["segmentation"],
                source.label,
                source.image_type,
            )
    return thumbnails(sources)


def _settings(study: StudyConfig, n_splits: int) -> dict[str, object]:
    settings = study.search.model_dump(mode="json")
    if n_splits < study.search.splits:  # the methods tell what was done
        settings |= {"splits": n_splits, "splits asked for": study.search.splits}
    settings["patients"] = study.cohort.patients
    settings["worc"] = study.worc
    settings["arms"] = {name: arm.model_dump(mode="json") for name, arm in study.arms.items()}
    settings["clinical"] = {n: c.model_dump(mode="json") for n, c in study.clinical.items()}
    settings["combat"] = {
        name: modality.combat.model_dump(mode="json")
        for name, modality in study.modalities.items()
        if modality.combat
    }
    settings["centre"] = study.cohort.centre
    settings["statistics"] = study.statistics.model_dump(mode="json")
    settings["toolboxes"] = _toolboxes(study)
    return settings


def _toolboxes(study: StudyConfig) -> list[str]:
    """Return the feature toolboxes that the modalities of the arms use."""
    used = {name for arm in study.arms.values() for name in arm.modalities if name in study.images}
    said = " ".join(
        study.modality_settings(name)["General"]["FeatureCalculators"] for name in sorted(used)
    ).lower()
    return [name for name in ("predict", "pyradiomics") if name in said]
