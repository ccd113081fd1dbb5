"""The features of a run for R and SPSS: names, rows, files."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from lungmet_worc import Run
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.cli import main
from lungmet_worc.pipeline.feature_files import FeatureTable
from lungmet_worc.pipeline.feature_table import CODEBOOK
from lungmet_worc.study.feature_names import LONGEST, parsed, readable_name, told_apart, variable
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import write_state
from lungmet_worc.worc.storage import write_features

STAMP = "s" * 32


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PREDICT_original_sf_compactness_avg_2.5D", "MRI_shape_compactness_avg_2_5D"),
        ("PREDICT_original_tf_GLCM_contrastd3.0A0.79", "MRI_texture_GLCM_contrast_d3_0_A0_79"),
        (
            "PREDICT_original_tf_GLCMMS_ASMd1.0A2.36mean",
            "MRI_texture_GLCMMS_ASM_d1_0_A2_36_mean",
        ),
        ("PyRadiomics_sf_original_shape_VoxelVolume", "MRI_shape_VoxelVolume"),
        (
            "PyRadiomics_hf_wavelet-LHL_firstorder_Mean",
            "MRI_filtered_wavelet_LHL_Mean",
        ),
        ("PyRadiomics_tf_original_glrlm_RunEntropy", "MRI_texture_glrlm_RunEntropy"),
        (
            "PREDICT_original_vf_Frangi_full_mean_SR1.0",
            "MRI_filtered_vessel_Frangi_full_mean_SR1_0",
        ),
        ("something else", "MRI_other_something_else"),
    ],
)
def test_readable_names(name: str, expected: str) -> None:
    assert readable_name(name, "MRI") == expected


def test_the_parts_of_a_name() -> None:
    found = parsed("PyRadiomics_tf_wavelet-HHH_glcm_Idn")
    assert (found.toolbox, found.filter, found.detail) == ("PyRadiomics", "wavelet-HHH", "glcm_Idn")
    assert parsed("nothing of WORC").toolbox == ""


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("leeftijd (jaar)", "leeftijd_jaar"),
        ("Grösse", "Grosse"),
        ("2nd", "v_2nd"),
        ("with", "v_with"),
        ("NA", "v_NA"),
        ("年龄", ""),
        ("_x_", "x"),
    ],
)
def test_columns_become_variables(column: str, expected: str) -> None:
    assert variable(column) == expected


def test_long_names_stay_apart() -> None:
    one, other = variable("x" * 90 + "1"), variable("x" * 90 + "2")
    assert len(one) == len(other) == LONGEST
    assert one != other


def test_names_are_told_apart_whatever_their_case() -> None:
    assert told_apart(["Age", "age", "AGE", "", ""]) == [
        "Age", "age_2", "AGE_3", "variable", "variable_2",
    ]  # fmt: skip
    full = ["x" * LONGEST] * 3
    assert len({name.lower() for name in told_apart(full)}) == 3
    assert max(map(len, told_apart(full))) == LONGEST


PATIENTS: dict[str, Any] = {
    "patient_id": ["P1", "=cmd", "7"],
    "outcome": [1, 0, 1],
    "clinical": {"age (years)": [61.5, None, 48.0], "grade": ["high", "@low", None]},
}
FEATURES = {"PREDICT_original_sf_volume_2.5D": 12.25, "PREDICT_original_hf_mean": -1 / 3}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run of three patients, of whom the last has no CT."""
    paths = RunPaths(tmp_path / "run")
    tasks = {}
    for modality, ids in (("MRI", ["P1", "=cmd", "7"]), ("CT", ["P1", "=cmd"])):
        for number, patient in enumerate(ids):
            values = [value + number for value in FEATURES.values()]
            path = paths.features(modality, patient)
            write_features(path, values, list(FEATURES), image_type=modality, stamp=STAMP)
            tasks[f"extraction/{modality}/{patient}"] = {"state": "done", "stamp": STAMP}
    paths.patients.write_text(json.dumps(PATIENTS))
    study = {
        "name": "sarcoma",
        "outcome": "meta",
        "modalities": {"MRI": {}, "CT": {}},
        "arms": {},
        "search": {"splits": 4},
    }
    write_state(paths, {"study": study, "tasks": tasks, "started": "2026-11-23T18:00:00+00:00"})
    return Run(paths.folder)


def test_a_row_for_each_patient(run: Run) -> None:
    table = run.features_table()
    values = table.values
    assert list(values["patient_id"]) == PATIENTS["patient_id"]
    assert list(values["meta"]) == [1, 0, 1]
    assert values["age_years"].isna().tolist() == [False, True, False]
    assert values["MRI_shape_volume_2_5D"].tolist() == [12.25, 13.25, 14.25]
    assert values["MRI_intensity_mean"].tolist() == [x - 1 / 3 for x in (0.0, 1.0, 2.0)]
    assert np.isnan(values["CT_shape_volume_2_5D"].iloc[2])
    assert len(values.columns) == 4 + 2 * 2


def test_the_codebook_names_every_column(run: Run) -> None:
    table = run.features_table()
    book = table.codebook.set_index("name")
    assert list(table.codebook.columns) == list(CODEBOOK)
    assert list(book.index) == list(table.values.columns)
    assert book["kind"].tolist()[:4] == ["id", "outcome", "clinical", "clinical"]
    assert book.loc["age_years", "source"] == "age (years)"
    row = book.loc["CT_shape_volume_2_5D"]
    assert (row["modality"], row["toolbox"], row["group"]) == ("CT", "PREDICT", "shape")
    assert (row["source"], row["n_known"]) == ("PREDICT_original_sf_volume_2.5D", 2)


def test_csv_is_whole_and_runs_no_formula(run: Run, tmp_path: Path) -> None:
    table = run.features_table()
    written = table.write(tmp_path / "new" / "f.csv")
    assert [path.name for path in written] == ["f.csv", "f_codebook.csv"]
    back = pd.read_csv(written[0])
    assert back["patient_id"].tolist() == ["P1", "'=cmd", "7"]
    assert back["grade"].tolist()[1] == "'@low"
    for name in table.values.columns[4:]:
        np.testing.assert_array_equal(back[name], table.values[name])  # every digit
    with written[1].open(newline="") as file:
        assert next(csv.reader(file)) == list(CODEBOOK)


def test_ids_and_headings_of_a_csv_are_written_as_in_the_tables(tmp_path: Path) -> None:
    values = pd.DataFrame({"patient_id": ["-5", "P;=1", "@x"], "=sum": [1.0, 2.0, 3.0]})
    (path, _) = FeatureTable(values, pd.DataFrame({"name": []}), "s").write(tmp_path / "f.csv")
    assert path.read_text().splitlines() == ["patient_id,'=sum", "-5,1.0", "P;'=1,2.0", "'@x,3.0"]


def test_xlsx_has_both_sheets_and_texts_stay_texts(run: Run, tmp_path: Path) -> None:
    table = run.features_table()
    (path,) = table.write(tmp_path / "f.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Features", "Codebook"]
    cell = book["Features"]["A3"]
    assert (cell.value, cell.data_type) == ("=cmd", "s")
    first = [c.value for c in book["Features"][2]]
    assert first[:3] == ["P1", 1, 61.5]
    assert first[4:] == table.values.iloc[0, 4:].tolist()
    assert book["Features"]["C3"].value is None


def test_spss_file_has_labels(run: Run, tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    table = run.features_table()
    written = table.write(tmp_path / "f.sav")
    assert [path.name for path in written] == ["f.sav", "f_codebook.csv"]
    back, about = pyreadstat.read_sav(str(written[0]))
    assert back["patient_id"].tolist() == PATIENTS["patient_id"]
    for name in table.values.columns[4:]:
        np.testing.assert_array_equal(back[name], table.values[name])
    assert about.variable_value_labels == {"meta": {0.0: "no", 1.0: "yes"}}
    labels = about.column_names_to_labels
    assert labels["CT_intensity_mean"] == "CT: PREDICT_original_hf_mean"
    assert labels["age_years"] == "age (years)"
    assert back["age_years"].isna().tolist() == [False, True, False]
    assert re.fullmatch("[A-Za-z]\\w*", "".join(back.columns))


def test_nothing_is_written_over(run: Run, tmp_path: Path) -> None:
    table = run.features_table()
    (tmp_path / "f_codebook.csv").write_text("mine")
    with pytest.raises(ResultsError, match="nothing is lost") as caught:
        table.write(tmp_path / "f.csv")
    assert [Path(problem.file).name for problem in caught.value.problems] == ["f_codebook.csv"]
    assert (tmp_path / "f_codebook.csv").read_text() == "mine"
    assert not (tmp_path / "f.csv").exists()
    (tmp_path / "g.xlsx").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ResultsError):
        table.write(tmp_path / "g.xlsx")
    # The very same file is no loss.
    table.write(tmp_path / "h.csv")
    table.write(tmp_path / "h.csv")
    changed = FeatureTable(table.values.assign(meta=0), table.codebook, table.study)
    with pytest.raises(ResultsError):
        changed.write(tmp_path / "h.csv")


@pytest.mark.parametrize("name", ["f.txt", "f", "f.xls", ".csv"])
def test_other_endings_are_refused(name: str, run: Run, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"must end in one of: \.csv, \.xlsx, \.sav"):
        run.features_table().write(tmp_path / name)


def test_a_place_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="Nothing can be written"):
        run.features_table().write(tmp_path / "file" / "f.csv")


def test_features_that_are_not_there_are_named(run: Run) -> None:
    run.paths.features("CT", "P1").unlink()
    write_features(run.paths.features("MRI", "7"), [1.0], ["f"], image_type="MR", stamp="other")
    with pytest.raises(ResultsError, match=r"features of 2 images .*P1 CT, 7 MRI"):
        run.features_table()


@pytest.mark.parametrize("content", ["", "[]", '{"patient_id": ["P1"], "outcome": []}', "{"])
def test_a_damaged_list_of_patients(content: str, run: Run) -> None:
    run.paths.patients.write_text(content)
    with pytest.raises(ResultsError, match=r"patients\.json of this run is damaged"):
        run.features_table()


def test_a_run_that_has_no_list_yet(run: Run) -> None:
    run.paths.patients.unlink()
    with pytest.raises(ResultsError, match="not come to its features"):
        run.features_table()


def test_the_command(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "f.xlsx"
    assert main(["features", str(run.paths.folder), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {out}\npatients: 3, features: 4\n"
    assert main(["features", str(tmp_path), "--out", str(out)]) == 1
    assert "no run in" in capsys.readouterr().err


@pytest.mark.worc
@pytest.mark.slow
def test_of_a_whole_run(small_run: Run) -> None:
    table = small_run.features_table()
    assert len(table.values) == 20
    outcomes = dict(zip(table.values["patient_id"], table.values["lung_met"], strict=True))
    assert outcomes == {f"P{n}": n % 2 for n in range(1, 21)}
    features = table.codebook[table.codebook["kind"] == "feature"]
    assert set(features["modality"]) == {"MRI", "CT"}
    assert features["toolbox"].ne("").all()
    assert features["group"].ne("other").all()
    assert features["n_known"].gt(10).all()  # some are not defined in a small tumour
    assert all(re.fullmatch(r"(MRI|CT)_[a-z]+_\w+", name) for name in features["name"])
