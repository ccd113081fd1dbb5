"""All tables of a study, made from its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.registry import ordered, parts
from lungmet_worc.analyses.results import (
    ArmPredictions,
    StudyResults,
    check_arms,
    tested_outcomes,
)
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.table import Table
from lungmet_worc.display.table_files import write_table, write_workbook
from lungmet_worc.study.tested_splits import UntestedSplit

#: The first sheets of the workbook; those of a new analysis stand behind them.
SHEETS = (
    *("performance", "splits", "untested", "patients", "comparison", "thresholds", "confusion"),
    *("calibration", "subgroups", "permutations", "power", "workflows", "importance", "features"),
    *("acquisition", "typical", "paper"),
)


def _tables() -> dict[str, Table]:
    tables = {table.name: table for each in parts("table", "TABLES").values() for table in each}
    return {name: tables[name] for name in ordered(list(tables), SHEETS)}


#: Every table by its name.
TABLES: Mapping[str, Table] = _tables()


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
    check_arms(results.arms)
    frames: dict[str, pd.DataFrame] = {}
    for make in parts("table", "tables").values():
        frames |= make(results, frames)
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
    written = []
    for name, frame in frames.items():
        table = TABLES[name]
        if len(frame) or table.required:
            title = f"Partial result, {partial}. {table.title}" if partial else table.title
            notes = (*((counts,) if table.counts else ()), *table.notes)
            written.append((replace(table, title=title, notes=notes), frame))
    for table, frame in written:
        write_table(frame, folder, table, say=say)
    write_workbook(written, folder, say=say)
    return frames


def _counts(
    arms: Sequence[ArmPredictions], untested: Sequence[UntestedSplit], say: Language
) -> str:
    """Say on how many patients, events and splits the tables are."""
    said = {say.arm(arm.arm): _arm_counts(arm, untested) for arm in arms}
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
