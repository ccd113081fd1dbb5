"""Foretell how long a study takes, and what it needs, from what was measured.

    python experiments/benchmarks/sizing.py                            prints the tables
    python experiments/benchmarks/sizing.py --write docs/machines.md   puts them into the page

Read from ``results``: ``search.csv`` (one search by preset, patients and features; scaling.py
--presets), ``extraction.csv`` (full features of real volumes; extraction.py --table) and
``evaluation.csv`` (evaluation and report; evaluation.py). Between two measured numbers of
patients, seconds and megabytes of a file follow a power law and memory a straight line; beyond
the largest the last of these goes on, and the row is marked as extrapolated. Candidates, inner
splits and the size of the ensemble only multiply. Splits are handed to the cores one by one, as a
run does.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungmet_worc.pipeline.stages.extraction import SECONDS_PER_VOLUME
from lungmet_worc.study.worc_settings import PRESETS

RESULTS = Path(__file__).with_name("results")
#: Measured on the public cohort on one core: reading and checking a volume and its segmentation,
#: and WORC's look at the images, which is one task for a modality; seconds of a volume.
CHECK_SECONDS, FINGERPRINT_SECONDS = 0.1, 0.02
#: What a feature file takes on disk, in MB; it hardly depends on the features.
FEATURE_FILE = 1.1
CORES = (2, 8, 32, 1000)
PATIENTS = (50, 200, 500, 1500, 10000)
BEGIN, END = "<!-- begin: sizing.py -->", "<!-- end: sizing.py -->"


@dataclass(frozen=True)
class Case:
    """A study: modalities of each arm, preset, and what is changed in its search."""

    patients: int
    preset: str
    arms: tuple[int, ...] = (1, 1, 2)
    candidates: int = 0
    ensemble: int = 0

    @property
    def search(self) -> tuple[int, int, int, int]:
        """Return splits, candidates, inner splits, and workflows in the ensemble."""
        preset = PRESETS[self.preset][0]
        size = self.ensemble or preset["ensemble"]["size"]  # type: ignore[index]
        candidates = self.candidates or preset["candidates"]
        return preset["splits"], candidates, preset["inner_splits"], size  # type: ignore[return-value]


@dataclass(frozen=True)
class Need:
    """What a study takes: hours by cores, hours of one search, memory and disk."""

    hours: dict[int, float]
    longest: float
    memory_mb: float
    disk_gb: float
    extrapolated: bool


class Measured:
    """What was measured, and what it says of other sizes."""

    def __init__(self, folder: Path = RESULTS) -> None:
        self._search = _rows(folder / "search.csv")
        self._evaluation = _rows(folder / "evaluation.csv")
        volumes = [float(row["ours_s"]) for row in _rows(folder / "extraction.csv")]
        coarse = SECONDS_PER_VOLUME[True, "coarse"]
        self._volume = {"full": statistics.fmean(volumes), "coarse": coarse, "smoke": coarse}

    def need(self, case: Case) -> Need:
        """Return what a study takes."""
        splits, candidates, inner_splits, ensemble = case.search
        fits = candidates * inner_splits + ensemble + 1
        each, memory, file = {}, 0.0, 0.0
        for modalities in set(case.arms):
            seconds, peak, megabytes = self._one(case.preset, modalities, case.patients)
            each[modalities] = fits * seconds
            memory = max(memory, peak)
            file += ensemble * megabytes * case.arms.count(modalities)
        tasks = [each[modalities] for _ in range(splits) for modalities in case.arms]
        n_modalities = max(case.arms)
        volumes = n_modalities * case.patients
        after = self._after(case.patients, splits) * len(case.arms) / 3
        hours = {}
        for cores in CORES:
            features = volumes * (CHECK_SECONDS + self._volume[case.preset]) / cores
            fingerprint = FINGERPRINT_SECONDS * case.patients * max(1, n_modalities / cores)
            seconds = features + fingerprint + _wall(tasks, cores) + after
            hours[cores] = seconds / 3600
        disk = (splits * file + volumes * FEATURE_FILE) / 1000
        return Need(
            hours, max(tasks) / 3600, memory, disk, case.patients > self._largest(case.preset)
        )

    def largest(self) -> int:
        """Return the most patients with which all presets were measured."""
        return min(self._largest(preset) for preset in PRESETS)

    def _of(self, preset: str) -> list[dict[str, str]]:
        return [row for row in self._search if row["preset"] == preset]

    def _largest(self, preset: str) -> int:
        return max(int(row["patients"]) for row in self._of(preset))

    def _one(self, preset: str, modalities: int, patients: int) -> tuple[float, float, float]:
        """Return seconds of a fit, peak MB, and MB of the file for each member of an ensemble."""
        rows = self._of(preset)
        fewest = min(int(row["features"]) for row in rows)
        rows = [row for row in rows if int(row["features"]) == modalities * fewest]
        sizes = [float(row["patients"]) for row in rows]
        fits = [
            int(row["candidates"]) * int(row["inner_splits"]) + int(row["ensemble"]) + 1
            for row in rows
        ]
        seconds = [float(row["seconds"]) / n for row, n in zip(rows, fits, strict=True)]
        files = [float(row["file"]) / int(row["ensemble"]) for row in rows]
        return (
            math.exp(_line(np.log(sizes), np.log(seconds), math.log(patients))),
            _line(sizes, [float(row["peak"]) for row in rows], patients),
            math.exp(_line(np.log(sizes), np.log(files), math.log(patients))),
        )

    def _after(self, patients: int, splits: int) -> float:
        """Return the seconds of evaluation and report of three arms: linear in both sizes."""
        rows = self._evaluation
        sizes = [[1.0, float(row["patients"]), float(row["splits"])] for row in rows]
        seconds = [float(row["evaluation_s"]) + float(row["report_s"]) for row in rows]
        factors, *_ = np.linalg.lstsq(np.asarray(sizes), np.asarray(seconds), rcond=None)
        return float(np.asarray([1.0, patients, splits]) @ factors)


def _line(x: npt.ArrayLike, y: npt.ArrayLike, at: float) -> float:
    """Return a value between the points, or on the line through the two that are nearest."""
    order = np.argsort(x)
    known, values = np.asarray(x)[order], np.asarray(y)[order]
    right = int(np.clip(np.searchsorted(known, at), 1, len(known) - 1))
    left = right - 1
    slope = (values[right] - values[left]) / (known[right] - known[left])
    return float(values[left] + slope * (at - known[left]))


def _wall(tasks: Sequence[float], cores: int) -> float:
    """Return when the last of the tasks ends, each given to the core that is free first."""
    free = [0.0] * cores
    for seconds in tasks:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cases() -> list[tuple[str, Case]]:
    """Return what the table shows: the words of its preset, and the study."""
    found = [(preset, Case(n, preset)) for n in PATIENTS for preset in ("smoke", "coarse", "full")]
    found += [("full", Case(n, "full", arms=(1,))) for n in PATIENTS]
    tenth = Case(PATIENTS[-1], "full", candidates=100, ensemble=10)
    return [
        *found,
        ("full, 100 candidates, ensemble of 10", tenth),
        ("the same", replace(tenth, arms=(1,))),
    ]


def table(measured: Measured) -> str:
    """Return the table in Markdown."""
    heads = ["Patients", "Arms", "Preset", *(f"{cores:,} cores" for cores in CORES)]
    heads += ["One search", "Memory a core", "Disk"]
    lines = [_cells(heads), _cells(["---:", "---:", "---", *["---:"] * (len(heads) - 3)])]
    for words, case in cases():
        need = measured.need(case)
        mark = " *" if need.extrapolated else ""
        times = [_time(need.hours[cores]) for cores in CORES]
        size = [f"{need.memory_mb / 1000:.1f} GB", _disk(need.disk_gb)]
        what = [f"{case.patients:,}{mark}", str(len(case.arms)), words]
        lines.append(_cells([*what, *times, _time(need.longest), *size]))
    note = (
        f"\\* Extrapolated: searches were measured with up to {measured.largest():,} patients. "
        "All other rows lie between measured ones; preset, cores and splits are multiplied."
    )
    return "\n".join([*lines, "", note])


def _time(hours: float) -> str:
    if hours < 1 / 60:
        return "1 min"
    if hours < 1.5:
        return f"{math.ceil(hours * 60)} min"
    return f"{hours:.1f} h" if hours < 10 else f"{hours:,.0f} h"


def _disk(gigabytes: float) -> str:
    return f"{gigabytes:.1f} GB" if gigabytes < 10 else f"{gigabytes:,.0f} GB"


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table, or put it into a page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args()
    text = table(Measured())
    if not arguments.write:
        print(text)
        return
    page = arguments.write.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    arguments.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
