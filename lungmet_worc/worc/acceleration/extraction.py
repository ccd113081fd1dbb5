"""Switch the replacements for PREDICT and PyRadiomics on and off in this process."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from lungmet_worc.worc.acceleration import diameters, gabor, laplacian, patterns, phase, vessel
from lungmet_worc.worc.acceleration.replacements import Replacement, Replacements

_FEATURES = "PREDICT.imagefeatures"

#: Module or class, name in it, and what stands for it.
_STAND_INS: tuple[tuple[str, str, Any], ...] = (
    (f"{_FEATURES}.texture_features", "gabor_filter_parallel", gabor.gabor_filter_parallel),
    (f"{_FEATURES}.texture_features", "get_LBP_features", patterns.get_LBP_features),
    (f"{_FEATURES}.vessel_features", "get_vessel_features", vessel.get_vessel_features),
    (f"{_FEATURES}.phase_features", "get_phase_features", phase.get_phase_features),
    (f"{_FEATURES}.log_features", "get_log_features", laplacian.get_log_features),
    (f"{_FEATURES}.histogram_features", "get_histogram_features", patterns.get_histogram_features),
    ("PREDICT.helpers.contour_functions", "_keep_left", patterns._keep_left),
    (
        "PREDICT.helpers.contour_functions",
        "get_contour_boundary_points",
        patterns.get_contour_boundary_points,
    ),
    (
        f"{_FEATURES}.shape_features",
        "compute_covariance_matrix",
        patterns.compute_covariance_matrix,
    ),
    # The names in these modules only: the replacements call PyRadiomics' own functions.
    (
        "radiomics.shape",
        "cShape",
        SimpleNamespace(calculate_coefficients=diameters.calculate_coefficients),
    ),
    ("radiomics.base:RadiomicsFeaturesBase", "_applyBinning", diameters._applyBinning),
    ("radiomics.gldm", "cMatrices", SimpleNamespace(calculate_gldm=diameters.calculate_gldm)),
    ("radiomics.ngtdm", "cMatrices", SimpleNamespace(calculate_ngtdm=diameters.calculate_ngtdm)),
)


def _replacements() -> Iterator[Replacement]:
    for owner, name, replacement in _STAND_INS:
        yield pkgutil.resolve_name(owner), name, replacement


EXTRACTION = Replacements("extraction", _replacements)
