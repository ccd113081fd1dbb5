"""What no study may do: know the outcome beforehand, or find what is not there."""

from __future__ import annotations

import argparse
import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

import lungmet_worc
from lungmet_worc import Study
from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.checks.study import check_study
from lungmet_worc.cli import build_parser, main
from lungmet_worc.pipeline import arm_matrix as arms
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import tasks_of
from lungmet_worc.study.config import ArmConfig, StudyConfig
from lungmet_worc.study.feature_groups import IMAGE_GROUPS
from lungmet_worc.study.manifest import read_manifest
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.worc.storage import read_matrix, read_result
from tests.synthetic import make_study, read_rows, write_cohort, write_rows, write_study
from tests.worc.small import SmallData, write_small_data

SEARCH = """
splits = 3
candidates = 4
inner_splits = 2
ensemble = {method = "top_N", size = 2}
classifiers = ["GaussianNB", "LR"]
"""
MARKER = '[arms.clinical]\nclinical = ["age", "marker"]'


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Return a manifest with a column that was made from the outcome, with noise."""
    manifest = write_cohort(tmp_path / "study", 20, ["MRI"])
    random = np.random.default_rng(0)
    rows = read_rows(manifest)
    for row in rows:
        row["marker"] = f"{3 * int(row['lung_met']) + random.normal(0, 0.5):.2f}"
    return write_rows(manifest, rows)


class TestPlantedColumn:
    @pytest.mark.parametrize("command", ["check", "run"])
    def test_is_refused(
        self, planted: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        study = write_study(planted, ["MRI"], arms=MARKER, search=SEARCH)
        out = tmp_path / "out"
        words = [command, str(study), "--cores", "1"]
        assert main(words if command == "check" else [*words, "--out", str(out)]) == 1
        printed = capsys.readouterr()
        said = " ".join((printed.out + printed.err).split())
        assert "would give the outcome away" in said
        assert "marker" in said
        assert "Traceback" not in said
        assert not list(out.rglob("*.hdf5"))

    def test_reads_well(self, planted: Path) -> None:
        report = check_study(make_study(planted, ["MRI"], arms=MARKER))
        (problem,) = report.errors
        assert str(problem) == (
            'manifest.csv, row 1, "marker": This column would give the outcome away. It predicts '
            "lung_met alone with an AUC of 1.00, above 0.95. Take it out of arm clinical; or, if "
            "it is known when the prediction is made, say outcome_like = true in "
            "[clinical.marker]."
        )

    @pytest.mark.worc
    @pytest.mark.slow
    def test_is_let_in_where_the_study_says_so(
        self, planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        allowed = "[clinical.marker]\noutcome_like = true\n"
        order = '[clinical.grade]\nkind = "ordered"\norder = ["low", "high"]'
        arm = MARKER.replace('"age"', '"grade"')
        study = write_study(planted, ["MRI"], arms=arm, search=SEARCH, more=allowed + order)
        assert main(["check", str(study), "--cores", "1"]) == 0
        assert "outcome_like" in capsys.readouterr().out
        run = Study.from_toml(study).run(tmp_path / "out", cores=1)
        semantics = run.paths.semantics("clinical").read_text().splitlines()
        assert semantics[0] == "Patient,grade,marker"
        grades = [float(row.split(",")[1]) for row in semantics[1:]]
        matrix = read_matrix(run.paths.matrix("clinical"))
        assert matrix[f"{arms.CLINICAL_PREFIX}grade_clinical"].tolist() == grades
        assert grades[:4] == [1.0, 0.0, 0.0, 1.0]
        # Nothing is as good as this: that is why it has to be said.
        assert run.performance.set_index("metric").loc["auc", "mean"] > 0.9

    def test_is_none_where_no_arm_names_it(self, planted: Path) -> None:
        study = make_study(planted, ["MRI"], arms='[arms.a]\nclinical = ["age", "grade"]')
        assert check_study(study).ok


class TestOnlyNamedColumns:
    """Whatever else the manifest holds changes no matrix and no stamp."""

    ARMS = '[arms.a]\nclinical = ["age", "grade"]\n[arms.b]\nmodalities = ["MRI"]'

    #: What rests on the clinical columns of arm a.
    RESTS_ON_IT = frozenset({"search/a/0", "search/a/1", "search/a/2", "evaluation/a"})

    def _stamps(self, study: StudyConfig) -> dict[str, str]:
        checked = check_study(study)
        assert checked.ok
        plan = Plan(study, checked.cohort, checked.digests, RunPaths(Path("/nowhere")))
        made = tasks_of(plan)
        return {str(task.key): task.stamp for tasks in made.values() for task in tasks}

    def _matrix(self, study: StudyConfig) -> pd.DataFrame:
        arm = study.arms["a"]
        return arms.arm_matrix(arm, read_manifest(study).patients, {}, study.clinical)

    def test_another_column(self, planted: Path) -> None:
        marked = read_rows(planted)
        with_marker = make_study(planted, ["MRI"], arms=self.ARMS, search=SEARCH)
        stamps, matrix = self._stamps(with_marker), self._matrix(with_marker)
        plain = [{k: v for k, v in row.items() if k != "marker"} for row in marked]
        write_rows(planted, plain)
        assert self._stamps(with_marker) == stamps
        assert len(stamps) > 20
        pd.testing.assert_frame_equal(self._matrix(with_marker), matrix)
        named = [name.removeprefix(arms.CLINICAL_PREFIX) for name in matrix.columns]
        assert named == ["age_clinical", "grade=low_clinical"]

    def test_a_named_column_counts(self, planted: Path) -> None:
        study = make_study(planted, ["MRI"], arms=self.ARMS, search=SEARCH)
        stamps = self._stamps(study)
        rows = read_rows(planted)
        rows[0]["age"] = "77"
        write_rows(planted, rows)
        changed = {key for key, stamp in self._stamps(study).items() if stamps[key] != stamp}
        assert changed == self.RESTS_ON_IT

    def test_what_the_study_says_of_a_column_counts(self, planted: Path) -> None:
        study = make_study(planted, ["MRI"], arms=self.ARMS, search=SEARCH)
        order = '[clinical.grade]\nkind = "ordered"\norder = ["low", "high"]'
        other = make_study(planted, ["MRI"], arms=self.ARMS, search=SEARCH, more=order)
        before, after = self._stamps(study), self._stamps(other)
        assert {key for key in after if before[key] != after[key]} == self.RESTS_ON_IT
        assert list(self._matrix(other).columns)[1].endswith("grade_clinical")


@pytest.mark.worc
class TestSearch:
    """The outcomes of the test patients are in no part of a split's model."""

    @pytest.fixture(scope="class")
    def data(self, tmp_path_factory: pytest.TempPathFactory) -> SmallData:
        return write_small_data(tmp_path_factory.mktemp("data"), n_features=12)

    def _result(self, data: SmallData, name: str) -> dict[str, Any]:
        few = {"HyperOptimization": {"N_iterations": "4", "n_splits": "2"}}
        return read_result(data.search(name, **few))

    def _flipped(self, data: SmallData, patients: list[str]) -> SmallData:
        outcomes = {p: 1 - y if p in patients else y for p, y in data.outcomes.items()}
        return SmallData(data.folder, data.matrix, outcomes)

    def test_outcomes_of_test_patients_change_nothing(
        self, data: SmallData, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        train, test = data.split(0)
        monkeypatch.setattr(SmallData, "split", lambda *_: (train, test))
        result = self._result(data, "true")
        flipped = self._result(self._flipped(data, test), "flipped")
        assert flipped["outcome"] == [1 - y for y in result["outcome"]]
        for part in ("posterior", "predicted", "ensemble", "candidates"):
            assert _without_times(flipped[part]) == _without_times(result[part]), part

    def test_outcomes_of_training_patients_do(
        self, data: SmallData, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So the test above can fail."""
        train, test = data.split(0)
        monkeypatch.setattr(SmallData, "split", lambda *_: (train, test))
        result = self._result(data, "true")
        other = self._result(self._flipped(data, train[:8]), "other")
        assert other["posterior"] != result["posterior"]


def _without_times(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_times(item) for item in part]
    if isinstance(part, dict):
        return {key: value for key, value in part.items() if "time" not in key}
    return part


class TestNoSingleFeatures:
    """Features are selected by the search, in the training part, and nowhere else."""

    FEATURE = "PREDICT_original_tf_GLCM_contrastd1.0A0.0_MRI"

    def test_no_key_of_the_study_file_is_for_them(self) -> None:
        about_features = {key for key in _keys(StudyConfig) if "feature" in key or "select" in key}
        # The store keeps whole files, whatever is in them.
        assert about_features == {"ArmConfig.features", "RunConfig.feature_store"}

    def test_groups_are_all_that_an_arm_may_ask_for(self) -> None:
        for allowed in ("all", "volume", *IMAGE_GROUPS):
            assert ArmConfig(modalities=("MRI",), features=allowed).features
        for name in (self.FEATURE, "contrast", [self.FEATURE], ["shape", self.FEATURE]):
            with pytest.raises(ValueError, match="is no group of features"):
                ArmConfig.model_validate({"modalities": ["MRI"], "features": name})

    @pytest.mark.parametrize(
        ("table", "key"),
        [
            ("arms.MRI_only", "feature_names"),
            ("modalities.MRI", "features"),
            ("search", "selected_features"),
            ("worc.SelectFeatGroup", FEATURE),
            ("worc.General", "features"),
        ],
    )
    def test_unknown_keys_are_refused(self, tmp_path: Path, table: str, key: str) -> None:
        study = write_study(write_cohort(tmp_path, 4, ["MRI"]), ["MRI"])
        line = f'"{key}" = ["{self.FEATURE}"]'
        text = study.read_text()
        header = f"[{table}]"
        if header not in text:
            text += f"\n{header}"
        study.write_text(text.replace(header, f"{header}\n{line}"))
        with pytest.raises(StudyFileError) as raised:
            load_study(study)
        assert any(key in f"{p.column} {p.what}" for p in raised.value.problems)

    def test_no_image_feature_comes_in_as_a_clinical_column(self, planted: Path) -> None:
        """One that was chosen on all patients, say in an earlier run."""
        rows = read_rows(planted)
        for number, row in enumerate(rows):
            row[self.FEATURE] = str(number % 7)
        write_rows(planted, rows)
        named = f'[arms.a]\nclinical = ["{self.FEATURE}"]'
        report = check_study(make_study(planted, ["MRI"], arms=named))
        assert [problem.column for problem in report.errors] == [self.FEATURE]
        assert "outside the cross-validation" in report.errors[0].what

    def test_no_argument_of_the_public_interface_is_for_them(self) -> None:
        names = set(_arguments()) | set(_options())
        assert {"manifest", "arms", "search", "cores", "out"} <= names
        assert not {name for name in names if "feature" in name or "select" in name}


def _keys(model: type[BaseModel]) -> Iterator[str]:
    """Yield every key of a study file, as model and field."""
    seen = [model]
    for current in seen:
        for name, field in current.model_fields.items():
            yield f"{current.__name__}.{name}"
            for found in _models(field.annotation):
                if found not in seen:
                    seen.append(found)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


def _arguments() -> Iterator[str]:
    """Yield the arguments of everything that ``import lungmet_worc`` offers."""
    for name in lungmet_worc.__all__:
        found = getattr(lungmet_worc, name)
        if not inspect.isclass(found):
            continue
        functions = inspect.getmembers(found, inspect.isfunction)
        for _, member in [*functions, *inspect.getmembers(found, inspect.ismethod)]:
            if not member.__name__.startswith("_") or member.__name__ == "__init__":
                yield from inspect.signature(member).parameters


def _options() -> Iterator[str]:
    """Yield the options and arguments of all commands."""
    parsers = [build_parser()]
    for parser in parsers:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers.extend(action.choices.values())
            yield from itertools.chain([action.dest], action.option_strings)


@pytest.mark.worc
@pytest.mark.slow
def test_a_signal_in_the_images_is_found_and_a_permuted_outcome_is_not(tmp_path: Path) -> None:
    """From images to tables, with the same features both times."""
    manifest = write_cohort(tmp_path / "study", 36, ["MRI"], effect=0.4)
    search = SEARCH.replace("splits = 3\n", "splits = 8\n")
    study = Study.from_toml(write_study(manifest, ["MRI"], search=search))
    found = _auc(study, tmp_path / "out")
    assert found["ci_low"] > 0.6
    features = {p: p.read_bytes() for p in (tmp_path / "out" / "features").rglob("*.hdf5")}
    rows = read_rows(manifest)
    permuted = np.random.default_rng(4).permutation([row["lung_met"] for row in rows])
    for row, outcome in zip(rows, permuted, strict=True):
        row["lung_met"] = str(outcome)
    write_rows(manifest, rows)
    chance = _auc(study, tmp_path / "out")
    assert chance["ci_low"] < 0.5 < chance["ci_high"]
    assert chance["mean"] < found["ci_low"]
    assert {p: p.read_bytes() for p in features} == features


def _auc(study: Study, out: Path) -> pd.Series:
    run = study.run(out, cores=1)
    assert len(read_matrix(run.paths.matrix("MRI_only"))) == 36
    return run.performance.set_index("metric").loc["auc"]
