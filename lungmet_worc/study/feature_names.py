"""WORC's names of features taken apart, and names that R and SPSS take."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from lungmet_worc.study.feature_groups import feature_group

#: The longest name of a variable in SPSS, in bytes; all our names are ASCII.
LONGEST = 64

#: Words of SPSS and R that name no variable, in lower case.
_RESERVED = frozenset(
    [
        *("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"),
        *("if", "else", "repeat", "while", "function", "for", "next", "break", "true", "false"),
        *("null", "inf", "nan", "na", "in", "t", "f"),
    ]
)

_WORC = re.compile(r"(?P<toolbox>PREDICT|PyRadiomics)_(?:original_)?(?P<mark>[a-z]+f)_(?P<rest>.+)")
_FILTER = re.compile(r"(?P<filter>original|wavelet-[A-Z]+|log-sigma-[0-9.-]+mm-\dD)_(?P<rest>.+)")
#: PREDICT's own filters, by the mark of their group.
_FILTERS = {"logf": "LoG", "vf": "vessel", "phasef": "phase"}
#: What PyRadiomics says a second time, since the group says it.
_CLASSES = ("shape_", "firstorder_")
_DISTANCE = re.compile(r"d(\d+\.\d+)A(\d+\.\d+)")


class FeatureName(NamedTuple):
    """What WORC's name of a feature says.

    Parameters
    ----------
    toolbox : str
        "PREDICT", "PyRadiomics", or "" where the name is none of WORC's.
    group : str
        See `lungmet_worc.study.feature_groups.feature_group`.
    filter : str
        "original", or what was done with the image first.
    detail : str
        The rest.
    """

    toolbox: str
    group: str
    filter: str
    detail: str


def parsed(name: str) -> FeatureName:
    """Take WORC's name of a feature apart.

    Parameters
    ----------
    name : str
        Without the modality behind it.

    Examples
    --------
    >>> parsed("PyRadiomics_hf_wavelet-LHL_firstorder_Mean")
    FeatureName(toolbox='PyRadiomics', group='filtered', filter='wavelet-LHL', detail='Mean')
    """
    group, found = feature_group(name), _WORC.fullmatch(name)
    if found is None:
        return FeatureName("", group, "original", name)
    rest, kind = found["rest"], _FILTERS.get(found["mark"], "original")
    filtered = _FILTER.fullmatch(rest)
    if filtered is not None:
        kind, rest = filtered["filter"], filtered["rest"]
    for start in _CLASSES:
        rest = rest.removeprefix(start)
    return FeatureName(found["toolbox"], group, kind, rest)


def readable_name(name: str, modality: str) -> str:
    """Return a name for a feature that says what it is, for R and SPSS.

    Parameters
    ----------
    name : str
        WORC's name, without the modality behind it.
    modality : str
        Key of the modality.

    Examples
    --------
    >>> readable_name("PREDICT_original_tf_GLCM_contrastd3.0A0.79", "MRI")
    'MRI_texture_GLCM_contrast_d3_0_A0_79'
    """
    parts = parsed(name)
    detail = _DISTANCE.sub(r"_d\1_A\2_", parts.detail)
    kind = [] if parts.filter == "original" else [parts.filter]
    return variable("_".join([modality, parts.group, *kind, detail]))


def variable(text: str) -> str:
    """Return a text as a name of a variable in R and SPSS: letters, digits and "_", at most 64.

    Parameters
    ----------
    text : str
        Such as a column of a manifest; accents are dropped. "" where no letter is left.
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    name = re.sub("[^A-Za-z0-9]+", "_", plain).strip("_")
    if not name:
        return ""
    if not name[0].isalpha() or name.lower() in _RESERVED:
        name = f"v_{name}"
    if len(name) > LONGEST:
        name = f"{name[: LONGEST - 9]}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return name


def told_apart(names: Iterable[str]) -> list[str]:
    """Return names of which no two are the same, whatever their case; the first one stays.

    Parameters
    ----------
    names : iterable of str
        As of `variable`; an empty one becomes "variable".
    """
    taken: set[str] = set()
    found = []
    for name in names:
        unique, number = name or "variable", 2
        while unique.lower() in taken:
            end = f"_{number}"
            unique, number = (name or "variable")[: LONGEST - len(end)] + end, number + 1
        taken.add(unique.lower())
        found.append(unique)
    return found
