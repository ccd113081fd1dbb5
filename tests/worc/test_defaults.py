"""Our copy of WORC's settings is WORC's."""

from __future__ import annotations

from types import ModuleType

import pytest

from lungmet_worc.study import worc_settings

pytestmark = pytest.mark.worc


def _default(worc: ModuleType) -> dict[str, dict[str, str]]:
    config = worc.WORC().defaultconfig()
    return {section: dict(config[section]) for section in config.sections()}


def test_defaults_equal_worc(worc: ModuleType) -> None:
    ours = worc_settings.merge(worc_settings.default_settings())
    theirs = _default(worc)
    # The engine of the machine, which our search does not use.
    theirs["Classification"].pop("fastr_plugin")
    ours["Classification"].pop("fastr_plugin")
    assert ours == theirs
    assert list(ours) == list(theirs)


def test_ini_text_reads_back(worc: ModuleType) -> None:
    ours = worc_settings.merge(worc_settings.default_settings())
    assert worc_settings.from_ini(worc_settings.to_ini(ours)) == ours


def test_coarse_equals_worc(worc: ModuleType) -> None:
    from WORC.facade.helpers.configbuilder import ConfigBuilder

    theirs = ConfigBuilder().coarse_overrides()
    ours = worc_settings.merge(worc_settings.COARSE)
    # How much is searched has names of its own in a study file.
    elsewhere = {"CrossValidation", "HyperOptimization", "Ensemble"}
    assert ours == {name: values for name, values in theirs.items() if name not in elsewhere}
    search, _ = worc_settings.PRESETS["coarse"]
    assert str(search["candidates"]) == theirs["HyperOptimization"]["N_iterations"]
    assert str(search["inner_splits"]) == theirs["HyperOptimization"]["n_splits"]
    assert search["ensemble"]["method"] == theirs["Ensemble"]["Method"]  # type: ignore[index]


def test_full_preset_equals_worc(worc: ModuleType) -> None:
    theirs = _default(worc)
    search, settings = worc_settings.PRESETS["full"]
    assert settings == {}
    assert str(search["splits"]) == theirs["CrossValidation"]["N_iterations"]
    assert str(search["candidates"]) == theirs["HyperOptimization"]["N_iterations"]
    assert str(search["inner_splits"]) == theirs["HyperOptimization"]["n_splits"]
    assert ", ".join(search["classifiers"]) == theirs["Classification"]["classifiers"]  # type: ignore[arg-type]
    ensemble = search["ensemble"]
    assert isinstance(ensemble, dict)
    assert ensemble["method"] == theirs["Ensemble"]["Method"]
    assert str(ensemble["size"]) == theirs["Ensemble"]["Size"]


def test_default_classifiers_are_worcs_search_space(worc: ModuleType) -> None:
    theirs = _default(worc)["Classification"]["classifiers"]
    assert tuple(theirs.split(", ")) == worc_settings.DEFAULT_CLASSIFIERS
    assert set(worc_settings.DEFAULT_CLASSIFIERS) <= set(worc_settings.CLASSIFIERS)


@pytest.mark.parametrize("classifier", worc_settings.CLASSIFIERS)
def test_worc_knows_every_classifier(small, classifier: str) -> None:
    from sklearn.model_selection import ParameterSampler
    from WORC.classification.construct_classifier import construct_classifier

    from lungmet_worc.worc.random_search import parameter_grid

    config = small.config("classifier", Classification={"classifiers": classifier})
    parameters = next(iter(ParameterSampler(parameter_grid(config), 1, random_state=0)))
    assert hasattr(construct_classifier(parameters), "predict_proba")


def test_image_types_equal_worc(worc: ModuleType) -> None:
    from WORC.tools.fingerprinting import all_modalities

    assert tuple(all_modalities) == worc_settings.IMAGE_TYPES


def test_group_markers_cover_worcs_groups(worc: ModuleType) -> None:
    from WORC.featureprocessing.SelectGroups import SelectGroups

    groups = [key.lower() for key in worc_settings.default_settings()["SelectFeatGroup"]]
    every = dict.fromkeys(groups, "True") | {"toolbox": "All"}
    none = every | dict.fromkeys(("original_features", "wavelet_features", "log_features"), "False")
    selected = SelectGroups(none, "All")
    assert {*selected.parameters, *selected.transform_parameters} <= set(
        worc_settings.GROUP_MARKERS
    )


@pytest.mark.parametrize("scoring", worc_settings.SCORES)
def test_worc_knows_every_score(worc: ModuleType, scoring: str) -> None:
    from sklearn.svm import SVC
    from WORC.classification.metrics import check_multimetric_scoring

    scorer, several = check_multimetric_scoring(SVC(probability=True), scoring)
    assert callable(scorer)
    assert not several
