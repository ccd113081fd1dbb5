"""The labels that a study file gives its arms and modalities, and what is wrong with them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.privacy import without_paths
from lungmet_worc.display.shown_names import ShownNames
from lungmet_worc.study.config import StudyConfig


def shown_names(study: StudyConfig) -> ShownNames:
    """Return the labels that a study file gives."""
    return ShownNames(
        {key: arm.label for key, arm in study.arms.items() if arm.label},
        {key: modality.title for key, modality in study.modalities.items() if modality.title},
    )


def name_problems(study: StudyConfig) -> Iterator[Problem]:
    """Report labels that cannot be told apart or would show where files lie."""
    names = shown_names(study)
    arms = {key: _folded(names.arm(key)) for key in study.arms}
    modalities = {key: _folded(names.modality(key)) for key in study.modalities}
    for table, given, folded in (
        ("arms", names.arms, arms),
        ("modalities", names.modalities, modalities),
    ):
        for key, label in given.items():
            column = f"{table}.{key}.label"
            twin = next((o for o, of in folded.items() if o != key and of == folded[key]), None)
            if twin is not None:
                what = Sentence('"{label}" is what {other} is called too.', label=label, other=twin)
                remedy = Sentence("Give each a label of its own.")
                yield Problem(what, remedy, column=column)
            if without_paths(label) != label:
                what = Sentence("The label holds a path, which tables and reports never show.")
                remedy = Sentence("Name the arm or modality, not a place on a disk.")
                yield Problem(what, remedy, column=column)


def _folded(label: str) -> str:
    return unicodedata.normalize("NFKC", label).casefold()
