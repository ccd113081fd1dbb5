"""WORC's decision about the balance of the classes of an arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import named
from lungmet_worc.study import worc_settings
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.study.config import ArmConfig


def _tasks(plan: Plan, _: Made) -> list[Task]:
    """Return a task for each arm."""
    return [_task(plan, name, arm) for name, arm in plan.study.arms.items()]


def _task(plan: Plan, name: str, arm: ArmConfig) -> Task:
    from lungmet_worc.pipeline import arm_matrix

    compat = plan.study.search.worc_compat
    settings, overrides = _settings(plan, arm), arm_matrix.arm_overrides(plan.study, arm)
    outcomes = {p: plan.outcomes[p] for p in plan.cohort.arms[name]}
    # By the ids that WORC sees.
    by_name = {plan.names[p]: outcome for p, outcome in outcomes.items()}
    made_from = {
        "settings": settings,
        "overrides": overrides,
        "patients": sorted(outcomes),
        "outcomes": outcomes,
        "worc_compat": compat,
    }
    return Task(
        key=TaskKey("settings", arm=name),
        label=name,
        function="lungmet_worc.worc.fingerprint:fingerprint_arm",
        arguments={
            "settings": settings,
            "overrides": overrides,
            "outcomes": by_name,
            "mended": compat is None,
            "scratch": str(plan.paths.scratch),
        },
        output=plan.paths.settings(name, plan.first_modality(name)),
        stamp=content_hash(
            "settings", settings, overrides, sorted(by_name.items()), compat is None
        ),
        ingredients=made_from,
    )


def _settings(plan: Plan, arm: ArmConfig) -> worc_settings.Settings:
    """Return the settings of an arm's search: those of its first modality, as in WORC."""
    if not arm.modalities:
        return plan.study.worc_settings()
    decided = plan.decided(plan.paths.fingerprint(arm.modalities[0]))
    return decided or plan.study.modality_settings(arm.modalities[0])


def _failed(keys: Sequence[TaskKey], why: str) -> Sentence:
    what = named([key.arm for key in keys])
    return Sentence("The settings of {what} failed: {why}.", what=what, why=why)


SETTINGS = Stage(
    Sentence("settings"),
    Sentence("Preparing the arms"),
    _tasks,
    seconds=lambda study: 0.1,
    failed=_failed,
)
