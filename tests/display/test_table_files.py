from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from lungmet_worc.analyses.all_tables import TABLES, make_all_tables, write_all_tables
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.display.formats import numeric_columns
from lungmet_worc.display.table import Table
from lungmet_worc.display.table_files import (
    WORKBOOK,
    csv_text,
    read_table,
    write_table,
)
from tests.analyses.made_up import made_up_results, results_of
from tests.analyses.test_results import prediction, three_arms

pytestmark = pytest.mark.filterwarnings("error")

ODD_IDS = ["007", "NA", "=1+1", 'a,"b"', "P_1|é"]


def odd_arms() -> list[ArmPredictions]:
    """Two arms whose patients have the ids that spreadsheets spoil."""
    splits = tuple(
        prediction(ODD_IDS, [1, 0, 1, 0, 0], [0.9, 0.2, 0.4 + 0.1 * k, 0.6, 0.3], k)
        for k in range(3)
    )
    return [ArmPredictions("mri_only", splits), ArmPredictions("NA", splits[:2])]


def performance_row(**change: object) -> pd.DataFrame:
    row = {
        "arm": "ct", "metric": "auc", "mean": 0.674, "ci_low": 0.546, "ci_high": 0.7849,
        "n_splits": 20, "n_patients": 51, "n_events": 19,
    }  # fmt: skip
    return pd.DataFrame([row | change])


def comparison_row(**change: object) -> pd.DataFrame:
    row = {
        "arm_a": "ct_only", "arm_b": "combined", "metric": "auc", "difference": -0.1,
        "ci_low": -0.1512, "ci_high": -0.0488, "p_value": 0.0004, "p_adjusted": 0.0012,
        "test": "corrected resampled t-test", "n_patients": 51,
    }  # fmt: skip
    return pd.DataFrame([row | change])


def test_every_table_in_every_format(tmp_path: Path) -> None:
    frames = write_all_tables(made_up_results(3, 4), tmp_path / "tables")
    names = {f"{name}.{suffix}" for name in TABLES for suffix in ("csv", "xlsx", "md", "tex")}
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {*names, WORKBOOK}
    assert list(frames) == list(TABLES)
    assert all(len(frame) for frame in frames.values())


def test_tables_without_rows_have_no_file(tmp_path: Path) -> None:
    frames = write_all_tables(results_of(three_arms(4)), tmp_path)
    empty = {"subgroups", "permutations", "workflows", "importance", "features", "acquisition"}
    empty |= {"untested"}
    assert {name for name, frame in frames.items() if not len(frame)} == empty
    written = {path.stem for path in tmp_path.iterdir()}
    assert written == set(TABLES) - empty | {"study_tables"}
    sheets = openpyxl.load_workbook(tmp_path / WORKBOOK).sheetnames
    assert len(sheets) == 1 + len(TABLES) - len(empty)
    for name in set(frames) - empty:
        again = read_table(tmp_path / f"{name}.csv", TABLES[name])
        assert tuple(again.columns) == tuple(frames[name].columns)
        assert len(again) == len(frames[name])


def test_csv_is_rounded_and_plain(tmp_path: Path) -> None:
    frame = performance_row(mean=2 / 3, ci_low=np.nan, ci_high=-1e-9)
    write_table(frame, tmp_path, TABLES["performance"])
    content = (tmp_path / "performance.csv").read_bytes()
    assert content == (
        b"arm,metric,mean,ci_low,ci_high,n_splits,n_patients,n_events\n"
        b"ct,auc,0.666667,,0.0,20,51,19\n"
    )


def test_small_p_values_do_not_become_zero() -> None:
    text = csv_text(comparison_row(p_value=1.23456789e-9))
    assert "1.23457e-09" in text


def test_tables_are_read_back_as_they_were(tmp_path: Path) -> None:
    frames = write_all_tables(replace(made_up_results(2, 4), arms=odd_arms()), tmp_path)
    again = {
        name: read_table(tmp_path / f"{name}.csv", TABLES[name])
        for name, frame in frames.items()
        if len(frame)
    }
    for name, frame in again.items():
        pd.testing.assert_frame_equal(frame, frames[name], atol=1e-6, check_dtype=True)
    assert sorted(again["patients"]["patient_id"].unique()) == sorted(ODD_IDS)
    # Written again, the file is the same: nothing is lost on the way.
    assert csv_text(again["patients"]) == (tmp_path / "patients.csv").read_text(encoding="utf-8")


def test_an_empty_comparison_is_read_back(tmp_path: Path) -> None:
    write_all_tables(results_of(three_arms(2)[:1]), tmp_path)
    assert len(read_table(tmp_path / "comparison.csv", TABLES["comparison"])) == 0


def test_tables_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"no performance\.csv"):
        read_table(tmp_path / "performance.csv", TABLES["performance"])
    (tmp_path / "performance.csv").write_text("arm,mean\nx,1\n")
    with pytest.raises(ResultsError, match="has the columns arm, mean"):
        read_table(tmp_path / "performance.csv", TABLES["performance"])
    spoiled = csv_text(performance_row()).replace("0.674", "0;674")
    (tmp_path / "performance.csv").write_text(spoiled)
    with pytest.raises(ResultsError, match='column "mean"'):
        read_table(tmp_path / "performance.csv", TABLES["performance"])


def test_xlsx_has_numbers_formats_and_a_frozen_bold_head(tmp_path: Path) -> None:
    frame = pd.concat([comparison_row(), comparison_row(ci_low=np.nan, arm_a="=cmd()")])
    table = replace(TABLES["comparison"], title="Differences: a / b (c)", notes=("51 patients.",))
    write_table(frame, tmp_path, table)
    book = openpyxl.load_workbook(tmp_path / "comparison.xlsx")
    assert book.sheetnames == ["Comparison"]
    sheet = book.active
    assert sheet is not None
    assert sheet["A1"].value == "Differences: a / b (c)"
    assert sheet["A5"].value == "51 patients."
    assert sheet.freeze_panes == "A3"
    assert all(cell.font.bold for cell in sheet[2])
    heads = [cell.value for cell in sheet[2]]
    first = dict(zip(heads, sheet[3], strict=True))
    assert first["Difference, A minus B"].value == -0.1
    assert first["Difference, A minus B"].number_format == "0.00"
    assert first["p"].value == 0.0004
    assert first["p"].number_format == '[<0.001]"< 0.001";0.000'
    assert first["Patients"].value == 51
    assert first["Measure"].value == "AUC"
    second = dict(zip(heads, sheet[4], strict=True))
    assert second["95% interval, low"].value is None
    assert (second["Arm A"].value, second["Arm A"].data_type) == ("=cmd()", "s")
    assert first["Arm A"].value == "CT only"
    assert all(sheet.column_dimensions[c].width >= 10 for c in "ABCDEFGHIJ")


def test_files_are_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_all_tables(made_up_results(3, 3), tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_xlsx_holds_no_moment_and_no_name(tmp_path: Path) -> None:
    write_all_tables(results_of(three_arms(2)), tmp_path)
    archive = zipfile.ZipFile(io.BytesIO((tmp_path / "patients.xlsx").read_bytes()))
    assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
    properties = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT", properties)) == {"2000-01-01T"}
    assert re.search("<dc:creator[^>]*>lungmet_worc</dc:creator>", properties)


def test_performance_for_people() -> None:
    frame = pd.concat(
        [
            performance_row(),
            performance_row(metric="ppv", mean=0.4, ci_low=0.0, ci_high=1.0, n_splits=17),
            performance_row(arm="combined", ci_low=np.nan, ci_high=np.nan, n_splits=1),
            performance_row(arm="combined", metric="ppv", mean=np.nan, n_splits=0),
        ]
    )
    table = TABLES["performance"].readable(frame).set_index("Measure")
    assert list(table.columns) == ["CT", "Combined"]
    assert table.at["AUC", "CT"] == "0.67 (0.55 to 0.78)"
    assert table.at["Positive predictive value", "CT"] == "0.40 (0.00 to 1.00), 17 splits"
    assert table.at["AUC", "Combined"] == "0.67 (no interval)"
    assert table.at["Positive predictive value", "Combined"] == "not defined"
    assert list(table["CT"][:3]) == ["51", "19", "20"]


@pytest.mark.parametrize(
    ("change", "reading"),
    [
        ({}, "Combined clearly better"),
        ({"difference": 0.1}, "CT only clearly better"),
        ({"metric": "brier"}, "CT only clearly better"),
        ({"p_adjusted": 0.0501}, "no clear difference"),
        ({"p_adjusted": np.nan}, "cannot be compared"),
    ],
)
def test_comparison_in_words(change: dict[str, object], reading: str) -> None:
    row = TABLES["comparison"].readable(comparison_row(**change)).iloc[0]
    assert row["Reading"] == reading
    assert row["Arms"] == "CT only minus Combined"
    assert row["p"] == "< 0.001"
    assert row["Difference (95% interval)"].endswith("0.10 (-0.15 to -0.05)")


def test_patients_for_people() -> None:
    table = TABLES["patients"].readable(write_free_patients())
    assert list(table["Outcome"]) == ["yes", "no"]
    assert list(table["Mean probability (SD)"]) == ["0.51 (0.10)", "0.20"]
    assert list(table["Times right"]) == ["3", "0"]


def write_free_patients() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "arm": ["mri", "mri"], "patient_id": ["A", "B"], "outcome": [1, 0],
            "n_tested": [4, 1], "posterior_mean": [0.512, 0.2], "posterior_sd": [0.1, np.nan],
            "times_correct": [3, 0],
        }
    )  # fmt: skip


def test_markdown_and_latex_show_ids_as_they_are(tmp_path: Path) -> None:
    write_all_tables(results_of(odd_arms()), tmp_path)
    markdown = (tmp_path / "patients.md").read_text(encoding="utf-8")
    assert r"P\_1\|é" in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}
    latex = (tmp_path / "patients.tex").read_text(encoding="utf-8")
    assert r"P\_1|é &" in latex
    assert not re.search(r"(?<!\\)_", latex)
    assert latex.count(r"\toprule") == latex.count(r"\bottomrule") == 1


def test_latex_escapes_and_closes_what_it_opens(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a b": ["50% & $5 #1 {x} ~ ^ \\ <3", "-0.5"]})
    write_table(frame, tmp_path, Table("odd", "Odd", "A_title"))
    latex = (tmp_path / "odd.tex").read_text(encoding="utf-8")
    assert (
        r"50\% \& \$5 \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{} $<$3" in latex
    )
    assert "$-$0.5" in latex
    assert r"\caption{A\_title}" in latex
    for name in ("table", "tabular"):
        assert latex.count(rf"\begin{{{name}}}") == latex.count(rf"\end{{{name}}}") == 1


def test_long_latex_tables_run_over_pages(tmp_path: Path) -> None:
    write_all_tables(results_of(three_arms(20)), tmp_path)
    for name, long in {"performance": False, "splits": True, "patients": True}.items():
        latex = (tmp_path / f"{name}.tex").read_text(encoding="utf-8")
        assert (r"\begin{longtable}" in latex) is long
        assert (r"\usepackage{longtable}" in latex) is long


def test_texts_lose_absolute_paths(tmp_path: Path) -> None:
    secret = str(Path.home() / "study" / "ct.nii.gz")
    frame = pd.DataFrame({"patient_id": ["/odd/id"], "cause": [f"cannot read {secret}"]})
    for path in write_table(frame, tmp_path, Table("causes", "Causes", "Causes")).values():
        if path.suffix == ".xlsx":
            content = str(list(openpyxl.load_workbook(path).active.values))  # type: ignore[union-attr]
        else:
            content = path.read_text(encoding="utf-8")
        assert str(Path.home()) not in content
        assert "ct.nii.gz" in content.replace("\\", "")
        assert "odd" in content


@pytest.mark.parametrize(
    ("cells", "numeric"),
    [
        (["1", "-0.50 (0.1 to 0.2)", "not defined"], True),
        (["< 0.001", "0.04"], True),
        (["1: no image"], False),
        (["2023-01", "2023-02"], False),
        (["not defined"], False),
        ([], False),
    ],
)
def test_which_columns_are_numbers(cells: list[str], numeric: bool) -> None:
    assert numeric_columns(pd.DataFrame({"a": cells}, dtype=str)) == [numeric]


def test_tables_say_what_they_are_on(tmp_path: Path) -> None:
    write_all_tables(results_of(three_arms(20)), tmp_path, partial="20 of 100 splits")
    said = "51 patients tested, 19 of them with the outcome; 20 splits."
    for name in ("performance", "calibration", "paper"):
        assert said in (tmp_path / f"{name}.md").read_text(encoding="utf-8")
        assert said in (tmp_path / f"{name}.tex").read_text(encoding="utf-8")
    sheet = openpyxl.load_workbook(tmp_path / WORKBOOK)["Paper"]
    cells = [cell for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    assert said in cells
    assert cells[0].startswith("Partial result, 20 of 100 splits. Performance")


def test_arms_on_other_patients_are_counted_one_by_one(tmp_path: Path) -> None:
    first, second, _ = three_arms(4)
    fewer = ArmPredictions("ct_only", second.splits[:3])
    write_all_tables(results_of([first, fewer]), tmp_path)
    text = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert re.search(r"MRI only: \d+ patients tested, .*; 4 splits; CT only: .*; 3 splits\.", text)


def test_the_workbook_lists_its_sheets(tmp_path: Path) -> None:
    write_all_tables(made_up_results(2, 3), tmp_path)
    book = openpyxl.load_workbook(tmp_path / WORKBOOK)
    assert book.sheetnames == ["Contents", *(table.sheet for table in TABLES.values())]
    listed = book["Contents"]
    assert [listed.cell(row, 1).value for row in range(3, 3 + len(TABLES))] == book.sheetnames[1:]
    link = listed["A5"].hyperlink
    assert link is not None
    assert link.location == "'Splits not tested'!A1"


def test_only_the_first_features_are_on_paper(tmp_path: Path) -> None:
    table = TABLES["features"]
    row = ("MRI", "PREDICT_original_sf_area", "shape", 0.6, 0.04, 1.0, 0.5, 0.9, 51, 19)
    write_table(table.frame([row] * 60), tmp_path, table)
    text = (tmp_path / "features.md").read_text(encoding="utf-8")
    assert text.count("PREDICT") == 50
    assert "of 60 features" in text
    assert len(read_table(tmp_path / "features.csv", TABLES["features"])) == 60


def test_results_of_an_older_version_are_refused(tmp_path: Path) -> None:
    write_all_tables(results_of(three_arms(2)), tmp_path)
    path = tmp_path / "splits.csv"
    lines = [line.rpartition(",")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ResultsError, match="Run the report stage again"):
        read_table(path, TABLES["splits"])


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(tmp_path: Path) -> None:
    results = made_up_results(6, 4)
    frames = make_all_tables(results)
    write_all_tables(replace(results, arms=odd_arms()), tmp_path)
    wide = replace(TABLES["performance"], name="wide", title="Wide: 100% of $ & _")
    write_table(frames["performance"], tmp_path, wide)
    long = replace(TABLES["comparison"], title="Long & wide", notes=("A < b_c [1]",))
    write_table(frames["comparison"], tmp_path, long)
    inputs = [rf"\input{{{path.stem}}}\clearpage" for path in sorted(tmp_path.glob("*.tex"))]
    head = r"\documentclass{article}\usepackage{booktabs,longtable,graphicx,pdflscape}"
    body = "".join(inputs)
    document = rf"{head}\begin{{document}}{body}\end{{document}}"
    (tmp_path / "all.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "all.pdf").stat().st_size > 0
