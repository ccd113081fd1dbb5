"""What can be wrong with the values of a mask, and with the tumour in it.

Every check is a function of arrays that returns problems; which files these come from is filled
in by the caller. Arrays are indexed slice, row, column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.imaging.segmentation import TOLERANCE, is_whole, labels_of

Voxels = npt.NDArray[Any]
Tumour = npt.NDArray[np.bool_]

#: Below this many voxels texture is hardly defined; LIFEx computes none below it
#: (Orlhac et al. 2014, J Nucl Med 55:414; Nioche et al. 2018, Cancer Res 78:4786).
FEW_VOXELS = 64

#: What WORC adds to or takes from a tumour's volume before a user should hear of it.
_CHANGED_SHARE = 0.05

#: A tumour with a margin fills half of its image at most; one that was cropped to its own box
#: fills more (a ball 52 %), but not the corners.
_MOST_OF_IMAGE = 0.5
_BOX_OF_TUMOUR = 0.75

#: How many values a message lists.
_LISTED = 6


def label_problems(mask: Voxels, label: int | None, modality: str) -> Iterator[Problem]:
    """Check the (finite) values of a mask against the label that the study names, or none."""
    values = np.unique(mask)
    labels = labels_of(values)
    between = values[~is_whole(values)]
    if not labels and not len(between):  # scaled to almost nothing
        between = values[np.abs(values) > TOLERANCE / 10]
    if len(between):
        yield _not_whole(between, alone=not labels_of(values[is_whole(values)]))
        return
    if not labels:
        remedy = Sentence("Draw the tumour, or leave both cells empty.")
        yield Problem(Sentence("The mask is empty."), remedy)
    elif label is None and len(labels) > 1:
        what = Sentence(
            "The mask has several labels ({labels}), and the study names none.",
            labels=listed(labels),
        )
        remedy = Sentence(
            "Write which is the tumour as label in [modalities.{modality}].", modality=modality
        )
        yield Problem(what, remedy)
    elif label is not None and label not in labels:
        what = Sentence(
            "The mask has no label {label}; it has {labels}.", label=label, labels=listed(labels)
        )
        remedy = Sentence(
            "Correct the mask, or label in [modalities.{modality}].", modality=modality
        )
        yield Problem(what, remedy)


def shares_problem(mask: Voxels) -> Problem | None:
    """Report a mask of probabilities: many values from 0 to 1, which nobody has cut off yet."""
    if mask.dtype.kind != "f" or mask.min() < -TOLERANCE or mask.max() > 1 + TOLERANCE:
        return None
    values = np.unique(mask)
    between = values[~is_whole(values)]
    if len(between) <= _LISTED:
        return None
    what = Sentence(
        "The mask holds probabilities or shares: {n:,} values between 0 and 1, such as {values}.",
        n=len(between),
        values=listed(between[:: max(1, len(between) // 3)][:3]),
    )
    remedy = Sentence(
        "Cut it off, usually at 0.5, and give a mask of 0 and 1; resample masks with nearest "
        "neighbour."
    )
    return Problem(what, remedy)


def _not_whole(values: Voxels, *, alone: bool) -> Problem:
    """Report values that are no labels, alone or beside labels, and where they come from."""
    of_picture = values * 255
    if values.min() > 0 and values.max() < 1 and np.allclose(of_picture, np.round(of_picture)):
        what = Sentence(
            "The mask has values of n/255 ({values}), as if a picture had been divided by 255.",
            values=listed(values),
        )
        remedy = Sentence("Multiply it by 255 and round, or export the mask again, with 0 and 1.")
    elif len(values) == 1 and alone:
        what = Sentence(
            "The mask has a value that is no whole number ({values}), as if it had been scaled.",
            values=listed(values),
        )
        remedy = Sentence("Export the mask again, with 0 and 1.")
    else:
        what = Sentence(
            "The mask has values that are no whole numbers ({values}), as if interpolated.",
            values=listed(values),
        )
        remedy = Sentence("Resample masks with nearest neighbour, or cut this one off at 0.5.")
    return Problem(what, remedy)


def listed(values: Voxels | list[int]) -> str:
    """Return values as text, the first few of many."""
    texts = [f"{value:.6g}" for value in values[:_LISTED]]
    return ", ".join(texts) + (" ..." if len(values) > _LISTED else "")


@dataclass(frozen=True)
class Prepared:
    """What WORC's segmentix makes of a tumour.

    Parameters
    ----------
    tumour : array of bool
        The part of the image that holds the tumour, after segmentix.
    filled : int
        Voxels that were added: holes.
    dropped : int
        Voxels that were removed: small objects, and all pieces but the largest.
    pieces : int
        Pieces that are connected by faces, edges or corners.
    """

    tumour: Tumour
    filled: int
    dropped: int
    pieces: int


def prepared(tumour: Tumour, rules: MaskRules) -> Prepared:
    """Return what WORC's segmentix makes of a tumour that is not empty.

    Parameters
    ----------
    tumour : array of bool
        The whole image.
    rules : MaskRules
        Segmentix's settings.
    """
    before = tumour[bounding_box(tumour)]
    after, pieces = before, 1
    if rules.fill_holes:
        after = _without_holes(after)
    filled = int(after.sum()) - int(before.sum())
    if rules.smallest_object:
        after = _without_small_objects(after, rules.smallest_object)
    if rules.largest_piece and after.any():
        after, pieces = largest_piece(after)
    dropped = int(before.sum()) + filled - int(after.sum())
    return Prepared(after, filled, dropped, pieces)


def tumour_problems(tumour: Tumour, rules: MaskRules) -> Iterator[Problem]:
    """Check whether a tumour that is not empty is large enough, and not everything."""
    everything = _everything_problem(tumour)
    if everything is not None:
        yield everything
        if everything.severity == "error":
            return
    left = prepared(tumour, rules)
    kept = int(left.tumour.sum())
    if not kept:
        what = Sentence("WORC drops all pieces of the mask: each is smaller than min_object_size.")
        yield Problem(what, Sentence("Lower min_object_size in [worc.Segmentix]."))
        return
    extents = [stop.stop - stop.start for stop in bounding_box(left.tumour)]
    if sum(extent > 1 for extent in extents) < 2:
        yield _too_thin(kept, left.pieces)
    elif kept < FEW_VOXELS:
        what = Sentence(
            "The mask has only {n} voxels: texture features mean little below {few}.",
            n=kept,
            few=FEW_VOXELS,
        )
        remedy = Sentence("Look whether the whole tumour is drawn.")
        yield Problem(what, remedy, "warning")
    if 1 in extents and kept > 1:
        what = Sentence("The tumour is drawn in one slice only; 3D features of it mean little.")
        yield Problem(what, Sentence("Draw it in all slices if you can."), "warning")
    yield from _changes(left, int(tumour.sum()))


def _too_thin(kept: int, pieces: int) -> Problem:
    """Report what PyRadiomics refuses (minimumROIDimensions 2); PREDICT refuses one voxel."""
    shape = Sentence.plural(kept, "a single voxel", "a line of {n} voxels")
    what = Sentence("The mask is only {shape}: features need at least two directions.", shape=shape)
    if pieces > 1:
        what = Sentence(
            "The largest piece of the mask is only {shape}: features need at least two directions.",
            shape=shape,
        )
    return Problem(what, Sentence("Draw the whole tumour."))


def _everything_problem(tumour: Tumour) -> Problem | None:
    """Report a mask that covers the image, or most of it."""
    share = float(tumour.mean())
    remedy = Sentence("Give a mask of the tumour only.")
    if share == 1.0:
        return Problem(Sentence("The mask covers every voxel of the image."), remedy)
    if share > _MOST_OF_IMAGE and _corners(tumour).all():
        what = Sentence(
            "The mask is inverted: it covers {share:.0f} % of the image, all its corners too.",
            share=100 * share,
        )
        return Problem(what, Sentence("Exchange inside and outside: 1 in the tumour, 0 elsewhere."))
    if share > _BOX_OF_TUMOUR or (share > _MOST_OF_IMAGE and _corners(tumour).any()):
        what = Sentence("The mask covers {share:.0f} % of the image.", share=100 * share)
        remedy = Sentence("Look whether it is inverted, or of another structure.")
        return Problem(what, remedy, "warning")
    return None


def _corners(tumour: Tumour) -> Tumour:
    return tumour[np.ix_(*([0, -1] for _ in tumour.shape))]


def _changes(left: Prepared, total: int) -> Iterator[Problem]:
    """Report by how much WORC changes the volume."""
    if left.filled >= _CHANGED_SHARE * total:
        what = Sentence(
            "The mask has holes, and WORC fills them: the volume grows by {share:.0f} % "
            "({n:,} voxels).",
            share=100 * left.filled / total,
            n=left.filled,
        )
        remedy = Sentence(
            "If a part was left out on purpose (necrosis), set fillholes = False in "
            "[worc.Segmentix]."
        )
        yield Problem(what, remedy, "warning")
    if left.dropped >= _CHANGED_SHARE * (total + left.filled):
        what = Sentence(
            "The mask has {pieces} separate pieces, and WORC uses the largest only: {share:.0f} % "
            "of its voxels are not used.",
            pieces=left.pieces,
            share=100 * left.dropped / (total + left.filled),
        )
        remedy = Sentence("Remove stray voxels, or set N_blobs = 0 in [worc.Segmentix] to use all.")
        yield Problem(what, remedy, "warning")


def bounding_box(tumour: Tumour) -> tuple[slice, ...]:
    """Return the smallest box, as one slice per axis, that holds all true voxels."""
    box = []
    for axis in range(tumour.ndim):
        others = tuple(other for other in range(tumour.ndim) if other != axis)
        where = np.flatnonzero(tumour.any(axis=others))
        box.append(slice(int(where[0]), int(where[-1]) + 1))
    return tuple(box)


def largest_piece(tumour: Tumour) -> tuple[Tumour, int]:
    """Return the largest piece connected by faces, edges or corners, and how many there are.

    As WORC's segmentix does (``ExtractNLargestBlobsn``, full connectivity).
    """
    numbered, counts = _pieces(tumour, corners=True)
    return np.asarray(numbered == counts.argmax()), int(np.count_nonzero(counts))


def _pieces(tumour: Tumour, *, corners: bool) -> tuple[Voxels, Voxels]:
    """Return the number of the piece of each voxel, and how many voxels each piece has."""
    import SimpleITK as sitk

    components = sitk.ConnectedComponent(sitk.GetImageFromArray(tumour.astype(np.uint8)), corners)
    numbered = sitk.GetArrayFromImage(components)
    counts = np.bincount(numbered.ravel())
    counts[0] = 0
    return numbered, counts


def _without_holes(tumour: Tumour) -> Tumour:
    """Fill what is enclosed in all three directions, as scipy's binary_fill_holes does."""
    outside, _ = _pieces(np.pad(~tumour, 1, constant_values=True), corners=False)
    return np.asarray(outside != outside[0, 0, 0])[1:-1, 1:-1, 1:-1]


def _without_small_objects(tumour: Tumour, smallest: int) -> Tumour:
    """Drop small pieces, as skimage's remove_small_objects does with connectivity 2."""
    from scipy import ndimage

    numbered, _ = ndimage.label(tumour, ndimage.generate_binary_structure(3, 2))
    counts = np.bincount(numbered.ravel())
    counts[0] = 0
    return np.asarray((counts >= smallest)[numbered])
