"""From the split files of a run to its tables, figures and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from lungmet_worc import errata, versions
from lungmet_worc.config import ArmConfig, StudyConfig
from lungmet_worc.digest import Digest
from lungmet_worc.figures.roc import write_all_figures
from lungmet_worc.plan import Plan
from lungmet_worc.report import ReportContext, write_report
from lungmet_worc.runs import now
from lungmet_worc.study_results import read_results, study_results
from lungmet_worc.tables import write_all_tables
from lungmet_worc.tasks import Task


def write_results(
    plan: Plan,
    searches: Sequence[Task],
    permutations: Sequence[Task],
    unusable: Mapping[tuple[str, str], str],
    digest: Digest,
) -> list[Path]:
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

    Returns
    -------
    list of Path
        Every file that was written.
    """
    results = read_results(searches)
    made_from = study_results(
        plan, results, permutations, levels=pd.DataFrame(), acquisition=pd.DataFrame()
    )
    arms = made_from.arms
    tables = write_all_tables(arms, plan.paths.tables, partial=digest.partial)
    figures = write_all_figures(arms, tables["performance"], plan.paths.figures)
    failures = _failures(results)
    study = plan.study
    found = errata.met(
        plan,
        int(failures["candidates"].sum()),
        undefined=bool(tables["splits"][["ppv", "npv"]].isna().any(axis=None)),
    )
    context = ReportContext(
        study_name=study.name,
        outcome=study.outcome,
        performance=tables["performance"],
        comparison=tables["comparison"],
        splits=tables["splits"],
        patients=tables["patients"],
        cohort=plan.cohort.table(),
        cohort_summary=plan.cohort.summary(),
        figures=figures,
        settings=_settings(study, len({task.key.rpartition("/")[2] for task in searches})),
        modalities={name: modality.image_type for name, modality in study.modalities.items()},
        arms={name: describe_arm(arm) for name, arm in study.arms.items()},
        errata=found,
        failures=failures,
        excluded=[
            (patient, f"{modality}: {cause}") for (patient, modality), cause in unusable.items()
        ],
        versions=versions.everything(),
        created=now()[:10],
        digest=replace(digest, errata=tuple(found)),
    )
    write_report(context, plan.paths.report)
    return [
        plan.paths.report,
        *(path for path in plan.paths.tables.iterdir() if path.stem in tables),
        *(path for path in plan.paths.figures.iterdir() if path.stem in figures),
    ]


def describe_arm(arm: ArmConfig) -> str:
    """Return in plain words what an arm knows about a patient."""
    parts = []
    if arm.modalities:
        images = " and ".join(arm.modalities)
        kind = "tumour volume from" if arm.features == "volume" else "features of"
        parts.append(f"{kind} {images}")
    if arm.clinical:
        parts.append(f"clinical data ({', '.join(arm.clinical)})")
    text = " with ".join(parts)
    if arm.missing == "impute":
        text += "; missing scans imputed"
    return text[0].upper() + text[1:]


def _failures(results: Mapping[str, Sequence[tuple[int, Mapping[str, Any]]]]) -> pd.DataFrame:
    """Return how many candidates of each arm have no score, by cause."""
    rows = []
    for arm, of_arm in results.items():
        causes: Counter[str] = Counter()
        for _, result in of_arm:
            causes.update(result["causes"])
        rows += [(arm, cause, number) for cause, number in causes.most_common()]
    return pd.DataFrame(rows, columns=["arm", "cause", "candidates"])


def _settings(study: StudyConfig, n_splits: int) -> dict[str, object]:
    settings = study.search.model_dump(mode="json")
    if n_splits < study.search.splits:  # the methods tell what was done
        settings |= {"splits": n_splits, "splits asked for": study.search.splits}
    settings["patients"] = study.cohort.patients
    settings["worc"] = study.worc
    return settings
