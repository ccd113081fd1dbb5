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

#: What earlier jobs of the same run folder may take to end, in seconds.
EARLIER_END = 60.0

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


def cancel_earlier(name: str, environment: Mapping[str, str]) -> int:
    """Cancel the jobs that a killed run left, and wait until they ended; return how many.

    Parameters
    ----------
    name : str
        See :func:`job_name`.
    environment : mapping
        With the site's settings of Slurm.
    """
    found = _jobs(name, environment)
    if found:
        cancel(name, environment, within=EARLIER_END)
    give_up = time.monotonic() + EARLIER_END
    while _jobs(name, environment) and time.monotonic() < give_up:
        time.sleep(0.5)
    return len(found)


def cancel(name: str, environment: Mapping[str, str], *, within: float) -> None:
    """Ask Slurm to cancel the jobs of a name; give up after so many seconds."""
    _ask(["scancel", "--me", "--name", name], environment, within)


def _jobs(name: str, environment: Mapping[str, str]) -> list[str]:
    asked = ["squeue", "--noheader", "--me", "--name", name, "--format", "%i"]
    return _ask(asked, environment, EARLIER_END).split()


def _ask(command: Sequence[str], environment: Mapping[str, str], within: float) -> str:
    """Return what a command of Slurm says; nothing if it fails or takes longer."""
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=within,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.warning("%s: %s", command[0], error)
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
        """Run the command until the controller answers; return what it printed.

        A controller that is too busy to answer sbatch may have taken the job all the same. The
        task then runs twice, which changes nothing: what it writes is the same, in one go.
        """
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
