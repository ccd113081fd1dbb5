"""What the report says of how images were made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.acquisition import statistics as acquisition
from lungmet_worc.analyses.acquisition.table import ACQUISITION
from lungmet_worc.checks.study import check_study
from lungmet_worc.display.language import language
from lungmet_worc.imaging import inspection_cache
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.tasks.run_folder.paths import RunPaths
from tests.synthetic import (
    make_study,
    read_rows,
    write_cohort,
    write_rows,
    write_volume,
)

VENDORS = ["SIEMENS", "GE", "SIEMENS", "siemens", "", "GE", "Philips", "SIEMENS"]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of eight patients, one MRI of which has other voxels than the rest."""
    manifest = write_cohort(tmp_path, 8, ["MRI"])
    mask = np.zeros((10, 20, 24), np.uint8)
    mask[2:7, 5:10, 5:10] = 1
    image = np.random.default_rng(3).normal(300, 40, mask.shape)
    for kind, voxels in (("image", image.astype(np.float32)), ("mask", mask)):
        write_volume(tmp_path / f"images/P2_MRI_{kind}.nii.gz", voxels, spacing=(0.5, 0.75, 5.0))
    rows = read_rows(manifest)
    for row, vendor in zip(rows, VENDORS, strict=True):
        row |= {"vendor": vendor, "tesla": "1.5" if vendor else "3"}
    for number, row in enumerate(rows):
        row["te"] = f"{10.5 + number}"
    write_rows(manifest, rows)
    more = '[report]\nacquisition = ["vendor", "tesla", "te"]'
    return make_plan(make_study(manifest, ["MRI"], search="splits = 2", more=more), tmp_path)


def make_plan(study: StudyConfig, folder: Path) -> Plan:
    checked = check_study(study)
    return Plan(study, checked.cohort, checked.digests, RunPaths(folder / "run"))


def acquisition_table(plan: Plan) -> pd.DataFrame:
    patients, kept = list(plan.patients.values()), plan.paths.inspections
    return acquisition.acquisition_table(plan.study, patients, plan.needed(), kept)


def values(table: pd.DataFrame, modality: str = "MRI") -> dict[str, str]:
    rows = table[table["modality"] == modality]
    return dict(zip(rows["property"], rows["value"], strict=True))


def test_images_are_described_by_modality(plan: Plan) -> None:
    table = acquisition_table(plan)
    assert tuple(table.columns) == ACQUISITION.columns
    assert set(table.loc[table["modality"] == "MRI", "n_patients"]) == {8}
    found = values(table)
    assert found[acquisition.IN_PLANE] == "1 (0.75 to 1)"
    assert found[acquisition.THICKNESS] == "3 (3 to 5)"
    assert found[acquisition.MATRIX] == "16 x 16 (7), 24 x 20 (1)"
    assert found[acquisition.SLICES] == "8 (8 to 10)"
    assert found[acquisition.VOXELS] == "16-bit signed integer (7), 32-bit float (1)"
    assert found[acquisition.IMAGE_TYPE] == "MRI"


def test_tumours_are_those_of_the_masks(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path, 4, ["CT"])
    for number in range(1, 5):
        mask = np.zeros((8, 16, 16), np.uint8)
        mask[1 : 1 + number, 4:14, 2:12] = 1  # 100 voxels of 3 cubic mm in each slice
        write_volume(tmp_path / f"images/P{number}_CT_mask.nii.gz", mask)
    found = values(acquisition_table(make_plan(make_study(manifest, ["CT"]), tmp_path)), "CT")
    assert found[acquisition.TUMOUR_SLICES] == "2.5 (1 to 4)"
    assert found[acquisition.TUMOUR_VOLUME] == "0.75 (0.3 to 1.2)"
    assert found[acquisition.THICKNESS] == "3"


def test_columns_of_the_manifest_are_counted(plan: Plan) -> None:
    table = acquisition_table(plan)
    rows = table[table["modality"] == ""].set_index("property")
    assert list(rows.index) == ["vendor", "tesla", "te"]
    assert rows.loc["vendor", "value"] == "SIEMENS (4), GE (2), Philips (1); not known 1"
    assert rows.loc["vendor", "n_patients"] == 7
    assert rows.loc["tesla", "value"] == "1.5 (7), 3 (1)"
    assert rows.loc["te", "value"] == "14 (10.5 to 17.5)"


def test_only_patients_who_enter_are_described(plan: Plan) -> None:
    cohort = plan.study.cohort.model_copy(update={"exclude": ("P2",)})
    study = plan.study.model_copy(update={"cohort": cohort})
    table = acquisition_table(make_plan(study, plan.study.cohort.manifest.parent))
    assert values(table)[acquisition.IN_PLANE] == "1"
    assert set(table.loc[table["modality"] == "MRI", "n_patients"]) == {7}


def test_voxels_that_were_checked_are_not_read_again(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = acquisition_table(plan)
    monkeypatch.setattr(inspection_cache, "SETTLED", 0)
    plan.paths.folder.mkdir()
    check_study(plan.study, kept=plan.paths.inspections)
    before = plan.paths.inspections.read_bytes()

    def refuse(*_: object) -> None:
        pytest.fail("an image was read again")

    monkeypatch.setattr(acquisition, "inspect_scan", refuse)
    assert acquisition_table(plan).equals(expected)
    assert plan.paths.inspections.read_bytes() == before


def test_a_file_that_changed_since_it_was_checked_is_read(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection_cache, "SETTLED", 0)
    plan.paths.folder.mkdir()
    check_study(plan.study, kept=plan.paths.inspections)
    mask = np.zeros((10, 20, 24), np.uint8)
    mask[2:5, 5:10, 5:10] = 1
    pair = plan.patients["P2"].data["MRI"]
    assert pair.segmentation is not None
    write_volume(pair.segmentation, mask, spacing=(0.5, 0.75, 5.0))
    assert "(3 to " in values(acquisition_table(plan))[acquisition.TUMOUR_SLICES]


def test_many_matrices_are_a_range(monkeypatch: pytest.MonkeyPatch, plan: Plan) -> None:
    monkeypatch.setattr(acquisition, "MOST_TEXTS", 1)
    found = values(acquisition_table(plan))
    assert found[acquisition.MATRIX] == "16 (16 to 24) x 16 (16 to 20)"
    assert found[acquisition.VOXELS] == "16-bit signed integer (7); 1 other values 1"


def test_words_and_numbers_of_ours_are_said_in_dutch(plan: Plan) -> None:
    table = acquisition_table(plan)
    shown = ACQUISITION.readable(table, language("nl"))
    found = dict(zip(shown["Eigenschap"], shown["Waarde"], strict=True))
    assert found["Voxelgrootte in het vlak (mm)"] == "1 (0,75 tot 1)"
    assert found["Coupedikte (mm)"] == "3 (3 tot 5)"
    assert found["Matrix (kolommen x rijen)"] == "16 x 16 (7), 24 x 20 (1)"
    types = "16-bits geheel getal met teken (7), 32-bits kommagetal (1)"
    assert found["Soort opgeslagen waarden"] == types
    assert found["vendor"] == "SIEMENS (4), GE (2), Philips (1); onbekend 1"
    assert found["te"] == "14 (10,5 tot 17,5)"
    english = ACQUISITION.readable(table)
    assert list(english["Value"]) == list(table["value"])


def test_what_stands_in_the_manifest_is_nobodys_to_translate(plan: Plan) -> None:
    cells = ["not known 3", "1.5 (0.5 to 3.5)", "1.5 (0.5 to 3.5)"]
    patients = [
        replace(patient, clinical={"Slices": cell})
        for patient, cell in zip(plan.patients.values(), cells, strict=False)
    ]
    more = {"report": plan.study.report.model_copy(update={"acquisition": ("Slices",)})}
    study = plan.study.model_copy(update=more)
    table = acquisition.acquisition_table(study, patients, [], plan.paths.inspections)
    (row,) = ACQUISITION.readable(table, language("nl")).to_numpy().tolist()
    assert row == ["", "Slices", "1.5 (0.5 to 3.5) (2), not known 3 (1)", "3"]
