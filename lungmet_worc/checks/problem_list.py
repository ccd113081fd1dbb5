"""Problems as a numbered list that fits a terminal: causes, and under them what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lungmet_worc.basics.errors import NO_CAUSES, Causes, Problem
from lungmet_worc.basics.sentences import Sentence, Span
from lungmet_worc.basics.words import listed, runs
from lungmet_worc.checks.causes import SMALL_ARM, Finding, findings
from lungmet_worc.checks.checked_cohort import WIDTH
from lungmet_worc.checks.merged_sentences import merged
from lungmet_worc.display.language import ENGLISH, Language

_MOST_LISTED = 6
#: Of so many places that a sentence holds for each has a line of its own.
_MOST_LINES = 12


def problem_list(
    problems: Sequence[Problem],
    width: int = WIDTH,
    *,
    causes: Causes = NO_CAUSES,
    say: Language = ENGLISH,
) -> str:
    """Return problems as a numbered list, errors first.

    Problems that say the same of several patients, columns or arms have one number. What follows
    from others stands under these.

    Parameters
    ----------
    problems : sequence of Problem
        In the order in which they are to be shown.
    width : int
        Characters of a line.
    causes : mapping of Problem to tuple of Problem, optional
        See `lungmet_worc.checks.causes.causes_of`.
    say : Language
        Of the reader.
    """
    found = findings(problems, causes)
    blocks: list[str] = []
    margin = len(str(len(found))) + 2
    heading = ""
    for number, finding in enumerate(found, 1):
        title = say("To mend") if finding.severity == "error" else say("Warnings")
        if title != heading:
            blocks.append(f"{title}\n")
            heading = title
        lines = _wrapped(_finding_lines(finding, say), width - margin)
        first = f"{number}.".ljust(margin)
        blocks.append(
            "".join(f"{' ' * margin if row else first}{line}\n" for row, line in enumerate(lines))
        )
    return "\n".join(blocks)


def _finding_lines(finding: Finding, say: Language) -> list[tuple[int, str]]:
    """Return the lines of a finding, each with how far it is set in."""
    lines = _what_lines(finding.problems, say)
    if finding.consequences:
        lines += _consequence_lines(finding, say)
    return lines


def _what_lines(
    problems: Sequence[Problem], say: Language, *, remedies: bool = True
) -> list[tuple[int, str]]:
    """Return where, what and the remedy: as far as possible once for all problems."""
    what = merged([problem.what for problem in problems])
    remedy = merged([problem.remedy if remedies else "" for problem in problems])
    place = _common_place(problems, say)
    if len(problems) <= _MOST_LISTED and _has_span(what):
        what = None  # few enough to tell each by its own numbers
    elif place is None and what is not None and len(problems) > _MOST_LISTED:
        place = _places(problems, say)
    if what is not None and place is not None:
        lines = [(0, f"{place}: {say.of(what)}" if place else say.of(what))]
        shown = dict.fromkeys(say.of(problem.remedy) for problem in problems)
        several = [(0, f"-> {text}") for text in shown]
    else:
        lines = _single_lines(
            problems, say, has_what=what is not None, has_remedy=remedy is not None
        )
        lines = lines if what is None else [(0, say.of(what)), *((2, text) for _, text in lines)]
        several = []
    if remedy is None:
        return lines + several
    return [*lines, (0, f"-> {say.of(remedy)}")] if remedy else lines


def _single_lines(
    problems: Sequence[Problem], say: Language, *, has_what: bool, has_remedy: bool
) -> list[tuple[int, str]]:
    """Return a line for each place, with what all places do not share."""
    alike: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        key = (problem.what, problem.remedy, problem.file, problem.column)
        alike.setdefault(key, []).append(problem)
    groups = list(alike.values())
    lines = []
    for group in groups[:_MOST_LINES]:
        place = _common_place(group, say) or ""
        remedy = "" if has_remedy else f"-> {say.of(group[0].remedy)}"
        if has_what:
            lines.append((0, f"{place}  {remedy}" if remedy else place))
            continue
        what = say.of(group[0].what)
        lines.append((0, f"{place}: {what}" if place else what))
        lines += [(0, remedy)] if remedy else []
    more = [problem for group in groups[_MOST_LINES:] for problem in group]
    if more:
        rows = _ranges(sorted({each.row for each in more if each.row is not None}))
        text = say("and {n} more; rows: {rows}", n=len(more), rows=rows)
        lines.append((0, text if rows else say("and {n} more", n=len(more))))
    return lines


def _common_place(problems: Sequence[Problem], say: Language) -> str | None:
    """Return where problems are, None if it takes a line for each to say so."""
    files = {problem.file for problem in problems}
    columns = {problem.column for problem in problems}
    several = len({problem.row for problem in problems}) > 1 or any(p.patient for p in problems)
    if len(files) > 1 or (len(columns) > 1 and several):
        return None
    return _places(problems, say)


def _has_span(text: str | None) -> bool:
    """Return whether a merged sentence gives ranges in place of each one's numbers."""
    return isinstance(text, Sentence) and any(isinstance(f, Span) for f in text.fields.values())


def _places(problems: Sequence[Problem], say: Language) -> str:
    """Return all files, rows, columns and patients of problems."""
    files = list(dict.fromkeys(problem.file for problem in problems))
    columns = list(dict.fromkeys(problem.column for problem in problems))
    rows = sorted({problem.row for problem in problems if problem.row is not None})
    patients = list(dict.fromkeys(each.patient for each in problems if each.patient))
    parts = [files[0] if len(files) == 1 else say.plural(len(files), "{n} file", "{n} files")]
    if rows:
        texts = _ranges(rows)
        parts.append(say.plural(len(rows), "row {rows}", "rows {rows}", rows=texts))
    if columns != [""]:
        names = ", ".join(columns)
        if all(file.endswith(".toml") for file in files):
            parts.append(say.plural(len(columns), "key {names}", "keys {names}", names=names))
        else:
            parts.append(say.plural(len(columns), "column {names}", "columns {names}", names=names))
    if patients:
        names = say.of(listed(patients, _MOST_LISTED))
        parts.append(say.plural(len(patients), "patient {names}", "patients {names}", names=names))
    return ", ".join(part for part in parts if part)


def _consequence_lines(finding: Finding, say: Language) -> list[tuple[int, str]]:
    """Return what is wrong until the finding, and those that belong to it, are mended."""
    until = say("Until this is mended")
    if finding.together:
        others = ", ".join(map(str, finding.together))
        until = say("Until this and {others} are mended", others=others)
    small = [each for each in finding.consequences if _is_small_arm(each)]
    lines = []
    if small:
        text = say.plural(
            len(small),
            "{until}, {n} arm is too small: {arms}.",
            "{until}, {n} arms are too small: {arms}.",
            until=until,
            arms=", ".join(each.column.removeprefix("arms.") for each in small),
        )
        lines.append((0, text))
    for group in findings([e for e in finding.consequences if not _is_small_arm(e)], NO_CAUSES):
        first, *more = [text for _, text in _what_lines(group.problems, say, remedies=False)]
        lines += [(0, f"{until}: {first}"), *((2, text) for text in more)]
    return lines


def _is_small_arm(problem: Problem) -> bool:
    return problem.kind == SMALL_ARM and problem.severity == "error" and problem.column != "arms"


def _ranges(rows: Sequence[int]) -> str:
    """Return rows, those that follow each other as one: "2, 5-9, 14"."""
    return ", ".join(
        f"{first}"
        if first == last
        else f"{first}, {last}"
        if last == first + 1
        else f"{first}-{last}"
        for first, last in runs(rows)
    )


def _wrapped(lines: Iterable[tuple[int, str]], width: int) -> list[str]:
    """Return lines of at most so many characters; the rest of a long one is set in further."""
    found = []
    for indent, text in lines:
        hanging = indent + (3 if text.startswith("-> ") else 2)
        first, *rest = _wrap(text, max(20, width - hanging))
        found += [" " * indent + first, *(" " * hanging + line for line in rest)]
    return found


def _wrap(text: str, width: int) -> list[str]:
    """Wrap at spaces, else in long words after a path's separators, and only then anywhere."""
    lines = [""]
    for word in text.replace("\n", " ").split(" "):
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
