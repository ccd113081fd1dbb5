"""One job: some tasks, one after the other, each told in a file of its own."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psutil

from lungmet_worc.basics.stamped_files import read_stamp, write_text
from lungmet_worc.tasks.engines.worker import run_task
from lungmet_worc.tasks.task import Failure

#: A job looks this often whether it is still wanted, in seconds.
INTERVAL = 1.0


def main() -> None:
    """Run the job whose file is named, quoted as in an address, on the command line."""
    spec = json.loads(Path(unquote(sys.argv[1])).read_text("utf-8"))
    threading.Thread(target=_end_when_unwanted, args=[Path(spec["wanted"])], daemon=True).start()
    results = Path(spec["results"])
    job = results / f"{spec['name']}.job"
    started = psutil.Process(os.getppid()).create_time()
    write_text(job, json.dumps({"started": started}))
    spent = 0.0
    for task in spec["tasks"]:
        told = results / f"{task['number']}.json"
        # A batch system may start a job again that it lost.
        if not told.exists():
            result = _run(task, spec["folder"], spec["set_up"])
            spent += result["seconds"]
            write_text(told, json.dumps(result))
    write_text(job, json.dumps({"started": started, "spent": spent}))
    # fastr reads it as the tool's output.
    sys.stdout.write(f"TASKS={len(spec['tasks'])}\n")


def _run(task: Mapping[str, Any], folder: str, set_up: str) -> dict[str, Any]:
    output = Path(task["output"])
    if output.exists() and read_stamp(output) == task["stamp"]:
        seconds, error, trace, failure = 0.0, "", "", Failure.TASK
    else:
        arguments = {**task["arguments"], "output": str(output), "stamp": task["stamp"]}
        seconds, error, trace, failure = run_task(task["function"], arguments, folder, set_up)
    # Linux counts in units of 1024 bytes.
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": seconds,
        "error": error,
        "traceback": trace,
        "failure": failure.value,
        "memory": memory,
    }


def _end_when_unwanted(wanted: Path) -> None:
    """End this process when its run has ended, or when what started it is gone.

    A run that was killed cannot stop its jobs. The next one takes away the file that says they
    are wanted, wherever they are; on the same machine a job also ends with the process that
    runs fastr's script, and with the one that started that.
    """
    parent = psutil.Process(os.getppid())
    above = [parent, *parent.parents()[:1]]
    while wanted.exists() and all(each.is_running() for each in above):
        time.sleep(INTERVAL)
    os._exit(75)


if __name__ == "__main__":
    main()
