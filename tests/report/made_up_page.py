"""A made-up report with everything filled in, and what a reader meets in a page."""

from __future__ import annotations

import dataclasses
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lungmet_worc.analyses.all_figures import write_all_figures
from lungmet_worc.analyses.all_tables import make_all_tables
from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.display.language import language as say
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.reasons import NoFeatures, NoImage, NoOutcome, Reason
from tests.analyses.made_up import made_up_cohort, made_up_results

KINDS = {"clinical": "clinical", "combined_clinical": "clinical+images", "volume": "volume"}
DESCRIPTIONS = {
    "MRI": "Features of MRI",
    "CT": "Features of CT",
    "combined": "Features of MRI and CT",
    "clinical": "Clinical data (age, grade)",
    "combined_clinical": "Features of MRI and CT with clinical data (age, grade)",
    "volume": "Tumour volume from MRI",
}


FACTS = {
    **{"outcome": "lung_metastasis", "n_patients": 51, "n_events": 19, "split_type": "random"},
    **{"modalities": ["MRI", "CT"], "n_splits": 20, "test_percent": 20, "seed": 4},
    **{"subgroups": ["sex", "grade"], "n_permutations": 20, "sensitivity": 0.9},
    **{"has_thresholds": True, "has_explanation": True, "has_features": True},
}


def made_up_context(
    folder: Path, n_arms: int = 3, n_splits: int = 20, language: str = "en", **change: object
) -> ReportContext:
    """Return what the report of a made-up study is written from, everything filled in."""
    results = made_up_results(n_arms, n_splits)
    tables = make_all_tables(results)
    names = [arm.arm for arm in results.arms]
    whole = cohort(names)
    results = dataclasses.replace(results, cohort=whole)
    figures = write_all_figures(results, tables, folder / f"figures_{language}", say=say(language))
    context = ReportContext(
        study_name="Lung metastases of soft-tissue sarcoma: MRI, CT or both",
        outcome="lung_metastasis",
        cohort=whole,
        figures=figures,
        settings={
            **{"preset": "coarse", "splits": n_splits, "candidates": 50, "inner_splits": 5},
            **{"test_size": 0.2, "scoring": "f1_weighted", "seed": 4, "worc_compat": None},
            **{"classifiers": ["SVM", "RF", "LR"], "patients": "common"},
            "ensemble": {"method": "top_N", "size": 10},
        },
        modalities={"MRI": "MR", "CT": "CT"},
        arms={name: DESCRIPTIONS.get(name, f"Features of {name}") for name in names},
        errata=[("E2", "Labels were aligned."), ("E7", "Intervals stay within 0 and 1.")],
        failures=pd.DataFrame(
            [("MRI", "no feature left after selection", 12), ("CT", "singular matrix", 3)],
            columns=["arm", "cause", "candidates"],
        ),
        excluded=[("P55", "CT: extraction failed")],
        versions={"WORC": "3.7.0", "PREDICT": "3.2.0", "PyRadiomics": "3.0.1"},
        created="2025-11-23",
        digest=make_digest(state(names, n_splits), STAGES),
        tables=tables,
        thumbnails=thumbnails(tables["typical"]),
        facts={**FACTS, "arms": names},
        language=language,
        kinds={name: KINDS.get(name, "images") for name in names},
    )
    return dataclasses.replace(context, **change)  # type: ignore[arg-type]


def in_language(context: ReportContext, code: str) -> ReportContext:
    """Return the same in another language, but for the words in its figures."""
    return dataclasses.replace(context, language=code)


def cohort(arms: list[str]) -> Cohort:
    """Return 56 patients of whom 51 enter."""
    failed = NoFeatures("CT", "the segmentation is empty")
    causes = (NoImage("CT"), NoImage("CT"), NoOutcome(), NoImage("MRI"), failed)
    rows = []
    for i in range(56):
        why = None if i < 51 else Reason((causes[i - 51],))
        scans = {"MRI": i != 54, "CT": i not in (51, 52)}
        outcome = None if i == 53 else int(i % 3 == 0)
        rows.append((f"P{i + 1:02d}", outcome, scans, dict.fromkeys(arms, why)))
    return made_up_cohort(rows)


def state(arms: list[str], n_splits: int) -> dict[str, object]:
    """Return what run.json would say of a complete run."""
    search = {"splits": n_splits, "candidates": 50}
    return {
        "study": {"name": "Sarcoma", "arms": {arm: {} for arm in arms}, "search": search},
        "started": "2025-11-22T22:04:05+00:00",
        "finished": "2025-11-23T04:04:05+00:00",
        "excluded": [{"patient_id": "P55", "modality": "CT", "cause": "segmentation is empty"}],
        "tasks": {
            f"search/{arm}/{split}": {
                "state": "done",
                "seconds": 60.0,
                "without_score": {"no feature left": 1} if split == 0 else {},
            }
            for arm in arms
            for split in range(n_splits)
        },
    }


def thumbnails(typical: pd.DataFrame) -> dict[tuple[str, str], bytes]:
    """Return a made-up picture of each typical patient on two modalities."""
    rng = np.random.default_rng(0)
    found = {}
    for patient in dict.fromkeys(typical["patient_id"]):
        for modality in ("MRI", "CT"):
            y, x = np.mgrid[-1:1:96j, -1:1:96j]
            grey = 160 * np.exp(-3 * (x**2 + y**2)) + 20 * rng.random((96, 96))
            buffer = io.BytesIO()
            Image.fromarray(grey.astype(np.uint8)).save(buffer, "PNG")
            found[modality, str(patient)] = buffer.getvalue()
    return found


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
        if tag not in {"meta", "img", "link", "br", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.text += data.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]

    @property
    def targets(self) -> list[str]:
        return [str(link["href"]) for link in self.all("a")]
