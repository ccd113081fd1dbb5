from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from lungmet_worc.analyses.cohort.table import cohort_flow, patients_table, who_left_out
from lungmet_worc.analyses.comparison.section import TESTS, side_by_side
from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.pictures import data_url, within
from lungmet_worc.display.blocks import Section, Text, anchors, filled
from lungmet_worc.display.language import ENGLISH, language
from lungmet_worc.report.page import _row_spans, _typeset_cell, write_report
from lungmet_worc.study.cohort import NOBODY, Cohort
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reasons import NoFeatures, NoImage, NoOutcome, Reason
from lungmet_worc.study.sources.images import ImagePair
from tests.analyses.made_up import made_up_cohort
from tests.report.made_up_page import Page, in_language, made_up_context

ORDER = (
    "answer", "digest", "cohort", "scans", "arms", "performance", "thresholds", "permutation",
    "comparison", "power", "calibration", "decision", "subgroups", "explanation", "features",
    "patients", "typical", "failures", "errata", "settings", "methods", "references",
    "checklist-clear", "checklist-metrics", "checklist-tripod",
)  # fmt: skip
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> ReportContext:
    return made_up_context(tmp_path_factory.mktemp("page"))


@pytest.fixture(params=["en", "nl"])
def context(request: pytest.FixtureRequest, english: ReportContext) -> ReportContext:
    return in_language(english, request.param)


def written(context: ReportContext, folder: Path) -> str:
    return write_report(context, folder / "report.html").read_text(encoding="utf-8")


def test_forbids_everything_that_it_does_not_need(context: ReportContext, tmp_path: Path) -> None:
    page = written(context, tmp_path)
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert found
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert html.unescape(found[1]).split("; ") == [
        "default-src 'none'", "img-src data:", f"style-src 'sha256-{digest}'", "base-uri 'none'",
        "form-action 'none'",
    ]  # fmt: skip
    assert found.start() < page.index("<style>")
    body = page.partition("<body>")[2]
    assert not re.search(r"<script|<[^>]* (on\w+|style)=|javascript:", body)


def test_every_section_is_there_in_its_order(context: ReportContext, tmp_path: Path) -> None:
    page = Page(written(context, tmp_path))
    assert tuple(one for one in page.ids if one != "contents") == ORDER
    assert page.all("html")[0]["lang"] == context.language
    assert not page.open


def test_every_link_leads_somewhere_and_no_id_is_there_twice(
    context: ReportContext, tmp_path: Path
) -> None:
    page = Page(written(context, tmp_path))
    assert len(page.ids) == len(set(page.ids))
    assert len(page.targets) > 50
    assert {target[0] for target in page.targets} == {"#"}
    assert {target[1:] for target in page.targets} <= set(page.ids)


def test_nothing_is_asked_of_the_network(context: ReportContext, tmp_path: Path) -> None:
    html = written(context, tmp_path)
    page = Page(html)
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    assert all(str(image["src"]).startswith("data:image/") for image in page.all("img"))
    assert not re.search(r"(src|href|srcset|action)\s*=\s*[\"']?\s*(https?:)?//", html)
    assert not re.search(r"url\(|@import", html)


def test_every_picture_and_table_says_what_it_is(context: ReportContext, tmp_path: Path) -> None:
    page = Page(written(context, tmp_path))
    assert all(len(str(image["alt"])) > 20 for image in page.all("img"))
    assert len(page.all("img")) == len(page.all("figcaption"))
    assert len(page.all("table")) == len(page.all("caption")) > 15
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_no_number_is_missing_without_a_word(context: ReportContext, tmp_path: Path) -> None:
    words = re.findall(r"\w+", Page(written(context, tmp_path)).text)
    assert not {"nan", "None", "NaN", "inf"} & set(words)


def test_dutch_numbers_have_a_comma(context: ReportContext, tmp_path: Path) -> None:
    html = written(context, tmp_path)
    table = html[html.index('class="main-table"') : html.index('class="main-figure"')]
    mark = "," if context.language == "nl" else r"\."
    cells = re.findall(r'<td class="number">(0\D\d\d)', table)
    assert len(cells) == 6
    assert all(re.match(rf"0{mark}\d", cell) for cell in cells)


def test_sections_without_data_are_left_out_and_no_anchor_dangles(
    context: ReportContext, tmp_path: Path
) -> None:
    required = ("performance", "comparison", "splits", "patients")
    old = {name: context.tables[name] for name in required}
    first = {name: context.figures[name] for name in ("roc", "auc")}
    bare = dataclasses.replace(
        context, tables=old, figures=first, thumbnails={}, cohort=NOBODY, excluded=[]
    )
    page = Page(written(bare, tmp_path))
    absent = {
        "scans", "thresholds", "permutation", "power", "calibration", "decision", "subgroups",
        "explanation", "features", "typical",
    }  # fmt: skip
    assert not absent & set(page.ids)
    assert {target[1:] for target in page.targets} <= set(page.ids)
    said = language(context.language)("(this run has no such section)")
    assert said in page.text
    assert said not in Page(written(context, tmp_path)).text


@pytest.mark.slow
def test_a_large_study_stays_below_five_megabytes(tmp_path: Path) -> None:
    whole = made_up_context(tmp_path, 6, 100)
    twice = dict(whole.figures)
    for name in ("MRI", "CT"):
        twice[f"roc_{name}_again"] = whole.figures[f"roc_{name}"]
    html = written(dataclasses.replace(whole, figures=twice), tmp_path)
    assert 500_000 < len(html.encode()) < MOST_BYTES


def test_what_is_too_large_is_left_out_and_said(context: ReportContext, tmp_path: Path) -> None:
    large = tmp_path / "large.svg"
    large.write_text("<svg>" + " " * 3_500_000 + "</svg>")
    changed = dict(context.figures) | {"roc_MRI": large}
    html = written(dataclasses.replace(context, figures=changed), tmp_path)
    assert len(html) < MOST_BYTES
    said = language(context.language).plural(
        1,
        "{n} figure of a single arm is left out to keep this file small; it is in the folder "
        "figures.",
        "{n} figures of single arms are left out to keep this file small; they are in the "
        "folder figures.",
    )
    assert said in Page(html).text
    assert said not in Page(written(context, tmp_path)).text


def test_figures_of_single_arms_are_left_out_first(context: ReportContext) -> None:
    from lungmet_worc.display.blocks import Picture

    sizes = {"roc_MRI": (30, "MRI"), "roc": (60, ""), "auc": (30, "")}
    pictures = {
        name: Picture(name, "x" * size, "", "", arm=arm) for name, (size, arm) in sizes.items()
    }
    assert list(within(pictures, 120)) == ["roc_MRI", "roc", "auc"]
    assert list(within(pictures, 100)) == ["roc", "auc"]
    assert list(within(pictures, 65)) == ["roc"]
    assert data_url(b"abc").endswith(";base64,YWJj")


def test_thumbnails_are_on_the_cards_of_their_patients(
    context: ReportContext, tmp_path: Path
) -> None:
    patients = {str(patient) for _, patient in context.thumbnails}
    html = written(context, tmp_path)
    titles = re.findall(r'<p class="card-title">(.*?)</p>', html)
    assert titles
    assert set(titles) <= patients
    without = dataclasses.replace(context, thumbnails={})
    assert 'class="card"' not in written(without, tmp_path)


def test_the_run_is_told_beside_the_answer_and_seen_if_unfinished(
    context: ReportContext, tmp_path: Path
) -> None:
    html = written(context, tmp_path)
    assert html.index('id="answer"') < html.index('id="digest"') < html.index('class="main-table"')
    assert 'class="verdict"' in html
    digest = dataclasses.replace(context.digest, ending="stopped")
    html = written(dataclasses.replace(context, digest=digest), tmp_path)
    assert 'class="verdict unfinished"' in html


def test_the_three_tests_stand_side_by_side() -> None:
    rows = [
        {
            "arm_a": "mri", "arm_b": "ct", "metric": "auc", "difference": 0.1 * (i + 1),
            "ci_low": -0.1, "ci_high": 0.4, "p_value": 0.2, "p_adjusted": 0.3 + i / 10,
            "test": test, "n_patients": 51,
        }
        for i, test in enumerate(TESTS)
    ]  # fmt: skip
    table = side_by_side(pd.DataFrame(rows), say=ENGLISH)
    assert table.to_numpy().tolist() == [
        [
            "MRI minus CT", "0.10 (-0.10 to 0.40)", "0.30", "0.20 (-0.10 to 0.40)", "0.40",
            "0.30 (-0.10 to 0.40)", "0.50", "51", "no clear difference",
        ]
    ]  # fmt: skip
    alone = side_by_side(pd.DataFrame(rows[:1]), say=ENGLISH)
    assert len(alone.columns) == 5


def test_arms_that_miss_the_same_patients_are_named_together() -> None:
    no_outcome, no_ct = Reason((NoOutcome(),)), Reason((NoImage("CT"),))
    cohort = made_up_cohort(
        [
            ("A", 1, {}, {"mri": None, "ct": no_ct}),
            ("B", None, {}, dict.fromkeys(("mri", "ct"), no_outcome)),
        ]
    )
    assert who_left_out(cohort) == [
        "Not in any arm, outcome missing: B",
        "Not in CT, no CT image: A",
    ]


def test_what_is_there_of_each_patient() -> None:
    patients = [
        Patient("A", 2, 1, {"CT": ImagePair()}, {"age": "61"}),
        Patient("B", 3, None, {"CT": ImagePair(Path("a"), Path("b"))}, {"age": ""}),
    ]
    reasons = {"ct": {"A": Reason((NoImage("CT"),)), "B": Reason((NoOutcome(),))}}
    cohort = Cohort(tuple(patients), {"ct": ()}, reasons, clinical=("age",))
    table = patients_table(cohort, patients, language("en"))
    assert dict(table.iloc[0]) == {
        **{"Patient": "A", "Outcome": "yes", "CT scan": "missing", "age, value": "present"},
        "Arm CT": "no CT image",
    }
    assert list(table.iloc[1]) == ["B", "", "present", "missing", "outcome missing"]


def test_paths_are_taken_out_of_reasons() -> None:
    failed = Reason((NoFeatures("CT", "OSError: no room in /srv/lungmet/scans/P1.nii"),))
    cohort = made_up_cohort([("A", 1, {}, {"ct": failed})])
    why = cohort_flow(cohort)["Why left out"].item()
    assert why == "1: CT extraction failed: OSError: no room in P1.nii"


def test_sections_without_blocks_are_left_out() -> None:
    empty = Section("a", "A", [], [Section("b", "B")])
    full = Section("c", "C", [], [Section("d", "D", [Text("x")]), Section("e", "E")])
    assert list(anchors(filled([empty, full]))) == [("c", "C"), ("d", "D")]


def test_names_that_repeat_span_rows() -> None:
    assert _row_spans(pd.DataFrame({"a": ["x", "x", "y", "x"]})) == [2, 0, 1, 1]
    cell = _typeset_cell("0.57 (0.21 to 0.94), 18 splits")
    assert cell == "0.57 (0.21\xa0to\xa00.94)<br><small>18 splits</small>"
    assert _typeset_cell("a <b>, c") == "a &lt;b&gt;, c"
