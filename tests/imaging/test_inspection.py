"""Images and masks: every fault is found, named, and nothing else is said."""

from __future__ import annotations

import gzip
import locale
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.basics.errors import Problem
from lungmet_worc.imaging.files import file_digest, in_one_file
from lungmet_worc.imaging.inspection import PairInspection, Scan, inspect_scan
from lungmet_worc.imaging.itk_output import warnings_in
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.imaging.masks import bounding_box, largest_piece
from lungmet_worc.imaging.nifti import count_not_finite
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.sources.images import ImagePair, ImageSource
from tests.synthetic import Array, make_image, make_mask, write_volume


class Pair:
    """An image and a mask that a test can spoil before it writes them."""

    def __init__(self, folder: Path, modality: str = "MRI", seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.folder = folder
        self.modality = modality
        self.mask: Array = make_mask(random)
        self.image: Array = make_image(random, self.mask, modality)
        self.label: int | None = None
        self.suffix = "nii.gz"
        self.rules: MaskRules | None = None
        self.image_geometry: dict[str, object] = {}
        self.mask_geometry: dict[str, object] = {}

    @property
    def config(self) -> ImageSource:
        return ImageSource(
            image="image", segmentation="mask", image_type=self.modality, label=self.label
        )

    @property
    def paths(self) -> ImagePair:
        names = (f"image.{self.suffix}", f"mask.{self.suffix}")
        return ImagePair(self.folder / names[0], self.folder / names[1], *names)

    def write(self) -> ImagePair:
        paths = self.paths
        assert paths.image is not None
        assert paths.segmentation is not None
        write_volume(paths.image, self.image, **self.image_geometry)  # type: ignore[arg-type]
        write_volume(paths.segmentation, self.mask, **self.mask_geometry)  # type: ignore[arg-type]
        return paths

    def inspect(self, *, write: bool = True) -> PairInspection:
        paths = self.write() if write else self.paths
        return self.inspect_paths(paths)

    def inspect_paths(self, paths: ImagePair) -> PairInspection:
        patient = Patient("P1", 2, 1, {}, {})
        rules = self.rules or MaskRules()
        return inspect_scan(Scan(patient, self.modality, paths, self.config, rules))

    def problem(self, *, write: bool = True) -> Problem:
        problems = self.inspect(write=write).problems
        assert len(problems) == 1, problems
        assert problems[0].remedy
        assert str(self.folder) not in f"{problems[0]}"
        return problems[0]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@pytest.fixture
def ct(tmp_path: Path) -> Pair:
    return Pair(tmp_path, "CT")


def is_error(problem: Problem, file: str, said: str) -> None:
    assert problem.severity == "error"
    assert problem.file == f"{file}.nii.gz"
    assert problem.column == file
    assert said in problem.what


def is_warning(problem: Problem, file: str, said: str) -> None:
    assert problem.severity == "warning"
    assert problem.column == file
    assert said in problem.what


class TestSound:
    @pytest.mark.parametrize("modality", ["MRI", "CT", "PET"])
    @pytest.mark.parametrize("seed", range(5))
    def test_nothing_to_say(self, tmp_path: Path, modality: str, seed: int) -> None:
        pair = Pair(tmp_path, modality, seed)
        found = pair.inspect()
        assert found.problems == ()
        assert found.size == (16, 16, 8)
        assert found.spacing == (1.0, 1.0, 3.0)
        assert found.tumour_voxels == int(pair.mask.sum())
        assert found.tumour_slices == int(pair.mask.any(axis=(1, 2)).sum())

    @pytest.mark.parametrize("suffix", ["nii", "nii.gz", "nrrd", "mha", "mhd", "hdr"])
    def test_formats(self, pair: Pair, suffix: str) -> None:
        pair.suffix = suffix
        assert pair.inspect().problems == ()

    def test_one_label_of_any_value(self, pair: Pair) -> None:
        pair.mask = pair.mask * 255
        assert pair.inspect().problems == ()

    def test_named_label_among_several(self, pair: Pair) -> None:
        tumour = int(pair.mask.sum())
        pair.mask[0, 0, 0] = 3
        pair.label = 1
        found = pair.inspect()
        assert found.problems == ()
        assert found.tumour_voxels == tumour

    def test_float_mask_of_whole_numbers(self, pair: Pair) -> None:
        pair.mask = pair.mask.astype(np.float32)
        assert pair.inspect().problems == ()

    def test_incomplete_pair_is_a_mistake_of_the_caller(self, pair: Pair) -> None:
        with pytest.raises(ValueError, match="lacks"):
            pair.inspect_paths(ImagePair())


class TestFiles:
    @pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
    @pytest.mark.parametrize("kept", [0.5, 0.9])
    def test_cut_off_nifti(self, pair: Pair, suffix: str, kept: float) -> None:
        pair.suffix = suffix
        image = pair.write().image
        assert image is not None
        content = image.read_bytes()
        image.write_bytes(content[: int(len(content) * kept)])
        # SimpleITK itself reads such a file and says nothing: this is why bytes are counted.
        sitk.ReadImage(str(image))
        problem = pair.problem(write=False)
        assert problem.severity == "error"
        assert problem.file == f"image.{suffix}"
        assert "cut off" in problem.what

    @pytest.mark.parametrize("suffix", ["nii", "nii.gz", "mha", "nrrd"])
    def test_one_byte_short(self, pair: Pair, suffix: str) -> None:
        pair.suffix = suffix
        image = pair.write().image
        assert image is not None
        cut = 1 if suffix != "nrrd" else 60  # a few bytes are NRRD's gzip end mark, not data
        image.write_bytes(image.read_bytes()[:-cut])
        assert pair.problem(write=False).severity == "error"

    def test_cut_off_nifti_in_two_files(self, pair: Pair) -> None:
        pair.suffix = "hdr"
        pair.write()
        data = pair.folder / "image.img"
        if not data.exists():
            data = pair.folder / "image.img.gz"
        data.write_bytes(data.read_bytes()[:-200])
        assert pair.problem(write=False).severity == "error"

    def test_damaged_gzip(self, pair: Pair) -> None:
        image = pair.write().image
        assert image is not None
        content = bytearray(image.read_bytes())
        content[len(content) // 2] ^= 0xFF
        image.write_bytes(content)
        problem = pair.problem(write=False)
        assert problem.severity == "error"
        assert "damaged" in problem.what or "cut off" in problem.what

    def test_wrong_checksum(self, pair: Pair) -> None:
        image = pair.write().image
        assert image is not None
        content = bytearray(image.read_bytes())
        content[-6] ^= 0xFF
        image.write_bytes(content)
        is_error(pair.problem(write=False), "image", "damaged")

    @pytest.mark.parametrize(
        "padding", [b"\0" * 512, gzip.compress(b"")], ids=["zeros", "empty gzip member"]
    )
    def test_padding_after_the_end_is_harmless(self, pair: Pair, padding: bytes) -> None:
        image = pair.write().image
        assert image is not None
        image.write_bytes(image.read_bytes() + padding)
        assert pair.inspect(write=False).problems == ()

    def test_gzip_in_many_parts_is_harmless(self, pair: Pair) -> None:
        image = pair.write().image
        assert image is not None
        plain = gzip.decompress(image.read_bytes())
        parts = [plain[start : start + 1000] for start in range(0, len(plain), 1000)]
        image.write_bytes(b"".join(gzip.compress(part) for part in parts))
        assert pair.inspect(write=False).problems == ()

    @pytest.mark.parametrize("content", [b"", b"this is no image" * 100, b"\x1f\x8b"])
    def test_no_image(self, pair: Pair, content: bytes) -> None:
        mask = pair.write().segmentation
        assert mask is not None
        mask.write_bytes(content)
        problem = pair.problem(write=False)
        assert problem.severity == "error"
        assert (problem.file, problem.column) == ("mask.nii.gz", "mask")

    def test_readers_do_not_speak_to_the_user(
        self, pair: Pair, capfd: pytest.CaptureFixture[str]
    ) -> None:
        pair.suffix = "mha"
        image = pair.write().image
        assert image is not None
        image.write_bytes(image.read_bytes()[:-500])
        assert pair.problem(write=False).severity == "error"
        assert capfd.readouterr() == ("", "")

    def test_missing_file(self, pair: Pair) -> None:
        image = pair.write().image
        assert image is not None
        image.unlink()
        is_error(pair.problem(write=False), "image", "cannot be read")

    def test_dicom_folder(self, pair: Pair) -> None:
        image = pair.write().image
        assert image is not None
        image.unlink()
        image.mkdir()
        problem = pair.problem(write=False)
        is_error(problem, "image", "folder")
        assert "dcm2niix" in problem.remedy

    def test_dicom_file(self, pair: Pair) -> None:
        paths = pair.write()
        dicom = pair.folder / "slice.dcm"
        dicom.write_bytes(b"\0" * 128 + b"DICM")
        paths = replace(paths, image=dicom, image_entry="slice.dcm")
        (problem,) = pair.inspect_paths(paths).problems
        assert "DICOM" in problem.what
        assert "dcm2niix" in problem.remedy

    def test_both_files_at_once(self, pair: Pair) -> None:
        paths = pair.write()
        for path in (paths.image, paths.segmentation):
            assert path is not None
            path.write_bytes(path.name.encode())
        assert {problem.column for problem in pair.inspect(write=False).problems} == {
            "image",
            "mask",
        }


class TestShape:
    def test_2d(self, pair: Pair) -> None:
        pair.image = pair.image[0]
        is_error(pair.problem(), "image", "2 dimensions (16 x 16)")

    def test_4d(self, pair: Pair) -> None:
        path = pair.write().image
        volume = sitk.ReadImage(str(path))
        sitk.WriteImage(sitk.JoinSeries([volume, volume]), str(path))
        is_error(pair.problem(write=False), "image", "4 dimensions (16 x 16 x 8 x 2)")

    def test_rgb(self, pair: Pair) -> None:
        pair.image = np.stack([pair.image.astype(np.uint8)] * 3, axis=-1)
        pair.image_geometry = {"vector": True}
        is_error(pair.problem(), "image", "RGB")

    def test_4d_mask(self, pair: Pair) -> None:
        path = pair.write().segmentation
        volume = sitk.ReadImage(str(path))
        sitk.WriteImage(sitk.JoinSeries([volume, volume]), str(path))
        is_error(pair.problem(write=False), "mask", "4 dimensions")


class TestGeometry:
    def test_size_by_how_much(self, pair: Pair) -> None:
        pair.mask = np.concatenate([pair.mask, np.zeros_like(pair.mask[:1])])
        is_error(pair.problem(), "mask", "size 16 x 16 x 9 instead of 16 x 16 x 8 voxels")

    def test_spacing_by_how_much(self, pair: Pair) -> None:
        pair.mask_geometry = {"spacing": (1.0, 1.0, 3.5)}
        is_error(pair.problem(), "mask", "spacing by 0.50 mm")

    def test_origin_by_how_much(self, pair: Pair) -> None:
        pair.mask_geometry = {"origin": (10.0, -20.0, 42.5)}
        is_error(pair.problem(), "mask", "origin by 12.50 mm")

    @pytest.mark.parametrize("degrees", [0.05, 5.0, 90.0])
    def test_direction_by_how_much(self, pair: Pair, degrees: float) -> None:
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        pair.mask_geometry = {"direction": (cosine, -sine, 0, sine, cosine, 0, 0, 0, 1)}
        is_error(pair.problem(), "mask", f"direction by {degrees:.2g}"[:20])

    def test_flipped_axis(self, pair: Pair) -> None:
        pair.mask_geometry = {"direction": (1, 0, 0, 0, 1, 0, 0, 0, -1)}
        is_error(pair.problem(), "mask", "direction by 180.00 degrees")

    def test_all_differences_in_one_problem(self, pair: Pair) -> None:
        pair.mask_geometry = {"origin": (0.0, 0.0, 0.0), "spacing": (2.0, 1.0, 3.0)}
        problem = pair.problem()
        assert "spacing by 1.00 mm" in problem.what
        assert "origin by 30.00 mm" in problem.what

    def test_rounding_is_no_difference(self, pair: Pair) -> None:
        pair.mask_geometry = {"origin": (10.00005, -20.0, 30.0), "spacing": (1.00005, 1.0, 3.0)}
        assert pair.inspect().problems == ()

    def test_a_small_difference_has_a_small_remedy(self, pair: Pair) -> None:
        pair.mask_geometry = {"origin": (10.01, -20.0, 30.0)}
        problem = pair.problem()
        is_error(problem, "mask", "origin by 0.01 mm")
        assert "AssumeSameImageAndMaskMetadata" in problem.remedy
        pair.rules = MaskRules(same_geometry=True)
        assert pair.inspect().problems == ()

    def test_a_large_difference_is_said_even_if_geometry_is_copied(self, pair: Pair) -> None:
        pair.mask_geometry = {"origin": (10.0, -20.0, 60.0)}
        pair.rules = MaskRules(same_geometry=True)
        is_warning(pair.problem(), "mask", "origin by 30.00 mm")

    def test_rules_come_from_the_settings(self) -> None:
        settings = {
            "General": {"AssumeSameImageAndMaskMetadata": "True", "Segmentix": "True"},
            "PyRadiomics": {"geometryTolerance": "0.01"},
            "Segmentix": {"N_blobs": "0"},
        }
        assert MaskRules.from_settings(settings) == MaskRules(0.01, True, False)
        assert MaskRules.from_settings({}) == MaskRules()

    @pytest.mark.worc
    @pytest.mark.parametrize("part", ["origin", "spacing", "direction"])
    @pytest.mark.parametrize("amount", [0.8e-4, 1.2e-4])
    def test_the_limit_is_that_of_pyradiomics(self, pair: Pair, part: str, amount: float) -> None:
        from radiomics import imageoperations

        spacing = (0.5, 0.5, 3.0)
        first = amount * (spacing[0] if part != "direction" else 1)
        changed: dict[str, dict[str, object]] = {
            "origin": {"origin": (10.0, -20.0, 30.0 + first)},
            "spacing": {"spacing": (0.5, 0.5, 3.0 + first)},
            "direction": {"direction": (1, -first, 0, first, 1, 0, 0, 0, 1)},
        }
        # NRRD keeps doubles; NIfTI's single precision would blur the limit.
        pair.suffix = "nrrd"
        pair.image_geometry = {"spacing": spacing}
        pair.mask_geometry = {"spacing": spacing, **changed[part]}
        paths = pair.write()
        with itk_tolerance(1e-4):
            images = [sitk.ReadImage(str(path)) for path in (paths.image, paths.segmentation)]
            try:
                imageoperations.checkMask(*images, label=1)
                refused = False
            except ValueError:
                refused = True
        assert refused == (amount > 1e-4)
        assert bool(pair.inspect(write=False).problems) == refused


@contextmanager
def itk_tolerance(value: float) -> Iterator[None]:
    """Set what PyRadiomics sets for its geometryTolerance, and set it back."""
    process = sitk.ProcessObject
    before = (
        process.GetGlobalDefaultCoordinateTolerance(),
        process.GetGlobalDefaultDirectionTolerance(),
    )
    process.SetGlobalDefaultCoordinateTolerance(value)
    process.SetGlobalDefaultDirectionTolerance(value)
    try:
        yield
    finally:
        process.SetGlobalDefaultCoordinateTolerance(before[0])
        process.SetGlobalDefaultDirectionTolerance(before[1])


class TestVoxelSize:
    @pytest.mark.parametrize(
        "spacing", [(0.0006, 0.0006, 0.005), (600, 600, 5000), (1, 1, 51), (0.5, 0.005, 5)]
    )
    def test_what_no_scanner_makes(self, pair: Pair, spacing: tuple[float, ...]) -> None:
        pair.image_geometry = pair.mask_geometry = {"spacing": spacing}
        size = " x ".join(f"{length:.6g}" for length in spacing)
        is_error(pair.problem(), "image", f"Voxels of {size} mm cannot be meant.")

    @pytest.mark.parametrize("spacing", [(0.1, 0.1, 0.1), (5, 5, 10), (0.2, 0.2, 12)])
    def test_what_scanners_make(self, pair: Pair, spacing: tuple[float, ...]) -> None:
        pair.image_geometry = pair.mask_geometry = {"spacing": spacing}
        assert pair.inspect().problems == ()

    def test_a_header_in_metres(self, pair: Pair) -> None:
        pair.suffix = "nii"
        pair.write()
        for name in ("image", "mask"):
            path = pair.folder / f"{name}.nii"
            content = bytearray(path.read_bytes())
            content[123] = 1  # xyzt_units: metre
            path.write_bytes(content)
        problem = pair.problem(write=False)
        assert "Voxels of 1000 x 1000 x 3000 mm" in problem.what
        assert "xyzt_units" in problem.remedy


class TestNeighbours:
    @pytest.mark.parametrize("kind", ["image", "mask"])
    def test_a_file_that_itk_would_read_instead(self, pair: Pair, kind: str) -> None:
        expected = pair.inspect()
        content = gzip.decompress((pair.folder / f"{kind}.nii.gz").read_bytes())
        (pair.folder / f"{kind}.nii").write_bytes(content[:400] + content[400:][::-1])
        found = pair.inspect(write=False)
        (problem,) = found.problems
        is_warning(problem, kind, f'Beside it lies "{kind}.nii"')
        assert replace(found, problems=()) == expected


class TestItk:
    def test_its_warnings_are_told(self, pair: Pair, capfd: pytest.CaptureFixture[str]) -> None:
        pair.suffix = "hdr"
        pair.write()
        path = pair.folder / "image.hdr"
        content = bytearray(path.read_bytes())
        content[344:348] = b"\0\0\0\0"  # Analyze 7.5
        path.write_bytes(content)
        problems = pair.inspect(write=False).problems
        assert [problem.column for problem in problems if "ITK" in problem.what] == ["image"]
        assert all(str(pair.folder) not in f"{problem}" for problem in problems)
        assert capfd.readouterr() == ("", "")

    def test_a_warning_is_taken_from_what_it_prints(self) -> None:
        printed = (
            "noise\nWARNING: In /tmp/ITK/io.cxx, line 1\nNiftiImageIO (0x5f): odd  scales\nhere\n"
            "\nWARNING: In /tmp/ITK/io.cxx, line 2\nplain words\n\n"
            "WARNING: In /tmp/ITK/io.cxx, line 1\nNiftiImageIO (0x60): odd scales here"
        )
        assert warnings_in(printed) == ["odd scales here", "plain words"]


class TestLabels:
    def test_empty(self, pair: Pair) -> None:
        pair.mask[:] = 0
        is_error(pair.problem(), "mask", "empty")

    def test_every_voxel(self, pair: Pair) -> None:
        pair.mask[:] = 1
        is_error(pair.problem(), "mask", "every voxel")

    def test_several_labels_are_listed(self, pair: Pair) -> None:
        pair.mask[4, :8] *= 2
        pair.mask[4, 8:] *= 5
        is_error(pair.problem(), "mask", "several labels (1, 2, 5)")
        assert "modalities.MRI" in pair.problem().remedy

    def test_named_label_is_absent(self, pair: Pair) -> None:
        pair.label = 2
        is_error(pair.problem(), "mask", "no label 2; it has 1")

    def test_values_between_whole_numbers(self, pair: Pair) -> None:
        pair.mask = pair.mask * np.float32(0.5)
        is_error(pair.problem(), "mask", "no whole number (0.5), as if it had been scaled")
        pair.mask[4, 8] *= np.float32(0.6)
        is_error(pair.problem(), "mask", "no whole numbers (0.3, 0.5), as if interpolated")
        assert "nearest neighbour" in pair.problem().remedy

    def test_no_number_in_the_mask(self, pair: Pair) -> None:
        pair.mask = pair.mask.astype(np.float32)
        pair.mask[0, 0, :3] = np.nan
        is_error(pair.problem(), "mask", "3 voxels of the mask")


class TestTumour:
    def box(self, pair: Pair, *extents: int) -> None:
        pair.mask[:] = 0
        depth, height, width = extents
        pair.mask[3 : 3 + depth, 5 : 5 + height, 5 : 5 + width] = 1

    @pytest.mark.parametrize(
        ("extents", "said"),
        [((1, 1, 1), "a single voxel"), ((1, 1, 5), "line of 5"), ((3, 1, 1), "line of 3")],
    )
    def test_too_small_for_features(self, pair: Pair, extents: tuple[int, ...], said: str) -> None:
        self.box(pair, *extents)
        found = [p for p in pair.inspect().problems if p.severity == "error"]
        assert len(found) == 1
        is_error(found[0], "mask", said)

    def test_small_for_texture_is_a_warning(self, pair: Pair) -> None:
        self.box(pair, 3, 3, 3)
        is_warning(pair.problem(), "mask", "only 27 voxels")

    def test_one_slice_is_a_warning(self, pair: Pair) -> None:
        self.box(pair, 1, 9, 9)
        is_warning(pair.problem(), "mask", "one slice only")

    def test_stray_voxel_is_nothing_to_say(self, pair: Pair) -> None:
        pair.mask[0, 0, 0] = 1
        assert pair.inspect().problems == ()

    def test_second_piece_that_worc_drops(self, pair: Pair) -> None:
        self.box(pair, 4, 5, 5)
        pair.mask[3:7, 11:16, 11:16] = 1
        pair.mask[3, 5, 5] = 0
        is_warning(pair.problem(), "mask", "2 separate pieces")
        pair.rules = MaskRules(largest_piece=False)
        assert pair.inspect().problems == ()

    def test_many_single_voxels_are_a_single_voxel_to_worc(self, pair: Pair) -> None:
        pair.mask[:] = 0
        pair.mask[::2, ::2, ::2] = 1
        assert "error" in {problem.severity for problem in pair.inspect().problems}

    def test_same_grey_value_inside(self, pair: Pair) -> None:
        pair.image[pair.mask > 0] = 7
        is_warning(pair.problem(), "image", "same grey value (7)")

    @pytest.mark.worc
    @pytest.mark.parametrize(
        "extents", [(1, 1, 1), (1, 1, 5), (4, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 2), (1, 5, 5)]
    )
    def test_too_small_is_what_pyradiomics_refuses(
        self, pair: Pair, extents: tuple[int, ...]
    ) -> None:
        from radiomics import imageoperations

        self.box(pair, *extents)
        paths = pair.write()
        images = [sitk.ReadImage(str(path)) for path in (paths.image, paths.segmentation)]
        try:
            imageoperations.checkMask(*images, label=1, minimumROIDimensions=2)
            refused = False
        except ValueError:
            refused = True
        errors = [p for p in pair.inspect(write=False).problems if p.severity == "error"]
        assert bool(errors) == refused

    @pytest.mark.worc
    def test_largest_piece_is_that_of_segmentix(self) -> None:
        from WORC.processing.ExtractNLargestBlobsn import ExtractNLargestBlobsn

        tumour = np.random.default_rng(3).random((8, 16, 16)) < 0.12
        ours, pieces = largest_piece(tumour)
        assert pieces > 5
        np.testing.assert_array_equal(ours, ExtractNLargestBlobsn(tumour, 1).astype(bool))

    def test_bounding_box(self) -> None:
        tumour = np.zeros((4, 5, 6), bool)
        tumour[1:3, 2, 4:6] = True
        assert bounding_box(tumour) == (slice(1, 3), slice(2, 3), slice(4, 6))


class TestPlace:
    """A place that is no number compares with nothing, so that any two would seem to agree."""

    #: Field -> where NIfTI-1 headers have it: offsets of qform and sform; a cosine of sform.
    FIELDS = MappingProxyType({"origin": (268, 292), "direction": (280,)})

    @pytest.mark.parametrize("field", FIELDS)
    @pytest.mark.parametrize("spoilt", [("image",), ("mask",), ("image", "mask")])
    def test_no_number(self, pair: Pair, field: str, spoilt: tuple[str, ...]) -> None:
        pair.suffix = "nii"
        pair.write()
        for name in spoilt:
            path = pair.folder / f"{name}.nii"
            content = bytearray(path.read_bytes())
            for offset in self.FIELDS[field]:
                struct.pack_into("<f", content, offset, np.nan)
            path.write_bytes(content)
        problems = pair.inspect(write=False).problems
        assert [problem.severity for problem in problems] == ["error"] * len(spoilt)
        assert [problem.column for problem in problems] == list(spoilt)
        for problem, name in zip(problems, spoilt, strict=True):
            assert problem.what == (
                f"The header of the {name} has no usable {field}: not a number."
            )


class TestVoxels:
    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("suffix", ["nii", "nii.gz", "nrrd", "hdr"])
    @pytest.mark.parametrize("kind", [np.float32, np.float64])
    def test_no_number(self, pair: Pair, bad: float, suffix: str, kind: type) -> None:
        pair.suffix = suffix
        pair.image = pair.image.astype(kind)
        pair.image[0, 0, :2] = bad
        problem = pair.problem()
        assert (problem.severity, problem.column) == ("error", "image")
        assert "2 voxels of the image" in problem.what

    @pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
    def test_last_of_many_voxels(self, tmp_path: Path, suffix: str) -> None:
        voxels = np.ones((30, 100, 100), np.float64)
        voxels[-1, -1, -1] = np.nan
        assert count_not_finite(write_volume(tmp_path / f"a.{suffix}", voxels)) == 1

    def test_simpleitk_hides_them_in_nifti(self, pair: Pair) -> None:
        # Why the bytes are looked at: without this, WORC computes with zeros there.
        pair.image = pair.image.astype(np.float32)
        pair.image[0, 0, :2] = np.nan
        seen = sitk.GetArrayFromImage(sitk.ReadImage(str(pair.write().image)))
        assert seen[0, 0, :2].tolist() == [0, 0]

    def test_constant(self, pair: Pair) -> None:
        pair.image[:] = 12
        is_error(pair.problem(), "image", "same value (12)")

    def test_image_and_mask_swapped(self, pair: Pair) -> None:
        pair.image, pair.mask = pair.mask, pair.image
        problem = pair.problem()
        is_error(problem, "image", "swapped")
        assert "Exchange" in problem.remedy

    def test_two_masks(self, pair: Pair) -> None:
        pair.image = np.roll(pair.mask, 1, axis=2)
        is_error(pair.problem(), "image", "looks like a mask")

    def test_two_images(self, pair: Pair) -> None:
        pair.mask = np.roll(pair.image, 1, axis=2)
        is_error(pair.problem(), "mask", "mask looks like an image")

    def test_a_mask_with_noise_of_a_rounding_is_no_image(self, pair: Pair) -> None:
        tumour = int(pair.mask.sum())
        noise = np.random.default_rng(5).uniform(-1e-4, 1e-4, pair.mask.shape)
        pair.mask = (pair.mask + noise).astype(np.float32)
        assert pair.inspect().problems == ()
        assert pair.inspect().tumour_voxels == tumour

    def test_a_mask_scaled_to_almost_nothing_is_not_empty(self, pair: Pair) -> None:
        pair.mask = (pair.mask * 5e-4).astype(np.float32)
        is_error(pair.problem(), "mask", "no whole number (0.0005), as if it had been scaled")

    def test_halves_beside_ones_come_from_interpolation(self, pair: Pair) -> None:
        pair.mask = ((pair.mask + np.roll(pair.mask, 1, axis=2)) / 2).astype(np.float32)
        is_error(pair.problem(), "mask", "no whole numbers (0.5), as if interpolated")

    def test_same_file_twice(self, pair: Pair) -> None:
        paths = pair.write()
        paths = replace(paths, segmentation=paths.image, segmentation_entry=paths.image_entry)
        (problem,) = pair.inspect_paths(paths).problems
        assert problem.column == "mask"
        assert "same file" in problem.what


class TestGreyValues:
    @pytest.mark.parametrize(("share", "said"), [(0.08, False), (0.15, True)])
    def test_where_the_image_shows_nothing(self, pair: Pair, share: float, said: bool) -> None:
        inside = np.flatnonzero(pair.mask)
        n = int(share * len(inside))
        pair.image[:, 0] = pair.image.flat[inside[:n]] = 0
        if said:
            problem = pair.problem()
            is_warning(problem, "image", f"{100 * n / len(inside):.0f} % of the voxels inside")
            assert "lowest value of the image (0)" in problem.what
        else:
            assert pair.inspect().problems == ()

    @pytest.mark.parametrize(("value", "shown"), [(3e38, "3e+38"), (-1e300, "1e+300")])
    def test_values_that_no_scanner_writes(self, pair: Pair, value: float, shown: str) -> None:
        pair.image = pair.image.astype(np.float64)
        pair.image[0, 0, 0] = value
        is_error(pair.problem(), "image", f"has the value {shown}.")


class TestFilesThatAreNotWhole:
    def test_compressed_twice(self, pair: Pair) -> None:
        paths = pair.write()
        assert paths.image is not None
        paths.image.write_bytes(gzip.compress(paths.image.read_bytes()))
        is_error(pair.problem(write=False), "image", "compressed twice")

    @pytest.mark.parametrize(
        ("suffix", "lost"), [("hdr", "image.img"), ("mhd", "image.zraw"), ("img", "image.hdr")]
    )
    def test_one_of_two_files(self, pair: Pair, suffix: str, lost: str) -> None:
        pair.suffix = suffix
        pair.write()
        (pair.folder / lost).unlink()
        problem = pair.problem(write=False)
        assert problem.what == f'The image lies in two files, and "{lost}" is missing.'

    @pytest.mark.parametrize(
        ("suffix", "cut"), [("mha", "image.mha"), ("mhd", "image.zraw"), ("vtk", "image.vtk")]
    )
    def test_cut_off(self, pair: Pair, suffix: str, cut: str) -> None:
        pair.suffix = suffix
        pair.write()
        path = pair.folder / cut
        path.write_bytes(path.read_bytes()[:-1000])
        encoding = locale.getencoding()
        assert "The file is cut off" in pair.problem(write=False).what
        # ITK leaves another locale behind where it fails, in which no "\xe9" can be read.
        assert locale.getencoding() == encoding


class TestHounsfield:
    def test_soft_tissue_without_air_is_fine(self, ct: Pair) -> None:
        ct.image = np.clip(ct.image, -130, 200)
        assert ct.inspect().problems == ()

    @pytest.mark.parametrize("offset", [1000, 1024])
    def test_stored_with_an_offset(self, ct: Pair, offset: int) -> None:
        ct.image = ct.image + offset
        problem = ct.problem()
        is_error(problem, "image", "as if 1000 or 1024 had been added")

    def test_a_picture(self, ct: Pair) -> None:
        low, high = ct.image.min(), ct.image.max()
        ct.image = np.rint((ct.image - low) / (high - low) * 255).astype(np.uint8)
        is_error(ct.problem(), "image", "from 0 to 255")

    @pytest.mark.parametrize("normalise", ["unit", "z"])
    def test_normalised(self, ct: Pair, normalise: str) -> None:
        voxels = ct.image.astype(np.float32)
        if normalise == "unit":
            ct.image = (voxels - voxels.min()) / (voxels.max() - voxels.min())
        else:
            ct.image = (voxels - voxels.mean()) / voxels.std()
        is_error(ct.problem(), "image", "as if normalised")

    def test_negative_values_that_lost_their_sign(self, ct: Pair) -> None:
        ct.image = ct.image.astype(np.uint16)
        is_error(ct.problem(), "image", "not in Hounsfield units")

    def test_nothing_below_zero_is_a_warning(self, ct: Pair) -> None:
        ct.image = np.clip(ct.image, 0, None)
        is_warning(ct.problem(), "image", "may not be in Hounsfield units")

    @pytest.mark.parametrize("padding", [-2000, -2048, -3024, -32768])
    def test_padding_in_the_tumour(self, ct: Pair, padding: int) -> None:
        inside = np.flatnonzero(ct.mask)
        ct.image.flat[inside[:3]] = padding
        share = f"{100 * 3 / len(inside):.1f}"
        said = f"3 voxels inside the mask ({share} %) are far below air, down to {padding}"
        is_warning(ct.problem(), "image", said)

    def test_padding_outside_of_the_tumour(self, ct: Pair) -> None:
        ct.image[:, :2] = -3024
        ct.mask[:, :2] = 0
        assert ct.inspect().problems == ()

    @pytest.mark.parametrize(("share", "said"), [(0.04, False), (0.06, True), (1.0, True)])
    def test_air_in_the_tumour(self, ct: Pair, share: float, said: bool) -> None:
        inside = np.flatnonzero(ct.mask)
        n = int(share * len(inside))
        ct.image.flat[inside[:n]] = -1000 + np.arange(n) % 20
        if said:
            is_warning(ct.problem(), "image", f"{100 * n / len(inside):.0f} % of the voxels")
        else:
            assert ct.inspect().problems == ()

    def test_an_offset_that_was_subtracted_twice(self, ct: Pair) -> None:
        ct.image = ct.image - 1024
        problem = ct.problem()
        is_warning(problem, "image", "100 % of the voxels inside the mask are air")
        assert "subtracted twice" in problem.remedy

    def test_mri_is_not_asked(self, pair: Pair) -> None:
        pair.image = pair.image + 1024
        assert pair.inspect().problems == ()


class TestDigests:
    def test_file_digest_is_that_of_the_bytes(self, pair: Pair) -> None:
        import hashlib

        paths = pair.write()
        assert paths.image is not None
        assert file_digest(paths.image) == hashlib.sha256(paths.image.read_bytes()).hexdigest()
        assert pair.inspect(write=False).image_digest == file_digest(paths.image)

    @pytest.mark.parametrize("suffix", ["mhd", "nhdr", "hdr"])
    def test_voxels_in_a_second_file_count(self, pair: Pair, suffix: str) -> None:
        pair.suffix = suffix
        paths = pair.write()
        assert paths.image is not None
        before = file_digest(paths.image)
        (data,) = (file for file in pair.folder.glob("image.*") if file != paths.image)
        content = bytearray(data.read_bytes())
        content[-1] ^= 1
        data.write_bytes(content)
        assert file_digest(paths.image) != before

    @pytest.mark.parametrize(("suffix", "other"), [("mhd", "mha"), ("nhdr", "nrrd")])
    def test_a_second_file_counts_whatever_the_header_is_called(
        self, pair: Pair, suffix: str, other: str
    ) -> None:
        pair.suffix = suffix
        paths = pair.write()
        assert paths.image is not None
        image = paths.image.rename(paths.image.with_suffix(f".{other}"))
        assert sitk.ReadImage(str(image)).GetSize() == (16, 16, 8)
        (data,) = (file for file in pair.folder.glob("image.*") if file != image)
        before = file_digest(image)
        data.write_bytes(data.read_bytes()[::-1])
        assert file_digest(image) != before
        assert not in_one_file(image)

    @pytest.mark.parametrize(
        ("suffix", "expected"),
        [("nii", True), ("nii.gz", True), ("nrrd", True), ("mha", True), ("mhd", False),
         ("nhdr", False), ("hdr", False)],
    )  # fmt: skip
    def test_whether_an_image_lies_in_one_file(
        self, pair: Pair, suffix: str, expected: bool
    ) -> None:
        pair.suffix = suffix
        paths = pair.write()
        assert paths.image is not None
        assert in_one_file(paths.image) is expected

    def test_content_does_not_depend_on_the_format(self, tmp_path: Path) -> None:
        found = []
        for number, suffix in enumerate(["nii", "nii.gz", "nrrd"]):
            pair = Pair(tmp_path / str(number))
            pair.suffix = suffix
            if suffix == "nrrd":
                pair.image = pair.image.astype(np.float32)
                pair.mask = pair.mask.astype(np.int16)
            found.append(pair.inspect())
        assert len({one.image_digest for one in found}) == 3
        assert len({one.image_content for one in found}) == 1
        assert len({one.segmentation_content for one in found}) == 1

    def test_content_differs_between_patients(self, tmp_path: Path) -> None:
        found = [Pair(tmp_path / str(seed), seed=seed).inspect() for seed in range(20)]
        assert len({one.image_content for one in found}) == 20
        assert len({one.segmentation_content for one in found}) == 20
