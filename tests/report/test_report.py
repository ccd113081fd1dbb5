from __future__ import annotations

import dataclasses
import getpass
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.cohort.table import cohort_flow, shown_patients
from lungmet_worc.analyses.comparison.statistics import compare_arms
from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.performance.table import patients_table
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.analyses.typical.often_wrong import often_wrong
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.display.privacy import cleaned, without_paths
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.report.headline import headline
from lungmet_worc.report.page import _typeset, write_report
from lungmet_worc.report.run_sections import flattened
from lungmet_worc.study.cohort import NOBODY, Cohort
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reasons import NoFeatures, NoImage, NoOutcome, Reason
from lungmet_worc.study.sources.images import ImagePair
from tests.analyses.made_up import made_up_cohort, outcome_tables
from tests.analyses.test_results import prediction, three_arms

DESCRIPTIONS = {
    "mri_only": "Features of MRI",
    "ct_only": "Features of CT",
    "combined": "Features of MRI and CT",
}


STATE = {
    "study": {
        "name": "Sarcoma: MRI, CT or both",
        "arms": {"mri_only": {}, "ct_only": {}, "combined": {}},
        "search": {"splits": 20, "candidates": 50},
    },
    "started": "2025-11-22T22:04:05+00:00",
    "finished": "2025-11-23T04:04:05+00:00",
    "excluded": [
        {"patient_id": "STS_003", "modality": "CT", "cause": "/data/x/ct.nii.gz is no image"}
    ],
    "tasks": {
        f"search/{arm}/{split}": {"state": "done", "seconds": 60.0}
        for arm in ("mri_only", "ct_only", "combined")
        for split in range(20)
    },
}


def make_cohort() -> Cohort:
    """Three patients: one complete, one without CT, one without outcome."""
    scan = ImagePair(Path("a.nii"), Path("b.nii"), "a.nii", "b.nii")
    none = ImagePair()
    patients = (
        Patient("STS_001", 2, 1, {"MRI": scan, "CT": scan}, {}),
        Patient("STS_002", 3, 0, {"MRI": scan, "CT": none}, {}),
        Patient("STS_003", 4, None, {"MRI": scan, "CT": scan}, {}),
    )
    missing = {"STS_003": Reason((NoOutcome(),))}
    no_ct = {"STS_002": Reason((NoImage("CT"),))} | missing
    return Cohort(
        patients,
        {"mri_only": ("STS_001", "STS_002"), "ct_only": ("STS_001",), "combined": ("STS_001",)},
        {"mri_only": missing, "ct_only": no_ct, "combined": no_ct},
        "lung_met",
    )


def drawn(folder: Path, names: list[str]) -> dict[str, Path]:
    """Write a small picture for each figure."""
    paths = {name: folder / f"{name}.svg" for name in names}
    for path in paths.values():
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    return paths


def make_context(folder: Path, arms: list[ArmPredictions], **change: object) -> ReportContext:
    cohort = make_cohort()
    context = ReportContext(
        study_name="Sarcoma: MRI, CT or both",
        outcome="lung_met",
        tables={**outcome_tables(arms), "comparison": compare_arms(arms)},
        cohort=cohort,
        figures=drawn(folder, ["roc", "auc", *(f"roc_{arm.arm}" for arm in arms)]),
        settings={
            "preset": "smoke",
            "splits": 20,
            "candidates": 50,
            "inner_splits": 3,
            "test_size": 0.2,
            "scoring": "f1_weighted",
            "classifiers": ["SVM", "RF"],
            "ensemble": {"method": "top_N", "size": 10},
            "seed": 4,
            "worc_compat": None,
            "patients": "common",
        },
        modalities={"MRI": "MR", "CT": "CT"},
        arms={arm.arm: DESCRIPTIONS[arm.arm] for arm in arms},
        errata=[("E2", "Labels were aligned.")],
        failures=pd.DataFrame(
            [("mri_only", "no feature left", 12)], columns=["arm", "cause", "candidates"]
        ),
        excluded=[("STS_003", "CT: extraction failed")],
        versions={"WORC": "3.7.0", "PREDICT": "3.2.0"},
        created="2025-11-23",
        digest=make_digest(STATE, STAGES),
    )
    return dataclasses.replace(context, **change)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ReportContext:
    return make_context(tmp_path_factory.mktemp("report"), three_arms())


def written(context: ReportContext, folder: Path) -> str:
    return write_report(context, folder / "report.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """What a browser or a screen reader meets in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.text += data.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


# The page


def test_first_screen_says_what_it_is_and_what_was_found(
    context: ReportContext, tmp_path: Path
) -> None:
    html = written(context, tmp_path)
    page = Page(html)
    order = [
        "For research use only. Not a medical device.",
        "Sarcoma: MRI, CT or both",
        headline(context.tables["performance"], context.tables["comparison"], "lung_met").answer[0],
        "Performance of each arm in short.",
        "How far this reaches",
        "Who entered each arm",
        "Performance of each arm: mean over the splits",
    ]
    places = [page.text.index(part) for part in order]
    assert places == sorted(places)
    assert not page.open


def test_numbers_are_set_as_in_print(context: ReportContext, tmp_path: Path) -> None:
    html = written(context, tmp_path)
    assert re.search("\N{MINUS SIGN}0\\.\\d\\d \\(\N{MINUS SIGN}0\\.\\d\\d\xa0to\xa0", html)
    for text, expected in (
        ("-0.1 (-0.2 to 0.3)", "\N{MINUS SIGN}0.1 (\N{MINUS SIGN}0.2\xa0to\xa00.3)"),
        ("A-1", "A-1"),
    ):
        assert _typeset(text) == expected


def test_page_has_every_section(context: ReportContext, tmp_path: Path) -> None:
    text = Page(written(context, tmp_path)).text
    for part in (
        "Comparison of the arms",
        "no clear difference",
        "1: no CT image; 1: outcome missing",
        "Patients most often wrong",
        "STS_003",
        "CT: extraction failed",
        "WORC 3.7.0",
        "PyRadiomics",
        "Labels were aligned.",
        "no feature left",
        "ensemble.size",
        "3.2.0",
        "2025-11-23",
    ):
        assert part in text, part
    assert "nan" not in re.findall(r"\w+", text)


def test_page_needs_no_other_file_and_no_network(context: ReportContext, tmp_path: Path) -> None:
    html = written(context, tmp_path)
    page = Page(html)
    assert not page.all("script")
    assert not page.all("link")
    assert all(str(image["src"]).startswith("data:image/") for image in page.all("img"))
    assert not re.search(r"""(src|href|url\()\s*=?\s*["'(]?\s*(https?:)?//""", html)
    assert "@import" not in html


def test_page_can_be_read_without_eyes(context: ReportContext, tmp_path: Path) -> None:
    page = Page(written(context, tmp_path))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert len(page.all("img")) == 5
    assert all(len(str(image["alt"])) > 20 for image in page.all("img"))
    assert "MRI only 0.6" in str(page.all("img")[0]["alt"])
    assert len(page.all("table")) == len(page.all("caption")) > 6
    assert all(head.get("scope") in {"col", "row", "rowgroup"} for head in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_texts_from_outside_are_never_markup(context: ReportContext, tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    failures = pd.DataFrame([("mri_only", bad, 1)], columns=["arm", "cause", "candidates"])
    changed = dataclasses.replace(context, study_name=bad, failures=failures, errata=[("E2", bad)])
    html = written(changed, tmp_path)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 4


def test_page_names_no_path_and_no_user(context: ReportContext, tmp_path: Path) -> None:
    home = Path.home()
    failure = f"cannot open {home}/worc/tmp.hdf5 or /home/jansen/x y/z or C:\\Users\\jansen\\a.nii"
    changed = dataclasses.replace(
        context,
        settings={**context.settings, "manifest": home / "m.csv", "paths": [f"{home}/a/b.csv"]},
        excluded=[("STS_003", failure)],
        failures=pd.DataFrame([("mri_only", failure, 1)], columns=["arm", "cause", "candidates"]),
        errata=[("E14", f"writes {home}/.fastr")],
        versions={"WORC": f"3.7.0 at {home}/lib"},
        arms={**context.arms, "mri_only": f"features in {home}/features"},
    )
    html = written(changed, tmp_path)
    without_pictures = re.sub(r"data:image/[^\"]+", "", html)
    for secret in (str(home), str(tmp_path), "jansen", "/home/", "C:\\", "/usr/", "/tmp/"):
        assert secret not in without_pictures, secret
    if getpass.getuser() not in {"root", "user"}:
        assert getpass.getuser() not in without_pictures
    assert "tmp.hdf5" in without_pictures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see /usr/lib/python3/site.py line 3", "see site.py line 3"),
        ("file:///data/cohort/a.nii missing", "a.nii missing"),
        ("/home/jansen/a/b.csv", "b.csv"),
        ("/Users/jansen failed", "~ failed"),
        ("in D:\\data\\scans\\p1.nii.gz:", "in p1.nii.gz:"),
        ("folder /srv/data/ is full", "folder a folder is full"),
        ("MRI/CT and 1/2 and https://doi.org/10.1/x", "MRI/CT and 1/2 and https://doi.org/10.1/x"),
        ("relative/path/a.nii", "relative/path/a.nii"),
    ],
)
def test_paths_are_taken_out_of_texts(text: str, expected: str) -> None:
    assert without_paths(text) == expected


def test_paths_are_taken_out_of_everything_nested() -> None:
    frame = pd.DataFrame({"cause": ["/data/x/a.nii", 3]})
    value = cleaned({"a": [Path("/x/y/b.csv"), ("/q/r/c.csv",)], "f": frame, "n": 3})
    assert value["a"] == ["b.csv", ["c.csv"]]
    assert list(value["f"]["cause"]) == ["a.nii", 3]
    assert value["n"] == 3


def test_warning_is_seen_on_the_page(context: ReportContext, tmp_path: Path) -> None:
    assert "label-permutation" not in written(context, tmp_path)
    performance = context.tables["performance"].copy()
    performance.loc[performance["metric"] == "auc", "mean"] = 0.95
    tables = {**context.tables, "performance": performance}
    page = Page(written(dataclasses.replace(context, tables=tables), tmp_path))
    assert [p for p in page.all("p") if p.get("role") == "alert"]
    assert "label-permutation check" in page.text


def test_one_arm_one_split(tmp_path: Path) -> None:
    html = written(make_context(tmp_path, three_arms(1)[:1]), tmp_path)
    text = Page(html).text
    assert "Comparison of the arms" not in text
    assert "0.75 (no interval)" in text or "(no interval)" in text
    assert "One arm was studied" in text


def test_little_known(context: ReportContext, tmp_path: Path) -> None:
    bare = dataclasses.replace(
        context,
        figures={},
        settings={},
        modalities={},
        errata=[],
        failures=pd.DataFrame(columns=["arm", "cause", "candidates"]),
        excluded=[],
        versions={},
        cohort=NOBODY,
    )
    text = Page(written(bare, tmp_path)).text
    assert "Every candidate workflow got a score." in text
    assert "PREDICT [2]" not in text


def test_report_is_the_same_each_time(context: ReportContext, tmp_path: Path) -> None:
    assert written(context, tmp_path / "a") == written(context, tmp_path / "b")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["report.html"]


def test_figures_that_cannot_be_shown_are_refused(context: ReportContext, tmp_path: Path) -> None:
    for path, said in ((tmp_path / "x.svg", "missing"), (tmp_path / "x.pdf", "neither PNG")):
        with pytest.raises(ResultsError, match=said):
            write_report(dataclasses.replace(context, figures={"roc": path}), tmp_path / "r.html")


# Its parts


def test_patients_often_wrong_counted_by_hand() -> None:
    # Wrong: A 2 of 2, B 1 of 2 (half is not more than half), C 1 of 1, D never.
    first = (
        prediction(["A", "B", "C"], [1, 0, 0], [0.1, 0.9, 0.8], 0),
        prediction(["D"], [1], [0.8], 1),
    )
    second = (prediction(["A", "B", "D"], [1, 0, 1], [0.3, 0.1, 0.9], 0),)
    table = patients_table([ArmPredictions("mri", first), ArmPredictions("ct", second)])
    found = often_wrong(table)
    assert (found.n_patients, found.n_events, found.n_tested) == (2, 1, 4)
    assert found.table.to_numpy().tolist() == [
        ["A", "yes", "1 of 1 (0.10)", "1 of 1 (0.30)"],
        ["C", "no", "1 of 1 (0.80)", "not tested"],
    ]
    assert list(found.table.columns) == ["Patient", "Outcome", "MRI", "CT"]
    assert len(often_wrong(table, shown=1).table) == 1
    assert often_wrong(table, shown=1).n_patients == 2


def test_cohort_flow_of_a_real_cohort() -> None:
    flow = cohort_flow(make_cohort()).set_index("Arm")
    assert tuple(flow.loc["MRI only"]) == ("2", "1", "1", "1: outcome missing")
    assert tuple(flow.loc["Combined"]) == ("1", "1", "2", "1: no CT image; 1: outcome missing")
    everyone = made_up_cohort([("A", 1, {}, {"mri": None})])
    assert set(cohort_flow(everyone)["Why left out"]) == {"nobody left out"}


def test_flow_of_many_reasons_names_the_most_common() -> None:
    no_ct = Reason((NoImage("CT"),))
    reasons = [None] * 3 + [no_ct] * 2 + [Reason((NoFeatures("CT", f"{n}"),)) for n in range(12)]
    cohort = made_up_cohort((f"P{n}", 1, {}, {"ct": why}) for n, why in enumerate(reasons))
    why = cohort_flow(cohort)["Why left out"].item()
    assert why.startswith("2: no CT image; 1: CT extraction failed: 0; ")
    assert why.endswith("1: CT extraction failed: 8; 3: other reasons")


def large_cohort(n_patients: int, n_without_ct: int) -> Cohort:
    """Return a cohort whose last patients have no CT."""
    no_ct = Reason((NoImage("CT"),))
    lacks = [number >= n_patients - n_without_ct for number in range(n_patients)]
    return made_up_cohort(
        (f"X{n:04d}", n % 2, {"CT": not lack}, {"mri": None, "ct": no_ct if lack else None})
        for n, lack in enumerate(lacks)
    )


def test_cohort_of_many_lists_who_does_not_enter_every_arm() -> None:
    small = large_cohort(200, 3)
    assert shown_patients(small) == (small.patients, "")
    shown, said = shown_patients(large_cohort(201, 3))
    assert [patient.patient_id for patient in shown] == ["X0198", "X0199", "X0200"]
    assert said == "3 of 201 patients do not enter every arm. These are listed."
    shown, said = shown_patients(large_cohort(1500, 300))
    assert (len(shown), shown[0].patient_id) == (200, "X1200")
    assert said == (
        "300 of 1500 patients do not enter every arm. The first 200 are listed; "
        "all are named above."
    )
    shown, said = shown_patients(large_cohort(1500, 0))
    assert not shown
    assert said == "All 1500 patients enter every arm; none is listed."


def test_page_of_many_patients_stays_readable(context: ReportContext, tmp_path: Path) -> None:
    names = [f"X{number:04d}" for number in range(1500)]
    many = dataclasses.replace(
        context,
        cohort=large_cohort(1500, 300),
        arms={"mri": "Features of MRI", "ct": "Features of CT"},
        excluded=[(name, "CT: extraction failed") for name in names[1200:]],
    )
    html = written(many, tmp_path)
    text = Page(html).text
    # Once in the summary, and of 200 in the list of those left out and in that of the cohort.
    assert [html.count(name) for name in ("X1199", "X1200", "X1399", "X1400")] == [0, 3, 3, 1]
    assert 'The first 200 of 300; "lungmet status" lists all.' in text
    assert "300 of 1500 patients do not enter every arm." in text
    everyone = dataclasses.replace(context, cohort=large_cohort(1500, 0), excluded=[])
    assert "All 1500 patients enter every arm" in Page(written(everyone, tmp_path)).text


def test_settings_are_flat() -> None:
    settings = {"a": None, "b": {"c": [1, 2], "d": {}}, "e": np.float64(0.5), "f": ()}
    assert flattened(settings) == [("a", "not set"), ("b.c", "1, 2"), ("e", "0.5"), ("f", "none")]


def test_how_the_run_went_is_on_the_first_screen(context: ReportContext, tmp_path: Path) -> None:
    html = written(context, tmp_path)
    assert html.index('id="digest"') < html.index('class="main-table"')
    text = " ".join(Page(html).text.split())
    assert "Complete. Begun 2025-11-22 22:04 UTC; 60 minutes of computing on one core." in text
    assert "20 of 20 splits done in every arm." in text
    assert "STS_003, CT: ct.nii.gz is no image" in text
    assert "/data/x" not in html


def test_an_unfinished_run_is_seen_at_once(context: ReportContext, tmp_path: Path) -> None:
    digest = make_digest({**STATE, "partial": {"splits": 7, "of": 20}}, STAGES)
    html = written(dataclasses.replace(context, digest=digest), tmp_path)
    assert 'class="verdict unfinished"' in html
    assert "Partial: 7 of 20 splits in every arm." in html
