from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.performance.table import patients_table
from lungmet_worc.analyses.subgroups.levels import NOT_KNOWN, Level
from lungmet_worc.analyses.subgroups.table import FEW_EVENTS, SUBGROUPS, subgroups_table
from tests.analyses.made_up import made_up_results
from tests.analyses.statistics.asah import AGE, FEMALE, FIRST, OUTCOME
from tests.analyses.test_results import three_arms

pytestmark = pytest.mark.filterwarnings("error")

IDS = [f"P{number}" for number in range(113)]
PATIENTS = pd.DataFrame({"patient_id": IDS, "outcome": OUTCOME, "posterior_mean": FIRST})


def subgroup_table(arms: dict[str, pd.DataFrame], levels: pd.DataFrame) -> pd.DataFrame:
    patients = [frame.assign(arm=arm) for arm, frame in arms.items()]
    return subgroups_table(pd.concat(patients), levels)


def levels(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns, index=IDS)


def test_aucs_equal_those_of_proc() -> None:
    # pROC 1.18.0 (asah.py): ci.auc(roc(y[q], s[q], levels = c(0, 1), direction = "<"), method =
    # "delong") for q <- aSAH$gender == g, and age < 45, 45 to 59, 60 and more. p1 ranks as s does.
    sex = [Level("female" if female else "male") for female in FEMALE]
    bands = [Level(high=45), Level(low=45, high=60), Level(low=60)]
    age = [next(band for band in bands if band.low <= years < band.high) for years in AGE]
    table = subgroup_table({"mri": PATIENTS}, levels(sex=sex, age=age))
    assert tuple(table.columns) == SUBGROUPS.columns
    expected = [
        ("sex", "female", 71, 21, 0.72, 0.569953094308, 0.870046905692),
        ("sex", "male", 42, 20, 0.772727272727, 0.63170986649, 0.913744678964),
        ("age", "under 45", 35, 10, 0.682, 0.47727782389, 0.88672217611),
        ("age", "45 to under 60", 46, 17, 0.686612576065, 0.512867390245, 0.860357761885),
        ("age", "60 and over", 32, 14, 0.823412698413, 0.670830940425, 0.9759944564),
    ]
    assert [tuple(row) for row in table[["column", "level", "n_patients", "n_events"]].values] == [
        row[:4] for row in expected
    ]
    for ours, theirs in zip(table[["auc", "ci_low", "ci_high"]].to_numpy(), expected, strict=True):
        assert tuple(ours) == pytest.approx(theirs[4:], abs=1e-9)
    assert set(table["note"]) == {""}
    assert set(table["arm"]) == {"mri"}


def some(events: int, others: int, posterior: object = 0.4) -> pd.DataFrame:
    outcome = [1] * events + [0] * others
    ids = [f"P{number}" for number in range(events + others)]
    return pd.DataFrame({"patient_id": ids, "outcome": outcome, "posterior_mean": posterior})


def everyone(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"all": [Level("all")] * len(frame)}, index=frame["patient_id"])


@pytest.mark.parametrize(
    ("events", "others", "claimed"),
    [
        (FEW_EVENTS, FEW_EVENTS, True),
        (FEW_EVENTS - 1, 40, False),
        (40, FEW_EVENTS - 1, False),
        (0, 3, False),
    ],
)
def test_no_claim_with_few_events(events: int, others: int, claimed: bool) -> None:
    posterior = np.random.default_rng(0).random(events + others)
    frame = some(events, others, posterior)
    row = subgroup_table({"a": frame}, everyone(frame))
    assert (row["n_patients"].item(), row["n_events"].item()) == (events + others, events)
    assert row[["auc", "ci_low", "ci_high"]].notna().all(axis=None) == claimed
    assert row["note"].item() == ("" if claimed else "too few events")


def test_an_interval_that_is_not_defined_is_said() -> None:
    frame = some(10, 10)
    row = subgroup_table({"a": frame}, everyone(frame))
    assert row["auc"].item() == 0.5
    assert row[["ci_low", "ci_high"]].isna().all(axis=None)
    assert row["note"].item() == "interval not defined"


def test_levels_are_in_order_and_not_known_comes_last() -> None:
    low, high = Level("low"), Level("high")
    grade = [low, high, NOT_KNOWN, high]
    under, between, over = Level(high=5), Level(low=5, high=10), Level(low=10)
    size = [between, under, NOT_KNOWN, over]
    frame = PATIENTS.iloc[[0, 1, 2, 3, 4]]  # P4 has no levels
    table = subgroup_table(
        {"a": frame, "b": frame.iloc[:2]},
        pd.DataFrame({"grade": grade, "size": size}, index=IDS[:4]),
    )
    of_a = table[table["arm"] == "a"]
    assert list(of_a["level"]) == [
        *("high", "low", "not known"),
        *("under 5", "5 to under 10", "10 and over", "not known"),
    ]
    assert list(of_a["n_patients"]) == [2, 1, 2, 1, 1, 1, 2]
    assert list(table.loc[table["arm"] == "b", "level"]) == [
        *("high", "low"),
        *("under 5", "5 to under 10"),
    ]


def test_without_subgroups_the_table_is_empty() -> None:
    table = subgroup_table({"a": PATIENTS}, levels())
    assert (len(table), tuple(table.columns)) == (0, SUBGROUPS.columns)


def test_subgroups_with_few_events_have_no_auc() -> None:
    patients = patients_table(made_up_results(2, 20).arms)
    ids = sorted(set(patients["patient_id"]))
    levels = pd.DataFrame({"centre": [Level("A")] * 45 + [Level("B")] * 6}, index=ids)
    table = subgroups_table(patients, levels)
    assert list(table["level"]) == ["A", "B"] * 2
    assert list(table["n_patients"]) == [45, 6] * 2
    few = table["level"] == "B"
    assert table.loc[few, ["auc", "ci_low", "ci_high"]].isna().all(axis=None)
    assert set(table.loc[few, "note"]) == {"too few events"}
    assert (
        table.loc[~few, "auc"].between(table.loc[~few, "ci_low"], table.loc[~few, "ci_high"]).all()
    )


def test_without_levels_there_are_no_subgroups() -> None:
    assert subgroups_table(patients_table(three_arms(2)), pd.DataFrame()).empty
