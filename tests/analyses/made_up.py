"""A made-up study with everything filled in, for the tests of tables, figures and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from lungmet_worc.analyses.performance.table import tables
from lungmet_worc.analyses.results import (
    ArmExplanation,
    ArmPredictions,
    SplitExplanation,
    SplitPrediction,
    StudyResults,
)
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reasons import Reason
from lungmet_worc.study.sources.images import ImagePair
from lungmet_worc.study.tested_splits import UntestedSplit

#: Arm -> its modalities, its clinical columns, and by how many standard deviations its scores
#: separate the outcome.
ARMS = {
    "MRI": (("MRI",), (), 0.5),
    "CT": (("CT",), (), 0.3),
    "combined": (("MRI", "CT"), (), 0.7),
    "clinical": ((), ("age", "grade"), 0.4),
    "combined_clinical": (("MRI", "CT"), ("age", "grade"), 0.8),
    "volume": (("MRI",), (), 0.6),
}
MODALITIES = ("MRI", "CT")
GROUPS = {
    "shape": ("PREDICT_original_sf_volume_2.5D", "PREDICT_original_sf_area_max_2.5D"),
    "orientation": ("PREDICT_original_of_theta_x",),
    "intensity": ("PREDICT_original_hf_mean", "PREDICT_original_hf_std"),
    "texture": (
        "PREDICT_original_tf_GLCM_contrastd1.0A0.0",
        "PREDICT_original_tf_Gabor_0.05A0.0mean",
        "PREDICT_original_tf_LBP_mean_R3_P12",
    ),
    "filtered": ("PREDICT_original_logf_mean_sigma5", "PyRadiomics_hf_wavelet-LHL_firstorder_Mean"),
}
CLASSIFIERS = ("LR", "RF", "SVM")


def made_up_results(n_arms: int = 3, n_splits: int = 20, seed: int = 0) -> StudyResults:
    """Return results of 51 patients, 19 of them with the outcome, with everything filled in.

    Parameters
    ----------
    n_arms : int
        The first so many of `ARMS`.
    n_splits : int
    seed : int
    """
    rng = np.random.default_rng(seed)
    ids = [f"P{i + 1:02d}" for i in range(51)]
    outcome = np.zeros(len(ids), int)
    outcome[rng.choice(len(ids), 19, replace=False)] = 1
    shared = rng.normal(size=len(ids))
    names = list(ARMS)[:n_arms]
    parts = [
        train_test_split(np.arange(len(ids)), test_size=0.2, stratify=outcome, random_state=k)
        for k in range(n_splits)
    ]
    arms = [_arm(rng, name, ids, outcome, shared, parts) for name in names]
    features = _features(rng, ids, outcome)
    return StudyResults(
        arms=arms,
        explanations=[_explanation(rng, name, n_splits) for name in names],
        permuted=_permuted(rng, names, n_splits),
        matrices={name: features[_columns(name)] for name in names},
        modalities=MODALITIES,
        cohort=_cohort(rng, ids, names),
        acquisition=pd.DataFrame(
            [
                *(("MRI", "slice thickness (mm)", "5.0 (3.0 to 6.0)", 51),),
                *(("MRI", "vendor", "Siemens 30, GE 21", 51),),
                *(("CT", "slice thickness (mm)", "3.3 (2.0 to 5.0)", 51),),
            ],
            columns=["modality", "property", "value", "n_patients"],
        ),
        statistics=StatisticsConfig(permutations=20, bootstrap=200, subgroups=("sex", "grade")),
        seed=seed,
        untested=(UntestedSplit(names[0], n_splits, 40, 0, "nobody"),),
    )


def made_up_cohort(
    rows: Iterable[tuple[str, int | None, Mapping[str, bool], Mapping[str, Reason | None]]],
) -> Cohort:
    """Return a cohort of patients: id, outcome, whether scans are there, why not in an arm."""
    scan, found = ImagePair(Path("image"), Path("mask")), list(rows)
    patients = tuple(
        Patient(
            name, row, outcome, {m: scan if has else ImagePair() for m, has in scans.items()}, {}
        )
        for row, (name, outcome, scans, _) in enumerate(found, 2)
    )
    reasons: dict[str, dict[str, Reason]] = {arm: {} for arm in found[0][3]}
    for name, _, _, why in found:
        for arm, reason in why.items():
            if reason:
                reasons[arm][name] = reason
    names = [patient.patient_id for patient in patients]
    arms = {arm: tuple(n for n in names if n not in out) for arm, out in reasons.items()}
    return Cohort(patients, arms, reasons)


def outcome_tables(arms: Sequence[ArmPredictions]) -> dict[str, pd.DataFrame]:
    """Return the tables that every study has of its arms, but for their comparison."""
    return tables(results_of(arms), {})


def results_of(arms: Sequence[ArmPredictions]) -> StudyResults:
    """Return results that are predictions only, as of a run of an older version.

    Parameters
    ----------
    arms : sequence of ArmPredictions
    """
    return StudyResults(
        arms=arms,
        statistics=StatisticsConfig(bootstrap=200),
        seed=0,
    )


def _arm(
    rng: np.random.Generator,
    name: str,
    ids: Sequence[str],
    outcome: NDArray[np.int_],
    shared: NDArray[np.float64],
    parts: Sequence[tuple[NDArray[np.int_], NDArray[np.int_]]],
) -> ArmPredictions:
    """Return predictions whose validation and test parts come from one score."""
    score = 0.7 * rng.normal(size=len(ids)) + 0.7 * shared + ARMS[name][2] * outcome

    def posterior(rows: NDArray[np.int_]) -> NDArray[np.float64]:
        noise = 0.5 * rng.normal(size=rows.size)
        return np.asarray(1 / (1 + np.exp(0.9 - score[rows] - noise)))

    splits = []
    for k, (train, test) in enumerate(parts):
        validation = np.concatenate([rng.choice(train, 8, replace=False) for _ in range(5)])
        predicted = posterior(test)
        splits.append(
            SplitPrediction(
                split=k,
                train_ids=tuple(ids[i] for i in train),
                test_ids=tuple(ids[i] for i in test),
                outcome=outcome[test],
                posterior=predicted,
                predicted=(predicted >= 0.5).astype(int),
                validation_outcome=outcome[validation],
                validation_posterior=posterior(validation),
            )
        )
    return ArmPredictions(name, tuple(splits))


def _groups(name: str) -> list[tuple[str, str, int]]:
    """Return modality, group and number of features of what an arm is made of."""
    modalities, columns, _ = ARMS[name]
    found = [
        (modality, group, len(features))
        for modality in modalities
        for group, features in GROUPS.items()
        if name != "volume"
    ]
    if name == "volume":
        found = [("MRI", "shape", 1)]
    return [*found, ("clinical", "clinical", len(columns))] if columns else found


def _explanation(rng: np.random.Generator, name: str, n_splits: int) -> ArmExplanation:
    splits = []
    for k in range(n_splits):
        members = []
        for number in range(5):
            chosen = {
                f"{modality}/{group}": int(rng.integers(1, n + 1))
                for modality, group, n in _groups(name)
                if rng.random() < 0.6
            }
            kept = ["scaling", *[step for step in ("PCA", "RFE", "SMOTE") if rng.random() < 0.3]]
            classifier = str(rng.choice(CLASSIFIERS, p=[0.5, 0.3, 0.2]))
            member = {"number": number, "classifier": classifier, "steps": kept, "chosen": chosen}
            members.append(member)
        undefined = k == 0
        importance = [
            {
                "modality": modality,
                "group": group,
                "n_features": n,
                "drop": None if undefined else float(rng.normal(0.02 * n, 0.03)),
            }
            for modality, group, n in _with_sums(_groups(name))
        ]
        candidates = {"LR": 12, "RF": 11, "SVM": 10, "QDA": 7}
        splits.append(SplitExplanation(k, tuple(members), tuple(importance), candidates))
    return ArmExplanation(name, tuple(splits))


def _with_sums(groups: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    sums: dict[str, int] = {}
    for modality, _, n in groups:
        sums[modality] = sums.get(modality, 0) + n
    return [*groups, *((modality, "all", n) for modality, n in sums.items())]


def _permuted(rng: np.random.Generator, names: Sequence[str], n_splits: int) -> pd.DataFrame:
    rows = [
        (name, permutation, split, float(np.clip(rng.normal(0.5, 0.15), 0, 1)))
        for name in names
        for permutation in range(20)
        for split in range(n_splits)
    ]
    return pd.DataFrame(rows, columns=["arm", "permutation", "split", "auc"])


def _columns(name: str) -> list[str]:
    """Return the features of an arm, named as the arms' matrices name them."""
    modalities, columns, _ = ARMS[name]
    found = [
        f"{feature}_{modality}"
        for modality in modalities
        for group, features in GROUPS.items()
        for feature in features
        if name != "volume" or feature.startswith("PREDICT_original_sf_volume")
    ]
    clinical = [f"PREDICT_original_semf_{column}_clinical" for column in columns]
    return [*found, *clinical] if name != "volume" else found[:1]


def _features(
    rng: np.random.Generator, ids: Sequence[str], outcome: NDArray[np.int_]
) -> pd.DataFrame:
    names = sorted({column for name in ARMS for column in _columns(name)})
    values = rng.normal(size=(len(ids), len(names)))
    frame = pd.DataFrame(values, index=list(ids), columns=names)
    for modality in MODALITIES:
        volume = f"PREDICT_original_sf_volume_2.5D_{modality}"
        frame[volume] = np.exp(frame[volume] + 1.2 * outcome)
        area = f"PREDICT_original_sf_area_max_2.5D_{modality}"
        frame[area] = frame[volume] ** (2 / 3) * np.exp(0.1 * frame[area])
    frame.iloc[3, 2] = np.nan  # as for a patient without the scan
    return frame


def _cohort(rng: np.random.Generator, ids: Sequence[str], arms: Sequence[str]) -> Cohort:
    sexes = rng.choice(["female", "male"], len(ids))
    grades = rng.choice(["high", "intermediate", "low"], len(ids), p=[0.6, 0.3, 0.1])
    patients = [
        Patient(patient_id, row, 1, {}, {"sex": str(sex), "grade": str(grade)})
        for row, (patient_id, sex, grade) in enumerate(zip(ids, sexes, grades, strict=True), 2)
    ]
    return Cohort(tuple(patients), {arm: tuple(ids) for arm in arms}, {arm: {} for arm in arms})
