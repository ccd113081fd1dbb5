"""The versions that the numbers depend on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import metadata

from lungmet_worc import __version__

#: Packages whose version decides a feature value.
EXTRACTION = (
    "WORC",
    "PREDICT",
    "pyradiomics",
    "SimpleITK",
    "numpy",
    "scipy",
    "scikit-image",
    "PyWavelets",
    "phasepack",
)

#: Packages whose version decides a search.
SEARCH = ("WORC", "scikit-learn", "imbalanced-learn", "xgboost", "numpy", "scipy")

#: Packages whose version decides what is found in an image.
CHECK = ("SimpleITK", "numpy")

#: Packages that tables, figures and the report are made with.
REPORT = ("numpy", "pandas", "scipy", "scikit-learn", "matplotlib", "Jinja2", "openpyxl")

#: Bump when our own code changes what is found in an image, what a fingerprint, an extraction or a
#: search gives, or what tables, figures and the report look like.
CHECK_REVISION = 4
FINGERPRINT_REVISION = 1
EXTRACTION_REVISION = 2
SEARCH_REVISION = 2
PERMUTATION_REVISION = 1
REPORT_REVISION = 7


#: Looking a version up takes milliseconds, and every stamp names some.
_version = cache(metadata.version)


def of(packages: Sequence[str]) -> dict[str, str]:
    """Return the installed version of each package."""
    return {name: _version(name) for name in packages}


def checker() -> dict[str, str]:
    """Return the versions that decide what is found in an image, ours first."""
    return {"lungmet_worc": __version__, **of(CHECK)}


def everything() -> dict[str, str]:
    """Return all versions that a report names, ours first."""
    other = (*EXTRACTION, *SEARCH, "fastr", "pandas")
    return {"lungmet_worc": __version__, **of(other)}
