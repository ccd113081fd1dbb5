"""What is said of a cohort's size; the formulas are tested in test_statistics.py."""

from __future__ import annotations

import pytest

from lungmet_worc.analyses.power.check import expected_precision
from lungmet_worc.analyses.power.statistics import auc_half_width, smallest_difference
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reasons import NoImage, Reason


def cohort(n_events: int, n_others: int, *, not_in_ct: int = 0) -> Cohort:
    """Return patients who all enter MRI, and all but some events who enter CT."""
    patients = tuple(
        Patient(f"P{number}", number, int(number < n_events), {}, {})
        for number in range(n_events + n_others)
    )
    ids = tuple(patient.patient_id for patient in patients)
    arms = {"MRI": ids, "CT": ids[not_in_ct:]}
    reasons: dict[str, dict[str, Reason]] = {
        "MRI": {},
        "CT": dict.fromkeys(ids[:not_in_ct], Reason((NoImage("CT"),))),
    }
    return Cohort(patients, arms, reasons, "lung_met")


def test_patients_of_every_arm_count() -> None:
    found = expected_precision(cohort(21, 32, not_in_ct=2))
    assert found is not None
    assert (found.n_patients, found.n_events, found.outcome) == (51, 19, "lung_met")
    assert found.half_width == auc_half_width(0.7, 19, 32)
    assert found.smallest_difference == smallest_difference(0.7, 19, 32, 0.5)


def test_it_is_said_in_plain_words() -> None:
    found = expected_precision(cohort(19, 32))
    assert found is not None
    assert found.to_text(1000).startswith(
        "What to expect: 51 patients enter every arm, 19 of them with lung_met. An AUC of 0.70 "
        "will have a 95% interval of about plus or minus 0.15; differences between two arms below "
        "about 0.21 cannot be seen reliably"
    )
    assert max(map(len, found.to_text(60).splitlines())) <= 60


def test_a_small_cohort_shows_no_difference_at_all() -> None:
    found = expected_precision(cohort(8, 12))
    assert found is not None
    assert found.smallest_difference is None
    assert "no difference between two arms, however large" in found.to_text(1000)


@pytest.mark.parametrize("counts", [(0, 5), (5, 0), (0, 0)])
def test_nothing_is_said_without_both_outcomes(counts: tuple[int, int]) -> None:
    assert expected_precision(cohort(*counts)) is None
