from __future__ import annotations

import math

import numpy as np
import pytest

from lungmet_worc.analyses.statistics.bootstrap import bootstrap_difference
from lungmet_worc.analyses.statistics.delong import delong_test
from tests.analyses.statistics.asah import NDKA, OUTCOME, S100B, WFNS

pytestmark = pytest.mark.filterwarnings("error")


def test_interval_of_one_auc_equals_that_of_proc() -> None:
    # Against a constant the difference is AUC - 0.5. pROC 1.18.0: set.seed(3); ci.auc(R(s),
    # method = "bootstrap", boot.n = 20000, boot.stratified = TRUE) is 0.6273713 to 0.8260544.
    constant = np.zeros_like(S100B)
    result = bootstrap_difference(OUTCOME, S100B, constant, samples=20000, seed=1)
    assert (result.ci_low + 0.5, result.ci_high + 0.5) == pytest.approx(
        (0.6273713, 0.8260544), abs=0.004
    )


# R 4.2.2, base: set.seed(2); e <- which(y == 1); o <- which(y == 0)
# b <- replicate(20000, {i <- c(sample(e, replace = TRUE), sample(o, replace = TRUE))
#                        A(y[i], s[i]) - A(y[i], x[i])})        with A the rank formula of the AUC
# quantile(b, c(.025, .975)); 2 * min(mean(b <= 0), mean(b >= 0)), for x = k and then w.
@pytest.mark.parametrize(
    ("second", "interval", "p_value"),
    [
        (NDKA, (-0.04810721545, 0.2881097561), 0.1624),
        (WFNS, (-0.1776803862, -0.01338075881), 0.0204),
    ],
)
def test_difference_equals_that_of_r(
    second: np.ndarray, interval: tuple[float, float], p_value: float
) -> None:
    result = bootstrap_difference(OUTCOME, S100B, second, samples=20000, seed=1)
    assert (result.ci_low, result.ci_high) == pytest.approx(interval, abs=0.005)
    assert result.p_value == pytest.approx(p_value, abs=0.01)
    assert result.difference == pytest.approx(delong_test(OUTCOME, S100B, second).difference)


def test_width_agrees_with_the_bootstrap_test_of_proc() -> None:
    # pROC 1.18.0: set.seed(1); roc.test(R(s), R(k), method = "bootstrap", boot.n = 20000) has
    # D = 1.39704389005, which is the difference by the standard deviation of the samples.
    result = bootstrap_difference(OUTCOME, S100B, NDKA, samples=20000, seed=1, confidence=0.6827)
    deviation = (result.ci_high - result.ci_low) / 2
    assert result.difference / deviation == pytest.approx(1.39704, rel=0.02)


def test_same_seed_same_result() -> None:
    first, again, other = (
        bootstrap_difference(OUTCOME, S100B, NDKA, samples=300, seed=seed) for seed in (4, 4, 5)
    )
    assert first == again
    assert first != other


def test_equal_ranks_do_not_differ() -> None:
    assert bootstrap_difference(OUTCOME, S100B, S100B, samples=200, seed=0) == (0, 0, 0, 1)
    tiny = bootstrap_difference([0, 1], [0.3, 0.6], [0.1, 0.2], samples=200, seed=0)
    assert tiny == (0, 0, 0, 1)


def test_p_value_is_never_zero_and_at_most_one() -> None:
    rng = np.random.default_rng(0)
    outcome = np.repeat([0, 1], 30)
    strong, noise = outcome + rng.normal(0, 0.3, 60), rng.normal(0, 1, 60)
    assert bootstrap_difference(outcome, strong, noise, samples=200, seed=0).p_value == 2 / 201
    first, second = [0.1, 0.6, 0.4, 0.9], [0.4, 0.9, 0.1, 0.6]
    level = bootstrap_difference([0, 0, 1, 1], first, second, samples=200, seed=0)
    assert level.p_value <= 1


def test_nothing_is_claimed_where_the_spread_is_not_known() -> None:
    one_event = bootstrap_difference(
        [0, 0, 1], [0.1, 0.2, 0.3], [0.3, 0.1, 0.2], samples=200, seed=0
    )
    assert one_event.difference == pytest.approx(0.5)
    assert np.isnan(one_event[1:]).all()
    perfect = bootstrap_difference(
        [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.4] * 4, samples=200, seed=0
    )
    assert perfect.difference == 0.5
    assert np.isnan(perfect[1:]).all()
    for outcome in ([1, 1], []):
        empty = bootstrap_difference(outcome, outcome, outcome, samples=200, seed=0)
        assert all(math.isnan(value) for value in empty)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        bootstrap_difference([0, 1], [0.1, 0.2], [0.1, 0.2], samples=0, seed=0)
    with pytest.raises(ValueError, match="missing"):
        bootstrap_difference([0, 1], [0.1, np.nan], [0.1, 0.2], samples=9, seed=0)
