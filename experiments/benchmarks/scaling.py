"""Measure how the time and memory of one search grow with patients, features, candidates, splits.

A search is what one worker does for one arm and one split: all fits, the ensemble, and the file.
Each size runs in a new process on synthetic features; processor time is counted. The numbers to
read are the growth; the machine may be shared.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

GROUPS = ("hf", "sf", "tf_GLCM", "tf_GLRLM", "tf_Gabor", "tf_LBP", "vf", "phasef")
COARSE_GROUPS = ("hf", "sf", "tf_GLCM", "tf_GLRLM", "tf_LBP", "of")


@dataclass(frozen=True)
class Size:
    """What is searched: all but ``missing``, a share of cells, are numbers."""

    patients: int = 50
    features: int = 1100
    candidates: int = 100
    inner_splits: int = 2
    ensemble: int = 20
    missing: float = 0.0
    preset: str = "full"


USUAL = Size()
#: Each axis from the usual size on, and the largest that users have reported.
AXES: dict[str, tuple[Size, ...]] = {
    "patients": tuple(replace(USUAL, patients=n) for n in (50, 100, 200, 400)),
    "features": tuple(replace(USUAL, features=n) for n in (275, 550, 1100, 2200)),
    "candidates": tuple(replace(USUAL, candidates=n) for n in (50, 100, 200, 400)),
    "inner_splits": tuple(replace(USUAL, inner_splits=n) for n in (1, 2, 4)),
    "missing": tuple(replace(USUAL, patients=200, missing=share) for share in (0.0, 0.01, 0.05)),
}
#: Features of one modality; an arm of two has twice as many.
FEATURES = {"smoke": 220, "coarse": 220, "full": 564}
#: What sizing.py reads: each preset with its own features, classifiers and ensemble, but fewer
#: candidates and one inner split, since both only multiply the time.
PRESETS: tuple[Size, ...] = tuple(
    Size(patients, modalities * FEATURES[preset], 100, 1, ensemble, preset=preset)
    for patients in (50, 200, 500, 1500, 3000)
    for modalities in (1, 2)
    for preset, ensemble in (("smoke", 10), ("coarse", 1), ("full", 100))
)
LARGEST = Size(patients=1500, features=2200, inner_splits=1, ensemble=100)


def main() -> None:
    """Print seconds, fits per second, peak memory and size of the file for each size."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--axes", nargs="*", choices=AXES, default=list(AXES))
    parser.add_argument("--largest", action="store_true", help="also 1,500 patients, which is long")
    parser.add_argument(
        "--presets",
        type=Path,
        metavar="CSV",
        help="measure each preset by patients, and go on with this table (results/search.csv)",
    )
    parser.add_argument("--most", type=int, default=1500, help="patients, with --presets")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(Size(**json.loads(arguments.child)))))
        return
    if arguments.presets:
        _measure_presets(arguments.presets, arguments.most)
        return
    heads = [*asdict(USUAL), "seconds", "fits/s", "MB", "file MB"]
    print(_line(heads), _line(["---:"] * len(heads)), sep="\n")
    for axis in arguments.axes:
        for size in AXES[axis]:
            _show(size)
    if arguments.largest:
        _show(LARGEST)
        _show(replace(LARGEST, missing=0.05))


def measure(size: Size) -> dict[str, float]:
    """Run one search in this process as a worker does, and return what it took."""
    import pandas as pd

    from lungmet_worc.study import worc_settings
    from lungmet_worc.worc import environment
    from lungmet_worc.worc.storage import write_matrix

    random = np.random.default_rng(7)
    groups = GROUPS if size.preset == "full" else COARSE_GROUPS
    names = [
        f"PREDICT_original_{groups[n % len(groups)]}_f{n:04d}_MRI" for n in range(size.features)
    ]
    patients = [f"P{n:05d}" for n in range(size.patients)]
    outcomes = (random.random(size.patients) < 0.4).astype(int)
    values = random.normal(size=(size.patients, size.features)) * np.exp(
        random.normal(size=size.features)
    )
    values[:, ::17] += outcomes[:, None]
    values[random.random(values.shape) < size.missing] = np.nan
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment.set_up(folder / "worker")
        from lungmet_worc.worc.search import search_split

        write_matrix(
            folder / "arm.hdf5", pd.DataFrame(values, index=patients, columns=names), stamp=""
        )
        settings = worc_settings.merge(worc_settings.default_settings(), _search(size))
        (folder / "arm.ini").write_text(worc_settings.to_ini(settings), "utf-8")
        del values, settings
        n_test = size.patients // 5
        started = time.process_time()
        search_split(
            features=str(folder / "arm.hdf5"),
            modalities=["MRI"],
            outcomes=dict(zip(patients, outcomes.tolist(), strict=True)),
            train=patients[n_test:],
            test=patients[:n_test],
            settings=str(folder / "arm.ini"),
            outcome_name="outcome",
            seed=7919,
            aligned=True,
            accelerate=True,
            output=str(folder / "split.hdf5"),
            stamp="",
        )
        return {
            "seconds": time.process_time() - started,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "file": (folder / "split.hdf5").stat().st_size / 1e6,
        }


def _search(size: Size) -> dict[str, dict[str, Any]]:
    """Return WORC's settings of the preset, with fewer candidates."""
    from lungmet_worc.study import worc_settings as settings

    preset, worc = settings.PRESETS[size.preset]
    classifiers, ensemble = preset["classifiers"], preset["ensemble"]
    asked = {
        "Classification": {"classifiers": ", ".join(classifiers)},  # type: ignore[arg-type]
        "HyperOptimization": {
            "N_iterations": str(size.candidates),
            "n_splits": str(size.inner_splits),
        },
        "Ensemble": {"Method": ensemble["method"], "Size": str(size.ensemble)},  # type: ignore[index]
    }
    return settings.merge(worc, asked)


def _measure_presets(table: Path, most: int) -> None:
    """Measure what the table does not have yet, and write a row as soon as it is there."""
    sizes = [size for size in PRESETS if size.patients <= most]
    known = []
    if table.exists():
        with table.open(newline="", encoding="utf-8") as file:
            known = list(csv.DictReader(file))
    have = {tuple(row[name] for name in asdict(USUAL)) for row in known}
    heads = [*asdict(USUAL), "seconds", "peak", "file"]
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, heads, lineterminator="\n")
        if not known:
            writer.writeheader()
        for size in sizes:
            if tuple(str(value) for value in asdict(size).values()) not in have:
                measured = {name: round(value, 3) for name, value in _measured(size).items()}
                writer.writerow(asdict(size) | measured)
                file.flush()
                print(size, measured, flush=True)


def _measured(size: Size) -> dict[str, float]:
    """Measure a size in a process of its own."""
    command = [sys.executable, __file__, "--child", json.dumps(asdict(size))]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: dict[str, float] = json.loads(answer.splitlines()[-1])
    return measured


def _show(size: Size) -> None:
    measured = _measured(size)
    fits = size.candidates * size.inner_splits + size.ensemble + 1
    print(
        _line(
            [
                *map(str, asdict(size).values()),
                f"{measured['seconds']:.1f}",
                f"{fits / measured['seconds']:.1f}",
                f"{measured['peak']:.0f}",
                f"{measured['file']:.1f}",
            ]
        ),
        flush=True,
    )


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
