"""All images and masks of a study, inspected on one core or several."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass

from lungmet_worc.config import ModalityConfig
from lungmet_worc.engines.processes import end_with, without_interrupts
from lungmet_worc.errors import CohortError, Problem
from lungmet_worc.imaging import MaskRules, PairInspection, inspect_pair
from lungmet_worc.manifest import ImagePair, Patient

#: Called with the stage, how many scans are done, and how many there are.
Progress = Callable[[str, int, int], None]

_STAGE = "check"


@dataclass(frozen=True)
class Scan:
    """One image with its mask, and whose it is.

    Parameters
    ----------
    patient : Patient
        Whose scan it is.
    modality : str
        The name of the modality in the study.
    pair : ImagePair
        Image and mask, both given.
    config : ModalityConfig
        The modality's image type, label and columns.
    rules : MaskRules
        What WORC will do with the mask.
    """

    patient: Patient
    modality: str
    pair: ImagePair
    config: ModalityConfig
    rules: MaskRules


def inspect_scans(
    scans: Sequence[Scan], cores: int, progress: Progress | None
) -> list[PairInspection]:
    """Inspect all scans, in other processes if there are cores for it.

    Raises
    ------
    CohortError
        A process was killed, most likely for want of memory.
    """
    done = 0

    def report() -> None:
        if progress is not None:
            progress(_STAGE, done, len(scans))

    report()
    if cores <= 1 or len(scans) < 2:
        inspections = []
        for scan in scans:
            inspections.append(_inspect_scan(scan))
            done += 1
            report()
        return inspections
    from loky import BrokenProcessPool, ProcessPoolExecutor

    by_position: dict[int, PairInspection] = {}
    pool = ProcessPoolExecutor(
        max_workers=min(cores, len(scans)), initializer=end_with, initargs=(os.getpid(),)
    )
    finished = False
    try:
        with without_interrupts():
            futures = {pool.submit(_inspect_scan, scan): n for n, scan in enumerate(scans)}
        for future in as_completed(futures):
            by_position[futures[future]] = future.result()
            done += 1
            report()
        finished = True
    except BrokenProcessPool:
        message = "A process that read images was stopped, most likely for want of memory."
        remedy = "Close other programs, or check with one core."
        raise CohortError(message, [Problem(message, remedy)]) from None
    finally:
        pool.shutdown(wait=True, kill_workers=not finished)
    return [by_position[position] for position in range(len(scans))]


def _inspect_scan(scan: Scan) -> PairInspection:
    return inspect_pair(scan.pair, scan.modality, scan.config, scan.rules)
