"""Small pictures of a tumour: one axial slice with the outline of the mask."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging.segmentation import tumour_of
from lungmet_worc.imaging.volumes import UnreadableImageError, read_volume

logger = logging.getLogger(__name__)

#: Image, mask, label of the tumour in the mask, and WORC's image type.
ThumbnailSource = tuple[Path, Path, int | None, str]

#: The window in which soft tissue is usually read, in Hounsfield units (level 40, width 400).
SOFT_TISSUE = (-160.0, 240.0)
#: Width and height of a picture, in pixels.
SIZE = 180
#: Percentiles of the crop between which other images are shown.
_PERCENTILES = (1.0, 99.0)
#: What is shown around the tumour: this share of its longer side, at least so many mm.
_MARGIN = 0.2
_LEAST_MARGIN = 10.0
#: A report may hold many pictures, so that each has to be small (bytes).
MOST_BYTES = 15_000
#: Shades of grey, as many as the picture stays small with; nobody sees more than 64 at this size.
_SHADES = (64, 32, 16, 8)
OUTLINE_COLOUR = (255, 225, 90)  # light, also in black and white

_Grey = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


def thumbnail(image: Path, segmentation: Path, *, label: int | None, image_type: str) -> bytes:
    """Draw the axial slice with the largest tumour area, with the outline of the mask.

    The picture is a square around the tumour, with pixels that are as wide as high in mm, seen
    from the feet as radiologists do (the patient's right is on the left). CT is shown from -160
    to 240 Hounsfield units, any other image from the 1st to the 99th percentile of the crop.

    Parameters
    ----------
    image, segmentation : Path
        Files that SimpleITK reads, on the same grid.
    label : int or None
        Value of the tumour in the mask; None for everything that is not 0.
    image_type : str
        WORC's name of the modality, such as "CT" or "MR".

    Returns
    -------
    bytes
        PNG with 8 bits a pixel; the same bytes for the same images, and nothing else in it.

    Raises
    ------
    UnreadableImageError
        The image or the mask cannot be read, they do not fit together, or there is no tumour.
    """
    grey, tumour, spacing = _largest_slice(image, segmentation, label)
    box = _field_of_view(tumour, spacing)
    crop = grey[_inside(box, grey.shape)]
    low, high = SOFT_TISSUE if image_type == "CT" else _percentiles(crop)
    shown = _resampled((grey - low) / (high - low), box, SIZE)
    outline = _outline(_resampled(tumour.astype(np.float64), box, SIZE) >= 0.5)
    return _png(shown, outline)


def thumbnails(sources: Mapping[tuple[str, str], ThumbnailSource]) -> dict[tuple[str, str], bytes]:
    """Draw the tumours of several patients.

    Parameters
    ----------
    sources : mapping of (modality, patient id) to (image, mask, label, image type)

    Returns
    -------
    dict of (modality, patient id) to bytes
        See `thumbnail`. An image of which no picture can be made is left out and told to the log.
    """
    drawn: dict[tuple[str, str], bytes] = {}
    for (modality, patient), (image, segmentation, label, image_type) in sources.items():
        try:
            drawn[modality, patient] = thumbnail(
                image, segmentation, label=label, image_type=image_type
            )
        except (UnreadableImageError, OSError, RuntimeError, MemoryError) as error:
            # The report is worth more than a picture in it.
            reason = str(error) or type(error).__name__
            logger.warning("No picture of the %s of %s: %s", modality, patient, reason)
    return drawn


def _largest_slice(
    image: Path, segmentation: Path, label: int | None
) -> tuple[_Grey, _Mask, tuple[float, float]]:
    """Return the axial slice with most tumour: grey values, tumour, mm of a (row, column)."""
    import SimpleITK as sitk

    volume, _ = read_volume(image, image.name)
    mask, _ = read_volume(segmentation, segmentation.name, "mask")
    mask = tumour_of(mask, label)
    if volume.GetSize() != mask.GetSize():
        what = Sentence(
            "The mask has {mask} voxels, the image {image}.",
            mask=str(mask.GetSize()),
            image=str(volume.GetSize()),
        )
        remedy = Sentence("Give the mask of this image.")
        raise UnreadableImageError(Problem(what, remedy, file=segmentation.name))
    # A study may say that a mask has the image's geometry whatever its header says; where it does
    # not, the check has refused masks that differ.
    mask.CopyInformation(volume)
    # Rows from front to back, columns from right to left, slices from feet to head, whatever the
    # plane in which the image was made.
    volume, mask = (sitk.DICOMOrient(each, "LPS") for each in (volume, mask))
    tumour = sitk.GetArrayViewFromImage(mask) == 1
    areas = tumour.sum(axis=(1, 2))
    if not areas.any():
        what, remedy = Sentence("There is no tumour in the mask."), Sentence("Look at the mask.")
        raise UnreadableImageError(Problem(what, remedy, file=segmentation.name))
    place = int(areas.argmax())
    grey = np.nan_to_num(np.asarray(sitk.GetArrayViewFromImage(volume)[place], dtype=np.float64))
    return grey, tumour[place], (volume.GetSpacing()[1], volume.GetSpacing()[0])


def _field_of_view(
    tumour: _Mask, spacing: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where a square around the tumour begins and ends: rows, then columns, in pixels."""
    ends = []
    for axis in (0, 1):
        places = np.flatnonzero(tumour.any(axis=1 - axis))
        ends.append((float(places[0]), float(places[-1]) + 1))
    widths = [(stop - start) * mm for (start, stop), mm in zip(ends, spacing, strict=True)]
    side = max(widths) + 2 * max(_LEAST_MARGIN, _MARGIN * max(widths))
    rows, columns = (
        ((start + stop - side / mm) / 2, (start + stop + side / mm) / 2)
        for (start, stop), mm in zip(ends, spacing, strict=True)
    )
    return rows, columns


def _inside(
    box: tuple[tuple[float, float], tuple[float, float]], shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """Return the part of an image that a square shows."""
    rows, columns = (
        slice(max(0, int(np.floor(start))), min(length, int(np.ceil(stop))))
        for (start, stop), length in zip(box, shape, strict=True)
    )
    return rows, columns


def _percentiles(crop: _Grey) -> tuple[float, float]:
    low, high = np.percentile(crop, _PERCENTILES)
    return float(low), float(high) if high > low else float(low) + 1.0


def _resampled(
    values: _Grey, box: tuple[tuple[float, float], tuple[float, float]], size: int
) -> _Grey:
    """Return a square of an image on a grid of another size, linearly; 0 outside of the image."""
    for axis in (0, 1):
        start, stop = box[axis]
        places = start + (np.arange(size) + 0.5) * (stop - start) / size - 0.5
        length = values.shape[axis]
        before = np.clip(np.floor(places), 0, length - 1).astype(int)
        after = np.minimum(before + 1, length - 1)
        share = np.clip(places - before, 0.0, 1.0)
        share, outside = (
            np.expand_dims(line, 1 - axis)
            for line in (share, (places < -0.5) | (places > length - 0.5))
        )
        mixed = np.take(values, before, axis) * (1 - share) + np.take(values, after, axis) * share
        values = np.where(outside, 0.0, mixed)
    return values


def _outline(inside: _Mask) -> _Mask:
    """Return the pixels of a shape that touch what is not in it."""
    padded = np.pad(inside, 1)
    core = inside.copy()
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        core &= padded[rows : rows + inside.shape[0], columns : columns + inside.shape[1]]
    return inside & ~core


def _png(shown: _Grey, outline: _Mask) -> bytes:
    """Return grey values from 0 to 1, and an outline upon them, as a PNG with a palette."""
    return next(
        (png for shades in _SHADES if len(png := _encoded(shown, outline, shades)) <= MOST_BYTES),
        _encoded(shown, outline, _SHADES[-1]),
    )


def _encoded(shown: _Grey, outline: _Mask, shades: int) -> bytes:
    from PIL import Image

    pixels = np.rint(np.clip(shown, 0, 1) * (shades - 1)).astype(np.uint8)
    pixels[outline] = shades
    greys = [round(shade * 255 / (shades - 1)) for shade in range(shades)]
    picture = Image.fromarray(pixels).convert("L")
    picture.putpalette([value for grey in greys for value in (grey,) * 3] + [*OUTLINE_COLOUR])
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True, bits=8)
    return stream.getvalue()
