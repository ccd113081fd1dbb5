"""Engines run tasks; nothing else knows which one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from lungmet_worc.tasks.task import Task, TaskResult

if TYPE_CHECKING:
    from lungmet_worc.study.run_config import RunConfig

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """Something that runs tasks and yields their results as they come."""

    def __enter__(self) -> Self:
        """Make the engine ready; it may start its workers later."""

    def __exit__(self, *_: object) -> None:
        """Stop all workers."""

    @property
    def start_up(self) -> float:
        """Return what a call of ``run`` takes beside the tasks, in seconds."""

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """Run the tasks and yield each result when it is there, in any order."""


def make_engine(
    settings: RunConfig,
    *,
    cores: int,
    folder: Path,
    set_up: str,
    note: Callable[[str], None] = logger.info,
) -> Engine:
    """Return the engine that a study asks for.

    Parameters
    ----------
    settings : RunConfig
        Which engine, and what is set for it.
    cores : int
        Tasks that run at the same time.
    folder : Path
        Folder of the run in which the workers may write.
    set_up : str
        ``module:function`` that each worker calls with a folder of its own before its first task.
    note : callable, optional
        Tells the user something; by default only the log has it.
    """
    if settings.engine == "fastr":
        from lungmet_worc.tasks.engines.fastr.engine import FastrEngine

        return FastrEngine(
            cores=cores,
            folder=folder,
            set_up=set_up,
            plugin=settings.plugin,
            job_memory=settings.memory,
            note=note,
        )
    from lungmet_worc.tasks.engines.local import LocalEngine

    return LocalEngine(cores=cores, folder=folder, set_up=set_up, note=note)
