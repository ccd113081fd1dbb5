"""Several runs joined: the numbers of one table, and runs that cannot be compared."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lungmet_worc
from lungmet_worc import Run, compare_runs
from lungmet_worc.analyses.comparison.statistics import compare_arms
from lungmet_worc.analyses.performance.table import performance_table
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.basics.errors import ResultsError, RunFolderError
from lungmet_worc.cli import main
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import read_state, write_state
from lungmet_worc.worc.storage import write_estimators
from tests.analyses.run.test_digest import make_state
from tests.analyses.test_results import make_arms

STRENGTHS = {"MRI": 0.4, "CT": 0.2, "combined": 0.6}
N_SPLITS = 4


def arms_of(n_splits: int = N_SPLITS, **changes: Any) -> dict[str, ArmPredictions]:
    return {arm.arm: arm for arm in make_arms(STRENGTHS, n_splits, **changes)}


def write_run(folder: Path, arms: Sequence[ArmPredictions], **study: Any) -> Path:
    """Write a complete run folder as far as joining reads it."""
    paths = RunPaths(folder)
    tasks = {}
    for arm in arms:
        for split in arm.splits:
            stamp = f"{arm.arm}-{split.split}"
            result = {
                "train": list(split.train_ids),
                "test": list(split.test_ids),
                "outcome": split.outcome.tolist(),
                "posterior": split.posterior.tolist(),
                "predicted": split.predicted.tolist(),
                "candidates": [],
                "causes": {},
            }
            write_estimators(paths.split(arm.arm, split.split), pd.DataFrame(), result, stamp=stamp)
            tasks[f"search/{arm.arm}/{split.split}"] = {"state": "done", "stamp": stamp}
    state = make_state(tasks=tasks)
    state["order"] = [arm.arm for arm in arms]
    search = {"splits": len(arms[0].splits), "candidates": 5, "seed": 0}
    state["study"] = {
        "name": "test",
        "outcome": "lung_met",
        "arms": {arm.arm: {} for arm in arms},
        "search": search,
        **study,
    }
    write_state(paths, state)
    return folder


def change_state(run: Path, **changes: Any) -> None:
    paths = RunPaths(run)
    state = read_state(paths)
    state.pop("format")
    write_state(paths, {**state, **changes})


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    arms = arms_of()
    return (
        write_run(tmp_path / "images", [arms["MRI"], arms["CT"]]),
        write_run(tmp_path / "both", [arms["combined"]]),
    )


def reasons(*runs: Path) -> str:
    with pytest.raises(ResultsError) as refused:
        compare_runs(runs)
    return str(refused.value)


def test_joined_runs_give_the_tables_of_one_study(two: tuple[Path, Path]) -> None:
    arms = list(arms_of().values())
    joined = compare_runs(two)
    pd.testing.assert_frame_equal(joined.performance, performance_table(arms))
    pd.testing.assert_frame_equal(joined.comparison, compare_arms(arms))
    pairs = joined.comparison[["arm_a", "arm_b"]].drop_duplicates()
    assert pairs.to_numpy().tolist() == [["MRI", "CT"], ["MRI", "combined"], ["CT", "combined"]]
    assert joined.origins == {"MRI": str(two[0]), "CT": str(two[0]), "combined": str(two[1])}


def test_runs_are_compared_in_dutch(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *map(str, two), "--language", "nl"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Runs en hun armen:\n")
    assert "Prestaties van de armen van 2 runs" in text
    assert "Verschillen tussen de armen, op dezelfde patiënten en splitsingen" in text
    # Neither a heading nor a cell is English.
    assert not {"Arm", "Patients", "Measure", "no clear difference"} & set(text.split("  "))


def test_runs_can_be_run_objects_and_the_arms_follow_their_order(two: tuple[Path, Path]) -> None:
    joined = compare_runs([Run(two[1]), Run(two[0])])
    assert [arm.arm for arm in joined.results.arms] == ["combined", "MRI", "CT"]
    assert lungmet_worc.compare_runs is compare_runs


def test_arms_of_one_name_get_the_name_of_their_run(tmp_path: Path) -> None:
    first, second = arms_of(), arms_of(seed=1)
    runs = [
        write_run(tmp_path / "coarse" / "out", [first["MRI"], first["CT"]]),
        write_run(tmp_path / "full" / "out", [second["MRI"]]),
    ]
    names = [arm.arm for arm in compare_runs(runs).results.arms]
    assert names == ["MRI (out in coarse)", "CT", "MRI (out in full)"]
    runs.append(write_run(tmp_path / "smoke", [second["MRI"]]))
    runs[0], runs[1] = tmp_path / "a", tmp_path / "b"
    for run in runs[:2]:
        write_run(run, [first["MRI"]])
    names = [arm.arm for arm in compare_runs(runs).results.arms]
    assert names == ["MRI (a)", "MRI (b)", "MRI (smoke)"]


def test_the_bootstrap_is_that_of_the_first_run(tmp_path: Path) -> None:
    arms = arms_of()
    few = {"bootstrap": 300}
    first = write_run(tmp_path / "a", [arms["MRI"]], statistics=few)
    joined = compare_runs([first, write_run(tmp_path / "b", [arms["CT"]])])
    expected = compare_arms([arms["MRI"], arms["CT"]], bootstrap=300, seed=0)
    pd.testing.assert_frame_equal(joined.comparison, expected)
    assert not expected.equals(compare_arms([arms["MRI"], arms["CT"]], bootstrap=2000, seed=0))


def test_what_is_computed_follows_the_first_run(tmp_path: Path) -> None:
    arms = arms_of()
    first = write_run(tmp_path / "a", [arms["MRI"]], statistics={"sensitivity": 0.8})
    second = write_run(tmp_path / "b", [arms["CT"]])
    assert compare_runs([first, second]).results.statistics.sensitivity == 0.8
    assert compare_runs([second, first]).results.statistics.sensitivity == 0.9


def other_outcome(arm: ArmPredictions) -> ArmPredictions:
    """Return an arm in which one patient has the other outcome, wherever it is tested."""
    patient = arm.splits[0].test_ids[0]
    splits = []
    for split in arm.splits:
        flipped = np.asarray([name == patient for name in split.test_ids])
        splits.append(replace(split, outcome=np.where(flipped, 1 - split.outcome, split.outcome)))
    return replace(arm, splits=tuple(splits))


def with_other_ids(arm: ArmPredictions) -> ArmPredictions:
    """Return an arm with another patient in the place of STS_001."""

    def renamed(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple("STS_999" if name == "STS_001" else name for name in ids)

    return replace(
        arm,
        splits=tuple(
            replace(s, train_ids=renamed(s.train_ids), test_ids=renamed(s.test_ids))
            for s in arm.splits
        ),
    )


def with_swapped_splits(arm: ArmPredictions) -> ArmPredictions:
    first, second, *rest = arm.splits
    return replace(arm, splits=(replace(second, split=0), replace(first, split=1), *rest))


@pytest.mark.parametrize(
    ("change", "study", "said"),
    [
        (
            lambda arm: arm,
            {"outcome": "death"},
            ['The outcome is "death", but "lung_met" in ', "predict the same"],
        ),
        (other_outcome, {}, ["The outcome is not the one in ", "1 patient (STS_"]),
        (
            with_other_ids,
            {},
            ["1 patient (STS_999) only in ", "1 patient (STS_001) only in ", "one manifest"],
        ),
        (
            with_swapped_splits,
            {},
            ["2 splits (0, 1) divide the patients otherwise than in ", "same seed"],
        ),
        (
            lambda arm: replace(arm, splits=arm.splits[:3]),
            {},
            ["The run has 3 splits, ", "has 4.", "splits = 4"],
        ),
    ],
)
def test_runs_that_differ_are_refused_with_the_reason(
    tmp_path: Path,
    change: Callable[[ArmPredictions], ArmPredictions],
    study: dict[str, str],
    said: list[str],
) -> None:
    arms = arms_of()
    first = write_run(tmp_path / "a", [arms["MRI"]])
    second = write_run(tmp_path / "b", [change(arms["CT"])], **study)
    text = reasons(first, second)
    assert len(text.splitlines()) == 2
    for part in said:
        assert part in text


def test_all_reasons_are_told_at_once(tmp_path: Path) -> None:
    arms = arms_of()
    runs = [
        write_run(tmp_path / "a", [arms["MRI"]]),
        write_run(tmp_path / "b", [other_outcome(arms["CT"])], outcome="death"),
        write_run(tmp_path / "c", [arms["combined"]]),
        tmp_path / "nothing",
    ]
    change_state(runs[2], partial={"splits": 2, "of": 4})
    text = reasons(*runs, runs[0])
    said = ["given twice", '"death"', "not the one in", "2 of 4 splits in every arm", "no run in"]
    assert len(text.splitlines()) == 1 + len(said)
    for part in said:
        assert part in text


def test_a_run_that_is_not_complete_is_refused(two: tuple[Path, Path]) -> None:
    change_state(two[1], finished=None)
    assert f"{two[1]}: The run is not complete. The same run command goes on" in reasons(*two)
    change_state(two[1], finished="2026-11-23T12:00:00+00:00")
    compare_runs(two)
    with locked(RunPaths(two[1])):
        assert "still going on" in reasons(*two)
    failed = {"search/combined/0": {"state": "failed", "error": "x", "stamp": "y"}}
    change_state(two[1], tasks=failed)
    assert "Tasks of the run failed" in reasons(*two)
    write_state(RunPaths(two[1]), {})
    assert "not complete" in reasons(*two)
    RunPaths(two[1]).run_json.write_text("{")
    assert "cannot be read" in reasons(*two)


def test_results_that_are_not_those_of_the_run_are_refused(two: tuple[Path, Path]) -> None:
    paths = RunPaths(two[0])
    paths.split("CT", 2).unlink()
    paths.split("MRI", 1).replace(paths.split("MRI", 0))
    text = reasons(*two)
    assert "arm CT are not there, or not those of this run (1 split (2))" in text
    assert "arm MRI are not there, or not those of this run (2 splits (0, 1))" in text


def test_no_run_at_all() -> None:
    with pytest.raises(ResultsError, match="at least one run folder"):
        compare_runs([])


def test_tables_and_figures_are_written(two: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "joined"
    assert main(["compare", *map(str, two), "--out", str(out)]) == 0
    for name in ("performance", "comparison", "patients", "splits"):
        for kind in ("csv", "xlsx", "md", "tex"):
            assert (out / "tables" / f"{name}.{kind}").stat().st_size > 100
    assert {path.suffix for path in (out / "figures").glob("roc.*")} == {".csv", ".png", ".svg"}
    assert not (out / "run.json").exists()


def test_arms_of_one_name_have_figures_of_their_own(tmp_path: Path) -> None:
    arms = arms_of()
    runs = [write_run(tmp_path / name / "out", [arms["MRI"]]) for name in "ab"]
    out = tmp_path / "joined"
    compare_runs(runs).write(out)
    assert len(list((out / "figures").glob("roc_MRI*.svg"))) == 2
    assert all(path.is_file() for path in (out / "figures").iterdir())


def test_nothing_is_written_into_a_run(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(two[0].rglob("*"))
    assert main(["compare", *map(str, two), "--out", str(two[0])]) == 1
    captured = capsys.readouterr()
    assert "is the folder of a run" in captured.err
    assert captured.out == ""
    with pytest.raises(RunFolderError, match="Use another folder"):
        compare_runs(two).write(two[0])
    assert sorted(two[0].rglob("*")) == before


def test_a_folder_that_cannot_be_written_to(two: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(RunFolderError, match="Nothing can be written"):
        compare_runs(two).write(file)


def test_the_command_prints_both_tables(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *map(str, two)]) == 0
    printed = capsys.readouterr().out
    assert f"{two[0]}: MRI, CT\n{two[1]}: combined\n" in printed
    assert ["Measure", "MRI", "CT", "Combined"] in [line.split() for line in printed.splitlines()]
    assert "|" not in printed
    assert "MRI minus Combined" in printed


def test_the_command_lists_all_reasons_and_is_1(
    two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_state(two[1], finished=None)
    out = tmp_path / "joined"
    runs = [*map(str, two), str(tmp_path / "nothing")]
    assert main(["compare", *runs, "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "These runs cannot be compared:" in said
    assert "not complete" in said
    assert "no run in" in said
    assert "Traceback" not in said
    assert not out.exists()


def test_joining_loads_no_worc(two: tuple[Path, Path]) -> None:
    code = (
        "import sys; from lungmet_worc import compare_runs\n"
        "compare_runs(sys.argv[1:]).comparison\n"
        "print('heavy:', {'WORC', 'fastr', 'PREDICT', 'matplotlib'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, *map(str, two)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(lungmet_worc.__file__).parents[1])},
    ).stdout
    assert "heavy: set()" in printed
