"""The items of the checklists: all there, answered where the run can, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from lungmet_worc.display.language import language
from lungmet_worc.report import checklists as module
from lungmet_worc.report.checklists import KEYS, Checklist, Item, checklists, texts

#: Anchors of the report's sections.
SECTIONS = [
    *("answer", "digest", "cohort", "scans", "arms", "performance", "comparison", "thresholds"),
    *("calibration", "decision", "subgroups", "explanation", "features", "patients", "failures"),
    *("errata", "methods", "references", "settings", "power"),
    *("checklist-clear", "checklist-metrics", "checklist-tripod"),
]

#: Parts of the items of TRIPOD+AI (Collins et al. 2024, table 2): letters of those that have any.
TRIPOD_PARTS = {
    3: "abc",
    5: "ab",
    6: "abc",
    8: "abc",
    9: "abc",
    12: "abcdefg",
    18: "abcdef",
    20: "abc",
    23: "ab",
    27: "abc",
}

FULL = {
    "outcome": "lung_met",
    "n_patients": 51,
    "n_events": 19,
    "arms": ["MRI", "CT", "combined", "volume", "clinical"],
    "modalities": ["MRI", "CT"],
    "clinical": ["age", "grade"],
    "split_type": "random",
    "n_splits": 20,
    "test_percent": 20,
    "seed": 0,
    "n_inner_splits": 5,
    "n_candidates": 100,
    "classifiers": ["SVM", "RF"],
    "ensemble": "top_N, 50",
    "subgroups": ["sex", "age"],
    "n_centres": 3,
    "n_permutations": 100,
    "sensitivity": 0.9,
    "worc_version": "3.7.0",
    "predict_version": "3.2.0",
    "pyradiomics_version": "3.0.1",
    "lungmet_version": "0.1.0",
    "has_combat": False,
    "has_imputation": False,
    "has_thresholds": True,
    "has_explanation": True,
    "has_features": True,
    "has_volume": True,
    "has_baseline": True,
    "has_single_and_combined": True,
}


def by_key(facts: dict[str, object], code: str = "en") -> dict[str, Checklist]:
    return {checklist.key: checklist for checklist in checklists(facts, language(code))}


def item(facts: dict[str, object], key: str, number: str, code: str = "en") -> Item:
    (found,) = [each for each in by_key(facts, code)[key].items if each.number == number]
    return found


def sources() -> dict[str, dict[str, Any]]:
    folder = Path(module.__file__).parent
    return {key: tomllib.loads((folder / f"checklist_{key}.toml").read_text()) for key in KEYS}


def test_all_items_of_the_papers_are_there_in_their_order() -> None:
    found = by_key(FULL)
    assert list(found) == ["clear", "metrics", "tripod"]
    numbers = {key: [each.number for each in found[key].items] for key in found}
    assert numbers["clear"] == [str(number) for number in range(1, 59)]
    items = [number for number in numbers["metrics"] if number.isdigit()]
    assert items == [str(number) for number in range(1, 31)]
    conditions = [number for number in numbers["metrics"] if not number.isdigit()]
    assert conditions == [f"Condition {number}" for number in range(1, 6)]
    expected = [
        f"{number}{part}" for number in range(1, 28) for part in TRIPOD_PARTS.get(number, [""])
    ]
    assert numbers["tripod"] == expected


def test_the_papers_are_cited() -> None:
    dois = {
        "clear": "10.1186/s13244-023-01415-8",
        "metrics": "10.1186/s13244-023-01572-w",
        "tripod": "10.1136/bmj-2023-078378",
    }
    for key, checklist in by_key(FULL).items():
        assert dois[key] in checklist.citation


def test_anchors_are_sections_of_the_report() -> None:
    anchors = {
        answer.get("section", "answer")
        for source in sources().values()
        for each in source["items"]
        for answer in each.get("answers", ())
    }
    assert anchors <= set(SECTIONS)


def test_answers_ask_for_known_facts_only() -> None:
    derived = set(module._derived({}))
    for source in sources().values():
        for each in source["items"]:
            assert set(each) <= {"number", "text", "answers"}
            for answer in each.get("answers", ()):
                assert set(answer) <= {"when", "section", "text"}
                asked = {fact.removeprefix("not ") for fact in answer.get("when", ())}
                assert asked <= derived | set(FULL)
                fields = {name for _, name, _, _ in Formatter().parse(answer["text"]) if name}
                assert fields <= set(FULL)


def test_every_fact_is_used() -> None:
    text = "".join(
        Path(module.__file__).parent.joinpath(f"checklist_{k}.toml").read_text() for k in KEYS
    )
    derived_from = {"arms", "split_type"}
    unused = [fact for fact in FULL if not re.search(rf"\b{fact}\b", text)]
    assert set(unused) <= derived_from


def test_numbers_of_the_run_are_in_the_answers() -> None:
    assert item(FULL, "clear", "9").answer.startswith("51 patients, 19 with the outcome")
    assert item(FULL, "clear", "9").anchor == "power"
    assert "20 random splits" in item(FULL, "clear", "15").answer
    assert (
        item(FULL, "clear", "25").answer == "WORC 3.7.0 with PREDICT 3.2.0 and PyRadiomics 3.0.1."
    )
    assert "100 permutations" in item(FULL, "metrics", "25").answer
    assert "sensitivity of 0.90" in item(FULL, "tripod", "15").answer
    assert "(sex, age)" in item(FULL, "tripod", "14").answer


def test_what_only_authors_know_is_for_the_authors() -> None:
    for key, number in [("clear", "8"), ("metrics", "Condition 2"), ("tripod", "18a")]:
        found = item(FULL, key, number)
        assert (found.answer, found.anchor) == ("For the authors.", "")


@pytest.mark.parametrize(
    ("change", "key", "number", "said", "anchor"),
    [
        (
            {"split_type": "leave-one-centre-out"},
            "metrics",
            "27",
            "Every centre was",
            "performance",
        ),
        ({}, "metrics", "27", "Not done by this run", ""),
        ({"split_type": "leave-one-centre-out"}, "clear", "38", "Every centre", "performance"),
        ({}, "clear", "38", "Internal testing only", "performance"),
        ({"has_combat": True}, "clear", "32", "leaks (errata E13)", "errata"),
        ({}, "clear", "32", "fitted in the training part", "methods"),
        ({"has_combat": True}, "metrics", "18", "leaks", "errata"),
        ({"n_permutations": 0}, "clear", "47", "ROC curves; that", "performance"),
        ({"n_permutations": 0}, "metrics", "25", "tumour volume alone", "arms"),
        ({"n_permutations": 0, "has_volume": False}, "metrics", "25", "Not done", ""),
        ({"arms": ["MRI"]}, "clear", "41", "one arm", "arms"),
        ({"modalities": []}, "clear", "16", "no arm uses images", "arms"),
        ({"modalities": []}, "metrics", "Condition 3", "No:", "arms"),
        ({"clinical": []}, "clear", "17", "no arm uses clinical data", "arms"),
        ({"has_baseline": False}, "clear", "42", "No arm without image features", ""),
        ({"subgroups": ()}, "tripod", "14", "Not done", ""),
        ({"subgroups": ()}, "tripod", "20b", "For the authors.", ""),
        ({"has_thresholds": False}, "tripod", "15", "no threshold was chosen", "performance"),
        ({"n_centres": 0}, "metrics", "4", "For the authors.", ""),
        ({"has_single_and_combined": False}, "metrics", "23", "For the authors.", ""),
        (
            {"has_single_and_combined": False, "modalities": ["CT"]},
            "metrics",
            "23",
            "One modality only: CT.",
            "arms",
        ),
    ],
)
def test_answers_follow_the_run(
    change: dict[str, object], key: str, number: str, said: str, anchor: str
) -> None:
    found = item({**FULL, **change}, key, number)
    assert said in found.answer
    assert found.anchor == anchor


def test_without_facts_nothing_is_claimed() -> None:
    for checklist in checklists({}, language("en")):
        for each in checklist.items:
            assert "{" not in each.answer
            assert "None" not in each.answer
    assert item({}, "clear", "15").answer == "For the authors."
    assert item({}, "clear", "9").answer == "For the authors."


def test_every_text_has_a_dutch_one_with_the_same_fields() -> None:
    dutch = language("nl").texts
    for text in texts():
        assert text in dutch
        assert fields(dutch[text]) == fields(text)
        assert dutch[text] != text
        assert dutch[text].endswith(".") == text.endswith(".")
        assert dutch[text] == " ".join(dutch[text].split())


def fields(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name}


def test_dutch_answers(caplog: pytest.LogCaptureFixture) -> None:
    assert "sensitiviteit van 0,90" in item(FULL, "tripod", "15", "nl").answer
    assert item(FULL, "clear", "8", "nl").answer == "Voor de auteurs."
    assert caplog.text == ""
