"""Workbooks as people keep them, and workbooks that are damaged or far too large."""

from __future__ import annotations

import datetime
import io
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from lungmet_worc.basics.errors import ManifestError, Problem
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest, collect_manifest
from lungmet_worc.study.reading.spreadsheet import read_spreadsheet
from lungmet_worc.study.study_file import study_from_tables

HEADER = ("patient_id", "lung_met", "site", "size")
ROWS = [(f"P{n}", n % 2, ("arm", "leg", "trunk")[n % 3], 4 + n) for n in range(1, 9)]
SHEET = "xl/worksheets/sheet1.xml"


def book(
    folder: Path, change: Callable[[Any], None] | None = None, rows: Sequence[Any] = ROWS
) -> Path:
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active.append(HEADER)
    for row in rows:
        made.active.append(row)
    if change:
        change(made.active)
    made.save(folder / "m.xlsx")
    return folder / "m.xlsx"


def patched(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change a part of a workbook; what a program other than Excel may have written."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def study(path: Path, **cohort: object) -> StudyConfig:
    tables = {
        "study": {"name": "t", "outcome": "lung_met"},
        "cohort": {"manifest": str(path), **cohort},
        "arms": {"clinical": {"clinical": ["site", "size"]}},
    }
    return study_from_tables(tables, folder=path.parent)


def manifest(path: Path, **cohort: object) -> Manifest:
    return collect_manifest(study(path, **cohort))


def only(problems: Sequence[Problem]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def refused(path: Path, **cohort: object) -> Problem:
    with pytest.raises(ManifestError) as caught:
        manifest(path, **cohort)
    return only(caught.value.problems)


def test_a_sound_workbook(tmp_path: Path) -> None:
    found = manifest(book(tmp_path))
    assert found.problems == ()
    assert len(found.patients) == 8
    assert found.patients[0].clinical == {"site": "leg", "size": "5"}


# What Excel makes of cells ------------------------------------------------------------------


def test_dates_among_texts_are_named_with_their_rows(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["C3"], sheet["C6"] = datetime.datetime(2026, 2, 1), datetime.datetime(2026, 4, 3)

    problem = only(manifest(book(tmp_path, change)).problems)
    assert (problem.severity, problem.row, problem.column) == ("error", 3, "site")
    assert "Rows: 3, 6." in problem.what
    assert "Text" in problem.remedy


def test_a_column_of_nothing_but_dates_is_no_column_of_levels(tmp_path: Path) -> None:
    rows = [(*row[:2], datetime.datetime(2026, 1, row[3]), row[3]) for row in ROWS]
    problem = only(manifest(book(tmp_path, rows=rows)).problems)
    assert (problem.severity, problem.column) == ("error", "site")
    assert "Rows: 2-9." in problem.what


@pytest.mark.parametrize("text", ["1-feb", "Mrt-04", "2-1-2026", "2026-02-01 00:00:00"])
def test_dates_that_a_csv_has_as_text(tmp_path: Path, text: str) -> None:
    lines = [",".join(map(str, row)) for row in (HEADER, *ROWS)]
    lines[4] = f"P4,0,{text},8"
    (tmp_path / "m.csv").write_text("\n".join(lines))
    problem = only(manifest(tmp_path / "m.csv").problems)
    assert (problem.severity, problem.row, problem.column) == ("error", 5, "site")


def with_percentages(sheet: Any, sizes: Sequence[float], *rows: int) -> None:
    for row, size in enumerate(sizes, 2):
        sheet.cell(row, 4, size).number_format = "0%" if row in rows else "General"


def test_percentages_beside_plain_numbers(tmp_path: Path) -> None:
    """Excel shows 25, 50% and 30, and stores 25, 0.5 and 30."""
    sizes = [25, 0.5, 30, 70, 10, 0.125, 40, 60]
    path = book(tmp_path, lambda sheet: with_percentages(sheet, sizes, 3, 7))
    problem = only(manifest(path).problems)
    assert (problem.severity, problem.row, problem.column) == ("error", 3, "size")
    assert "such as 50 %, and stores 0.5; other cells" in problem.what
    assert problem.what.endswith("such as 70. Rows: 3, 7.")


@pytest.mark.parametrize("rows", [range(2, 10), (3, 7)])
def test_shares_whether_shown_as_percentages_or_not(tmp_path: Path, rows: Sequence[int]) -> None:
    sizes = [0.25, 0.5, 0.3, 0.7, 0.1, 0.125, 0.4, 1]
    found = manifest(book(tmp_path, lambda sheet: with_percentages(sheet, sizes, *rows)))
    assert found.problems == ()
    assert [float(patient.clinical["size"]) for patient in found.patients] == sizes


def test_formulas_that_nobody_computed(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        for row in range(2, 10):
            sheet[f"A{row}"] = f'="P"&ROW()-{1}'
            sheet[f"D{row}"] = "=1+1"

    problems = manifest(book(tmp_path, change)).problems
    assert {p.column for p in problems if "formulas" in p.what} == {"patient_id", "size"}
    assert all("Rows: 2-9." in p.what for p in problems if "formulas" in p.what)


def test_a_row_of_formulas_alone_is_not_lost(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        for letter in "ABCD":
            sheet[f"{letter}5"] = "=1+1"

    found = [p for p in manifest(book(tmp_path, change)).problems if "formulas" in p.what]
    assert {(p.row, p.column) for p in found} == {(5, name) for name in HEADER}


def test_cells_that_failed_and_cells_that_are_merged(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["C4"] = "#REF!"
        sheet["C8"] = "#WAARDE!"
        sheet.merge_cells("D5:D7")

    found = {problem.column: problem for problem in manifest(book(tmp_path, change)).problems}
    assert "Rows: 4, 8." in found["site"].what
    assert (found["size"].row, found["size"].severity) == (6, "error")
    assert "Rows: 6-7." in found["size"].what


def test_hidden_rows_and_columns_are_said_and_enter(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        for row in (3, 4, 8):
            sheet.row_dimensions[row].hidden = True
        sheet.column_dimensions["D"].hidden = True

    found = manifest(book(tmp_path, change))
    rows, column = found.problems
    assert (rows.severity, rows.row) == ("warning", 3)
    assert "3 patients" in rows.what
    assert "Rows: 3-4, 8." in rows.what
    assert (column.severity, column.column) == ("warning", "size")
    assert len(found.patients) == 8
    assert only(manifest(found.path, exclude=["P2", "P3", "P7"]).problems) == column


def test_a_row_of_totals_is_no_patient(tmp_path: Path) -> None:
    path = book(tmp_path, rows=[*ROWS, ("Totaal", 4, None, 84)])
    found = [p for p in manifest(path).problems if "sums up" in p.what]
    assert (only(found).row, only(found).severity) == (10, "error")


# Which rows and which sheet -----------------------------------------------------------------


def test_lines_above_the_header(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet.insert_rows(1, 3)
        sheet["A1"], sheet["C2"] = "Export of 3 November; sarcoma, all", "Clinical"

    found = manifest(book(tmp_path, change))
    assert [patient.row for patient in found.patients] == list(range(5, 13))
    problem = only(found.problems)
    assert (problem.severity, problem.row) == ("warning", 4)
    assert "rows 1-2" in problem.what


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_lines_above_the_header_of_a_csv(tmp_path: Path, separator: str) -> None:
    lines = ["Export; of, 3 November, all; patients", ""]
    lines += [separator.join(map(str, row)) for row in (HEADER, *ROWS)]
    (tmp_path / "m.csv").write_text("\n".join(lines))
    found = manifest(tmp_path / "m.csv")
    assert [patient.patient_id for patient in found.patients] == [row[0] for row in ROWS]
    assert only(found.problems).row == 3


def with_codebook(path: Path) -> Path:
    made = openpyxl.load_workbook(path)
    made.create_sheet("Codebook", 0).append(["variable", "site"])
    made.worksheets[0].append(["size", "cm"])
    made.worksheets[1].title = "Data 2026"
    made.save(path)
    return path


def test_a_codebook_first_is_told_with_the_names_of_the_sheets(tmp_path: Path) -> None:
    problem = refused(with_codebook(book(tmp_path)))
    assert '"Codebook", "Data 2026"' in problem.what
    assert 'sheet = "Data 2026"' in problem.remedy


def test_the_sheet_that_the_study_names(tmp_path: Path) -> None:
    path = with_codebook(book(tmp_path))
    assert len(manifest(path, sheet="data\u00a02026").patients) == 8
    assert '"Data 2026"' in refused(path, sheet="Data 2025").remedy


def test_a_hidden_sheet_is_not_the_first_one(tmp_path: Path) -> None:
    path = with_codebook(book(tmp_path))
    made = openpyxl.load_workbook(path)
    made.worksheets[0].sheet_state = "hidden"
    made.active = 1
    made.save(path)
    assert len(manifest(path).patients) == 8


def test_a_csv_has_no_sheets(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("patient_id,lung_met,site,size\nP1,1,arm,3\n")
    assert "no sheets" in refused(tmp_path / "m.csv", sheet="x").what


# Numbers and unknown values -----------------------------------------------------------------


def test_thousands_as_text_beside_numbers(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["D4"], sheet["D6"], sheet["D7"] = "7,096", "26,888", 1.125

    problem = only(manifest(book(tmp_path, change)).problems)
    assert (problem.severity, problem.row, problem.column) == ("error", 4, "size")
    assert "Rows: 4, 6." in problem.what
    found = manifest(tmp_path / "m.xlsx", decimal=".")
    assert found.problems == ()
    sizes = [patient.clinical["size"] for patient in found.patients]
    assert sizes == ["5", "6", "7096", "8", "26888", "1.125", "11", "12"]


@pytest.mark.parametrize("table", ["arms", "statistics", "report"])
def test_a_semicolon_file_wherever_its_numbers_are_read(tmp_path: Path, table: str) -> None:
    rows = [("P1", 1, "7.096", "61,5"), ("P2", 0, "26.888", "58,0"), ("P3", 1, "911", "70,5")]
    header = ("patient_id", "lung_met", "volume", "age")
    (tmp_path / "m.csv").write_text(
        "\n".join(";".join(map(str, row)) for row in (header, *rows)), "utf-8"
    )
    tables: dict[str, Any] = {
        "study": {"name": "t", "outcome": "lung_met"},
        "cohort": {"manifest": str(tmp_path / "m.csv")},
        "arms": {"a": {"clinical": ["age", "volume"] if table == "arms" else ["age"]}},
        "statistics": {"subgroups": ["volume"] if table == "statistics" else []},
        "report": {"acquisition": ["volume"] if table == "report" else []},
    }
    problem = only(collect_manifest(study_from_tables(tables, folder=tmp_path)).problems)
    assert (problem.severity, problem.row, problem.column) == ("error", 2, "volume")
    tables["cohort"]["decimal"] = ","
    found = collect_manifest(study_from_tables(tables, folder=tmp_path))
    assert found.problems == ()
    assert [p.clinical["volume"] for p in found.patients] == ["7096", "26888", "911"]


def test_missing_says_what_counts_as_not_known(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["D4"], sheet["C6"], sheet["B7"] = 999, "Niet bepaald", 999

    path = book(tmp_path, change)
    assert {p.column for p in manifest(path).problems} == {"size", "lung_met"}
    found = manifest(path, missing=[999.0, "niet bepaald"])
    assert [p.column for p in found.problems] == ["lung_met"]  # not known, as a warning
    assert only(found.problems).severity == "warning"
    assert found.patients[2].clinical["size"] == ""
    assert found.patients[4].clinical["site"] == ""
    assert found.patients[5].outcome is None


def test_missing_of_one_column_leaves_the_others(tmp_path: Path) -> None:
    rows = [(*row[:3], 9 if row[0] == "P3" else row[3]) for row in ROWS]
    rows[4] = ("P5", 1, 9, 9)
    told = study(book(tmp_path, rows=rows))
    site = {"site": {"missing": [9]}}
    tables = told.model_dump(include={"arms", "cohort"}) | {
        "study": {"name": "t", "outcome": "lung_met"}, "clinical": site,
    }  # fmt: skip
    found = collect_manifest(study_from_tables(tables, folder=tmp_path))
    assert found.patients[4].clinical == {"site": "", "size": "9"}
    assert "site" in {p.column for p in collect_manifest(told).problems}


def test_two_ids_that_look_the_same(tmp_path: Path) -> None:
    rows = [*ROWS, ("P\u00ad3\u200b", 1, "leg", 7)]
    problem = only(manifest(book(tmp_path, rows=rows)).problems)
    assert (problem.severity, problem.row, problem.patient) == ("error", 10, "P3")
    assert "row 4" in problem.what


def test_an_outcome_coded_as_one_and_two(tmp_path: Path) -> None:
    rows = [(name, 1 + outcome, *rest) for name, outcome, *rest in ROWS]
    problems = manifest(book(tmp_path, rows=rows)).problems
    assert [problem.row for problem in problems] == [2, 4, 6, 8]
    assert all("a 1 counts as yes" in problem.remedy for problem in problems)


@pytest.mark.parametrize("other", ["P07", "P 7", "p 07", "P\uff17"])
def test_two_ids_that_are_probably_one(tmp_path: Path, other: str) -> None:
    rows = [*ROWS, (other, 0, "arm", 9)]
    problem = only(manifest(book(tmp_path, rows=rows)).problems)
    assert (problem.severity, problem.row, problem.patient) == ("warning", 10, other)
    assert 'probably "P7" of row 8' in problem.what


def test_ids_that_are_like_each_other(tmp_path: Path) -> None:
    names = ["1", "10", "100", "1-0", "1.01", "1.1", "P1", "P10"]
    rows = [(name, *row[1:]) for name, row in zip(names, ROWS, strict=True)]
    assert manifest(book(tmp_path, rows=rows)).problems == ()


def test_the_study_file_is_cleaned_as_the_table_is(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["C1"], sheet["A3"] = "tumour\u00a0site\u200b", "\ufeffP2"

    path = book(tmp_path, change)
    tables = {
        "study": {"name": "t", "outcome": "lung\u00ad_met"},
        "cohort": {"manifest": str(path), "exclude": ["P2\u200b"]},
        "arms": {"a": {"clinical": ["tumour\u2009site"]}},
        "clinical": {
            "tumour site\u200b": {"kind": "ordered", "order": ["arm", "leg\u00a0", "trunk"]}
        },
    }
    config = study_from_tables(tables, folder=tmp_path)
    found = collect_manifest(config)
    assert found.problems == ()
    assert config.clinical["tumour site"].order == ("arm", "leg", "trunk")


# Damaged, far too large, or something else --------------------------------------------------


def test_a_cell_of_400_mb_is_not_unpacked(tmp_path: Path) -> None:
    path = book(tmp_path)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/sharedStrings2.xml", "w") as stream,
    ):
        for _ in range(400):
            stream.write(b"x" * 1_000_000)
    assert "400 MB" in refused(path).what


def test_a_size_that_is_not_the_real_one_is_no_way_around(tmp_path: Path) -> None:
    """Nothing beyond the size that a ZIP file declares is unpacked: the rest is a damaged file."""
    text = b"x" * 2_000_000
    path = patched(
        book(tmp_path), SHEET, lambda xml: xml.replace(b"<v>1</v>", b"<v>" + text + b"</v>", 1)
    )
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = archive.getinfo(SHEET).file_size
    path.write_bytes(content.replace(real.to_bytes(4, "little"), (4000).to_bytes(4, "little")))
    assert "damaged" in refused(path).what


def test_cells_longer_than_excel_has_them(tmp_path: Path) -> None:
    long = b"y" * 40_000
    path = patched(
        book(tmp_path),
        SHEET,
        lambda xml: re.sub(
            rb'<c r="C4".*?</c>',
            b'<c r="C4" t="inlineStr"><is><t>' + long + b"</t></is></c>",
            xml,
        ),
    )
    assert (refused(path).row, "32,767" in refused(path).what) == (4, True)
    (tmp_path / "m.csv").write_text("patient_id,lung_met,site,size\nP1,1," + "y" * 40_000 + ",3\n")
    assert refused(tmp_path / "m.csv").row == 2


def test_a_blank_cell_at_the_far_corner_is_nothing(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["XFD1048576"].font = Font(bold=True)

    assert manifest(book(tmp_path, change)).problems == ()


def test_a_text_at_the_far_corner_is_told(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["XFD1048576"] = "x"

    assert "row 1048576 and column XFD" in refused(book(tmp_path, change)).what


def test_a_row_that_no_sheet_has(tmp_path: Path) -> None:
    path = patched(
        book(tmp_path), SHEET, lambda xml: xml.replace(b'<row r="9"', b'<row r="99999999999"')
    )
    assert "99999999999" in refused(path).what


def test_more_columns_than_any_table(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("patient_id,lung_met,site,size\nP1" + "," * 20_000 + "\n")
    assert "16,384 columns" in refused(tmp_path / "m.csv").what


def test_more_rows_than_any_table(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("patient_id,lung_met\n" + "\n" * 1_048_580)
    assert refused(tmp_path / "m.csv").row == 1_048_576


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml[: len(xml) // 2],  # ParseError
        lambda xml: xml.replace(b"<v>1</v>", b"<v>one</v>"),
        lambda xml: xml.replace(b'r="B3"', b'r="?3"'),
        lambda xml: b"",
    ],
)
def test_damaged_sheets(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    assert "damaged" in refused(patched(book(tmp_path), SHEET, change)).what


ENTITIES = {
    "of a file": '<!ENTITY e SYSTEM "file:///etc/passwd">',
    # Each ten times the one before: 10 GB from a line.
    "that swell": '<!ENTITY a "0123456789">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghe", strict=True)
    ),
}


@pytest.mark.parametrize("declared", ENTITIES.values(), ids=ENTITIES.keys())
def test_entities_are_never_followed(tmp_path: Path, declared: str) -> None:
    def with_entity(sheet: bytes) -> bytes:
        start = sheet.index(b"<worksheet")
        text = sheet[start:].replace(b"<t>P3<", b"<t>&e;<")
        assert b"&e;" in text
        return f"<!DOCTYPE x [{declared}]>".encode() + text

    problem = refused(patched(book(tmp_path), SHEET, with_entity))
    assert "damaged" in problem.what or "more than 32,767 characters" in problem.what
    assert "root:" not in str(problem)


def test_damaged_zip_files(tmp_path: Path) -> None:
    content = book(tmp_path).read_bytes()
    with zipfile.ZipFile(tmp_path / "m.xlsx") as archive:
        start = archive.getinfo(SHEET).header_offset + 30 + len(SHEET)
    for damaged in (
        content[:start] + b"\xff" * 60 + content[start + 60 :],  # zlib.error
        content.replace(b"\x08\x00", b"\x63\x00"),  # a method of compression that is not there
        content[: len(content) // 2],
    ):
        (tmp_path / "m.xlsx").write_bytes(damaged)
        assert "damaged" in refused(tmp_path / "m.xlsx").what


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"$FL2@(#) SPSS DATA FILE", "SPSS"),
        (b"<html><table><tr><td>patient_id</td></tr></table></html>", "web page"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "m.xls").write_bytes(content)
    assert said in refused(tmp_path / "m.xls").what


@pytest.mark.parametrize(("part", "said"), [("xl/workbook.bin", ".xlsb"), ("content.xml", ".ods")])
def test_other_workbooks(tmp_path: Path, part: str, said: str) -> None:
    with zipfile.ZipFile(tmp_path / "m.xlsx", "w") as archive:
        archive.writestr("mimetype", "application/x")
        archive.writestr(part, "x")
    assert said in refused(tmp_path / "m.xlsx").what


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.csv")
    for path, said in (
        (tmp_path / "m.csv", "FIFO"),
        (Path("/dev/zero"), "device"),
        (tmp_path, "folder"),
    ):
        with pytest.raises(ManifestError, match=said):
            read_spreadsheet(path)
