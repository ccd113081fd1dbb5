"""What WORC makes of a mask, values that are no labels, and masks that cannot be meant."""

from __future__ import annotations

import numpy as np
import pytest

from lungmet_worc.basics.errors import Problem
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.imaging.masks import label_problems, prepared, shares_problem, tumour_problems
from tests.synthetic import Array

SHAPE = (10, 20, 20)


def ball(radius: float = 4.0, centre: tuple[float, ...] = (5, 10, 10)) -> Array:
    grid = np.indices(SHAPE)
    distance = sum((axis - middle) ** 2 for axis, middle in zip(grid, centre, strict=True))
    return np.asarray(distance <= radius**2)


def told(tumour: Array, **rules: object) -> list[Problem]:
    return list(tumour_problems(tumour, MaskRules(**rules)))  # type: ignore[arg-type]


class TestHolesAndPieces:
    def test_a_hole_is_told_with_what_it_adds(self) -> None:
        tumour = ball(4) & ~ball(2)
        before, hole = int(tumour.sum()), int(ball(2).sum())
        (problem,) = told(tumour)
        assert problem.severity == "warning"
        assert f"grows by {100 * hole / before:.0f} % ({hole} voxels)" in problem.what
        assert "fillholes = False" in problem.remedy
        assert told(tumour, fill_holes=False) == []

    def test_a_small_hole_is_nothing_to_say(self) -> None:
        tumour = ball(4)
        tumour[5, 10, 10] = False
        assert told(tumour) == []

    def test_a_tunnel_is_no_hole(self) -> None:
        tumour = ball(4)
        tumour[:, 10, 10] = False
        assert prepared(tumour, MaskRules()).filled == 0

    def test_dropped_pieces_are_told_with_their_share(self) -> None:
        tumour = ball(3, (5, 6, 6)) | ball(2, (5, 15, 15))
        dropped = int(ball(2).sum())
        (problem,) = told(tumour)
        assert "2 separate pieces" in problem.what
        assert f"{100 * dropped / tumour.sum():.0f} % of its voxels" in problem.what
        assert told(tumour, largest_piece=False) == []

    def test_small_objects_are_dropped_before_pieces_are_counted(self) -> None:
        tumour = ball(4)
        tumour[0, 0, :3] = True
        assert prepared(tumour, MaskRules()).pieces == 2
        rules = MaskRules(largest_piece=False, smallest_object=4)
        left = prepared(tumour, rules)
        assert (left.dropped, int(left.tumour.sum())) == (3, int(ball(4).sum()))
        (problem,) = told(ball(1), smallest_object=1000)
        assert problem.severity == "error"

    def test_rules_follow_the_settings(self) -> None:
        segmentix = {"fillholes": "False", "remove_small_objects": "True", "min_object_size": "30"}
        rules = MaskRules.from_settings({"Segmentix": segmentix})
        assert (rules.fill_holes, rules.smallest_object) == (False, 30)
        off = MaskRules.from_settings({"General": {"Segmentix": "False"}, "Segmentix": segmentix})
        assert (off.fill_holes, off.smallest_object, off.largest_piece) == (False, 0, False)

    @pytest.mark.worc
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("small", [0, 12])
    def test_the_volume_is_that_of_segmentix(self, seed: int, small: int, tmp_path) -> None:
        """WORC's own functions in WORC's order: holes, small objects, largest piece."""
        from scipy import ndimage
        from skimage import morphology
        from WORC.processing.ExtractNLargestBlobsn import ExtractNLargestBlobsn

        random = np.random.default_rng(seed)
        tumour = ndimage.gaussian_filter(random.normal(size=SHAPE), 1.2) > 0.05
        theirs = ndimage.binary_fill_holes(tumour)
        if small:
            theirs = morphology.remove_small_objects(theirs, min_size=small, connectivity=2)
        filled = int(ndimage.binary_fill_holes(tumour).sum() - tumour.sum())
        theirs = ExtractNLargestBlobsn(theirs.astype(bool), 1)
        found = prepared(tumour, MaskRules(smallest_object=small))
        assert int(found.tumour.sum()) == int(theirs.sum())
        assert found.filled == filled
        assert int(tumour.sum()) + found.filled - found.dropped == int(theirs.sum())


class TestMostOfTheImage:
    def test_inverted(self) -> None:
        (problem,) = told(~ball(4))
        share = 100 * float((~ball(4)).mean())
        assert problem.severity == "error"
        assert f"inverted: it covers {share:.0f} %" in problem.what

    def test_an_image_that_is_cropped_to_the_tumour(self) -> None:
        grid = np.indices((40, 40, 40)) - 19.5
        tumour = (grid**2).sum(axis=0) <= 20.5**2
        assert tumour.mean() > 0.5
        assert told(tumour) == []

    @pytest.mark.parametrize("kept", [0.6, 0.9])
    def test_most_of_the_image(self, kept: float) -> None:
        tumour = np.zeros(SHAPE, bool)
        tumour[:, : int(kept * SHAPE[1])] = True
        (problem,) = told(tumour)
        assert problem.severity == "warning"
        assert f"covers {100 * kept:.0f} % of the image" in problem.what


class TestValues:
    def values(self, *values: float) -> list[Problem]:
        mask = np.zeros(SHAPE, np.float32)
        mask.flat[: 10 * len(values)] = np.repeat(values, 10)
        return list(label_problems(mask, None, "MRI"))

    @pytest.mark.parametrize("values", [(1 / 255,), (2 / 255, 1 / 255), (128 / 255,)])
    def test_a_picture_divided_by_255(self, values: tuple[float, ...]) -> None:
        (problem,) = self.values(*values)
        assert "n/255" in problem.what
        assert "Multiply it by 255" in problem.remedy

    def test_a_scaled_value(self) -> None:
        (problem,) = self.values(0.37)
        assert "(0.37), as if it had been scaled" in problem.what

    def test_interpolated_values(self) -> None:
        (problem,) = self.values(1, 0.33, 0.66)
        assert "(0.33, 0.66), as if interpolated" in problem.what

    def test_roundings_of_one_label_are_one_label(self) -> None:
        assert self.values(0.9999, 1, 1.0001) == []
        (problem,) = self.values(0.9999, 1, 2.0001)
        assert "several labels (1, 2)" in problem.what

    def test_a_rounding_of_nothing_is_nothing(self) -> None:
        (problem,) = self.values(1e-5)
        assert "empty" in problem.what

    def test_probabilities(self) -> None:
        mask = np.random.default_rng(0).random(SHAPE).astype(np.float32)
        problem = shares_problem(mask)
        assert problem is not None
        assert "probabilities" in problem.what
        assert "0.5" in problem.remedy
        assert shares_problem(mask * 300) is None
        assert shares_problem((mask > 0.5).astype(np.float32)) is None
