"""Defects of WORC 3.7.0 and PREDICT 3.2.0 in images and features, and our answers.

Each test calls their own code to show the defect; ``docs/worc_errata.md`` explains them. What
a feature is stays as WORC computes it: the errata are about knowing.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.checks.study import check_study
from lungmet_worc.study import worc_settings
from lungmet_worc.worc.fingerprint import fingerprint_images
from tests.synthetic import Array, make_image, make_mask, make_study, write_cohort, write_volume
from tests.worc.tools import modality_settings

pytestmark = pytest.mark.worc


def _slices(seed: int = 0) -> tuple[Array, Array]:
    """Return a normalised image and a mask as PREDICT has them, the slice on the last axis."""
    random = np.random.default_rng(seed)
    mask = make_mask(random, (10, 32, 32))
    image = make_image(random, mask).astype(float)
    image = (image - image.mean()) / image.std()
    with_tumour = mask.any(axis=(1, 2))
    return image[with_tumour].transpose(2, 1, 0), mask[with_tumour].transpose(2, 1, 0).astype(bool)


def test_e11_a_mask_with_one_slice_too_many_loses_the_last(
    worc: ModuleType, tmp_path: Path
) -> None:
    from PREDICT.CalcFeatures import CalcFeatures

    manifest = write_cohort(tmp_path / "study", 2, ["MRI"])
    image, mask = (
        manifest.parent / "images" / f"P1_MRI_{kind}.nii.gz" for kind in ("image", "mask")
    )
    voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(mask)))
    write_volume(mask, np.concatenate((voxels, voxels[-1:])))
    ini = tmp_path / "settings.ini"
    ini.write_text(worc_settings.to_ini(modality_settings("MR")), "utf-8")
    features = CalcFeatures(
        str(image), str(mask), str(ini), str(tmp_path / "f.hdf5"), verbose=False
    )
    assert len(features.feature_values) > 100
    problems = check_study(make_study(manifest, ["MRI"])).errors
    assert any(problem.patient == "P1" and "size" in problem.what for problem in problems)


def test_e25_fingerprint_undoes_what_the_user_set(worc: ModuleType, tmp_path: Path) -> None:
    """Under the coarse preset, in images with thin slices, the slow features come back."""
    from WORC.tools.fingerprinting import Fingerprinter

    settings = worc_settings.merge(
        worc_settings.default_settings(),
        {"ImageFeatures": worc_settings.COARSE["ImageFeatures"]},
        {"ImageFeatures": {"image_type": "CT"}, "Preprocessing": {"Normalize": "True"}},
    )
    image = write_volume(tmp_path / "i.nii.gz", np.zeros((4, 5, 6)), spacing=(1, 1, 1))
    ini = tmp_path / "settings.ini"
    ini.write_text(worc_settings.to_ini(settings), "utf-8")
    fingerprinter = Fingerprinter()
    fingerprinter.type, fingerprinter.configuration = "images", str(ini)
    fingerprinter.images = [str(image)]
    decided = fingerprinter.execute()
    assert decided["ImageFeatures"]["texture_Gabor"] == "True"
    assert decided["Preprocessing"]["Normalize"] == "False"
    fingerprint_images(
        settings=settings,
        overrides={
            "ImageFeatures": worc_settings.COARSE["ImageFeatures"],
            "Preprocessing": {"Normalize": "True"},
        },
        images=[str(image)], segmentations=[str(image)], scratch=str(tmp_path / "scratch"),
        output=str(tmp_path / "ours.ini"), stamp="stamp",
    )  # fmt: skip
    ours = worc_settings.from_ini((tmp_path / "ours.ini").read_text("utf-8"))
    assert ours["ImageFeatures"]["texture_Gabor"] == "False"
    assert ours["Preprocessing"]["Normalize"] == "True"
    assert ours["ImageFeatures"]["extraction_mode"] == decided["ImageFeatures"]["extraction_mode"]


def test_e30_any_number_of_tumours_means_one(worc: ModuleType, tmp_path: Path) -> None:
    from WORC.processing.segmentix import segmentix

    voxels = np.zeros((4, 16, 16), np.uint8)
    voxels[1:3, 2:6, 2:6] = 1
    voxels[1:3, 9:12, 9:12] = 1
    mask = write_volume(tmp_path / "mask.nii.gz", voxels)
    counts = []
    for n_blobs in ("1", "2", "0"):
        settings = modality_settings("MR")
        settings["Segmentix"]["N_blobs"] = n_blobs
        ini = tmp_path / "settings.ini"
        ini.write_text(worc_settings.to_ini(settings), "utf-8")
        counts.append(int(sitk.GetArrayFromImage(segmentix(str(ini), None, str(mask))).sum()))
    assert counts == [32, 32, 50]


def test_e34_glcm_blanks_the_image_for_the_features_after_it(worc: ModuleType) -> None:
    """Around the tumour, within its bounding box; Gabor, vessel and phase come later."""
    from PREDICT.imagefeatures import texture_features

    image, mask = _slices()
    before = image.copy()
    texture_features.get_GLCM_features(image, mask)
    changed = image != before
    assert changed.sum() > 100
    assert not changed[mask].any()
    assert (image[changed] == 0).all()
    kernel = (0.2, 0.0)
    filtered = texture_features.gabor_filter(image[:, :, 2], mask[:, :, 2], kernel)
    unblanked = texture_features.gabor_filter(before[:, :, 2], mask[:, :, 2], kernel)
    assert not np.allclose(filtered, unblanked)


def test_e35_values_below_zero_wrap_around_in_eight_bits(
    worc: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vessel filter is shown bright spots where a normalised image is darkest."""
    from PREDICT.imagefeatures import vessel_features

    seen: list[Array] = []

    def remember(image: Array, **options: object) -> Array:
        seen.append(image)
        return np.zeros(image.shape)

    monkeypatch.setattr(vessel_features, "frangi", remember)
    image, mask = _slices()
    vessel_features.get_vessel_features(image, mask)
    shown = np.stack(seen, axis=2)
    assert shown.dtype == np.uint8
    assert (shown[image <= -1] > 200).all()
    assert (shown[(image > -1) & (image < 1)] == 0).all()


def test_e36_vessel_features_of_the_edge_are_those_of_the_tumour(worc: ModuleType) -> None:
    from PREDICT.imagefeatures.vessel_features import get_vessel_features

    image, mask = _slices()
    values, labels = get_vessel_features(image * 50 + 100, mask)
    features = dict(zip(labels, values, strict=True))
    full = {name: value for name, value in features.items() if "_full_" in name}
    assert len(full) == 13
    for name, value in full.items():
        assert features[name.replace("_full_", "_edge_")] == value


def test_e37_gabor_of_whole_numbers_gives_whole_numbers(worc: ModuleType) -> None:
    """CT is not normalised, so its voxels are stored as whole Hounsfield units."""
    from PREDICT.imagefeatures.texture_features import gabor_filter

    image, mask = _slices()
    units = np.rint(image[:, :, 2] * 40)
    exact = gabor_filter(units, mask[:, :, 2], (0.2, 0.0))
    whole = gabor_filter(units.astype(np.int16), mask[:, :, 2], (0.2, 0.0))
    assert whole.dtype == np.int16
    assert not np.allclose(exact, whole)
    assert np.abs(exact - whole).max() < 1
