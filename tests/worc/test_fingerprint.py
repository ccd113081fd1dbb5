"""What is decided about a data set is what WORC's Fingerprinter decides, and is written down."""

from __future__ import annotations

import configparser
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.basics.stamped_files import read_stamp
from lungmet_worc.study import worc_settings
from lungmet_worc.worc.fingerprint import fingerprint_arm, fingerprint_images
from tests.synthetic import make_image, make_mask, write_volume
from tests.worc.tools import run_commands, tool

pytestmark = pytest.mark.worc

Settings = dict[str, dict[str, str]]


def _settings(image_type: str = "MR", **changes: dict[str, str]) -> Settings:
    return worc_settings.merge(
        worc_settings.default_settings(),
        {"ImageFeatures": {"image_type": image_type}, "Labels": {"label_names": "lung_met"}},
        changes,
    )


def _scans(folder: Path, *, slice_distance: float, slices: int = 8) -> tuple[list[str], list[str]]:
    images, masks = [], []
    for number in range(2):
        random = np.random.default_rng(number)
        mask = make_mask(random)
        if slices == 1:
            mask[np.arange(len(mask)) != len(mask) // 2] = 0
        spacing = (1.0, 1.0, slice_distance)
        image = write_volume(
            folder / f"{number}_i.nii.gz", make_image(random, mask), spacing=spacing
        )
        images.append(str(image))
        masks.append(str(write_volume(folder / f"{number}_m.nii.gz", mask, spacing=spacing)))
    return images, masks


def _ours(
    folder: Path,
    settings: Settings,
    overrides: Settings,
    scans: tuple[list[str], list[str]],
    *,
    label: int | None = None,
) -> Settings:
    output = folder / "worc.ini"
    fingerprint_images(
        settings=settings,
        overrides=overrides,
        images=scans[0],
        segmentations=scans[1],
        label=label,
        scratch=str(folder / "scratch"),
        output=str(output),
        stamp="stamp",
    )
    assert read_stamp(output) == "stamp"
    assert not any(folder.glob("scratch/*"))
    return worc_settings.from_ini(output.read_text("utf-8"))


def test_images_are_treated_as_worcs_tool_decides(worc, tmp_path: Path) -> None:
    """MR and CT, thick and thin slices, and masks of one slice each."""
    cases = {
        "MR thick": ("MR", _scans(tmp_path / "thick", slice_distance=3.0)),
        "MR thin": ("MR", _scans(tmp_path / "thin", slice_distance=1.5)),
        "CT thick": ("CT", _scans(tmp_path / "ct", slice_distance=3.0)),
        "MR one slice": ("MR", _scans(tmp_path / "one", slice_distance=3.0, slices=1)),
    }
    labels = tmp_path / "labels.csv"
    labels.write_text("Patient,lung_met\nP1,0\n", "utf-8")
    commands = []
    for name, (image_type, (images, masks)) in cases.items():
        before = tmp_path / f"{name} in.ini"
        before.write_text(worc_settings.to_ini(_settings(image_type)), "utf-8")
        commands.append(
            [
                tool("worc/bin/Fingerprinter.py"),
                *("--images_train", *images, "--segmentations_train", *masks),
                *("--pc_train", str(labels), "--conf_in", str(before), "--type", "images"),
                *("--conf_out", str(tmp_path / f"{name} out.ini")),
                *("--conf_out_pyradiomics", str(tmp_path / f"{name}.yaml")),
            ]
        )
    run_commands(commands, tmp_path)
    for name, (image_type, scans) in cases.items():
        settings = _settings(image_type)
        theirs = _read(tmp_path / f"{name} out.ini", settings)
        assert _ours(tmp_path / name, settings, {}, scans) == theirs, name
        mode = "2D" if "one" in name else "3D" if "thin" in name else "2.5D"
        assert theirs["ImageFeatures"]["extraction_mode"] == mode
        assert theirs["Preprocessing"]["Normalize"] == str(image_type == "MR")


def _read(path: Path, settings: Settings) -> Settings:
    """Read what WORC wrote, where keys are lower case, in our spelling."""
    parser = configparser.ConfigParser()
    parser.read(path)
    return {
        section: {key: parser[section][key.lower()] for key in values}
        for section, values in settings.items()
    }


def test_only_the_chosen_label_counts(worc, tmp_path: Path) -> None:
    """A tumour in one slice, beside a muscle in all of them, is drawn in one slice."""
    images, masks = _scans(tmp_path, slice_distance=1.0, slices=1)
    settings = _settings()
    expected = _ours(tmp_path, settings, {}, (images, masks))
    assert expected["ImageFeatures"]["extraction_mode"] == "2D"
    for mask in masks:
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(mask)).astype(np.float32) * 0.9999
        voxels[:, 0, :3] = 2
        write_volume(Path(mask), voxels, spacing=(1.0, 1.0, 1.0))
    assert _ours(tmp_path, settings, {}, (images, masks), label=1) == expected
    muscle = _ours(tmp_path, settings, {}, (images, masks), label=2)
    assert muscle["ImageFeatures"]["extraction_mode"] == "3D"


def test_what_lies_beside_the_images_does_not_count(worc, tmp_path: Path) -> None:
    scans = _scans(tmp_path, slice_distance=1.0)
    for image in scans[0]:
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(image))
        write_volume(Path(image.removesuffix(".gz")), voxels, spacing=(1.0, 1.0, 9.0))
    decided = _ours(tmp_path, _settings(), {}, scans)
    assert decided["ImageFeatures"]["extraction_mode"] == "3D"


def test_what_the_user_set_wins(worc, tmp_path: Path) -> None:
    scans = _scans(tmp_path, slice_distance=1.0)
    overrides = {"Preprocessing": {"Normalize": "False"}, "PyRadiomics": {"binCount": "64"}}
    decided = _ours(tmp_path, _settings(**overrides), overrides, scans)
    assert decided["Preprocessing"]["Normalize"] == "False"
    assert decided["PyRadiomics"]["binCount"] == "64"
    assert decided["ImageFeatures"]["extraction_mode"] == "3D"


def test_without_fingerprint_nothing_is_decided(worc, tmp_path: Path) -> None:
    settings = _settings(General={"Fingerprint": "False"})
    scans = _scans(tmp_path, slice_distance=1.0)
    assert _ours(tmp_path, settings, {}, scans) == settings


def _balance(folder: Path, outcomes: dict[str, int], *, mended: bool, **changes: dict) -> str:
    output = folder / "arm.ini"
    fingerprint_arm(
        settings=_settings(**changes),
        overrides={section: dict(values) for section, values in changes.items()},
        outcomes=outcomes,
        mended=mended,
        scratch=str(folder / "scratch"),
        output=str(output),
        stamp="stamp",
    )
    settings = worc_settings.from_ini(output.read_text("utf-8"))
    # The borrowed label name does not stay.
    assert settings["Labels"]["label_names"] == "lung_met"
    return settings["Resampling"]["Use"]


@pytest.mark.parametrize(
    ("events", "mended", "expected"),
    [
        (5, True, "0.00"),
        (6, True, "0.00"),
        (3, True, "0.20"),
        (8, True, "0.20"),
        (5, False, "0.20"),
    ],
)
def test_resampling_follows_the_balance_of_the_classes(
    worc, tmp_path: Path, events: int, mended: bool, expected: str
) -> None:
    """WORC resamples where more than 60 % are of one class (errata E6)."""
    outcomes = {f"P{number:02d}": int(number < events) for number in range(10)}
    assert _balance(tmp_path, outcomes, mended=mended) == expected


def test_resampling_that_the_user_set_stays(worc, tmp_path: Path) -> None:
    outcomes = {f"P{number:02d}": int(number < 3) for number in range(10)}
    assert _balance(tmp_path, outcomes, mended=True, Resampling={"Use": "0.0"}) == "0.0"
