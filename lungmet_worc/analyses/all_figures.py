"""The figures of a study, each with the numbers that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.calibration.figure import calibration_figure
from lungmet_worc.analyses.cohort.figure import flow_figure
from lungmet_worc.analyses.comparison.figure import comparison_figure
from lungmet_worc.analyses.decision.figure import decision_figure
from lungmet_worc.analyses.explanation.figure import importance_figure
from lungmet_worc.analyses.performance.auc_figure import auc_figure
from lungmet_worc.analyses.performance.roc_figure import roc_figures
from lungmet_worc.analyses.results import StudyResults, check_arms
from lungmet_worc.analyses.subgroups.figure import subgroups_figure
from lungmet_worc.analyses.typical.figure import posteriors_figure
from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.display.figure_files import save
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.style import STYLE, Drawing
from lungmet_worc.study.cohort import Cohort


def write_all_figures(
    results: StudyResults,
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    *,
    cohort: Cohort,
    say: Language = ENGLISH,
) -> dict[str, Path]:
    """Draw every figure of a study, each as PNG, SVG and the CSV of what was drawn.

    Parameters
    ----------
    results : StudyResults
        The ROC curves are made from the predictions of each split.
    tables : mapping of str to DataFrame
        What `lungmet_worc.analyses.all_tables.write_all_tables` returned: every other figure shows
        them. A table that is not there is taken as empty.
    folder : Path
        Made if it is missing.
    cohort : Cohort
        Who enters each arm; without patients nothing is said of it.
    say : Language
        Of the words and the decimal marks, with the labels of arms and modalities. The CSV
        files are the same in all.

    Returns
    -------
    dict of str to Path
        The SVG of each figure: "flow", "roc" (all arms), "auc", "comparison", "calibration",
        "decision", "subgroups", "importance", "posteriors", and "roc_<arm>" for each arm. A
        figure without data is left out.

    Raises
    ------
    ResultsError
        If the predictions do not belong to one study.
    """
    from matplotlib import rc_context, rcdefaults, rcParams

    check_arms(results.arms)
    make_folder(folder)
    with rc_context():
        # matplotlib reads a file "matplotlibrc" of the working folder, whoever put it there.
        rcdefaults()
        rcParams.update(STYLE)
        drawings = draw_all(results, tables, cohort, say)
        return {name: save(drawing, folder, name) for name, drawing in drawings.items()}


def draw_all(
    results: StudyResults,
    tables: Mapping[str, pd.DataFrame],
    cohort: Cohort,
    say: Language,
) -> dict[str, Drawing]:
    """Draw every figure that has data; see `write_all_figures`."""
    performance, patients = tables["performance"], tables["patients"]
    curves = roc_figures(results.arms, performance, say)
    auc = performance[performance["metric"] == "auc"]
    tested = {str(arm): int(n) for arm, n in zip(auc["arm"], auc["n_patients"], strict=True)}
    drawings: dict[str, Drawing | None] = {
        "flow": flow_figure(cohort, say, tested),
        "roc": curves.pop("roc"),
        "auc": auc_figure(performance, tables["splits"], say),
        "comparison": comparison_figure(_table(tables, "comparison"), say),
        "calibration": calibration_figure(patients, _table(tables, "calibration"), say),
        "decision": decision_figure(patients, say),
        "subgroups": subgroups_figure(_table(tables, "subgroups"), say),
        "importance": importance_figure(_table(tables, "importance"), say),
        "posteriors": posteriors_figure(patients, say),
        **curves,
    }
    return {name: drawing for name, drawing in drawings.items() if drawing is not None}


def _table(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    return tables.get(name, pd.DataFrame())
