"""The manifest: dialects of CSV, XLSX, and every problem that its rows can have."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from lungmet_worc.basics.errors import ManifestError, Problem
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest, read_manifest
from lungmet_worc.study.reading.spreadsheet import (
    parse_number,
    parse_outcome,
    read_spreadsheet,
    read_table,
)
from tests.synthetic import change_cell, make_study, read_rows, write_cohort, write_rows

HEADER = ["patient_id", "lung_met", "age", "mri_image", "mri_mask"]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_cohort(tmp_path, 4, ["MRI"])


def study_of(manifest: Path, **parts: str) -> StudyConfig:
    return make_study(manifest, ["MRI"], **parts)


def problems_of(manifest: Path, **parts: str) -> tuple[Problem, ...]:
    return read_manifest(study_of(manifest, **parts)).problems


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def write_text(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


class TestReadTable:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_dialects(self, tmp_path: Path, separator: str, encoding: str, line_end: str) -> None:
        lines = [["id", "naam", "leeftijd"], ["P1", "Zoë", '"61,5"'], ["P2", "Bo", "62"]]
        text = line_end.join(separator.join(cells) for cells in lines)
        table = read_table(write_text(tmp_path / "m.csv", text, encoding))
        assert list(table.columns) == ["id", "naam", "leeftijd"]
        assert table.to_numpy().tolist() == [["P1", "Zoë", "61,5"], ["P2", "Bo", "62"]]
        assert list(table.index) == [2, 3]

    def test_dutch_excel_needs_no_quotes_around_a_decimal_comma(self, tmp_path: Path) -> None:
        table = read_table(write_text(tmp_path / "m.csv", "id;age\r\nP1;61,5\r\n"))
        assert table.loc[2, "age"] == "61,5"

    def test_separator_inside_quotes_does_not_count(self, tmp_path: Path) -> None:
        text = 'id;"sites: a, b, c, d";age\nP1;"x; y";3\n'
        table = read_table(write_text(tmp_path / "m.csv", text))
        assert list(table.columns) == ["id", "sites: a, b, c, d", "age"]
        assert list(table.loc[2]) == ["P1", "x; y", "3"]

    def test_excel_separator_line_is_no_row(self, tmp_path: Path) -> None:
        table = read_table(write_text(tmp_path / "m.csv", "sep=;\r\nid;age\r\nP1;3\r\n"))
        assert list(table.columns) == ["id", "age"]
        assert list(table.index) == [2]

    def test_blank_lines_are_left_out_and_still_count_as_rows(self, tmp_path: Path) -> None:
        text = "id,age\n\nP1,3\n , \n,,\nP2,4\n\n"
        table = read_table(write_text(tmp_path / "m.csv", text))
        assert table["id"].to_dict() == {3: "P1", 6: "P2"}

    def test_line_break_inside_quotes_is_one_row(self, tmp_path: Path) -> None:
        text = 'id,note\nP1,"two\nlines"\nP2,x\n'
        table = read_table(write_text(tmp_path / "m.csv", text))
        assert table["id"].to_dict() == {2: "P1", 3: "P2"}

    def test_whitespace_is_trimmed(self, tmp_path: Path) -> None:
        table = read_table(write_text(tmp_path / "m.csv", " id , age \n P1 ,\t3\xa0\n"))
        assert list(table.columns) == ["id", "age"]
        assert list(table.loc[2]) == ["P1", "3"]

    def test_windows_1252_is_read_with_a_warning(self, tmp_path: Path) -> None:
        path = write_text(tmp_path / "m.csv", "id,naam\nP1,Zoë\n", "cp1252")
        spreadsheet = read_spreadsheet(path)
        assert spreadsheet.frame.loc[2, "naam"] == "Zoë"
        problem = only(spreadsheet.problems)
        assert problem.severity == "warning"
        assert "Windows-1252" in problem.what

    def test_xlsx_as_a_person_sees_it(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append([" id ", "age", "dead", "code", None])
        sheet.append([1.0, 61.5, True, 7, None])
        sheet.append([None, None, None, None, None])
        sheet.append([2, 62, False, 12, None])
        for row in (2, 4):
            sheet.cell(row, 4).number_format = "000"
        book.create_sheet("other").append(["not", "this"])
        path = tmp_path / "m.xlsx"
        book.save(path)
        table = read_table(path)
        assert list(table.columns) == ["id", "age", "dead", "code"]
        assert list(table.loc[2]) == ["1", "61.5", "true", "007"]
        assert list(table.loc[4]) == ["2", "62", "false", "012"]

    def test_xlsx_under_the_name_of_a_csv(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.append(["id"])
        book.active.append(["P1"])
        book.save(tmp_path / "m.xlsx")
        path = (tmp_path / "m.xlsx").rename(tmp_path / "m.csv")
        assert read_table(path).loc[2, "id"] == "P1"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"id,age\n\n", "no patients"),
            (b"\xd0\xcf\x11\xe0 old Excel", "old Excel"),
            (b"PK\x03\x04 no workbook", "damaged"),
            (b"\x00\x01\x02\x81", "no CSV or XLSX"),
            (b'id,age\nP1,"3\nP2,4\n', "cannot be read"),
        ],
    )
    def test_no_table(self, tmp_path: Path, content: bytes, said: str) -> None:
        path = tmp_path / "m.csv"
        path.write_bytes(content)
        with pytest.raises(ManifestError, match=said) as caught:
            read_table(path)
        assert caught.value.problems[0].remedy
        assert str(tmp_path) not in str(caught.value)

    def test_unclosed_quote_names_the_row(self, tmp_path: Path) -> None:
        path = write_text(tmp_path / "m.csv", 'id,age\nP1,3\nP2,"4\nP3,5\n')
        with pytest.raises(ManifestError) as caught:
            read_table(path)
        assert caught.value.problems[0].row == 3

    def test_no_file_and_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ManifestError, match="no such file"):
            read_table(tmp_path / "none.csv")
        with pytest.raises(ManifestError, match="folder"):
            read_table(tmp_path)

    def test_row_with_too_many_cells(self, tmp_path: Path) -> None:
        path = write_text(tmp_path / "m.csv", "id,age\nP1,61,5\nP2,3\n")
        problem = only(read_spreadsheet(path).problems)
        assert (problem.severity, problem.row) == ("error", 2)

    def test_row_with_too_few_cells(self, tmp_path: Path) -> None:
        spreadsheet = read_spreadsheet(write_text(tmp_path / "m.csv", "id,age,x\nP1,61\n"))
        assert only(spreadsheet.problems).severity == "warning"
        assert list(spreadsheet.frame.loc[2]) == ["P1", "61", ""]

    def test_nameless_column_with_cells(self, tmp_path: Path) -> None:
        spreadsheet = read_spreadsheet(write_text(tmp_path / "m.csv", "id,,x\nP1,note,3\n"))
        assert only(spreadsheet.problems).severity == "warning"
        assert list(spreadsheet.frame.columns) == ["id", "x"]


class TestCells:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("3", 3.0), ("61,5", 61.5), ("61.5", 61.5), ("-0,25", -0.25), ("1e3", 1000.0),
            (" 7 ", 7.0), ("1.234,5", 1234.5), ("1,234.5", 1234.5), (",5", 0.5),
            ("", None), ("NA", None), ("n/a", None), ("onbekend", None), ("--", None),
        ],
    )  # fmt: skip
    def test_numbers(self, text: str, number: float | None) -> None:
        assert parse_number(text) == number

    @pytest.mark.parametrize("text", ["<5", "5 mm", "1_000", "inf", "high", "1,2,3", "12.34,5"])
    def test_no_number(self, text: str) -> None:
        with pytest.raises(ValueError, match="no number"):
            parse_number(text)

    @pytest.mark.parametrize("text", ["1", "1.0", "1,0", "true", "TRUE", "Yes", "ja", "JA", "WAAR"])
    def test_event(self, text: str) -> None:
        assert parse_outcome(text) == 1

    @pytest.mark.parametrize("text", ["0", "0.0", "0,0", "False", "no", "Nee", "ONWAAR"])
    def test_no_event(self, text: str) -> None:
        assert parse_outcome(text) == 0

    @pytest.mark.parametrize("text", ["", " ", "NA", "?", "unknown"])
    def test_not_known(self, text: str) -> None:
        assert parse_outcome(text) is None

    @pytest.mark.parametrize("text", ["2", "0.5", "maybe", "-1", "01.01.2020", "yes?"])
    def test_not_binary(self, text: str) -> None:
        with pytest.raises(ValueError, match="n"):
            parse_outcome(text)


class TestPatients:
    def test_a_sound_manifest(self, manifest: Path) -> None:
        found = read_manifest(study_of(manifest))
        assert isinstance(found, Manifest)
        assert found.problems == ()
        assert [patient.patient_id for patient in found.patients] == ["P1", "P2", "P3", "P4"]
        first = found.patients[0]
        assert (first.row, first.outcome) == (2, 1)
        assert first.data["MRI"].image == manifest.parent / "images/P1_MRI_image.nii.gz"
        assert first.data["MRI"].segmentation_entry == "images/P1_MRI_mask.nii.gz"
        assert first.data["MRI"].present
        assert first.clinical == {"age": "40", "grade": "high"}

    def test_ids_that_are_part_of_another_are_fine(self, manifest: Path) -> None:
        change_cell(manifest, "P2", "patient_id", "P10")
        found = read_manifest(study_of(manifest))
        assert found.problems == ()
        assert [patient.patient_id for patient in found.patients[:2]] == ["P1", "P10"]

    def test_duplicate_id_names_both_rows(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "patient_id", "P1")
        problem = only(problems_of(manifest))
        assert (problem.severity, problem.row, problem.column) == ("error", 4, "patient_id")
        assert problem.patient == "P1"
        assert "row 2" in problem.what

    def test_ids_that_differ_in_case_only(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "patient_id", "p1")
        problem = only(problems_of(manifest))
        assert (problem.severity, problem.row) == ("error", 4)
        assert "case" in problem.what

    def test_missing_id(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "patient_id", " ")
        found = read_manifest(study_of(manifest))
        problem = only(found.problems)
        assert (problem.severity, problem.row, problem.column) == ("error", 4, "patient_id")
        assert [patient.patient_id for patient in found.patients] == ["P1", "P2", "P4"]

    def test_missing_outcome_is_no_error(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "lung_met", "")
        found = read_manifest(study_of(manifest))
        problem = only(found.problems)
        assert (problem.severity, problem.row, problem.patient) == ("warning", 4, "P3")
        assert found.patients[2].outcome is None

    def test_outcome_that_is_not_binary(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "lung_met", "2")
        problem = only(problems_of(manifest))
        assert (problem.severity, problem.row, problem.column) == ("error", 4, "lung_met")
        assert problem.patient == "P3"
        assert '"2"' in problem.what
        assert "ja or nee" in problem.remedy

    def test_missing_scan_is_no_error(self, manifest: Path) -> None:
        for column in ("mri_image", "mri_mask"):
            change_cell(manifest, "P3", column, "")
        found = read_manifest(study_of(manifest))
        assert found.problems == ()
        assert not found.patients[2].data["MRI"].present

    @pytest.mark.parametrize(
        ("empty", "said"), [("mri_mask", "no mask"), ("mri_image", "no image")]
    )
    def test_half_a_pair(self, manifest: Path, empty: str, said: str) -> None:
        change_cell(manifest, "P3", empty, "")
        problem = only(problems_of(manifest))
        assert (problem.severity, problem.row, problem.column) == ("error", 4, empty)
        assert said in problem.what
        assert "both cells empty" in problem.remedy

    def test_path_that_leads_nowhere(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "mri_image", "images/P3_MRI_imag.nii.gz")
        problem = only(problems_of(manifest))
        assert (problem.severity, problem.row, problem.column) == ("error", 4, "mri_image")
        assert problem.file == "images/P3_MRI_imag.nii.gz"
        assert '"P3_MRI_image.nii.gz"' in problem.remedy

    def test_folder_that_is_not_there(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "mri_image", "scans/P3.nii.gz")
        assert "folder" in only(problems_of(manifest)).what

    def test_name_that_is_too_long_for_any_file(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "mri_image", "x" * 5000)
        assert "not exist" in only(problems_of(manifest)).what

    def test_windows_separators(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "mri_image", "images\\P3_MRI_image.nii.gz")
        found = read_manifest(study_of(manifest))
        assert found.problems == ()
        assert found.patients[2].data["MRI"].image_entry == "images\\P3_MRI_image.nii.gz"

    def test_absolute_paths(self, manifest: Path) -> None:
        path = str(manifest.parent / "images" / "P3_MRI_image.nii.gz")
        change_cell(manifest, "P3", "mri_image", path)
        assert problems_of(manifest) == ()

    def test_all_problems_at_once(self, manifest: Path) -> None:
        rows = read_rows(manifest)
        rows[0]["patient_id"] = "P2"
        rows[1]["lung_met"] = "perhaps"
        rows[2]["mri_mask"] = ""
        rows[3]["mri_image"] = "gone.nii.gz"
        write_rows(manifest, rows)
        rows_with_problems = {problem.row for problem in problems_of(manifest)}
        assert rows_with_problems == {3, 4, 5}  # row 2 is named by the duplicate in row 3


class TestColumns:
    def test_missing_columns_are_all_named_with_the_nearest(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "lung_met", "2")
        text = manifest.read_text().replace("mri_mask", "mri_msk", 1)
        manifest.write_text(text)
        arms = '[arms.a]\nmodalities = ["MRI"]\nclinical = ["grad", "age"]'
        with pytest.raises(ManifestError) as caught:
            read_manifest(study_of(manifest, arms=arms))
        problems = {problem.column: problem for problem in caught.value.problems}
        assert set(problems) == {"mri_mask", "grad", "lung_met"}
        assert '"mri_msk"' in problems["mri_mask"].remedy
        assert "modalities.MRI.segmentation" in problems["mri_mask"].what
        assert '"grade"' in problems["grad"].remedy

    def test_two_columns_of_one_name(self, manifest: Path) -> None:
        text = manifest.read_text()
        manifest.write_text(text.replace("age,grade", "age,age", 1))
        assert only(problems_of(manifest)).severity == "warning"
        manifest.write_text(text.replace("age,grade", "lung_met,grade", 1))
        problem = only(problems_of(manifest))
        assert (problem.severity, problem.column) == ("error", "lung_met")

    def test_id_as_clinical_feature(self, manifest: Path) -> None:
        arms = '[arms.a]\nmodalities = ["MRI"]\nclinical = ["patient_id"]'
        problem = only(problems_of(manifest, arms=arms))
        assert (problem.severity, problem.column) == ("error", "patient_id")
        assert "clinical feature" in problem.what

    def test_image_column_as_mask_column(self, manifest: Path) -> None:
        study = study_of(manifest)
        swapped = study.modalities["MRI"].model_copy(update={"segmentation": "mri_image"})
        study = study.model_copy(update={"modalities": {"MRI": swapped}})
        assert "as image and as mask" in only(read_manifest(study).problems).what


class TestExclude:
    def test_unknown_id_with_the_nearest(self, tmp_path: Path) -> None:
        manifest = write_cohort(tmp_path, 12, ["MRI"])
        problem = only(problems_of(manifest, cohort='exclude = ["P3", "P13"]'))
        assert (problem.severity, problem.column) == ("error", "cohort.exclude")
        assert problem.file == "study.toml"
        assert problem.patient == "P13"
        assert "Did you mean" in problem.remedy

    def test_rows_of_excluded_patients_are_not_judged(self, manifest: Path) -> None:
        change_cell(manifest, "P3", "mri_image", "gone.nii.gz")
        change_cell(manifest, "P3", "lung_met", "perhaps")
        assert len(problems_of(manifest)) == 2
        assert problems_of(manifest, cohort='exclude = ["P3"]') == ()
