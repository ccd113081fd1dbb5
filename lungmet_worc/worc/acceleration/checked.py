"""The versions that the accelerations were compared with, and what is installed instead."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from types import MappingProxyType

#: Part -> package -> version. A replacement stands for one function of one version; of packages
#: that it only calls, given with two numbers, later corrections will do.
CHECKED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "extraction": {
            "WORC": "3.7.0",
            "PREDICT": "3.2.0",
            "pyradiomics": "3.0.1",
            "phasepack": "1.5",
            "scikit-image": "0.26",
            "numpy": "1.26",
            "scipy": "1.16",
        },
        "search": {
            "WORC": "3.7.0",
            "scikit-learn": "1.9",
            "imbalanced-learn": "0.14",
            "numpy": "1.26",
            "scipy": "1.16",
        },
        "evaluation": {"WORC": "3.7.0"},
    }
)


def differences(part: str) -> list[str]:
    """Return the packages of another version than was checked, each with both versions.

    Parameters
    ----------
    part : str
        A key of ``CHECKED``.
    """
    found = []
    for package, checked in CHECKED[part].items():
        try:
            installed = metadata.version(package)
        except metadata.PackageNotFoundError:
            installed = "none"
        if installed != checked and not installed.startswith(f"{checked}."):
            found.append(f"{package} {installed}, not {checked}")
    return found


def warnings() -> list[str]:
    """Return a sentence for each part that stays at WORC's own speed."""
    return [
        f"The {part} runs at WORC's own speed: the faster functions were checked with other "
        f"versions ({'; '.join(found)}). constraints.txt has the versions that were checked."
        for part in CHECKED
        if (found := differences(part))
    ]
