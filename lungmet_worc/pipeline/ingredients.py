"""What a stamp covers, in named parts that can be compared and hold no path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lungmet_worc.study.worc_settings import Settings
from lungmet_worc.tasks.task import Task, content_hash

#: Characters of a SHA-256 that tell files apart.
_SHORT = 16


def of_fingerprint(
    revision: int,
    label: int | None,
    settings: Settings,
    overrides: Settings,
    files: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Return the ingredients of WORC's decisions about the images of a modality.

    Parameters
    ----------
    revision : int
        Of our own code.
    label : int or None
        Value of the masks that is the tumour.
    settings, overrides : mapping
        WORC's settings, and those that the user set on purpose.
    files : mapping
        Patient -> SHA-256 of ``image`` and ``segmentation``.
    """
    return {
        "revision": revision,
        "label": label,
        "settings": settings,
        "overrides": overrides,
        "patients": list(files),
        "images": {name: pair["image"][:_SHORT] for name, pair in files.items()},
        "masks": {name: pair["segmentation"][:_SHORT] for name, pair in files.items()},
    }


def of_extraction(
    revision: int,
    installed: Mapping[str, str],
    files: Mapping[str, str],
    science: Mapping[str, Any],
    settings: Settings | None,
) -> dict[str, Any]:
    """Return the ingredients of the features of a patient.

    Parameters
    ----------
    revision, installed : int, mapping
        Of our own code, and of packages.
    files : mapping of str to str
        What a file is -> its SHA-256.
    science : mapping
        What else the source says.
    settings : mapping or None
        What WORC decided.
    """
    # Run folders of all versions call a segmentation a mask here.
    names = {"segmentation": "mask"}
    return {
        "revision": revision,
        "versions": installed,
        **{names.get(kind, kind): digest[:_SHORT] for kind, digest in files.items()},
        **science,
        "settings": settings,
    }


def of_matrix(
    patients: Sequence[str],
    modalities: Sequence[str],
    features: str | Sequence[str],
    files: Sequence[Sequence[str]],
    columns: Sequence[str],
    values: Sequence[Sequence[str]],
) -> dict[str, Any]:
    """Return the ingredients of the features of an arm.

    Parameters
    ----------
    patients, modalities : sequence of str
        Who enters, and with which images.
    features : str or sequence of str
        ``all``, ``volume`` or groups of features.
    files : sequence of (patient, modality, stamp)
        The features of each scan.
    columns : sequence of str
        Clinical features.
    values : sequence of sequence of str
        Their values, a row for each patient.
    """
    return {
        "patients": list(patients),
        "modalities": list(modalities),
        "features": features if isinstance(features, str) else list(features),
        "features_of": {f"{modality}/{patient}": stamp for patient, modality, stamp in files},
        "clinical": list(columns),
        "clinical_of": {one: row for one, row in zip(patients, values, strict=True) if row},
    }


def of_settings(
    settings: Settings, overrides: Settings, outcomes: Mapping[str, int], compat: str | None
) -> dict[str, Any]:
    """Return the ingredients of WORC's decision about the classes of an arm.

    Parameters
    ----------
    settings, overrides : mapping
        WORC's settings, and those that the user set on purpose.
    outcomes : mapping of str to int
        Patient -> outcome.
    compat : str or None
        The version of WORC whose defects are kept.
    """
    return {
        "settings": settings,
        "overrides": overrides,
        "patients": sorted(outcomes),
        "outcomes": outcomes,
        "worc_compat": compat,
    }


def of_evaluation(splits: Sequence[Task]) -> dict[str, Any]:
    """Return the ingredients of the evaluation of an arm's searches."""
    return {
        "splits": [task.key.split for task in splits],
        "results": content_hash([task.stamp for task in splits])[:_SHORT],
    }
