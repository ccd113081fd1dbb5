"""Values of columns that predict the outcome better than anything known beforehand can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.sentences import Sentence

FloatArray = npt.NDArray[np.float64]

#: A column that predicts the outcome better than this, alone, is not known beforehand.
MOST_AUC = 0.95
#: Values with fewer patients are taken together, and fewer of either outcome tell nothing.
FEWEST = 3


def what_values_say(
    outcome: Sequence[int], texts: Sequence[str], numbers: Sequence[float] | None, name: str
) -> str:
    """Return how well a column predicts the outcome alone, "" if not too well.

    The AUC, in the better direction, of whether the cell is empty; of the number; and of the
    share of events among the patients with the same value. The last also of numbers, since a
    code such as 1, 2, 3 need not rise with the risk.

    Parameters
    ----------
    outcome : sequence of int, shape (n_patients,)
        1 or 0.
    texts : sequence of str, shape (n_patients,)
        The cells, "" where the value is not known.
    numbers : sequence of float, shape (n_patients,), optional
        The numbers in them, NaN where not known; None for an unordered column.
    name : str
        The name of the outcome.

    Returns
    -------
    str
        One sentence.
    """
    events = np.asarray(outcome, float)
    present = np.asarray([bool(text) for text in texts], bool)
    auc = _better_auc(events, present.astype(float))
    if auc > MOST_AUC:
        return Sentence(
            "Whether its cell is empty predicts {outcome} alone with an AUC of {auc}, above "
            "{most}.",
            outcome=name,
            auc=_said(auc),
            most=MOST_AUC,
        )
    shares = _shares_of_events(events[present], [text for text in texts if text])
    aucs = [_better_auc(events[present], shares)]
    if numbers is not None:
        values = np.asarray(numbers, float)
        known = ~np.isnan(values)
        aucs.append(_better_auc(events[known], values[known]))
    if max(aucs) <= MOST_AUC:
        return ""
    return Sentence(
        "It predicts {outcome} alone with an AUC of {auc}, above {most}.",
        outcome=name,
        auc=_said(max(aucs)),
        most=MOST_AUC,
    )


def _shares_of_events(events: FloatArray, texts: Sequence[str]) -> FloatArray:
    """Return each patient's share of events among those with the same value.

    Rare values are taken together, since a value that one patient has says all about that
    patient.
    """
    counts = Counter(texts)
    levels = np.asarray([text if counts[text] >= FEWEST else "" for text in texts])
    shares = np.zeros(len(levels))
    for level in set(levels.tolist()):
        shares[levels == level] = events[levels == level].mean()
    return shares


def _better_auc(events: FloatArray, values: FloatArray) -> float:
    """Return the AUC of values in the better direction, 0.5 if there are too few patients.

    The AUC is the share of pairs of a patient with and one without the event in which the
    former has the higher value, ties counted half (Hanley and McNeil 1982).
    """
    with_event, without = np.sort(values[events == 1]), np.sort(values[events == 0])
    if min(len(with_event), len(without)) < FEWEST:
        return 0.5
    below = np.searchsorted(without, with_event, "left").sum()
    not_above = np.searchsorted(without, with_event, "right").sum()
    auc = float(below + not_above) / (2 * len(with_event) * len(without))
    return max(auc, 1 - auc)


def _said(auc: float) -> Sentence:
    # Never rounded down to the limit that it is above.
    return (
        Sentence("{auc:.2f}", auc=auc)
        if round(auc, 2) > MOST_AUC
        else Sentence("{auc:.3f}", auc=auc)
    )
