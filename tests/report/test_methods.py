from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lungmet_worc.analyses.comparison.statistics import TEST_NAME
from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.display.language import language
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.report.methods import methods
from lungmet_worc.report.references import Citations, all_references

STATE = {"study": {"name": "x", "arms": {}, "search": {"splits": 20, "candidates": 50}}}
SETTINGS: dict[str, object] = {
    "splits": 20,
    "candidates": 50,
    "inner_splits": 3,
    "test_size": 0.2,
    "scoring": "f1_weighted",
    "classifiers": ["SVM", "RF"],
    "ensemble": {"method": "top_N", "size": 10},
    "seed": 4,
    "worc_compat": None,
    "patients": "common",
}
TESTS = (TEST_NAME, "DeLong test", "bootstrap over patients")


def arm(
    modalities: tuple[str, ...] = (), clinical: tuple[str, ...] = (), features: object = "all"
) -> dict[str, object]:
    return {"modalities": modalities, "clinical": clinical, "features": features}


def context(**change: Any) -> ReportContext:
    """Return what a report is made from: two image arms, no table but the comparison."""
    empty = pd.DataFrame()
    values: dict[str, Any] = {
        "study_name": "Sarcoma",
        "outcome": "lung_met",
        **dict.fromkeys(("cohort", "failures"), empty),
        "tables": {"comparison": pd.DataFrame({"test": [TEST_NAME]})},
        "figures": {"roc": Path("roc.svg")},
        "settings": SETTINGS,
        "modalities": {"MRI": "MR", "CT": "CT"},
        "arms": {"mri_only": "Features of MRI", "combined": "Features of MRI and CT"},
        "errata": (),
        "excluded": (),
        "versions": {"WORC": "3.7.0", "PREDICT": "3.2.0", "scikit-learn": "1.5.2"},
        "created": "2025-11-23",
        "digest": make_digest(STATE, STAGES, now="2025-11-23T00:00:00+00:00"),
    }
    return ReportContext(**{**values, **change})


def everything() -> ReportContext:
    """Return a context of a study that uses all there is."""
    arms = {
        "mri": arm(("MRI",)),
        "shape": arm(("MRI",), features=("shape",)),
        "volume": arm(("MRI",), features="volume"),
        "clinical": arm(clinical=("age", "grade", "sex", "site", "size")),
    }
    clinical: dict[str, dict[str, object]] = {
        "age": {"kind": "number"},
        "grade": {"kind": "ordered", "order": ("low", "high")},
        "sex": {"kind": "yes-no"},
        "site": {"kind": "unordered"},
        "size": {"kind": None, "outcome_like": True},
    }
    return context(
        settings={
            **SETTINGS,
            "arms": arms,
            "clinical": clinical,
            "combat": {"MRI": {"batch": "vendor", "covariates": ("sex",)}},
            "statistics": {"sensitivity": 0.85, "bootstrap": 3000},
        },
        figures={"roc": Path("roc.svg"), "decision": Path("d.svg")},
        tables={
            "comparison": pd.DataFrame({"test": TESTS}),
            "thresholds": pd.DataFrame({"rule": ["0.5", "youden"]}),
            "permutations": pd.DataFrame({"n_permutations": [99, 100]}),
            "subgroups": pd.DataFrame({"column": ["sex", "sex"]}),
            **{
                name: pd.DataFrame({"x": [1]})
                for name in ("calibration", "importance", "features", "power")
            },
        },
    )


def text(of: ReportContext, code: str = "en") -> str:
    return " ".join(methods(of, language(code)).paragraphs)


def test_methods_follow_the_settings() -> None:
    said = text(context())
    for part in (
        "WORC 3.7.0",
        "PREDICT 3.2.0 [2] and PyRadiomics [3]",
        "Two arms were studied: MRI only (features of MRI) and Combined (features of MRI and CT)",
        "Only patients with everything that every arm needs",
        "drew 50 candidate workflows",
        "The classifiers were SVM and RF.",
        "mean weighted F1 score over 3 inner splits",
        "The 10 best workflows were combined by averaging",
        "20 random splits with 20% of the patients in the test part",
        "The splits were the same for all arms. The seed of everything random was 4.",
        "on MRI and CT were extracted",
        "corrected resampled 95% intervals [4]",
        "The analysis was made with scikit-learn 1.5.2.",
    ):
        assert part in said, part
    changed = {
        **SETTINGS,
        "worc_compat": "3.7.0",
        "patients": "available",
        "ensemble": {"method": "FitNumber", "size": 5},
        "scoring": "sar",
    }
    said = text(context(settings=changed))
    assert "The behaviour of WORC 3.7.0 was kept" in said
    assert "Each arm was analysed on all patients that it could use" in said
    assert "WORC's ensemble method FitNumber, at most 5 workflows" in said
    assert "mean sar over" in said


def test_only_what_was_used_is_told_and_cited() -> None:
    names = " ".join(methods(context()).references)
    for author in ("Starmans", "van Griethuysen", "Nadeau", "Holm", "Fawcett", "Kocak", "Collins"):
        assert author in names, author
    for author in ("Johnson", "DeLong", "Efron", "Vickers", "Phipson", "Youden", "Hanley", "Mann"):
        assert author not in names, author
    alone = methods(context(tables={"comparison": pd.DataFrame()}, figures={}))
    assert "Holm" not in " ".join(alone.references)
    assert "compared" not in " ".join(alone.paragraphs)


def test_references_are_numbered_in_the_order_of_citation() -> None:
    for of in (context(), everything()):
        for code in ("en", "nl"):
            cited = [
                int(number)
                for group in re.findall(r"\[([\d, ]+)\]", text(of, code))
                for number in group.split(", ")
            ]
            first = list(dict.fromkeys(cited))
            assert first == list(range(1, len(methods(of).references) + 1))
    assert "Nadeau" in methods(context()).references[3]


def test_a_study_that_uses_everything_cites_every_reference() -> None:
    assert set(methods(everything()).references) == set(all_references().values())
    said = text(everything())
    for part in (
        "Clinical predictors were the columns age, grade, sex, site and size.",
        "We coded grade (low, high) by rank, the lowest first.",
        "We let in size, although such columns look as if they were known only after",
        "harmonised over vendor with ComBat [4, 5], keeping differences by sex.",
        "so that this step has seen the test patients",
        "Arms limited to groups of features",
        "Volume arms have the tumour volume",
        "a sensitivity of at least 0.85",
        "for the inner validation parts of the training part",
        "3000 bootstrap samples",
        "with permuted outcomes",
        "99 times",
        "In subgroups (sex)",
    ):
        assert part in said, part


def test_no_toolbox_is_named_that_was_not_used() -> None:
    volume = {**SETTINGS, "arms": {"volume": arm(("MRI",), features="volume")}}
    said = text(context(settings=volume))
    assert "The tumour volume was taken from the segmentation on MRI and CT." in said
    clinical = text(context(modalities={}, settings={**SETTINGS, "arms": {"c": arm((), ("age",))}}))
    for without in (said, clinical):
        assert "PREDICT" not in without
        assert "PyRadiomics" not in without
    predict = text(context(settings={**SETTINGS, "toolboxes": ["predict"]}))
    assert "PREDICT 3.2.0 [2]." in predict
    assert "PyRadiomics" not in predict


def test_leaving_out_centres_is_told() -> None:
    settings = {**SETTINGS, "split_type": "leave-one-centre-out", "centre": "hospital", "splits": 4}
    said = text(context(settings=settings))
    assert "leaving out one centre at a time (column hospital): in each of 4 splits" in said
    assert "Each patient was tested once" in said
    assert "random splits" not in said
    assert "seed" not in said


def test_little_known_is_left_out() -> None:
    bare = context(settings={}, modalities={}, versions={}, arms={}, figures={})
    assert "PREDICT" not in text(bare)
    assert "None" not in text(bare)


def test_dutch_methods_keep_names_and_use_decimal_commas() -> None:
    said = text(everything(), "nl")
    for part in (
        "We onderzochten of lung_met te voorspellen is",
        "PREDICT 3.2.0",
        "een sensitiviteit van ten minste 0,85",
        "grade (low, high)",
        "MRI only (features of MRI)",
        "20 willekeurige splitsingen met 20% van de patiënten",
    ):
        assert part in said, part
    for english in (" the ", " were ", " was made", " with "):
        assert english not in said, english


def test_citations_of_unknown_papers_fail() -> None:
    cite = Citations()
    assert cite("holm", "cox") == "[1, 2]"
    assert cite("cox") == "[2]"
    cite("nobody")
    with pytest.raises(KeyError):
        cite.listed()


def test_arm_descriptions_begin_small_unless_they_are_names() -> None:
    said = text(replace(context(), arms={"a": "T1 features", "b": "Clinical data"}))
    assert "A (T1 features) and B (clinical data)" in said
