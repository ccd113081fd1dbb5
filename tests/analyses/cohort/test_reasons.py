"""Why a patient is left out is said alike wherever a reader meets it."""

from __future__ import annotations

import pytest

from lungmet_worc.analyses.cohort.figure import flow_figure
from lungmet_worc.analyses.cohort.table import cohort_flow, patients_table, who_left_out
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.checked_cohort import CheckedCohort
from lungmet_worc.display.language import language
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.reasons import (
    Cause,
    Excluded,
    NoFeatures,
    NoImage,
    NoOutcome,
    NoValue,
    Reason,
)
from lungmet_worc.tasks import failures
from tests.analyses.made_up import made_up_cohort

EMPTY = Sentence("The mask is empty.")
WORDS = [
    (NoImage("CT"), "no CT image", "geen CT-beeld"),
    (NoValue("age"), "age missing", "age ontbreekt"),
    (NoOutcome(), "outcome missing", "uitkomst ontbreekt"),
    (Excluded(), "excluded in the study file", "uitgesloten in het studiebestand"),
    (
        NoFeatures("CT"),
        "CT features could not be extracted",
        "kenmerken van CT konden niet worden bepaald",
    ),
    (
        NoFeatures("CT", EMPTY),
        "CT extraction failed: The mask is empty.",
        "kenmerken van CT konden niet worden bepaald: Het masker is leeg.",
    ),
]


def cohort(cause: Cause) -> Cohort:
    """Return two patients, the second with the cause in the one arm and so not in the other."""
    own = Reason((cause,))
    why = {"mri": Reason(own.causes, "CT"), "ct": own}
    return made_up_cohort([("A", 1, {}, {"mri": None, "ct": None}), ("B", 0, {}, why)])


def flow(found: Cohort, code: str) -> list[str]:
    drawing = flow_figure(found, language(code))
    assert drawing is not None
    return [text.get_text() for text in drawing.figure.texts]


@pytest.mark.parametrize(("cause", "english", "dutch"), WORDS)
@pytest.mark.parametrize("code", ["en", "nl"])
def test_a_reason_is_said_alike_everywhere(
    cause: Cause, english: str, dutch: str, code: str
) -> None:
    found, say = cohort(cause), language(code)
    words = {"en": english, "nl": dutch}[code]
    common = {
        "en": f"not complete for all arms (arm CT: {words})",
        "nl": f"niet compleet voor alle armen (arm CT: {words})",
    }[code]
    assert say.of(Reason((cause,)).sentence) == words
    assert list(cohort_flow(found, say=say).iloc[:, -1]) == [f"1: {common}", f"1: {words}"]
    lines = who_left_out(found, say=say)
    assert [words in line for line in lines] == [True, True]
    assert list(patients_table(found, found.patients, say).iloc[1, -2:]) == [common, words]
    checked = CheckedCohort(found).to_text(say).splitlines()
    assert [line for line in checked if line.startswith(f"  {words}: 1 pati")]


@pytest.mark.parametrize(("cause", "english", "dutch"), WORDS)
def test_the_figure_says_it_without_what_differs_from_patient_to_patient(
    cause: Cause, english: str, dutch: str
) -> None:
    if cause == NoFeatures("CT", EMPTY):
        english, dutch = WORDS[-2][1:]
    assert f"1: {english}" in flow(cohort(cause), "en")
    assert f"1: {dutch}" in " ".join(flow(cohort(cause), "nl"))


def test_a_run_says_it_as_the_check_did() -> None:
    (left_out,) = failures.left_out([("P4", "CT", EMPTY)])
    assert left_out.what == "P4, CT: The mask is empty."
    assert language("nl").of(left_out.what) == "P4, CT: Het masker is leeg."
    (left_out,) = failures.left_out([("P4", "CT", "ValueError: no voxel")])
    assert language("nl").of(left_out.what) == "P4, CT: ValueError: no voxel."
