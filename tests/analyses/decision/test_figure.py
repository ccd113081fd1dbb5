from __future__ import annotations

import numpy as np
import pandas as pd

from lungmet_worc.analyses.decision.figure import decision_figure, net_benefit_interval
from lungmet_worc.analyses.decision.statistics import decision_curve
from lungmet_worc.display.language import language

SAY = language("en")


def test_interval_is_that_of_a_bootstrap_over_patients() -> None:
    rng = np.random.default_rng(4)
    outcome = (rng.random(400) < 0.3).astype(int)
    posterior = np.clip(rng.normal(0.3 + 0.15 * outcome, 0.15), 0, 1)
    cuts = np.array([0.2, 0.4])
    low, high = net_benefit_interval(outcome, posterior, cuts)
    samples = rng.integers(0, 400, (1500, 400))
    found = [
        decision_curve(outcome[rows], posterior[rows], cuts)["net_benefit"] for rows in samples
    ]
    expected = np.quantile(found, (0.025, 0.975), axis=0)
    np.testing.assert_allclose((low, high), expected, atol=0.008)
    middle = decision_curve(outcome, posterior, cuts)["net_benefit"]
    np.testing.assert_allclose((low + high) / 2, middle, atol=1e-12)


def test_interval_by_hand() -> None:
    # At 0.5 the weight is 1: the patients are worth 1, -1, 0 and 0.
    low, high = net_benefit_interval([1, 0, 1, 0], [0.9, 0.8, 0.1, 0.2], [0.5])
    half = 1.959964 * np.sqrt(2 / 3) / 2
    np.testing.assert_allclose((low[0], high[0]), (-half, half), rtol=1e-6)
    assert np.isnan(net_benefit_interval([1], [0.9], [0.5])[0]).all()


def patients(posteriors: list[float], outcomes: list[int], arm: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"arm": arm, "outcome": outcomes, "posterior_mean": posteriors})


def test_curve_ends_where_nobody_is_treated() -> None:
    drawing = decision_figure(patients([0.1, 0.2, 0.38, 0.3], [0, 0, 1, 1]), SAY)
    assert drawing is not None
    assert drawing.numbers["threshold"].max() == 0.4
    assert set(drawing.numbers["n_events"]) == {2}


def test_arms_of_different_patients_each_have_their_treat_all() -> None:
    both = pd.concat(
        [
            patients([0.1, 0.6, 0.5], [0, 1, 1], "a"),
            patients([0.1, 0.6, 0.5, 0.2], [0, 1, 1, 0], "b"),
        ]
    )
    drawing = decision_figure(both, SAY)
    assert drawing is not None
    texts = " ".join(text.get_text() for text in drawing.figure.texts)
    assert "3 patients, 2 events" in texts
    assert "4 patients, 2 events" in texts
    first = drawing.numbers.groupby("arm")["treat_all"].first()
    assert first["a"] > first["b"]


def test_one_class_has_no_curve() -> None:
    assert decision_figure(patients([0.1, 0.2], [0, 0]), SAY) is None
