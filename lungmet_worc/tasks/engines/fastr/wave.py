"""The files of one network: what its jobs shall do, and what became of each task."""

from __future__ import annotations

import json
import logging
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lungmet_worc.basics.disk import disk_cause
from lungmet_worc.basics.errors import EngineError
from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.engines.fastr import network
from lungmet_worc.tasks.task import Failure, Task, TaskResult

logger = logging.getLogger(__name__)

#: fastr's word for a job that sbatch refused; what sbatch said is the next one.
_NOT_SUBMITTED = "FastrSlurmSubmitError"

#: So much of what jobs said goes into the log, in characters.
_SHOWN = 4000

#: What Slurm writes into the output of a job that it ended.
_TIME_LIMIT = "DUE TO TIME LIMIT"
_OUT_OF_MEMORY = re.compile("oom.kill", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """What a task wrote of itself."""

    result: TaskResult
    memory: int


@dataclass
class Wave:
    """The files of one network: its jobs, what became of each task, and what fastr said."""

    folder: Path
    cut: Sequence[Sequence[Task]]
    jobs: dict[str, dict[int, Task]] = field(init=False)
    never_started: list[Task] = field(init=False, default_factory=list)
    _waiting: dict[int, Task] = field(init=False)

    def __post_init__(self) -> None:
        numbers = iter(range(sum(len(job) for job in self.cut)))
        self.jobs = {
            f"job{number:05d}": {next(numbers): task for task in job}
            for number, job in enumerate(self.cut)
        }
        self._waiting = {number: task for job in self.jobs.values() for number, task in job.items()}

    @property
    def tool(self) -> str:
        """Return the tool of all its tasks."""
        return self.cut[0][0].tool

    @property
    def events(self) -> Path:
        """Return the file with a line for each job that ended."""
        return self.folder / "events.jsonl"

    @property
    def results_folder(self) -> Path:
        """Return the folder with a file for each task that ended."""
        return self.folder / "results"

    def job_file(self, name: str) -> Path:
        """Return the file that tells a job what to do."""
        return self.folder / f"{name}.json"

    def write(self, wanted: Path, scratch: Path, set_up: str) -> None:
        """Write the files of the jobs."""
        make_folder(self.results_folder)
        for name, tasks in self.jobs.items():
            spec = {
                "name": name,
                "wanted": str(wanted),
                "folder": str(scratch),
                "set_up": set_up,
                "results": str(self.results_folder),
                "tasks": [
                    {
                        "number": number,
                        "function": task.function,
                        "arguments": dict(task.arguments),
                        "output": str(task.output),
                        "stamp": task.stamp,
                    }
                    for number, task in tasks.items()
                ],
            }
            self.job_file(name).write_text(json.dumps(spec), "utf-8")

    def results(self) -> Iterator[Told]:
        """Yield what tasks wrote since the last time."""
        there = {path.stem: path for path in self.results_folder.glob("*.json")}
        for number in [number for number in self._waiting if str(number) in there]:
            told = json.loads(there[str(number)].read_text("utf-8"))
            size = told.pop("memory")
            failure = Failure(told.pop("failure"))
            task = self._waiting.pop(number)
            yield Told(TaskResult(task, failure=failure, **told), size)

    def lost(self, plugin: str, code: int) -> Iterator[TaskResult]:
        """Yield a failure for each task that left no result, with what is known of its job.

        Those whose job never started, since fastr had to be ended, go to ``never_started``.

        Parameters
        ----------
        plugin : str
            The execution plugin.
        code : int
            Exit code of the process that runs fastr.

        Raises
        ------
        EngineError
            fastr ended, or the batch system takes no jobs.
        """
        events = self.read_events()
        self._see_that_jobs_are_taken(plugin, events)
        started = {path.stem for path in self.results_folder.glob("*.job")}
        if self._waiting and not started:
            raise self._nothing_started(plugin, events, code)
        for name, job in self.jobs.items():
            left = [task for number, task in job.items() if number in self._waiting]
            if name in events or name in started:
                for task in left:
                    yield _died(task, events.get(name), code, self.said())
            else:
                self.never_started += left

    def _nothing_started(self, plugin: str, events: Mapping[str, Any], code: int) -> EngineError:
        """Return what to tell where the machines, and no patient, are the cause."""
        said = "\n".join(str(event["errors"]) + event["said"] for event in events.values())
        logger.error("%s", said[:_SHOWN] or self.said())
        how = (
            Sentence("fastr ended (exit code {code})", code=code)
            if code
            else Sentence.plural(len(events), "{n} job ended", "{n} jobs ended")
        )
        message = Sentence(
            "{how} before a task was started, by {plugin}. Do the machines that run jobs see the "
            "folder of the run and the one of this program under the same path? What was said last "
            "is in log.txt of the run folder; the same command goes on from there.",
            how=how,
            plugin=plugin,
        )
        return EngineError(message)

    def _see_that_jobs_are_taken(self, plugin: str, events: Mapping[str, Any]) -> None:
        for event in events.values():
            refused = _refused(event)
            if refused:
                message = Sentence(
                    "{plugin} takes no jobs: {refused}. Correct [run] memory, or what your site "
                    "asks for (SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_TIMELIMIT); what is "
                    "finished is kept, and the same command goes on from there.",
                    plugin=plugin,
                    refused=refused,
                )
                raise EngineError(message)

    def read_events(self) -> dict[str, dict[str, Any]]:
        """Return what fastr said of each job that ended."""
        events = {}
        if self.events.exists():
            for line in self.events.read_text("utf-8").splitlines(keepends=True):
                # The last one is cut off if fastr was killed while it wrote.
                if line.endswith("\n"):
                    event = json.loads(line)
                    events[event["job"]] = event
        return events

    def overheads(self) -> Iterator[float]:
        """Yield what each job took beside its tasks, in seconds."""
        for name, event in self.read_events().items():
            path = self.results_folder / f"{name}.job"
            job = json.loads(path.read_text("utf-8")) if path.exists() else {}
            if event["ended"] and "spent" in job:
                yield event["ended"] - job["started"] - job["spent"]

    def said(self) -> str:
        """Return the end of what fastr said."""
        return (self.folder / "said.txt").read_text("utf-8", errors="replace")[-_SHOWN:]


def _refused(event: Mapping[str, Any]) -> str:
    """Return why a batch system did not take a job; empty if it did."""
    errors = event["errors"]
    if _NOT_SUBMITTED not in errors:
        return ""
    said = errors[errors.index(_NOT_SUBMITTED) + 1]
    lines = [line.removeprefix("sbatch: error: ").rstrip(".") for line in said.splitlines()]
    return "; ".join(line for line in lines if line)


def _died(task: Task, event: Mapping[str, Any] | None, code: int, said: str) -> TaskResult:
    if event is None:
        how = (
            "was killed"
            if code == network.POOL_BROKEN
            else f"was lost when fastr ended (exit code {code})"
        )
        return TaskResult(task, 0.0, f"The job {how}.", said, Failure.DIED)
    trace = "\n".join([*event["errors"], event["said"]])
    storage = disk_cause(RuntimeError(trace))
    if storage:
        return TaskResult(task, 0.0, storage, trace, Failure.STORAGE)
    number = event["code"]
    if _TIME_LIMIT in trace:
        how = "The batch system ended the job at its time limit (SBATCH_TIMELIMIT)."
        return TaskResult(task, 0.0, how, trace, Failure.DIED)
    if number in (-signal.SIGKILL, 128 + signal.SIGKILL) or _OUT_OF_MEMORY.search(trace):
        how = "The job was killed, which the system does when memory runs out."
        return TaskResult(task, 0.0, how, trace, Failure.MEMORY)
    if number is None:
        how = "The job ended before its tasks did, and left no exit code."
    elif number < 0:
        how = f"The job crashed ({signal.Signals(-number).name})."
    else:
        how = f"The job ended in the middle of the task (exit code {number})."
    return TaskResult(task, 0.0, how, trace, Failure.DIED)
