"""The analyses of a study, in the order of the report.

An analysis is a folder beside this module, and its name in `ANALYSES`. Its parts are found by
name; each of them, and each of the names in them, may be absent:

``table.py``
    ``TABLES``, what its tables are; ``tables(results, made)`` makes them, by their names.
``figure.py``
    ``figures(results, tables, say)`` draws its figures that have data, by their names;
    ``CAPTIONS`` has the words for who cannot see each, and its caption.
``section.py``
    ``section(material)`` returns its part of the report, below the one that ``UNDER`` names;
    ``methods(context, say, cite)`` its sentences of the methods; ``facts(results)`` what the
    checklists may ask of it.
``check.py``
    ``problems(study, manifest)`` finds what can be wrong with it before anything runs;
    ``columns(study)`` are those of the manifest that it reads, so that the report is made again
    when they change.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

ANALYSES = (
    "cohort",
    "acquisition",
    "arms",
    "performance",
    "untested",
    "thresholds",
    "permutations",
    "comparison",
    "power",
    "calibration",
    "decision",
    "subgroups",
    "explanation",
    "features",
    "typical",
)


def parts(module: str, name: str) -> dict[str, Any]:
    """Return what has a name in a module of the analyses, by the analyses that have it.

    Only modules of that name are imported, so that a check loads no library that draws.

    Parameters
    ----------
    module : str
        Such as "table".
    name : str
        Such as "TABLES".
    """
    found = {}
    for analysis in ANALYSES:
        path = f"{__package__}.{analysis}.{module}"
        if find_spec(path) and hasattr(import_module(path), name):
            found[analysis] = getattr(import_module(path), name)
    return found


def ordered(names: list[str], first: tuple[str, ...]) -> list[str]:
    """Return names with those first whose order was promised before the registry's.

    Parameters
    ----------
    names : list of str
    first : tuple of str
    """
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))
