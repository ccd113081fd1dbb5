"""The stages of a run. ``STAGES`` is the only list of them, and the only order.

``lungmet status`` asks it too: what takes long to import is imported where tasks are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lungmet_worc.basics import versions
from lungmet_worc.pipeline.stages.evaluation import EVALUATION
from lungmet_worc.pipeline.stages.extraction import EXTRACTION
from lungmet_worc.pipeline.stages.fingerprint import FINGERPRINT
from lungmet_worc.pipeline.stages.harmonisation import HARMONISATION
from lungmet_worc.pipeline.stages.permutation import PERMUTATION
from lungmet_worc.pipeline.stages.search import SEARCH
from lungmet_worc.pipeline.stages.settings import SETTINGS
from lungmet_worc.tasks.stage import Part, Stage
from lungmet_worc.tasks.task import Task

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan

#: By name, in the order in which they run.
STAGES = {
    stage.name: stage
    for stage in (
        FINGERPRINT,
        EXTRACTION,
        SETTINGS,
        HARMONISATION,
        SEARCH,
        PERMUTATION,
        EVALUATION,
    )
}


def installed_versions() -> dict[str, str]:
    """Return all versions that a report names, ours first."""
    packages = [name for stage in STAGES.values() for name in stage.packages]
    return versions.ours_and([*packages, "fastr", "pandas"])


def stages_of(part: Part) -> list[Stage]:
    """Return the stages of a part of a run, in their order."""
    return [stage for stage in STAGES.values() if stage.part == part]


def tasks_of(plan: Plan, stages: Iterable[Stage] = tuple(STAGES.values())) -> dict[str, list[Task]]:
    """Return the tasks of stages, which begin with the first of all."""
    made: dict[str, list[Task]] = {}
    for stage in stages:
        made[stage.name] = stage.tasks(plan, made)
    return made
