"""Whether a CT is in Hounsfield units; WORC's fixed bin width of 25 means nothing otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lungmet_worc.errors import Problem

_CONVERT = "Convert the CT again from DICOM so that it is in Hounsfield units (water 0, air -1000)."

#: A CT's noise alone spans more than this, in Hounsfield units.
_NARROWEST_RANGE = 20
#: The extended Hounsfield scale ends at 30,710.
_HIGHEST = 31_000
#: Where soft tissue lies when 1000 or 1024 was added to keep values positive.
_OFFSET_TISSUE = (800, 1300)


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
    span = f"from {low:.6g} to {high:.6g}"
    if high - low <= _NARROWEST_RANGE:
        what = f"The CT is not in Hounsfield units: its values go {span} only, as if normalised."
        return Problem(what, _CONVERT)
    if high > _HIGHEST:
        what = f"The CT is not in Hounsfield units: its values go {span}."
        remedy = f"{_CONVERT} Values near 65,000 are negative ones stored without their sign."
        return Problem(what, remedy)
    if low < 0:
        return None
    if low == 0 and high == 255:
        what = "The CT is not in Hounsfield units: its values go from 0 to 255, as in a picture."
        return Problem(what, _CONVERT)
    middle = float(np.median(image[tumour]))
    tissue = np.count_nonzero((image >= _OFFSET_TISSUE[0]) & (image <= _OFFSET_TISSUE[1]))
    if _OFFSET_TISSUE[0] <= middle <= _OFFSET_TISSUE[1] and tissue > 0.5 * image.size:
        what = (
            "The CT is not in Hounsfield units: no value is below 0 and the tumour lies at "
            f"{middle:.0f}, as if 1000 or 1024 had been added."
        )
        remedy = f"{_CONVERT} If you know what was added, subtract it."
        return Problem(what, remedy)
    what = f"The CT may not be in Hounsfield units: no value is below 0 (they go {span})."
    remedy = f"Look at fat (-100) and air (-1000) in it. {_CONVERT}"
    return Problem(what, remedy, "warning")
