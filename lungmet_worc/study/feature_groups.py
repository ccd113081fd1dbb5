"""Groups of features, as radiomics papers name them, told from WORC's feature names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

#: The groups that an arm may be made of.
IMAGE_GROUPS = ("shape", "orientation", "intensity", "texture", "filtered")
CLINICAL = "clinical"
OTHER = "other"

#: What marks the tumour volume among the features; the first that is there is used.
VOLUME_FEATURES = ("PREDICT_original_sf_volume", "PyRadiomics_sf_original_shape_VoxelVolume")

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
#: WORC extracts these and never lets a workflow use them (errata E28).
_NEVER_USED = "logf"

#: Kinds of texture that WORC switches on and off one by one.
_TEXTURES = (
    "Gabor", "LBP", "GLCM", "GLCMMS", "GLRLM", "GLSZM", "GLDM", "GLDZM", "NGTDM", "NGLDM",
)  # fmt: skip

#: With fewer kinds of texture than these and nothing else, too many candidates have no feature.
_FEW_TEXTURES = 3

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


def in_groups(name: str, groups: Iterable[str]) -> bool:
    """Return whether a workflow can use a feature, and it is of one of the groups."""
    found = _NAME.match(name)
    return found is not None and found[1] != _NEVER_USED and feature_group(name) in groups


def extracted_groups(settings: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return the groups of which WORC's settings of a modality extract a usable feature.

    Parameters
    ----------
    settings : mapping
        Section -> key -> text.
    """
    switches = _switches(settings)
    return tuple(group for group in IMAGE_GROUPS if switches[group])


def needed_switches(
    groups: Iterable[str], modalities: Iterable[Mapping[str, Mapping[str, str]]]
) -> tuple[str, ...]:
    """Return the keys of WORC's ``SelectFeatGroup`` that must be on in an arm of some groups.

    WORC switches each group of features on or off by chance in each candidate. In an arm of one
    group half of the candidates would be left without a feature (errata E9), so the groups that
    an arm names are on. Texture is many switches in WORC: they stay chance, unless the arm has
    fewer than three kinds of texture and nothing else.

    Parameters
    ----------
    groups : iterable of str
        Some of `IMAGE_GROUPS`.
    modalities : iterable of mapping
        WORC's settings of each modality of the arm.
    """
    wanted = set(groups)
    found: dict[str, set[str]] = {group: set() for group in IMAGE_GROUPS}
    for settings in modalities:
        for group, keys in _switches(settings).items():
            found[group] |= keys
    if wanted != {"texture"} or len(found["texture"]) >= _FEW_TEXTURES:
        wanted -= {"texture"}
    return tuple(sorted(key for group in wanted for key in found[group]))


def _switches(settings: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """Return group -> keys of ``SelectFeatGroup`` that its extracted features depend on."""
    calculators = settings["General"]["FeatureCalculators"].lower()
    found: dict[str, set[str]] = {group: set() for group in IMAGE_GROUPS}
    named = (
        ("ImageFeatures", "shape", "shape", ("shape_features",)),
        ("ImageFeatures", "orientation", "orientation", ("orientation_features",)),
        ("ImageFeatures", "histogram", "intensity", ("histogram_features",)),
        ("ImageFeatures", "vessel", "filtered", ("vessel_features",)),
        ("ImageFeatures", "phase", "filtered", ("phase_features",)),
        ("PyRadiomics", "extract_shape", "shape", ("shape_features",)),
    )
    sections = {"ImageFeatures": "predict", "PyRadiomics": "pyradiomics"}
    on = {
        (section, key)
        for section, calculator in sections.items()
        for key, text in settings[section].items()
        if calculator in calculators and text == "True"
    }
    for section, key, group, switches in named:
        if (section, key) in on:
            found[group].update(switches)
    for kind in _TEXTURES:
        if any((section, f"texture_{kind}") in on for section in sections):
            found["texture"].add(f"texture_{kind}_features")
    if "pyradiomics" in calculators:  # it always says where the tumour is
        found["orientation"].add("orientation_features")
    if ("PyRadiomics", "extract_firstorder") in on:
        if ("PyRadiomics", "Original") in on:
            found["intensity"].add("histogram_features")
        for key, switch in (("Wavelet", "wavelet_features"), ("LoG", "log_features")):
            if ("PyRadiomics", key) in on:
                found["filtered"].update(("histogram_features", switch))
    return found


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
