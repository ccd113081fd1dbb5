"""The figures of a study, each with the numbers that it shows."""

from __future__ import annotations

from pathlib import Path

from lungmet_worc.analyses.all_tables import TABLES
from lungmet_worc.analyses.registry import parts
from lungmet_worc.analyses.results import StudyResults, Tables, check_arms
from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.display.figure_files import save
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.style import STYLE, Drawing


def write_all_figures(
    results: StudyResults,
    tables: Tables,
    folder: Path,
    *,
    say: Language = ENGLISH,
) -> dict[str, Path]:
    """Draw every figure of a study, each as PNG, SVG and the CSV of what was drawn.

    Parameters
    ----------
    results : StudyResults
    tables : mapping of str to DataFrame
        What `lungmet_worc.analyses.all_tables.write_all_tables` returned. A table that is not
        there is taken as empty.
    folder : Path
        Made if it is missing.
    say : Language
        Of the words and the decimal marks, with the labels of arms and modalities. The CSV
        files are the same in all.

    Returns
    -------
    dict of str to Path
        The SVG of each figure; one without data is left out.

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
        drawings = draw_all(results, tables, say)
        return {name: save(drawing, folder, name) for name, drawing in drawings.items()}


def draw_all(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw every figure that has data; see `write_all_figures`."""
    tables = {name: table.frame() for name, table in TABLES.items()} | dict(tables)
    drawings: dict[str, Drawing] = {}
    for draw in parts("figure", "figures").values():
        drawings |= draw(results, tables, say)
    return drawings
