from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.cohort.figure import flow_figure
from lungmet_worc.analyses.cohort.reasons import reason_of
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.display.language import language
from lungmet_worc.study.cohort import FAILED, INCOMPLETE

SAY = language("en")
NO_MRI = Sentence("no {modality} image", modality="MRI")
NO_CT = Sentence("no {modality} image", modality="CT")


def cohort(*rows: tuple[object, str, str]) -> pd.DataFrame:
    """Return patients: outcome, arm MRI, arm CT."""
    frame = pd.DataFrame(rows, columns=["outcome", "arm MRI", "arm CT"])
    frame.insert(0, "patient_id", [f"P{i}" for i in range(len(rows))])
    return frame


def texts(frame: pd.DataFrame, code: str = "en", **more: dict[str, int]) -> list[str]:
    drawing = flow_figure(frame, language(code), **more)
    assert drawing is not None
    return [text.get_text() for text in drawing.figure.texts]


AVAILABLE = cohort(
    (1, "yes", "yes"),
    (0, "yes", NO_CT),
    (1, "yes", NO_CT),
    (0, NO_MRI, NO_CT),
    ("", "outcome missing", "outcome missing"),
)


def test_boxes_count_patients_and_events() -> None:
    drawing = flow_figure(AVAILABLE, SAY)
    assert drawing is not None
    assert drawing.numbers.to_numpy().tolist() == [
        ["manifest", "", "", 5, 2],
        ["left out", "", "no MRI image, no CT image", 1, 0],
        ["left out", "", "outcome missing", 1, 0],
        ["entering", "", "", 3, 2],
        ["arm", "MRI", "", 3, 2],
        ["arm", "CT", "", 1, 1],
        ["not in arm", "CT", "no CT image", 2, 1],
    ]


def test_every_box_is_written() -> None:
    found = texts(AVAILABLE)
    for text in (
        "In the manifest: 5 patients",
        "2 with the outcome, 2 without, 1 not known",
        "Left out: 2 patients",
        "1: no MRI image, no CT image",
        "In at least one arm: 3 patients",
        "Not in this arm: 2",
        "2: no CT image",
    ):
        assert text in found
    assert "2: geen CT-beeld" in texts(AVAILABLE, "nl")


def test_common_patients_have_one_box() -> None:
    frame = cohort(
        (1, "yes", "yes"),
        (0, "yes", "yes"),
        (0, Sentence(INCOMPLETE, arm="CT", cause=joined([NO_CT], ", ")), NO_CT),
    )
    found = texts(frame)
    assert "In every arm: 2 patients" in found
    assert "Arms: MRI, CT" in found
    assert "1: no CT image" in found
    assert "In at least one arm: 2 patients" not in found


def test_patients_never_tested_are_said() -> None:
    frame = cohort((1, "yes", "yes"), (0, "yes", "yes"))
    line = "In a test part at least once: 1"
    assert line in texts(frame, tested={"MRI": 1, "CT": 1})
    assert line not in texts(frame, tested={"MRI": 2, "CT": 2})


def test_reasons_lose_the_details_of_failures_only() -> None:
    failed = Sentence(FAILED, modality="CT", cause="mask is empty, see log, age missing")
    odd = Sentence("no {modality} image", modality="T1, fat sat")
    age, grade = (Sentence("{column} missing", column=name) for name in ("age", "grade"))
    reason = reason_of([joined([failed, age], ", ")])
    assert reason == "CT features could not be extracted, age missing"
    dutch = language("nl").of(reason)
    assert dutch == "kenmerken van CT konden niet worden bepaald, age ontbreekt"
    assert reason_of(["yes", odd]) == "no T1, fat sat image"
    assert reason_of([age, joined([age, grade], ", ")]) == "age missing, grade missing"


def test_a_cohort_without_arms_has_no_diagram() -> None:
    assert flow_figure(pd.DataFrame({"patient_id": ["A"], "outcome": [1]}), SAY) is None
