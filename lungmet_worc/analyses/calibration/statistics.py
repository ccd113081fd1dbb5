"""Agreement of predicted probabilities with what happened.

References
----------
Van Calster B, McLernon DJ, van Smeden M, Wynants L, Steyerberg EW. Calibration: the Achilles heel
of predictive analytics. BMC Medicine 2019;17:230. doi:10.1186/s12916-019-1466-7
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from lungmet_worc.analyses.statistics.logistic import fitted_intercept, fitted_slope
from lungmet_worc.analyses.statistics.metrics import CONFIDENCE, Estimate, outcome_and_scores

#: Probabilities are kept this far from 0 and 1, which have no logit.
CLIP = 1e-6
#: Bins of equal numbers of patients, in the curve and in the expected calibration error: few, for
#: cohorts of some tens of patients.
BINS = 5
CURVE_COLUMNS = ("predicted", "observed", "ci_low", "ci_high", "n_patients", "n_events")


class Calibration(NamedTuple):
    """How well probabilities are calibrated.

    Parameters
    ----------
    intercept : Estimate
        Calibration in the large: of a logistic model of the outcome with the logit of the
        probability as offset. 0 is ideal; above 0 the predictions are too low.
    slope : Estimate
        Of a logistic model of the outcome on that logit. 1 is ideal; below 1 the predictions
        are too extreme.
    expected_calibration_error : float
        Mean distance between predicted and observed in the bins of `calibration_curve`,
        weighted by their patients.
    brier : float
        Mean squared distance between probability and outcome.
    n_patients, n_events : int
    """

    intercept: Estimate
    slope: Estimate
    expected_calibration_error: float
    brier: float
    n_patients: int
    n_events: int


def calibration(
    outcome: ArrayLike,
    posterior: ArrayLike,
    *,
    bins: int = BINS,
    confidence: float = CONFIDENCE,
) -> Calibration:
    """Measure the calibration of predicted probabilities.

    Intercept and slope have profile likelihood intervals, as R's ``confint`` of a ``glm`` gives
    them. The expected calibration error [1]_ is computed on bins of equal numbers of patients
    [2]_; it is biased upwards, the more the fewer patients there are, and has no interval here.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome. For its logit it is moved to at least `CLIP` and
        at most 1 - `CLIP`.
    bins : int
        Number of bins of the expected calibration error.
    confidence : float
        Confidence level of the intervals.

    Returns
    -------
    Calibration
        The intercept is nan without both classes. So is the slope, and also where a threshold
        separates the classes completely (the likelihood then has no maximum) and where all
        posteriors are equal. Error and Brier score are nan without patients.

    Raises
    ------
    ValueError
        If the arrays do not fit together, a value is missing, or there is no bin.

    References
    ----------
    .. [1] Naeini MP, Cooper GF, Hauskrecht M. Obtaining well calibrated probabilities using
       Bayesian binning. AAAI Conference on Artificial Intelligence 2015:2901-2907.
       doi:10.1609/aaai.v29i1.9602
    .. [2] Roelofs R, Cain N, Shlens J, Mozer MC. Mitigating bias in calibration error estimation.
       AISTATS 2022, PMLR 151:4036-4054.
    """
    truth, probability = outcome_and_scores(outcome, posterior)
    logit = special.logit(np.clip(probability, CLIP, 1 - CLIP))
    curve = calibration_curve(truth, probability, bins=bins, confidence=confidence)
    distance = (curve["predicted"] - curve["observed"]).abs()
    nothing = truth.size == 0
    return Calibration(
        intercept=fitted_intercept(truth, logit, confidence),
        slope=fitted_slope(truth, logit, confidence),
        expected_calibration_error=float("nan")
        if nothing
        else float((distance * curve["n_patients"]).sum() / truth.size),
        brier=float("nan") if nothing else float(np.mean((probability - truth) ** 2)),
        n_patients=int(truth.size),
        n_events=int(truth.sum()),
    )


def calibration_curve(
    outcome: ArrayLike,
    posterior: ArrayLike,
    *,
    bins: int = BINS,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Compute the observed share of events in bins of the predicted probability.

    The bins are cut at quantiles of the posterior, as scikit-learn's ``calibration_curve`` with
    ``strategy="quantile"`` does, so that each has about the same number of patients; equal
    posteriors stay together, and an empty bin is left out.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome.
    bins : int
        Number of bins, at least 1.
    confidence : float
        Confidence level of the intervals.

    Returns
    -------
    DataFrame
        Columns `CURVE_COLUMNS`, a row for each bin, ascending: mean posterior, share of events
        with its Wilson interval [1]_, patients and events. Empty without patients.

    Raises
    ------
    ValueError
        If the arrays do not fit together, a value is missing, or there is no bin.

    References
    ----------
    .. [1] Wilson EB. Probable inference, the law of succession, and statistical inference. Journal
       of the American Statistical Association 1927;22:209-212.
       doi:10.1080/01621459.1927.10502953
    """
    truth, probability = outcome_and_scores(outcome, posterior)
    if bins < 1:
        msg = f"A calibration curve needs at least one bin, not {bins}."
        raise ValueError(msg)
    rows = [
        _bin_row(truth[part], probability[part], confidence) for part in _parts(probability, bins)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def _parts(probability: NDArray[np.float64], bins: int) -> list[NDArray[np.bool_]]:
    """Return which patients lie in each bin that is not empty."""
    if probability.size == 0:
        return []
    cuts = np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1])
    number = np.searchsorted(cuts, probability)
    return [number == place for place in np.unique(number)]


def _bin_row(
    truth: NDArray[np.bool_], probability: NDArray[np.float64], confidence: float
) -> tuple[float, float, float, float, int, int]:
    """Return one row of the calibration curve."""
    events, patients = int(truth.sum()), int(truth.size)
    interval = stats.binomtest(events, patients).proportion_ci(confidence, method="wilson")
    shares = (float(probability.mean()), events / patients)
    return (*shares, float(interval.low), float(interval.high), patients, events)
