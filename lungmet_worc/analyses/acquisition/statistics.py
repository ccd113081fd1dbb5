"""How the images of a study were made: voxels, matrix, tumours, and what the manifest says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

import pandas as pd

from lungmet_worc.analyses.acquisition.table import ACQUISITION
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.imaging.inspection import PairInspection, Scan, inspect_scan
from lungmet_worc.imaging.inspection_cache import kept_inspections
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.imaging.volumes import stored_type
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reading.spreadsheet import is_missing, parse_number

IN_PLANE = Sentence("Voxel size in plane (mm)")
THICKNESS = Sentence("Slice thickness (mm)")
MATRIX = Sentence("Matrix (columns x rows)")
SLICES = Sentence("Slices")
TUMOUR_SLICES = Sentence("Slices with tumour")
TUMOUR_VOLUME = Sentence("Tumour volume (ml)")
VOXELS = Sentence("Type of the stored values")
IMAGE_TYPE = Sentence("Image type for WORC")
#: What SimpleITK calls the types that are common.
_TYPES = (
    Sentence("8-bit unsigned integer"),
    Sentence("16-bit signed integer"),
    Sentence("16-bit unsigned integer"),
    Sentence("32-bit signed integer"),
    Sentence("32-bit float"),
    Sentence("64-bit float"),
)
#: A column of the manifest with more different numbers than this is told as median and range.
MOST_NUMBERS = 6
#: Of a column with more different texts than this the most frequent ones are named.
MOST_TEXTS = 8


def acquisition_table(
    study: StudyConfig,
    patients: Sequence[Patient],
    pairs: Sequence[tuple[Patient, str]],
    kept: Path,
) -> pd.DataFrame:
    """Describe the images of the patients who enter an arm.

    Sizes and tumours are those that the check of the images found; only of images that it did
    not keep are the voxels read again.

    Parameters
    ----------
    study : StudyConfig
    patients : sequence of Patient
        Those who enter an arm.
    pairs : sequence of (Patient, str)
        Each of them with each modality of an arm.
    kept : Path
        File of the inspections that the check kept.

    Returns
    -------
    DataFrame
        Columns of the table ``acquisition``; what stands in the manifest stays as it is in all
        languages, words and numbers of ours are a `Sentence`. First the rows of each modality:
        numbers as "median (smallest to largest)", other values with how many patients have them,
        as in "256 x 256 20, 512 x 512 31". Then, with no modality, a row for each column of the
        manifest that ``[report] acquisition`` names; n_patients counts those of whom it is known.
    """
    rows: list[tuple[str, str, str, int]] = []
    scans = _scans(study, pairs)
    inspections = _inspections(scans, kept)
    for modality, source in study.images.items():
        found = [
            (scan, inspection)
            for scan, inspection in zip(scans, inspections, strict=True)
            if scan.modality == modality and inspection.spacing
        ]
        if found:
            rows += [
                (modality, name, value, len(found))
                for name, value in _described(found, source.image_type)
            ]
    rows += [_of_column(patients, column) for column in study.report.acquisition]
    return ACQUISITION.frame(rows)


def _scans(study: StudyConfig, pairs: Sequence[tuple[Patient, str]]) -> list[Scan]:
    """Return what was checked before the run, of the patients who enter."""
    images = study.images
    rules = {name: MaskRules.from_settings(study.modality_settings(name)) for name in images}
    return [
        Scan(patient, name, patient.images[name], images[name], rules[name])
        for patient, name in pairs
        if name in images
    ]


def _inspections(scans: Sequence[Scan], kept: Path) -> list[PairInspection]:
    return [
        inspect_scan(scan) if found is None else found
        for scan, found in zip(scans, kept_inspections(scans, kept), strict=True)
    ]


def _described(
    found: Sequence[tuple[Scan, PairInspection]], image_type: str
) -> list[tuple[str, str]]:
    """Return name and value of each property of a modality."""
    inspections = [inspection for _, inspection in found]
    spacings = [inspection.spacing for inspection in inspections]
    sizes = [inspection.size for inspection in inspections]
    volumes = [i.tumour_voxels * math.prod(i.spacing) / 1000 for i in inspections]
    known: dict[str, str] = {text: text for text in _TYPES}
    types = [
        (stored_type(scan.pair.image) if scan.pair.image else None) or Sentence("not known")
        for scan, _ in found
    ]
    return [
        # Where pixels are not square, the longer side says how fine the image is.
        (IN_PLANE, _median_and_range(max(spacing[:2]) for spacing in spacings)),
        (THICKNESS, _median_and_range(spacing[2] for spacing in spacings)),
        (MATRIX, _matrix(sizes)),
        (SLICES, _median_and_range(size[2] for size in sizes)),
        (TUMOUR_SLICES, _median_and_range(i.tumour_slices for i in inspections)),
        (TUMOUR_VOLUME, _median_and_range(volumes)),
        (VOXELS, _counted(known.get(kind, kind) for kind in types)),
        (IMAGE_TYPE, image_type),
    ]


def _matrix(sizes: Sequence[tuple[int, ...]]) -> str:
    """Return columns x rows, each with its count, or their ranges where there are many."""
    if len({size[:2] for size in sizes}) <= MOST_TEXTS:
        return _counted(f"{size[0]} x {size[1]}" for size in sizes)
    return joined([_median_and_range(size[axis] for size in sizes) for axis in (0, 1)], " x ")


def _of_column(patients: Sequence[Patient], column: str) -> tuple[str, str, str, int]:
    """Return the row of a column of the manifest."""
    cells = [patient.clinical.get(column, "").strip() for patient in patients]
    known = [cell for cell in cells if not is_missing(cell)]
    numbers = _numbers(known)
    values: list[str] = []
    if numbers is not None and len(set(numbers)) > MOST_NUMBERS:
        values = [_median_and_range(numbers)]
    elif known:
        values = [_counted(known)]
    if len(known) < len(cells):
        values.append(Sentence("not known {n}", n=len(cells) - len(known)))
    return "", column, joined(values, "; "), len(known)


def _numbers(cells: Iterable[str]) -> list[float] | None:
    """Return texts as numbers, None if one of them is none."""
    try:
        return [number for cell in cells if (number := parse_number(cell)) is not None]
    except ValueError:
        return None


class _ThreeDigits(float):
    """A number that is said with three digits."""

    def __format__(self, spec: str) -> str:
        return super().__format__(".0f" if self >= 100 else ".3g")


def _median_and_range(values: Iterable[float]) -> Sentence:
    """Return numbers as "median (smallest to largest)", or as one number where all are the same."""
    known = sorted(values)
    low, middle, high = map(_ThreeDigits, (known[0], median(known), known[-1]))
    if f"{low}" == f"{high}":
        return Sentence("{value}", value=middle)
    return Sentence("{middle} ({low} to {high})", middle=middle, low=low, high=high)


def _counted(texts: Iterable[str]) -> Sentence:
    """Return texts with how often each is there, the most frequent first.

    Spellings that differ by upper and lower case count as the one that is more frequent.
    """
    spelled = Counter(texts)
    counts: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for text, number in spelled.most_common():
        counts[spellings.setdefault(text.lower(), text)] += number
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    # In brackets: "40 x 40 24" would be read as a matrix of three.
    said = [Sentence("{text} ({n})", text=text, n=number) for text, number in ordered[:MOST_TEXTS]]
    values = [joined(said, ", ")]
    if others := sum(number for _, number in ordered[MOST_TEXTS:]):
        more = len(ordered) - MOST_TEXTS
        values.append(Sentence("{n} other values {m}", n=more, m=others))
    return joined(values, "; ")
