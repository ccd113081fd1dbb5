"""Which problems of a study file follow from a key or table whose name is misspelt."""

from __future__ import annotations

from collections.abc import Sequence

from lungmet_worc.basics.errors import Problem, nearest_name

#: Kinds of problems of keys and tables.
UNKNOWN_KEY = "unknown-key"
MISSING_KEY = "missing-key"
UNKNOWN_MODALITY = "unknown-modality"


def causes_of_keys(problems: Sequence[Problem]) -> dict[Problem, tuple[Problem, ...]]:
    """Return what is missing only since a name is misspelt, and the name.

    Parameters
    ----------
    problems : sequence of Problem
        Of one study file; their columns are keys such as "cohort.manifest".
    """
    found: dict[Problem, tuple[Problem, ...]] = {}
    for unknown in problems:
        if unknown.kind != UNKNOWN_KEY:
            continue
        parent, _, name = unknown.column.rpartition(".")
        wanted = {_below(parent, _lacking(problem)) for problem in problems} - {""}
        meant = nearest_name(name, sorted(wanted))
        if meant is None:
            continue
        key = f"{parent}.{meant}" if parent else meant
        for problem in problems:
            if f"{_lacking(problem)}.".startswith(f"{key}."):
                found.setdefault(problem, (unknown,))
    return found


def _lacking(problem: Problem) -> str:
    """Return the key or table that a problem lacks, "" if it lacks none."""
    if problem.kind == UNKNOWN_MODALITY:
        return "modalities"
    return problem.column if problem.kind == MISSING_KEY else ""


def _below(parent: str, key: str) -> str:
    """Return the part of a key that comes right after its parent's, "" if it is elsewhere."""
    inside = f"{parent}." if parent else ""
    return key.removeprefix(inside).split(".")[0] if key.startswith(inside) else ""
