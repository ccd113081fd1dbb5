"""What a study of this size can show, said before anything runs."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict, dataclass

from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.study.cohort import Cohort


@dataclass(frozen=True)
class ExpectedPrecision:
    """How well the patients who enter every arm tell AUCs apart.

    Parameters
    ----------
    n_patients, n_events : int
        Patients who enter every arm, and those of them with the outcome.
    outcome : str
        Name of the outcome.
    auc : float
        The AUC that is taken as an example.
    half_width : float
        Half the width of its 95 % interval.
    correlation : float
        How much the AUCs of two arms go together.
    smallest_difference : float or None
        The smallest difference of two arms that is seen with a power of 80 % at a two-sided
        level of 5 %; None if not even an AUC of 1 would be told apart.
    """

    n_patients: int
    n_events: int
    outcome: str
    auc: float
    half_width: float
    correlation: float
    smallest_difference: float | None

    def as_dict(self) -> dict[str, object]:
        """Return all of it, ready for JSON."""
        return asdict(self)

    def to_text(self, width: int, say: Language = ENGLISH) -> str:
        """Return it in two sentences, in lines of so many characters."""
        enter = say.plural(
            self.n_patients,
            "What to expect: {n} patient enters every arm, {events} of them with {outcome}.",
            "What to expect: {n} patients enter every arm, {events} of them with {outcome}.",
            events=self.n_events,
            outcome=self.outcome,
        )
        if self.smallest_difference is None:
            text = say(
                "An AUC of {auc:.2f} will have a 95% interval of about plus or minus "
                "{half_width:.2f}; no difference between two arms, however large, can be seen "
                "reliably (power 80%, correlation of the two AUCs {correlation:.1f}; Hanley and "
                "McNeil 1982 and 1983).",
                auc=self.auc,
                half_width=self.half_width,
                correlation=self.correlation,
            )
        else:
            text = say(
                "An AUC of {auc:.2f} will have a 95% interval of about plus or minus "
                "{half_width:.2f}; differences between two arms below about {least:.2f} cannot be "
                "seen reliably (power 80%, correlation of the two AUCs {correlation:.1f}; Hanley "
                "and McNeil 1982 and 1983).",
                auc=self.auc,
                half_width=self.half_width,
                least=self.smallest_difference,
                correlation=self.correlation,
            )
        return textwrap.fill(f"{enter} {text}", width) + "\n"


def expected_precision(cohort: Cohort) -> ExpectedPrecision | None:
    """Return what the patients who enter every arm can show.

    Parameters
    ----------
    cohort : Cohort

    Returns
    -------
    ExpectedPrecision or None
        None where they are not of both outcomes.
    """
    # scipy takes a moment to import, which commands that only read the study need not pay.
    from lungmet_worc.analyses.power.statistics import (
        TYPICAL_AUC,
        TYPICAL_CORRELATION,
        auc_half_width,
        smallest_difference,
    )

    arms = [set(ids) for ids in cohort.arms.values()]
    shared = [name for name in cohort.everyone if all(name in arm for arm in arms)]
    n_events = sum(cohort.outcomes_of(shared))
    n_others = len(shared) - n_events
    if not n_events or not n_others:
        return None
    difference = smallest_difference(TYPICAL_AUC, n_events, n_others, TYPICAL_CORRELATION)
    return ExpectedPrecision(
        n_patients=len(shared),
        n_events=n_events,
        outcome=cohort.outcome_name,
        auc=TYPICAL_AUC,
        half_width=auc_half_width(TYPICAL_AUC, n_events, n_others),
        correlation=TYPICAL_CORRELATION,
        smallest_difference=None if math.isnan(difference) else difference,
    )
