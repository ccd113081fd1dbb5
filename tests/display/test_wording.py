from __future__ import annotations

import pytest

from lungmet_worc.display.language import ENGLISH, language
from lungmet_worc.display.wording import (
    comparison_reading,
    count_word,
    interval_text,
    number_text,
    p_text,
    with_and,
)
from lungmet_worc.report.arm_descriptions import GROUPS, arm_kind, describe_arm
from lungmet_worc.study.config import ArmConfig
from lungmet_worc.study.feature_groups import IMAGE_GROUPS

NAN = float("nan")
DUTCH = language("nl")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0004, "< 0.001"),
        (0.0042, "0.004"),
        (0.0496, "0.0496"),  # rounded to 0.050 it would not look significant
        (0.05, "0.050"),
        (0.456, "0.46"),
        (1.0, "1.00"),
        (NAN, "not defined"),
    ],
)
def test_p_values(value: float, text: str) -> None:
    assert p_text(value) == text


def test_numbers_and_names() -> None:
    assert number_text(-0.001) == "0.00"
    assert number_text(-0.126) == "-0.13"
    labels = [ENGLISH.arm(arm) for arm in ("mri_only", "ct", "combined", "MRI", "clinical-plus")]
    assert labels == ["MRI only", "CT", "Combined", "MRI", "Clinical-plus"]


def test_dutch_numbers_and_lists() -> None:
    assert interval_text(0.67, 0.55, 0.78, say=DUTCH) == "0,67 (0,55 tot 0,78)"
    assert interval_text(0.67, NAN, NAN, say=DUTCH) == "0,67 (geen interval)"
    assert p_text(0.0001, DUTCH) == "< 0,001"
    assert number_text(NAN, say=DUTCH) == "niet gedefinieerd"
    assert with_and(["a", "b", "c"], DUTCH) == "a, b en c"
    assert [count_word(n, DUTCH) for n in (0, 3, 12)] == ["nul", "drie", "12"]


def test_reading_of_a_comparison() -> None:
    row = {"arm_a": "mri_only", "arm_b": "ct", "metric": "brier", "difference": 0.1}
    assert comparison_reading(row | {"p_adjusted": 0.01}) == "CT clearly better"
    assert comparison_reading(row | {"p_adjusted": 0.01}, DUTCH) == "CT duidelijk beter"
    assert comparison_reading(row | {"p_adjusted": 0.2}) == "no clear difference"
    assert comparison_reading(row | {"p_adjusted": NAN}) == "cannot be compared"


@pytest.mark.parametrize(
    ("arm", "kind", "english", "dutch"),
    [
        (
            ArmConfig(modalities=("MRI", "CT")),
            "images",
            "Features of MRI and CT",
            "Kenmerken van MRI en CT",
        ),
        (
            ArmConfig(modalities=("MRI",), features=("texture", "shape"), missing="impute"),
            "images",
            "Shape and texture features of MRI; missing values imputed",
            "Kenmerken van vorm en textuur op MRI; ontbrekende waarden geïmputeerd",
        ),
        (
            ArmConfig(modalities=("CT",), clinical=("age", "grade")),
            "clinical+images",
            "Features of CT with clinical data (age, grade)",
            "Kenmerken van CT met klinische gegevens (age, grade)",
        ),
        (
            ArmConfig(modalities=("MRI",), features="volume"),
            "volume",
            "Tumour volume from MRI",
            "Tumorvolume uit MRI",
        ),
        (
            ArmConfig(clinical=("age",)),
            "clinical",
            "Clinical data (age)",
            "Klinische gegevens (age)",
        ),
    ],
)
def test_arms_in_words(arm: ArmConfig, kind: str, english: str, dutch: str) -> None:
    assert arm_kind(arm) == kind
    assert describe_arm(arm) == english
    assert describe_arm(arm, DUTCH) == dutch


def test_every_group_of_features_has_a_name() -> None:
    assert tuple(GROUPS) == IMAGE_GROUPS
