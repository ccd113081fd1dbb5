"""Leaving one centre out: the splits, what is refused, and a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from lungmet_worc import Run, Study
from lungmet_worc.basics.errors import CohortError, Problem, StudyFileError
from lungmet_worc.checks.study import check_study
from lungmet_worc.display.language import language
from lungmet_worc.pipeline.estimate import plan_summary
from lungmet_worc.pipeline.export import export_worc
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.splits import leave_one_centre_out_splits
from lungmet_worc.study.worc_settings import from_ini
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.worc.storage import read_result
from tests.synthetic import (
    make_study,
    read_rows,
    read_splits,
    write_cohort,
    write_rows,
    write_study,
)

CENTRE = 'centre = "hospital"'
LEAVE = 'split_type = "leave-one-centre-out"\n'
SEARCH = (
    LEAVE
    + """
candidates = 6
inner_splits = 2
ensemble = {method = "top_N", size = 2}
classifiers = ["GaussianNB", "LR"]
"""
)
#: 16 patients; events are P1, P3, ...
THREE = {number: ("site 10", "site 2", "Ä/1")[(number - 1) // 2 % 3] for number in range(1, 17)}


def write_centres(folder: Path, centres: Mapping[int, str]) -> Path:
    """Write a cohort of one modality whose patients are of these centres."""
    manifest = write_cohort(folder, len(centres), ["MRI"])
    rows = read_rows(manifest)
    return write_rows(
        manifest, [{**row, "hospital": centres[int(row["patient_id"][1:])]} for row in rows]
    )


def problems(folder: Path, centres: Mapping[int, str], **parts: str) -> tuple[Problem, ...]:
    manifest = write_centres(folder, centres)
    cohort = f"{CENTRE}\n{parts.pop('cohort', '')}"
    return check_study(make_study(manifest, ["MRI"], search=LEAVE, cohort=cohort, **parts)).problems


class TestSplits:
    def test_each_centre_once_in_natural_order(self) -> None:
        ids = ["a", "b", "c", "d", "e"]
        splits = leave_one_centre_out_splits(ids, ["site 10", "site 2", "site 10", "B", "site 2"])
        assert [split.index for split in splits] == [0, 1, 2]
        assert [split.test for split in splits] == [("d",), ("b", "e"), ("a", "c")]
        assert [split.train for split in splits] == [
            ("a", "b", "c", "e"), ("a", "c", "d"), ("b", "d", "e"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("ids", "centres", "said"),
        [
            (["a", "b"], ["x", "x"], "at least two centres"),
            (["a", "b"], ["x", ""], "No centre is known for patient b"),
            (["a", "a"], ["x", "y"], "twice"),
        ],
    )
    def test_what_cannot_be_split(self, ids: list[str], centres: list[str], said: str) -> None:
        with pytest.raises(CohortError, match=said):
            leave_one_centre_out_splits(ids, centres)


class TestCheck:
    def test_sound_centres_only_warn_of_their_number(self, tmp_path: Path) -> None:
        found = problems(tmp_path, THREE)
        assert {problem.severity for problem in found} == {"warning"}
        assert any("There are 3 centres" in problem.what for problem in found)

    def test_a_patient_without_a_centre(self, tmp_path: Path) -> None:
        (found,) = problems(tmp_path, {**THREE, 4: " unknown "})
        assert (found.severity, found.patient, found.row) == ("error", "P4", 5)
        assert found.column == "hospital"
        assert "exclude" in found.remedy

    def test_an_excluded_patient_needs_none(self, tmp_path: Path) -> None:
        found = problems(tmp_path, {**THREE, 4: ""}, cohort='exclude = ["P4"]')
        assert all(problem.severity == "warning" for problem in found)

    def test_one_centre(self, tmp_path: Path) -> None:
        (found,) = problems(tmp_path, dict.fromkeys(range(1, 13), "A"))
        assert 'All patients are of the centre "A"' in found.what

    def test_centres_that_differ_by_case(self, tmp_path: Path) -> None:
        (found,) = problems(tmp_path, {**THREE, 3: "SITE 2"})
        assert (found.row, found.column, found.patient) == (4, "hospital", "P3")
        assert found.what.startswith('"SITE 2" is written otherwise than "site 2"')

    def test_centres_of_one_outcome(self, tmp_path: Path) -> None:
        some = problems(tmp_path / "some", {**THREE, 1: "alone", 3: "alone"})
        (of_one,) = [problem for problem in some if "give no AUC" in problem.what]
        assert of_one.severity == "warning"
        assert '"alone"' in of_one.what
        pairs = {1: "a", 3: "a", 2: "b", 4: "b", 5: "c", 7: "c"}
        most = problems(tmp_path / "most", {**dict.fromkeys(range(1, 17), "rest"), **pairs})
        (of_most,) = [problem for problem in most if "give no AUC" in problem.what]
        assert of_most.severity == "error"
        assert "3 of 4 centres" in of_most.what
        dutch = [language("nl").of(problem.what) for problem in (of_one, of_most)]
        assert 'alle patiënten uit centrum "alone" hebben' in dutch[0]
        assert 'alle patiënten uit de centra "a", "b", "c" hebben' in dutch[1]

    def test_too_few_left_to_train_on(self, tmp_path: Path) -> None:
        large = {number: "large" if number < 14 else "small" for number in range(1, 17)}
        found = problems(tmp_path, large)
        (untrained,) = [problem for problem in found if "to train on" in problem.what]
        assert untrained.severity == "error"
        assert 'without centre "large"' in untrained.what

    def test_an_arm_without_a_patient_of_a_centre(self, tmp_path: Path) -> None:
        manifest = write_centres(tmp_path, THREE)
        rows = read_rows(manifest)
        of_arm = [{**r, "grade": "" if r["hospital"] == "Ä/1" else r["grade"]} for r in rows]
        write_rows(manifest, of_arm)
        arms = '[arms.MRI]\nmodalities = ["MRI"]\n[arms.grade]\nclinical = ["grade"]'
        cohort = f'{CENTRE}\npatients = "available"'
        study = make_study(manifest, ["MRI"], search=LEAVE, cohort=cohort, arms=arms)
        report = check_study(study)
        assert report.ok
        (said,) = [problem for problem in report.problems if "not tested" in problem.what]
        assert 'Arm grade has no patient of centre "Ä/1": it is not tested there.' in said.what

    def test_an_arm_of_one_centre(self, tmp_path: Path) -> None:
        manifest = write_centres(tmp_path, THREE)
        kept = [
            {**r, "grade": r["grade"] * (r["hospital"] == "site 2")} for r in read_rows(manifest)
        ]
        write_rows(manifest, kept)
        arms = '[arms.MRI]\nmodalities = ["MRI"]\n[arms.grade]\nclinical = ["grade"]'
        cohort = f'{CENTRE}\npatients = "available"'
        study = make_study(manifest, ["MRI"], search=LEAVE, cohort=cohort, arms=arms)
        errors = check_study(study).errors
        assert [problem.column for problem in errors] == ["arms.grade"] * len(errors)
        assert any("It takes 2 tested splits to report an arm, and 0" in e.what for e in errors)

    def test_a_column_that_is_not_there(self, tmp_path: Path) -> None:
        manifest = write_centres(tmp_path, THREE)
        study = make_study(manifest, ["MRI"], search=LEAVE, cohort='centre = "hospitl"')
        found = [problem for problem in check_study(study).errors if problem.row == 1]
        assert [problem.column for problem in found] == ["hospitl"]
        assert 'Did you mean "hospital"?' in found[0].remedy


@pytest.mark.parametrize(
    ("cohort", "search", "arms", "said"),
    [
        (CENTRE, LEAVE + "splits = 20", "", "Take splits out"),
        (CENTRE, LEAVE + "test_size = 0.3", "", "Take test_size out"),
        ("", LEAVE, "", "Name it: [cohort] centre"),
        ('centre = "lung_met"', LEAVE, "", "is no centre"),
        (CENTRE, LEAVE, '[arms.a]\nclinical = ["hospital"]', "a predictor too"),
    ],
)
def test_what_a_study_file_may_not_say(
    tmp_path: Path, cohort: str, search: str, arms: str, said: str
) -> None:
    manifest = tmp_path / "manifest.csv"
    with pytest.raises(StudyFileError) as caught:
        make_study(manifest, ["MRI"], cohort=cohort, search=search, arms=arms)
    assert said in str(caught.value)


def test_a_centre_that_is_said_to_be_a_predictor(tmp_path: Path) -> None:
    arms = '[arms.a]\nclinical = ["hospital"]\n[clinical.hospital]\nkind = "unordered"'
    study = make_study(
        tmp_path / "m.csv", ["MRI"], cohort=CENTRE, arms=arms,
        more='[statistics]\nsubgroups = ["hospital"]\n[report]\nacquisition = ["hospital"]',
    )  # fmt: skip
    assert study.arms["a"].clinical == ("hospital",)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    folder = tmp_path_factory.mktemp("centres")
    manifest = write_centres(folder, {**THREE, 1: "one kind", 3: "one kind"})
    arms = '[arms.MRI]\nmodalities = ["MRI"]\n[arms.age]\nclinical = ["age"]'
    write_study(manifest, ["MRI"], search=SEARCH, cohort=CENTRE, arms=arms)
    return Study.from_toml(folder / "study.toml").config


def test_the_plan_has_a_search_for_each_centre(study: StudyConfig, tmp_path: Path) -> None:
    summary = plan_summary(study, RunPaths(tmp_path / "run"), cores=1)
    assert {stage.stage: stage.missing for stage in summary.stages}["search"] == 2 * 4


@pytest.mark.worc
@pytest.mark.slow
class TestRun:
    @pytest.fixture(scope="class")
    def run(self, study: StudyConfig, tmp_path_factory: pytest.TempPathFactory) -> Run:
        assert study.path is not None
        return Study.from_toml(study.path).run(tmp_path_factory.mktemp("run"), cores=2)

    def test_every_patient_is_tested_once_in_every_arm(self, run: Run) -> None:
        assert set(run.patients["n_tested"]) == {1}
        assert run.patients.groupby("arm").size().to_dict() == {"MRI": 16, "age": 16}
        splits = pd.read_csv(run.paths.tables / "splits.csv")
        # Natural order: "one kind", "site 2", "site 10", "Ä/1".
        assert splits.groupby("arm")["n_test"].agg(list).to_dict() == {
            "MRI": [2, 5, 5, 4], "age": [2, 5, 5, 4],
        }  # fmt: skip
        assert [len(split.test) for split in read_splits(run.paths.splits)] == [2, 5, 5, 4]
        result = read_result(run.paths.split("age", 0))
        assert (len(result["train"]), result["test"]) == (14, ["P1", "P3"])

    def test_a_centre_of_one_outcome_has_no_auc(self, run: Run) -> None:
        splits = pd.read_csv(run.paths.tables / "splits.csv")
        assert splits.loc[splits["split"] == 0, "auc"].isna().all()
        auc = run.performance[run.performance["metric"] == "auc"]
        assert set(auc["n_splits"]) == {3}

    def test_the_number_of_splits_is_that_of_the_centres(self, run: Run) -> None:
        state = json.loads(run.paths.run_json.read_text("utf-8"))
        assert state["study"]["search"]["splits"] == 4
        for arm, modality in (("MRI", "MRI"), ("age", "clinical")):
            settings = from_ini(run.paths.settings(arm, modality).read_text("utf-8"))
            assert settings["CrossValidation"]["N_iterations"] == "4"

    def test_a_second_run_has_nothing_to_do(self, run: Run, study: StudyConfig) -> None:
        summary = plan_summary(study, run.paths, cores=1)
        assert all(stage.missing + stage.stale == 0 for stage in summary.stages)

    def test_the_exported_experiment_has_them_too(self, study: StudyConfig, tmp_path: Path) -> None:
        export_worc(study, "MRI", tmp_path / "out")
        settings = from_ini((tmp_path / "out" / "worc_MRI.ini").read_text("utf-8"))
        assert settings["CrossValidation"]["N_iterations"] == "4"
        assert len(read_splits(tmp_path / "out" / "fixedsplits.csv")) == 4
