"""The HTML of a report."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lungmet_worc.digest import Digest
from lungmet_worc.errors import ResultsError
from lungmet_worc.progress import duration
from lungmet_worc.report.context import ReportContext
from lungmet_worc.report.formats import numeric_columns
from lungmet_worc.report.headline import headline
from lungmet_worc.report.methods import methods_paragraphs, references
from lungmet_worc.report.privacy import cleaned
from lungmet_worc.report.readable import readable
from lungmet_worc.report.sections import (
    SHOWN_CURVES,
    SHOWN_ROWS,
    cohort_flow,
    flattened,
    often_wrong,
    shown_cohort,
)
from lungmet_worc.report.wording import arm_label, interval_text
from lungmet_worc.statistics.metrics import METRIC_NAMES

TEMPLATES = Path(__file__).parent / "templates"
IMAGE_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
PRIMARY = METRIC_NAMES["auc"]


def write_report(context: ReportContext, path: Path) -> Path:
    """Write the report of a study as one HTML file that needs no other file and no network.

    Absolute paths are taken out of every text that the context brings.

    Parameters
    ----------
    context : ReportContext
    path : Path
        Written in one step, so that a reader never finds half a report.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ResultsError
        If a figure is missing or is neither PNG nor SVG.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typeset"] = _typeset
    environment.globals["numeric_columns"] = numeric_columns
    page = environment.get_template("report.html.j2").render(**_page(context))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(page, encoding="utf-8", newline="")
    partial.replace(path)
    return path


def _page(context: ReportContext) -> dict[str, Any]:
    """Return what the template shows."""
    figures = [_figure(name, path, context) for name, path in context.figures.items()]
    clean = _without_paths(context)
    comparison = readable(clean.comparison, "comparison")
    primary = comparison["Measure"] == PRIMARY
    failures = clean.failures.copy()
    if len(failures):
        failures = failures.assign(arm=failures["arm"].map(arm_label))
        failures.columns = pd.Index([str(c).capitalize() for c in failures.columns])
    cohort, cohort_note = shown_cohort(clean.cohort)
    return {
        "context": clean,
        "css": (TEMPLATES / "style.css").read_text(encoding="utf-8"),
        "headline": headline(clean.performance, clean.comparison, clean.outcome),
        "performance": readable(clean.performance, "performance"),
        "comparison": comparison[primary].drop(columns="Measure"),
        "secondary": comparison[~primary].drop(columns="Patients"),
        "figures": figures,
        "flow": cohort_flow(clean.cohort, clean.arms),
        "cohort": _named(cohort),
        "cohort_note": cohort_note,
        "excluded": clean.excluded[:SHOWN_ROWS],
        "wrong": often_wrong(clean.patients),
        "methods": methods_paragraphs(clean),
        "references": references(clean),
        "failures": failures.astype(str),
        "settings": flattened(clean.settings),
        "verdict": cleaned(clean.digest.verdict),
        "digest": cleaned(clean.digest.sections()),
        "computed": _computed(clean.digest),
    }


def _computed(digest: Digest) -> str:
    """Say when the results began to be computed, and how much computing is in them."""
    began = f"{digest.started[:10]} {digest.started[11:16]} UTC"
    return f"Begun {began}; {duration(digest.task_seconds)} of computing on one core."


def _without_paths(context: ReportContext) -> ReportContext:
    """Return a context without absolute paths in its texts (ids stay as they are)."""
    fields = {}
    for field in dataclasses.fields(context):
        value = getattr(context, field.name)
        if field.name in {"performance", "comparison", "splits", "patients", "figures", "digest"}:
            fields[field.name] = value
        else:
            fields[field.name] = cleaned(value)
    return ReportContext(**fields)


def _named(cohort: pd.DataFrame) -> pd.DataFrame:
    """Return the cohort with headings for people and every cell text."""
    text = cohort.astype(str)
    names = {"patient_id": "Patient", "outcome": "Outcome"}
    text.columns = pd.Index([names.get(str(c), arm_label(str(c))) for c in text.columns])
    return text


def _figure(name: str, path: Path, context: ReportContext) -> dict[str, str]:
    """Return a figure as the template shows it: data, words for who cannot see it, caption."""
    kind = IMAGE_TYPES.get(path.suffix.lower())
    if kind is None:
        msg = f"The figure {path.name} is neither PNG nor SVG, so the report cannot hold it."
        raise ResultsError(msg)
    if not path.is_file():
        msg = f"The figure {path.name} is missing. Run the report stage again."
        raise ResultsError(msg)
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    aucs = _aucs(context.performance)
    return {
        "name": name,
        "data": f"data:{kind};base64,{data}",
        "alt": _alt(name, aucs),
        "caption": _caption(name, len(aucs)),
    }


def _aucs(performance: pd.DataFrame) -> dict[str, str]:
    """Return the AUC of each arm with its interval."""
    rows = performance[performance["metric"] == "auc"].to_dict("records")
    return {
        str(row["arm"]): interval_text(row["mean"], row["ci_low"], row["ci_high"]) for row in rows
    }


def _alt(name: str, aucs: Mapping[str, str]) -> str:
    """Return what a figure shows, for who cannot see it."""
    listed = "; ".join(f"{arm_label(arm)} {text}" for arm, text in aucs.items())
    if name == "roc":
        return f"ROC curves of all arms with their intervals. AUC: {listed}."
    if name == "auc":
        return f"AUC of each arm with its 95% interval, beside the line of chance. {listed}."
    arm = name.removeprefix("roc_")
    if arm in aucs:
        return f"ROC curve of {arm_label(arm)} with its interval band. AUC {aucs[arm]}."
    return f"Figure {name}."


def _caption(name: str, n_arms: int) -> str:
    """Return the caption of a figure."""
    if name == "roc" and n_arms == 1:
        return (
            "Mean ROC curve over the splits; the band (from two splits on) is its pointwise "
            "corrected resampled 95% interval, the dashed diagonal is chance."
        )
    if name == "roc":
        return (
            "Mean ROC curve of each arm over the splits. Vertical bars are pointwise corrected "
            "resampled 95% intervals, drawn at three places side by side; the dashed diagonal "
            "is chance. The whole bands are under Details."
        )
    if name == "auc":
        return (
            "AUC of each arm: mean over the splits with its corrected resampled 95% interval; "
            "pale dots are single splits; the dashed line is chance."
        )
    if name.startswith("roc_"):
        return (
            f"{arm_label(name.removeprefix('roc_'))}: thin lines are single splits "
            f"({SHOWN_CURVES} at most), the band is the pointwise corrected resampled 95% "
            "interval of the mean of all."
        )
    return name


def _typeset(text: str) -> str:
    """Return a text with minus signs for hyphens, and no line break within an interval."""
    text = re.sub(r"(?<![\w.\-])-(?=\d)", "\N{MINUS SIGN}", str(text))
    return re.sub(r"\(([^\s()]+) to ([^\s()]+)\)|< 0\.001", _unbroken, text)


def _unbroken(match: re.Match[str]) -> str:
    """Return what was found with spaces that do not break a line."""
    return match.group().replace(" ", "\N{NO-BREAK SPACE}")
