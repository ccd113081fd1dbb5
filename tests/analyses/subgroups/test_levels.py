"""Subgroups of the patients."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.readable import readable
from lungmet_worc.analyses.subgroups.levels import level_name, level_order, subgroup_levels
from lungmet_worc.display.language import Language, language
from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.study.manifest import Patient


def levels(cells: list[str], cuts: tuple[float, ...] = ()) -> list[str]:
    patients = [
        Patient(f"P{number}", number, 1, {}, {"x": cell}) for number, cell in enumerate(cells, 1)
    ]
    bands = {"x": cuts} if cuts else {}
    frame = subgroup_levels(patients, StatisticsConfig(subgroups=("x",), bands=bands))
    assert list(frame.index) == [patient.patient_id for patient in patients]
    assert frame["x"].cat.ordered
    assert list(frame["x"].cat.categories) == level_order(frame["x"])
    return list(frame["x"])


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
    bands = ["65 and over", "not known", "under 50", "50 to under 65", "under 50"]
    assert level_order(bands) == ["under 50", "50 to under 65", "65 and over", "not known"]
    assert level_order(["10", "not known", "9"]) == ["9", "10", "not known"]
    assert level_order(["thigh", "Arm", "not known"]) == ["Arm", "thigh", "not known"]


def test_levels_in_another_language() -> None:
    words = {
        "not known": "onbekend",
        "under {cut}": "onder {cut}",
        "{cut} and over": "{cut} en ouder",
        "{low} to under {high}": "{low} tot {high}",
    }
    dutch = Language("nl", words)
    said = [
        level_name(level, dutch)
        for level in ("under 55.5", "55.5 and over", "50 to under 65", "not known", "Arm")
    ]
    assert said == ["onder 55,5", "55,5 en ouder", "50 tot 65", "onbekend", "Arm"]


def test_the_table_of_the_report_says_levels_in_its_language() -> None:
    row = {"arm": "MRI", "column": "age", "n_patients": 30, "n_events": 12, "auc": 0.7}
    row |= {"ci_low": 0.6, "ci_high": 0.8, "note": ""}
    levels = ["under 55.5", "55.5 and over", "not known", "Arm"]
    frame = pd.DataFrame([row | {"level": level} for level in levels])
    shown = readable(frame, "subgroups", language("nl"))
    expected = ["onder 55,5", "55,5 en hoger", "onbekend", "Arm"]
    assert shown.iloc[:, 2].to_list() == expected
    english = readable(frame, "subgroups", language("en"))
    assert english.iloc[:, 2].to_list() == levels
