"""Facts of a run for the checklists, read from its plan and its results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import ArmExplanation, ArmPredictions, StudyResults
from lungmet_worc.checks.study import check_study
from lungmet_worc.display.language import language
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.run_facts import run_facts
from lungmet_worc.report.checklists import checklists
from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.tasks.run_folder.paths import RunPaths
from tests.analyses.test_results import make_arms
from tests.report.test_checklists import FULL
from tests.synthetic import make_study, write_cohort

ARMS = """
[arms.MRI]
modalities = ["MRI"]
[arms.combined]
modalities = ["MRI", "CT"]
clinical = ["age"]
[arms.volume]
modalities = ["MRI"]
features = "volume"
[arms.clinical]
clinical = ["age", "grade"]
"""


def make_plan(folder: Path, arms: str = ARMS, **parts: str) -> Plan:
    study = make_study(write_cohort(folder, 12, n_events=5), arms=arms, **parts)
    checked = check_study(study)
    return Plan(study, checked.cohort, checked.digests, RunPaths(folder / "run"))


def make_results(plan: Plan, arms: list[ArmPredictions]) -> StudyResults:
    return StudyResults(
        arms=arms,
        modalities=tuple(plan.study.modalities),
        statistics=plan.study.statistics,
        seed=plan.study.search.seed,
    )


def test_facts_of_a_whole_study(tmp_path: Path) -> None:
    search = "splits = 4\ncandidates = 6\ntest_size = 0.25\nseed = 3"
    # A centre may not predict as well.
    arms = ARMS.replace('["age", "grade"]', '["age"]')
    plan = make_plan(tmp_path, arms, cohort='centre = "grade"', search=search)
    facts = run_facts(plan, make_results(plan, make_arms({"MRI": 1.0, "combined": 1.0}, 3)))
    assert set(facts) == set(FULL)
    expected = {
        "outcome": "lung_met",
        "n_patients": 12,
        "n_events": 5,
        "arms": ["MRI", "combined", "volume", "clinical"],
        "modalities": ["MRI", "CT"],
        "clinical": ["age"],
        "n_splits": 3,  # those that were evaluated
        "test_percent": 25,
        "seed": 3,
        "n_candidates": 6,
        "n_centres": 2,
        "n_permutations": 0,
        "has_volume": True,
        "has_baseline": True,
        "has_single_and_combined": True,
        "has_thresholds": False,
        "has_explanation": False,
        "has_combat": False,
    }
    assert {name: facts[name] for name in expected} == expected
    for checklist in checklists(facts, language("en")):
        assert all("{" not in item.answer for item in checklist.items)


def test_facts_follow_the_results(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    arms = make_arms({"MRI": 1.0}, 2)
    known = {"validation_outcome": np.array([0, 1]), "validation_posterior": np.array([0.2, 0.8])}
    arms = [replace(a, splits=tuple(replace(s, **known) for s in a.splits)) for a in arms]
    permuted = pd.DataFrame({"arm": "MRI", "permutation": [0, 0, 1, 1], "split": [0, 1, 0, 1]})
    results = replace(
        make_results(plan, arms),
        permuted=permuted,
        explanations=(ArmExplanation("MRI", ()),),
        matrices={"MRI": pd.DataFrame()},
        statistics=StatisticsConfig(subgroups=("age",)),
    )
    facts = run_facts(plan, results)
    assert facts["n_permutations"] == 2
    assert facts["subgroups"] == ["age"]
    assert facts["has_thresholds"]
    assert facts["has_explanation"]
    assert facts["has_features"]


def test_one_arm_of_one_modality_has_nothing_to_compare_with(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, '[arms.MRI]\nmodalities = ["MRI"]')
    facts = run_facts(plan, make_results(plan, make_arms({"MRI": 1.0}, 2)))
    assert facts["modalities"] == ["MRI"]
    for name in ("has_volume", "has_baseline", "has_single_and_combined", "has_imputation"):
        assert facts[name] is False
    assert facts["n_centres"] == 0
