"""Why tasks are stale, those with one cause together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import read_stamp
from lungmet_worc.basics.words import named
from lungmet_worc.pipeline.changes import UNKNOWN, Cause, changes
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.task import Task


@dataclass(frozen=True)
class StaleTasks:
    """The stale tasks of a stage that have one cause.

    Parameters
    ----------
    stage : str
        The stage.
    number : int
        How many tasks.
    of : tuple of str
        The modalities or arms that they belong to.
    cause : Cause
        What changed.
    """

    stage: str
    number: int
    of: tuple[str, ...]
    cause: Cause

    @property
    def sentence(self) -> Sentence:
        """Return the tasks and their cause as one line."""
        return Sentence.plural(
            self.number,
            "{stage}, {n} task ({of}): {cause}",
            "{stage}, {n} tasks ({of}): {cause}",
            stage=Sentence(self.stage),
            of=", ".join(self.of),
            cause=self.cause.sentence,
        )


def stale_tasks(tasks: Sequence[Task], record: MadeFrom) -> list[StaleTasks]:
    """Return why tasks are stale, those with one cause together.

    Parameters
    ----------
    tasks : sequence of Task
        Stale tasks.
    record : MadeFrom
        What the outputs on disk were made from, and what all tasks would be made from now.
    """
    groups: dict[tuple[str, Sentence], list[tuple[str, list[str]]]] = {}
    for task in tasks:
        for what, who in _merged(_told(task, record)).items():
            groups.setdefault((task.key.stage, what), []).append((task.key.of, who))
    found = []
    for (stage, what), members in groups.items():
        of = dict.fromkeys(of for of, _ in members)
        patients = dict.fromkeys(patient for _, who in members for patient in who)
        found.append(StaleTasks(stage, len(members), tuple(of), Cause(what, tuple(patients))))
    return found


def _told(task: Task, record: MadeFrom) -> list[Cause]:
    """Return why a task is stale; the record may be somebody else's, and say anything."""
    try:
        old = record.of(read_stamp(task.output))
        causes = changes(task.key, old, record.of(task.stamp) or task.ingredients, record)
        named([name for cause in causes for name in cause.patients])
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return [Cause(UNKNOWN)]
    return causes


def _merged(causes: Sequence[Cause]) -> dict[Sentence, list[str]]:
    merged: dict[Sentence, list[str]] = {}
    for cause in causes:
        merged.setdefault(cause.what, []).extend(cause.patients)
    return merged
