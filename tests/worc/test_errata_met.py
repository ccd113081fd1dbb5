"""Which errata a report names."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study.cohort import build_cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import read_manifest
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.worc import errata
from tests.synthetic import make_study, write_cohort, write_study


def numbers(study: StudyConfig, folder: Path, failed: int = 0, undefined: bool = False) -> set[str]:
    cohort = build_cohort(study, read_manifest(study))
    ids = Plan(study, cohort, {}, RunPaths(folder / "run")).names
    found = errata.met(study, ids, failed, undefined=undefined)
    assert [number for number, _ in found] == sorted(
        (number for number, _ in found), key=lambda number: int(number[1:])
    )
    assert all(sentence.endswith(".") for _, sentence in found)
    return {number for number, _ in found}


@pytest.mark.parametrize("compat", [False, True])
def test_texts_and_what_is_known_of_a_study_fit(tmp_path: Path, compat: bool) -> None:
    """With all that there is, every text is said but those that contradict it."""
    more = (
        "[worc.ImageFeatures]\nlog = true\ntexture_Gabor = true\n"
        '[worc.SelectFeatGroup]\ntoolbox = "PyRadiomics"\n'
        '[modalities.CT.combat]\nbatch = "grade"\ncovariates = ["age"]\n'
    )
    arms = '[arms.all]\nmodalities = ["MRI", "CT"]\nclinical = ["age"]\nmissing = "impute"\n'
    search = 'worc_compat = "3.7.0"' if compat else ""
    study = write_study(write_cohort(tmp_path, 10), arms=arms, search=search, more=more)
    study.write_text(study.read_text().replace('"smoke"', '"full"'))
    met = numbers(load_study(study), tmp_path, failed=3, undefined=True)
    everything = {erratum.number for erratum in errata.errata()}
    assert met == everything - ({"E6"} if compat else set())


def test_every_number_is_in_the_documentation(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "worc_errata.md").read_text("utf-8")
    arms = '[arms.all]\nmodalities = ["MRI", "CT"]\nclinical = ["age"]\nmissing = "impute"\n'
    study = make_study(write_cohort(tmp_path, 10), arms=arms)
    met = numbers(study, tmp_path, failed=3, undefined=True)
    assert met >= {"E1", "E2", "E4", "E5", "E7", "E8", "E9", "E15", "E26", "E33"}
    assert all(f"### {number}\n" in text for number in met)


def test_only_what_a_study_met(tmp_path: Path) -> None:
    study = make_study(write_cohort(tmp_path, 10, ["MRI"]), ["MRI"])
    met = numbers(study, tmp_path)
    # P1 is part of P10, hence E5; one modality, no clinical data, all candidates with a score.
    assert met.isdisjoint({"E1", "E4", "E9", "E22", "E26", "E28", "E33", "E37"})
    assert "E5" in met


def test_resampling_is_named_only_where_worcs_rule_decides(tmp_path: Path) -> None:
    """The preset smoke switches resampling off, whatever the balance of the classes."""
    manifest = write_cohort(tmp_path, 10)
    assert "E6" not in numbers(make_study(manifest), tmp_path)
    study = write_study(manifest)
    study.write_text(study.read_text().replace('"smoke"', '"full"'))
    assert "E6" in numbers(load_study(study), tmp_path)


def test_full_features_meet_those_of_filters(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path, 10)
    assert {"E28", "E37"}.isdisjoint(numbers(make_study(manifest), tmp_path))
    full = "[worc.ImageFeatures]\nlog = true\ntexture_Gabor = true\n"
    assert {"E28", "E37"} <= numbers(make_study(manifest, more=full), tmp_path)
