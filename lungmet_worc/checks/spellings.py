"""Values of a column that are probably one, spelled in different ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from lungmet_worc.basics.errors import Problem, Severity
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.manifest import Patient


def spelling_problems(
    file: str, column: str, cells: Iterable[tuple[Patient, str]], severity: Severity = "error"
) -> Iterator[Problem]:
    """Report the cells whose value most others spell differently: by case or spaces only.

    Parameters
    ----------
    file : str
        The manifest, as the user knows it.
    column : str
        The column.
    cells : iterable of (Patient, str)
        Patients and their values, none of them empty.
    severity : {"error", "warning"}
    """
    alike: dict[str, list[tuple[Patient, str]]] = {}
    for patient, text in cells:
        alike.setdefault("".join(text.casefold().split()), []).append((patient, text))
    for group in alike.values():
        counts = Counter(text for _, text in group)
        # Of spellings that are equally frequent the first is taken for the right one.
        (usual, number), *_ = counts.most_common(1)
        for patient, text in group:
            if text != usual:
                what = Sentence.plural(
                    number,
                    '"{text}" is written otherwise than "{usual}" of {n} other patient, and '
                    "counts as another value.",
                    '"{text}" is written otherwise than "{usual}" of {n} other patients, and '
                    "counts as another value.",
                    text=text,
                    usual=usual,
                )
                remedy = Sentence('Write "{usual}", if it is meant.', usual=usual)
                yield patient.in_row(Problem(what, remedy, severity, file=file, column=column))
