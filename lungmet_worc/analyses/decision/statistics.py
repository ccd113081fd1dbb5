"""Net benefit of acting on predictions, over the thresholds at which one might act."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lungmet_worc.analyses.statistics.metrics import outcome_and_scores

DECISION_COLUMNS = ("threshold", "net_benefit", "treat_all", "treat_none")


def decision_curve(
    outcome: ArrayLike, posterior: ArrayLike, thresholds: Sequence[float]
) -> pd.DataFrame:
    """Compute the net benefit at each threshold probability.

    Net benefit = TP / n - FP / n * t / (1 - t), where the patients with posterior >= t are
    treated [1]_. It is in units of true positives for each patient.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome.
    thresholds : sequence of float
        Probabilities of the outcome from which on one would treat, at least 0 and below 1.

    Returns
    -------
    DataFrame
        Columns `DECISION_COLUMNS`, a row for each threshold: net benefit of treating by the
        posterior, of treating everybody, and of treating nobody (0). Nan without patients.

    Raises
    ------
    ValueError
        If the arrays do not fit together, a value is missing, or a threshold is impossible.

    References
    ----------
    .. [1] Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction
       models. Medical Decision Making 2006;26:565-574. doi:10.1177/0272989X06295361
    """
    truth, score = outcome_and_scores(outcome, posterior)
    cuts = np.asarray(thresholds, dtype=float)
    if not np.all((cuts >= 0) & (cuts < 1)):
        msg = "Thresholds of a decision curve are at least 0 and below 1."
        raise ValueError(msg)
    columns = list(DECISION_COLUMNS)
    if truth.size == 0:
        return pd.DataFrame({"threshold": cuts}).reindex(columns=columns)
    odds = cuts / (1 - cuts)
    treated = score[None, :] >= cuts[:, None]
    benefit = (treated & truth).mean(axis=1) - (treated & ~truth).mean(axis=1) * odds
    treat_all = truth.mean() - (~truth).mean() * odds
    return pd.DataFrame(
        dict(zip(columns, (cuts, benefit, treat_all, np.zeros_like(cuts)), strict=True))
    )
