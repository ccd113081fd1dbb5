"""Tasks that are started only if they end in time."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.deadline import next_batch, reserve, seconds_left, too_early
from lungmet_worc.tasks.engines import Engine
from lungmet_worc.tasks.stage import Stage
from lungmet_worc.tasks.task import Task, TaskResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TimeLimit:
    """Until when the tasks of a run may take.

    Parameters
    ----------
    deadline : datetime
        When evaluation and report must be done.
    foretold : mapping
        Seconds that a task of each stage is expected to take.
    arms, splits, cores : int
        Of the study, and tasks that run at the same time.
    note : callable
        Tells the user that there is no time for some tasks.
    """

    deadline: datetime
    foretold: Mapping[str, float]
    arms: int
    splits: int
    cores: int
    note: Callable[[str], None]

    def results(self, engine: Engine, stage: Stage, todo: Sequence[Task]) -> Iterator[TaskResult]:
        """Run tasks batch by batch as long as they end in time, and yield their results.

        How long a task takes is what this run measured itself, before that what is foretold.

        Raises
        ------
        DeadlineError
            There is no time for a stage that every result needs.
        """
        if stage.part == "report":  # what the time is kept for
            yield from engine.run(todo)
            return
        measured: list[float] = []
        waiting = list(todo)
        while waiting:
            each = statistics.fmean(measured) if measured else self.foretold[stage.name]
            seconds = self._seconds(stage) - engine.start_up
            number = next_batch(len(waiting), seconds, each, self.cores)
            if not measured:  # a guess is good for the first ones only
                number = min(number, self.cores)
            if not number:
                if not stage.divisible:  # nothing can be evaluated without the others
                    why = Sentence.plural(
                        len(waiting),
                        "{n} task of the {stage} is not done",
                        "{n} tasks of the {stage} are not done",
                        stage=stage.name,
                    )
                    raise too_early(why)
                text = Sentence.plural(
                    len(waiting),
                    "The deadline leaves no time for {n} task of the {stage}.",
                    "The deadline leaves no time for {n} tasks of the {stage}.",
                    stage=stage.name,
                )
                logger.warning("%s", text)
                self.note(text)
                return
            batch, waiting = waiting[:number], waiting[number:]
            for result in engine.run(batch):
                if result.done:
                    measured.append(result.seconds)
                yield result

    def _seconds(self, stage: Stage) -> float:
        """Return the wall time that the tasks of a stage have."""
        left = seconds_left(self.deadline)
        if not stage.divisible:
            return left
        return left - reserve(self.foretold, arms=self.arms, splits=self.splits, cores=self.cores)
