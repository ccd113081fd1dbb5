"""A private Slurm and a private Redis, each started once and ended with the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.private_slurm import PrivateSlurm, why_not

#: A server that does not answer after this time hangs, in seconds.
HANGS = 30.0


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Return a folder with a path that is short enough for sockets, which pytest's may not be."""
    folder = Path(tempfile.mkdtemp(prefix="lungmet-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def slurm(short_folder: Path) -> Iterator[PrivateSlurm]:
    """Return a Slurm of one node, or skip. One that is installed but does not start is an error."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with PrivateSlurm(short_folder / "slurm") as slurm:
        yield slurm


@pytest.fixture(scope="session")
def redis_url(short_folder: Path) -> Iterator[str]:
    """Return the address of a Redis that keeps nothing on disk and has no port, or skip."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("a private Redis needs redis-server. Debian: apt install redis-server")
    folder = short_folder / "redis"
    folder.mkdir()
    path = folder / "redis.sock"
    options = {"port": "0", "unixsocket": str(path), "unixsocketperm": "700", "save": "",
               "appendonly": "no", "dir": str(folder)}  # fmt: skip
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(
            [program, *arguments], stdout=log, stderr=log, start_new_session=True
        )
    try:
        started = time.monotonic()
        while not redis_answers(path):
            if server.poll() is not None or time.monotonic() - started > HANGS:
                pytest.fail(f"redis-server is not ready:\n{(folder / 'redis.log').read_text()}")
            time.sleep(0.05)
        yield f"unix://{path}"
    finally:
        server.kill()  # it has nothing to save
        server.wait()


def redis_answers(path: Path) -> bool:
    """Return whether a Redis answers at this socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(HANGS)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16) == b"+PONG\r\n"
        except OSError:
            return False
