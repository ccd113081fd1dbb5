"""The versions that the numbers depend on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import metadata

from lungmet_worc import __version__

#: Looking a version up takes milliseconds, and every stamp names some.
_version = cache(metadata.version)


def of(packages: Sequence[str]) -> dict[str, str]:
    """Return the installed version of each package."""
    return {name: _version(name) for name in packages}


def ours_and(packages: Sequence[str]) -> dict[str, str]:
    """Return our own version, and the installed one of each package."""
    return {"lungmet_worc": __version__, **of(packages)}
