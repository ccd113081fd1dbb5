"""The studies that are disturbed: a synthetic one, and one of real patients."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

from tests.synthetic import write_cohort, write_rows, write_study

SEARCH = """
splits = {splits}
candidates = {candidates}
inner_splits = 2
ensemble = {{method = "top_N", size = 1}}
classifiers = [{classifiers}]
"""

#: Of the public cohort: 9 without lung metastases, 7 with, small images of about the same sizes.
REAL_PATIENTS = (
    "STS_010", "STS_012", "STS_015", "STS_029", "STS_041", "STS_043", "STS_047", "STS_048",
    "STS_051",
    "STS_006", "STS_018", "STS_023", "STS_028", "STS_032", "STS_038", "STS_050",
)  # fmt: skip

_SCRIPT = Path(__file__).parents[2] / "experiments" / "sts_tcia" / "sts_tcia.py"


def write_synthetic_study(folder: Path, more: str = "") -> Path:
    """Write a study of one modality and 16 synthetic patients that runs in seconds."""
    search = SEARCH.format(splits=2, candidates=3, classifiers='"LDA", "GaussianNB"')
    return write_study(
        write_cohort(folder, 16, ["MRI"], effect=3.0), ["MRI"], search=search, more=more
    )


def write_real_study(folder: Path, data: Path, more: str = "") -> Path:
    """Write a study of 16 patients of the public cohort: MRI, CT and both.

    Parameters
    ----------
    folder : Path
        Where manifest and study file come to lie.
    data : Path
        The public cohort; see ``experiments/sts_tcia``.
    more : str
        Further tables of the study file.
    """
    spec = importlib.util.spec_from_file_location("sts_tcia", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    study: Path = script.prepare(data, folder, "smoke")
    manifest = folder / "manifest.csv"
    with manifest.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["patient_id"] in REAL_PATIENTS]
    assert len(rows) == len(REAL_PATIENTS)
    write_rows(manifest, rows)
    text = study.read_text("utf-8")
    images, _, rest = text.partition("[arms.clinical]")
    search = rest[rest.index("[search]") : rest.index("[statistics]")]
    text = (
        images
        + search
        + SEARCH.format(splits=4, candidates=40, classifiers='"LDA", "GaussianNB", "RF"')
    )
    study.write_text(f"{text}\n{more}\n", "utf-8")
    return study
