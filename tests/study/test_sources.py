"""A kind of source is one class: here a made-up one, a table of features, beside the images."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from lungmet_worc import Study
from lungmet_worc.basics.errors import LungmetError, Problem, StudyFileError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.study import check_study
from lungmet_worc.pipeline import pipeline, results
from lungmet_worc.pipeline.export import export_worc
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import extraction
from lungmet_worc.pipeline.stages.fingerprint import FINGERPRINT
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import read_manifest
from lungmet_worc.study.manifest_columns import used_columns
from lungmet_worc.study.reasons import NoFeatures, Reason
from lungmet_worc.study.shapes import StudyPath, StudyTable, WorcOverrides
from lungmet_worc.study.sources.images import ImageSource
from lungmet_worc.study.sources.kinds import SOURCES
from lungmet_worc.study.sources.source import Column, ComBatConfig
from lungmet_worc.tasks.failures import as_error, left_out
from lungmet_worc.tasks.progress import Quiet
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task, TaskResult
from lungmet_worc.worc.storage import read_matrix, write_features
from tests.stand_in import WITHOUT_FINGERPRINT, StandInEngine
from tests.synthetic import (
    change_cell,
    make_study,
    read_rows,
    write_cohort,
    write_rows,
    write_study,
)

PET = '[modalities.PET]\nfeatures = "pet.csv"\nname = "pet_name"\n'
ARMS = '[arms.mri]\nmodalities = ["MRI"]\n[arms.both]\nmodalities = ["MRI", "PET"]\n'


@dataclass(frozen=True)
class Row:
    """The row of a patient; ``there`` is whether the table has it."""

    table: Path
    name: str
    there: bool

    @property
    def state(self) -> str:
        return "present" if self.present else "missing"

    @property
    def present(self) -> bool:
        return self.there

    @property
    def files(self) -> Mapping[str, Path]:
        return {"features": self.table}

    def mended(self) -> Row:
        return replace(self, there=True)


class FeatureTable(StudyTable):
    """Features that somebody else computed; the manifest says what a patient is called there."""

    changed: ClassVar[Mapping[str, Sentence]] = {
        "features": Sentence("the table of {modality}, with {who}, changed"),
        "name": Sentence("{who} has another name in the table of {modality}"),
    }
    task: ClassVar[str] = "take a row"
    mend: ClassVar[Sentence] = Sentence("Mend the table of features")
    methods: ClassVar[Sentence | None] = Sentence("Others computed the features of {modality}.")

    features: StudyPath
    name: str
    title: str | None = None
    combat: ComBatConfig | None = None
    worc: WorcOverrides = Field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("name", self.name, Sentence("name in a table of features")),)

    def science(self, data: Row) -> dict[str, Any]:
        return {"name": data.name}

    def settings(self) -> dict[str, dict[str, str]]:
        return {}

    def lacking(self, title: str) -> NoFeatures:
        return NoFeatures(title, "no row")

    def read(
        self, modality: str, patient_id: str, entries: Mapping[str, str], folder: Path
    ) -> tuple[Row, list[Problem]]:
        name = entries.get("name", "")
        with self.features.open(newline="") as file:
            there = any(row["name"] == name for row in csv.DictReader(file))
        what, remedy = Sentence("The table has no such row."), Sentence("Correct the name.")
        problem = Problem(what, remedy, column=self.name)
        return Row(self.features, name, there), [problem] if name and not there else []


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyConfig:
    """Sixteen patients with an MRI; P3 has no features of the PET."""
    monkeypatch.setitem(SOURCES, "features", FeatureTable)
    monkeypatch.setitem(extraction.EXTRACTORS, "take a row", "made_up:features_of_a_row")
    manifest = write_cohort(tmp_path, 16, ["MRI"])
    rows = [{**row, "pet_name": f"scan {row['patient_id']}"} for row in read_rows(manifest)]
    write_rows(manifest, rows)
    change_cell(manifest, "P3", "pet_name", "")
    write_rows(tmp_path / "pet.csv", [{"name": f"scan P{n}", "SUV": n} for n in range(1, 17)])
    return make_study(manifest, ["MRI"], arms=ARMS, more=PET, search="splits = 2")


def extractions(study: StudyConfig) -> dict[str, Task]:
    checked = check_study(study)
    planned = Plan(study, checked.cohort, checked.digests, RunPaths(Path("/nowhere")))
    return {task.label: task for task in extraction.EXTRACTION.tasks(planned, {})}


def test_the_keys_tell_the_kind(study: StudyConfig) -> None:
    kinds = {name: type(source) for name, source in study.modalities.items()}
    assert kinds == {"MRI": ImageSource, "PET": FeatureTable}
    assert list(study.images) == ["MRI"]


def test_an_unknown_key_gets_the_nearest_of_its_own_kind(study: StudyConfig) -> None:
    with pytest.raises(StudyFileError) as caught:
        make_study(study.cohort.manifest, ["MRI"], arms=ARMS, more=PET.replace("name", "nam", 1))
    found = {problem.column: str(problem.remedy) for problem in caught.value.problems}
    assert found["modalities.PET.nam"] == 'Did you mean "name"?'
    assert found["modalities.PET.name"] == "Add modalities.PET.name."
    with pytest.raises(StudyFileError) as caught:
        make_study(study.cohort.manifest, ["MRI"], more="[modalities.CT]\nimag = 'a'")
    assert {problem.column: str(problem.remedy) for problem in caught.value.problems} == {
        "modalities.CT.image": "Add modalities.CT.image.",
        "modalities.CT.segmentation": "Add modalities.CT.segmentation.",
        "modalities.CT.image_type": "Add modalities.CT.image_type.",
        "modalities.CT.imag": 'Did you mean "image"?',
    }


def test_it_asks_the_manifest_for_its_columns_alone(study: StudyConfig) -> None:
    assert used_columns(study) == {
        "patient_id": "cohort.patient_id",
        "lung_met": "study.outcome",
        "mri_image": "modalities.MRI.image",
        "mri_mask": "modalities.MRI.segmentation",
        "pet_name": "modalities.PET.name",
    }
    assert "pet_name" not in read_manifest(study).patients[0].clinical
    manifest = study.cohort.manifest
    rows = read_rows(manifest)
    write_rows(manifest, [{k: row[k] for k in row if k != "pet_name"} for row in rows])
    (problem,) = [each for each in check_study(study).errors if each.column == "pet_name"]
    assert "modalities.PET.name of the study file names it" in problem.what


def test_it_says_who_is_complete_and_why_not(study: StudyConfig) -> None:
    checked = check_study(study)
    assert checked.ok
    assert checked.cohort.reasons["both"] == {"P3": Reason((NoFeatures("PET", "no row"),))}
    assert checked.cohort.scan_counts() == {"MRI": (16, 0), "PET": (15, 1)}
    views = {view.patient_id: view.scans for view in checked.counted.patients}
    assert (views["P3"]["PET"], views["P4"]["PET"]) == ("missing", "present")


def test_what_is_wrong_with_it_keeps_the_patient_out_until_it_is_mended(study: StudyConfig) -> None:
    change_cell(study.cohort.manifest, "P5", "pet_name", "nobody")
    checked = check_study(study)
    (problem,) = checked.errors
    assert (problem.patient, problem.column) == ("P5", "pet_name")
    assert checked.unusable == {("P5", "PET"): "The table has no such row."}
    assert checked.study_errors == ()
    (view,) = [view for view in checked.counted.patients if view.patient_id == "P5"]
    assert view.once_mended == ("mri", "both")


def test_its_files_are_hashed_and_its_task_yields_the_features(study: StudyConfig) -> None:
    table = study.cohort.manifest.with_name("pet.csv")
    assert check_study(study).digests[table] == sha256(table.read_bytes()).hexdigest()
    found = extractions(study)
    task = found["P4 PET"]
    assert "P3 PET" not in found
    assert task.function == "made_up:features_of_a_row"
    assert (task.arguments["features"], task.arguments["name"]) == (str(table), "scan P4")
    assert [path for path, _, _ in task.arguments["inputs"]] == [str(table)]
    table.write_text(table.read_text() + "scan P99,1\n")
    again = extractions(study)
    assert again["P4 PET"].stamp != task.stamp != found["P5 PET"].stamp
    assert again["P4 MRI"] == found["P4 MRI"]


def test_its_own_path_begins_at_the_study_file_and_no_folder_is_kept(study: StudyConfig) -> None:
    (table,) = [each.features for each in study.modalities.values() if hasattr(each, "features")]
    assert table == study.cohort.manifest.with_name("pet.csv").resolve()
    assert study.model_dump(mode="json")["modalities"]["PET"]["features"] == "pet.csv"


@pytest.mark.parametrize("features", ['"volume"', '["shape"]'])
def test_it_has_no_volume_and_no_groups(study: StudyConfig, features: str) -> None:
    arms = f"{ARMS}features = {features}\n"
    with pytest.raises(StudyFileError) as caught:
        make_study(study.cohort.manifest, ["MRI"], arms=arms, more=PET)
    (problem,) = caught.value.problems
    assert problem.column == "arms.both.features"
    assert problem.what == "PET is no image: it has no volume or groups."


def test_plain_worc_cannot_read_it(study: StudyConfig, tmp_path: Path) -> None:
    with pytest.raises(LungmetError, match='cannot do what the arm "both" does') as caught:
        export_worc(study, "both", tmp_path / "export")
    (problem,) = caught.value.problems
    assert (problem.column, problem.what) == (
        "arms.both.modalities",
        "WORC needs images, and PET is none.",
    )


def test_what_fails_is_mended_where_it_stands(study: StudyConfig) -> None:
    found = extractions(study)
    for label, mend in (("P4 PET", "Mend the table of features"), ("P4 MRI", "Mend image or segm")):
        (problem,) = as_error([TaskResult(found[label], 0.0, "It is odd.")]).problems
        assert problem.remedy.startswith(mend)
    said = study.model_dump(mode="json")["modalities"]
    causes = left_out([("P4", "PET", "It is odd."), ("P4", "MRI", "It is odd.")], said)
    assert [cause.remedy for cause in causes] == [
        "Mend the table of features and run again; the patient then enters.",
        "Mend image or segmentation and run again; the patient then enters.",
    ]


def test_worc_looks_at_images_only(study: StudyConfig) -> None:
    checked = check_study(study)
    planned = Plan(study, checked.cohort, checked.digests, RunPaths(Path("/nowhere")))
    assert [task.label for task in FINGERPRINT.tasks(planned, {})] == ["MRI"]
    table = study.cohort.manifest.with_name("pet.csv")
    assert planned.inputs["PET"]["P4"] == {"features": checked.digests[table]}


class EngineWithRows(StandInEngine):
    """Takes features from tables as well."""

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        for task in tasks:
            if task.function != "made_up:features_of_a_row":
                yield from super().run([task])
                continue
            self.ran.append(str(task.key))
            with Path(task.arguments["features"]).open(newline="") as file:
                rows = {row.pop("name"): row for row in csv.DictReader(file)}
            row = rows[task.arguments["name"]]
            values = [float(value) for value in row.values()]
            write_features(task.output, values, list(row), image_type="", stamp=task.stamp)
            yield TaskResult(task, 0.0)


def test_a_whole_run_of_tables_alone(study: StudyConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = EngineWithRows()
    monkeypatch.setattr(pipeline, "make_engine", lambda *args, **options: engine)
    monkeypatch.setattr(results, "write_all_figures", lambda *args, **options: {})
    manifest = study.cohort.manifest
    write_rows(
        manifest.with_name("ct.csv"), [{"name": f"scan P{n}", "HU": n % 5} for n in range(1, 17)]
    )
    arms = '[arms.pet]\nmodalities = ["PET"]\n[arms.both]\nmodalities = ["PET", "CT"]\n'
    more = PET + '[modalities.CT]\nfeatures = "ct.csv"\nname = "pet_name"\n' + WITHOUT_FINGERPRINT
    file = write_study(manifest, [], arms=arms, more=more, search="splits = 3")
    out = manifest.with_name("run")
    Study.from_toml(file).run(out, progress=Quiet())
    assert "extraction/PET/P4" in engine.ran
    assert "extraction/PET/P3" not in engine.ran
    matrix = read_matrix(RunPaths(out).matrix("both"))
    assert list(matrix.columns) == ["HU_CT", "SUV_PET"]
    assert matrix.loc["P4"].tolist() == [4, 4]
    (page,) = out.glob("**/*.html")
    text = " ".join(page.read_text("utf-8").split())
    assert "Others computed the features of PET. Others computed the features of CT." in text
    engine.ran.clear()
    Study.from_toml(file).run(out, progress=Quiet())
    assert engine.ran == []
    table = manifest.with_name("pet.csv")
    table.write_text(table.read_text().replace("scan P4,4", "scan P4,5"))
    change_cell(manifest, "P5", "pet_name", "scan P6")
    stale = [each.sentence for each in Study.from_toml(file).plan(out).stale]
    assert stale[:3] == [
        "extraction, 15 tasks (PET): the table of PET, with P1, P2, P4 and 12 more, changed",
        "extraction, 1 task (PET): P5 has another name in the table of PET",
        "extraction, 1 task (CT): P5 has another name in the table of CT",
    ]
