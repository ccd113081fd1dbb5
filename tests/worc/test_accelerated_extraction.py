"""The faster functions of the extraction give the numbers of PREDICT and PyRadiomics.

PREDICT's own functions run in the same process on the same arrays, so that a difference can only
come from a replacement. Where PREDICT ends with an error, so must ours.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.study import worc_settings
from lungmet_worc.worc.acceleration import checked
from lungmet_worc.worc.acceleration.extraction import EXTRACTION
from lungmet_worc.worc.environment import quiet
from tests.worc.tools import modality_settings

pytestmark = pytest.mark.worc

Volume = tuple[np.ndarray, np.ndarray]
SHAPE = (6, 26, 23)


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng([17, seed])


def _ball(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Return an ellipsoid, slices x rows x columns."""
    grid = np.indices(shape).reshape(3, -1).T
    middle, radii = np.asarray(shape) / 2 - 0.5, np.asarray(shape) / 3
    return ((((grid - middle) / radii) ** 2).sum(1) <= 1).reshape(shape)


def _smooth(random: np.random.Generator, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Return structure of several sizes, about normal in its values, as a normalised MRI."""
    from scipy import ndimage

    parts = [ndimage.gaussian_filter(random.normal(size=shape), scale) for scale in (0, 1, 3)]
    return sum(part / part.std() for part in parts)


def mri() -> Volume:
    return _smooth(_random(1)), _ball()


def mri_of_single_precision() -> Volume:
    return _smooth(_random(2)).astype(np.float32), _ball()


def ct() -> Volume:
    return (_smooth(_random(3)) * 60 + 40).astype(np.int16), _ball()


def ct_with_plateaus() -> Volume:
    return (np.round(_smooth(_random(4))) * 100).clip(-200, 200).astype(np.int16), _ball()


def tumour_at_the_border() -> Volume:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[:, :12, :9] = True
    mask[2:, 18:, 15:] = True
    return _smooth(_random(5)), mask


def tumour_everywhere() -> Volume:
    return _smooth(_random(6)), np.ones(SHAPE, dtype=bool)


def one_slice() -> Volume:
    mask = _ball()
    mask[:3] = mask[4:] = False
    return _smooth(_random(7)), mask


def one_voxel_wide() -> Volume:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[1:5, 4:25, 13] = True
    return _smooth(_random(8)), mask


def diagonal_line() -> Volume:
    mask = np.zeros(SHAPE, dtype=bool)
    for place in range(4, 20):
        mask[1:5, place, place] = True
    return _smooth(_random(9)), mask


def single_voxels_in_some_slices() -> Volume:
    mask = _ball()
    mask[0] = mask[5] = False
    mask[0, 3, 3] = mask[5, 20, 19] = True
    return _smooth(_random(10)), mask


def several_pieces() -> Volume:
    random = _random(11)
    return (_smooth(random) * 60).astype(np.int16), random.random(SHAPE) < 0.15


def constant_patch() -> Volume:
    image = _smooth(_random(12))
    image[:, 7:20, 5:18] = 1.25
    return image, _ball()


def constant_image() -> Volume:
    return np.full(SHAPE, 3.3), _ball()


def constant_ct() -> Volume:
    return np.full(SHAPE, 40, dtype=np.int16), _ball()


def tumour_of_zeros() -> Volume:
    image = _smooth(_random(13))
    image[_ball()] = 0
    return image, _ball()


def too_few_slices_for_the_laplacian() -> Volume:
    shape = (3, 24, 24)
    return _smooth(_random(15), shape), _ball(shape)


# No image smaller than the filters: what the original gives there is chance (errata E43).
CASES: tuple[Callable[[], Volume], ...] = (
    mri,
    mri_of_single_precision,
    ct,
    ct_with_plateaus,
    tumour_at_the_border,
    tumour_everywhere,
    one_slice,
    one_voxel_wide,
    diagonal_line,
    single_voxels_in_some_slices,
    several_pieces,
    constant_patch,
    constant_image,
    constant_ct,
    tumour_of_zeros,
    too_few_slices_for_the_laplacian,
)


def _predict(volume: Volume, kind: str, folder: Path) -> dict[str, float] | str:
    """Return PREDICT's features of a volume, or the error that it ends with."""
    import PREDICT.imagefeatures.get_features as gf
    from PREDICT.IOparser.config_io_CalcFeatures import load_config

    ini = folder / "settings.ini"
    ini.write_text(worc_settings.to_ini(modality_settings(kind, full=True)), "utf-8")
    config = load_config(str(ini))
    # Anew each time: PREDICT changes the image (errata E34).
    image, mask = (sitk.GetImageFromArray(part) for part in (volume[0], volume[1].astype(np.uint8)))
    data = {"images": image, "metadata": None, "semantics": None, "image_type": kind}
    try:
        with quiet():
            values, labels = gf.get_image_features(
                data,
                mask,
                config["ImageFeatures"]["parameters"],
                config["ImageFeatures"],
                config["General"],
            )
    except Exception as error:  # whatever PREDICT raises
        return type(error).__name__
    return dict(zip(labels, map(float, values), strict=True))


def _pyradiomics(volume: Volume, kind: str, folder: Path) -> dict[str, float] | str:
    """Return PyRadiomics' features of a volume, or the error that it ends with."""
    from lungmet_worc.worc import extraction

    paths = [str(folder / name) for name in ("image.nii", "mask.nii")]
    for part, path in zip((volume[0], volume[1].astype(np.uint8)), paths, strict=True):
        image = sitk.GetImageFromArray(part)
        image.SetSpacing((0.7, 0.9, 3.1))
        sitk.WriteImage(image, path)
    settings = modality_settings(kind, full=True)
    try:
        with quiet():
            found = extraction._pyradiomics(*paths, folder / "unused.ini", settings, folder)
    except Exception as error:  # whatever PyRadiomics raises
        return type(error).__name__
    pairs = zip(found["feature_labels"], found["feature_values"], strict=True)
    return {name: float(value) for name, value in pairs}


def _assert_same(plain: Any, ours: Any, tolerance: float) -> None:
    if isinstance(plain, str):
        assert ours == plain
        return
    assert list(ours) == list(plain)
    for name, value in plain.items():
        exact = "logf_" in name and tolerance < 1e-5
        np.testing.assert_allclose(
            ours[name],
            value,
            rtol=1e-12 if exact else tolerance,
            atol=1e-12,
            err_msg=name,
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_predict_of(worc, tmp_path: Path, case: Callable[[], Volume]) -> None:
    volume = case()
    kind = "CT" if np.issubdtype(volume[0].dtype, np.integer) else "MR"
    plain = _predict(volume, kind, tmp_path)
    with EXTRACTION.installed():
        ours = _predict(volume, kind, tmp_path)
    _assert_same(plain, ours, 1e-4 if volume[0].dtype == np.float32 else 1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_pyradiomics_of(worc, tmp_path: Path, case: Callable[[], Volume]) -> None:
    volume = case()
    kind = "CT" if np.issubdtype(volume[0].dtype, np.integer) else "MR"
    plain = _pyradiomics(volume, kind, tmp_path)
    with EXTRACTION.installed():
        ours = _pyradiomics(volume, kind, tmp_path)
    _assert_same(plain, ours, 1e-6)


def test_most_cases_have_features(worc, tmp_path: Path) -> None:
    """Comparing errors only would prove little."""
    with EXTRACTION.installed():
        results = [_predict(case(), "MR", tmp_path) for case in CASES]
    features = [result for result in results if not isinstance(result, str)]
    assert len(features) > len(CASES) / 2
    assert all(len(result) > 350 for result in features)


def test_comparison_notices_a_wrong_value(worc, tmp_path: Path) -> None:
    with EXTRACTION.installed():
        ours = _predict(mri(), "MR", tmp_path)
    assert isinstance(ours, dict)
    for name in ("tf_Gabor_max_F0.05_A0.0", "logf_mean_sigma1"):
        wrong = {**ours, name: ours[name] * (1 + 1e-5)}
        with pytest.raises(AssertionError, match=name):
            _assert_same(ours, wrong, 1e-6)


def test_gabor_of_other_frequencies_and_angles(worc) -> None:
    import PREDICT.imagefeatures.texture_features as tf

    from lungmet_worc.worc.acceleration import gabor

    image, mask = (np.moveaxis(part, 0, 2) for part in tumour_at_the_border())
    settings = {"gabor_frequencies": [0.11, 0.37], "gabor_angles": np.radians([20, -70, 180, 200])}
    with quiet():
        plain = tf.gabor_filter_parallel(image, mask, settings)
        ours = gabor.gabor_filter_parallel(image, mask, settings)
    assert ours[1] == plain[1]
    np.testing.assert_allclose(ours[0], plain[0], rtol=1e-9, atol=1e-12)


def test_gabor_leaves_what_is_not_a_number_to_predict(worc) -> None:
    import PREDICT.imagefeatures.texture_features as tf

    from lungmet_worc.worc.acceleration import gabor

    image, mask = (np.moveaxis(part, 0, 2) for part in mri())
    image = image.copy()
    image[0, 0, 2] = np.nan
    kernels = [gabor._kernel(0.2, angle) for angle in (0.0, 0.5)]
    for kernel, ours in zip(kernels, gabor.masked_responses(image, mask, kernels), strict=True):
        pair = kernel.frequency, kernel.angle
        plain = [tf.gabor_filter(image[:, :, n], mask[:, :, n], pair) for n in range(SHAPE[0])]
        np.testing.assert_allclose(ours, np.concatenate(plain), rtol=1e-9, atol=1e-12)


def test_whole_numbers_at_their_edge_are_cut_as_predict_cuts_them(worc) -> None:
    """Responses that are whole numbers but for rounding are left to PREDICT's order of sums."""
    from lungmet_worc.worc.acceleration import gabor

    assert gabor._near_edge(np.asarray([7.0 - 1e-13, 2.5]), 1000.0)
    assert not gabor._near_edge(np.asarray([7.0 - 1e-6, 2.5]), 1000.0)
    # Cut to 0 from both sides.
    assert not gabor._near_edge(np.asarray([1e-14, 2.5]), 1000.0)


def test_whole_numbers_near_their_edge_are_left_to_predict(
    worc, monkeypatch: pytest.MonkeyPatch
) -> None:
    import PREDICT.imagefeatures.texture_features as tf

    from lungmet_worc.worc.acceleration import gabor

    image, mask = (np.moveaxis(part, 0, 2) for part in ct())
    kernels = [gabor._kernel(0.2, 0.0)]
    (ours,) = gabor.masked_responses(image, mask[:, :, :], kernels)
    calls = []
    original = tf.gabor_filter
    monkeypatch.setattr(tf, "gabor_filter", lambda *given: calls.append(1) or original(*given))
    # Every value is now called near.
    monkeypatch.setattr(gabor, "NEAR_WHOLE", 1.0)
    (plain,) = gabor.masked_responses(image, mask, kernels)
    assert len(calls) == SHAPE[0] - 2
    assert ours.dtype == plain.dtype == np.int16
    assert np.array_equal(ours, plain)


@pytest.mark.parametrize("radius", [1, 3, 5])
def test_inner_part_of_a_tumour(worc, radius: int) -> None:
    from skimage import morphology

    from lungmet_worc.worc.acceleration import vessel

    disk = morphology.disk(radius)
    for case in (mri, tumour_at_the_border, tumour_everywhere, several_pieces):
        mask = np.moveaxis(case()[1], 0, 2)
        plain = [morphology.binary_erosion(mask[:, :, n], disk) for n in range(mask.shape[2])]
        assert np.array_equal(vessel._eroded(mask, radius), np.stack(plain, 2))


def test_replacements_come_and_go(worc) -> None:
    import PREDICT.imagefeatures.texture_features as tf
    import radiomics.shape

    from lungmet_worc.worc.acceleration import gabor

    originals = tf.gabor_filter_parallel, radiomics.shape.cShape
    with EXTRACTION.installed():
        assert tf.gabor_filter_parallel is gabor.gabor_filter_parallel
        EXTRACTION.install()
    assert originals == (tf.gabor_filter_parallel, radiomics.shape.cShape)


def test_other_versions_stay_as_they_are(worc, monkeypatch: pytest.MonkeyPatch) -> None:
    import PREDICT.imagefeatures.texture_features as tf

    original = tf.gabor_filter_parallel
    monkeypatch.setattr(checked.metadata, "version", lambda name: "0.1")
    with EXTRACTION.installed() as is_on:
        assert not is_on
        assert tf.gabor_filter_parallel is original


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["MR", "CT"])
def test_real_volume(worc, real_cohort: Path, tmp_path: Path, kind: str) -> None:
    """All features of both toolboxes, from the files of a patient."""
    from lungmet_worc.worc.extraction import extract
    from lungmet_worc.worc.storage import read_features

    folder, name = real_cohort / "nifti" / "STS_019", {"MR": "MR_T1", "CT": "CT"}[kind]
    ini = tmp_path / "settings.ini"
    ini.write_text(worc_settings.to_ini(modality_settings(kind, full=True)), "utf-8")

    def features(output: str, *, accelerate: bool) -> dict[str, float]:
        extract(
            image=str(folder / f"{name}_image.nii.gz"),
            segmentation=str(folder / f"{name}_mask.nii.gz"),
            label=None,
            settings=str(ini),
            accelerate=accelerate,
            scratch=str(tmp_path / "scratch"),
            output=str(tmp_path / output),
            stamp="stamp",
        )
        return read_features(tmp_path / output)

    plain = features("plain.hdf5", accelerate=False)
    ours = features("ours.hdf5", accelerate=True)
    EXTRACTION.uninstall()
    _assert_same(plain, ours, 1e-6)
    assert len(ours) > 400
