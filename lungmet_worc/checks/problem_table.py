"""Problems as a text table that fits a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lungmet_worc.errors import Problem

_COLUMNS = ("severity", "row", "column", "patient", "file", "what", "remedy")
#: Narrow columns are as wide as their widest text, at most this; the last two share the rest.
_WIDEST = {"severity": 8, "row": 9, "column": 16, "patient": 14, "file": 20}
#: On a narrow screen these give way until the last two have this much each ...
_NARROWEST_TEXT = 23
#: ... but not below this.
_NARROWEST = 8
_GAP = "  "
_MOST_LISTED = 6


def problem_table(problems: Sequence[Problem], width: int = 118) -> str:
    """Return problems as an aligned table, errors first.

    Problems that say the same of several patients become one line. Columns in which nothing
    stands are left out, and long texts are wrapped.

    Parameters
    ----------
    problems : sequence of Problem
        In the order in which they are to be shown.
    width : int
        Characters of a line; at least 100 reads well.
    """
    rows = [_cells(group) for group in _grouped(problems)]
    used = [name for name in _COLUMNS if any(row[name] for row in rows)]
    widths = {
        name: min(_WIDEST[name], max(len(name), *(len(row[name]) for row in rows)))
        for name in used
        if name in _WIDEST
    }
    gaps = len(_GAP) * (len(used) - 1)
    while width - gaps - sum(widths.values()) < 2 * _NARROWEST_TEXT:
        widest = max(widths, key=lambda name: widths[name], default="")
        if not widest or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    left = max(2 * _NARROWEST, width - gaps - sum(widths.values()))
    widths["what"] = left * 11 // 20
    widths["remedy"] = left - widths["what"]
    lines = [_GAP.join(name.ljust(widths[name]) for name in used).rstrip()]
    lines.append(_GAP.join("-" * widths[name] for name in used))
    for row in rows:
        wrapped = [_wrap(row[name], widths[name]) for name in used]
        if row is not rows[0]:
            lines.append("")
        for number in range(max(map(len, wrapped))):
            cells = [
                (part[number] if number < len(part) else "").ljust(widths[name])
                for name, part in zip(used, wrapped, strict=True)
            ]
            lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _grouped(problems: Iterable[Problem]) -> list[list[Problem]]:
    """Return problems that say the same of several patients together, errors first."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        place = "" if problem.patient else f"{problem.file} {problem.row}"
        key = (problem.severity, problem.column, problem.what, problem.remedy, place)
        groups.setdefault(key, []).append(problem)
    return sorted(groups.values(), key=lambda group: group[0].severity != "error")


def _cells(group: Sequence[Problem]) -> dict[str, str]:
    first = group[0]
    files = list(dict.fromkeys(problem.file for problem in group))
    file = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    return {
        "severity": first.severity,
        "row": _listed([str(problem.row) for problem in group if problem.row is not None]),
        "column": first.column,
        "patient": _listed([problem.patient for problem in group if problem.patient]),
        "file": file,
        "what": first.what,
        "remedy": first.remedy,
    }


def _listed(texts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(texts))
    if len(unique) <= _MOST_LISTED + 1:
        return ", ".join(unique)
    return f"{', '.join(unique[:_MOST_LISTED])} and {len(unique) - _MOST_LISTED} more"


def _wrap(text: str, width: int) -> list[str]:
    """Wrap at spaces, else in long words after a path's separators, and only then anywhere."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
            continue
        if lines[-1]:
            lines.append("")
        for piece in re.findall(r"[^/\\_.-]*[/\\_.-]?", word):
            while piece:
                if len(lines[-1]) + len(piece) <= width:
                    lines[-1] += piece
                    break
                if lines[-1]:
                    lines.append("")
                    continue
                lines[-1], piece = piece[:width], piece[width:]
    return lines
