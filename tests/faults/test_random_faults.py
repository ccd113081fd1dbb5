"""Many runs, each disturbed at a random moment: make test-faults."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.disturbed import Disturbed, assert_goes_on

pytestmark = [pytest.mark.faults, pytest.mark.worc]

FAULTS = ("kill main", "kill worker", "kill all", "interrupt", "terminate")
N_POINTS = 40


def points() -> list[tuple[int, str, float]]:
    """Return number, fault and moment as a part of the time of an undisturbed run."""
    draw = random.Random(20)
    return [(n, FAULTS[n % len(FAULTS)], draw.uniform(0.02, 0.98)) for n in range(N_POINTS)]


@pytest.mark.parametrize(("number", "fault", "moment"), points())
def test_the_same_command_finishes_the_run(
    undisturbed: Undisturbed, tmp_path: Path, number: int, fault: str, moment: float
) -> None:
    run = Disturbed.start(undisturbed.study, tmp_path / "run")
    time.sleep(moment * undisturbed.seconds)
    status = disturb(run, fault, random.Random(number))
    assert "Traceback" not in run.text()
    # A run that was nearly done may be done before it is disturbed.
    expected = {
        "kill main": {-signal.SIGKILL},
        "kill all": {-signal.SIGKILL},
        "interrupt": {130, -signal.SIGINT},
        "terminate": {143, -signal.SIGTERM},
        "kill worker": set(),
    }[fault]
    assert status in {0} | expected, run.text()
    (tmp_path / "run").mkdir(exist_ok=True)
    assert_goes_on(undisturbed.study, tmp_path / "run", undisturbed.tables)


def disturb(run: Disturbed, fault: str, draw: random.Random) -> int:
    if run.process.poll() is not None:
        return run.wait()
    if fault == "kill worker":
        workers = run.workers()
        if workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                draw.choice(workers).kill()
        return run.wait()
    number = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM}.get(fault, signal.SIGKILL)
    return run.stop(number, group=fault in {"kill all", "interrupt"})
