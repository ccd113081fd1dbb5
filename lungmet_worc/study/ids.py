"""The ids under which WORC sees patients."""

from __future__ import annotations

from collections.abc import Iterable

from lungmet_worc.basics.file_names import file_name


def worc_ids(patient_ids: list[str]) -> dict[str, str]:
    """Return the ids that WORC sees.

    WORC finds a patient by looking for one text within another, so that ``P1`` is found in
    ``P10`` and ids that are numbers crash (errata E5). Where no id can be mistaken for
    another one they stay as they are; otherwise all become numbers of one width.

    Parameters
    ----------
    patient_ids : list of str
        The user's ids.

    Returns
    -------
    dict
        The user's id -> WORC's id.
    """
    folded = sorted(patient_ids, key=str.lower)
    text = "\n".join(name.lower() for name in folded)
    safe = all(
        name.isascii()
        and file_name(name) == name
        and not name.replace(".", "").isdigit()
        and text.count(name.lower()) == 1
        for name in patient_ids
    )
    if safe:
        return {name: name for name in patient_ids}
    return numbered_ids(patient_ids)


def numbered_ids(patient_ids: Iterable[str]) -> dict[str, str]:
    """Return the user's id -> an id of one width, in the order of the user's."""
    return {name: f"patient{number:05d}" for number, name in enumerate(sorted(patient_ids), 1)}
