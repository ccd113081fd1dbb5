from __future__ import annotations

import numpy as np
import pytest

from lungmet_worc.analyses.decision.statistics import DECISION_COLUMNS, decision_curve
from tests.analyses.statistics.asah import FIRST, OUTCOME, SECOND

pytestmark = pytest.mark.filterwarnings("error")

# dcurves 1.1.7 (asah.py): dca(data, "y", ["p1", "p2"], thresholds=[0.1, 0.2, 0.3, 0.4, 0.5, 0.7]),
# column net_benefit.
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
FIRST_BENEFIT = (0.292035398230, 0.203539823009, 0.154235145386, 0.103244837758, 0.097345132743,
                 0.035398230088)  # fmt: skip
SECOND_BENEFIT = (0.292035398230, 0.267699115044, 0.182048040455, 0.159292035398, 0.123893805310,
                  0.0)  # fmt: skip
TREAT_ALL = (0.292035398230, 0.203539823009, 0.089759797724, -0.061946902655, -0.274336283186,
             -1.123893805310)  # fmt: skip


@pytest.mark.parametrize(
    ("posterior", "benefit"),
    [(FIRST, FIRST_BENEFIT), (SECOND, SECOND_BENEFIT)],
    ids=["first", "second"],
)
def test_net_benefit_equals_that_of_dcurves(
    posterior: np.ndarray, benefit: tuple[float, ...]
) -> None:
    curve = decision_curve(OUTCOME, posterior, THRESHOLDS)
    assert tuple(curve.columns) == DECISION_COLUMNS
    assert tuple(curve["threshold"]) == THRESHOLDS
    assert tuple(curve["net_benefit"]) == pytest.approx(benefit, abs=1e-11)
    assert tuple(curve["treat_all"]) == pytest.approx(TREAT_ALL, abs=1e-11)
    assert (curve["treat_none"] == 0).all()


def test_a_posterior_at_the_threshold_is_treated_as_in_dcurves() -> None:
    # dcurves 1.1.7, as above with thresholds=[0.231, 0.354], which are values of p2.
    curve = decision_curve(OUTCOME, SECOND, [0.231, 0.354])
    assert np.isin([0.231, 0.354], SECOND).all()
    assert tuple(curve["net_benefit"]) == pytest.approx((0.252091556671, 0.166196334146), abs=1e-11)


def test_at_zero_everybody_is_treated() -> None:
    row = decision_curve([0, 1, 0, 0], [0.1, 0.2, 0.0, 0.4], [0.0]).iloc[0]
    assert (row["net_benefit"], row["treat_all"]) == (0.25, 0.25)


def test_one_class() -> None:
    none = decision_curve([0, 0], [0.1, 0.9], [0.5])
    assert none["net_benefit"].item() == -0.5
    assert none["treat_all"].item() == -1
    every = decision_curve([1, 1], [0.1, 0.9], [0.5])
    assert (every["net_benefit"].item(), every["treat_all"].item()) == (0.5, 1)


def test_nobody_has_no_net_benefit() -> None:
    curve = decision_curve([], [], [0.2, 0.4])
    assert curve[["net_benefit", "treat_all", "treat_none"]].isna().all(axis=None)
    assert list(curve["threshold"]) == [0.2, 0.4]


@pytest.mark.parametrize("threshold", [1.0, -0.1, np.nan])
def test_impossible_thresholds_are_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="below 1"):
        decision_curve([0, 1], [0.2, 0.4], [threshold])
