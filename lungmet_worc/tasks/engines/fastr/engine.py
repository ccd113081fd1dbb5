"""The engine: cuts tasks into jobs, hands them to fastr, and believes what the tasks wrote."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from lungmet_worc.basics.errors import EngineError, did_you_mean
from lungmet_worc.basics.held_folder import require_in_place
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.engines import memory
from lungmet_worc.tasks.engines.fastr import network, slurm
from lungmet_worc.tasks.engines.fastr.batches import Pace, cut
from lungmet_worc.tasks.engines.fastr.home import Home
from lungmet_worc.tasks.engines.fastr.wave import Told, Wave
from lungmet_worc.tasks.engines.local import LocalEngine, is_tried_again
from lungmet_worc.tasks.task import Failure, Task, TaskResult

logger = logging.getLogger(__name__)

#: The files of results are looked for this often, in seconds.
INTERVAL = 0.5

#: What fastr may take to cancel its jobs when the run is stopped, in seconds.
CANCELLED_WITHIN = 2.5

#: What fastr takes to start and to end a network, in seconds.
NETWORK = 6.0

#: What jobs ask for as long as nothing else is set, in bytes.
MEMORY = 4 * 2**30

#: Plugins of fastr that are known not to work.
NOT_SUPPORTED = {
    "RQExecution": Sentence(
        "It works with no version of rq that can be installed. Use SlurmExecution, "
        "DRMAAExecution or ProcessPoolExecution."
    ),
    "StrongrExecution": Sentence(
        "The service that it needs no longer exists. Use SlurmExecution, DRMAAExecution or "
        "ProcessPoolExecution."
    ),
}


class FastrEngine:
    """Runs extraction and search as jobs of fastr, and the short tasks on this machine.

    A task whose job ended without a word of it is tried once more, alone in its job, and with
    twice the memory if that was the cause.

    Parameters
    ----------
    cores : int
        Jobs that run at the same time, at most.
    folder : Path
        Folder of the run in which fastr may write; machines that run jobs must see it too.
    plugin : str
        Name of one of fastr's execution plugins.
    set_up : str
        See `lungmet_worc.tasks.engines.make_engine`.
    job_memory : int, optional
        What a job may use, in bytes.
    note : callable
        Tells the user something.
    """

    def __init__(
        self,
        *,
        cores: int,
        folder: Path,
        plugin: str,
        set_up: str,
        job_memory: int | None,
        note: Callable[[str], None],
    ) -> None:
        self.cores = cores
        self.folder = folder
        self.plugin = plugin
        self._set_up = set_up
        self._memory = job_memory or MEMORY
        self._note = note
        self._home = Home(folder / "fastr")
        here = min(cores, len(os.sched_getaffinity(0)))
        self._local = LocalEngine(cores=here, folder=folder, set_up=set_up, note=note)
        self._pace = Pace()
        self._largest = 0
        self._waves = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._name = slurm.job_name(folder.parent)
        self._environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Make fastr's home, and see that the plugin can be used.

        Raises
        ------
        EngineError
            fastr does not have the plugin, or it cannot be used here.
        """
        if self.plugin in NOT_SUPPORTED:
            message = Sentence(
                "[run] plugin: {plugin} is not supported. {why}",
                plugin=self.plugin,
                why=NOT_SUPPORTED[self.plugin],
            )
            raise EngineError(message)
        try:
            self._home.make()
        except FileExistsError as error:
            message = Sentence(
                'The folder "{folder}" is left from an earlier run and cannot be removed. Take it '
                "away, then run again.",
                folder=self._home.folder,
            )
            raise EngineError(message) from error
        self._environment = self._home.environment(
            # What a site sets must not take the environment from the jobs.
            os.environ,
            SBATCH_JOB_NAME=self._name,
            SBATCH_EXPORT="ALL",
        )
        try:
            self._try_plugin()
        except EngineError:
            # Made new a moment ago, by make(), which takes no folder that is there.
            shutil.rmtree(self._home.folder, ignore_errors=True)
            raise
        if self.plugin == slurm.PLUGIN:
            number = slurm.cancel_earlier(self._name, self._environment)
            if number:
                self._note(
                    Sentence.plural(
                        number,
                        "{n} job of an earlier run of this folder was cancelled.",
                        "{n} jobs of an earlier run of this folder were cancelled.",
                    )
                )
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all jobs."""
        # Wherever jobs still run, they end when they no longer find it.
        self._home.wanted.unlink(missing_ok=True)
        self._stop()
        self._local.__exit__()

    @property
    def start_up(self) -> float:
        """Return what a call of ``run`` takes beside the tasks, in seconds: two networks."""
        return 2 * (NETWORK + self._pace.overhead)

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """Run the tasks and yield each result when it is there.

        Raises
        ------
        EngineError
            fastr ended, or the batch system takes no jobs.
        """
        if not tasks or not tasks[0].tool:
            yield from self._local.run(tasks)
            return
        lost: list[TaskResult] = []
        waiting = list(tasks)
        while waiting:
            jobs, waiting = cut(waiting, self._pace, self.cores)
            wave = self._new_wave(jobs)
            for result in self._execute(wave, self._memory, self._fits()):
                if is_tried_again(result):
                    logger.warning("%s is tried again. %s", result.task.key, result.error)
                    lost.append(result)
                else:
                    yield result
            waiting = [*wave.never_started, *waiting]
        if lost:
            short = any(result.failure is Failure.MEMORY for result in lost)
            wave = self._new_wave([[each.task] for each in lost])
            asked, beside = (2 * self._memory, 1) if short else (self._memory, self._fits())
            for result in self._execute(wave, asked, beside):
                if is_tried_again(result):
                    yield replace(result, error=f"{result.error} It was tried twice.")
                else:
                    yield result
            for task in wave.never_started:
                how = "The jobs before it were killed, again and again."
                yield TaskResult(task, 0.0, how, failure=Failure.DIED)

    def _fits(self) -> int:
        """Return how many jobs run at the same time, where it is this machine that runs them."""
        each = max(self._largest, memory.SMALLEST_WORKER) * (1 + memory.MARGIN)
        return max(1, min(self.cores, int(memory.available() / each)))

    def _new_wave(self, jobs: Sequence[Sequence[Task]]) -> Wave:
        self._waves += 1
        return Wave(self._home.folder / f"wave{self._waves}", jobs)

    def _execute(self, wave: Wave, job_memory: int, beside: int) -> Iterator[TaskResult]:
        """Run one network, and yield what became of each task of a job that started."""
        self._home.configure(cores=beside, plugin=self.plugin)
        wave.write(self._home.wanted, self.folder, self._set_up)
        spec = {
            "plugin": self.plugin,
            "tool": wave.tool,
            "jobs": {name: str(wave.job_file(name)) for name in wave.jobs},
            "memory": f"{-(-job_memory // 2**20)}M",
            "events": str(wave.events),
            "folder": str(self._home.networks / wave.folder.name),
        }
        process = self._start(spec, wave.folder)
        try:
            running = True
            while running:
                # Looked at before the files: what is written until then is found.
                running = process.poll() is None
                require_in_place()
                for told in wave.results():
                    yield self._seen(told)
                if running:
                    time.sleep(INTERVAL)
        finally:
            self._stop()
        for overhead in wave.overheads():
            self._pace.add_overhead(overhead)
        logger.info(
            "jobs that ended: %d; a job takes %.1f s beside its tasks",
            len(wave.jobs),
            self._pace.overhead,
        )
        yield from wave.lost(self.plugin, process.returncode)

    def _seen(self, told: Told) -> TaskResult:
        self._largest = max(self._largest, told.memory)
        if told.result.done and told.result.seconds:
            self._pace.add(told.result.task, told.result.seconds)
        return told.result

    def _start(self, spec: Mapping[str, Any], folder: Path) -> subprocess.Popen[bytes]:
        path = folder / "network.json"
        path.write_text(json.dumps({**spec, "parent": os.getpid()}), "utf-8")
        with (folder / "said.txt").open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", network.__name__, str(path)],
                cwd=self._home.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                # Ctrl-C is for the main process, which then stops the whole group.
                start_new_session=True,
            )
        return self._process

    def _stop(self) -> None:
        """Cancel the jobs of the network that runs, and end all its processes."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is not None:
            _kill_group(process.pid)
            return
        if self.plugin == slurm.PLUGIN:
            slurm.cancel(self._name, self._environment, within=CANCELLED_WITHIN)
        elif self.plugin != "ProcessPoolExecution":
            # Other batch systems are left to fastr, which knows the numbers of its jobs.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(CANCELLED_WITHIN)
            except subprocess.TimeoutExpired:
                logger.warning("fastr did not cancel its jobs in time; they end by themselves")
        _kill_group(process.pid)
        process.wait()

    def _try_plugin(self) -> None:
        folder = self._home.folder
        answer = folder / "plugin.json"
        self._home.configure()
        process = self._start({"plugin": self.plugin, "answer": str(answer)}, folder)
        try:
            code = process.wait()
        finally:
            self._stop()
        if code != 0 or not answer.exists():
            logger.error("%s", (folder / "said.txt").read_text("utf-8", errors="replace"))
            message = Sentence(
                "fastr does not start (exit code {code}); log.txt of the run folder says why.",
                code=code,
            )
            raise EngineError(message)
        found = json.loads(answer.read_text("utf-8"))
        if found["problem"]:
            message = Sentence(
                "[run] plugin: {plugin} cannot be used here. {why}.",
                plugin=self.plugin,
                why=found["problem"],
            )
            raise EngineError(message)
        if self.plugin not in found["known"]:
            message = Sentence(
                '[run] plugin: fastr has no execution plugin "{plugin}". {known}',
                plugin=self.plugin,
                known=did_you_mean(self.plugin, found["known"]),
            )
            raise EngineError(message)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
