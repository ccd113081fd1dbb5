"""Whether a CT is in Hounsfield units; WORC's fixed bin width of 25 means nothing otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence

_CONVERT = Sentence(
    "Convert the CT again from DICOM so that it is in Hounsfield units (water 0, air -1000)."
)

#: A CT's noise alone spans more than this, in Hounsfield units.
_NARROWEST_RANGE = 20
#: The extended Hounsfield scale ends at 30,710.
_HIGHEST = 31_000
#: Where soft tissue lies when 1000 or 1024 was added to keep values positive.
_OFFSET_TISSUE = (800, 1300)
#: Air is -1000, and noise in it some hundreds less; padding outside of the round field of view of
#: a scanner is -2000, -2048, -3024 and the like.
_PADDING = -1500
#: Below this is air alone; lung and fat are above.
_AIR = -900
#: The share of air in a mask that a rough contour at the skin does not reach.
_MUCH_AIR = 0.05


def hounsfield_problem(image: npt.NDArray[Any], tumour: npt.NDArray[np.bool_]) -> Problem | None:
    """Report a CT whose values cannot be, or are hardly, Hounsfield units.

    An error only where no CT in Hounsfield units can look so; crops around a tumour need
    hold neither air nor bone, so neither is asked for.

    Parameters
    ----------
    image : array
        Finite voxels of the CT, not all the same.
    tumour : array of bool
        Where the tumour is; same shape, not empty.
    """
    low, high = float(image.min()), float(image.max())
    if high - low <= _NARROWEST_RANGE:
        what = Sentence(
            "The CT is not in Hounsfield units: its values go from {low:.6g} to {high:.6g} only, "
            "as if normalised.",
            low=low,
            high=high,
        )
        return Problem(what, _CONVERT)
    if high > _HIGHEST:
        what = Sentence(
            "The CT is not in Hounsfield units: its values go from {low:.6g} to {high:.6g}.",
            low=low,
            high=high,
        )
        remedy = Sentence(
            "{convert} Values near 65,000 are negative ones stored without their sign.",
            convert=_CONVERT,
        )
        return Problem(what, remedy)
    if low < 0:
        return None
    if low == 0 and high == 255:
        what = Sentence(
            "The CT is not in Hounsfield units: its values go from 0 to 255, as in a picture."
        )
        return Problem(what, _CONVERT)
    middle = float(np.median(image[tumour]))
    tissue = np.count_nonzero((image >= _OFFSET_TISSUE[0]) & (image <= _OFFSET_TISSUE[1]))
    if _OFFSET_TISSUE[0] <= middle <= _OFFSET_TISSUE[1] and tissue > 0.5 * image.size:
        what = Sentence(
            "The CT is not in Hounsfield units: no value is below 0 and the tumour lies at "
            "{middle:.0f}, as if 1000 or 1024 had been added.",
            middle=middle,
        )
        remedy = Sentence("{convert} If you know what was added, subtract it.", convert=_CONVERT)
        return Problem(what, remedy)
    what = Sentence(
        "The CT may not be in Hounsfield units: no value is below 0 (they go from {low:.6g} to "
        "{high:.6g}).",
        low=low,
        high=high,
    )
    remedy = Sentence("Look at fat (-100) and air (-1000) in it. {convert}", convert=_CONVERT)
    return Problem(what, remedy, "warning")


def padding_problem(image: npt.NDArray[Any], tumour: npt.NDArray[np.bool_]) -> Problem | None:
    """Report values far below air in a tumour: padding outside of what the scanner saw.

    Parameters
    ----------
    image : array
        Finite voxels of the CT.
    tumour : array of bool
        Where the tumour is; same shape, not empty.
    """
    inside = image[tumour]
    padding = inside < _PADDING
    n = int(np.count_nonzero(padding))
    if not n:
        return None
    what = Sentence(
        "{n:,} voxels inside the mask ({share:.1f} %) are far below air, down to {low:.6g}: "
        "padding outside of what the scanner saw.",
        n=n,
        share=100 * n / inside.size,
        low=float(inside.min()),
    )
    remedy = Sentence("Draw the tumour only where the image shows it.")
    return Problem(what, remedy, "warning")


def air_problem(image: npt.NDArray[Any], tumour: npt.NDArray[np.bool_]) -> Problem | None:
    """Report a tumour of air: a mask beside the body, or values that are 1000 too low.

    Parameters
    ----------
    image : array
        Finite voxels of the CT.
    tumour : array of bool
        Where the tumour is; same shape, not empty.
    """
    inside = image[tumour]
    share = np.count_nonzero(inside < _AIR) / inside.size
    if share < _MUCH_AIR:
        return None
    what = Sentence(
        "{share:.0f} % of the voxels inside the mask are air (below {air}); the tumour's median is "
        "{middle:.0f}.",
        share=100 * share,
        air=_AIR,
        middle=float(np.median(inside)),
    )
    remedy = Sentence(
        "Look whether the mask lies on the tumour, and whether water is 0 in the CT: where 1000 or "
        "1024 was subtracted twice, convert it again from DICOM."
    )
    return Problem(what, remedy, "warning")
