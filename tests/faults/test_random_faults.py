"""Many runs, each disturbed at a random moment: make test-faults."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.disturbed import Disturbed, resumed, stage_of

pytestmark = [pytest.mark.faults, pytest.mark.worc]

#: Fault -> the exit status that it leads to; a run whose worker is killed ends well by itself.
FAULTS = {
    "kill main": -signal.SIGKILL,
    "kill worker": 0,
    "kill all": -signal.SIGKILL,
    "interrupt": 130,
    "terminate": 143,
}
N_POINTS = 40

#: Python itself starts in this time, in seconds.
STARTED = 1.0

#: A run may be done before it is disturbed, or have no workers; then another moment is drawn.
TRIES = 8


@pytest.mark.parametrize("number", range(N_POINTS))
def test_the_same_command_finishes_the_run(
    small_study_undisturbed: Undisturbed,
    record: Callable[[dict[str, object]], None],
    tmp_path: Path,
    number: int,
) -> None:
    whole = small_study_undisturbed
    fault = list(FAULTS)[number % len(FAULTS)]
    draw = random.Random(number)
    within = whole.seconds
    for attempt in range(TRIES):
        folder = tmp_path / f"run{attempt}"
        started = time.monotonic()
        run = Disturbed.start(whole.study, folder)
        time.sleep(draw.uniform(STARTED, within))
        moment, stage = time.monotonic() - started, stage_of(folder, whole.folder)
        status = disturb(run, fault, draw)
        ended = time.monotonic() - started
        if status is None:
            run.wait()
            assert run.told_its_results(), run.text()
            # The machine may have less to do than when the undisturbed run was timed.
            within = max(min(within, ended), 2 * STARTED)
            continue
        break
    else:
        pytest.fail("no run was disturbed")
    assert status == FAULTS[fault], run.text()
    assert "Traceback" not in run.text()
    again = resumed(whole.study, folder, whole.tables)
    record(
        {
            "number": number,
            "fault": fault,
            "stage": stage,
            "seconds": round(moment, 2),
            # A run that goes on without its worker is not stopped.
            "seconds_to_stop": "" if fault == "kill worker" else round(ended - moment, 2),
            "finished": again.finished,
            "repeated": len(again.repeated),
            "identical": again.identical,
            "left_behind": len(again.left),
            "seconds_again": round(again.seconds, 2),
            "seconds_in_all": round(ended + again.seconds, 2),
            "seconds_undisturbed": round(whole.seconds, 2),
        }
    )
    assert again.repeated == ()
    assert again.identical
    assert again.left == ()


def disturb(run: Disturbed, fault: str, draw: random.Random) -> int | None:
    """Disturb a run and return its exit status, None if there was nothing to disturb."""
    if run.process.poll() is not None:
        return None
    if fault == "kill worker":
        workers = run.workers()
        if not workers:
            return None
        try:
            draw.choice(workers).kill()
        except psutil.NoSuchProcess:
            return None
        return run.wait()
    number = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM}.get(fault, signal.SIGKILL)
    status = run.stop(number, group=fault in {"kill all", "interrupt"})
    # A signal that came after the last words met Python as it ended, and no run.
    return None if status == 0 or run.told_its_results() else status
