"""The HTML of a report."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.material import Material
from lungmet_worc.analyses.performance import section as performance_part
from lungmet_worc.analyses.pictures import picture_of, within
from lungmet_worc.analyses.registry import parts
from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.display.blocks import Section, anchors, filled
from lungmet_worc.display.formats import numeric_columns
from lungmet_worc.display.language import Language, language
from lungmet_worc.display.privacy import cleaned
from lungmet_worc.report import run_sections
from lungmet_worc.report.headline import headline

TEMPLATES = Path(__file__).parent / "templates"
#: A longer name in a table may be broken.
LONG_NAME = 20
#: Tables of numbers and ids, in which no path can be.
NUMBERS = frozenset({"performance", "comparison", "splits", "patients"})


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
    say = language(context.language).naming(context.names)
    environment.filters["typeset"] = _typeset
    environment.filters["typeset_cell"] = _typeset_cell
    environment.filters["breakable"] = _breakable
    environment.globals["row_spans"] = _row_spans
    environment.globals["numeric_columns"] = lambda frame: numeric_columns(frame, say)
    page = environment.get_template("report.html.j2").render(**_page(context, say))
    write_text(path, page)
    return path


def report_sections(material: Material) -> list[Section]:
    """Return what a report shows below its first screen, in its order.

    Parameters
    ----------
    material : Material

    Returns
    -------
    list of Section
        Those that have something to say.
    """
    under = parts("section", "UNDER")
    made = {name: make(material) for name, make in parts("section", "section").items()}
    found = []
    for name, section in made.items():
        below = [made[each] for each, above in under.items() if above == name]
        if name not in under:
            found.append(dataclasses.replace(section, sections=[*section.sections, *below]))
    return filled([*found, *run_sections.sections(material)])


def _page(context: ReportContext, say: Language) -> dict[str, Any]:
    """Return what the template shows."""
    pictures = {
        name: picture_of(name, path, context.tables["performance"], say)
        for name, path in context.figures.items()
    }
    clean = _without_paths(context, say)
    material = Material(clean, say, within(pictures))
    sections = report_sections(material)
    roc = material.pictures.get("roc")
    first = {"answer": say("The answer"), "digest": say("How the run went")}
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return {
        "context": clean,
        "say": say,
        "title": say("{study}: report", study=clean.study_name),
        "css": css,
        "policy": content_security_policy(css),
        "headline": headline(
            clean.tables["performance"],
            clean.tables["comparison"],
            clean.outcome,
            kinds=clean.kinds,
            permutations=_if_any(clean.tables.get("permutations")),
            power=_if_any(clean.tables.get("power")),
            partial=clean.digest.partial,
            drawn=clean.settings.get("split_type") != "leave-one-centre-out",
            say=say,
        ),
        "main_table": performance_part.main_table(material),
        "main_notes": performance_part.main_notes(material),
        "roc": roc,
        "beside": roc is None or not roc.wide,
        "sections": sections,
        "entries": [Section(anchor, title) for anchor, title in first.items()][:1] + sections,
        "titles": first | dict(anchors(sections)),
        "verdict": run_sections.verdict(clean, say),
        "unfinished": clean.digest.ending != "complete",
        "words": _words(clean, say),
    }


def content_security_policy(css: str) -> str:
    """Return what a browser lets a report do: show its own pictures in its own style.

    No script, no other file, no address, whatever a name in it should turn out to be.

    Parameters
    ----------
    css : str
        What stands in the only style element.
    """
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _words(context: ReportContext, say: Language) -> dict[str, str]:
    """Return the words of the first screen."""
    return {
        "research": say("For research use only. Not a medical device."),
        "no_care": say("Nothing here may guide the care of a patient."),
        "contents": say("Contents"),
        "about": say(
            "Prediction of {outcome}. Report of {day}.",
            outcome=context.outcome,
            day=context.created,
        ),
        "answer": say("The answer"),
        "run": say("How the run went"),
        "warning": say("Warning."),
        "reach": say("How far this reaches"),
        "footer": say(
            "For research use only. Not a medical device. Please cite WORC, PREDICT and "
            "PyRadiomics (see Methods)."
        ),
    }


def _if_any(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return a table, None if it has no row."""
    return None if frame is None or frame.empty else frame


def _without_paths(context: ReportContext, say: Language) -> ReportContext:
    """Return a context without absolute paths in its texts (ids stay as they are)."""
    kept = NUMBERS | {"figures", "digest", "tables", "thumbnails", "facts"}
    changed = {
        field.name: cleaned(getattr(context, field.name), say)
        for field in dataclasses.fields(context)
        if field.name not in kept
    }
    return dataclasses.replace(context, **changed)


def _typeset(text: str) -> str:
    """Return a text with minus signs for hyphens, and no line break within an interval."""
    text = re.sub(r"(?<![\w.\-])-(?=\d)", "\N{MINUS SIGN}", str(text))
    return re.sub(r"\(([^\s()]+) (to|tot) ([^\s()]+)\)|< 0[.,]001", _unbroken, text)


def _typeset_cell(text: str) -> Markup:
    """Return a cell, with what stands behind an interval on a line of its own."""
    interval, behind, rest = _typeset(text).partition("), ")
    if not behind or "\N{NO-BREAK SPACE}" not in interval:
        return escape(_typeset(text))
    return Markup("{})<br><small>{}</small>").format(interval, rest)


def _breakable(text: str) -> Markup:
    """Return a name that may go on in the next line behind an underscore, where it is long."""
    joint = Markup("_<wbr>") if len(str(text)) > LONG_NAME else Markup("_")
    return joint.join(str(text).split("_"))


def _row_spans(frame: pd.DataFrame) -> list[int]:
    """Return how many rows the name in the first column stands for, 0 where it stands above."""
    names = list(frame.iloc[:, 0])
    spans = []
    for i, name in enumerate(names):
        if i and names[i - 1] == name:
            spans.append(0)
            continue
        end = next((j for j in range(i, len(names)) if names[j] != name), len(names))
        spans.append(end - i)
    return spans


def _unbroken(match: re.Match[str]) -> str:
    """Return what was found with spaces that do not break a line."""
    return match.group().replace(" ", "\N{NO-BREAK SPACE}")
