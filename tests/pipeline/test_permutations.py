"""Searches with permuted outcomes: what is permuted, what is kept, what is left out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lungmet_worc import Run, Study
from lungmet_worc.checks.study import check_study
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import tasks_of
from lungmet_worc.study.cohort import build_cohort
from lungmet_worc.study.manifest import read_manifest
from lungmet_worc.tasks.run_folder.paths import RunPaths
from tests.pipeline.test_pipeline import Recorder, table_bytes

pytestmark = [pytest.mark.worc, pytest.mark.slow]

N_PERMUTATIONS = 2


@pytest.fixture(scope="module")
def permuted_study(
    small_study: Path, small_run: Run, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Return the small study with permutations, and a copy of its finished run."""
    folder = tmp_path_factory.mktemp("permuted")
    shutil.copytree(small_study.parent, folder / "study")
    shutil.copytree(small_run.paths.folder, folder / "run")
    study = folder / "study" / small_study.name
    text = study.read_text("utf-8") + f"\n[statistics]\npermutations = {N_PERMUTATIONS}\n"
    study.write_text(text, "utf-8")
    return study, folder / "run"


def plan_of(study: Path, run: Path) -> Plan:
    config = Study.from_toml(study).config
    report = check_study(config)
    return Plan(config, build_cohort(config, read_manifest(config)), report.digests, RunPaths(run))


def test_outcomes_are_permuted_before_splits_are_drawn(permuted_study: tuple[Path, Path]) -> None:
    study, run = permuted_study
    plan = plan_of(study, run)
    tasks = tasks_of(plan)["permutation"]
    n_splits, arms = len(plan.splits), list(plan.study.arms)
    assert len(tasks) == N_PERMUTATIONS * n_splits * len(arms)
    permuted = [tasks[0].arguments["outcomes"], tasks[-1].arguments["outcomes"]]
    for outcomes in permuted:
        assert list(outcomes) == list(plan.outcomes)
        assert sum(outcomes.values()) == sum(plan.outcomes.values())
        assert outcomes != plan.outcomes
    assert permuted[0] != permuted[1]
    for task in tasks:
        outcomes = task.arguments["outcomes"]
        train, test = task.arguments["train"], task.arguments["test"]
        assert sorted([*train, *test]) == sorted(outcomes)
        # Stratified by the outcomes that the search is given.
        events = [sum(outcomes[p] for p in part) / len(part) for part in (train, test)]
        assert events[0] == pytest.approx(events[1], abs=0.2)
    # The same permutation and the same splits in every arm.
    first = [task for task in tasks if (task.key.permutation, task.key.split) == (0, 0)]
    assert len(first) == len(arms)
    assert len({json.dumps([t.arguments["outcomes"], t.arguments["test"]]) for t in first}) == 1


def test_permutations_are_added_to_a_finished_run(
    permuted_study: tuple[Path, Path], small_run: Run
) -> None:
    study, run = permuted_study
    recorder = Recorder()
    finished = Study.from_toml(study).run(run, cores=2, progress=recorder)
    assert recorder.ran["search"] == recorder.ran["evaluation"] == 0
    assert recorder.ran["permutation"] == N_PERMUTATIONS * 3 * 3
    # What was found with the real outcomes is as it was.
    assert finished.performance.equals(small_run.performance)
    written = sorted(run.glob("arms/*/permutations/*/*.json"))
    assert len(written) == N_PERMUTATIONS * 3 * 3
    assert all(0 <= json.loads(path.read_text("utf-8"))["auc"] <= 1 for path in written)

    # The planted signal is not there with permuted outcomes.
    auc = small_run.performance.set_index(["metric", "arm"])["mean"].loc["auc"]
    for arm in auc.index:
        permuted = [
            json.loads(path.read_text("utf-8"))["auc"] for path in written if path.parts[-4] == arm
        ]
        assert sum(permuted) / len(permuted) < auc[arm] - 0.1

    before = table_bytes(run)
    recorder = Recorder()
    Study.from_toml(study).run(run, cores=2, progress=recorder)
    assert recorder.ran["permutation"] == recorder.ran["report"] == 0
    assert table_bytes(run) == before

    # One that is not complete in every arm counts in none.
    written[0].unlink()
    recorder = Recorder()
    Study.from_toml(study).run(run, only="report", progress=recorder)
    assert recorder.notes[0] == (
        f"1 of {N_PERMUTATIONS} permutations is not complete and left out."
    )
