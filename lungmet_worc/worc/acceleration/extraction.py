"""Switch the replacements for PREDICT and PyRadiomics on and off in this process."""

from __future__ import annotations

import contextlib
import logging
import pkgutil
from collections.abc import Iterator
from importlib import metadata
from types import SimpleNamespace
from typing import Any

from lungmet_worc.worc.acceleration import diameters, gabor, laplacian, patterns, phase, vessel

logger = logging.getLogger(__name__)

#: What the replacements were compared with. Others may compute something else.
CHECKED = {
    "PREDICT": "3.2.0",
    "pyradiomics": "3.0.1",
    "scikit-image": "0.26.0",
    "phasepack": "1.5",
}

_FEATURES = "PREDICT.imagefeatures"

#: Module or class, name in it, and what stands for it.
REPLACEMENTS: tuple[tuple[str, str, Any], ...] = (
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

#: What was there before.
_originals: dict[tuple[str, str], Any] = {}


def install() -> None:
    """Put every replacement in its place; a second call does nothing.

    It stays off, with a warning, where another version is installed than those in `CHECKED`.
    """
    if _originals:
        return
    differences = _differences()
    if differences:
        logger.warning(
            "Features are extracted at WORC's own speed: the faster functions were checked with "
            "other versions (%s).",
            ", ".join(differences),
        )
        return
    for module, name, replacement in REPLACEMENTS:
        place = pkgutil.resolve_name(module)
        _originals[module, name] = getattr(place, name)
        setattr(place, name, replacement)


def uninstall() -> None:
    """Put the original functions back."""
    while _originals:
        (module, name), original = _originals.popitem()
        setattr(pkgutil.resolve_name(module), name, original)


@contextlib.contextmanager
def accelerated() -> Iterator[None]:
    """Use the replacements within a block."""
    installed = bool(_originals)
    install()
    try:
        yield
    finally:
        if not installed:
            uninstall()


def _differences() -> list[str]:
    """Return the packages of another version, each with both versions."""
    differences = []
    for package, checked in CHECKED.items():
        try:
            installed = metadata.version(package)
        except metadata.PackageNotFoundError:
            installed = "none"
        if installed != checked:
            differences.append(f"{package} {installed}, not {checked}")
    return differences
