"""Names that would be too long for a disk, or would fall together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungmet_worc import compare_runs
from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.basics.file_names import LONGEST, LONGEST_NAME, file_name, shortened
from lungmet_worc.cli.overnight import _folder_name
from lungmet_worc.study.ids import worc_ids
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.worc.storage import read_features, write_features
from tests.pipeline.test_compare import arms_of, write_run
from tests.synthetic import write_cohort, write_study

#: What an encrypted home folder takes (eCryptfs), fewer than any other disk.
SMALLEST_DISK = 143


def test_names_that_fit_stay() -> None:
    assert file_name("STS_001") == "STS_001"
    assert file_name("Jan Vos/2") == "Jan%20Vos%2F2"
    assert file_name("患者") == "%E6%82%A3%E8%80%85"
    assert shortened("x" * LONGEST) == "x" * LONGEST


@given(st.sets(st.text(min_size=1, max_size=200), min_size=1, max_size=8))
def test_files_of_patients_fit_and_are_told_apart(ids: set[str]) -> None:
    names = {file_name(name) for name in ids}
    assert len(names) == len(ids)
    assert all(len(name.encode()) <= LONGEST and name.isascii() for name in names)
    assert all("/" not in name for name in names)


def test_long_ids_that_begin_and_end_alike_are_told_apart(tmp_path: Path) -> None:
    ids = [f"{'患' * 40}{middle}{'者' * 40}" for middle in "一二三"]
    paths = RunPaths(tmp_path)
    for number, name in enumerate(ids):
        write_features(paths.features("MRI", name), [number], ["f"], image_type="MR", stamp="s")
    assert [read_features(paths.features("MRI", name))["f"] for name in ids] == [0, 1, 2]
    half = f".{paths.features('MRI', ids[0]).name}.4194304.partial.hdf5"
    assert len(half.encode()) <= SMALLEST_DISK
    # WORC, too, has paths with ids in them.
    assert sorted(worc_ids(ids).values()) == ["patient00001", "patient00002", "patient00003"]


def test_a_hash_cannot_be_another_patients_id() -> None:
    long = "a" * 101
    assert file_name(file_name(long)) != file_name(long)


def test_names_of_studies_fit(tmp_path: Path) -> None:
    names = [_folder_name(f"{'onderzoek ' * 30}{end}") for end in "ab"]
    assert len(set(names)) == 2
    assert all(len(name) <= LONGEST for name in names)
    assert len(_folder_name("研究" * 60).encode()) <= LONGEST
    assert _folder_name("MRI or CT?") == "MRI_or_CT"


@pytest.mark.parametrize("kind", ["arms", "modalities"])
def test_an_arm_or_modality_of_a_long_name_is_refused(kind: str, tmp_path: Path) -> None:
    study = write_study(write_cohort(tmp_path, 4, ["MRI"]), ["MRI"])
    text = study.read_text()
    old = {"arms": "MRI_only", "modalities": "MRI"}[kind]
    for length, is_refused in ((LONGEST_NAME, False), (LONGEST_NAME + 1, True)):
        new = "m" * length
        changed = text.replace(f"[{kind}.{old}]", f"[{kind}.{new}]")
        if kind == "modalities":
            changed = re.sub(r"(?m)^modalities = .*", f'modalities = ["{new}"]', changed)
        study.write_text(changed)
        if not is_refused:
            load_study(study)
            continue
        with pytest.raises(StudyFileError) as refused:
            load_study(study)
        (problem,) = refused.value.problems
        assert problem.column == f"{kind}.{new}"
        assert f"{length} letters" in problem.what


def test_runs_in_folders_of_long_names_are_joined(tmp_path: Path) -> None:
    arm = arms_of()["MRI"]
    runs = [write_run(tmp_path / f"{'lang' * 55}{end}", [arm]) for end in "ab"]
    names = [each.arm for each in compare_runs(runs).results.arms]
    assert len(set(names)) == 2
    assert all(len(f"roc_{name}.png") <= SMALLEST_DISK for name in names)
