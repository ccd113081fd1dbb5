from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lungmet_worc.analyses.results import ArmPredictions, SplitPrediction
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.analyses.thresholds.table import sensitivity_rule, threshold_tables
from tests.analyses.made_up import made_up_results
from tests.analyses.test_results import three_arms

pytestmark = pytest.mark.filterwarnings("error")


def split(number: int, validation: dict[float, int], test: dict[float, int]) -> SplitPrediction:
    """Return a split from probability -> outcome of its validation and its test patients."""
    posterior = np.asarray(list(test), float)
    return SplitPrediction(
        split=number,
        train_ids=("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"),
        test_ids=tuple(f"P{i}" for i in range(len(test))),
        outcome=np.asarray(list(test.values()), int),
        posterior=posterior,
        predicted=(posterior >= 0.5).astype(int),
        validation_outcome=np.asarray(list(validation.values()), int),
        validation_posterior=np.asarray(list(validation), float),
    )


TEST = {0.15: 0, 0.25: 1, 0.45: 0, 0.65: 1}
#: By hand: Youden 2/2 + 2/3 - 1 at 0.4; half of the events are reached at 0.8, all at 0.4.
FIRST = {0.1: 0, 0.3: 0, 0.4: 1, 0.6: 0, 0.8: 1}
#: By hand: Youden 1 at 0.2, which is also where all events are reached; half at 0.3.
SECOND = {0.1: 0, 0.2: 1, 0.3: 1}


def test_thresholds_and_confusion_by_hand() -> None:
    arm = ArmPredictions("x", (split(0, FIRST, TEST), split(1, SECOND, TEST)))
    means, sums = threshold_tables([arm], 0.5)
    rules = ["0.5", "youden", "sensitivity 0.50"]
    assert list(means["rule"].unique()) == rules
    table = means.set_index(["rule", "metric"])
    assert table.at[("youden", "threshold"), "mean"] == pytest.approx((0.4 + 0.2) / 2)
    assert table.at[("sensitivity 0.50", "threshold"), "mean"] == pytest.approx((0.8 + 0.3) / 2)
    # In the first split 0.45 and 0.65 are positive, in the second all but 0.15.
    assert table.at[("youden", "sensitivity"), "mean"] == pytest.approx((0.5 + 1) / 2)
    assert table.at[("youden", "specificity"), "mean"] == pytest.approx(0.5)
    expected = corrected_resampled_interval([0.5, 1.0], 8, 4)
    row = table.loc[("youden", "sensitivity")]
    assert tuple(row[["mean", "ci_low", "ci_high", "n_splits"]]) == pytest.approx(tuple(expected))
    assert (row["n_patients"], row["n_events"]) == (4, 2)
    counts = sums.set_index("rule")[
        ["true_positive", "false_positive", "false_negative", "true_negative", "n_tests"]
    ]
    assert list(counts.loc["0.5"]) == [2, 0, 2, 4, 8]
    assert list(counts.loc["youden"]) == [3, 2, 1, 2, 8]
    # The first split has none above 0.8, the second two above 0.3.
    assert list(counts.loc["sensitivity 0.50"]) == [1, 1, 3, 3, 8]


def test_outcomes_of_the_test_part_never_move_a_threshold() -> None:
    arms = made_up_results(2, 6).arms
    before, _ = threshold_tables(arms, 0.9)
    turned = [
        replace(arm, splits=tuple(replace(s, outcome=1 - s.outcome) for s in arm.splits))
        for arm in arms
    ]
    after, _ = threshold_tables(turned, 0.9)
    is_threshold = before["metric"] == "threshold"
    columns = ["arm", "rule", "mean", "ci_low", "ci_high", "n_splits"]
    assert before[is_threshold][columns].equals(after[is_threshold][columns])
    assert not before[~is_threshold]["mean"].equals(after[~is_threshold]["mean"])
    # Outcomes of the validation parts do move them, so the test above can fail.
    moved, _ = threshold_tables(
        [
            replace(
                arm,
                splits=tuple(
                    replace(s, validation_outcome=1 - s.validation_outcome) for s in arm.splits
                ),
            )
            for arm in arms
        ],
        0.9,
    )
    assert not before[is_threshold]["mean"].equals(moved[is_threshold]["mean"])


def test_probabilities_of_the_test_part_never_move_a_threshold() -> None:
    arm = made_up_results(1, 5).arms[0]
    other = replace(arm, splits=tuple(replace(s, posterior=1 - s.posterior) for s in arm.splits))
    before, after = (threshold_tables([a], 0.9)[0] for a in (arm, other))
    is_threshold = before["metric"] == "threshold"
    assert before[is_threshold].equals(after[is_threshold])


def test_without_validation_predictions_only_one_half_is_left() -> None:
    means, sums = threshold_tables(three_arms(3), 0.9)
    assert set(means["rule"]) == set(sums["rule"]) == {"0.5"}
    assert (means["n_splits"] <= 3).all()


def test_splits_without_both_outcomes_in_validation_do_not_count() -> None:
    arm = ArmPredictions("x", (split(0, FIRST, TEST), split(1, {0.2: 0, 0.4: 0}, TEST)))
    means, sums = threshold_tables([arm], 0.9)
    used = means[means["metric"] == "threshold"].set_index("rule")["n_splits"]
    assert dict(used) == {"0.5": 2, "youden": 1, "sensitivity 0.90": 1}
    assert dict(sums.set_index("rule")["n_splits"]) == dict(used)


@pytest.mark.parametrize(
    ("sensitivity", "rule"),
    [(0.9, "sensitivity 0.90"), (0.95, "sensitivity 0.95"), (0.975, "sensitivity 0.975")],
)
def test_the_rule_names_the_sensitivity(sensitivity: float, rule: str) -> None:
    assert sensitivity_rule(sensitivity) == rule
