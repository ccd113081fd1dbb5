"""The process that imports fastr: it builds a network of one tool and executes it.

``python -m lungmet_worc.tasks.engines.fastr.network SPEC`` writes a line to ``events`` for each
job that ended. Its exit status is 0 if fastr came to the end, whatever became of the jobs.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lungmet_worc.tasks.engines.processes import end_with

#: A process of fastr's own pool was killed; fastr would wait for its job for ever.
POOL_BROKEN = 76

#: So much of what a job said last is kept, in characters.
_TAIL = 4000

#: What the pool that fastr tries out may take to end, in seconds.
_POOL_ENDS = 10.0


def main() -> None:
    """Execute the network of the file that is named on the command line, or try a plugin."""
    spec = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    end_with(spec["parent"])
    mine = os.getpid()
    # The processes of a pool, too, end with the one that started them.
    os.register_at_fork(after_in_child=lambda: end_with(mine))
    if "jobs" in spec:
        _execute(spec)
    else:
        Path(spec["answer"]).write_text(json.dumps(_try_plugin(spec["plugin"])), "utf-8")


def _try_plugin(name: str) -> dict[str, Any]:
    """Return the execution plugins that fastr knows, and why the one asked for cannot be used."""
    from fastr import resources

    known = sorted(resources.execution_plugins.keys())
    problem = ""
    if name in known:
        try:
            resources.execution_plugins[name].test()
        # Whatever a plugin misses: a program, a library, a server.
        except Exception as error:
            said = _text(getattr(error, "output", b"") or error).strip().splitlines()
            # fastr says in which of its own files it found out.
            last = re.sub(r"^\w+ from .+ line \d+: ", "", said[-1]) if said else ""
            problem = last.rstrip(".") or type(error).__name__
    elif _is_one_of_fastr(name):
        problem = "What it needs is not installed, or not on the PATH"
    return {"known": known, "problem": problem}


def _is_one_of_fastr(name: str) -> bool:
    """Return whether fastr has a plugin that it could not load."""
    from fastr import config

    file = f"executionplugins/{name.lower()}.py"
    return any((Path(folder) / file).exists() for folder in config.plugins_path)


def _execute(spec: dict[str, Any]) -> None:
    import fastr
    from fastr import resources
    from fastr.core.resourcelimit import ResourceLimit
    from fastr.execution.job import SinkJob
    from fastr.execution.networkrun import NetworkRun
    from fastr.helpers.events import EventType, register_listener

    from lungmet_worc.tasks.engines.fastr import slurm

    class _Run(NetworkRun):  # type: ignore[misc]  # fastr has no types
        """A run whose sinks have no jobs: they would take seconds each to copy a number."""

        def generate_jobs(self) -> Iterator[Any]:
            for jobs in super().generate_jobs():
                yield (job for job in jobs if not isinstance(job, SinkJob))

    slurm.mend(resources.execution_plugins[spec["plugin"]])
    events = _Events(Path(spec["events"]), len(spec["jobs"]))
    register_listener(EventType.job_updated, events)
    network = fastr.create_network(id="lungmet")
    jobs = network.create_source("String", id="jobs")
    tool = network.create_node(
        spec["tool"],
        tool_version="1.0",
        id="tasks",
        resources=ResourceLimit(cores=1, memory=spec["memory"]),
    )
    jobs.output >> tool.inputs["job"]
    # fastr only runs what leads to a sink.
    tool.outputs["tasks"] >> network.create_sink("Int", id="done").input
    if spec["plugin"] == "ProcessPoolExecution":
        # fastr made and ended a pool to see whether it can.
        for left in multiprocessing.active_children():
            left.join(_POOL_ENDS)
        watch = threading.Thread(target=_end_with_a_broken_pool, args=[events], daemon=True)
        watch.start()
    _Run(network.parent).execute(
        {"jobs": {name: quote(path) for name, path in spec["jobs"].items()}},
        {"done": "vfs://tmp/done_{sample_id}{ext}"},
        execution_plugin=spec["plugin"],
        tmpdir=spec["folder"],
    )


class _Events:
    """Writes a line for each job that ended; fastr hangs if a listener raises."""

    def __init__(self, path: Path, number: int) -> None:
        self._path = path
        self._number = number
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, job: Any) -> None:
        try:
            with self._lock:
                self._tell(job)
        # See above.
        except Exception:
            traceback.print_exc()

    @property
    def complete(self) -> bool:
        """Return whether all jobs have ended."""
        return len(self._told) == self._number

    def _tell(self, job: Any) -> None:
        name = str(job.sample_id)
        if job.node_id != "tasks" or not job.status.done or name in self._told:
            return
        self._told.add(name)
        process = job.info_store.get("process", {})
        ended = [when for when, status in job.status_list if status.name == "execution_done"]
        event = {
            "job": name,
            "status": job.status.name,
            "code": process.get("return_code"),
            "said": str(process.get("stderr", ""))[-_TAIL:] + _end_of(Path(job.stderrfile)),
            "errors": [_text(error)[:_TAIL] for error in job.errors],
            "ended": ended[-1].replace(tzinfo=UTC).timestamp() if ended else None,
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")


def _end_of(path: Path) -> str:
    """Return the end of a file into which a batch system wrote, if there is one."""
    return path.read_text("utf-8", errors="replace")[-_TAIL:] if path.exists() else ""


def _text(error: object) -> str:
    """Return an error of fastr's as text: kind, text and place, or each of them by itself."""
    if isinstance(error, list | tuple):
        return ": ".join(_text(part) for part in error[:2])
    # fastr passes on what sbatch said as bytes.
    return error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)


def _end_with_a_broken_pool(events: _Events) -> None:
    """End this process when one of the pool was killed."""
    seen: set[int | None] = set()
    while not events.complete:
        now = {each.pid for each in multiprocessing.active_children()}
        if seen - now:
            os._exit(POOL_BROKEN)
        seen = now
        time.sleep(1.0)


if __name__ == "__main__":
    main()
