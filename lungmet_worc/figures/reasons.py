"""Why patients do not enter an arm, shortened and in the language of the reader."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lungmet_worc.report import sections
from lungmet_worc.report.language import Language
from lungmet_worc.report.wording import modality_label

_COMMON = re.compile(r"not complete for all arms \(arm .+?: (?P<own>.*)\)", re.DOTALL)
_NO_IMAGE = re.compile(r"no (?P<modality>.+) image")
_FAILED = re.compile(r"(?P<modality>.+?) extraction failed(:.*)?", re.DOTALL)
_MISSING = re.compile(r"(?P<column>.+) missing")


def reason_of(status: Sequence[str]) -> str:
    """Return one reason for a patient from what arms say of him.

    Parameters
    ----------
    status : sequence of str
        "yes", or why the patient does not enter (see `lungmet_worc.cohort.Cohort.table`).

    Returns
    -------
    str
        Each cause once, in the order of the arms, joined by ", "; without the details of a
        failed extraction, which differ from patient to patient.
    """
    causes: list[str] = []
    for text in status:
        if text == "yes":
            continue
        found = _COMMON.fullmatch(text)
        causes += _causes(found["own"] if found else text)
    return ", ".join(dict.fromkeys(causes))


def reason_text(reason: str, say: Language) -> str:
    """Return a reason in the language; as it is where it is none that a cohort gives.

    Parameters
    ----------
    reason : str
        As `reason_of` gives it.
    say : Language
    """
    return ", ".join(_said(cause, say) for cause in reason.split(", "))


def _causes(reason: str) -> list[str]:
    """Split a reason at its commas, but for those inside the message of a failure."""
    causes: list[str] = []
    has_failed = False
    for part in reason.split(", "):
        if failed := _FAILED.fullmatch(part):
            causes.append(f"{failed['modality']} extraction failed")
            has_failed = True
        elif not has_failed or _NO_IMAGE.fullmatch(part) or _MISSING.fullmatch(part):
            causes.append(part)
    return causes


def _said(cause: str, say: Language) -> str:
    if found := _FAILED.fullmatch(cause):
        return say(
            "{modality} features could not be extracted",
            modality=modality_label(found["modality"], say),
        )
    return sections.reason_text(cause, say)
