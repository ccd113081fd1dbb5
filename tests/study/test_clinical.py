"""Clinical columns as numbers, and arms that use them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lungmet_worc.basics.errors import ManifestError
from lungmet_worc.study.clinical import encode
from lungmet_worc.study.config import ClinicalConfig
from lungmet_worc.study.manifest import Patient


def patients(column: str, texts: list[str]) -> list[Patient]:
    return [
        Patient(f"P{number}", number + 2, 1, {}, {column: text})
        for number, text in enumerate(texts)
    ]


def test_numbers_with_a_decimal_comma_and_a_gap() -> None:
    encoded = encode(patients("age", ["61", "59,5", ""]), ["age"])
    assert list(encoded.columns) == ["age"]
    assert list(encoded["age"][:2]) == [61.0, 59.5]
    assert math.isnan(encoded["age"].iloc[2])


@pytest.mark.parametrize("words", [("ja", "nee"), ("Yes", "no"), ("TRUE", "false")])
def test_yes_and_no(words: tuple[str, str]) -> None:
    assert list(encode(patients("smoker", list(words)), ["smoker"])["smoker"]) == [1.0, 0.0]


def test_yes_beside_other_numbers_is_no_number() -> None:
    encoded = encode(patients("pack_years", ["ja", "20", "nee"]), ["pack_years"])
    assert list(encoded.columns) == ["pack_years=20", "pack_years=ja", "pack_years=nee"]
    assert encode(patients("x", ["ja", "0", "nee", "1"]), ["x"])["x"].tolist() == [1, 0, 0, 1]


def test_two_categories_make_one_column() -> None:
    encoded = encode(patients("sex", ["Male", "Female", ""]), ["sex"])
    assert list(encoded.columns) == ["sex=Male"]
    assert list(encoded["sex=Male"][:2]) == [1.0, 0.0]
    assert math.isnan(encoded["sex=Male"].iloc[2])


def test_unknown_is_no_category() -> None:
    encoded = encode(patients("sex", ["Male", "Female", "unknown", "--"]), ["sex"])
    assert list(encoded.columns) == ["sex=Male"]
    assert encoded["sex=Male"].isna().tolist() == [False, False, True, True]


def test_more_categories_make_a_column_each() -> None:
    encoded = encode(patients("site", ["left thigh", "arm", "trunk"]), ["site"])
    assert list(encoded.columns) == ["site=arm", "site=left-thigh", "site=trunk"]
    assert encoded.to_numpy().sum(axis=1).tolist() == [1.0, 1.0, 1.0]


GRADE = ClinicalConfig(kind="ordered", order=("Low", "Intermediate", "High"))


def column(name: str, texts: list[str], **said: Any) -> dict[str, list[float]]:
    encoded = encode(patients(name, texts), [name], {name: ClinicalConfig(**said)})
    return {str(key): values.tolist() for key, values in encoded.items()}


def test_an_ordered_value_is_its_place_in_the_order() -> None:
    encoded = encode(
        patients("grade", ["high", "LOW", "", "Intermediate"]), ["grade"], {"grade": GRADE}
    )
    assert list(encoded.columns) == ["grade"]
    assert encoded["grade"].fillna(-1).tolist() == [2.0, 0.0, -1.0, 1.0]


def test_a_value_outside_the_order_is_named_with_its_row() -> None:
    with pytest.raises(ManifestError) as raised:
        encode(patients("grade", ["high", "hihg", "G3"]), ["grade"], {"grade": GRADE})
    first, second = raised.value.problems
    assert (first.row, first.column, first.patient) == (3, "grade", "P1")
    assert 'Did you mean "High"?' in first.remedy
    assert (second.row, second.patient) == (4, "P2")
    assert "Known are: Low, Intermediate, High." in second.remedy


def test_codes_may_be_categories() -> None:
    assert column("centre", ["2", "10", "3"], kind="unordered") == {
        "centre=10": [0.0, 1.0, 0.0],
        "centre=2": [1.0, 0.0, 0.0],
        "centre=3": [0.0, 0.0, 1.0],
    }


def test_yes_and_no_may_be_one_and_zero() -> None:
    assert column("smoker", ["1", "nee", "Ja", "0"], kind="yes-no") == {
        "smoker": [1.0, 0.0, 1.0, 0.0]
    }


@pytest.mark.parametrize(
    ("kind", "text"), [("number", "yes"), ("number", ">80"), ("yes-no", "2"), ("yes-no", "maybe")]
)
def test_a_cell_of_another_kind_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ManifestError, match="do not fit") as raised:
        column("x", ["1", "0", text], kind=kind)
    assert [(p.row, p.patient) for p in raised.value.problems] == [(4, "P2")]
    assert f'"{text}"' in raised.value.problems[0].what


@pytest.mark.parametrize("texts", [["61", "59,5", ""], ["yes", "no", "nee"], ["a", "b", "--"]])
def test_what_is_said_by_default_changes_nothing(texts: list[str]) -> None:
    """Stamps hold the encoded values: an entry without a kind makes no search stale."""
    people = patients("x", texts)
    assert encode(people, ["x"], {"x": ClinicalConfig(outcome_like=True)}).equals(
        encode(people, ["x"])
    )


def test_values_that_look_alike_without_their_signs_stay_apart() -> None:
    encoded = encode(patients("size", ["<5", ">5", "5"]), ["size"])
    assert list(encoded.columns) == ["size=5", "size=5-2", "size=5-3"]
    assert encoded.to_numpy().sum() == 3.0
    assert (encoded.to_numpy().sum(axis=1) == 1.0).all()
