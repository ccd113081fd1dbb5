"""WORC's settings: names, defaults, presets, and which of them a study may set where.

The defaults are a copy of ``WORC.WORC.WORC.defaultconfig()`` of WORC 3.7.0 in
``defaults.ini``, so that a study can be checked without importing WORC (about five
seconds). A test compares the copy with the installed WORC.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from lungmet_worc.basics.regular_file import damaged, read_plain_text

Settings = Mapping[str, Mapping[str, str]]

#: Modalities that WORC takes for quantitative (``WORC.tools.fingerprinting``).
QUANTITATIVE_TYPES = ("CT", "PET", "Thermography", "ADC", "MG")

#: The modalities that WORC knows.
IMAGE_TYPES = (*QUANTITATIVE_TYPES, "MRI", "MR", "DWI", "US")

#: WORC's ensemble methods (``WORC.classification.SearchCV.create_ensemble``).
ENSEMBLE_METHODS = ("Single", "top_N", "FitNumber", "ForwardSelection", "Caruana", "Bagging")

#: Ensemble methods that use only the ranking of the search, whatever it was scored by.
RANKED_ENSEMBLE_METHODS = ("Single", "top_N")

#: WORC's binary classifiers (``WORC.classification.construct_classifier``).
CLASSIFIERS = (
    "SVM",
    "RF",
    "LR",
    "LDA",
    "QDA",
    "GaussianNB",
    "ComplementNB",
    "AdaBoostClassifier",
    "XGBClassifier",
)

#: Search score -> name under which WORC's ensembling knows it (errata E19).
ENSEMBLE_SCORES = MappingProxyType({"f1_weighted": "f1_weighted", "f1": "f1", "roc_auc": "auc"})

#: Scores that a search may rank its workflows by.
SCORES = ("f1_weighted", "f1", "roc_auc", "balanced_accuracy", "accuracy", "average_precision")

#: What marks a feature group in a label. WORC selects groups by substring of the whole label,
#: so no modality may carry one of these in its name.
GROUP_MARKERS = (
    "hf_", "sf_", "of_", "semf_", "df_", "cf_", "phasef_", "vf_", "fracf_", "locf_", "rgrdf_",
    "Gabor", "GLCM_", "GLDM", "GLCMMS", "GLRLM", "GLSZM", "GLDZM", "NGTDM", "NGLDM", "LBP",
    "_original", "_wavelet", "_log",
)  # fmt: skip

#: Sections that decide the features of one modality, hence may be set per modality.
EXTRACTION_SECTIONS = ("General", "Preprocessing", "Segmentix", "ImageFeatures", "PyRadiomics")

#: Keys of ``General`` that decide the features.
EXTRACTION_GENERAL_KEYS = (
    "Segmentix",
    "FeatureCalculators",
    "Preprocessing",
    "AssumeSameImageAndMaskMetadata",
    "Fingerprint",
)

#: (section, key) that no single split depends on: how many there are changes none of them.
NOT_OF_A_SPLIT = frozenset({("CrossValidation", "N_iterations")})

#: WORC's coarse settings (``facade/helpers/configbuilder.py``, ``coarse_overrides``) as far
#: as they concern features, groups, imputation and resampling.
COARSE: Settings = MappingProxyType(
    {
        "General": {"FeatureCalculators": "[predict/CalcFeatures:1.0]"},
        "ImageFeatures": {
            "texture_Gabor": "False",
            "vessel": "False",
            "log": "False",
            "phase": "False",
        },
        "SelectFeatGroup": {
            "texture_Gabor_features": "False",
            "log_features": "False",
            "vessel_features": "False",
            "phase_features": "False",
            "toolbox": "PREDICT",
        },
        "Imputation": {"strategy": "mean, median, most_frequent, constant"},
        "Resampling": {"Use": "0.0"},
    }
)

DEFAULT_CLASSIFIERS = (
    "SVM", "RF", "LR", "LDA", "QDA", "GaussianNB", "AdaBoostClassifier", "XGBClassifier",
)  # fmt: skip

#: Preset -> (search settings, WORC settings). ``full`` is WORC's own default.
PRESETS: Mapping[str, tuple[Mapping[str, object], Settings]] = MappingProxyType(
    {
        "full": (
            {
                "splits": 100,
                "candidates": 1000,
                "inner_splits": 5,
                "classifiers": DEFAULT_CLASSIFIERS,
                "ensemble": {"method": "top_N", "size": 100},
            },
            {},
        ),
        "coarse": (
            {
                "splits": 20,
                "candidates": 1000,
                "inner_splits": 2,
                "classifiers": ("SVM",),
                "ensemble": {"method": "Single", "size": 1},
            },
            COARSE,
        ),
        "smoke": (
            {
                "splits": 10,
                "candidates": 50,
                "inner_splits": 3,
                "classifiers": DEFAULT_CLASSIFIERS,
                "ensemble": {"method": "top_N", "size": 10},
            },
            COARSE,
        ),
    }
)

#: WORC keys that the study file sets by a name of its own: there is one way to set a thing.
SET_ELSEWHERE: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("CrossValidation", "N_iterations"): "[search] splits",
        ("CrossValidation", "test_size"): "[search] test_size",
        ("CrossValidation", "fixed_seed"): "[search] seed",
        ("HyperOptimization", "N_iterations"): "[search] candidates",
        ("HyperOptimization", "n_splits"): "[search] inner_splits",
        ("HyperOptimization", "scoring_method"): "[search] scoring",
        ("HyperOptimization", "fix_random_seed"): "[search] seed",
        ("Classification", "classifiers"): "[search] classifiers",
        ("Ensemble", "Method"): "[search] ensemble",
        ("Ensemble", "Size"): "[search] ensemble",
        ("ImageFeatures", "image_type"): "[modalities.<name>] image_type",
        ("Labels", "label_names"): "[study] outcome",
        ("SelectFeatGroup", "semantic_features"): "[arms.<name>] clinical",
        ("ComBat", "batch"): "[modalities.<name>.combat] batch",
        ("ComBat", "mod"): "[modalities.<name>.combat] covariates",
    }
)

#: (section, key) -> (the only value that works here, why).
FIXED_VALUES: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("General", "cross_validation"): ("True", "Arms are compared on shared random splits."),
        ("General", "ComBat"): (
            "False",
            "Name the batches of a modality: [modalities.<name>.combat] batch. ComBat is fitted on "
            "all patients before the split, which leaks (errata E13).",
        ),
        ("ComBat", "language"): ("python", "MATLAB is not started here."),
        ("General", "DoTestNRSNEns"): ("False", "It belongs to one WORC paper."),
        ("General", "Preprocessing"): ("worc/PreProcess:1.0", "WORC has no other."),
        ("Labels", "modus"): ("singlelabel", "The outcome is binary."),
        ("CrossValidation", "Type"): ("random_split", "Arms are compared on shared splits."),
        ("Bootstrap", "Use"): ("False", "Intervals come from the repeated splits."),
        ("SMAC", "use"): ("False", "SMAC is not installed with WORC 3.7.0."),
        ("Preprocessing", "CheckSpacing"): ("False", "It needs DICOM headers."),
        ("FeatPreProcess", "Combine"): ("False", "A manifest has one row per patient."),
        ("Evaluation", "OverfitScaler"): ("False", "It fits the scaler on test patients."),
        ("OneHotEncoding", "Use"): ("False", "It has no effect in WORC 3.7.0 (errata E22)."),
        ("OneHotEncoding", "feature_labels_tofit"): (
            "",
            "It encodes other columns than the named ones in WORC 3.7.0 (errata E22).",
        ),
        ("HyperOptimization", "ranking_score"): (
            "test_score",
            "WORC 3.7.0 cannot rank otherwise where a candidate has no score (errata E31).",
        ),
        ("HyperOptimization", "refit_training_workflows"): (
            "False",
            "The search ends with an error in WORC 3.7.0 (errata E32).",
        ),
        ("HyperOptimization", "refit_validation_workflows"): (
            "False",
            "The search ends with an error in WORC 3.7.0 (errata E32).",
        ),
        ("Preprocessing", "Normalize_ROI"): ("Full", "It needs a mask of its own in WORC 3.7.0."),
        ("Segmentix", "mask"): ("None", "A manifest has no second mask."),
    }
)


@cache
def default_settings() -> Settings:
    """Return WORC's default configuration: section -> key -> text."""
    parser = _parser()
    parser.read_string(resources.files(__package__).joinpath("defaults.ini").read_text("utf-8"))
    return MappingProxyType(
        {section: MappingProxyType(dict(parser[section])) for section in parser.sections()}
    )


def merge(*layers: Settings) -> dict[str, dict[str, str]]:
    """Return the settings of all layers, the last one winning, as a new object.

    Every call returns fresh dictionaries, so that no two modalities ever share one
    (errata E1).
    """
    merged: dict[str, dict[str, str]] = {}
    for layer in layers:
        for section, values in layer.items():
            merged.setdefault(section, {}).update(values)
    return merged


def ini_text(value: object) -> str:
    """Return a value of a study file as WORC writes it in its ini files."""
    if isinstance(value, list | tuple):
        return ", ".join(ini_text(item) for item in value)
    return str(value)


def to_ini(settings: Settings) -> str:
    """Return settings as the text of a WORC ini file."""
    parser = _parser()
    parser.read_dict(settings)
    lines = []
    for section in parser.sections():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in parser[section].items()]
        lines.append("")
    return "\n".join(lines)


def from_ini(text: str) -> dict[str, dict[str, str]]:
    """Return the settings in the text of a WORC ini file."""
    parser = _parser()
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}


def read_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the settings in an ini file of a run folder.

    Raises
    ------
    ResultsError
        It is no such file, or lacks settings.
    """
    try:
        found = from_ini(read_plain_text(path))
    except (OSError, ValueError, configparser.Error) as error:
        raise damaged(path) from error
    needed = default_settings()
    if any(needed[section].keys() - found.get(section, {}).keys() for section in needed):
        raise damaged(path)
    return found


def extraction_settings(settings: Settings) -> dict[str, dict[str, str]]:
    """Return only the settings that decide the features of a modality."""
    chosen = {name: dict(settings[name]) for name in EXTRACTION_SECTIONS}
    chosen["General"] = {key: settings["General"][key] for key in EXTRACTION_GENERAL_KEYS}
    return chosen


def search_settings(settings: Settings) -> dict[str, dict[str, str]]:
    """Return only the settings that decide the result of a split, beside its features."""
    return {
        section: {key: text for key, text in values.items() if (section, key) not in NOT_OF_A_SPLIT}
        for section, values in settings.items()
        if section not in EXTRACTION_SECTIONS
    }


def _parser() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    return parser
