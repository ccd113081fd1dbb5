"""The exported script that evaluates a search which plain WORC could not evaluate (errata E39)."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from lungmet_worc.study import worc_settings
from lungmet_worc.worc.random_search import parameter_grid
from tests.worc.small import OUTCOME, SmallData

pytestmark = [pytest.mark.worc, pytest.mark.slow]

#: No step between the 40 features and the classifier.
PLAIN = {"ReliefUse": "0", "StatisticalTestUse": "0", "GroupwiseSearch": "False"}
PLAIN |= {"UsePCA": "0", "SelectFromModel": "0", "Variance": "0"}
ENSEMBLE = {"Method": "top_N", "Size": "2"}
SEARCH = {"Featsel": PLAIN, "Classification": {"classifiers": "GaussianNB"}, "Ensemble": ENSEMBLE}


@pytest.fixture(scope="module")
def finished(small: SmallData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished export whose two best workflows are an unfittable QDA and naive Bayes."""
    from sklearn.model_selection import ParameterSampler

    folder = tmp_path_factory.mktemp("exported")
    output = folder / "output" / "WORC_study_arm"
    output.mkdir(parents=True)
    frame = pd.read_hdf(small.search("naive_bayes", **SEARCH))
    search = frame[OUTCOME]["classifiers"][0]
    grid = parameter_grid(small.config("naive_bayes", **SEARCH))
    candidate = {**next(iter(ParameterSampler(grid, 1, random_state=0))), "Number": "0"}
    # 12 patients of each class and 40 features: the covariance of a class has no full rank.
    unfittable = {**candidate, "classifiers": "QDA", "QDA_reg_param": 0.0}
    search.cv_results_["params"] = [unfittable, candidate]
    search.ensemble = []
    frame.to_hdf(output / "estimator_all_0.hdf5", key="EstimatorData")
    settings = worc_settings.from_ini(small.settings("naive_bayes", **SEARCH).read_text("utf-8"))
    (folder / "worc_MRI.ini").write_text(worc_settings.to_ini(settings), "utf-8")
    (folder / "sources.csv").write_text("patient,modality,image,segmentation\nP1,MRI,a,b\n")
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["Patient", OUTCOME], *small.outcomes.items()])
    template = resources.files("lungmet_worc.study").joinpath("templates/evaluate_worc.py.txt")
    (folder / "evaluate_worc.py").write_text(template.read_text("utf-8"), "utf-8")
    return folder


def test_plain_worc_ends_with_an_error(finished: Path, worc: ModuleType) -> None:
    """In a process of its own: our search has put its own functions in place in this one."""
    tool = Path(str(worc.__file__)).parent / "resources/fastr_tools/worc/bin/PlotEstimator.py"
    command = [sys.executable, str(tool), "--prediction"]
    command += [str(next(finished.glob("output/*/estimator_all_0.hdf5")))]
    command += ["--pinfo", "labels.csv", "--label_type", OUTCOME, "--output_json", "no.json"]
    command += ["--ensemble_method", "top_N", "--ensemble_size", "2"]
    done = subprocess.run(command, cwd=finished, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    # Which attribute is missing hangs on where scikit-learn stopped.
    assert "AttributeError: 'QuadraticDiscriminantAnalysis' object has no" in done.stderr


def test_the_script_leaves_the_workflow_out_and_evaluates(finished: Path) -> None:
    command = [sys.executable, "evaluate_worc.py"]
    done = subprocess.run(command, cwd=finished, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result = finished / "output" / "WORC_study_arm" / "performance_all_0.json"
    performance = json.loads(result.read_text("utf-8"))
    tested = performance["Rankings"]["Percentages"]
    assert len(tested) == 6
    assert "AUC 95%:" in performance["Statistics"]
    assert "could not be fitted" in done.stdout


def test_without_a_finished_search_it_says_so(tmp_path: Path) -> None:
    template = resources.files("lungmet_worc.study").joinpath("templates/evaluate_worc.py.txt")
    script = tmp_path / "evaluate_worc.py"
    script.write_text(template.read_text("utf-8"), "utf-8")
    command = [sys.executable, script.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "There is no finished search in output. Run run_worc.py.\n"
