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

#: Bump when our own code changes what an extraction or a search gives.
EXTRACTION_REVISION = 1
SEARCH_REVISION = 1


@cache
def of(packages: Sequence[str]) -> dict[str, str]:
    """Return the installed version of each package."""
    return {name: metadata.version(name) for name in packages}


def everything() -> dict[str, str]:
    """Return all versions that a report names, ours first."""
    other = (*EXTRACTION, *SEARCH, "fastr", "pandas")
    return {"lungmet_worc": __version__, **of(tuple(dict.fromkeys(other)))}
