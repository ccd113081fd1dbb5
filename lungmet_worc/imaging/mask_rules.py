"""What WORC will do with a mask, as far as the checks depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MaskRules:
    """What WORC will do with a mask, as far as the checks depend on it.

    Parameters
    ----------
    geometry_tolerance : float
        WORC's ``[PyRadiomics] geometryTolerance``: origin and spacing of image and mask may
        differ by this times the image's first spacing, each direction cosine by this.
    same_geometry : bool
        WORC's ``[General] AssumeSameImageAndMaskMetadata``: the mask gets the image's
        geometry.
    largest_piece : bool
        WORC's ``[Segmentix] N_blobs`` is not 0: only the largest connected piece counts.
    fill_holes : bool
        WORC's ``[Segmentix] fillholes``: what the tumour encloses belongs to it.
    smallest_object : int
        WORC's ``[Segmentix] min_object_size`` in voxels; 0 if small objects stay.
    """

    geometry_tolerance: float = 1e-4
    same_geometry: bool = False
    largest_piece: bool = True
    fill_holes: bool = True
    smallest_object: int = 0

    @classmethod
    def from_settings(cls, settings: Mapping[str, Mapping[str, str]]) -> MaskRules:
        """Return the rules that WORC's settings make, WORC's defaults where they are silent."""
        general = settings.get("General", {})
        tolerance = settings.get("PyRadiomics", {}).get("geometryTolerance", "0.0001")
        segmentix = settings.get("Segmentix", {})
        used = general.get("Segmentix", "True") == "True"
        small = used and segmentix.get("remove_small_objects", "False") == "True"
        return cls(
            geometry_tolerance=float(tolerance),
            same_geometry=general.get("AssumeSameImageAndMaskMetadata", "False") == "True",
            largest_piece=used and int(segmentix.get("N_blobs", "1")) != 0,
            fill_holes=used and segmentix.get("fillholes", "True") == "True",
            smallest_object=int(segmentix.get("min_object_size", "2")) if small else 0,
        )
