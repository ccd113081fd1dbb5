"""The steps of a candidate between imputation and the classifier, as WORC takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lungmet_worc.worc.acceleration import trees
from lungmet_worc.worc.acceleration.reuse import Imputed, Scaled, scaled, scaler_of
from lungmet_worc.worc.acceleration.selection import set_p_values

#: Groups that WORC's grid may choose; a group that is not in the grid is used.
_GROUPS = (
    "shape_features", "histogram_features", "orientation_features", "texture_gabor_features",
    "texture_glcm_features", "texture_gldm_features", "texture_glcmms_features",
    "texture_glrlm_features", "texture_glszm_features", "texture_gldzm_features",
    "texture_ngtdm_features", "texture_ngldm_features", "texture_lbp_features",
    "dicom_features", "semantic_features", "coliage_features", "vessel_features",
    "phase_features", "fractal_features", "location_features", "rgrd_features",
    "original_features", "wavelet_features", "log_features",
)  # fmt: skip


class NothingLeft(Exception):  # noqa: N818
    """A step left no features: the candidate has no score."""


@dataclass
class Workflow:
    """A candidate on its way: its data so far, and the steps fitted so far."""

    parameters: dict[str, Any]
    y: np.ndarray
    imputed: Imputed
    X_train: np.ndarray
    X_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray
    #: Features still in, as columns of ``imputed``.
    columns: np.ndarray
    skip: bool
    scaled: Scaled | None = None
    groups: Any = None
    variance: Any = None
    scaler: Any = None
    relief: Any = None
    model: Any = None
    univariate: Any = None
    pca: Any = None
    sampler: Any = None

    def keep(self, chosen: np.ndarray, *, by_rows: bool) -> None:
        """Keep some of the features, given by their places among those still in.

        WORC's own steps leave rows one after the other in memory, scikit-learn's columns; sums
        over patients depend on that in their last digit.
        """
        self.columns = self.columns[chosen]
        if by_rows:
            self.X_train = np.take(self.X_train, chosen, axis=1)
            self.X_test = np.take(self.X_test, chosen, axis=1)
        else:
            self.X_train, self.X_test = self.X_train[:, chosen], self.X_test[:, chosen]

    def labels(self) -> np.ndarray:
        """Return the names of the features still in."""
        return np.asarray([self.imputed.labels[column] for column in self.columns])

    def fitted_scaler(self) -> Any:
        """Return the scaler, which the search itself does not need."""
        return self.scaler.make() if isinstance(self.scaler, _Later) else self.scaler

    def without(self, step: str) -> None:
        """Go on without a step that cannot be taken, or end the candidate, as WORC does."""
        if not self.skip:
            raise NothingLeft
        self.parameters[step] = "False"


def _select_groups(workflow: Workflow) -> None:
    """Choose features by group, as WORC's ``SelectGroups``."""
    from WORC.featureprocessing.SelectGroups import SelectGroups

    parameters = workflow.parameters
    groups = {group: parameters.get(group, "True") for group in _GROUPS}
    workflow.groups = SelectGroups(parameters=groups, toolboxes=parameters["toolbox"])
    chosen = workflow.imputed.groups.columns(workflow.groups)
    workflow.groups.selectrows = chosen.tolist()
    workflow.keep(chosen, by_rows=True)
    if not len(chosen):
        # WORC does not go on without features even where it may skip steps.
        raise NothingLeft


def _select_by_variance(workflow: Workflow) -> None:
    """Choose features that vary, as WORC's ``selfeat_variance``."""
    if workflow.parameters["Featsel_Variance"] != "True":
        return
    from sklearn.feature_selection import VarianceThreshold

    threshold = VarianceThreshold(threshold=0.99 * (1 - 0.99))
    if len(workflow.columns) > 1:
        threshold.variances_ = workflow.imputed.variances[workflow.columns]
        threshold.n_features_in_ = len(workflow.columns)
        kept = threshold.variances_ > threshold.threshold
    if len(workflow.columns) == 1 or not kept.any() or not np.isfinite(threshold.variances_).all():
        try:
            threshold.fit(workflow.X_train)
        except ValueError as error:
            if not workflow.skip:
                raise NothingLeft from error
            workflow.parameters["Featsel_Variance"] = "False"
            return
        kept = threshold.get_support()
    workflow.variance = threshold
    workflow.keep(np.flatnonzero(kept), by_rows=False)


def _scale(workflow: Workflow) -> None:
    """Scale the features, as ``WORCScaler``."""
    method = workflow.parameters["FeatureScaling"]
    if method == "None":
        return
    skip_features = workflow.parameters["FeatureScaling_skip_features"]
    labels = workflow.imputed.labels
    skipped = [any(part in labels[column] for part in skip_features) for column in workflow.columns]
    if all(skipped):
        return
    n_scaled = len(skipped) - sum(skipped)
    if method != "robust_z_score" or not skip_features or n_scaled == 1:
        from WORC.featureprocessing.Scalers import WORCScaler

        workflow.scaler = WORCScaler(method=method, skip_features=skip_features)
        workflow.scaler.fit(workflow.X_train, workflow.labels())
        workflow.X_train = workflow.scaler.transform(workflow.X_train)
        workflow.X_test = workflow.scaler.transform(workflow.X_test)
        return
    workflow.scaled = scaled(workflow.imputed, skip_features)
    workflow.scaler = _Later(workflow.scaled, workflow.columns, skip_features)
    # WORC's scaler keeps the order in memory that the choice by variance left, unless it puts
    # scaled and other features together again.
    by_columns = workflow.variance is not None and not any(skipped)
    arrange = np.asfortranarray if by_columns else np.ascontiguousarray
    workflow.X_train = arrange(workflow.scaled.train[:, workflow.columns])
    workflow.X_test = arrange(workflow.scaled.test[:, workflow.columns])


class _Later:
    """A fitted scaler that is made only for a workflow that is returned."""

    def __init__(self, full: Scaled, columns: np.ndarray, skip_features: Sequence[str]) -> None:
        self._arguments = (full, columns, skip_features)

    def make(self) -> Any:
        return scaler_of(*self._arguments)


def _select_by_relief(workflow: Workflow) -> None:
    """Choose features by Relief, as ``SelectMulticlassRelief``."""
    parameters = workflow.parameters
    from WORC.featureprocessing.Relief import SelectMulticlassRelief

    relief = SelectMulticlassRelief(
        n_neighbours=parameters["ReliefNN"],
        sample_size=parameters["ReliefSampleSize"],
        distance_p=parameters["ReliefDistanceP"],
        numf=parameters["ReliefNumFeatures"],
        random_state=parameters["random_seed"],
    )
    relief.fit(workflow.X_train, workflow.y)
    if not len(relief.selectrows):
        workflow.without("ReliefUse")
        return
    workflow.relief = relief
    workflow.keep(np.asarray(relief.selectrows), by_rows=True)


def _select_by_model(workflow: Workflow) -> None:
    """Choose features by a fitted model, as ``SelectFromModel`` in WORC."""
    parameters = workflow.parameters
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_selection import SelectFromModel
    from sklearn.linear_model import Lasso, LogisticRegression

    kind, seed = parameters["SelectFromModel_estimator"], parameters["random_seed"]
    if kind == "Lasso":
        model = Lasso(alpha=parameters["SelectFromModel_lasso_alpha"], random_state=seed)
    elif kind == "LR":
        model = LogisticRegression(random_state=seed)
    elif kind == "RF":
        n_trees = parameters["SelectFromModel_n_trees"]
        model = RandomForestClassifier(n_estimators=n_trees, random_state=seed)
    else:
        import WORC.addexceptions as worc_errors

        message = f"Model {kind} is not known for SelectFromModel. Use Lasso, LR, or RF."
        raise worc_errors.WORCKeyError(message)
    X, y = workflow.X_train, workflow.y_train
    selector = SelectFromModel(model, prefit=True)
    if trees.fits(model, X, y):
        trees.fit(model, X, y)
        weights = trees.importances(model)
        # scikit-learn's threshold of models without an L1 penalty.
        kept = ~(weights < np.mean(weights))
    else:
        model.fit(X, y)
        kept = selector.get_support()
    if not kept.any():
        workflow.without("SelectFromModel")
        return
    workflow.model = selector
    workflow.keep(np.flatnonzero(kept), by_rows=False)


def _select_by_test(workflow: Workflow) -> None:
    """Choose features by a univariate test, as ``StatisticalTestThreshold``."""
    parameters = workflow.parameters
    from WORC.featureprocessing.StatisticalTestThreshold import StatisticalTestThreshold

    metric = parameters["StatisticalTestMetric"]
    test = StatisticalTestThreshold(metric=metric, threshold=parameters["StatisticalTestThreshold"])
    p_values = None
    if workflow.scaled is not None and metric == "MannWhitneyU":
        p_values = workflow.scaled.p_values(workflow.y)
    if p_values is None:
        test.fit(workflow.X_train, workflow.y)
    else:
        set_p_values(test, p_values[workflow.columns])
    if not test.selectrows:
        workflow.without("StatisticalTestUse")
        return
    workflow.univariate = test
    workflow.keep(np.asarray(test.selectrows), by_rows=True)


def _reduce(workflow: Workflow) -> None:
    """Replace features by principal components, as WORC."""
    parameters = workflow.parameters
    from numpy.linalg import LinAlgError
    from sklearn.decomposition import PCA

    X, seed = workflow.X_train, parameters["random_seed"]
    try:
        if parameters["PCAType"] == "95variance":
            pca = PCA(n_components=None, random_state=seed).fit(X)
            # As WORC adds: one after the other, from the first.
            number, explained = 0, 0.0
            while explained < 0.95:
                explained += pca.explained_variance_ratio_[number]
                number += 1
        else:
            number = min(len(X), int(parameters["PCAType"]))
            if number >= X.shape[1]:
                return
        pca = PCA(n_components=number, random_state=seed).fit(X)
        reduced = pca.transform(X), pca.transform(workflow.X_test)
    except (ValueError, LinAlgError) as error:
        if not workflow.skip:
            raise NothingLeft from error
        parameters["UsePCA"] = "False"
        return
    workflow.pca = pca
    workflow.X_train, workflow.X_test = reduced


def _resample(workflow: Workflow) -> None:
    """Balance the training rows, as WORC's ``ObjectSampler``."""
    parameters = workflow.parameters
    import WORC.addexceptions as worc_errors
    from WORC.classification.ObjectSampler import ObjectSampler

    names = ("sampling_strategy", "n_neighbors", "k_neighbors", "threshold_cleaning")
    sampler = ObjectSampler(
        method=parameters["Resampling_Method"],
        n_jobs=parameters["Resampling_n_cores"],
        verbose=False,
        random_seed=parameters["random_seed"],
        **{name: parameters.get(f"Resampling_{name}") for name in names},
    )
    try:
        sampler.fit(workflow.X_train, workflow.y_train)
        X, y = sampler.transform(workflow.X_train, workflow.y_train)
    except worc_errors.WORCValueError:
        parameters["Resampling_Use"] = "False"
        return
    except RuntimeError as error:
        if "ADASYN is not suited for this specific dataset. Use SMOTE instead." not in str(error):
            raise
        workflow.sampler = sampler
        raise NothingLeft from error
    positive = int(np.sum(y))
    if min(positive, len(y) - positive) < 10:
        parameters["Resampling_Use"] = "False"
        return
    workflow.sampler = sampler
    workflow.X_train, workflow.y_train = X, y


#: WORC's steps between imputation and the classifier, in its order, by the parameter that asks for
#: each; a step without one is always done, or looks itself.
STEPS: tuple[tuple[str | None, Callable[[Workflow], None]], ...] = (
    (None, _select_groups),
    (None, _select_by_variance),
    (None, _scale),
    ("ReliefUse", _select_by_relief),
    ("SelectFromModel", _select_by_model),
    ("StatisticalTestUse", _select_by_test),
    ("UsePCA", _reduce),
    ("Resampling_Use", _resample),
)
