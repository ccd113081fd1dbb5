"""All images and masks of a study, inspected on one core or several."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed

from lungmet_worc.basics.errors import CohortError, Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging.inspection import PairInspection, Scan, inspect_scan
from lungmet_worc.tasks.engines.processes import process_pool, starting_processes

logger = logging.getLogger(__name__)


def inspect_scans(scans: Sequence[Scan], cores: int) -> list[PairInspection]:
    """Inspect all scans, in other processes if there are cores for it.

    What a process that was killed leaves over is tried once more, one scan at a time.

    Raises
    ------
    CohortError
        A process was killed twice, most likely for want of memory.
    """
    if cores <= 1 or len(scans) < 2:
        return [inspect_scan(scan) for scan in scans]
    found: dict[int, PairInspection] = {}
    # A cluster may have more cores than the machine that checks.
    here = len(os.sched_getaffinity(0))
    for processes in (min(cores, len(scans), here), 1):
        left = {n: scan for n, scan in enumerate(scans) if n not in found}
        if left:
            _inspect_in_pool(left, processes, found)
    if len(found) < len(scans):
        message = Sentence(
            "A process that read images was stopped, most likely for want of memory."
        )
        remedy = Sentence("Close other programs, or check with one core.")
        raise CohortError(message, [Problem(message, remedy)])
    return [found[position] for position in range(len(scans))]


def _inspect_in_pool(
    scans: Mapping[int, Scan], processes: int, found: dict[int, PairInspection]
) -> None:
    """Inspect scans in other processes until all are found or one of these dies."""
    from loky import BrokenProcessPool

    pool = process_pool(processes)
    finished = False
    try:
        with starting_processes():
            futures = {pool.submit(inspect_scan, scan): n for n, scan in scans.items()}
        for future in as_completed(futures):
            found[futures[future]] = future.result()
        finished = True
    except BrokenProcessPool:
        logger.warning("A process that read images was stopped.")
    finally:
        pool.shutdown(wait=True, kill_workers=not finished)
