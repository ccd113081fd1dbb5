from __future__ import annotations

from lungmet_worc.analyses.cohort.figure import flow_figure
from lungmet_worc.display.language import language
from lungmet_worc.study.cohort import NOBODY, Cohort
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reasons import NoFeatures, NoImage, NoOutcome, NoValue, Reason
from tests.analyses.made_up import made_up_cohort

SAY = language("en")
NO_MRI, NO_CT = Reason((NoImage("MRI"),)), Reason((NoImage("CT"),))
NO_OUTCOME = Reason((NoOutcome(),))


def cohort(*rows: tuple[int | None, Reason | None, Reason | None]) -> Cohort:
    """Return patients: outcome, why not in the arm MRI, why not in the arm CT."""
    return made_up_cohort(
        (f"P{i}", outcome, {}, {"MRI": mri, "CT": ct}) for i, (outcome, mri, ct) in enumerate(rows)
    )


def texts(frame: Cohort, code: str = "en", **more: dict[str, int]) -> list[str]:
    drawing = flow_figure(frame, language(code), **more)
    assert drawing is not None
    return [text.get_text() for text in drawing.figure.texts]


AVAILABLE = cohort(
    (1, None, None),
    (0, None, NO_CT),
    (1, None, NO_CT),
    (0, NO_MRI, NO_CT),
    (None, NO_OUTCOME, NO_OUTCOME),
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
        (1, None, None),
        (0, None, None),
        (0, Reason(NO_CT.causes, "CT"), NO_CT),
    )
    found = texts(frame)
    assert "In every arm: 2 patients" in found
    assert "Arms: MRI, CT" in found
    assert "1: no CT image" in found
    assert "In at least one arm: 2 patients" not in found


def test_patients_never_tested_are_said() -> None:
    frame = cohort((1, None, None), (0, None, None))
    line = "In a test part at least once: 1"
    assert line in texts(frame, tested={"MRI": 1, "CT": 1})
    assert line not in texts(frame, tested={"MRI": 2, "CT": 2})


def test_reasons_lose_the_details_of_failures_only() -> None:
    failed = Reason((NoFeatures("CT", "mask is empty, see log, age missing"), NoValue("age")))
    odd = Reason((NoImage("T1, fat sat"), NoValue("age")))
    drawing = flow_figure(cohort((0, failed, failed), (1, odd, NO_CT)), SAY)
    assert drawing is not None
    assert drawing.numbers["reason"].to_list()[1:3] == [
        "CT features could not be extracted, age missing",
        "no T1, fat sat image, age missing, no CT image",
    ]


def test_a_cohort_without_arms_has_no_diagram() -> None:
    patients = (Patient("A", 2, 1, {}, {}),)
    assert flow_figure(Cohort(patients, {}, {}), SAY) is None
    assert flow_figure(NOBODY, SAY) is None
