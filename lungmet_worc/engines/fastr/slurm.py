"""What fastr's SlurmExecution does not see to: an absent controller, odd paths, leftover jobs."""

from __future__ import annotations

import hashlib
import logging
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

PLUGIN = "SlurmExecution"

#: Slurm is asked again after so many seconds when its controller does not answer.
PAUSE = 5.0

#: What the commands of Slurm say when their controller is away or too busy.
_AWAY = re.compile(
    "Unable to contact slurm controller|Socket timed out|Connection refused|Zero Bytes were"
    "|Transport endpoint|Resource temporarily unavailable|Communication connection failure"
    "|Backup controller",
    re.IGNORECASE,
)


def job_name(run_folder: Path) -> str:
    """Return the name that all jobs of a run folder have in Slurm."""
    return "lungmet-" + hashlib.sha256(str(run_folder).encode()).hexdigest()[:12]


def cancel(name: str, environment: Mapping[str, str], *, wait: float) -> int:
    """Cancel the jobs of a name, and wait until none is left; return how many there were.

    Parameters
    ----------
    name : str
        See :func:`job_name`.
    environment : mapping
        With the site's settings of Slurm.
    wait : float
        Wait for their end for at most this long, in seconds.
    """
    found = _jobs(name, environment)
    if found:
        _ask(["scancel", "--name", name, "--me"], environment)
    give_up = time.monotonic() + wait
    while _jobs(name, environment) and time.monotonic() < give_up:
        time.sleep(0.5)
    return len(found)


def _jobs(name: str, environment: Mapping[str, str]) -> list[str]:
    asked = ["squeue", "--noheader", "--me", "--name", name, "--format", "%i"]
    return _ask(asked, environment).split()


def _ask(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return what a command of Slurm says; nothing if it fails."""
    try:
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def mend(plugin: type) -> None:
    """Let fastr's plugin wait for the controller and use any path; call it where fastr runs.

    As it is, the plugin takes all jobs as finished when squeue fails, and as failed when sbatch
    does, for whatever reason.
    """
    if plugin.__name__ == PLUGIN:
        plugin._queue_job.__globals__["subprocess"] = _PatientSubprocess()  # type: ignore[attr-defined]


class _PatientSubprocess:
    """What the plugin uses of :mod:`subprocess`, for commands that ask again."""

    PIPE = subprocess.PIPE
    STDOUT = subprocess.STDOUT
    check_output = staticmethod(subprocess.check_output)

    @staticmethod
    def Popen(command: Sequence[str], **_: Any) -> _PatientCommand:  # noqa: N802
        """Return a command that is run when it is communicated with."""
        return _PatientCommand(command)


class _PatientCommand:
    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    def communicate(self, script: bytes = b"") -> tuple[bytes, bytes]:
        """Run the command until the controller answers; return what it printed."""
        while True:
            done = subprocess.run(
                self._command, input=quoted(script), capture_output=True, check=False
            )
            said = done.stderr.decode("utf-8", "replace")
            if done.returncode == 0 or not _AWAY.search(said):
                return done.stdout, done.stderr
            logger.warning("%s: %s", self._command[0], said.strip())
            time.sleep(PAUSE)


def quoted(script: bytes) -> bytes:
    """Return a batch script whose paths may have spaces, and signs that Slurm would replace."""

    def option(match: re.Match[bytes]) -> bytes:
        path = match[2].replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"%", b"%%")
        return match[1] + b' "' + path + b'"'

    return re.sub(rb"^(#SBATCH --(?:output|error)) (.+)$", option, script, flags=re.MULTILINE)
