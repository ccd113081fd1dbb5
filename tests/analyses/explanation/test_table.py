from __future__ import annotations

import numpy as np
import pytest

from lungmet_worc.analyses.explanation.table import importance_table, workflows_table
from lungmet_worc.analyses.results import ArmExplanation, ArmPredictions, SplitExplanation
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from tests.analyses.made_up import made_up_results
from tests.analyses.test_results import prediction

pytestmark = pytest.mark.filterwarnings("error")


def member(classifier: str, steps: list[str], **chosen: int) -> dict[str, object]:
    groups = {f"T1_post/{group}": number for group, number in chosen.items()}
    return {"number": 0, "classifier": classifier, "steps": steps, "chosen": groups}


def drops(shape: float | None, everything: float | None) -> tuple[dict[str, object], ...]:
    return (
        {"modality": "T1_post", "group": "all", "n_features": 5, "drop": everything},
        {"modality": "T1_post", "group": "shape", "n_features": 2, "drop": shape},
        {"modality": "T1_post", "group": "texture", "n_features": 3, "drop": None},
    )


ARM = ArmExplanation(
    "x",
    (
        SplitExplanation(
            0,
            (member("LR", ["PCA"], shape=2), member("RF", ["PCA", "scaling"], shape=1, texture=0)),
            drops(0.1, 0.2),
            {"LR": 3, "RF": 3, "SVM": 2},
        ),
        SplitExplanation(
            1, (member("LR", [], shape=1), member("LR", [])), drops(0.3, 0.3), {"LR": 2}
        ),
        SplitExplanation(2, (), drops(None, None), {}),
    ),
)
PREDICTIONS = ArmPredictions(
    "x", tuple(prediction(["A", "B"], [0, 1], [0.2, 0.8], k) for k in range(3))
)


def test_workflows_by_hand() -> None:
    table = workflows_table([ARM])
    rows = {
        (row["kind"], row["name"]): (row["n"], row["share"], row["share_of_candidates"])
        for row in table.to_dict("records")
    }
    assert rows["classifier", "LR"] == (3, 0.75, 0.5)
    assert rows["classifier", "RF"] == (1, 0.25, 0.3)
    assert rows["classifier", "SVM"] == (0, 0.0, 0.2)
    assert rows["step", "PCA"][:2] == (2, 0.5)
    # Groups that no workflow used are there too.
    assert rows["group", "T1_post/shape"][:2] == (3, 0.75)
    assert rows["group", "T1_post/texture"][:2] == (0, 0.0)
    assert np.isnan(rows["step", "PCA"][2])
    assert list(table["name"][:3]) == ["LR", "RF", "SVM"]


def test_importance_by_hand() -> None:
    table = importance_table([PREDICTIONS], [ARM]).set_index("group")
    assert list(table.index) == ["shape", "texture", "all"]
    expected = corrected_resampled_interval([0.1, 0.3], 4, 2, bounds=None)
    values = table.loc["shape", ["importance", "ci_low", "ci_high", "n_splits"]]
    assert tuple(values) == pytest.approx(tuple(expected))
    assert expected.low < 0  # not clipped
    assert table.at["shape", "chosen"] == 0.75
    assert table.at["all", "chosen"] == 0.75
    assert table.at["all", "n_features"] == 5
    assert np.isnan(table.at["texture", "importance"])
    assert table.at["texture", "n_splits"] == 0


def test_shares_of_classifiers_add_up_to_one() -> None:
    table = workflows_table(made_up_results(3, 5).explanations)
    sums = (
        table[table["kind"] == "classifier"].groupby("arm")[["share", "share_of_candidates"]].sum()
    )
    np.testing.assert_allclose(sums, 1)
    assert table["share"].between(0, 1).all()


def test_without_explanations_there_are_no_rows() -> None:
    assert workflows_table([]).empty
    assert importance_table([PREDICTIONS], []).empty
    nothing = ArmExplanation("x", (SplitExplanation(0, (), (), {}),))
    assert workflows_table([nothing]).empty
    assert importance_table([PREDICTIONS], [nothing]).empty
