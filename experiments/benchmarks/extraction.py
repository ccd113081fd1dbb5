"""Measure WORC's feature extraction, plain and accelerated, on a cohort's images.

Both are called in this process, in turns, on one core; what is counted is processor time of
PREDICT and PyRadiomics with WORC's full feature set, from the preprocessed image to the features.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import platform
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lungmet_worc.study import worc_settings
from lungmet_worc.worc import environment

#: From the smallest to the largest tumour of the public sarcoma cohort.
SOME = (
    ("STS_019", "MR"), ("STS_008", "CT"), ("STS_002", "MR"), ("STS_018", "CT"), ("STS_036", "MR"),
    ("STS_014", "MR"), ("STS_014", "CT"), ("STS_016", "CT"), ("STS_013", "CT"), ("STS_020", "MR"),
)  # fmt: skip
FILES = {"MR": "MR_T1", "CT": "CT"}
TOOLBOXES = ("predict", "pyradiomics")

COLUMNS = ("volume", "voxels", "slices", "plain_s", "ours_s", "ratio", "ratio_predict",
           "ratio_pyradiomics", "largest_difference", "feature")  # fmt: skip

Features = dict[str, float]


def main() -> None:
    """Time the extraction of several volumes both ways, and compare the features."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("cohort", type=Path, help="folder with nifti/<patient>/MR_T1_image.nii.gz")
    parser.add_argument("--all", action="store_true", help="every volume, which takes hours")
    parser.add_argument("--volumes", nargs="*", help="such as STS_014_MR")
    parser.add_argument("--table", type=Path, help="CSV to go on with: what it has is not measured")
    arguments = parser.parse_args()
    volumes = list(SOME)
    if arguments.all:
        patients = sorted(folder.name for folder in (arguments.cohort / "nifti").iterdir())
        volumes = [(patient, kind) for patient in patients for kind in FILES]
        # So that the part measured before an interruption is a fair sample.
        random.Random(0).shuffle(volumes)
    elif arguments.volumes:
        volumes = [(name[:-3], name[-2:]) for name in arguments.volumes]
    rows = []
    if arguments.table and arguments.table.exists():
        with arguments.table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    known = {row["volume"] for row in rows}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment.set_up(Path(folder))
        print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
        _warm_up(arguments.cohort, Path(folder))
        for patient, kind in volumes:
            if f"{patient}_{kind}" not in known:
                rows.append(measure(arguments.cohort / "nifti" / patient, kind, Path(folder)))
                print("  ".join(rows[-1].values()), flush=True)
                if arguments.table:
                    _write(rows, arguments.table)
    summarise(rows)


def measure(source: Path, kind: str, folder: Path) -> dict[str, str]:
    """Return the row of one volume: ours, plain, and ours again, whose features must be the same.

    Ours counts with the mean of its two times.
    """
    image, mask, ini, size = _prepared(source, kind, folder)
    ours, our_seconds = _extract(image, mask, ini, folder, fast=True)
    plain, plain_seconds = _extract(image, mask, ini, folder, fast=False)
    again, again_seconds = _extract(image, mask, ini, folder, fast=True)
    if not _same(ours, again):
        sys.exit(f"{source.name} {kind}: two extractions differ.")
    seconds = {name: (our_seconds[name] + again_seconds[name]) / 2 for name in TOOLBOXES}
    total, our_total = sum(plain_seconds.values()), sum(seconds.values())
    difference, name = largest_difference(plain, ours)
    parts = [f"{plain_seconds[toolbox] / seconds[toolbox]:.1f}" for toolbox in TOOLBOXES]
    values = (
        f"{source.name}_{kind}", str(size[0]), str(size[1]), f"{total:.2f}", f"{our_total:.3f}",
        f"{total / our_total:.1f}", *parts, f"{difference:.1e}", name,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def summarise(rows: list[dict[str, str]]) -> None:
    """Print medians and extremes over all volumes."""
    plain, ours, ratios, differences = (
        [float(row[name]) for row in rows]
        for name in ("plain_s", "ours_s", "ratio", "largest_difference")
    )
    print(f"{len(rows)} volumes, processor seconds a volume, median and longest:")
    print(f"plain {statistics.median(plain):8.2f} {max(plain):8.2f}   in all {sum(plain):8.0f}")
    print(f"ours  {statistics.median(ours):8.2f} {max(ours):8.2f}   in all {sum(ours):8.0f}")
    print(f"ratio: median {statistics.median(ratios):.1f}, least {min(ratios):.1f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"largest relative difference {max(differences):.1e}; peak memory {memory:.0f} MB")


def _warm_up(cohort: Path, folder: Path) -> None:
    """Pay once for imports and for what is made once per process, in neither's time."""
    patient, kind = SOME[0]
    image, mask, ini, _ = _prepared(cohort / "nifti" / patient, kind, folder)
    for fast in (True, False):
        _extract(image, mask, ini, folder, fast=fast, toolboxes=TOOLBOXES[1:])


def _write(rows: list[dict[str, str]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def largest_difference(plain: Features, ours: Features) -> tuple[float, str]:
    """Return the largest relative difference of two sets of features, and the feature's name."""
    if list(plain) != list(ours):
        sys.exit("The names of the features differ.")
    largest, name = 0.0, "-"
    for label, value in plain.items():
        if np.isnan(value) and np.isnan(ours[label]):
            continue
        difference = abs(ours[label] - value) / max(abs(value), 1e-12)
        if not difference <= largest:
            largest, name = difference, label
    return largest, name


def _same(one: Features, other: Features) -> bool:
    return np.array_equal(list(one.values()), list(other.values()), equal_nan=True)


def _prepared(source: Path, kind: str, folder: Path) -> tuple[str, str, Path, tuple[int, int]]:
    """Preprocess one volume as WORC does; return its files, settings, and voxels and slices."""
    import SimpleITK as sitk

    from lungmet_worc.worc import extraction

    settings = worc_settings.merge(
        worc_settings.default_settings(), {"ImageFeatures": {"image_type": kind}}
    )
    settings["Preprocessing"]["Normalize"] = str(kind != "CT")
    settings["PyRadiomics"] |= (
        {"binCount": "None", "binWidth": "25"}
        if kind == "CT"
        else {"binCount": "16", "binWidth": "None"}
    )
    ini = folder / f"{kind}.ini"
    ini.write_text(worc_settings.to_ini(settings), "utf-8")
    image, mask = (str(source / f"{FILES[kind]}_{part}.nii.gz") for part in ("image", "mask"))
    with environment.quiet():
        prepared = extraction._preprocess(image, ini, folder / "image.nii")
        segmented = extraction._segmentix(image, mask, ini, folder / "mask.nii")
    tumour = sitk.GetArrayFromImage(sitk.ReadImage(segmented)) > 0
    return prepared, segmented, ini, (int(tumour.sum()), int(tumour.any((1, 2)).sum()))


def _extract(
    image: str,
    mask: str,
    ini: Path,
    folder: Path,
    *,
    fast: bool,
    toolboxes: tuple[str, ...] = TOOLBOXES,
) -> tuple[Features, dict[str, float]]:
    """Return all features of one volume, and the seconds that each toolbox took."""
    from lungmet_worc.worc import extraction
    from lungmet_worc.worc.acceleration.extraction import EXTRACTION

    config = worc_settings.from_ini(ini.read_text("utf-8"))
    features: Features = {}
    seconds = {}
    with (
        tempfile.TemporaryDirectory(dir=folder) as work,
        EXTRACTION.installed() if fast else contextlib.nullcontext(),
        environment.quiet(),
    ):
        for toolbox in toolboxes:
            start = time.process_time()
            found = extraction._TOOLBOXES[toolbox](image, mask, ini, config, Path(work))
            seconds[toolbox] = time.process_time() - start
            pairs = zip(found["feature_labels"], found["feature_values"], strict=True)
            features.update({name: float(value) for name, value in pairs})
    return features, seconds


if __name__ == "__main__":
    main()
