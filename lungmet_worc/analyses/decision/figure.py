"""Decision curves: net benefit of each arm beside treating everybody and nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lungmet_worc.analyses.decision.statistics import decision_curve
from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.analyses.statistics.metrics import CONFIDENCE
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.marks import curves_sheet, round_range, ticks_of
from lungmet_worc.display.style import Drawing, Look, counts_text, label_axis, looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THRESHOLDS = np.round(np.arange(0.01, 1.0, 0.01), 2)
#: Shares of the drawn thresholds at which the interval of each arm is drawn.
BAR_PLACES = (0.2, 0.5, 0.8)
ALL = Look("0.25", (0, (1, 1.5)), "")
NOBODY = Look("0.25", "-", "")
CAPTIONS = {
    "decision": (
        later("Net benefit of each arm against the threshold, with treating all and none."),
        later(
            "Net benefit: patients rightly acted upon minus those wrongly acted upon, "
            "weighted by the threshold. An arm is of use only where it lies above both "
            '"all" and "none".'
        ),
    ),
}


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw the figure of this analysis."""
    drawing = decision_figure(tables["patients"], say)
    return {"decision": drawing} if drawing else {}


def decision_figure(patients: pd.DataFrame, say: Language) -> Drawing | None:
    """Draw the net benefit of every arm on the pooled probabilities of its patients.

    Parameters
    ----------
    patients : DataFrame
        The patients table.
    say : Language

    Returns
    -------
    Drawing, optional
        None where no arm has patients with and without the outcome. Numbers: arm, threshold,
        net_benefit, ci_low, ci_high, treat_all, treat_none, n_patients, n_events.
    """
    looks_of = looks(map(str, patients["arm"]))
    curves = {arm: _curve(patients[patients["arm"] == arm]) for arm in looks_of}
    curves = {arm: curve for arm, curve in curves.items() if not curve.empty}
    if not curves:
        return None
    numbers = pd.concat([curve.assign(arm=arm) for arm, curve in curves.items()])
    # Above the highest probability all arms treat nobody.
    highest = max(float(patients["posterior_mean"].max()), 0.3)
    end = min(float(np.ceil(round(highest * 10, 6)) / 10), 0.99)
    numbers = numbers[numbers["threshold"] <= end + 1e-9].reset_index(drop=True)
    counts = {arm: _counts(curve) for arm, curve in curves.items()}
    same = len(set(counts.values())) == 1
    labels = [
        say.arm(arm) if same else f"{say.arm(arm)}, {counts_text(*counts[arm], say)}"
        for arm in curves
    ]
    everybody = say("Treat everybody") if same else say("Treat everybody (dotted, for each arm)")
    figure, axes = curves_sheet(
        [*(looks_of[arm] for arm in curves), ALL, NOBODY],
        [*labels, everybody, say("Treat nobody")],
        counts_text(*counts[next(iter(curves))], say) if same else say("Patients differ by arm"),
        n_curves=len(curves),
    )
    axes.axhline(0, color=NOBODY.colour, lw=0.8, zorder=1)
    for i, (arm, frame) in enumerate(numbers.groupby("arm", sort=False)):
        look = looks_of[str(arm)]
        if i == 0 or not same:
            colour = ALL.colour if same else look.colour
            axes.plot(frame["threshold"], frame["treat_all"], ls=ALL.line, color=colour, lw=1.2)
        _draw_arm(axes, frame, look, (i - (len(curves) - 1) / 2) * 0.022 * end)
    _limits(axes, numbers, end, say)
    first = ["arm", "threshold", "net_benefit", "ci_low", "ci_high", "treat_all", "treat_none"]
    return Drawing(figure, numbers[[*first, "n_patients", "n_events"]])


def net_benefit_interval(
    outcome: ArrayLike, posterior: ArrayLike, thresholds: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the pointwise 95% interval of the net benefit at each threshold.

    Net benefit is the mean over the patients of d * (y - (1 - y) * w), where d is 1 for a patient
    predicted positive, y the outcome and w = t / (1 - t) the weight at threshold t; the interval
    is that of a mean, with a normal distribution [1]_. It takes the predictions as given.

    Parameters
    ----------
    outcome : array of int, shape (n,)
    posterior : array of float, shape (n,)
    thresholds : array of float, shape (k,)
        Between 0 and 1; a patient is predicted positive at or above.

    Returns
    -------
    tuple of (array, array), each of float, shape (k,)
        Lower and upper bounds; nan for fewer than two patients.

    References
    ----------
    .. [1] Marsh TL, Janes H, Pepe MS. Statistical inference for net benefit measures in biomarker
       validation studies. Biometrics 2020;76:843-852. doi:10.1111/biom.13190
    """
    truth = np.asarray(outcome, dtype=float)
    score = np.asarray(posterior, dtype=float)
    cuts = np.asarray(thresholds, dtype=float)
    if truth.size < 2:
        return np.full(cuts.shape, np.nan), np.full(cuts.shape, np.nan)
    weight = (cuts / (1 - cuts))[:, None]
    gain = (score[None, :] >= cuts[:, None]) * (truth - (1 - truth) * weight)
    half = stats.norm.ppf((1 + CONFIDENCE) / 2) * gain.std(axis=1, ddof=1) / np.sqrt(truth.size)
    return gain.mean(axis=1) - half, gain.mean(axis=1) + half


def _curve(patients: pd.DataFrame) -> pd.DataFrame:
    """Return the decision curve of an arm; empty where its patients have one outcome."""
    outcome = patients["outcome"].to_numpy(dtype=int)
    if np.unique(outcome).size < 2:
        return pd.DataFrame()
    posterior = patients["posterior_mean"].to_numpy(dtype=float)
    low, high = net_benefit_interval(outcome, posterior, THRESHOLDS)
    return decision_curve(outcome, posterior, THRESHOLDS).assign(
        ci_low=low, ci_high=high, n_patients=outcome.size, n_events=outcome.sum()
    )


def _counts(curve: pd.DataFrame) -> tuple[int, int]:
    """Return patients and events of an arm."""
    return int(curve["n_patients"].iloc[0]), int(curve["n_events"].iloc[0])


def _draw_arm(axes: Axes, frame: pd.DataFrame, look: Look, shift: float) -> None:
    """Draw the net benefit of an arm, with its interval at three thresholds."""
    threshold = frame["threshold"].to_numpy(dtype=float)
    axes.plot(threshold, frame["net_benefit"], ls=look.line, color=look.colour, lw=1.5, zorder=3)
    for place in BAR_PLACES:
        near = place * threshold.max() + shift
        row = frame.iloc[int(np.argmin(np.abs(threshold - near)))]
        x = float(row["threshold"])
        axes.plot([x, x], [row["ci_low"], row["ci_high"]], color=look.colour, lw=1.0, alpha=0.8)
        axes.plot(x, row["net_benefit"], look.marker, color=look.colour, ms=4.5, zorder=4)


def _limits(axes: Axes, numbers: pd.DataFrame, end: float, say: Language) -> None:
    """Set the ranges: what is far below zero is of no use to anybody."""
    highest = float(numbers[["net_benefit", "treat_all", "ci_high"]].to_numpy(dtype=float).max())
    low, high = round_range(-0.4 * highest, highest + 0.01, 0.05)
    axes.set(xlim=(0, end), ylim=(low, high))
    for which, span in (("x", (0.0, end)), ("y", (low, high))):
        ticks, digits = ticks_of(*span)
        label_axis(axes, which, ticks, say, digits)
    axes.set_xlabel(say("Threshold probability"))
    axes.set_ylabel(say("Net benefit"))
