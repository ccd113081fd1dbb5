"""Synthetic MRI and CT cohort with a known answer: MRI tells more than CT.

The tumours of patients with lung metastasis are more heterogeneous, clearly on MRI and
slightly on CT. Size and shape say nothing. So a working pipeline finds a high AUC for MRI, a
lower one for CT, and nothing in the tumour volume.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import SimpleITK as sitk
from scipy import ndimage

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside
from lungmet_worc.tasks.run_folder.leftovers import make_scratch, remove_leftovers
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.mark import claim, kind_of, require_ours, resolved
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.record import give_places
from lungmet_worc.tasks.run_folder.state import now

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SPACING_MM = (1.0, 1.0, 3.0)
SHAPE = {"MRI": (12, 40, 40), "CT": (12, 44, 44)}  # slices, rows, columns
EVENT_SHARE = 0.42  # close to the share in published soft-tissue-sarcoma cohorts
# Difference between the outcome groups, in standard deviations of the heterogeneity.
EFFECT = {"MRI": 1.7, "CT": 1.2}


def make_demo_cohort(folder: Path, *, n_patients: int = 24, seed: int = 2024) -> Path:
    """Write a synthetic cohort: images, masks, manifest and study file.

    The same arguments give the same bytes. Files of an earlier call in the same folder are
    written again; those that somebody changed meanwhile are kept in ``old``.

    Parameters
    ----------
    folder
        Where to write; made when it does not exist.
    n_patients
        Number of patients, at least 2; 42 % of them have lung metastasis.
    seed
        Seed of everything random.

    Returns
    -------
    Path
        The study file, ``study.toml`` in the folder.

    Raises
    ------
    ValueError
        If there are fewer than two patients: then there are no two groups.
    RunFolderError
        If the folder holds anything but such a cohort; nothing was written.
    """
    if n_patients < 2:
        message = Sentence("A cohort needs at least 2 patients, got {n}.", n=n_patients)
        raise ValueError(message)
    paths = RunPaths(resolved(folder))
    with locked(paths, "demo"):
        remove_leftovers(paths)
        staged = make_scratch(paths) / "cohort"
        _write_cohort(staged, n_patients, seed)
        aside = KeptAside(paths, now())
        give_places(staged, paths.folder, aside.keep)
        aside.settle()
        remove_leftovers(paths)
    return folder / "study.toml"


def claim_demo_folder(folder: Path) -> None:
    """Make the folder of a demo ours, in which a cohort and its run will lie.

    Parameters
    ----------
    folder
        Made when it does not exist.

    Raises
    ------
    RunFolderError
        If it is not ours, or holds the run of another study; nothing was written.
    """
    folder = resolved(folder)
    require_ours(folder, "run")
    if (folder / "run.json").exists() and kind_of(folder / "cohort") != "demo":
        require_ours(folder, "demo")
    if (folder / "cohort").exists():
        require_ours(folder / "cohort", "demo")
    claim(folder, "run")


def _write_cohort(folder: Path, n_patients: int, seed: int) -> None:
    make_folder(folder)
    random = np.random.default_rng(seed)
    outcomes = _outcomes(n_patients, random)
    rows = []
    for number, outcome in enumerate(outcomes, start=1):
        # One generator per patient: a larger cohort begins with the same random draws.
        patient_random = np.random.default_rng([seed, number])
        rows.append(_write_patient(folder, f"P{number}", int(outcome), patient_random))
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False, lineterminator="\n")
    template = resources.files("lungmet_worc.study") / "templates" / "demo.toml"
    (folder / "study.toml").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")


def _outcomes(n_patients: int, random: np.random.Generator) -> IntArray:
    n_events = min(max(round(EVENT_SHARE * n_patients), 1), n_patients - 1)
    outcomes: IntArray = np.zeros(n_patients, dtype=np.int64)
    outcomes[:n_events] = 1
    return random.permutation(outcomes)


def _write_patient(
    folder: Path, patient_id: str, outcome: int, random: np.random.Generator
) -> dict[str, Any]:
    images = folder / "images" / patient_id
    make_folder(images)
    row: dict[str, Any] = {"patient_id": patient_id, "lung_metastasis": outcome}
    radii_mm = random.uniform(8.0, 12.5, size=3)
    lobes = random.normal(0.0, 0.09, size=6)
    for modality, make_image in (("MRI", _mri), ("CT", _ct)):
        mask = _tumour(SHAPE[modality], radii_mm, lobes)
        heterogeneity = random.normal() + EFFECT[modality] * outcome
        image = make_image(mask, float(heterogeneity), random)
        for kind, voxels in (("image", image), ("segmentation", mask.astype(np.uint8))):
            name = f"images/{patient_id}/{modality}_{kind}.nii.gz"
            _write_nifti(voxels, folder / name)
            row[f"{modality.lower()}_{kind}"] = name
    row["age"] = int(np.clip(random.normal(55, 15), 18, 90))
    row["sex"] = str(random.choice(["female", "male"]))
    # High grade is somewhat more frequent with metastasis, as in patients.
    row["grade"] = "high" if random.random() < 0.5 + 0.2 * outcome else "intermediate"
    return row


def _tumour(shape: tuple[int, int, int], radii_mm: FloatArray, lobes: FloatArray) -> IntArray:
    """Return a lobulated ellipsoid around the centre, as slices x rows x columns of 0 and 1."""
    axes = [
        (np.arange(size) - (size - 1) / 2) * spacing
        for size, spacing in zip(shape, reversed(SPACING_MM), strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    radius = np.sqrt((z / radii_mm[0]) ** 2 + (y / radii_mm[1]) ** 2 + (x / radii_mm[2]) ** 2)
    angle = np.arctan2(y, x)
    surface = np.ones(shape)
    for order, (cosine, sine) in enumerate(lobes.reshape(3, 2), start=2):
        surface += cosine * np.cos(order * angle) + sine * np.sin(order * angle)
    return (radius <= surface).astype(np.int64)


def _mri(mask: IntArray, heterogeneity: float, random: np.random.Generator) -> FloatArray:
    """Return a T1-like image in arbitrary units, with the scanner's own gain and shading."""
    image = np.where(_fat(mask), 900.0, 380.0)
    amplitude = 110.0 * np.exp(0.35 * heterogeneity)
    image = np.where(mask == 1, 450.0 + amplitude * _texture(mask.shape, random), image)
    shading = 1.0 + 0.05 * np.linspace(-1, 1, mask.shape[2])
    gain = random.uniform(0.7, 1.4)
    noisy = gain * (image * shading + random.normal(0.0, 18.0, size=mask.shape))
    clipped: FloatArray = noisy.clip(0, 4095)
    return clipped


def _ct(mask: IntArray, heterogeneity: float, random: np.random.Generator) -> FloatArray:
    """Return an image in Hounsfield units: air outside the skin, fat, muscle and tumour."""
    image = np.where(_fat(mask), -100.0, 55.0)
    amplitude = 14.0 * np.exp(0.35 * heterogeneity)
    image = np.where(mask == 1, 35.0 + amplitude * _texture(mask.shape, random), image)
    image += random.normal(0.0, 9.0, size=mask.shape)
    image[:, :2, :] = -1000.0
    return image.clip(-1024, 3071)


def _fat(mask: IntArray) -> npt.NDArray[np.bool_]:
    rows = np.arange(mask.shape[1])[None, :, None]
    return np.broadcast_to(rows < 5, mask.shape) & (mask == 0)


def _texture(shape: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    """Return smooth noise with mean 0 and standard deviation 1; patches of a few millimetres."""
    noise = ndimage.gaussian_filter(random.normal(size=shape), sigma=(0.6, 1.5, 1.5))
    texture: FloatArray = (noise - noise.mean()) / noise.std()
    return texture


def _write_nifti(voxels: npt.NDArray[Any], path: Path) -> None:
    if voxels.dtype != np.uint8:
        voxels = np.rint(voxels).astype(np.int16)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(SPACING_MM)
    sitk.WriteImage(image, str(path), useCompression=True)
