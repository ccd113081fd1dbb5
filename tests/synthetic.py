"""Tiny cohorts for tests: random ellipsoid tumours in noise, written as NIfTI."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import SimpleITK as sitk

from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.splits import Split
from lungmet_worc.study.study_file import load_study

Array = npt.NDArray[Any]

SHAPE = (8, 16, 16)  # slices, rows, columns
SPACING = (1.0, 1.0, 3.0)  # mm: column, row, slice


def write_cohort(
    folder: Path,
    n_patients: int = 12,
    modalities: Sequence[str] = ("MRI", "CT"),
    *,
    n_events: int | None = None,
    shape: tuple[int, int, int] = SHAPE,
    effect: float = 1.0,
    seed: int = 0,
) -> Path:
    """Write images, masks and ``manifest.csv``; return the manifest's path.

    Patients are P1, P2, ...; columns patient_id, lung_met (events first, every other
    patient), age and grade (which say nothing of the outcome) and <modality>_image,
    <modality>_mask in lower case. ``effect`` is how much coarser the tumours of events are; 0
    plants nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n_events = n_patients // 2 if n_events is None else n_events
    order = [*range(0, n_patients, 2), *range(1, n_patients, 2)]
    events = set(order[:n_events])
    rows = []
    for number in range(n_patients):
        random = np.random.default_rng([seed, number])
        name = f"P{number + 1}"
        outcome = int(number in events)
        row: dict[str, Any] = {"patient_id": name, "lung_met": outcome}
        row |= {"age": 40 + number, "grade": ("high", "low", "low", "high")[number % 4]}
        mask = make_mask(random, shape)
        for modality in modalities:
            image = make_image(random, mask, modality, 1.0 + effect * outcome)
            for kind, voxels in (("image", image), ("mask", mask)):
                file = f"images/{name}_{modality}_{kind}.nii.gz"
                write_volume(folder / file, voxels)
                row[f"{modality.lower()}_{kind}"] = file
        rows.append(row)
    return write_rows(folder / "manifest.csv", rows)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write dictionaries as a CSV whose columns are the keys of the first."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a comma-separated manifest back, to change it and write it again."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def change_cell(manifest: Path, patient_id: str, column: str, text: str) -> None:
    """Change one cell of a manifest."""
    rows = read_rows(manifest)
    for row in rows:
        if row["patient_id"] == patient_id:
            row[column] = text
    write_rows(manifest, rows)


def write_study(
    manifest: Path,
    modalities: Sequence[str] = ("MRI", "CT"),
    *,
    cohort: str = "",
    arms: str = "",
    search: str = "",
    more: str = "",
) -> Path:
    """Write ``study.toml`` beside a manifest of `write_cohort`; return its path.

    Parameters
    ----------
    cohort, search : str
        More lines of these tables.
    arms : str
        The tables of the arms; one arm per modality and "combined" if empty.
    more : str
        Further tables.
    """
    lines = [
        '[study]\nname = "test"\noutcome = "lung_met"',
        f'[cohort]\nmanifest = "{manifest.name}"\n{cohort}',
    ]
    for modality in modalities:
        low = modality.lower()
        kind = "CT" if modality.startswith("CT") else "MRI"
        lines.append(
            f'[modalities.{modality}]\nimage = "{low}_image"\nsegmentation = "{low}_mask"\n'
            f'image_type = "{kind}"'
        )
    if not arms:
        named = {f"{modality}_only": [modality] for modality in modalities}
        if len(modalities) > 1:
            named["combined"] = list(modalities)
        arms = "\n".join(f"[arms.{name}]\nmodalities = {used}" for name, used in named.items())
    lines += [arms, f'[search]\npreset = "smoke"\n{search}', more]
    path = manifest.with_name("study.toml")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def make_study(
    manifest: Path, modalities: Sequence[str] = ("MRI", "CT"), **parts: str
) -> StudyConfig:
    """Write and load a study; see `write_study`."""
    return load_study(write_study(manifest, modalities, **parts))


def make_mask(random: np.random.Generator, shape: tuple[int, int, int] = SHAPE) -> Array:
    """Return an ellipsoid with an uneven surface, in one piece, as 0 and 1."""
    size = np.asarray(shape)
    centre = (size - 1) / 2 + random.uniform(-0.5, 0.5, 3)
    radii = size * random.uniform(0.22, 0.32, 3)
    grid = np.indices(shape).reshape(3, -1).T
    distance = np.linalg.norm((grid - centre) / radii, axis=1).reshape(shape)
    rough = random.random(shape) < 0.3
    inside = distance <= 1
    # A voxel joins only beside the tumour, so that it stays in one piece.
    beside = np.zeros(shape, bool)
    for axis in range(3):
        for step in (-1, 1):
            beside |= np.roll(inside, step, axis)
    return (inside | (beside & rough)).astype(np.uint8)


def make_image(
    random: np.random.Generator, mask: Array, modality: str = "MRI", spread: float = 1.0
) -> Array:
    """Return noise with the tumour in it: CT in Hounsfield units, others around 400."""
    noise = random.normal(0, 1, mask.shape)
    if modality.startswith("CT"):
        image = np.where(mask, 40 + 15 * spread * noise, -80 + 20 * noise)
        image[:, 0, :] = -1000
        return np.rint(image).astype(np.int16)
    image = np.where(mask, 450 + 60 * spread * noise, 300 + 40 * noise)
    return np.rint(np.clip(image, 0, None)).astype(np.int16)


def write_volume(
    path: Path,
    voxels: Array,
    *,
    spacing: Sequence[float] = SPACING,
    origin: Sequence[float] = (10.0, -20.0, 30.0),
    direction: Sequence[float] | None = None,
    vector: bool = False,
) -> Path:
    """Write an array (slice, row, column) with its geometry; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(voxels, isVector=vector)
    dimension = image.GetDimension()
    image.SetSpacing([*spacing, 1.0][:dimension])
    image.SetOrigin([*origin, 0.0][:dimension])
    if direction is not None:
        image.SetDirection(direction)
    sitk.WriteImage(image, str(path), True)
    return path


def read_splits(path: Path) -> list[Split]:
    """Return the splits of a file in WORC's format, with the ids as written."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    parts = [tuple(filter(None, frame[column])) for column in frame]
    return [Split(index // 2, *parts[index : index + 2]) for index in range(0, len(parts), 2)]
