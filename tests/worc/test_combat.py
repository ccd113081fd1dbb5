"""Harmonisation against WORC's own ComBat tool, and what that tool gets wrong."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.study.combat import SETTINGS
from lungmet_worc.study.worc_settings import default_settings
from lungmet_worc.worc.combat import harmonise
from lungmet_worc.worc.storage import read_matrix, write_features
from tests.worc.tools import run, tool

pytestmark = pytest.mark.worc
pytest.importorskip("neuroCombat", reason="needs neuroCombat, which WORC does not install")

N_PATIENTS = 24
PATIENTS = [f"patient{number:02d}" for number in range(N_PATIENTS)]
BATCHES = {name: ("A", "B", "C")[number % 3] for number, name in enumerate(PATIENTS)}
SEX = {name: ("M", "F")[number % 2] for number, name in enumerate(PATIENTS)}
PLAIN = {key: default_settings()["ComBat"][key] for key in SETTINGS}

#: Name -> standard deviation; WORC's threshold on the variance is 0.0099.
SPREAD = {
    "PREDICT_original_sf_volume": 40.0,
    **{f"PREDICT_original_hf_f{number}": 5.0 + number for number in range(5)},
    **{f"PREDICT_original_tf_GLCM_f{number}": 0.5 for number in range(5)},
    **{f"PyRadiomics_tf_original_NGTDM_f{number}": 0.01 for number in range(4)},
    "PyRadiomics_of_original_COM_x": 3.0,
    "PREDICT_original_hf_constant": 0.0,
}
SMALL = [name for name, spread in SPREAD.items() if spread < 0.09]


def make_features(*, with_missing: bool = True) -> pd.DataFrame:
    random = np.random.default_rng(5)
    shift = np.asarray([ord(BATCHES[name]) - 64 for name in PATIENTS])[:, None]
    values = random.normal(size=(N_PATIENTS, len(SPREAD))) * (1 + 0.3 * shift) + shift
    frame = pd.DataFrame(values * list(SPREAD.values()) + 7.0, PATIENTS, list(SPREAD))
    if with_missing:
        frame.iloc[3, 2] = np.nan
    return frame


def write_files(folder: Path, frame: pd.DataFrame) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in frame.iterrows():
        write_features(
            folder / f"{name}.hdf5", list(values), list(frame), image_type="MR", stamp="s"
        )
    return {str(name): str(folder / f"{name}.hdf5") for name in frame.index}


def ours(
    folder: Path,
    frame: pd.DataFrame,
    *,
    batches: Mapping[str, str] = BATCHES,
    covariates: Mapping[str, Mapping[str, str]] | None = None,
    mended: bool = True,
    seed: int = 1,
    **settings: str,
) -> pd.DataFrame:
    harmonise(
        features=write_files(folder / "features", frame),
        batches=batches,
        covariates=covariates or {},
        settings={**PLAIN, **settings},
        mended=mended,
        seed=seed,
        scratch=str(folder / "scratch"),
        output=str(folder / "ours.hdf5"),
        stamp="stamp",
    )
    assert not list((folder / "scratch").iterdir())
    return read_matrix(folder / "ours.hdf5")


def worcs(
    folder: Path, frame: pd.DataFrame, *, covariate: bool = False, **settings: str
) -> pd.DataFrame:
    """Return what WORC's tool makes of the same features, started with its command line."""
    files = write_files(folder / "plain", frame)
    rows = ["Patient,vendor,sex"]
    rows += [f"{p},{ord(BATCHES[p]) - 64},{'FM'.index(SEX[p]) + 1}" for p in files]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    section = {**default_settings()["ComBat"], **settings, "batch": "vendor", "matlab": ""}
    section["mod"] = "sex" if covariate else "[]"
    ini = folder / "config.ini"
    ini.write_text("[ComBat]\n" + "".join(f"{key} = {text}\n" for key, text in section.items()))
    outputs = {name: str(folder / f"{name}_out.hdf5") for name in files}
    command = [sys.executable, tool("combat/bin/ComBat_tool.py")]
    command += ["--feat_train", *files.values(), "--pc_train", str(folder / "labels.csv")]
    run([*command, "--config", str(ini), "--feat_train_out", *outputs.values()], folder)
    rows_out = {}
    for name, path in outputs.items():
        series = pd.read_hdf(path)
        assert series["patient"] == name
        values = zip(series["feature_labels"], series["feature_values"], strict=True)
        rows_out[name] = {label.removesuffix("_Mod0"): value for label, value in values}
    return pd.DataFrame(rows_out).T.astype(float)


@pytest.mark.parametrize(
    ("covariate", "settings"),
    [(False, {}), (True, {}), (False, {"par": "0"}), (True, {"eb": "0"}),
     (False, {"excluded_features": "sf_, GLCM"})],
)  # fmt: skip
def test_equal_to_worcs_tool(
    worc: ModuleType, tmp_path: Path, covariate: bool, settings: dict[str, str]
) -> None:
    frame = make_features()
    expected = worcs(tmp_path, frame, covariate=covariate, **settings)
    covariates = {"sex": SEX} if covariate else {}
    found = ours(tmp_path, frame, covariates=covariates, mended=False, **settings)
    pd.testing.assert_frame_equal(found, expected[sorted(expected)], check_exact=True)
    # Something was harmonised, and what is excluded was not.
    assert not np.allclose(found["PREDICT_original_hf_f1"], frame["PREDICT_original_hf_f1"])
    assert found["PREDICT_original_sf_volume"].equals(frame["PREDICT_original_sf_volume"])


def test_e46_worc_drops_what_varies_little_in_its_own_units(
    worc: ModuleType, tmp_path: Path
) -> None:
    frame = make_features()
    expected = worcs(tmp_path, frame, eb="0")
    assert set(frame) - set(expected) == set(SMALL)
    found = ours(tmp_path, frame, eb="0")
    assert list(found) == sorted(frame)
    # Without empirical Bayes no feature depends on another, nor on its unit.
    np.testing.assert_allclose(found[list(expected)], expected, rtol=1e-9)
    assert found["PREDICT_original_hf_constant"].equals(frame["PREDICT_original_hf_constant"])
    small = SMALL[0]
    shift = [found.loc[[p for p in PATIENTS if BATCHES[p] == b], small].mean() for b in "ABC"]
    assert np.ptp(shift) < 1e-6


def test_units_make_no_difference(worc: ModuleType, tmp_path: Path) -> None:
    frame = make_features()
    units = pd.Series({name: 10.0 ** (i % 7 - 3) for i, name in enumerate(frame)})
    found = ours(tmp_path / "one", frame)
    other = ours(tmp_path / "other", frame * units)
    np.testing.assert_allclose(other / units[list(other)], found, rtol=1e-7)
    large = frame.drop(columns=SMALL)
    np.testing.assert_allclose(
        ours(tmp_path / "large", large),
        worcs(tmp_path, large)[sorted(large)],
        rtol=1e-7,
    )


def test_texts_and_folders_of_any_characters(worc: ModuleType, tmp_path: Path) -> None:
    frame = make_features()
    plain = ours(tmp_path / "plain", frame)
    texts = {"A": 'GE, "Signa" = 100 %', "B": "シーメンス [x]", "C": "\\n; #"}
    names = {name: ("P1", "P11", "a,b", "ä=ü")[i % 4] + f".{i}" for i, name in enumerate(PATIENTS)}
    found = ours(
        tmp_path / "patient00001, a=b %x",
        frame.rename(index=names),
        batches={names[p]: texts[BATCHES[p]] for p in PATIENTS},
    )
    assert list(found.index) == list(names.values())
    # The batches come in another order, which changes no more than the last digits.
    np.testing.assert_allclose(found, plain, rtol=1e-9)


def test_feature_by_feature_follows_the_seed(worc: ModuleType, tmp_path: Path) -> None:
    """WORC adds noise that it draws without a seed (errata E24)."""
    frame = make_features()
    first, again, other = (ours(tmp_path, frame, per_feature="1", seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_nothing_to_harmonise(worc: ModuleType, tmp_path: Path) -> None:
    frame = make_features()[["PREDICT_original_sf_volume"]]
    with pytest.raises(ValueError, match="excluded_features names them all"):
        ours(tmp_path, frame)


def test_a_feature_that_nobody_has(worc: ModuleType, tmp_path: Path) -> None:
    frame = make_features().assign(PREDICT_original_hf_none=np.nan)
    found = ours(tmp_path, frame)
    assert found["PREDICT_original_hf_none"].isna().all()
    assert found.drop(columns="PREDICT_original_hf_none").notna().all(axis=None)


def test_e44_worc_does_not_install_what_combat_needs(
    worc: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import metadata

    from WORC.featureprocessing import ComBat

    assert not any("combat" in line.lower() for line in metadata.requires("WORC") or ())
    # The newest neuroCombat gives a dictionary.
    monkeypatch.setattr(ComBat, "neuroCombat", lambda **given: {"data": given["dat"]})
    harmonised: Any = ComBat.ComBatPython(np.ones((3, 4)), np.asarray([1, 1, 2, 2]))
    # From Python 3.12 on a slice can be a key, so that only the kind of the error differs.
    with pytest.raises((TypeError, KeyError)):
        harmonised[:, 0]


def test_e45_worc_takes_every_toolbox_for_a_patient(worc: ModuleType, tmp_path: Path) -> None:
    frame = make_features(with_missing=False)
    halves = [[name for name in frame if name.startswith(box)] for box in ("PREDICT", "PyRad")]
    for number, names in enumerate(halves):
        write_files(tmp_path / f"box{number}", frame[names])
    files = [str(tmp_path / f"box{number}" / f"{p}.hdf5") for number in (0, 1) for p in PATIENTS]
    from WORC.IOparser.file_io import load_features

    rows = ["Patient,vendor", *(f"{p},{ord(BATCHES[p])}" for p in PATIENTS)]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    labels, features = load_features(
        files, patientinfo=str(tmp_path / "labels.csv"), label_type=["vendor"]
    )
    assert list(labels["patient_IDs"]) == PATIENTS * 2
    values = np.asarray([each[0] for each in features])
    assert np.isnan(values).sum() == N_PATIENTS * len(SPREAD)


def test_e47_worc_takes_numbers_for_categories(
    worc: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from WORC.featureprocessing import ComBat

    seen: dict[str, Any] = {}
    monkeypatch.setattr(ComBat, "neuroCombat", lambda **given: seen.update(given))
    ages = np.asarray([[41.5], [52.0], [63.0], [74.0]])
    ComBat.ComBatPython(np.ones((3, 4)), np.asarray([1, 1, 2, 2]), mod=ages)
    assert seen["categorical_cols"] == ["mod_0"]
    assert "continuous_cols" not in seen
