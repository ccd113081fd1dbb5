"""Our features are those of WORC's own tools, run as WORC's network runs them.

WORC computes in double precision, also what it normalises. Single precision are only the
images of SimpleITK's Laplacian of Gaussian (PREDICT's ``logf_`` features), whatever image
goes in. Where these tests were written every value was the same to the last bit, single or
not, since the code is the same and only the process differs; they allow 1e-6, and 1e-4 for
what is single.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.study import worc_settings
from lungmet_worc.worc.extraction import extract
from lungmet_worc.worc.storage import read_features
from tests.synthetic import Array, make_image, make_mask, write_volume
from tests.worc.tools import (
    feature_commands,
    modality_settings,
    read_tool_features,
    run,
    run_commands,
)

pytestmark = pytest.mark.worc

#: Small tumours, so that the test takes seconds.
PATIENTS = ("STS_002", "STS_019")
SCANS = {"MR": "MR_T1", "CT": "CT"}

Scan = tuple[Path, Path, str]


def _ours(scan: Scan, settings: dict[str, dict[str, str]], folder: Path) -> dict[str, float]:
    image, mask, _ = scan
    folder.mkdir(parents=True, exist_ok=True)
    ini = folder / "ours.ini"
    ini.write_text(worc_settings.to_ini(settings), "utf-8")
    extract(
        image=str(image),
        segmentation=str(mask),
        label=None,
        settings=str(ini),
        accelerate=True,  # as in a run
        scratch=str(folder / "scratch"),
        output=str(folder / "ours.hdf5"),
        stamp="stamp",
    )
    assert not any((folder / "scratch").iterdir())
    return read_features(folder / "ours.hdf5")


def _compare(scans: dict[str, Scan], folder: Path, *, full: bool = False) -> None:
    """Extract the features of scans in both ways and compare names, order and values."""
    settings = {name: modality_settings(scan[2], full=full) for name, scan in scans.items()}
    commands = [
        command
        for name, (image, mask, _) in scans.items()
        for command in feature_commands(image, mask, settings[name], folder / "tools" / name)
    ]
    run_commands(commands, folder)
    for name, scan in scans.items():
        _assert_equal(
            _ours(scan, settings[name], folder / "ours" / name),
            read_tool_features(folder / "tools" / name),
        )


def _assert_equal(ours: dict[str, float], theirs: dict[str, float]) -> None:
    assert list(ours) == list(theirs)
    assert len(ours) > 200
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=_tolerance(name), err_msg=name)


def _tolerance(name: str) -> float:
    return 1e-4 if "_logf_" in name else 1e-6


def _real(cohort: Path, patient: str, image_type: str) -> Scan:
    folder = cohort / "nifti" / patient
    image, mask = (folder / f"{SCANS[image_type]}_{kind}.nii.gz" for kind in ("image", "mask"))
    return image, mask, image_type


def _synthetic(folder: Path, seed: int = 1) -> dict[str, Scan]:
    scans = {}
    for number, image_type in enumerate(SCANS):
        random = np.random.default_rng([seed, number])
        # PREDICT's filters need some room around the tumour.
        mask = make_mask(random, (10, 32, 32))
        image = make_image(random, mask, "CT" if image_type == "CT" else "MRI")
        scans[image_type] = (
            write_volume(folder / f"{image_type}_image.nii.gz", image),
            write_volume(folder / f"{image_type}_mask.nii.gz", mask),
            image_type,
        )
    return scans


def test_synthetic_patients(worc, tmp_path: Path) -> None:
    _compare(_synthetic(tmp_path), tmp_path)


@pytest.mark.slow
def test_synthetic_patient_with_one_process_per_tool(worc, tmp_path: Path) -> None:
    """WORC starts a process for each tool; that makes no difference to the one process above."""
    import sys

    scan = _synthetic(tmp_path, seed=2)["MR"]
    settings = modality_settings("MR")
    for command in feature_commands(scan[0], scan[1], settings, tmp_path / "tools"):
        run([sys.executable, *command], tmp_path)
    _assert_equal(_ours(scan, settings, tmp_path), read_tool_features(tmp_path / "tools"))


@pytest.mark.real
@pytest.mark.slow
def test_two_real_patients_in_both_modalities(worc, real_cohort: Path, tmp_path: Path) -> None:
    scans = {
        f"{patient}_{image_type}": _real(real_cohort, patient, image_type)
        for patient in PATIENTS
        for image_type in SCANS
    }
    _compare(scans, tmp_path)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("image_type", SCANS)
def test_full_feature_set_of_a_real_patient(
    worc, real_cohort: Path, tmp_path: Path, image_type: str
) -> None:
    _compare({"scan": _real(real_cohort, "STS_019", image_type)}, tmp_path, full=True)


def test_other_formats_are_converted_as_worc_does(worc, tmp_path: Path) -> None:
    """NRRD images: WORC converts them to NIfTI, which stores the geometry in single precision."""
    scans = {}
    for name, (image, mask, image_type) in _synthetic(tmp_path / "nifti", seed=3).items():
        converted = [
            path.with_name(path.name.replace(".nii.gz", ".nrrd")) for path in (image, mask)
        ]
        for source, target in zip((image, mask), converted, strict=True):
            read = sitk.ReadImage(str(source))
            read.SetSpacing((0.1, 0.1, 0.3))
            sitk.WriteImage(read, str(target))
        scans[name] = (converted[0], converted[1], image_type)
    _compare({"MR": scans["MR"]}, tmp_path)


def _features(folder: Path, image: Path, mask: Path, label: int | None) -> dict[str, float]:
    settings = modality_settings("MR")
    settings["General"]["FeatureCalculators"] = "[predict/CalcFeatures:1.0]"
    ini = folder / "settings.ini"
    ini.write_text(worc_settings.to_ini(settings), "utf-8")
    output = folder / "features.hdf5"
    extract(
        image=str(image),
        segmentation=str(mask),
        label=label,
        settings=str(ini),
        accelerate=False,
        scratch=str(folder / "scratch"),
        output=str(output),
        stamp="stamp",
    )
    return read_features(output)


def _several(tumour: Array) -> Array:
    """Return the tumour as value 2, and value 1 beside it."""
    several = tumour * 2
    several[0, :6, :6] = 1
    return several


def _rounded(tumour: Array) -> Array:
    """Return a mask of 1, 0.9999 and 1.0004, and of values that are nearly nothing."""
    values = tumour.astype(np.float32)
    values[:, ::2] *= np.float32(0.9999)
    values[:, 1::4] += np.float32(4e-4)
    return values


@pytest.mark.parametrize(
    ("change", "label"),
    [
        (_several, 2),
        (_rounded, 1),
        (_rounded, None),
        (lambda tumour: tumour.astype(np.float64) * 0.9999, 1),
        (lambda tumour: tumour * 255, None),
    ],
)
def test_the_tumour_is_the_same_however_it_is_written(
    worc, tmp_path: Path, change: Callable[[Array], Array], label: int | None
) -> None:
    image, mask, _ = _synthetic(tmp_path, seed=4)["MR"]
    tumour = sitk.GetArrayFromImage(sitk.ReadImage(str(mask)))
    other = write_volume(tmp_path / "other.nii.gz", change(tumour))
    expected = _features(tmp_path, image, mask, None)
    assert _features(tmp_path, image, other, label) == expected


def test_what_lies_beside_an_image_or_a_mask_changes_nothing(worc, tmp_path: Path) -> None:
    image, mask, _ = _synthetic(tmp_path, seed=6)["MR"]
    expected = _features(tmp_path, image, mask, 1)
    for path in (image, mask):
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        write_volume(path.with_name(path.name.removesuffix(".gz")), np.roll(voxels, 2, axis=1))
    assert _features(tmp_path, image, mask, 1) == expected
    assert _features(tmp_path, image, mask, None) == expected


@pytest.mark.parametrize(
    ("preprocessing", "general"),
    [
        ({"Resampling": "True", "Resampling_spacing": "1.5, 1.5, 3"}, "True"),
        ({"CheckOrientation": "True"}, "False"),
    ],
)
def test_segmentix_sees_the_image_that_worc_shows_it(
    worc, tmp_path: Path, preprocessing: dict[str, str], general: str
) -> None:
    """WORC's network gives segmentix the image before preprocessing."""
    scan = _synthetic(tmp_path, seed=5)["MR"]
    settings = modality_settings("MR")
    settings["Preprocessing"] |= preprocessing
    settings["General"]["AssumeSameImageAndMaskMetadata"] = general
    commands = feature_commands(scan[0], scan[1], settings, tmp_path / "tools")
    run_commands(commands, tmp_path)
    _assert_equal(_ours(scan, settings, tmp_path), read_tool_features(tmp_path / "tools"))


def test_unknown_toolbox_is_named() -> None:
    from lungmet_worc.worc.extraction import calculators

    with pytest.raises(ValueError, match="no feature toolbox other"):
        calculators({"General": {"FeatureCalculators": "[other/Thing:1.0]"}})
