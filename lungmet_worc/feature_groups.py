"""Groups of features, as radiomics papers name them, told from WORC's feature names."""

from __future__ import annotations

import re
from types import MappingProxyType

#: The groups that an arm may be made of.
IMAGE_GROUPS = ("shape", "orientation", "intensity", "texture", "filtered")
CLINICAL = "clinical"
OTHER = "other"

#: The part of a name that says which group it is, as WORC's ``SelectGroups`` reads it: LoG,
#: vessel and phase are intensities of a filtered image.
_MARKS = MappingProxyType(
    {
        "sf": "shape",
        "of": "orientation",
        "locf": "orientation",
        "hf": "intensity",
        "tf": "texture",
        "logf": "filtered",
        "vf": "filtered",
        "phasef": "filtered",
        "semf": CLINICAL,
    }
)
_NAME = re.compile(r"(?:PREDICT_[a-z]+|PyRadiomics)_([a-z]+)_(?:(wavelet|log)[-_])?")


def feature_group(name: str) -> str:
    """Return the group of a feature: one of `IMAGE_GROUPS`, "clinical" or "other".

    Parameters
    ----------
    name : str
        WORC's name, with or without the modality behind it.

    Examples
    --------
    >>> feature_group("PREDICT_original_tf_Gabor_entropy_F0.5_A2.36_MRI")
    'texture'
    >>> feature_group("PyRadiomics_hf_wavelet-LHL_firstorder_Mean_CT")
    'filtered'
    """
    found = _NAME.match(name)
    if found is None:
        return OTHER
    group = _MARKS.get(found[1], OTHER)
    filtered = found[2] is not None
    return "filtered" if filtered and group == "intensity" else group


def feature_modality(name: str, modalities: tuple[str, ...]) -> str:
    """Return the modality of a feature: the longest that ends its name, else "clinical".

    Parameters
    ----------
    name : str
        WORC's name with the modality behind it.
    modalities : tuple of str
        The modalities of the arm.

    Examples
    --------
    >>> feature_modality("PREDICT_original_sf_volume_2.5D_T1_post", ("post", "T1_post"))
    'T1_post'
    """
    ends = [modality for modality in modalities if name.endswith(f"_{modality}")]
    return max(ends, key=len, default=CLINICAL)
