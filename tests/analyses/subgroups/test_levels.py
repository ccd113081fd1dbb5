"""Subgroups of the patients."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.all_tables import TABLES
from lungmet_worc.analyses.subgroups.levels import NOT_KNOWN, Level, level_order, subgroup_levels
from lungmet_worc.display.language import language
from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.study.manifest import Patient


def levels(cells: list[str], cuts: tuple[float, ...] = ()) -> list[str]:
    patients = [
        Patient(f"P{number}", number, 1, {}, {"x": cell}) for number, cell in enumerate(cells, 1)
    ]
    bands = {"x": cuts} if cuts else {}
    frame = subgroup_levels(patients, StatisticsConfig(subgroups=("x",), bands=bands))
    assert list(frame.index) == [patient.patient_id for patient in patients]
    return [level.name for level in frame["x"]]


def test_numbers_are_cut_where_the_user_says() -> None:
    assert levels(["49,9", "50", "64", "65", "unknown", "80"], (50, 65)) == [
        "under 50",
        "50 to under 65",
        "50 to under 65",
        "65 and over",
        "not known",
        "65 and over",
    ]
    assert levels(["1", "2"], (1.5,)) == ["under 1.5", "1.5 and over"]


def test_numbers_are_cut_at_the_median() -> None:
    assert levels(["40", "50", "", "55", "56", "60", "70"]) == [
        "under 55.5",
        "under 55.5",
        "not known",
        "under 55.5",
        "55.5 and over",
        "55.5 and over",
        "55.5 and over",
    ]


def test_nobody_is_alone_with_a_median_that_is_the_smallest() -> None:
    cells = ["0", "0", "0", "0", "0", "0", "0", "1", "2", "3", "4", "5"]
    assert levels(cells) == ["under 1"] * 7 + ["1 and over"] * 5


def test_few_numbers_are_codes() -> None:
    assert levels(["1", "3", "2", "2.0", ""]) == ["1", "3", "2", "2", "not known"]


def test_texts_stay_but_for_their_case() -> None:
    assert levels(["Male", "male", "Female", "Male", "n/a"]) == [
        "Male",
        "Male",
        "Female",
        "Male",
        "not known",
    ]


def test_levels_are_shown_as_people_count() -> None:
    under, between, over = Level(high=50), Level(low=50, high=65), Level(low=65)
    assert level_order([over, NOT_KNOWN, under, between, under]) == [
        *(under, between, over, NOT_KNOWN),
    ]
    nine, ten, arm, thigh = map(Level, ("9", "10", "Arm", "thigh"))
    assert level_order([ten, NOT_KNOWN, nine]) == [nine, ten, NOT_KNOWN]
    assert level_order([thigh, arm, NOT_KNOWN]) == [arm, thigh, NOT_KNOWN]


def test_a_text_of_the_manifest_is_never_taken_for_a_band() -> None:
    assert levels(["under 50", "thigh", "not known"]) == ["under 50", "thigh", "not known"]
    assert language("nl").of(Level("under 50").name) == "under 50"
    assert Level("under 50") != Level(high=50)


def test_the_table_of_the_report_says_levels_in_its_language() -> None:
    row = {"arm": "MRI", "column": "age", "n_patients": 30, "n_events": 12, "auc": 0.7}
    row |= {"ci_low": 0.6, "ci_high": 0.8, "note": ""}
    levels = [Level(high=55.5), Level(low=50, high=55.5), Level(low=55.5), NOT_KNOWN, Level("Arm")]
    frame = pd.DataFrame([row | {"level": level.name} for level in levels])
    shown = TABLES["subgroups"].readable(frame, language("nl"))
    expected = ["onder 55,5", "50 tot 55,5", "55,5 en hoger", "onbekend", "Arm"]
    assert shown.iloc[:, 2].to_list() == expected
    english = TABLES["subgroups"].readable(frame, language("en"))
    assert english.iloc[:, 2].to_list() == [
        *("under 55.5", "50 to under 55.5", "55.5 and over", "not known", "Arm"),
    ]
