"""A stage is one object in one list: whoever needs to know of stages asks the list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import language
from lungmet_worc.pipeline.estimate import expected_seconds, plan_summary
from lungmet_worc.pipeline.pace import stage_paces
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import STAGES, stages_of
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task, TaskKey, content_hash
from tests.analyses.run.test_digest import make_state
from tests.synthetic import make_study, write_cohort


def _tasks(plan: Plan, made: Made) -> list[Task]:
    return [
        Task(
            key=TaskKey("scaling", arm=name),
            label=name,
            function="made_up:scale",
            arguments={},
            output=plan.paths.matrix(name).with_name("scaled.hdf5"),
            stamp=content_hash("scaling", [task.stamp for task in made["extraction"]]),
        )
        for name in plan.study.arms
    ]


SCALING = Stage("scaling", "Scaling features", _tasks, seconds=lambda study: 60.0)


@pytest.fixture
def scaling() -> Iterator[None]:
    """Add a made-up stage before the search, with one task for each arm."""
    before = dict(STAGES)
    STAGES.clear()
    for name, stage in before.items():
        if name == "search":
            STAGES["scaling"] = SCALING
        STAGES[name] = stage
    yield
    STAGES.clear()
    STAGES.update(before)


@pytest.mark.usefixtures("scaling")
def test_a_new_stage_is_planned_and_foretold(tmp_path: Path) -> None:
    study = make_study(write_cohort(tmp_path, 16, ["MRI"]), ["MRI"], search="splits = 2")
    assert expected_seconds(study)["scaling"] == 60.0
    summary = plan_summary(study, RunPaths(tmp_path / "run"), cores=1)
    planned = [stage.stage for stage in summary.stages]
    assert planned[planned.index("search") - 1] == "scaling"
    assert {s.stage: (s.missing, s.seconds) for s in summary.stages}["scaling"] == (1, 60.0)
    assert SCALING in stages_of("search")


@pytest.mark.usefixtures("scaling")
def test_a_new_stage_is_shown_and_its_failures_are_said() -> None:
    entry = {"state": "failed", "stamp": "x", "error": "odd"}
    state = make_state(tasks={"scaling/MRI and CT": entry}, finished=None)
    assert stage_paces(state)[0].stage == "scaling"
    (cause,) = make_digest(state, STAGES).failed
    assert cause.what == "The scaling of MRI and CT failed: odd."


def test_stages_are_named_in_both_languages() -> None:
    say = language("nl")
    for name, stage in STAGES.items():
        assert isinstance(stage.name, Sentence)
        assert stage.name == name
        assert say.of(stage.activity) != stage.activity
