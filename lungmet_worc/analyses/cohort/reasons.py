"""Why patients do not enter an arm, shortened for a figure."""

from __future__ import annotations

from collections.abc import Sequence

from lungmet_worc.basics.sentences import Sentence, joined, parts
from lungmet_worc.study.cohort import FAILED, INCOMPLETE


def reason_of(status: Sequence[str]) -> Sentence:
    """Return one reason for a patient from what arms say of him.

    Parameters
    ----------
    status : sequence of str
        "yes", or why the patient does not enter (see `lungmet_worc.study.cohort.Cohort.table`).

    Returns
    -------
    Sentence
        Each cause once, in the order of the arms, joined by ", "; without the details of a
        failed extraction, which differ from patient to patient.
    """
    causes = [_short(cause) for text in status if text != "yes" for cause in parts(_own(text))]
    return joined(list(dict.fromkeys(causes)), ", ")


def _own(reason: str) -> str:
    """Return what the patient lacks in some arm, where arms have their patients in common."""
    if isinstance(reason, Sentence) and reason.template == INCOMPLETE:
        own: str = reason.fields["cause"]
        return own
    return reason


def _short(cause: str) -> str:
    if isinstance(cause, Sentence) and cause.template == FAILED:
        modality = cause.fields["modality"]
        return Sentence("{modality} features could not be extracted", modality=modality)
    return cause
