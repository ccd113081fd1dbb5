"""A run that goes on after logout: checked here, then left to a process of its own."""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from lungmet_worc.cli.spoken import spoken
from lungmet_worc.display.language import Language
from lungmet_worc.pipeline.pipeline import Pipeline, available_cores
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.engines.processes import safe_environment
from lungmet_worc.tasks.progress import Bars
from lungmet_worc.tasks.run_folder.lock import is_locked, locked
from lungmet_worc.tasks.run_folder.mark import resolved
from lungmet_worc.tasks.run_folder.paths import RunPaths

#: The longest that a new process takes to begin, in seconds.
PATIENCE = 60.0


def run_detached(options: argparse.Namespace) -> int:
    """Start ``lungmet run`` in a session of its own, once the study is found to be sound.

    Parameters
    ----------
    options : argparse.Namespace
        Those of ``lungmet run``.

    Returns
    -------
    int
        0 if the run goes on or is done already, otherwise its exit status.

    Raises
    ------
    LungmetError
        The study cannot be run, or another run works in the folder.
    """
    study = load_study(options.study)
    paths = RunPaths(resolved(options.out))
    if is_locked(paths):
        with locked(paths):  # says who holds it
            pass
    # The log of the run will have its warnings; they would be printed raw here.
    logging.getLogger("lungmet_worc").addHandler(logging.NullHandler())
    cores = options.cores or study.run.cores or available_cores()
    Pipeline(study, paths, Bars(spoken(options)), cores).check()
    words = [sys.executable, "-P", "-m", "lungmet_worc", "run", options.study]
    words += ["--out", options.out]
    for name in ("only", "cores", "until", "language"):
        value = getattr(options, name)
        words += [] if value is None else [f"--{name}", str(value)]
    words += ["--debug"] if options.debug else []
    with paths.console.open("ab") as console:
        begins = console.tell()
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env={**os.environ, **safe_environment(os.environ)},
            start_new_session=True,  # it does not hear that the terminal is closed
        )
    waited = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < waited:
        if is_locked(paths) and paths.run_json.exists():
            break
        time.sleep(0.1)
    if process.returncode is not None:
        with paths.console.open("rb") as console:
            console.seek(begins)
            sys.stdout.write(console.read().decode("utf-8", "replace"))
        return process.returncode
    print(_goes_on(process.pid, options.out, paths.console.name, spoken(options)))
    return 0


def _goes_on(pid: int, out: str, console: str, say: Language) -> str:
    """Return what to know of a run that goes on by itself."""
    rows = [
        (say("watch it:"), f"lungmet status {out} --watch"),
        (say("stop it:"), say("kill {pid} (the same command goes on from there)", pid=pid)),
        (say("its words:"), str(Path(out) / console)),
    ]
    widest = max(len(label) for label, _ in rows)
    lines = [say("The run goes on as process {pid}, also after you log out.", pid=pid)]
    return "\n".join([*lines, *(f"  {label.ljust(widest)} {text}" for label, text in rows)])
