"""All tables of a study, made from its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.calibration.table import calibration_table
from lungmet_worc.analyses.comparison.statistics import compare_arms
from lungmet_worc.analyses.explanation.table import importance_table, workflows_table
from lungmet_worc.analyses.features.table import features_table
from lungmet_worc.analyses.performance.paper import paper_table
from lungmet_worc.analyses.performance.table import outcome_tables
from lungmet_worc.analyses.permutations.table import permutations_table
from lungmet_worc.analyses.power.table import power_table
from lungmet_worc.analyses.results import ArmPredictions, StudyResults, tested_outcomes
from lungmet_worc.analyses.schema import TABLES
from lungmet_worc.analyses.subgroups.table import subgroups_table
from lungmet_worc.analyses.thresholds.table import threshold_tables
from lungmet_worc.analyses.typical.table import typical_table
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.table_files import write_table, write_workbook
from lungmet_worc.display.wording import arm_label
from lungmet_worc.study.tested_splits import UntestedSplit


def make_all_tables(results: StudyResults) -> dict[str, pd.DataFrame]:
    """Make every table of a study.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    dict of str to DataFrame
        A table for each name of `TABLES`, in that order; without rows where the study has
        nothing for it.

    Raises
    ------
    ResultsError
        If the predictions do not belong to one study.
    """
    arms, settings = results.arms, results.statistics
    frames = dict(outcome_tables(arms))
    performance, patients = frames["performance"], frames["patients"]
    frames["untested"] = TABLES["untested"].frame([astuple(split) for split in results.untested])
    frames["comparison"] = compare_arms(arms, bootstrap=settings.bootstrap, seed=results.seed)
    frames["thresholds"], frames["confusion"] = threshold_tables(arms, settings.sensitivity)
    frames["calibration"] = calibration_table(patients)
    frames["subgroups"] = subgroups_table(patients, results.levels)
    frames["permutations"] = permutations_table(arms, results.permuted)
    frames["power"] = power_table(arms)
    frames["workflows"] = workflows_table(results.explanations)
    frames["importance"] = importance_table(arms, results.explanations)
    frames["features"] = features_table(arms, results.matrices, results.modalities)
    frames["acquisition"] = results.acquisition
    frames["typical"] = typical_table(patients)
    frames["paper"] = paper_table(performance)
    return {name: frames[name] for name in TABLES}


def write_all_tables(
    results: StudyResults, folder: Path, *, partial: str = "", say: Language = ENGLISH
) -> dict[str, pd.DataFrame]:
    """Write every table of a study as CSV, XLSX, Markdown and LaTeX, and all in one workbook.

    A table without rows has no file, unless every study has it.

    Parameters
    ----------
    results : StudyResults
    folder : Path
        Made if it is missing.
    partial : str
        What part of the study the tables are of, for their titles; empty if of all.
    say : Language
        English, with the labels of arms and modalities; the CSV files keep their keys.

    Returns
    -------
    dict of str to DataFrame
        A table for each name of `TABLES`, as computed.

    Raises
    ------
    ResultsError
        If the predictions do not belong to one study.
    """
    frames = make_all_tables(results)
    counts = _counts(results.arms, results.untested, say)
    titles, notes = {}, {}
    for name, table in TABLES.items():
        titles[name] = f"Partial result, {partial}. {table.title}" if partial else table.title
        notes[name] = (*((counts,) if table.counts else ()), *table.notes)
    written = {}
    for name, frame in frames.items():
        if len(frame) or TABLES[name].required:
            write_table(frame, folder, name, titles[name], notes[name], say=say)
            written[name] = frame
    write_workbook(written, folder, titles, notes, say=say)
    return frames


def _counts(
    arms: Sequence[ArmPredictions], untested: Sequence[UntestedSplit], say: Language
) -> str:
    """Say on how many patients, events and splits the tables are."""
    said = {arm_label(arm.arm, say): _arm_counts(arm, untested) for arm in arms}
    if len(set(said.values())) == 1:
        return f"{next(iter(said.values()))}."
    return f"{'; '.join(f'{arm}: {text}' for arm, text in said.items())}."


def _arm_counts(arm: ArmPredictions, untested: Sequence[UntestedSplit]) -> str:
    outcomes = tested_outcomes([arm])
    tested = ENGLISH.plural(len(outcomes), "{n} patient", "{n} patients")
    splits = ENGLISH.plural(len(arm.splits), "{n} split", "{n} splits")
    without = sum(split.arm == arm.arm for split in untested)
    more = f", and {without} in which the arm was not tested" if without else ""
    return f"{tested} tested, {sum(outcomes.values())} of them with the outcome; {splits}{more}"
