"""What a run found, in the words and numbers that a terminal has room for."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lungmet_worc.analyses.all_tables import TABLES
from lungmet_worc.analyses.comparison.statistics import TEST_NAME
from lungmet_worc.cli.spoken import shown_path
from lungmet_worc.display.formats import in_columns
from lungmet_worc.display.labels import heading
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.shown_names import recorded_names
from lungmet_worc.report.arm_descriptions import arm_kind
from lungmet_worc.report.headline import Headline, headline
from lungmet_worc.study.config import ArmConfig
from lungmet_worc.tasks.run_folder.state import read_state

if TYPE_CHECKING:
    from lungmet_worc.pipeline.run import Run

WIDTH = 100
#: Measures that are shown; the tables have all.
SHOWN = ("auc", "bca", "sensitivity", "specificity")


def show_results(run: Run, say: Language) -> None:
    """Print what a run did, what it found, and where its report is.

    Parameters
    ----------
    run : Run
        A run with tables and a report.
    say : Language
        The language of the reader.
    """
    print(f"\n{run.digest().to_text(say)}\n")
    print(summary_text(run, say))
    print(say("Report: {path}", path=shown_path(run.report())))


def summary_text(run: Run, say: Language = ENGLISH) -> str:
    """Return the answer of a finished run, the AUC of its arms, and their differences.

    Parameters
    ----------
    run : Run
        A run with tables.
    say : Language
        The language of the reader.

    Raises
    ------
    ResultsError
        The run has no tables yet.
    """
    study = read_state(run.paths)["study"]
    say = say.naming(recorded_names(study))
    found = _headline(run, study, say)
    lines = [textwrap.fill(" ".join(found.answer), WIDTH)]
    lines += [
        textwrap.fill(say("Warning: {text}", text=warning), WIDTH) for warning in found.warnings
    ]
    blocks = ["\n\n".join(lines), _performance(run.performance, say)]
    pairs = run.comparison
    pairs = pairs[(pairs["metric"] == "auc") & (pairs["test"] == TEST_NAME)]
    if not pairs.empty:
        blocks.append(_differences(pairs, say))
    blocks.append(say('"lungmet compare" with the run folder shows all measures and all tests.'))
    return "\n\n".join(blocks) + "\n"


def tables_text(run: Run, say: Language = ENGLISH) -> str:
    """Return all measures of the arms of a finished run, and all tests between them.

    Parameters
    ----------
    run : Run
        A run with tables.
    say : Language
        The language of the reader.

    Raises
    ------
    ResultsError
        The run has no tables yet.
    """
    frames = {"performance": run.performance, "comparison": run.comparison}
    say = say.naming(recorded_names(read_state(run.paths)["study"]))
    partial = run.digest().partial
    blocks = []
    for name, frame in frames.items():
        if len(frame):
            title = say(TABLES[name].title)
            if partial:
                title = say(
                    "Partial result, {partial}. {title}", partial=say.of(partial), title=title
                )
            blocks.append(f"{title}\n\n{in_columns(TABLES[name].readable(frame, say), say)}")
    return "\n\n".join(blocks)


def _headline(run: Run, study: Mapping[str, Any], say: Language) -> Headline:
    return headline(
        run.performance,
        run.comparison,
        study["outcome"],
        kinds={name: arm_kind(ArmConfig(**arm)) for name, arm in study["arms"].items()},
        permutations=None if run.permutations.empty else run.permutations,
        partial=run.digest().partial,
        say=say,
    )


def _performance(performance: pd.DataFrame, say: Language) -> str:
    """Return one line for each arm."""
    text = TABLES["performance"].readable(performance, say).set_index(heading("metric", say))
    names = [heading(column, say) for column in ("n_patients", "n_events", *SHOWN)]
    return in_columns(text.loc[names].T.rename_axis(say("Arm")).reset_index(), say)


def _differences(pairs: pd.DataFrame, say: Language) -> str:
    """Return one line for each pair of arms."""
    # There is one test only, which has no column then.
    text = TABLES["comparison"].readable(pairs, say).drop(columns=[say("Measure"), say("Patients")])
    return in_columns(text.rename(columns={say("Arms"): say("Difference in AUC")}), say)
