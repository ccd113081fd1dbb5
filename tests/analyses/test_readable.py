from __future__ import annotations

import re

import pandas as pd
import pytest

from lungmet_worc.analyses.all_tables import TABLES, make_all_tables
from lungmet_worc.display.formats import numeric_columns
from lungmet_worc.display.language import Language, language
from tests.analyses.made_up import made_up_results

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return make_all_tables(made_up_results(3, 20))


def test_every_cell_is_text_and_no_raw_name_is_left(frames: dict[str, pd.DataFrame]) -> None:
    for name, frame in frames.items():
        table = TABLES[name].readable(frame)
        cells = [str(cell) for row in table.itertuples(index=False) for cell in row]
        assert all(isinstance(c, str) for row in table.to_numpy() for c in row), name
        assert len(set(table.columns)) == len(table.columns), name
        names = {*map(str, table.columns), *cells}
        assert not {n for n in names if re.fullmatch(r"[a-z]+_[a-z_]+|nan|None", n)}, name


def test_thresholds_side_by_side(frames: dict[str, pd.DataFrame]) -> None:
    table = TABLES["thresholds"].readable(frames["thresholds"])
    assert list(table.columns[2:]) == [
        "Threshold: 0.5",
        "Threshold: Youden index",
        "Threshold: sensitivity 0.90",
    ]
    assert table.iloc[0, 2] == "0.50"  # fixed, so without an interval
    assert re.fullmatch(r"0\.\d\d \(0\.\d\d to [01]\.\d\d\)", table.iloc[1, 3])
    assert len(table) == 3 * frames["thresholds"]["metric"].nunique()


def test_only_one_test_is_concluded_from(frames: dict[str, pd.DataFrame]) -> None:
    table = TABLES["comparison"].readable(frames["comparison"])
    concluded = table["Test"] == "corrected resampled t-test"
    assert concluded.any()
    assert not concluded.all()
    assert (table.loc[concluded, "Reading"] != "").all()
    assert (table.loc[~concluded, "Reading"] == "").all()
    one = frames["comparison"]["test"] == "corrected resampled t-test"
    assert "Test" not in TABLES["comparison"].readable(frames["comparison"][one]).columns


def test_few_events_stand_in_place_of_the_auc(frames: dict[str, pd.DataFrame]) -> None:
    few = frames["subgroups"]["note"] == "too few events"
    table = TABLES["subgroups"].readable(frames["subgroups"])
    assert few.any()
    assert set(table.loc[few, "AUC (95% interval)"]) == {"too few events"}
    assert numeric_columns(table)[-1]


def test_power_has_a_row_for_each_auc(frames: dict[str, pd.DataFrame]) -> None:
    table = TABLES["power"].readable(frames["power"])
    assert list(table["AUC"]) == ["0.60", "0.70", "0.80"]
    assert table["95% interval"].str.startswith("\N{PLUS-MINUS SIGN}0.").all()
    assert "Smallest difference, correlation 0.5" in table.columns


def test_calibration_without_an_interval() -> None:
    frame = TABLES["calibration"].frame(
        [("mri", "slope", 0.8, None, None, 20, 9), ("mri", "brier", 0.2, None, None, 20, 9)]
    )
    row = TABLES["calibration"].readable(frame).iloc[0]
    assert list(row) == ["MRI", "0.80 (no interval)", "0.20", "20", "9"]


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("patients", "arm", "mri_only", "MRI only"),
        ("performance", "metric", "bca", "Balanced accuracy"),
        ("importance", "group", "filtered", "Filtered image"),
        ("workflows", "name", "MRI/texture", "MRI, Texture"),
        ("workflows", "name", "clinical/clinical", "Clinical"),
        ("workflows", "name", "LR", "LR"),
        ("features", "feature", "PREDICT_original_semf_age", "age"),
        ("patients", "outcome", 1, "yes"),
        ("subgroups", "level", "shape", "shape"),
        ("power", "anything", "x", "x"),
    ],
)
def test_labels(table: str, column: str, value: object, said: str) -> None:
    assert TABLES[table].label(column, value) == said


def test_dutch_has_commas_and_no_english(frames: dict[str, pd.DataFrame]) -> None:
    marked = Language("nl", _Marked())
    for name, frame in frames.items():
        table = TABLES[name].readable(frame, marked)
        assert table.columns[0].startswith("nl:"), name
        cells = [c for column in table.columns for c in table[column] if not c.startswith("nl:")]
        numbers = [c for c in cells if re.match(r"-?\d+[.,]\d", c)]
        if name != "acquisition":  # texts of the run
            assert not [c for c in numbers if re.match(r"-?\d+\.\d", c)], name


def test_rules_have_decimal_commas_in_dutch(frames: dict[str, pd.DataFrame]) -> None:
    table = TABLES["thresholds"].readable(frames["thresholds"], language("nl"))
    rules = ["0,5", "Youden-index", "sensitiviteit 0,90"]
    assert list(table.columns[2:]) == [f"Drempelwaarde: {rule}" for rule in rules]


class _Marked(dict[str, str]):
    """Marks every text that is said."""

    def __contains__(self, key: object) -> bool:
        return True

    def get(self, key: str, default: object = None) -> str:  # type: ignore[override]
        return f"nl:{key}"


def test_english_tables_read_the_same_in_both_alignments(
    frames: dict[str, pd.DataFrame],
) -> None:
    for name, frame in frames.items():
        english, dutch = TABLES[name].readable(frame), TABLES[name].readable(frame, language("nl"))
        assert numeric_columns(english) == numeric_columns(dutch, language("nl")), name
        assert english.shape == dutch.shape
