"""Labels of arms and modalities: what may stand in them, and that people read them everywhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import openpyxl
import pytest

from lungmet_worc import Run, Study
from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.checks.checked_cohort import CheckedCohort
from lungmet_worc.cli.run_summary import summary_text, tables_text
from lungmet_worc.display.language import ENGLISH, language
from lungmet_worc.display.shown_names import LONGEST, ShownNames
from lungmet_worc.pipeline.compare import compare_runs
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.report.arm_descriptions import describe_arm
from lungmet_worc.study.cohort import build_cohort
from lungmet_worc.study.config import ArmConfig, StudyConfig
from lungmet_worc.study.given_names import shown_names
from lungmet_worc.study.manifest import read_manifest
from lungmet_worc.study.sources.images import ImageSource
from tests.analyses.run.test_digest import make_state
from tests.synthetic import make_study, write_cohort, write_study

ARM, MODALITY = "Klinisch + MRI", "MRI, T1 na contrast"

IMAGE = {"image": "a", "segmentation": "b", "image_type": "MR"}


def test_a_label_takes_the_place_of_the_key() -> None:
    names = ShownNames({"a_mri": ARM}, {"T1": MODALITY})
    assert names.arm("a_mri") == names.arm(ARM) == ARM
    assert names.arm("mri_only") == "MRI only"
    swapped = ShownNames({"A": "B", "B": "A"})
    assert (swapped.arm("A"), swapped.arm("B")) == ("B", "A")
    assert (names.modality("T1"), names.modality("CT")) == (MODALITY, "CT")
    arm = ArmConfig(modalities=("T1", "CT"), label=ARM)
    assert describe_arm(arm, ENGLISH.naming(names)) == f"Features of {MODALITY} and CT"
    dutch = language("nl").naming(names)
    assert describe_arm(arm, dutch) == f"Kenmerken van {MODALITY} en CT"
    assert ENGLISH.names.arms == {}  # the language itself is shared by all studies


def test_a_number_in_label_is_the_value_of_the_mask_and_a_text_the_name() -> None:
    assert ImageSource(**IMAGE, label=2).label == 2
    named = ImageSource(**IMAGE, label=" T1 weighted ")  # type: ignore[arg-type]
    assert (named.label, named.title) == (None, "T1 weighted")
    both = ImageSource(**IMAGE, label=2, title="T1")
    assert (both.label, both.title) == (2, "T1")
    assert ImageSource(**both.model_dump()) == both
    assert ImageSource(**named.model_dump()) == named


def with_labels(folder: Path, **labels: str) -> StudyConfig:
    manifest = write_cohort(folder, 4, ["MRI"])
    arms = "".join(
        f'[arms.{name}]\nmodalities = ["MRI"]\nfeatures = "{group}"\nlabel = {label}\n'
        for (name, label), group in zip(labels.items(), ("shape", "texture"), strict=False)
    )
    return make_study(manifest, ["MRI"], arms=arms)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ('""', "at least one letter"),
        ('"   "', "at least one letter"),
        (f'"{"x" * (LONGEST + 1)}"', f"at most {LONGEST} characters; this one has {LONGEST + 1}"),
        (r'"MRI\u001b[2J"', "without control characters"),
        (r'"MRI\nCT"', "without control characters"),
        (r'"MRI\u202eTC"', "without control characters"),
        ('"/home/jan/mri"', "holds a path"),
        ("3", "a text between quotation marks"),
    ],
)
def test_what_a_label_may_not_be(label: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StudyFileError) as caught:
        with_labels(tmp_path, one=label)
    (problem,) = caught.value.problems
    assert said in problem.what
    assert problem.column == "arms.one.label"


WIDE_T1 = "\N{FULLWIDTH LATIN CAPITAL LETTER T}1"


@pytest.mark.parametrize(
    ("one", "two"), [('"T1"', '"t1"'), ('"Two"', '"T1"'), ('"T1"', f'"{WIDE_T1}"')]
)
def test_labels_are_told_apart(one: str, two: str, tmp_path: Path) -> None:
    """Also from what another arm is called that has no label."""
    manifest = write_cohort(tmp_path, 4, ["MRI"])
    arms = f'[arms.one]\nmodalities = ["MRI"]\nlabel = {one}\n'
    second = "" if one == '"Two"' else f"label = {two}\n"
    arms += f'[arms.two]\nmodalities = ["MRI"]\nfeatures = "shape"\n{second}'
    with pytest.raises(StudyFileError, match="is called too"):
        make_study(manifest, ["MRI"], arms=arms)


def test_a_modality_with_two_names_or_a_number_as_text(tmp_path: Path) -> None:
    path = write_study(write_cohort(tmp_path, 4, ["MRI"]), ["MRI"])
    text = path.read_text()
    for lines, said in (
        ('label = "T1"\ntitle = "T2"', "Both label and title"),
        ('label = "2"', "without quotation marks"),
    ):
        path.write_text(text.replace('image_type = "MRI"', f'image_type = "MR"\n{lines}'))
        with pytest.raises(StudyFileError, match=said):
            Study.from_toml(path)


def test_signs_of_every_kind_of_table_may_stand_in_a_label(tmp_path: Path) -> None:
    label = "=1+1 | <b>$x_1$ & 100% \N{GREEK SMALL LETTER ALPHA}\N{CJK UNIFIED IDEOGRAPH-80BA}"
    study = with_labels(tmp_path, one=f'"{label}"')
    assert shown_names(study).arms == {"one": label}


def test_check_and_digest_say_labels(tmp_path: Path) -> None:
    study = with_labels(tmp_path, one=f'"{ARM}"', two='"B"')
    modality = study.modalities["MRI"].model_copy(update={"title": MODALITY})
    study = study.model_copy(update={"modalities": {"MRI": modality}})
    cohort = build_cohort(study, read_manifest(study), {("P2", "MRI"): "odd"})
    text = CheckedCohort(cohort).to_text()
    assert ARM in text
    assert MODALITY in text
    assert set(cohort.arms) == {"one", "two"}  # the keys stay
    state = make_state()
    state["study"]["arms"]["MRI"]["label"] = ARM
    digest = make_digest(state, STAGES)
    assert [arm.sentence.partition(":")[0] for arm in digest.arms] == [ARM, "CT"]
    assert f"{ARM} 6 of 200" in digest.to_text()


LABELS = {"MRI_only": ARM, "CT_only": "Alleen CT", "combined": "Alles | $ samen <i>"}


@pytest.fixture(scope="module")
def labelled(
    small_study: Path, small_run: Run, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, Path]:
    """Return the small run after its arms and modalities got labels, and its study file."""
    folder = tmp_path_factory.mktemp("labelled")
    shutil.copytree(small_run.paths.folder, folder / "run")
    text = small_study.read_text().replace('"manifest.csv"', f'"{small_study.parent}/manifest.csv"')
    for arm, label in LABELS.items():
        text = text.replace(f"[arms.{arm}]\n", f'[arms.{arm}]\nlabel = "{label}"\n')
    text = text.replace("[modalities.MRI]\n", f'[modalities.MRI]\nlabel = "{MODALITY}"\n')
    text = text.replace("[modalities.CT]\n", '[modalities.CT]\ntitle = "Thoraxscan"\n')
    study = folder / "study.toml"
    study.write_text(text)
    return Study.from_toml(study).run(folder / "run", only="report", cores=2), study


@pytest.mark.worc
@pytest.mark.slow
def test_a_label_makes_no_search_stale(labelled: tuple[Run, Path], small_run: Run) -> None:
    run, study = labelled
    plan = Study.from_toml(study).plan(run.paths.folder)
    assert all(stage.missing == stage.stale == 0 for stage in plan.stages)
    for path in (small_run.paths.folder / "tables").glob("*.csv"):
        assert (run.paths.tables / path.name).read_bytes() == path.read_bytes()


@pytest.mark.worc
@pytest.mark.slow
def test_people_read_labels_and_no_keys(labelled: tuple[Run, Path]) -> None:
    run, _ = labelled
    html = run.report().read_text("utf-8")
    # The settings are listed by their keys, as in the study file.
    unread = r"<style.*?</style>|data:[^\"]+|<tr>[^\n]*arms\..*?</tr>"
    shown = re.sub(unread, "", html, flags=re.DOTALL)
    assert "Alles | $ samen &lt;i&gt;" in shown
    for key in ("MRI only", "MRI_only", "CT only", "CT_only", ">Combined", ">MRI, "):
        assert key not in shown.replace(MODALITY, ""), key
    for name in ("performance", "comparison", "paper", "importance", "patients"):
        for ending in ("md", "tex"):
            text = (run.paths.tables / f"{name}.{ending}").read_text("utf-8")
            assert "Alleen CT" in text
            assert "CT only" not in text
    book = openpyxl.load_workbook(run.paths.tables / "study_tables.xlsx")
    cells = {
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
    }
    assert {*LABELS.values(), MODALITY, "Thoraxscan"} <= cells
    assert not {"MRI_only", "MRI only", "CT_only"} & cells
    for text in (summary_text(run), tables_text(run), run.digest().to_text()):
        assert all(label in text for label in LABELS.values())
        assert "|" not in text.replace(LABELS["combined"], "")


@pytest.mark.worc
@pytest.mark.slow
def test_scripts_find_arms_by_their_keys(labelled: tuple[Run, Path]) -> None:
    run, _ = labelled
    assert set(run.performance["arm"]) == set(LABELS)
    assert set(run.comparison["arm_a"]) <= set(LABELS)
    figures = {path.name for path in run.paths.figures.glob("roc_*.svg")}
    assert figures == {f"roc_{key}.svg" for key in LABELS}


@pytest.mark.worc
@pytest.mark.slow
def test_runs_that_are_compared(labelled: tuple[Run, Path], small_run: Run) -> None:
    joined = compare_runs([labelled[0], small_run])
    text = joined.to_text()
    assert len(joined.results.arms) == 6
    assert "Alleen CT" in text
    assert len({joined.names.arm(arm.arm) for arm in joined.results.arms}) == 6
