"""A Slurm of one node that lives in one folder, for tests: nothing in /etc, /var or /run.

Its daemons are children of the process that starts it, in the foreground. Nothing is shared with
a Slurm that the machine may have: key, socket, ports, configuration and state are its own.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import psutil

from lungmet_worc.tasks.engines.processes import end_with

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "squeue", "scancel", "sinfo", "scontrol")

#: Where Debian keeps daemons, which not every PATH names.
SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin"

#: Below the ports that Linux gives to outgoing connections.
PORTS = range(16001, 32000)

#: Daemons that are not ready after this time hang, in seconds; they take some 2 when idle.
HANGS = 60.0

#: After this time a daemon that was asked to end is killed, in seconds.
ENDS = 15.0

#: A path of a Unix socket has at most this many bytes (sun_path of unix(7), without its zero).
SOCKET_PATH_BYTES = 107

# CR_Core_Memory with a default per core is what most clusters have: memory is shared out too.
# config_overrides lets the node have the cores and memory that are written here, whatever the
# machine has. Slurm waits KillWait seconds between SIGTERM and SIGKILL, 30 unless told, and some
# seconds before it looks for jobs to start.
CONFIGURATION = """\
ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
PlugStackConfig={folder}/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU={memory_per_core_mb}
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=private Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class SlurmNotReadyError(RuntimeError):
    """A daemon ended or does not answer; the message has the ends of the logs."""


def why_not() -> str | None:
    """Return why no private Slurm can be started here, or None."""
    if os.geteuid() != 0:
        return "a private Slurm needs root: its node starts jobs for other users"
    missing = [name for name in DAEMONS + COMMANDS if _program(name) is None]
    if missing:
        return (
            f"a private Slurm needs {', '.join(missing)}. "
            "Debian and Ubuntu: apt install slurmctld slurmd slurm-client munge"
        )
    return None


class PrivateSlurm:
    """One controller, one node and one partition, from entering the context to leaving it.

    Parameters
    ----------
    folder
        Where everything is kept. It is made, and must be no more than some 60 characters long.
    memory_mb
        Memory of the node in MB; it need not be what the machine has.
    cpus
        Cores of the node; they need not be what the machine has either.
    """

    def __init__(self, folder: Path, *, memory_mb: int = 4000, cpus: int = 2) -> None:
        self.folder = folder.resolve()
        self.memory_mb = memory_mb
        self.cpus = cpus
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Return what a process must have in its environment to use this Slurm."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Write the configuration, start the daemons and wait until the node takes jobs.

        Raises
        ------
        SlurmNotReadyError
            If a daemon ends or the node is not idle in time.
        """
        self._write_configuration()
        try:
            # Without --force it refuses a socket in a folder that not all may enter, as pytest's
            # are, and a key below a folder that a group may write to.
            self._start("munged", "--foreground", "--force", *self._munge_options())
            self._wait("munged", (self.folder / "munge.socket").exists)
            self._start("slurmctld", "-D")
            self._start("slurmd", "-D")
            self._wait("slurmctld", self._controller_answers)
            self._wait("slurmd", lambda: self._node_state() == "idle")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End daemons and jobs; to be called as often as one likes.

        Jobs are killed, not cancelled: those of a controller that is away are ended too.
        """
        self._end("slurmctld")
        self._end("slurmd")
        # A job may start a process while it is ended.
        while processes := self._job_processes():
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(processes, timeout=1)
        self._end("munged")

    def stop_controller(self) -> None:
        """End slurmctld, as in an upgrade or a failure; running jobs go on."""
        self._end("slurmctld")

    def start_controller(self) -> None:
        """Start slurmctld again with the jobs that it knew, and wait until it answers."""
        self._start("slurmctld", "-D")
        self._wait("slurmctld", self._controller_answers)

    def jobs(self) -> dict[str, str]:
        """Return the state of each job that Slurm still knows, finished ones too, by its id."""
        lines = self.run("squeue", "--noheader", "--states=all", "--format=%i %T").splitlines()
        return dict(line.split() for line in lines)

    def run(self, command: str, *arguments: str, stdin: str = "", check: bool = True) -> str:
        """Run one of Slurm's commands and return what it printed on stdout.

        Raises
        ------
        subprocess.CalledProcessError
            If it fails and `check` is true; stderr is in it.
        """
        return subprocess.run(
            [_program(command) or command, *arguments],
            env=os.environ | self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
        ).stdout

    def processes(self) -> set[psutil.Process]:
        """Return all processes of this Slurm that live: daemons, what watches jobs, jobs."""
        found = self._job_processes()
        for daemon in self._daemons.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(daemon.pid)
                found |= {process, *process.children()}
        return set(filter(_lives, found))

    def _write_configuration(self) -> None:
        longest = self.folder / "spool" / f"{_host()}_1000000.4294967291"
        if len(os.fsencode(longest)) > SOCKET_PATH_BYTES or " " in str(self.folder):
            message = f"{self.folder} is too long for Slurm's sockets, or has a space"
            raise ValueError(message)
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        (self.folder / "plugstack.conf").touch()
        controller_port, node_port = _free_ports(2)
        text = CONFIGURATION.format(
            host=_host(),
            folder=self.folder,
            controller_port=controller_port,
            node_port=node_port,
            cpus=self.cpus,
            memory_mb=self.memory_mb,
            memory_per_core_mb=self.memory_mb // self.cpus,
        )
        (self.folder / "slurm.conf").write_text(text)

    def _munge_options(self) -> list[str]:
        files = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munged.pid",
                 "seed-file": "munged.seed", "log-file": "munged.log"}  # fmt: skip
        return [f"--{option}={self.folder / name}" for option, name in files.items()]

    def _start(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(
                [_program(name) or name, *arguments],
                cwd=self.folder,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Ctrl-C in the terminal is for the tests; they then end the daemons in order.
                start_new_session=True,
                # Tests that are killed cannot end them.
                preexec_fn=partial(end_with, os.getpid()),
            )

    def _is_running(self, name: str) -> bool:
        return name in self._daemons and self._daemons[name].poll() is None

    def _wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        started = time.monotonic()
        while not is_ready():
            if not self._is_running(name):
                raise SlurmNotReadyError(f"{name} ended while it started.\n{self._logs()}")
            if time.monotonic() - started > HANGS:
                raise SlurmNotReadyError(f"{name} is not ready.\n{self._logs()}")
            time.sleep(0.1)

    def _end(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(ENDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _controller_answers(self) -> bool:
        return "is UP" in self.run("scontrol", "ping", check=False)

    def _node_state(self) -> str:
        return self.run("sinfo", "--noheader", "--format=%t", check=False).strip()

    def _job_processes(self) -> set[psutil.Process]:
        """Return what runs jobs, which outlives slurmd, all below it, and what it lost sight of."""
        found: set[psutil.Process] = set()
        for process in filter(_lives, psutil.process_iter()):
            with contextlib.suppress(psutil.Error):
                if process.name() == "slurmstepd" and self._has_open(process):
                    found |= {process, *process.children(recursive=True)}
                elif self._is_of_a_job(process):
                    found.add(process)
        return set(filter(_lives, found))

    def _has_open(self, process: psutil.Process) -> bool:
        return any(Path(file.path).is_relative_to(self.folder) for file in process.open_files())

    def _is_of_a_job(self, process: psutil.Process) -> bool:
        environment = process.environ()
        return "SLURM_JOB_ID" in environment and self.environment.items() <= environment.items()

    def _logs(self) -> str:
        files = sorted([*self.folder.glob("*.log"), *self.folder.glob("*.out")])
        ends = [(file.name, file.read_text(errors="replace").splitlines()[-15:]) for file in files]
        return "\n".join("\n".join([f"--- {name}", *lines]) for name, lines in ends if lines)


def _lives(process: psutil.Process) -> bool:
    """Return whether it is there and no zombie: what reaps orphans may take its time."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)


def _host() -> str:
    """Return the name that slurmctld and slurmd seek in their configuration."""
    return socket.gethostname().split(".")[0]


def _free_ports(number: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on, above 16000."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            found.append(port)
        if len(found) == number:
            return found
    raise RuntimeError(f"there are no {number} free ports in {PORTS}")
