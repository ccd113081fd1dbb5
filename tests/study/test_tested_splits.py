"""Splits in which an arm has nobody to test, or cannot be trained on, never end a run."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from lungmet_worc import Run, Study, compare_runs
from lungmet_worc.basics.errors import CohortError, TaskFailedError
from lungmet_worc.checks.study import check_study
from lungmet_worc.display.language import language
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.progress import Quiet
from tests.stand_in import WITHOUT_FINGERPRINT, use_stand_in
from tests.synthetic import write_rows


def write_clinical_study(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    arms: Mapping[str, Sequence[str]],
    *,
    search: str = "splits = 20",
    cohort: str = 'patients = "available"',
    more: str = "",
    impute: Sequence[str] = (),
) -> Path:
    """Write a study of clinical arms: arm -> its columns."""
    write_rows(folder / "manifest.csv", rows)
    said = "".join(
        f"[arms.{arm}]\nclinical = {list(columns)}\n"
        + ('missing = "impute"\n' if arm in impute else "")
        for arm, columns in arms.items()
    )
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname = "small"\noutcome = "lung_met"\n'
        f'[cohort]\nmanifest = "manifest.csv"\n{cohort}\n{said}'
        f'[search]\npreset = "smoke"\ncandidates = 4\nensemble = {{method = "top_N", size = 1}}\n'
        f"{search}\n{WITHOUT_FINGERPRINT}{more}\n",
        "utf-8",
    )
    return path


def fourteen_patients() -> list[dict[str, Any]]:
    """Return patients of whom four have no size, and one no age."""
    return [
        {
            "patient_id": f"P{number + 1}",
            "lung_met": number % 2,
            "age": "" if number == 9 else 40 + (7 * number) % 31,
            "size": "" if number in (1, 4, 6, 11) else 20 + (11 * number) % 37,
        }
        for number in range(14)
    ]


ARMS = {"age": ["age"], "size": ["size"], "both": ["age", "size"]}


@pytest.fixture(scope="module")
def unlucky_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a finished run in which arms are not tested in some of 20 splits."""
    folder = tmp_path_factory.mktemp("unlucky")
    more = "[statistics]\nbootstrap = 200"
    study = write_clinical_study(folder, fourteen_patients(), ARMS, more=more)
    with pytest.MonkeyPatch.context() as patched:
        use_stand_in(patched, figures=True)
        return Study.from_toml(study).run(folder / "run", progress=Quiet())


def study_of(run: Run) -> Path:
    return run.paths.folder.parent / "study.toml"


def test_check_says_how_many_splits_are_not_tested(unlucky_run: Run) -> None:
    report = check_study(load_study(study_of(unlucky_run)))
    assert report.ok
    said = [(p.severity, p.column, str(p.what)) for p in report.problems if "tested" in p.what]
    assert said == [
        (
            "warning",
            "arms.size",
            "Arm size is not tested in 1 of 20 splits: none of its patients is in the test part.",
        ),
        (
            "warning",
            "arms.both",
            "Arm both is not tested in 1 of 20 splits: none of its patients is in the test part.",
        ),
        (
            "warning",
            "arms.both",
            "Arm both is not tested in 3 of 20 splits: they leave too few with, or without, "
            "lung_met to train on.",
        ),
    ]


def test_it_is_left_out_of_the_means_and_named_in_the_tables(unlucky_run: Run) -> None:
    untested = unlucky_run.untested
    assert untested[["arm", "split", "n_test", "reason"]].to_numpy().tolist() == [
        ["size", 3, 0, "nobody"],
        ["both", 3, 0, "nobody"],
        ["both", 9, 3, "too few"],
        ["both", 12, 2, "too few"],
        ["both", 13, 3, "too few"],
    ]
    splits = unlucky_run.splits
    numbers = splits.groupby("arm")["split"].agg(set).to_dict()
    assert numbers["age"] == set(range(20))
    assert numbers["size"] == set(range(20)) - {3}
    assert numbers["both"] == set(range(20)) - {3, 9, 12, 13}
    brier = unlucky_run.performance.query("metric == 'brier'").set_index("arm")
    assert brier["n_splits"].to_dict() == {"age": 20, "size": 19, "both": 16}
    for arm, mean in splits.groupby("arm")["brier"].mean().items():
        assert brier.loc[arm, "mean"] == pytest.approx(mean, abs=1e-6)  # as rounded
    text = unlucky_run.table_text("performance")
    assert "16 splits, and 4 in which the arm was not tested" in text
    assert "too few with, or without, the outcome to train on" in unlucky_run.table_text("untested")


def test_pairs_are_compared_on_splits_that_both_tested(unlucky_run: Run) -> None:
    both = unlucky_run.splits.pivot(index="split", columns="arm", values="brier").dropna()
    rows = unlucky_run.comparison.query("metric == 'brier'").set_index(["arm_a", "arm_b"])
    # Arms share test patients only in part, but "both" tests a part of what "size" does.
    assert len(both) == 16
    assert rows.loc[("size", "both"), "n_patients"] == 9
    assert rows["difference"].notna().all()


def test_digest_and_report_name_it(unlucky_run: Run) -> None:
    digest = unlucky_run.digest()
    assert digest.ending == "complete"
    assert [(arm.n_done, arm.n_splits) for arm in digest.arms] == [(20, 20), (19, 19), (16, 16)]
    lines = dict(digest.sections())["Not tested"]
    assert lines == [
        "size, split 4: none of its patients is in the test part.",
        "both, split 4: none of its patients is in the test part.",
        "both, splits 10, 13, 14: too few with, or without, the outcome to train on.",
    ]
    assert language("nl").of(lines[0]) == (
        "size, splitsing 4: geen van de patiënten van de arm zit in het testdeel."
    )
    page = unlucky_run.report().read_text("utf-8")
    assert page.count("Size was not tested in 1 split: none of its patients") == 2
    assert "Both was not tested in 3 splits: too few with, or without" in page


def test_a_finished_run_of_such_arms_compares_with_another(
    unlucky_run: Run, tmp_path: Path
) -> None:
    shutil.copytree(unlucky_run.paths.folder, tmp_path / "other")
    joined = compare_runs([unlucky_run.paths.folder, tmp_path / "other"])
    assert len(joined.results.arms) == 6


def test_more_splits_are_added_to_an_unlucky_run(
    unlucky_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(unlucky_run.paths.folder.parent, tmp_path / "study")
    study = tmp_path / "study" / "study.toml"
    study.write_text(study.read_text().replace("splits = 20", "splits = 22"))
    engine = use_stand_in(monkeypatch)
    Study.from_toml(study).run(tmp_path / "study" / "run", only="search", progress=Quiet())
    searched = [key for key in engine.ran if key.startswith("search/")]
    assert {int(key.rpartition("/")[2]) for key in searched} <= {20, 21}


def test_fewer_than_two_tested_splits_is_an_error_of_check(tmp_path: Path) -> None:
    search = "splits = 2\nseed = 9"
    study = write_clinical_study(tmp_path, fourteen_patients(), ARMS, search=search)
    found = [p for p in check_study(load_study(study)).problems if "not tested" in p.what]
    assert [(problem.severity, problem.column) for problem in found] == [
        ("error", "arms.size"),
        ("error", "arms.both"),
    ]
    for problem in found:
        assert problem.what.endswith(
            "is in the test part. It takes 2 tested splits to report an arm, and 1 would be."
        )
    with pytest.raises(CohortError):
        Study.from_toml(study).run(tmp_path / "run", progress=Quiet())


def test_a_column_of_small_numbers_is_refused(tmp_path: Path) -> None:
    """WORC drops every column whose variance is not above 0.0099."""
    rows = [{**row, "adc": 0.0008 + number / 1e5} for number, row in enumerate(fourteen_patients())]
    study = write_clinical_study(tmp_path, rows, {"adc": ["adc"], "two": ["adc", "age"]})
    errors = check_study(load_study(study)).errors
    assert [problem.column for problem in errors] == ["arms.adc"]
    assert "not tested in 20 of 20 splits" in errors[0].what
    assert "smaller unit" in errors[0].remedy


def test_a_search_without_a_workflow_is_left_out_and_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only P5 has the mark: where an inner part has no patient with it, nothing differs."""
    rows = [{**row, "mark": int(row["patient_id"] == "P5")} for row in fourteen_patients()]
    arms, search = {"age": ["age"], "mark": ["mark"]}, "splits = 8\ninner_splits = 2"
    more = "[statistics]\nbootstrap = 200"
    study = write_clinical_study(tmp_path, rows, arms, search=search, more=more)
    use_stand_in(monkeypatch)
    run = Study.from_toml(study).run(tmp_path / "run", progress=Quiet())
    reasons = run.untested.groupby("reason")["split"].agg(set).to_dict()
    assert set(reasons) == {"alike", "no workflow"}
    tested = set(run.splits.query("arm == 'mark'")["split"])
    assert tested == set(range(8)) - reasons["alike"] - reasons["no workflow"]
    assert run.digest().ending == "complete"


def test_an_arm_without_any_workflow_is_not_reported_and_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, "mark": int(row["patient_id"] == "P14")} for row in fourteen_patients()]
    search, more = "splits = 3\ninner_splits = 30", "[statistics]\nbootstrap = 200"
    arms = {"age": ["age"], "mark": ["mark"]}
    study = write_clinical_study(tmp_path, rows, arms, search=search, more=more)
    use_stand_in(monkeypatch)
    # The other arm is reported.
    run = Study.from_toml(study).run(tmp_path / "both", progress=Quiet())
    assert set(run.performance["arm"]) == {"age"}
    assert set(run.untested["arm"]) == {"mark"}
    assert "Mark was not tested in 3 splits: no candidate" in run.report().read_text("utf-8")
    study = write_clinical_study(tmp_path, rows, {"mark": ["mark"]}, search=search)
    Study.from_toml(study).run(tmp_path / "run", only="search", progress=Quiet())
    with pytest.raises(TaskFailedError, match="nothing to report"):
        Study.from_toml(study).run(tmp_path / "run", progress=Quiet())


@pytest.mark.worc
@pytest.mark.slow
def test_worc_itself_searches_and_evaluates_such_a_study(tmp_path: Path) -> None:
    study = write_clinical_study(
        tmp_path,
        fourteen_patients(),
        ARMS,
        search="splits = 4\ninner_splits = 2",
        more="[statistics]\npermutations = 1\nbootstrap = 200",
    )
    run = Study.from_toml(study).run(tmp_path / "run", cores=2, progress=Quiet())
    assert run.digest().ending == "complete"
    assert run.untested[["arm", "split"]].to_numpy().tolist() == [["size", 3], ["both", 3]]
    for arm, number in (("age", 4), ("size", 3), ("both", 3)):
        text = (run.paths.arm(arm) / "performance_all_0.json").read_text("utf-8")
        assert len(json.loads(text)["Statistics"]) > 5
        assert len(run.splits.query("arm == @arm")) == number
    assert (run.permutations["n_permutations"] == 1).all()


@st.composite
def small_studies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw rows and a study that are at the edge of what can be split."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_patients = draw(st.integers(9, 26))
    gaps = {name: draw(st.sampled_from([0.0, 0.1, 0.3, 0.5])) for name in ("age", "mark", "kind")}
    events = draw(st.sampled_from([0.3, 0.5, 0.6]))
    rare = draw(st.sampled_from([0.1, 0.4]))

    def cell(column: str, value: object) -> object:
        return "" if random.random() < gaps[column] else value

    rows = [
        {
            "patient_id": f"{random.choice(['P', 'p', 'Q-'])}{number}",
            "lung_met": "" if random.random() < 0.05 else int(random.random() < events),
            "age": cell("age", int(random.integers(30, 80))),
            "mark": cell("mark", "yes" if random.random() < rare else "no"),
            "kind": cell("kind", str(random.choice(["lipo", "myxo", "other"]))),
            "site": str(random.choice(["A", "B", "C", "D"], p=[0.4, 0.3, 0.2, 0.1])),
        }
        for number in range(n_patients)
    ]
    columns = st.lists(st.sampled_from(list(gaps)), min_size=1, max_size=3, unique=True)
    arms = draw(st.lists(columns, min_size=1, max_size=3))
    by_centre = draw(st.booleans())
    drawn = f"splits = {draw(st.integers(1, 5))}\ntest_size = {draw(st.sampled_from([0.2, 0.3]))}"
    patients = draw(st.sampled_from(["available", "available", "common"]))
    return {
        "rows": rows,
        "arms": {f"arm{number}": one for number, one in enumerate(arms)},
        "impute": [f"arm{n}" for n in range(len(arms)) if draw(st.booleans())],
        "cohort": f'patients = "{patients}"' + ('\ncentre = "site"' if by_centre else ""),
        "search": f"inner_splits = {draw(st.integers(1, 3))}\n"
        + ('split_type = "leave-one-centre-out"' if by_centre else drawn),
        "more": "[worc.HyperOptimization]\n"
        f"test_size = {draw(st.sampled_from([0.2, 0.34, 0.5]))}\n"
        f"[statistics]\npermutations = {draw(st.integers(0, 1))}",
    }


@settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(small_studies())
def test_whatever_check_passes_is_searched_to_its_end(drawn: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        folder = Path(name)
        path = write_clinical_study(folder, drawn.pop("rows"), drawn.pop("arms"), **drawn)
        report = check_study(load_study(path))
        assume(report.ok)
        engine = use_stand_in(patched)
        run = Study.from_toml(path).run(folder / "run", only="search", progress=Quiet())
        digest = run.digest()
        event(f"untested {sum(len(arm.untested) for arm in digest.arms) > 0}")
        assert engine.ran
        assert all(arm.n_done == arm.n_splits for arm in digest.arms)
