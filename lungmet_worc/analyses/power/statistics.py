"""What numbers of patients can show: width of an AUC's interval, smallest difference of two AUCs.

References
----------
Hanley JA, McNeil BJ. The meaning and use of the area under a receiver operating characteristic
(ROC) curve. Radiology 1982;143:29-36. doi:10.1148/radiology.143.1.7063747

Hanley JA, McNeil BJ. A method of comparing the areas under receiver operating characteristic curves
derived from the same cases. Radiology 1983;148:839-843. doi:10.1148/radiology.148.3.6878708
"""

from __future__ import annotations

from scipy import optimize, stats

from lungmet_worc.analyses.statistics.metrics import CONFIDENCE

#: What is said where there is room for one sentence: an AUC that studies like ours report, and
#: how much the AUCs of two arms on the same patients go together.
TYPICAL_AUC = 0.7
TYPICAL_CORRELATION = 0.5


def auc_standard_error(auc: float, n_events: int, n_others: int) -> float:
    """Compute the standard error of an AUC that is to be expected.

    sqrt((A (1 - A) + (n1 - 1)(Q1 - A^2) + (n0 - 1)(Q2 - A^2)) / (n1 n0)) with Q1 = A / (2 - A)
    and Q2 = 2 A^2 / (1 + A), for n1 events and n0 others (Hanley and McNeil 1982).

    Parameters
    ----------
    auc : float
        Between 0 and 1.
    n_events, n_others : int
        Patients with and without the outcome.

    Returns
    -------
    float
        Nan without both.

    Raises
    ------
    ValueError
        If the AUC is not between 0 and 1.
    """
    if not 0 <= auc <= 1:
        msg = f"An AUC lies between 0 and 1, not at {auc}."
        raise ValueError(msg)
    if min(n_events, n_others) < 1:
        return float("nan")
    both_events = auc / (2 - auc) - auc**2
    both_others = 2 * auc**2 / (1 + auc) - auc**2
    spread = auc * (1 - auc) + (n_events - 1) * both_events + (n_others - 1) * both_others
    return float((max(spread, 0.0) / (n_events * n_others)) ** 0.5)


def auc_half_width(
    auc: float, n_events: int, n_others: int, confidence: float = CONFIDENCE
) -> float:
    """Compute half the width of the interval of an AUC that is to be expected.

    Parameters
    ----------
    auc : float
        The AUC that is expected, between 0 and 1.
    n_events, n_others : int
        Patients with and without the outcome.
    confidence : float
        Confidence level, between 0 and 1.

    Returns
    -------
    float
        z times the standard error of Hanley and McNeil 1982; nan without both classes. At an
        AUC of 0 or 1 the formula gives 0, which no data justify.

    Raises
    ------
    ValueError
        If the AUC is not between 0 and 1.
    """
    z = float(stats.norm.ppf((1 + confidence) / 2))
    return z * auc_standard_error(auc, n_events, n_others)


def smallest_difference(
    auc: float,
    n_events: int,
    n_others: int,
    correlation: float,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Compute the smallest difference of two AUCs that a two-sided test would probably see.

    The difference d where d = z(1 - alpha/2) * s0 + z(power) * s1: s0 is the standard error of
    the difference of two AUCs that are both `auc`, s1 that of `auc` and `auc` + d, each
    sqrt(v1 + v2 - 2 r sqrt(v1 v2)) with the variances v of Hanley and McNeil 1982 and the
    correlation r of the two AUCs of the same patients (Hanley and McNeil 1983).

    Parameters
    ----------
    auc : float
        The lower of the two, between 0 and 1.
    n_events, n_others : int
        Patients with and without the outcome, the same ones for both.
    correlation : float
        Of the two AUCs, at least 0 and below 1.
    power : float
        Probability that the test sees the difference.
    alpha : float
        Two-sided level of the test.

    Returns
    -------
    float
        Nan without both classes, and where not even a second AUC of 1 would be seen.

    Raises
    ------
    ValueError
        If the AUC or the correlation is impossible.
    """
    if not 0 <= correlation < 1:
        msg = f"The correlation is at least 0 and below 1, not {correlation}."
        raise ValueError(msg)
    first = auc_standard_error(auc, n_events, n_others)
    z_alpha, z_power = (float(stats.norm.ppf(p)) for p in (1 - alpha / 2, power))

    def missing(difference: float) -> float:
        second = auc_standard_error(min(auc + difference, 1.0), n_events, n_others)
        null = (2 * first**2 * (1 - correlation)) ** 0.5
        other = (first**2 + second**2 - 2 * correlation * first * second) ** 0.5
        return difference - z_alpha * null - z_power * other

    if not missing(1 - auc) > 0:
        return float("nan")
    return float(optimize.brentq(missing, 0.0, 1 - auc))
